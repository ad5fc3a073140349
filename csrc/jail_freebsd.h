/* jail_freebsd.h: the steps of a jail, for step_freebsd.c, and what the caller asks beside them. */
#ifndef GAOL_JAIL_FREEBSD_H
#define GAOL_JAIL_FREEBSD_H

#include "spawn_posix.h"

/* gaol_jail_prepare makes the parameters of a plan's jail ready, in memory that gaol_jail_release frees: 0 or an errno. NULL for a plan without. */
int gaol_jail_prepare(const struct gaol_plan *plan, void **prepared);
void gaol_jail_release(void *prepared);

/* gaol_jail_step does one step of GAOL_JAIL_ROOT to GAOL_JAIL_ATTACH: 0 or -errno. */
int gaol_jail_step(struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *step);

/* gaol_jail_clear is gaol_platform.clear: it ends the jail of a place, takes its mounts away and removes the place itself. What is gone already
 * is no error. */
int gaol_jail_clear(const char *place);

/* gaol_jail_abandoned tells whether nobody keeps the jail of a place: 1, or 0 if its keeper lives; -errno. */
int gaol_jail_abandoned(const char *place);

#endif
