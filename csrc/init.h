/* init.h: what the child and the init agree on. */
#ifndef GAOL_INIT_H
#define GAOL_INIT_H

#define GAOL_INIT_STATUS 0 /* the status pipe, for writing */
#define GAOL_INIT_CALLER 1 /* a pidfd of the calling process: readable when it has ended */
#define GAOL_PROGRAM_PID 2 /* the first child of process 1 of a new pid namespace */

/* gaol_init_image makes the executable that becomes process 1: a sealed memfd, mode 0111. Returns a descriptor that the
 * caller closes, or -errno (-EACCES: vm.memfd_noexec forbids it). */
int gaol_init_image(void);

#endif
