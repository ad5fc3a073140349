/* init_linux.c: process 1 of every sandbox, and the little ELF file in memory that it runs from.
 * The code of the section gaol_init is copied out of this binary into a sealed memfd behind an ELF header, so it must call nothing,
 * use no global and no constant outside of that section. It holds a few descriptors and no memory of the caller. */
#define _GNU_SOURCE
#include "init.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GAOL_RESIDENT
#include "plan.h"
#include "sys_linux.h"

#define PLAIN no_stack_protector, no_sanitize("address", "undefined") /* no calls of run-time libraries */
#define RESIDENT __attribute__((section("gaol_init"), used, noinline, PLAIN))
#define INLINE GAOL_INLINE __attribute__((PLAIN))

INLINE int64_t microseconds(const struct timeval *t) { return (int64_t)t->tv_sec * 1000000 + t->tv_usec; }

INLINE void report(uint32_t kind, int wait, uint32_t left, uint32_t by, const struct rusage *ru) {
	volatile struct gaol_status st; /* volatile: so that no call of memset is made of it */
	st.kind = kind, st.wait = wait, st.left = left, st.by = by;
	st.user_us = microseconds(&ru->ru_utime), st.system_us = microseconds(&ru->ru_stime);
	st.maxrss_kib = ru->ru_maxrss, st.minflt = ru->ru_minflt, st.majflt = ru->ru_majflt;
	st.inblock = ru->ru_inblock, st.oublock = ru->ru_oublock, st.nvcsw = ru->ru_nvcsw, st.nivcsw = ru->ru_nivcsw;
	while (sys(SYS_write, GAOL_INIT_STATUS, &st, sizeof st) == -EINTR) {}
}

#define MILLISECOND 1000000 /* in nanoseconds */

/* Waits up to a second, and says what there is of the events and of errors. */
RESIDENT static int ready(int fd, short events, long nanoseconds) {
	volatile struct pollfd p;
	p.fd = fd, p.events = events, p.revents = 0;
	volatile struct timespec t;
	t.tv_sec = 0, t.tv_nsec = nanoseconds;
	return sys(SYS_ppoll, &p, 1, &t, 0, 0) == 1 ? p.revents : 0;
}

/* A pipe that takes a write of up to PIPE_BUF says POLLOUT. Stops and what ends them are told only if the caller reads: a program makes as
 * many of them as it likes, and must not have this process wait. */
INLINE int heard(void) { return ready(GAOL_INIT_STATUS, POLLOUT, 0) == POLLOUT; }

/* What the arguments say: the program's number, what GAOL_INIT_* letters there are, and the limit of processor time. */
struct way {
	long program;
	int stops, alone, scope;
	int listener, ear; /* of the program's filter; the socket that it comes from. -1: there is none, it has come */
	uint32_t heard;    /* what the thread that listens has heard: GAOL_TOLD_CALL, GAOL_TOLD_GONE or, so far, nothing */
	struct seccomp_data call;
	void *stack; /* of that thread */
	int64_t cpu, processors;
	uint32_t by; /* who has ended the program: enum gaol_by */
};

INLINE int64_t number(const char *text) {
	int64_t n = 0;
	for (; *text; text++) n = n * 10 + (*text - '0');
	return n;
}

/* What is still there after the program has ended is killed and counted; in a pid namespace the kernel would kill it too when process 1
 * ends. Alone there is nothing left, and kill(-1) must not be thought of: it would reach all that the caller may kill. */
RESIDENT static uint32_t kill_rest(const volatile struct way *w) {
	uint32_t left = 0;
	int st;
	if (w->alone || sys(SYS_kill, -1, SIGKILL) < 0) return 0;
	for (;;) {
		long pid = sys(SYS_wait4, -1, &st, __WALL, 0);
		if (pid == -EINTR) continue;
		if (pid < 0) return left;
		if (WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL) left++;
	}
}

