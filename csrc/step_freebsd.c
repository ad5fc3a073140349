/* step_freebsd.c: capability mode, and the exec in a jail, whose steps are in jail_freebsd.c. The child opens what is granted, by the user that the program is to be, and limits each descriptor; the last thing
 * before the exec is the mode itself, since the program's executable is opened by its path. Nothing may run without it: an exec whose mode could not
 * be entered is a failure, and so is a descriptor whose rights could not be limited. Compiled and linked from Linux, never run by its tests. */
#include <sys/param.h>
#include <sys/capsicum.h>
#include <sys/filio.h>
#include <sys/procctl.h>
#include <sys/procdesc.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "step_freebsd.h"

#include "jail_freebsd.h"

/* What the child keeps: it is a copy of the caller's memory, so that nobody else writes here. */
static struct {
	uint32_t opened;
	int linker; /* -1: none */
	int enter, trap, entered;
	int attached, jailed; /* in a jail; and all is done that comes before the exec */
	int first; /* errno of the first exec in capability mode */
} mine;

static int prepare(const struct gaol_plan *plan, void **prepared, char **text) {
	*text = NULL;
	return gaol_jail_prepare(plan, prepared);
}

/* A process of pdfork is left alone by wait4(-1) of the caller's other code, and a wait for its number still finds it (man 2 pdfork). The descriptor
 * is what ends it if this process does: without PD_DAEMON the kernel kills it when the last copy is closed. */
static pid_t fork_described(int *pd, int keeper) {
	pid_t pid = pdfork(pd, PD_CLOEXEC | (keeper ? PD_DAEMON : 0));
	if (pid == 0) {
		memset(&mine, 0, sizeof mine);
		mine.linker = -1;
	}
	return pid;
}

static int close_from(int from) {
	closefrom(from); /* man 2 closefrom: it cannot fail */
	return 0;
}

static int result(int r) { return r < 0 ? -errno : r; }

static int limit_rights(int fd, uint64_t word0, uint64_t word1) {
	cap_rights_t rights;
	CAP_NONE(&rights);
	rights.cr_rights[0] |= word0;
	rights.cr_rights[1] |= word1;
	return result(cap_rights_limit(fd, &rights));
}

/* place gives a descriptor its number. */
static int place(int fd, int number) {
	if (fd == number) return 0;
	int r = result(dup2(fd, number));
	close(fd);
	return r < 0 ? r : 0;
}

static int open_granted(const struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *s) {
	const char *path = (const char *)plan + s->a;
	const struct gaol_rights *rights = (const void *)((const char *)plan + s->b);
	struct stat st;
	int read = s->flags & GAOL_CAP_READ, write = s->flags & GAOL_CAP_WRITE, r;
	/* The path has no links, as it was resolved; none in its last element is followed. A device may wait for its line. */
	int flags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	if (s->flags & GAOL_CAP_DIR) flags |= O_DIRECTORY | O_RDONLY;
	else if (read || write) flags |= read && write ? O_RDWR : read ? O_RDONLY : O_WRONLY;
	else flags |= O_PATH;
	int fd = result(open(path, flags));
	/* a directory that the user may pass through and not read */
	if (fd == -EACCES && s->flags & GAOL_CAP_DIR) fd = result(open(path, (flags & ~O_RDONLY) | O_PATH));
	if (fd < 0) return fd;
	if (fstat(fd, &st) < 0) {
		r = -errno;
		goto out;
	}
	if ((s->flags & GAOL_CAP_DIR && !S_ISDIR(st.st_mode)) || (s->flags & GAOL_CAP_FILE && !S_ISREG(st.st_mode)) || (s->flags & GAOL_CAP_NODE && !S_ISCHR(st.st_mode))) {
		r = -ESTALE; /* it was something else when the profile was compiled */
		goto out;
	}
	if (!(flags & O_PATH) && (r = result(fcntl(fd, F_SETFL, flags & O_ACCMODE))) < 0) goto out;
	int number = (int)(gaol_cap_program(state->command) + 1 + mine.opened);
	if ((r = place(fd, number)) < 0) return r;
	if ((r = limit_rights(number, rights->word[0], rights->word[1])) < 0) return r;
	if ((r = result(fcntl(number, F_SETFD, 0))) < 0) return r;
	mine.opened++;
	if (s->flags & GAOL_CAP_LOADER) mine.linker = number;
	return 0;
out:
	close(fd);
	return r;
}

