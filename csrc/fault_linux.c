/* fault_linux.c: which system call fails, for tests (see fault.h); without GAOL_FAULT it is empty. Its state lies in a mapping that is
 * shared with every child, also with one that has its own copy of the caller's memory. It must not make system calls itself. */
#ifdef GAOL_FAULT
#define _GNU_SOURCE
#include "fault_linux.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define LOG 16384

static struct {
	int32_t mode;
	struct gaol_fault_call target; /* GAOL_FAULT_ONE: the call, and how many of it are to come first */
	int32_t countdown;
	int32_t error;
	uint64_t seed;                 /* GAOL_FAULT_SOME */
	uint32_t one_in, made;
	int32_t errors[8];
	uint32_t nerrors;
	int64_t live[2];
	uint32_t used;
	struct gaol_fault_call log[LOG];
} *state;

/* Calls that cannot fail, with why. The rest of what a process does hangs on them, as on arithmetic. */
static int never(long nr, long second) {
	switch (nr) {
	case SYS_exit_group:     /* does not return */
	case SYS_close:          /* gives the descriptor back in any case (man 2 close); what it returns is looked at nowhere */
	case SYS_umask:          /* man 2 umask: always succeeds */
	case SYS_getpid:         /* man 2 getpid: always successful */
	case SYS_getppid:
	case SYS_sched_yield:    /* man 2 sched_yield: in Linux always succeeds */
	case SYS_rt_sigprocmask: /* EFAULT and EINVAL only (man 2 sigprocmask), and its arguments are constants here */
	case SYS_rt_sigaction: return 1;
	case SYS_futex: return (second & FUTEX_CMD_MASK) == FUTEX_WAKE; /* EFAULT and EINVAL only (man 2 futex) */
	}
	return 0;
}

/* The one error that a call can have, or 0: those that wait can be interrupted, and what else they say (ECHILD) is true; memory runs out. */
static int only(long nr) {
	switch (nr) {
	case SYS_wait4:
	case SYS_waitid:
	case SYS_futex: return EINTR;
	case SYS_brk: /* malloc */
	case SYS_mmap: return ENOMEM;
	}
	return 0;
}

static void note(const char *function, int line, long nr) {
	uint32_t i = __atomic_fetch_add(&state->used, 1, __ATOMIC_RELAXED);
	if (i < LOG) state->log[i] = (struct gaol_fault_call){function, line, (int32_t)nr};
}

long gaol_fault(const char *function, int line, long nr, long second) {
	int32_t mode = state == NULL ? GAOL_FAULT_NONE : __atomic_load_n(&state->mode, __ATOMIC_ACQUIRE);
	if (mode == GAOL_FAULT_NONE || never(nr, second)) return 0;
	if (mode == GAOL_FAULT_RECORD) {
		note(function, line, nr);
		return 0;
	}
	int error = state->error;
	if (mode == GAOL_FAULT_ONE) {
		const struct gaol_fault_call *t = &state->target;
		if (t->function != function || t->line != line || t->nr != nr) return 0;
		if (__atomic_fetch_sub(&state->countdown, 1, __ATOMIC_ACQ_REL) != 0) return 0;
	} else {
		uint64_t x = state->seed + 0x9e3779b97f4a7c15ull * (1 + (uint64_t)__atomic_fetch_add(&state->made, 1, __ATOMIC_RELAXED));
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull, x = (x ^ x >> 27) * 0x94d049bb133111ebull, x ^= x >> 31; /* splitmix64 */
		if ((uint32_t)x % state->one_in != 0) return 0;
		error = state->errors[(x >> 32) % state->nerrors];
	}
	if (only(nr) != 0 && error != only(nr)) return 0;
	note(function, line, nr);
	return -error;
}

void *gaol_fault_made(void *memory, int kind) {
	if (state != NULL && memory != MAP_FAILED) __atomic_fetch_add(&state->live[kind], memory == NULL ? -1 : 1, __ATOMIC_RELAXED);
	return memory;
}

static void start(int mode) {
	state->used = state->made = 0;
	__atomic_store_n(&state->mode, mode, __ATOMIC_RELEASE);
}

int gaol_fault_open(void) {
	if (state == NULL) {
		void *p = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED) return -1;
		state = p;
	}
	return 0;
}

int gaol_fault_record(void) {
	start(GAOL_FAULT_RECORD);
	return 0;
}

void gaol_fault_one(const struct gaol_fault_call *call, int32_t nth, int32_t error) {
	state->target = *call, state->countdown = nth, state->error = error;
	start(GAOL_FAULT_ONE);
}

void gaol_fault_some(uint64_t seed, uint32_t one_in, const int32_t *errors, uint32_t n) {
	state->seed = seed, state->one_in = one_in, state->nerrors = n < 8 ? n : 8;
	for (uint32_t i = 0; i < state->nerrors; i++) state->errors[i] = errors[i];
	start(GAOL_FAULT_SOME);
}

uint32_t gaol_fault_stop(const struct gaol_fault_call **log) {
	__atomic_store_n(&state->mode, GAOL_FAULT_NONE, __ATOMIC_RELEASE);
	*log = state->log;
	return state->used < LOG ? state->used : LOG;
}

int64_t gaol_fault_live(int kind) { return __atomic_load_n(&state->live[kind], __ATOMIC_RELAXED); }
#else
typedef int gaol_no_faults; /* C has no empty files */
#endif
