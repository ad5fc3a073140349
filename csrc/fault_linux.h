/* fault_linux.h: how a test says which system call of the core fails (see fault.h). Nothing but a build with GAOL_FAULT has it. */
#ifndef GAOL_FAULT_LINUX_H
#define GAOL_FAULT_LINUX_H

#include <stdint.h>

/* A place that calls the kernel. function is the place's own string: it is compared as a pointer. */
struct gaol_fault_call {
	const char *function;
	int32_t line, nr;
};

/* A failure: of the nth of such calls, counted from 0, and that once. */
struct gaol_fault_one {
	struct gaol_fault_call call;
	int32_t nth, error;
};

int gaol_fault_open(void); /* before the others; -1: no memory */
/* From here on calls are recorded, and up to two of them fail; or about one in so many, with one of the errors. */
void gaol_fault_start(const struct gaol_fault_one *ones, uint32_t n);
void gaol_fault_some(uint64_t seed, uint32_t one_in, const int32_t *errors, uint32_t n);
/* Ends it. The log, valid until the next start, has what was called; returns how much. hits: how many failed. */
uint32_t gaol_fault_stop(const struct gaol_fault_call **log, uint32_t *hits);
int gaol_fault_never(long nr, long second); /* 1: such a call is never made to fail */

/* What a call shall return instead of being made: 0 to make it, or -errno. function and line name the place, second is its second argument. */
long gaol_fault(const char *function, int line, long nr, long second);

/* How much the core holds of a kind now, so that memory which is never given back is seen; and that there is one more, or (NULL) one less. */
enum { GAOL_FAULT_MAPPED, GAOL_FAULT_ALLOCATED };
int64_t gaol_fault_live(int kind);
void *gaol_fault_made(void *memory, int kind);

#endif
