/* fault_linux.h: how a test says which system call of the core fails (see fault.h). Nothing but a build with GAOL_FAULT has it. */
#ifndef GAOL_FAULT_LINUX_H
#define GAOL_FAULT_LINUX_H

#include <stdint.h>

enum { GAOL_FAULT_NONE, GAOL_FAULT_RECORD, GAOL_FAULT_ONE, GAOL_FAULT_SOME };

/* A place that calls the kernel. function is the place's own string: it is compared as a pointer. */
struct gaol_fault_call {
	const char *function;
	int32_t line, nr;
};

int gaol_fault_open(void); /* before the others; -1: no memory */
int gaol_fault_record(void); /* always 0 */
void gaol_fault_one(const struct gaol_fault_call *call, int32_t nth, int32_t error); /* the nth, counted from 0, and that once */
void gaol_fault_some(uint64_t seed, uint32_t one_in, const int32_t *errors, uint32_t n);
/* Ends it. The log, valid until the next start, has what was called (recorded) or what failed; returns how many. */
uint32_t gaol_fault_stop(const struct gaol_fault_call **log);

/* What a call shall return instead of being made: 0 to make it, or -errno. function and line name the place, second is its second argument. */
long gaol_fault(const char *function, int line, long nr, long second);

/* How much the core holds of a kind now, so that memory which is never given back is seen; and that there is one more, or (NULL) one less. */
enum { GAOL_FAULT_MAPPED, GAOL_FAULT_ALLOCATED };
int64_t gaol_fault_live(int kind);
void *gaol_fault_made(void *memory, int kind);

#endif
