//go:build linux

/* spawn.c: the caller's side of a spawn: memory for the children, the clone, and the wait until each has left that memory.
 * It blocks every signal of its thread while a child that shares its memory is made, so that no handler of the caller's runs in it. */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "credential.h"
#include "init.h"
#include "sys_linux.h"

#ifndef P_PIDFD
#define P_PIDFD 3 /* Linux 5.4; glibc 2.36 */
#endif

/* What the children run on. The kernel clears the two numbers when the processes have left it, so an arena is reused only then. */
struct arena {
	char helper[GAOL_STACK], init[GAOL_STACK], program[GAOL_STACK];
	struct gaol_job job;
	struct gaol_failure failure;
	int32_t init_tid, program_tid, net_tid;
};

#define POOL 8
static struct arena *pool[POOL];

static struct arena *take_arena(void) {
	struct arena *a = NULL;
	for (int i = 0; i < POOL && a == NULL; i++) a = __atomic_exchange_n(&pool[i], NULL, __ATOMIC_ACQ_REL);
	if (a == NULL) {
		a = mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (a == MAP_FAILED) return NULL;
	}
	memset(&a->job, 0, sizeof *a - offsetof(struct arena, job));
	a->job.failure = &a->failure;
	return a;
}

static void give_arena(struct arena *a) {
	for (int i = 0; i < POOL; i++) {
		struct arena *none = NULL;
		if (__atomic_compare_exchange_n(&pool[i], &none, a, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return;
	}
	munmap(a, sizeof *a);
}

/* What the program's timers may be late by, where this thread's may be late by more (man 2 PR_SET_TIMERSLACK). The gaol command has it, no library. */
extern unsigned long gaol_timer_slack __attribute__((weak, visibility("hidden")));

static uint64_t block_signals(void) {
	if (&gaol_timer_slack != NULL) prctl(PR_SET_TIMERSLACK, gaol_timer_slack, 0, 0, 0);
	uint64_t all = ~0ull, old = 0;
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof all);
	return old;
}

static void restore_signals(uint64_t old) { sys(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, sizeof old); }

/* Not FUTEX_PRIVATE: the kernel's wake for CLONE_CHILD_CLEARTID is a shared one (man 2 set_tid_address). */
static void await(int32_t *tid) {
	int32_t t;
	while ((t = __atomic_load_n(tid, __ATOMIC_ACQUIRE)) != 0) sys(SYS_futex, tid, FUTEX_WAIT, t, 0, 0, 0);
}

#define NOT_MADE 1 /* in program_tid: no program has this number */

/* Returns how the process ended, as wait4 gives it; -1: somebody else has waited for it. */
static int reap(long pid) {
	int status = -1;
	while (sys(SYS_wait4, pid, &status, __WALL, 0) == -EINTR) {}
	return status;
}

/* Waits until the program's process has left the shared memory, or there will be none. The caller sleeps through all of the spawn and
 * wakes once, so that it takes no processor from them. One of them that was killed
 * tells nothing; what can be waited for is looked at now and then. */
static void await_program(struct gaol_job *job, long helper) {
	const struct timespec patience = {0, 20 * 1000 * 1000};
	int32_t t;
	while ((t = __atomic_load_n(job->program_tid, __ATOMIC_ACQUIRE)) != 0) {
		long r = sys(SYS_futex, job->program_tid, FUTEX_WAIT, t, &patience, 0, 0);
		if (r == 0 || r == -EAGAIN) continue;
		siginfo_t info;
		info.si_pid = 0;
		if (helper > 0) {
			r = sys(SYS_waitid, P_PID, helper, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, 0);
			if (r != -ECHILD && (r < 0 || info.si_pid == 0)) continue; /* the helper is still at work, for all that is known */
			if (job->init_pidfd < 0) return;
		}
		info.si_pid = 0;
		r = sys(SYS_waitid, P_PIDFD, job->init_pidfd, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, 0);
		if (r != -ECHILD && (r < 0 || info.si_pid == 0)) continue;
		/* Its pid namespace is empty, then. Without one, the program's process may still be dying: the clone put its number here. */
		if (job->own || job->forked || __atomic_load_n(job->program_tid, __ATOMIC_ACQUIRE) == NOT_MADE) return;
	}
}

static int failed(struct gaol_failure *failure, uint32_t op, int error) {
	failure->op = op, failure->step = 0, failure->error = error;
	return -1;
}

/* ---- the template ---- */

static int receive(int socket, uint32_t namespaces, int ns[GAOL_NS_COUNT]) {
	char byte;
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(GAOL_NS_COUNT * sizeof(int))];
	} control;
	struct iovec io = {&byte, 1};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t r = recvmsg(socket, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (r < 0) return -errno;
	int fds[GAOL_NS_COUNT];
	size_t wanted = 0, n = 0;
	for (int i = 0; i < GAOL_NS_COUNT; i++) wanted += (namespaces & (uint32_t)gaol_ns_kinds[i].flag) != 0;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	}
	if (r != 1 || n != wanted) { /* at the limit of descriptors the kernel installs as many as fit (man 7 unix, MSG_CTRUNC) */
		for (size_t i = 0; i < n; i++) close(fds[i]);
		return m.msg_flags & MSG_CTRUNC ? -EMFILE : -EPROTO;
	}
	n = 0;
	for (int i = 0; i < GAOL_NS_COUNT; i++)
		if (namespaces & (uint32_t)gaol_ns_kinds[i].flag) ns[i] = fds[n++];
	return 0;
}