/* A terminal that the caller passes on is to be read, written and asked for its size, and told nothing else: TIOCSTI would type for the caller. */
static int quiet_terminals(const struct gaol_command *c) {
	static const unsigned long asked[] = {TIOCGETA, TIOCSETA, TIOCSETAW, TIOCSETAF, TIOCGWINSZ, TIOCGPGRP, FIODTYPE, TIOCDRAIN};
	for (int fd = 0; fd < (int)c->nfds; fd++) {
		if (!isatty(fd)) continue;
		int r = result(cap_ioctls_limit(fd, asked, sizeof asked / sizeof asked[0]));
		if (r < 0) return r;
	}
	return 0;
}

static int step(struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *s) {
	int yes = PROC_NO_NEW_PRIVS_ENABLE;
	int r;
	switch (s->op) {
	case GAOL_CAP_OPEN: return open_granted(state, plan, s);
	case GAOL_CAP_ENTER:
		if ((r = quiet_terminals(state->command)) < 0) return r;
		if ((r = result(procctl(P_PID, getpid(), PROC_NO_NEW_PRIVS_CTL, &yes))) < 0) return r;
		mine.enter = 1, mine.trap = (s->flags & GAOL_CAP_TRAP) != 0;
		return 0;
	case GAOL_JAIL_CONFINE:
		if (!mine.attached) return -EINVAL;
		if ((r = quiet_terminals(state->command)) < 0) return r;
		if ((r = result(procctl(P_PID, getpid(), PROC_NO_NEW_PRIVS_CTL, &yes))) < 0) return r;
		mine.jailed = 1;
		return 0;
	}
	r = gaol_jail_step(state, plan, s);
	if (s->op == GAOL_JAIL_ATTACH && r == 0) mine.attached = 1;
	return r;
}

/* Whether the executable asks for a run-time linker: 1 or 0; -errno. */
static int dynamic(int fd) {
	union {
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr header;
	} e;
	ssize_t n = pread(fd, &e, sizeof e, 0);
	if (n < 0) return -errno;
	if (n != (ssize_t)sizeof e || memcmp(e.ident, ELFMAG, SELFMAG) != 0 || e.ident[EI_CLASS] != ELFCLASS64) return -ENOEXEC;
	for (unsigned i = 0; i < e.header.e_phnum && i < 128; i++) {
		Elf64_Phdr p;
		if (pread(fd, &p, sizeof p, (off_t)(e.header.e_phoff + (uint64_t)i * e.header.e_phentsize)) != (ssize_t)sizeof p) return -ENOEXEC;
		if (p.p_type == PT_INTERP) return 1;
	}
	return 0;
}

/* argv has the run-time linker's arguments first (internal/capsicum.Arguments), which name the number that the executable has here. */
#define LINKER_ARGUMENTS 4