/* Ends everything in the sandbox, and this process with it. */
RESIDENT static _Noreturn void end(const volatile struct way *w) {
	if (w->alone || w->scope) sys(SYS_kill, w->program, SIGKILL); /* a child that was not waited for: the number is its */
	if (w->scope) kill_rest(w);
	/* alone: whoever reaps what this process leaves may be the caller, which knows nothing of it */
	while (w->alone && sys(SYS_wait4, w->program, 0, __WALL, 0) == -EINTR) {}
	gaol_exit(1);
}

/* Waits for the first denied call. Only one who waits in here hears of each: a signal takes a call back, and then nothing is there to poll
 * for, but the kernel has counted it, and says ENOENT (kernel/seccomp.c, seccomp_notify_recv). Whether that is not the end of all that have
 * the filter the main thread finds out, which this wakes. A thread, not a process: what is inside cannot kill it. */
RESIDENT static void listening(void *arg) {
	volatile struct way *w = arg;
	volatile union {
		struct seccomp_notif n;
		uint64_t words[sizeof(struct seccomp_notif) / 8];
	} u;
	long r;
	do {
		for (unsigned i = 0; i < sizeof u.words / 8; i++) u.words[i] = 0; /* it must be zero */
		r = sys(SYS_ioctl, w->listener, SECCOMP_IOCTL_NOTIF_RECV, &u);
	} while (r == -EINTR);
	if (r == 0) {
		w->call.nr = u.n.data.nr, w->call.arch = u.n.data.arch;
		for (int i = 0; i < 6; i++) w->call.args[i] = u.n.data.args[i];
	}
	__atomic_store_n(&w->heard, r == 0 ? GAOL_TOLD_CALL : GAOL_TOLD_GONE, __ATOMIC_RELEASE);
	sys(SYS_kill, sys(SYS_getpid), SIGCHLD);
	sys(SYS_exit, 0);
}

/* The address of that function, relative to here: the code has been moved, and not by whole pages. */
INLINE void (*listener_code(void))(void *) {
	void (*f)(void *);
#if defined(__x86_64__)
	__asm__("lea %p1(%%rip), %0" : "=r"(f) : "i"(listening));
#elif defined(__aarch64__)
	__asm__("adr %0, %1" : "=r"(f) : "S"(listening));
#elif defined(__riscv)
	__asm__("lla %0, %1" : "=r"(f) : "i"(listening));
#endif
	return f;
}