/* The ruleset that every spawn enforces is this process's: its rules name what lies at the paths now, once and for all. */
static int build_ruleset(const struct gaol_plan *p, int *kept, struct gaol_failure *failure) {
	struct gaol_step_state state;
	state.root = state.ruleset = state.kept = state.tell = -1;
	state.command = NULL;
	const struct gaol_step *steps = (const void *)((const char *)p + p->steps);
	for (uint32_t i = p->first[GAOL_STAGE_BUILD]; i < p->first[GAOL_STAGE_BUILD + 1]; i++) {
		int r = gaol_step(&state, p, &steps[i]);
		if (r == 0) continue;
		if (state.ruleset >= 0) close(state.ruleset);
		failure->op = steps[i].op, failure->step = i, failure->error = -r;
		return -1;
	}
	*kept = state.ruleset;
	return 0;
}

int gaol_build(const void *plan, int ns[GAOL_NS_COUNT], int *kept, struct gaol_failure *failure) {
	const struct gaol_plan *p = plan;
	int pair[2];
	for (int i = 0; i < GAOL_NS_COUNT; i++) ns[i] = -1;
	*kept = -1;
	if (p->namespaces == 0) return build_ruleset(p, kept, failure); /* the check lets no other step be in that stage then */
	struct arena *a = take_arena();
	if (a == NULL) return failed(failure, GAOL_ARENA, ENOMEM);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		give_arena(a);
		return failed(failure, GAOL_SEND_TEMPLATE, errno);
	}
	a->job.plan = p;
	a->job.kept = a->job.tell = -1;
	a->job.socket = pair[1];
	a->job.net_stack = a->init + GAOL_STACK, a->job.net_tid = &a->net_tid, a->job.net = -1;
	uint64_t old = block_signals();
	/* the builder is process 1 of a pid namespace that ends with it; the proc mounted from it stays, empty of processes */
	long pid = gaol_clone(CLONE_VM | CLONE_VFORK | CLONE_NEWPID | (p->namespaces & ~CLONE_NEWNET), a->helper + GAOL_STACK, 0, 0, gaol_builder, &a->job);
	restore_signals(old);
	int result = -1;
	if (pid < 0) failed(failure, GAOL_CLONE_BUILDER, (int)-pid);
	else {
		reap(pid); /* it was process 1 of its pid namespace: when it can be waited for, all in there have left the memory */
		if (a->failure.op != GAOL_NONE) *failure = a->failure;
		else {
			int r = receive(pair[0], p->namespaces, ns);
			result = r < 0 ? failed(failure, GAOL_SEND_TEMPLATE, -r) : 0;
		}
	}
	close(pair[0]);
	close(pair[1]);
	give_arena(a);
	return result;
}

/* ---- a spawn ---- */

