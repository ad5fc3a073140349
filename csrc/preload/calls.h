/* calls.h: what the replaced functions share. */
#ifndef GAOL_CALLS_H
#define GAOL_CALLS_H

#include "at.h"
#include "paths.h"

extern struct gaol_table gaol_table;

/* A call below a descriptor. below is "" where the descriptor is the file that is meant. */
typedef long (*gaol_call)(int fd, const char *below, void *arguments);

#define GAOL_ABOVE (-2L) /* the path is a directory above what is granted, and no call was made */

/* gaol_do makes a call where path leads, from dirfd if that is not AT_FDCWD and the path is relative. Returns what the call does; -1 with errno; or
 * GAOL_ABOVE. With at set, it tells what the path came to. */
long gaol_do(int dirfd, const char *path, int nofollow, gaol_call call, void *arguments, struct gaol_at *at);

/* gaol_open is open(2). */
int gaol_open(int dirfd, const char *path, int flags, mode_t mode);

/* gaol_canonical is the path without links; gaol_directory copies the working directory. 0, or -1 with errno. */
int gaol_canonical(const char *path, char to[GAOL_PATH]);
void gaol_directory(char to[GAOL_PATH]);

#endif
