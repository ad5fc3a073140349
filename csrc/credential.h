/* credential.h: how a program becomes another user than its caller. */
#ifndef GAOL_CREDENTIAL_H
#define GAOL_CREDENTIAL_H

#include "plan.h"

/* gaol_map_ids gives the new user namespace of a process its numbers, from its parent namespace: a process in there may map but one. It
 * is the caller's side. 0 or -errno. */
int gaol_map_ids(int pidfd, const struct gaol_command *command);

/* gaol_take_credential makes the calling process the command's user, for good but for its capabilities, which stay: the steps that follow
 * drop them. Its memory must be its own: what it does acts on that. 0, or -errno with *part set to what failed, of enum gaol_credential_part. */
long gaol_take_credential(const struct gaol_command *command, uint32_t *part);

#endif
