/* nofile.h: the limit of open files that children are given. */
#ifndef GAOL_NOFILE_H
#define GAOL_NOFILE_H

#include <stdint.h>

/* gaol_nofile gives the soft and hard RLIMIT_NOFILE for children: the current ones, or the soft one that this process had when the
 * library was loaded, if all that has happened since is that it was raised to the hard one. */
void gaol_nofile(uint64_t limit[2]);

#endif