/* What execve wants as pointers, in one allocation: argv, envp, candidates, then the descriptors. */
static void *expand(struct gaol_job *job) {
	const struct gaol_command *c = job->command;
	const uint32_t *table = (const void *)((const char *)c + c->table);
	size_t pointers = (size_t)c->nargv + c->nenv + c->ncandidates + 2;
	char **p = malloc(pointers * sizeof *p + c->nfds * sizeof(int32_t));
	if (p == NULL) return NULL;
	void *memory = p;
	job->argv = p;
	for (uint32_t i = 0; i < c->nargv; i++) *p++ = (char *)(uintptr_t)c + *table++;
	*p++ = NULL;
	job->envp = p;
	for (uint32_t i = 0; i < c->nenv; i++) *p++ = (char *)(uintptr_t)c + *table++;
	*p++ = NULL;
	job->candidates = p;
	for (uint32_t i = 0; i < c->ncandidates; i++) *p++ = (char *)(uintptr_t)c + *table++;
	job->fds = (int32_t *)(void *)p;
	memcpy(job->fds, (const char *)c + c->fds, c->nfds * sizeof(int32_t));
	return memory;
}

/* ---- process 1 ahead of its plan ---- */

struct gaol_prepared *gaol_prepare(uint32_t namespaces, uint32_t fresh, int caller, struct gaol_failure *failure) {
	struct arena *a = take_arena();
	if (a == NULL) {
		failed(failure, GAOL_ARENA, ENOMEM);
		return NULL;
	}
	struct gaol_job *job = &a->job;
	job->namespaces = namespaces, job->own = 1, job->caller = caller, job->kept = job->cgroup = -1;
	job->init_stack = a->init + GAOL_STACK, job->program_stack = a->program + GAOL_STACK, job->net_stack = a->helper + GAOL_STACK;
	job->init_tid = &a->init_tid, job->program_tid = &a->program_tid;
	job->init_pidfd = -1;
	a->program_tid = NOT_MADE, a->init_tid = 1;
	uint64_t old = block_signals();
	unsigned long flags = CLONE_VM | CLONE_FILES | CLONE_PIDFD | CLONE_CHILD_CLEARTID | (namespaces & ~CLONE_NEWNET) | fresh;
	long r = gaol_clone(flags, job->init_stack, &job->init_pidfd, job->init_tid, gaol_process1, job);
	restore_signals(old);
	if (r > 0) {
		job->init_pid = (int)r;
		return (struct gaol_prepared *)a;
	}
	failed(failure, GAOL_CLONE_BUILDER, (int)-r);
	give_arena(a);
	return NULL;
}

/* Process 1 is dead and waited for, and its pid namespace empty, when this returns. */
static void await_end(struct gaol_job *job) {
	long r;
	while ((r = sys(SYS_waitid, P_PIDFD, job->init_pidfd, 0, WEXITED | __WALL, 0)) == -EINTR) {}
	if (r == 0 || r == -ECHILD) close(job->init_pidfd);
}

static void kill_init(struct gaol_job *job) {
	/* without a pid namespace it ends and reaps the program first, else whoever reaps what it leaves gets a process that nobody knows */
	sys(SYS_pidfd_send_signal, job->init_pidfd, job->own ? SIGKILL : GAOL_INIT_END, 0, 0);
	await_end(job);
}

/* Process 1 is told to leave, not killed: in its clone the kernel stores the number of the descriptor first, and gives it back if process 1
 * is killed there, so that it may be another's by now. */
static void dismiss(struct gaol_job *job) {
	__atomic_store_n(&job->go, -1, __ATOMIC_RELEASE);
	sys(SYS_futex, &job->go, FUTEX_WAKE, 1, 0, 0, 0);
	await_end(job);
}

/* Its number tells that there is one. */
static void close_net(struct gaol_job *job) {
	if (job->net_pid > 0) close(job->net_pidfd);
}

void gaol_unprepare(struct gaol_prepared *p) {
	if (p == NULL) return;
	struct arena *a = (struct arena *)p;
	dismiss(&a->job);
	close_net(&a->job);
	give_arena(a);
}

/* A program's process with memory of its own tells a failure through a page that both have. Only a new user namespace can be given the
 * numbers, so that a template's is of no use. */
static int use_credential(struct gaol_job *job) {
	if (job->own && job->ns != NULL) return -EINVAL;
	void *page = mmap(NULL, sizeof *job->failure, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) return -errno;
	job->failure = page, job->forked = 1;
	return job->own ? gaol_map_ids(job->init_pidfd, job->command) : 0;
}