/* Takes the listener, if it has come, and starts to listen. Returns 0 when there is one that nobody would listen to. */
RESIDENT static int take_listener(volatile struct way *w) {
	volatile uint64_t control[CMSG_SPACE(sizeof(int)) / 8];
	volatile char byte;
	volatile struct iovec io;
	volatile struct msghdr m;
	io.iov_base = (void *)(uintptr_t)&byte, io.iov_len = 1;
	m.msg_name = 0, m.msg_namelen = 0, m.msg_iov = (void *)(uintptr_t)&io, m.msg_iovlen = 1, m.msg_flags = 0;
	m.msg_control = (void *)(uintptr_t)control, m.msg_controllen = sizeof control;
	long r = sys(SYS_recvmsg, GAOL_INIT_LISTEN, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (r == -EAGAIN || r == -EINTR) return 1;
	sys(SYS_close, GAOL_INIT_LISTEN);
	w->ear = -1;
	if (r <= 0) return 1; /* the program's process has closed its end: its filter kills by itself, or it has ended */
	if (m.msg_controllen < CMSG_LEN(sizeof(int))) return 0;
	w->listener = *(volatile int *)CMSG_DATA((const struct cmsghdr *)(uintptr_t)control);
	return gaol_clone(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, w->stack, 0, 0, listener_code(), (void *)(uintptr_t)w) > 0;
}

RESIDENT static void tell(uint32_t what, const volatile struct seccomp_data *call) {
	volatile struct gaol_told t;
	t.kind = GAOL_TOLD, t.what = what;
	t.nr = 0, t.arch = 0;
	if (call != 0) t.nr = call->nr, t.arch = call->arch;
	for (int i = 0; i < 6; i++) t.args[i] = call != 0 ? call->args[i] : 0;
	while (sys(SYS_write, GAOL_INIT_STATUS, &t, sizeof t) == -EINTR) {}
}

/* Ends the program, and what else there is; what then has to be told is told when it has been reaped. */
RESIDENT static void finish(volatile struct way *w, uint32_t by) {
	if (w->by == GAOL_BY_OTHERS) w->by = by;
	w->cpu = 0;
	sys(SYS_kill, w->program, SIGKILL); /* a child that was not waited for: the number is its */
	if (!w->alone) sys(SYS_kill, -1, SIGKILL);
}

/* A denied call was made: everything ends, and nobody answers it. The listener stays open to the end of this process, since without it such
 * calls would fail instead. gone: the program is waited for already. */
RESIDENT static void denied(volatile struct way *w, int gone) {
	uint32_t what = __atomic_load_n(&w->heard, __ATOMIC_ACQUIRE);
	if (what == 0 || w->by != GAOL_BY_OTHERS) return; /* it ends for something else */
	w->heard = 0;
	if (what == GAOL_TOLD_GONE && ready(w->listener, POLLIN, 0) & POLLHUP) return; /* nothing is left that has the filter */
	if (!gone) finish(w, GAOL_BY_FILTER);
	tell(what, what == GAOL_TOLD_CALL ? &w->call : 0);
}

/* The program has ended. What is still there may wait for a denied call, too; the thread that listens has it at once, then. */
INLINE void last_words(volatile struct way *w, int st) {
	if (w->listener < 0 && w->ear >= 0) take_listener(w);
	if (w->listener < 0) return;
	for (int i = 0; i < 64 && w->heard == 0 && ready(w->listener, POLLIN, 0) & POLLIN; i++) ready(-1, 0, MILLISECOND);
	if (w->heard != 0) denied(w, 1);
	else if (WIFSIGNALED(st) && WTERMSIG(st) == SIGSYS) tell(GAOL_TOLD_NONE, 0);
}

/* How long the program cannot reach its limit, in nanoseconds, however many processors are busy with it; -1: there is no limit. One that has
 * is ended. Its clock is read, and no timer of the kernel's used: those look at the clock when the timer interrupt finds the program running,
 * which a program that sleeps each time never is. */
INLINE int64_t spare(volatile struct way *w) {
	if (w->cpu == 0) return -1;
	volatile struct timespec used;
	/* the clock of a process (MAKE_PROCESS_CPUCLOCK with CPUCLOCK_SCHED, linux/posix-timers.h) */
	if (sys(SYS_clock_gettime, (int)(~(unsigned)w->program << 3 | 2), &used) < 0) end(w);
	int64_t rest = w->cpu - ((int64_t)used.tv_sec * 1000 * MILLISECOND + used.tv_nsec);
	if (rest <= 0) {
		finish(w, GAOL_BY_CPU);
		return -1;
	}
	return rest / w->processors > MILLISECOND ? rest / w->processors : MILLISECOND;
}

/* stops: also report when the program stops and goes on; only a caller that reads them all the time may ask for it.
 * Returns 1 when there may be more: what is inside must not keep process 1 from looking after its caller, with processes or signals. */
INLINE int reap(volatile struct way *w) {
	int options = WNOHANG | __WALL | (w->stops ? WUNTRACED | WCONTINUED : 0);
	struct rusage ru;
	int st;
	for (int i = 0; i < 64; i++) {
		long pid = sys(SYS_wait4, -1, &st, options, &ru);
		if (pid == -EINTR) continue;
		if (pid <= 0) return 0;
		/* PTRACE_TRACEME makes the parent the tracer, which this process then is, unasked: it lets go, with the signal that there was */
		if (WIFSTOPPED(st) && sys(SYS_ptrace, PTRACE_DETACH, pid, 0, WSTOPSIG(st) == SIGTRAP ? 0 : WSTOPSIG(st)) == 0) continue;
		if (pid != w->program) continue;
		if (WIFSTOPPED(st) || WIFCONTINUED(st)) {
			if (heard()) report(WIFSTOPPED(st) ? GAOL_STOPPED : GAOL_CONTINUED, st, 0, GAOL_BY_OTHERS, &ru);
		} else {
			last_words(w, st);
			uint32_t left = kill_rest(w);
			report(GAOL_EXITED, st, left, WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL ? w->by : GAOL_BY_OTHERS, &ru);
			/* a pipe wakes its reader on the writer's processor, where it would wait for the end of this process */
			sys(SYS_sched_yield);
			gaol_exit(0);
		}
	}
	return 1;
}

RESIDENT static void gaol_init_main(const long *argc) {
	/* Not dumpable: what is in here cannot look at process 1 through /proc. (It also lacks the one capability that is kept.) */
	sys(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* volatile, here and below: stored by instructions, not copied from a constant elsewhere; no words of 64 bits, which riscv64 takes from
	 * one */
	volatile uint32_t name[4];
	name[0] = 0x6c6f6167, name[1] = 0x696e692d, name[2] = 't', name[3] = 0; /* "gaol-init" */
	sys(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);

	volatile struct way how;
	how.stops = how.alone = how.scope = 0, how.by = GAOL_BY_OTHERS;
	how.ear = how.listener = -1, how.heard = 0;
	volatile uint64_t stack[256]; /* 2 KiB; aligned to 16, as calls want it */
	how.stack = (void *)((uintptr_t)(stack + 256) & ~(uintptr_t)15);
	const char *const *argv = (const void *)(argc + 1);
	if (*argc != 5) gaol_exit(1);
	how.program = number(argv[1]), how.cpu = number(argv[3]), how.processors = number(argv[4]);
	for (const char *c = argv[2]; *c; c++) {
		if (*c == GAOL_INIT_STOPS) how.stops = 1;
		if (*c == GAOL_INIT_ALONE) how.alone = 1;
		if (*c == GAOL_INIT_SCOPE) how.scope = 1;
		if (*c == GAOL_INIT_TOLD) how.ear = GAOL_INIT_LISTEN;
	}
	volatile struct way *w = &how;

	uint64_t all = ~0ull;
	long signals = sys(SYS_signalfd4, -1, &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) end(w);
	for (;;) {
		int more = reap(w);
		volatile struct pollfd p[4];
		p[0].fd = (int)signals, p[0].events = POLLIN, p[0].revents = 0;
		p[1].fd = GAOL_INIT_CALLER, p[1].events = POLLIN, p[1].revents = 0;
		p[2].fd = GAOL_INIT_STATUS, p[2].events = 0, p[2].revents = 0;
		p[3].fd = w->ear, p[3].events = POLLIN, p[3].revents = 0;
		int64_t time = spare(w);
		if (more) time = 0;
		volatile struct timespec timeout;
		timeout.tv_sec = time / (1000 * MILLISECOND), timeout.tv_nsec = time % (1000 * MILLISECOND);
		sys(SYS_ppoll, p, 4, time < 0 ? 0 : &timeout, 0, 0);
		/* the caller has ended, or has given up what it read from: so does everything in here */
		if (p[1].revents != 0 || p[2].revents != 0) end(w);
		if (p[3].revents != 0 && !take_listener(w)) end(w);
		denied(w, 0);
		struct signalfd_siginfo si;
		if (sys(SYS_read, signals, &si, sizeof si) == (long)sizeof si) {
			if (si.ssi_signo == SIGCHLD) continue;
			int outside = w->alone || w->scope;
			/* Only signals from outside of the pid namespace are passed on: their sender has no number in here. Without one, what is
			 * inside can signal nobody outside of it, this process included. */
			if (!outside && (si.ssi_pid != 0 || si.ssi_code < 0)) continue; /* below 0 the sender chooses its number (man 2 rt_sigqueueinfo) */
			if (si.ssi_signo == GAOL_INIT_END) {
				finish(w, GAOL_BY_CALLER);
				continue;
			}
			/* a terminal's stop reached the whole group, so what goes on is the group, too */
			if (si.ssi_signo == SIGCONT && sys(SYS_kill, -w->program, SIGCONT) == 0) continue;
			sys(SYS_kill, w->program, si.ssi_signo);
		}
	}
}

/* The entry point: the kernel gives a stack that is aligned to 16, with argc on top, and no return address. */
#if defined(__x86_64__)
#define ENTRY "xor %ebp,%ebp\n\tmov %rsp,%rdi\n\tcall gaol_init_main\n\thlt\n"
#elif defined(__aarch64__)
#define ENTRY "mov x29, xzr\n\tmov x0, sp\n\tbl gaol_init_main\n\tbrk 0\n"
#elif defined(__riscv)
#define ENTRY "mv a0, sp\n\tcall gaol_init_main\n\tebreak\n"
#endif
/* (@progbits, so that the section is the one the compiler makes) */
__asm__(".pushsection gaol_init,\"ax\",@progbits\n\t.balign 16\n\t.local gaol_init_entry\ngaol_init_entry:\n\t" ENTRY ".popsection\n");
extern const char gaol_init_entry[] __attribute__((visibility("hidden")));

extern const char __start_gaol_init[] __attribute__((visibility("hidden")));
extern const char __stop_gaol_init[] __attribute__((visibility("hidden")));

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#endif

#define IMAGE_BASE 0x400000ul

struct image_head {
	Elf64_Ehdr elf;
	Elf64_Phdr load, stack;
};

int gaol_init_image(void) {
	size_t code = (size_t)(__stop_gaol_init - __start_gaol_init);
	size_t head = (sizeof(struct image_head) + 15) & ~(size_t)15;
	struct image_head h;
	memset(&h, 0, sizeof h);
	memcpy(h.elf.e_ident, ELFMAG, SELFMAG);
	h.elf.e_ident[EI_CLASS] = ELFCLASS64, h.elf.e_ident[EI_DATA] = ELFDATA2LSB, h.elf.e_ident[EI_VERSION] = EV_CURRENT;
	h.elf.e_type = ET_EXEC, h.elf.e_machine = MACHINE, h.elf.e_version = EV_CURRENT;
	h.elf.e_entry = IMAGE_BASE + head + (size_t)(gaol_init_entry - __start_gaol_init);
	h.elf.e_phoff = offsetof(struct image_head, load);
	h.elf.e_ehsize = sizeof(Elf64_Ehdr), h.elf.e_phentsize = sizeof(Elf64_Phdr), h.elf.e_phnum = 2;
	h.load.p_type = PT_LOAD, h.load.p_flags = PF_R | PF_X, h.load.p_vaddr = h.load.p_paddr = IMAGE_BASE;
	h.load.p_filesz = h.load.p_memsz = head + code, h.load.p_align = 0x1000;
	h.stack.p_type = PT_GNU_STACK, h.stack.p_flags = PF_R | PF_W, h.stack.p_align = 16;

	/* kernels before 6.3 do not know MFD_EXEC, later ones complain in their log without it */
	int fd = memfd_create("gaol-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10u /* MFD_EXEC */);
	if (fd < 0 && errno == EINVAL) fd = memfd_create("gaol-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0) return -errno;
	int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	if (pwrite(fd, &h, sizeof h, 0) != (ssize_t)sizeof h || pwrite(fd, __start_gaol_init, code, (off_t)head) != (ssize_t)code ||
	    fchmod(fd, 0111) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0) {
		int err = errno;
		close(fd);
		return -err;
	}
	return fd;
}
