/* init_linux.c: process 1 of every sandbox, and the little ELF file in memory that it runs from.
 * The code of the section gaol_init is copied out of this binary into a sealed memfd behind an ELF header, so it must call nothing,
 * use no global and no constant outside of that section. It holds three descriptors and no memory of the caller. */
#define _GNU_SOURCE
#include "init.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
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

INLINE void report(uint32_t kind, int wait, uint32_t left, const struct rusage *ru) {
	volatile struct gaol_status st; /* volatile: so that no call of memset is made of it */
	st.kind = kind, st.wait = wait, st.left = left, st.size = sizeof st;
	st.user_us = microseconds(&ru->ru_utime), st.system_us = microseconds(&ru->ru_stime);
	st.maxrss_kib = ru->ru_maxrss, st.minflt = ru->ru_minflt, st.majflt = ru->ru_majflt;
	st.inblock = ru->ru_inblock, st.oublock = ru->ru_oublock, st.nvcsw = ru->ru_nvcsw, st.nivcsw = ru->ru_nivcsw;
	while (sys(SYS_write, GAOL_INIT_STATUS, &st, sizeof st) == -EINTR) {}
}

/* A pipe that takes a write of up to PIPE_BUF says POLLOUT. Stops and what ends them are told only if the caller reads: a program makes as
 * many of them as it likes, and must not have this process wait. */
INLINE int heard(void) {
	volatile struct pollfd p;
	p.fd = GAOL_INIT_STATUS, p.events = POLLOUT, p.revents = 0;
	volatile struct timespec at_once;
	at_once.tv_sec = at_once.tv_nsec = 0;
	return sys(SYS_ppoll, &p, 1, &at_once, 0, 0) == 1 && p.revents == POLLOUT;
}

/* What the arguments say: the program's number, and what GAOL_INIT_* letters there are. */
struct way {
	long program;
	int stops, alone, scope;
};

/* What is still there after the program has ended is killed and counted; in a pid namespace the kernel would kill it too when process 1
 * ends. Alone there is nothing left, and kill(-1) must not be thought of: it would reach all that the caller may kill. */
INLINE uint32_t kill_rest(const struct way *w) {
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
INLINE _Noreturn void end(const struct way *w) {
	if (w->alone || w->scope) sys(SYS_kill, w->program, SIGKILL); /* a child that was not waited for: the number is its */
	if (w->scope) kill_rest(w);
	/* alone: whoever reaps what this process leaves may be the caller, which knows nothing of it */
	while (w->alone && sys(SYS_wait4, w->program, 0, __WALL, 0) == -EINTR) {}
	gaol_exit(1);
}

/* stops: also report when the program stops and goes on; only a caller that reads them all the time may ask for it.
 * Returns 1 when there may be more: what is inside must not keep process 1 from looking after its caller, with processes or signals. */
INLINE int reap(const struct way *w) {
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
			if (heard()) report(WIFSTOPPED(st) ? GAOL_STOPPED : GAOL_CONTINUED, st, 0, &ru);
		} else {
			report(GAOL_EXITED, st, kill_rest(w), &ru);
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
	volatile uint64_t name[2]; /* volatile, here and below: stored by instructions, not copied from a constant elsewhere */
	name[0] = 0x696e692d6c6f6167ull, name[1] = 't'; /* "gaol-init" */
	sys(SYS_prctl, PR_SET_NAME, name, 0, 0, 0);

	volatile struct way how;
	how.program = how.stops = how.alone = how.scope = 0;
	const char *const *argv = (const void *)(argc + 1);
	if (*argc != 3) gaol_exit(1);
	for (const char *c = argv[1]; *c; c++) how.program = how.program * 10 + (*c - '0');
	for (const char *c = argv[2]; *c; c++) {
		if (*c == GAOL_INIT_STOPS) how.stops = 1;
		if (*c == GAOL_INIT_ALONE) how.alone = 1;
		if (*c == GAOL_INIT_SCOPE) how.scope = 1;
	}
	const struct way *w = (const struct way *)&how;

	uint64_t all = ~0ull;
	long signals = sys(SYS_signalfd4, -1, &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0) end(w);
	for (;;) {
		int more = reap(w);
		volatile struct pollfd p[3];
		p[0].fd = (int)signals, p[0].events = POLLIN, p[0].revents = 0;
		p[1].fd = GAOL_INIT_CALLER, p[1].events = POLLIN, p[1].revents = 0;
		p[2].fd = GAOL_INIT_STATUS, p[2].events = 0, p[2].revents = 0;
		volatile struct timespec at_once;
		at_once.tv_sec = at_once.tv_nsec = 0;
		sys(SYS_ppoll, p, 3, more ? &at_once : 0, 0, 0);
		/* the caller has ended, or has given up what it read from: so does everything in here */
		if (p[1].revents != 0 || p[2].revents != 0) end(w);
		struct signalfd_siginfo si;
		if (sys(SYS_read, signals, &si, sizeof si) == (long)sizeof si) {
			if (si.ssi_signo == SIGCHLD) continue;
			int outside = w->alone || w->scope;
			/* Only signals from outside of the pid namespace are passed on: their sender has no number in here. Without one, what is
			 * inside can signal nobody outside of it, this process included. */
			if (!outside && si.ssi_pid != 0) continue;
			if (outside && si.ssi_signo == GAOL_INIT_END) end(w);
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
