/* init.h: what the child and the init agree on. */
#ifndef GAOL_INIT_H
#define GAOL_INIT_H

#define GAOL_INIT_STATUS 0 /* the status pipe, for writing */
#define GAOL_INIT_CALLER 1 /* a pidfd of the calling process: readable when it has ended */
#define GAOL_INIT_LISTEN 3 /* with GAOL_INIT_TOLD: a socket, on which the listener of the program's filter comes */
#define GAOL_PROGRAM_PID 2 /* the first child of process 1 of a new pid namespace */

/* The init's arguments behind its name: the program's number in decimal; how it works, one letter each; after how many nanoseconds of
 * processor time the program ends, 0 for never; how many processors can be busy with it at once. */
#define GAOL_INIT_STOPS 't' /* reports stops: a terminal */
#define GAOL_INIT_ALONE 'a' /* the caller's namespaces; the program makes no processes */
#define GAOL_INIT_TOLD 'd'  /* is told of the calls that end the program */
#define GAOL_INIT_SCOPE 's' /* the caller's namespaces; it may, and GAOL_SCOPE bounds whom kill(-1) reaches */
/* A SIGKILL would end the init without a word about what the program has used, and in the caller's namespaces would end it alone. It is asked to
 * end everything instead, by SIGSTKFLT, which nothing sends.
 * No signal with data: the queue of those has a limit for each user (RLIMIT_SIGPENDING), which a program can use up. */
#define GAOL_INIT_END 16

/* gaol_init_image makes the executable that becomes process 1: a sealed memfd, mode 0111. Returns a descriptor that the
 * caller closes, or -errno (-EACCES: vm.memfd_noexec forbids it). */
int gaol_init_image(void);

#endif
