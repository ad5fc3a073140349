/* fork.h: whether this process is the one that loaded the library. */
#ifndef GAOL_FORK_H
#define GAOL_FORK_H

/* libgaol_forked says that it is not: it was forked from that, and has none of the Go runtime's threads. Nothing of Go may be called then: that
 * would wait forever. */
int libgaol_forked(void);

#endif
