//go:build linux

/* child.c: the processes between the caller and the program: builder, helper, process 1, the program's own until it execs.
 * They share the caller's memory (CLONE_VM) and run beside its threads, so: raw system calls only, no libc, no errno, nothing
 * allocated, nothing written but their own stack and the job's records; and nothing that acts on the memory itself, such as
 * PR_SET_DUMPABLE or a change of user, which would reach the caller. The one exception is the program's process of a command with a
 * credential: it is forked, with a copy of that memory, and shares nothing but where it leaves its failure. */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "credential.h"
#include "init.h"
#include "sys_linux.h"

const struct gaol_ns_kind gaol_ns_kinds[GAOL_NS_COUNT] = {
	[GAOL_NS_USER] = {"/proc/self/ns/user", CLONE_NEWUSER}, [GAOL_NS_IPC] = {"/proc/self/ns/ipc", CLONE_NEWIPC},
	[GAOL_NS_UTS] = {"/proc/self/ns/uts", CLONE_NEWUTS},    [GAOL_NS_NET] = {"/proc/self/ns/net", CLONE_NEWNET},
	[GAOL_NS_MNT] = {"/proc/self/ns/mnt", CLONE_NEWNS},
};

/* The first process to fail leaves the record; the error is written before op makes it valid for the caller. */
static _Noreturn void fail(struct gaol_job *job, uint32_t op, uint32_t step, long error) {
	static const uint32_t claimed = UINT32_MAX;
	uint32_t none = GAOL_NONE;
	if (__atomic_compare_exchange_n(&job->failure->op, &none, claimed, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		job->failure->step = step;
		job->failure->error = (int32_t)-error;
		__atomic_store_n(&job->failure->op, op, __ATOMIC_RELEASE);
	}
	/* The caller sleeps until the program's process has left the shared memory. Where none was made, it is told here. */
	if (job->program_tid != NULL && !__atomic_load_n(&job->program_made, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(job->program_tid, 0, __ATOMIC_RELEASE);
		sys(SYS_futex, job->program_tid, FUTEX_WAKE, 1, 0, 0, 0);
	}
	gaol_exit(127);
}

static void run_stage(struct gaol_job *job, enum gaol_stage stage) {
	struct gaol_step_state state;
	state.root = state.ruleset = -1;
	state.kept = job->kept;
	state.tell = job->tell;
	state.command = job->command;
	const struct gaol_step *steps = (const void *)((const char *)job->plan + job->plan->steps);
	for (uint32_t i = job->plan->first[stage]; i < job->plan->first[stage + 1]; i++) {
		int r = gaol_step(&state, job->plan, &steps[i]);
		if (r < 0) fail(job, steps[i].op, i, r);
	}
}

/* A net namespace takes the kernel longer than all the rest of a template, so that a second process makes it meanwhile. */
static void make_net(void *arg) {
	struct gaol_job *job = arg;
	long r = sys(SYS_unshare, CLONE_NEWNET);
	if (r == 0) r = sys(SYS_openat, job->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	if (r < 0) fail(job, GAOL_CLONE_BUILDER, CLONE_NEWNET, r);
	job->net = (int)r;
	gaol_exit(0);
}

static void start_net(struct gaol_job *job) {
	/* by descriptor: the pivot changes the root of every process of its mount namespace that stands in the old one (man 2 pivot_root) */
	job->proc = (int)sys(SYS_openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (job->proc < 0) fail(job, GAOL_SEND_TEMPLATE, CLONE_NEWNET, job->proc);
	__atomic_store_n(job->net_tid, 1, __ATOMIC_RELEASE);
	long r = gaol_clone(CLONE_VM | CLONE_FILES | CLONE_CHILD_CLEARTID, job->net_stack, 0, job->net_tid, make_net, job);
	if (r < 0) fail(job, GAOL_CLONE_BUILDER, CLONE_NEWNET, r);
}

static int await_net(struct gaol_job *job) {
	int32_t t;
	while ((t = __atomic_load_n(job->net_tid, __ATOMIC_ACQUIRE)) != 0) sys(SYS_futex, job->net_tid, FUTEX_WAIT, t, 0, 0, 0);
	if (job->net < 0) gaol_exit(127); /* its record is there, unless it was killed */
	return job->net;
}

void gaol_builder(void *arg) {
	struct gaol_job *job = arg;
	int fds[GAOL_NS_COUNT];
	size_t n = 0, net = 0;
	if (job->plan->namespaces & CLONE_NEWNET) start_net(job);
	for (int i = 0; i < GAOL_NS_COUNT; i++) { /* before the pivot: /proc/self is the caller's /proc */
		if (!(job->plan->namespaces & (uint32_t)gaol_ns_kinds[i].flag)) continue;
		if (i == GAOL_NS_NET) {
			net = n++;
			continue;
		}
		long fd = sys(SYS_openat, AT_FDCWD, gaol_ns_kinds[i].path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) fail(job, GAOL_SEND_TEMPLATE, (uint32_t)gaol_ns_kinds[i].flag, fd);
		fds[n++] = (int)fd;
	}
	sys(SYS_umask, 0);
	run_stage(job, GAOL_STAGE_BUILD);
	if (job->plan->namespaces & CLONE_NEWNET) fds[net] = await_net(job);
	long r = gaol_send(job->socket, fds, n);
	if (r < 0) fail(job, GAOL_SEND_TEMPLATE, 0, r);
	gaol_exit(0);
}

static void set_signal(int sig, void *handler) {
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} action = {handler, 0, 0, 0};
	sys(SYS_rt_sigaction, sig, &action, 0, sizeof action.mask);
}

/* Every disposition back to the default, the ignored ones too: an ignored SIGCHLD would make the kernel reap the program. */
static void reset_signals(void) {
	for (int sig = 1; sig <= 64; sig++)
		if (sig != SIGKILL && sig != SIGSTOP) set_signal(sig, 0);
}

/* A key of the terminal, typed since this process has its foreground, must not stop it before it has execed: the caller waits for that. To
 * ignore a signal forgets it where it is pending (man 2 sigaction). */
static void forget_stops(void) {
	static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
	for (int i = 0; i < 3; i++) {
		set_signal(stops[i], (void *)1 /* SIG_IGN */);
		set_signal(stops[i], 0);
	}
}

/* Number i inside becomes a copy of fds[i]; first those that stand where a later copy goes are moved out of the way. */
static void set_fds(struct gaol_job *job) {
	int32_t n = (int32_t)job->command->nfds;
	long r;
	int *const kept[] = {&job->kept, &job->tell}; /* past all that stays, in this order */
	for (int i = 0; i < 2; i++) {
		if (*kept[i] < 0) continue;
		r = sys(SYS_fcntl, *kept[i], F_DUPFD_CLOEXEC, n);
		if (r < 0) fail(job, GAOL_FD, (uint32_t)n, r);
		*kept[i] = (int)r;
	}
	for (int32_t i = 0; i < n; i++) {
		if (job->fds[i] >= n || job->fds[i] == i) continue;
		r = sys(SYS_fcntl, job->fds[i], F_DUPFD_CLOEXEC, n);
		if (r < 0) fail(job, GAOL_FD, (uint32_t)i, r);
		job->fds[i] = (int32_t)r;
	}
	for (int32_t i = 0; i < n; i++) {
		if (job->fds[i] == i) r = sys(SYS_fcntl, i, F_SETFD, 0);
		else r = sys(SYS_dup3, job->fds[i], i, 0);
		if (r < 0) fail(job, GAOL_FD, (uint32_t)i, r);
	}
	int32_t from = n;
	for (int i = 0; i < 2; i++) {
		if (*kept[i] < 0) continue;
		r = *kept[i] > from ? sys(SYS_close_range, from, *kept[i] - 1, 0) : 0;
		if (r < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
		from = *kept[i] + 1;
	}
	r = sys(SYS_close_range, from, ~0u, 0);
	if (r < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
}

static void program(void *arg) {
	struct gaol_job *job = arg;
	const struct gaol_command *c = job->command;
	long r;

	if (job->cgroup >= 0 && (job->plan->fresh & CLONE_NEWCGROUP)) { /* made here, its root is the program's own cgroup */
		r = sys(SYS_unshare, CLONE_NEWCGROUP);
		if (r < 0) fail(job, GAOL_CGROUP, 1, r);
	}
	set_fds(job);
	/* A process group of its own, always: kill(0, …) from inside must not reach the caller's group (man 2 kill: the group is
	 * not bounded by the pid namespace). */
	r = sys(SYS_setpgid, 0, 0);
	if (r < 0) fail(job, GAOL_SESSION, 1, r);
	uint32_t part;
	if (job->forked && (r = gaol_take_credential(c, &part)) < 0) fail(job, GAOL_CREDENTIAL, part, r);
	if (!job->own) {
		/* (not sooner: a change of user forgets the signal) without a pid namespace nothing else ends it with process 1; asked for, and then looked whether it was too late */
		r = sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (r == 0 && sys(SYS_getppid) != job->process1) r = -ESRCH;
		if (r < 0) fail(job, GAOL_SESSION, 2, r);
	}
	if (c->tty >= 0 && c->foreground) {
		int group = (int)sys(SYS_getpid);
		r = sys(SYS_ioctl, c->tty, TIOCSPGRP, &group);
		if (r < 0) fail(job, GAOL_TTY, (uint32_t)c->tty, r);
	}
	sys(SYS_umask, c->umask != 0 ? c->umask - 1 : job->umask);
	run_stage(job, GAOL_STAGE_PROGRAM);
	r = sys(SYS_chdir, (const char *)c + c->dir);
	if (r < 0) fail(job, GAOL_CHDIR, 0, r);
	run_stage(job, GAOL_STAGE_CONFINE);
	/* only now, so that no signal ends this process without a record; the dispositions are the defaults that process 1 has set */
	if (c->tty >= 0) forget_stops();
	uint64_t none = 0;
	sys(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);

	/* as execvp: go on where there is nothing, remember where there is something that may not be executed */
	long refused = 0;
	uint32_t which = 0;
	for (uint32_t i = 0; i < c->ncandidates; i++) {
		r = sys(SYS_execve, job->candidates[i], job->argv, job->envp);
		if (r != -ENOENT && r != -ENOTDIR && r != -EACCES) fail(job, GAOL_EXEC, i, r);
		if (refused != -EACCES) refused = r, which = i;
	}
	fail(job, GAOL_EXEC, which, refused);
}

/* The program is born in its cgroup (man 2 clone, CLONE_INTO_CGROUP), and alone there: process 1 outlives what the cgroup's limits kill, and
 * takes nothing of them. CLONE_VFORK is for the memory limit: until it execs, the program's process shares the caller's memory, and the kernel
 * kills all who share a victim's (mm/oom_kill.c); it spares who is in a vfork, so that a limit below what an exec takes makes that fail. */
static long clone_program(struct gaol_job *job) {
	unsigned long flags = CLONE_PARENT_SETTID | (job->forked ? CLONE_VFORK : CLONE_VM | CLONE_CHILD_CLEARTID);
	if (job->cgroup < 0) return gaol_clone(flags | SIGCHLD, job->program_stack, job->program_tid, job->program_tid, program, job);
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	} a;
	a.flags = flags | CLONE_VFORK | 0x200000000ull /* CLONE_INTO_CGROUP */;
	a.pidfd = a.tls = a.set_tid = a.set_tid_size = 0;
	a.child_tid = a.parent_tid = (uintptr_t)job->program_tid;
	a.exit_signal = SIGCHLD;
	a.stack = (uintptr_t)job->program_stack - GAOL_STACK, a.stack_size = GAOL_STACK;
	a.cgroup = (uint64_t)job->cgroup;
	return gaol_clone3(&a, sizeof a, program, job);
}

/* Without a pid namespace: whom kill(-1) reaches is bounded. GAOL_SCOPE is then the one step of its stage. */
static int scoped(const struct gaol_job *job) {
	return !job->own && job->plan->first[GAOL_STAGE_INIT] < job->plan->first[GAOL_STAGE_INIT + 1];
}

/* fail for process 1 once there is a program, which may have execed and made processes by now: nothing is left behind. In a pid namespace
 * the kernel sees to that, and alone PR_SET_PDEATHSIG does. */
static _Noreturn void fail_with_program(struct gaol_job *job, uint32_t op, uint32_t step, long error) {
	if (!job->own) {
		long r = sys(SYS_kill, scoped(job) ? -1 : job->program, SIGKILL);
		while (r == 0 && ((r = sys(SYS_wait4, -1, 0, __WALL, 0)) > 0 || r == -EINTR)) r = 0; /* what was not killed may never end */
	}
	fail(job, op, step, error);
}

/* Process 1 keeps one capability over its exec, one that the program lacks: the kernel then refuses the program every access to
 * process 1 (cap_ptrace_access_check), from before the exec, while it shares the caller's memory, to its end. In the caller's namespaces
 * there is none to keep, and Landlock keeps the program from every process outside of its domain (man 7 landlock, "ptrace"). */
static void init_caps(struct gaol_job *job) {
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	long r = 0;
	data[1].effective = data[1].permitted = data[1].inheritable = 0;
	data[0].effective = data[0].permitted = data[0].inheritable = 0;
	/* in those, to kill another user's program takes the same one */
	int keeps = job->own || job->forked;
	if (job->own) {
		r = sys(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
		if (r < 0) fail_with_program(job, GAOL_INIT_CAPS, 0, r);
	}
	if (keeps) {
		data[0].effective = data[0].permitted = data[0].inheritable = CAP_TO_MASK(CAP_KILL);
	}
	r = sys(SYS_capset, &head, data);
	if (r == 0 && keeps) r = sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
	if (r == 0) r = sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r < 0) fail_with_program(job, GAOL_INIT_CAPS, 1, r);
}

/* Where a filter is told of: a socket between the program's process and this one, which neither the caller nor the program ever has.
 * Of all answers of all filters of a process the strictest counts: an errno of one outranks that ours tells, and not that it kills (man 2
 * seccomp). So under a filter of somebody else's, of a container's runtime for one, ours must kill. */
static void open_told(struct gaol_job *job) {
	const struct gaol_step *steps = (const void *)((const char *)job->plan + job->plan->steps);
	int told = 0, pair[2];
	for (uint32_t i = job->plan->first[GAOL_STAGE_CONFINE]; i < job->plan->first[GAOL_STAGES]; i++)
		told |= steps[i].op == GAOL_SECCOMP && steps[i].flags & GAOL_FILTER_TOLD;
	if (!told || sys(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0) != 0) return;
	long r = sys(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
	if (r < 0) fail(job, GAOL_LISTEN, 0, r);
	job->told = pair[0], job->tell = pair[1];
}

/* These descriptors are all that it keeps: no standard stream, no directory, nothing of the caller's. */
static void init_fds(struct gaol_job *job) {
	long told = job->told < 0 ? GAOL_INIT_LISTEN - 1 : sys(SYS_fcntl, job->told, F_DUPFD_CLOEXEC, GAOL_INIT_LISTEN + 1);
	if (told < 0) fail_with_program(job, GAOL_INIT_FDS, 0, told);
	long status = sys(SYS_fcntl, job->status, F_DUPFD_CLOEXEC, 3);
	long caller = status < 0 ? status : sys(SYS_fcntl, job->caller, F_DUPFD_CLOEXEC, 3);
	long image = caller < 0 ? caller : sys(SYS_fcntl, job->init, F_DUPFD_CLOEXEC, 3);
	if (image < 0) fail_with_program(job, GAOL_INIT_FDS, 0, image);
	long r = sys(SYS_dup3, status, GAOL_INIT_STATUS, 0);
	if (r >= 0) r = sys(SYS_dup3, caller, GAOL_INIT_CALLER, 0);
	if (r >= 0) r = sys(SYS_dup3, image, 2, O_CLOEXEC);
	if (r >= 0 && job->told >= 0) r = sys(SYS_dup3, told, GAOL_INIT_LISTEN, 0);
	if (r >= 0) r = sys(SYS_close_range, job->told < 0 ? GAOL_INIT_LISTEN : GAOL_INIT_LISTEN + 1, ~0u, 0);
	if (r < 0) fail_with_program(job, GAOL_INIT_FDS, 1, r);
}

/* For a spawn without a template. It opens nothing, since the table of descriptors may be the caller's: its pidfd leads to the namespace. */
static void hold_net(void *arg) {
	struct gaol_job *job = arg;
	long r = sys(SYS_unshare, CLONE_NEWNET);
	__atomic_store_n(&job->net_made, r < 0 ? -1 : 1, __ATOMIC_RELEASE);
	sys(SYS_futex, &job->net_made, FUTEX_WAKE, 1, 0, 0, 0);
	if (r < 0) gaol_exit(127); /* process 1 tries for itself, and tells */
	for (;;) sys(SYS_ppoll, 0, 0, 0, 0, 0);
}

/* Without a template process 1 is made early, while the caller still works out what to do, and makes a net namespace meanwhile. Should the
 * caller end before it says go, so does this process: its parent is outside of its pid namespace, so that only the pidfd tells whether
 * it had ended even before. The table of descriptors is the caller's until then, since the command's are still to come. */
static void await_plan(struct gaol_job *job) {
	long r = sys(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	struct pollfd caller;
	caller.fd = job->caller, caller.events = POLLIN, caller.revents = 0;
	struct timespec at_once;
	at_once.tv_sec = at_once.tv_nsec = 0;
	if (r == 0) r = sys(SYS_ppoll, &caller, 1, &at_once, 0, 0);
	if (r != 0) fail(job, GAOL_CLONE_BUILDER, 0, r < 0 ? r : -ESRCH);
	if (job->namespaces & CLONE_NEWNET) {
		r = gaol_clone(CLONE_VM | CLONE_FILES | CLONE_PIDFD, job->net_stack, &job->net_pidfd, 0, hold_net, job);
		if (r < 0) fail(job, GAOL_CLONE_BUILDER, CLONE_NEWNET, r);
		job->net_pid = (int)r;
	}
	int32_t go;
	while ((go = __atomic_load_n(&job->go, __ATOMIC_ACQUIRE)) == 0) sys(SYS_futex, &job->go, FUTEX_WAIT, 0, 0, 0, 0);
	if (go < 0) gaol_exit(127);
	r = sys(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (r == 0) r = sys(SYS_unshare, CLONE_FILES);
	if (r < 0) fail(job, GAOL_CLONE_BUILDER, 0, r);
	job->umask = (uint32_t)sys(SYS_umask, 0);
}

/* The build stage of a spawn that has no template: the namespaces are this process's own. What keeps it from the other process's (a kernel
 * before 5.8; a caller that is not dumpable; a kill from outside) costs the time to make another, and nothing more. */
static void build(struct gaol_job *job) {
	const struct timespec patience = {0, 20 * 1000 * 1000};
	siginfo_t ended;
	run_stage(job, GAOL_STAGE_BUILD);
	if (!(job->namespaces & CLONE_NEWNET)) return;
	while (!__atomic_load_n(&job->net_made, __ATOMIC_ACQUIRE)) {
		if (sys(SYS_futex, &job->net_made, FUTEX_WAIT, 0, &patience, 0, 0) != -ETIMEDOUT) continue;
		ended.si_pid = 0;
		if (sys(SYS_waitid, P_PID, job->net_pid, &ended, WEXITED | WNOHANG | WNOWAIT | __WALL, 0) != 0 || ended.si_pid != 0) break;
	}
	long r = __atomic_load_n(&job->net_made, __ATOMIC_ACQUIRE) == 1 ? sys(SYS_setns, job->net_pidfd, CLONE_NEWNET) : -ESRCH;
	if (r < 0) r = sys(SYS_unshare, CLONE_NEWNET);
	if (r < 0) fail(job, GAOL_JOIN, CLONE_NEWNET, r);
	r = sys(SYS_kill, job->net_pid, SIGKILL);
	if (r < 0) fail(job, GAOL_JOIN, CLONE_NEWNET, r); /* it would stay, in memory that is the caller's again */
	while (sys(SYS_wait4, job->net_pid, 0, __WALL, 0) == -EINTR) {}
}

#define DIGITS 21 /* of 2^64, and the end */

static char *decimal(char text[DIGITS], uint64_t n) {
	char *end = text + DIGITS;
	*--end = 0;
	do *--end = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return end;
}

void gaol_process1(void *arg) {
	struct gaol_job *job = arg;
	long r;

	if (job->ns == NULL) await_plan(job);
	job->tell = job->told = -1;
	int tty = job->command->tty >= 0;
	reset_signals();
	/* with a terminal: the caller's session, but out of the terminal's foreground group; else a session of its own */
	r = tty ? sys(SYS_setpgid, 0, 0) : sys(SYS_setsid);
	if (r < 0) fail(job, GAOL_SESSION, 0, r);
	if (job->ns == NULL) build(job);
	run_stage(job, GAOL_STAGE_INIT);
	job->process1 = sys(SYS_getpid);
	/* what the program leaves behind becomes this process's child, as in a pid namespace (man 2 prctl; kept over the exec) */
	if (!job->own) r = sys(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (r < 0) fail(job, GAOL_SESSION, 3, r);
	open_told(job);

	/* Not sooner: the helper has ended meanwhile, and the processor that it leaves takes the program's process. One made while both
	 * processors of two are busy is queued behind this process, and stays there through its exec. */
	__atomic_store_n(&job->program_made, 1, __ATOMIC_RELEASE);
	/* From memory of its own the kernel clears no number here, so that this process sleeps until that one has execed, and clears it itself. */
	r = clone_program(job);
	if (r <= 0 || (job->own && job->ns != NULL && r != GAOL_PROGRAM_PID)) {
		__atomic_store_n(&job->program_made, r > 0, __ATOMIC_RELEASE);
		uint32_t op = job->cgroup < 0 || r >= 0 || r == -EAGAIN || r == -ENOMEM ? GAOL_CLONE_PROGRAM : GAOL_CGROUP;
		fail(job, op, 0, r < 0 ? r : -EPROTO);
	}
	job->program = (int)r;
	if (job->forked) {
		__atomic_store_n(job->program_tid, 0, __ATOMIC_RELEASE);
		sys(SYS_futex, job->program_tid, FUTEX_WAKE, 1, 0, 0, 0);
	}
	char number[DIGITS], cpu[DIGITS], processors[DIGITS], how[4];
	int n = 0;
	if (tty) how[n++] = GAOL_INIT_STOPS;
	if (!job->own) how[n++] = scoped(job) ? GAOL_INIT_SCOPE : GAOL_INIT_ALONE;
	if (job->told >= 0) how[n++] = GAOL_INIT_TOLD;
	how[n] = 0;
	init_fds(job);
	init_caps(job);
	char name[2] = {'g', 0}; /* shown until the init names itself */
	char *argv[6] = {name, decimal(number, (uint64_t)r), how, decimal(cpu, job->command->cpu), decimal(processors, job->command->processors), 0};
	char *envp[1] = {0};
	r = sys(SYS_execveat, 2, name + 1, argv, envp, AT_EMPTY_PATH);
	fail_with_program(job, GAOL_EXEC_INIT, 0, r);
}

void gaol_helper(void *arg) {
	struct gaol_job *job = arg;
	job->umask = (uint32_t)sys(SYS_umask, 0);
	for (int i = 0; i < GAOL_NS_COUNT; i++) {
		if (job->ns[i] < 0) continue;
		long r = sys(SYS_setns, job->ns[i], gaol_ns_kinds[i].flag);
		if (r < 0) fail(job, GAOL_JOIN, (uint32_t)gaol_ns_kinds[i].flag, r);
	}
	__atomic_store_n(job->init_tid, 1, __ATOMIC_RELEASE);
	/* CLONE_PARENT: the caller waits for process 1 itself, and this process is gone before the program starts. The pidfd comes
	 * to the caller's own table, which this process shares. */
	unsigned long flags = CLONE_VM | CLONE_PARENT | CLONE_PIDFD | CLONE_CHILD_CLEARTID | gaol_fresh(job->plan->fresh, job->cgroup);
	long r = gaol_clone(flags, job->init_stack, &job->init_pidfd, job->init_tid, gaol_process1, job);
	if (r < 0) {
		__atomic_store_n(job->init_tid, 0, __ATOMIC_RELEASE);
		job->init_pidfd = -1; /* the kernel stores the number before it may still fail, and gives it back then */
		fail(job, GAOL_CLONE_INIT, 0, r);
	}
	job->init_pid = (int)r;
	gaol_exit(0);
}
