/* catch.h: signals as bytes of a pipe. */
#ifndef GAOL_CATCH_H
#define GAOL_CATCH_H

/* gaol_catch has each of n signals write its number to fd, which must not block, from now on, but those that are ignored. It is called once. */
void gaol_catch(int fd, const int *signals, int n);

/* gaol_default gives a signal its default action back. */
void gaol_default(int signal);

#endif