int gaol_spawn(const void *plan, const int ns[GAOL_NS_COUNT], int kept, const void *command, int init, int caller, int cgroup,
	struct gaol_prepared *ahead, struct gaol_spawned *out, struct gaol_failure *failure) {
	int pipes[2] = {-1, -1}, result = -1;
	void *memory = NULL;
	const struct gaol_plan *p = plan;
	if (ns == NULL && ahead == NULL) ahead = gaol_prepare(p->namespaces, gaol_fresh(p->fresh, cgroup), caller, failure);
	if (ns == NULL && ahead == NULL) return -1;
	struct arena *a = ns == NULL ? (struct arena *)ahead : take_arena();
	if (a == NULL) return failed(failure, GAOL_ARENA, ENOMEM);
	struct gaol_job *job = &a->job;
	job->plan = plan, job->ns = ns, job->command = command;
	job->init = init, job->caller = caller;
	job->own = p->fresh != 0;
	job->kept = kept;
	job->cgroup = cgroup;
	if (ns != NULL) {
		job->init_stack = a->init + GAOL_STACK, job->program_stack = a->program + GAOL_STACK;
		job->init_tid = &a->init_tid, job->program_tid = &a->program_tid;
		job->init_pidfd = -1;
		a->program_tid = NOT_MADE;
	}
	if ((memory = expand(job)) == NULL) {
		failed(failure, GAOL_ARENA, ENOMEM);
		goto unused;
	}
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		failed(failure, GAOL_PIPE, errno);
		goto unused;
	}
	job->status = pipes[1];
	if (((const struct gaol_command *)command)->credential != 0) {
		int r = use_credential(job);
		if (r < 0) {
			close(pipes[1]);
			failed(failure, GAOL_CREDENTIAL, -r);
			goto unused;
		}
	}

	long helper = 0;
	if (ns == NULL) {
		__atomic_store_n(&job->go, 1, __ATOMIC_RELEASE);
		sys(SYS_futex, &job->go, FUTEX_WAKE, 1, 0, 0, 0);
	} else {
		uint64_t old = block_signals();
		helper = gaol_clone(CLONE_VM | CLONE_FILES, a->helper + GAOL_STACK, 0, 0, gaol_helper, job);
		restore_signals(old);
	}
	if (helper < 0) {
		close(pipes[1]);
		failed(failure, GAOL_CLONE_HELPER, (int)-helper);
		goto done;
	}
	await_program(job, helper);
	/* Else it has made no process 1, or was killed after that. A thread that waits for any child, clones too, may have taken it; its last
	 * word is the number of process 1. */
	int status = ns == NULL ? 0 : reap(helper), whole = status == 0 || (status < 0 && job->init_pid > 0);
	close(pipes[1]); /* shared with the helper until then */
	if (whole) await(job->init_tid);
	if (job->forked && a->failure.op == GAOL_NONE) a->failure = *job->failure;
	if (whole && a->failure.op == GAOL_NONE && job->init_pid > 0) {
		out->pid = job->init_pid, out->pidfd = job->init_pidfd, out->status = pipes[0], out->program = job->program;
		result = 0;
		goto done;
	}
	*failure = a->failure;
	if (failure->op == GAOL_NONE || failure->op == UINT32_MAX) failed(failure, GAOL_CLONE_HELPER, EINTR); /* killed from outside */
	close(pipes[0]); /* process 1, if there is one, ends when nobody reads its status, also where no signal reaches it */
	pipes[0] = -1;
	if (job->init_pidfd >= 0 && job->init_pid == 0) {
		/* The helper was killed in its clone, or right after. The kernel stores the descriptor's number first and gives it back if it
		 * fails then, so that it may be another's by now: it is left alone, and so is all memory that process 1 may use. */
		return -1;
	}
	if (job->init_pidfd >= 0) kill_init(job); /* by descriptor: something else may have waited for any child and taken this one */
	goto done;
unused:
	if (ns == NULL) dismiss(job);
	/* what went wrong here may be that process 1 had ended, and it tells why */
	if (job->forked && a->failure.op == GAOL_NONE) a->failure = *job->failure;
	if (a->failure.op != GAOL_NONE && a->failure.op != UINT32_MAX) *failure = a->failure;
done:
	if (job->forked) munmap(job->failure, sizeof *job->failure);
	close_net(job);
	if (result < 0 && pipes[0] >= 0) close(pipes[0]);
	free(memory);
	give_arena(a);
	return result;
}
