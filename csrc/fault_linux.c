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
	int32_t on;
	struct gaol_fault_one one[2]; /* nth counts down */
	uint32_t nones, hits;
	uint64_t seed;
	uint32_t one_in, made;
	int32_t errors[8];
	uint32_t nerrors;
	int64_t live[2];
	uint32_t used;
	struct gaol_fault_call log[LOG];
} *state;

/* Calls that cannot fail, with why. The rest of what a process does hangs on them, as on arithmetic. */
int gaol_fault_never(long nr, long second) {
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
	if (state == NULL || !__atomic_load_n(&state->on, __ATOMIC_ACQUIRE) || gaol_fault_never(nr, second)) return 0;
	note(function, line, nr);
	int error = 0;
	for (uint32_t i = 0; i < state->nones; i++) {
		struct gaol_fault_one *o = &state->one[i];
		if (o->call.function != function || o->call.line != line || o->call.nr != nr) continue;
		if (__atomic_fetch_sub(&o->nth, 1, __ATOMIC_ACQ_REL) == 0) error = o->error;
	}
	if (state->one_in != 0) {
		uint64_t x = state->seed + 0x9e3779b97f4a7c15ull * (1 + (uint64_t)__atomic_fetch_add(&state->made, 1, __ATOMIC_RELAXED));
		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull, x = (x ^ x >> 27) * 0x94d049bb133111ebull, x ^= x >> 31; /* splitmix64 */
		if ((uint32_t)x % state->one_in == 0) error = state->errors[(x >> 32) % state->nerrors];
	}
	if (error == 0 || (only(nr) != 0 && error != only(nr))) return 0;
	__atomic_fetch_add(&state->hits, 1, __ATOMIC_RELAXED);
	return -error;
}

void *gaol_fault_made(void *memory, int kind) {
	if (state != NULL && memory != MAP_FAILED) __atomic_fetch_add(&state->live[kind], memory == NULL ? -1 : 1, __ATOMIC_RELAXED);
	return memory;
}

int gaol_fault_open(void) {
	if (state == NULL) {
		void *p = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED) return -1;
		state = p;
	}
	return 0;
}

void gaol_fault_start(const struct gaol_fault_one *ones, uint32_t n) {
	state->used = state->hits = state->made = state->one_in = 0;
	state->nones = n < 2 ? n : 2;
	for (uint32_t i = 0; i < state->nones; i++) state->one[i] = ones[i];
	__atomic_store_n(&state->on, 1, __ATOMIC_RELEASE);
}

void gaol_fault_some(uint64_t seed, uint32_t one_in, const int32_t *errors, uint32_t n) {
	state->used = state->hits = state->made = state->nones = 0;
	state->seed = seed, state->one_in = one_in, state->nerrors = n < 8 ? n : 8;
	for (uint32_t i = 0; i < state->nerrors; i++) state->errors[i] = errors[i];
	__atomic_store_n(&state->on, 1, __ATOMIC_RELEASE);
}

uint32_t gaol_fault_stop(const struct gaol_fault_call **log, uint32_t *hits) {
	__atomic_store_n(&state->on, 0, __ATOMIC_RELEASE);
	*log = state->log, *hits = state->hits;
	return state->used < LOG ? state->used : LOG;
}

int64_t gaol_fault_live(int kind) { return __atomic_load_n(&state->live[kind], __ATOMIC_RELAXED); }
#else
typedef int gaol_no_faults; /* C has no empty files */
#endif