static int exec(struct gaol_posix_state *state, const char *candidate, char *const argv[], char *const envp[]) {
	cap_rights_t rights;
	int number = (int)gaol_cap_program(state->command), r;
	if (mine.jailed && !mine.enter) {
		execve(candidate, argv, envp);
		return -errno;
	}
	if (!mine.enter) return -EPERM; /* a plan without its last step confines nothing */
	if (mine.entered) return mine.first;
	int fd = result(open(candidate, O_RDONLY | O_CLOEXEC));
	if (fd < 0) return fd;
	struct stat st;
	if (fstat(fd, &st) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	if (!S_ISREG(st.st_mode) || access(candidate, X_OK) < 0) {
		close(fd);
		return -EACCES;
	}
	if ((r = place(fd, number)) < 0) return r;
	int linked = dynamic(number);
	if (linked < 0) return linked;
	if (linked && mine.linker < 0) return -ENOEXEC; /* no run-time linker is granted: System() brings it */
	cap_rights_init(&rights, CAP_READ, CAP_SEEK, CAP_MMAP_RX, CAP_FEXECVE, CAP_FSTAT, CAP_FSTATFS, CAP_FPATHCONF, CAP_FCNTL, CAP_LOOKUP);
	if ((r = result(cap_rights_limit(number, &rights))) < 0) return r;
	if ((r = result(fcntl(number, F_SETFD, linked ? 0 : FD_CLOEXEC))) < 0) return r;

	int trap = PROC_TRAPCAP_CTL_ENABLE;
	if (mine.trap && (r = result(procctl(P_PID, getpid(), PROC_TRAPCAP_CTL, &trap))) < 0) return r;
	if ((r = result(cap_enter())) < 0) return r == -ENOSYS ? -ENOTSUP : r; /* ENOSYS: a kernel without capabilities */
	mine.entered = 1;
	u_int mode = 0;
	if (cap_getmode(&mode) < 0 || mode != 1) return mine.first = -ENOTSUP;
	if (linked) fexecve(mine.linker, argv, envp);
	else fexecve(number, argv + LINKER_ARGUMENTS, envp);
	return mine.first = -errno;
}

const struct gaol_platform gaol_platform = {prepare, gaol_jail_release, fork_described, close_from, step, exec, gaol_jail_clear};

/* ---- the probe ---- */

int gaol_capsicum_try(void) {
	int pd, status;
	pid_t pid = pdfork(&pd, PD_CLOEXEC);
	if (pid < 0) return errno;
	if (pid == 0) {
		u_int mode = 0;
		int yes = PROC_NO_NEW_PRIVS_ENABLE;
		if (procctl(P_PID, getpid(), PROC_NO_NEW_PRIVS_CTL, &yes) < 0) _exit(errno);
		if (cap_enter() < 0) _exit(errno);
		if (cap_getmode(&mode) < 0 || mode != 1) _exit(ENOTSUP);
		/* it must deny what it is for */
		_exit(open("/", O_RDONLY) >= 0 || errno != ECAPMODE ? ENOTSUP : 0);
	}
	pid_t r;
	while ((r = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {}
	int error = r < 0 ? errno : WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
	close(pd);
	return error;
}

/* ---- the tree ---- */

#define MOST 512 /* that are looked at at once: there is a next look, until none is left */

int gaol_reaper(void) { return procctl(P_PID, getpid(), PROC_REAP_ACQUIRE, NULL) == 0 || errno == EBUSY ? 0 : errno; }

/* At once, and those too that a reaper of the program's own has below it, whom the list does not show while that lives (man 2 procctl). */
int gaol_reaper_kill(int pid) {
	struct procctl_reaper_kill ask = {.rk_sig = SIGKILL, .rk_flags = REAPER_KILL_SUBTREE, .rk_subtree = pid};
	return procctl(P_PID, getpid(), PROC_REAP_KILL, &ask) == 0 ? (int)ask.rk_killed : -errno;
}

int gaol_reaper_list(int pid, int *pids, int room) {
	struct procctl_reaper_pidinfo info[MOST];
	struct procctl_reaper_pids ask = {.rp_count = MOST, .rp_pids = info};
	int n = 0;
	memset(info, 0, sizeof info);
	if (procctl(P_PID, getpid(), PROC_REAP_GETPIDS, &ask) < 0) return -errno;
	for (unsigned i = 0; i < MOST && info[i].pi_flags & REAPER_PIDINFO_VALID; i++) {
		if (info[i].pi_subtree != pid || info[i].pi_pid == pid) continue;
		if (info[i].pi_flags & REAPER_PIDINFO_ZOMBIE) {
			/* one that has become this process's own child: nobody else takes its end in */
			if (info[i].pi_flags & REAPER_PIDINFO_CHILD) (void)waitpid(info[i].pi_pid, NULL, WNOHANG);
			continue;
		}
		if (n < room) pids[n++] = info[i].pi_pid;
	}
	return n;
}
