/* calls.c: see freebsd.h. Every call is a line on standard error's descriptor of the driver, GAOL_LOG: written at once, since a child writes it between
 * fork and exec. GAOL_FAIL is "NAME N ERRNO": the N-th call of that name in each process fails, from 1 on; the count begins anew in a child. */
#define GAOL_TEST_CALLS
#include "freebsd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int log_fd = -1, fail_at, fail_errno, counted, mode_on, jailed;
static char fail_name[32];

__attribute__((constructor)) static void start(void) {
	const char *to = getenv("GAOL_LOG"), *fail = getenv("GAOL_FAIL");
	/* past every number that the steps give away */
	if (to != NULL) log_fd = fcntl(open(to, O_WRONLY | O_APPEND | O_CREAT, 0644), F_DUPFD_CLOEXEC, 900);
	if (fail != NULL && sscanf(fail, "%31s %d %d", fail_name, &fail_at, &fail_errno) != 3) abort();
}

/* called NAME: 0, or -1 with errno */
__attribute__((format(printf, 2, 3))) static int called(const char *name, const char *format, ...) {
	char line[2048];
	va_list more;
	int n = snprintf(line, sizeof line, "%s", name);
	int fails = strcmp(name, fail_name) == 0 && ++counted == fail_at;
	va_start(more, format);
	n += vsnprintf(line + n, sizeof line - (size_t)n, format, more);
	va_end(more);
	n += snprintf(line + n, sizeof line - (size_t)n, fails ? " FAILS\n" : "\n");
	if (log_fd >= 0 && write(log_fd, line, (size_t)n) < 0) abort();
	return fails ? (errno = fail_errno, -1) : 0;
}
#define CALLED(...) if (called(__VA_ARGS__) < 0) return -1

/* ---- both systems ---- */

static int opened(int at, const char *path, int flags, mode_t mode) {
	int locked = flags & O_EXLOCK, fd = openat(at, path, flags & ~O_EXLOCK, mode);
	if (fd >= 0 && locked && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}
#define MODE va_list more; va_start(more, flags); mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; va_end(more)
int test_open(const char *path, int flags, ...) { MODE; CALLED("open", " %s", path); return mode_on ? (errno = ECAPMODE, -1) : opened(AT_FDCWD, path, flags, mode); }
int test_openat(int fd, const char *path, int flags, ...) { MODE; CALLED("openat", " %s", path); return opened(fd, path, flags, mode); }
int test_dup2(int from, int to) { CALLED("dup2", " to %d", to); return dup2(from, to); }
int test_fcntl(int fd, int what, int argument) { CALLED("fcntl", " %s %d", what == F_SETFL ? "flags" : what == F_SETFD ? "cloexec" : "other", what == F_SETFL ? argument & O_ACCMODE : argument); return fcntl(fd, what, argument); }
int test_fstat(int fd, struct stat *st) { CALLED("fstat", " "); return fstat(fd, st); }
int test_mkdir(const char *path, mode_t mode) { CALLED("mkdir", " %s %o", strrchr(path, '/'), mode); return mkdir(path, mode); }
int test_mkdirat(int fd, const char *path, mode_t mode) { CALLED("mkdirat", " %s %o", path, mode); return mkdirat(fd, path, mode); }
int test_symlinkat(const char *to, int fd, const char *path) { CALLED("symlinkat", " %s %s", to, path); return symlinkat(to, fd, path); }
int test_fchdir(int fd) { CALLED("fchdir", " "); return fchdir(fd); }
int test_faccessat(int fd, const char *path, int mode, int flags) { CALLED("faccessat", " %d", mode); return faccessat(fd, path, mode, flags); }
int test_chown(const char *path, uid_t uid, gid_t gid) { CALLED("chown", " %s", strrchr(path, '/')); return chown(path, uid, gid); }
int test_fchown(int fd, uid_t uid, gid_t gid) { CALLED("fchown", " "); return fchown(fd, uid, gid); }
int test_fchmod(int fd, mode_t mode) { CALLED("fchmod", " %o", mode); return fchmod(fd, mode); }

static void arguments(char *to, size_t room, char *const argv[]) {
	to[0] = 0;
	for (; *argv; argv++) snprintf(to + strlen(to), room - strlen(to), " %s", *argv);
}
/* In capability mode the run-time linker starts what its arguments name: argv[2] is a number, argv[4] the program's own name. */
int test_fexecve(int fd, char *const argv[], char *const envp[]) {
	char text[1024];
	arguments(text, sizeof text, argv);
	CALLED("fexecve", " %d:%s", fd, text);
	if (strcmp(argv[0], "ld-elf.so.1") == 0) return fexecve(atoi(argv[2]), argv + 4, envp);
	return fexecve(fd, argv, envp);
}
int test_execve(const char *path, char *const argv[], char *const envp[]) {
	char text[1024];
	arguments(text, sizeof text, argv);
	CALLED("execve", " %s:%s", path, text);
	return execve(path, argv, envp);
}

/* ---- FreeBSD's ---- */

cap_rights_t *test_rights(cap_rights_t *r, ...) {
	va_list more;
	CAP_NONE(r);
	va_start(more, r);
	for (int right; (right = va_arg(more, int)) != 0;) r->cr_rights[0] |= (uint64_t)right;
	va_end(more);
	return r;
}
int cap_rights_limit(int fd, const cap_rights_t *r) {
	CALLED("cap_rights_limit", " %d %llx %llx", fd, (unsigned long long)(r->cr_rights[0] & ~(1ull << 57)), (unsigned long long)(r->cr_rights[1] & ~(1ull << 58)));
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}
int cap_ioctls_limit(int fd, const unsigned long *list, size_t n) {
	int types = 0;
	for (size_t i = 0; i < n; i++) types |= list[i] == TIOCSTI;
	CALLED("cap_ioctls_limit", " %d%s", fd, types ? " TIOCSTI" : "");
	return 0;
}
int cap_enter(void) { CALLED("cap_enter", " "); return mode_on = 1, 0; }
int cap_getmode(u_int *mode) { CALLED("cap_getmode", " "); return *mode = getenv("GAOL_NO_MODE") ? 0 : (u_int)mode_on, 0; }

int procctl(idtype_t kind, id_t id, int what, void *data) {
	CALLED("procctl", " %s %s %d", kind == P_PID ? "pid" : "other", id == (id_t)getpid() ? "self" : "another",
		what * 100 + (what == PROC_NO_NEW_PRIVS_CTL || what == PROC_TRAPCAP_CTL ? *(int *)data : 0));
	if (what == PROC_NO_NEW_PRIVS_CTL) return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (what == PROC_REAP_GETPIDS) { /* GAOL_REAPS: "PID SUBTREE FLAGS" of each, one behind another */
		struct procctl_reaper_pids *ask = data;
		const char *at = getenv("GAOL_REAPS");
		u_int n = 0;
		for (int used = 0; at && n < ask->rp_count && sscanf(at, "%d %d %u%n", &ask->rp_pids[n].pi_pid, &ask->rp_pids[n].pi_subtree, &ask->rp_pids[n].pi_flags, &used) == 3; n++) at += used;
		if (n < ask->rp_count) ask->rp_pids[n].pi_flags = 0;
		return 0;
	}
	if (what == PROC_REAP_KILL) {
		struct procctl_reaper_kill *ask = data;
		(void)called("reap", " signal %d flags %u subtree %d", ask->rk_sig, ask->rk_flags, ask->rk_subtree);
		return ask->rk_killed = 3, 0;
	}
	if (what == PROC_REAP_ACQUIRE) return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	return 0;
}
pid_t pdfork(int *fd, int flags) {
	CALLED("pdfork", " %s", flags & PD_DAEMON ? "daemon" : "");
	pid_t pid = fork();
	if (pid == 0) counted = 0;
	if (pid > 0) *fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pid;
}
void closefrom(int from) {
	(void)called("closefrom", " %d", from);
	for (int fd = from; fd < 1024; fd++)
		if (fd != log_fd) close(fd);
}
ssize_t getdirentries(int fd, char *to, size_t size, off_t *base) { (void)base; CALLED("getdirentries", " "); return syscall(SYS_getdents64, fd, to, size); }

/* ---- mounts: of Linux's, and what of them FreeBSD would say ---- */

static const char *found(struct iovec *v, unsigned n, const char *name) {
	for (unsigned i = 0; i + 1 < n; i += 2)
		if (strcmp(v[i].iov_base, name) == 0) return v[i + 1].iov_base ? v[i + 1].iov_base : "";
	return NULL;
}
/* a path of this test's without the place that is another one each time */
static const char *tail(const char *path) {
	const char *place = getenv("GAOL_PLACE");
	size_t n = place ? strlen(place) : 0;
	return path && n && strncmp(path, place, n) == 0 ? path + n : path;
}
int nmount(struct iovec *v, unsigned n, int flags) {
	const char *type = found(v, n, "fstype"), *at = found(v, n, "fspath"), *target = found(v, n, "target"), *size = found(v, n, "size");
	const char *forgets = getenv("GAOL_FORGETS"); /* a system that does not do what it was told */
	unsigned long also = MS_NOSUID | (flags & MNT_RDONLY && (forgets == NULL || strcmp(forgets, type) != 0) ? MS_RDONLY : 0) | (flags & MNT_NOEXEC ? MS_NOEXEC : 0);
	char options[64], link[64], real[PATH_MAX];
	CALLED("nmount", " %s on %s%s%s%s%s flags%s%s%s%s", type, tail(at), target ? " from " : "", target ? tail(target) : "", size ? " size " : "", size ? size : "",
		flags & MNT_RDONLY ? " ro" : "", flags & MNT_NOEXEC ? " noexec" : "", flags & MNT_NOSUID ? " nosuid" : "", flags & MNT_UPDATE ? " update" : "");
	if (flags & MNT_UPDATE) return mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | also, NULL);
	if (strcmp(at, ".") == 0) { /* FreeBSD mounts on the directory itself */
		int fd = open(".", O_PATH | O_DIRECTORY);
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		ssize_t length = readlink(link, real, sizeof real - 1);
		close(fd);
		if (length < 0) return -1;
		real[length] = 0, at = real;
	}
	if (strcmp(type, "tmpfs") == 0) {
		snprintf(options, sizeof options, "mode=0%s,size=%s", found(v, n, "mode"), size);
		return mount("tmpfs", at, "tmpfs", also, options);
	}
	if (strcmp(type, "nullfs") == 0) {
		const char *swap = getenv("GAOL_SWAP"); /* what somebody does between the look and the mount: OLD:NEW */
		if (swap != NULL && strcmp(target, getenv("GAOL_SWAPPED")) == 0) target = swap;
		return mount(target, at, NULL, MS_BIND, NULL) < 0 ? -1 : mount(NULL, at, NULL, MS_REMOUNT | MS_BIND | also, NULL);
	}
	if (strcmp(type, "devfs") != 0) return errno = ENODEV, -1;
	if (mount("devfs", at, "tmpfs", MS_NOSUID | MS_NOEXEC, NULL) < 0) return -1;
	static const char *const names[] = {"null", "zero", "random", "urandom", "mem", "ada0"};
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(real + (at == real ? strlen(at) : 0), sizeof real - strlen(at), "%s/%s", at == real ? "" : at, names[i]);
		int fd = open(real, O_CREAT | O_WRONLY, 0666);
		if (fd >= 0) close(fd);
		real[strlen(real) - strlen(names[i]) - 1] = 0;
	}
	return 0;
}

struct known { int id; char at[1024]; char type[16]; };
static int mounts(struct known *to, int room) {
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	int n = 0;
	if (f == NULL) return -1;
	while (fgets(line, sizeof line, f) && n < room) {
		struct known *k = &to[n++];
		char device[64] = "";
		if (sscanf(line, "%d %*d %*s %*s %1023s", &k->id, k->at) != 2) abort();
		const char *dash = strstr(line, " - ");
		(void)sscanf(dash, " - %15s %63s", k->type, device);
		if (strcmp(device, "devfs") == 0) strcpy(k->type, "devfs");
	}
	fclose(f);
	return n;
}
int getfsstat(struct test_statfs *to, long size, int flags) {
	static struct known all[512];
	(void)flags;
	CALLED("getfsstat", " ");
	int n = mounts(all, 512);
	if (to == NULL) return n;
	if (n > size / (long)sizeof *to) n = (int)(size / (long)sizeof *to);
	for (int i = 0; i < n; i++) {
		memset(&to[i], 0, sizeof to[i]);
		strcpy(to[i].f_mntonname, all[i].at);
		to[i].f_fsid = (test_fsid){{all[i].id, -7}};
	}
	return n;
}
int unmount(const char *what, int flags) {
	static struct known all[512];
	int id, other, n = mounts(all, 512);
	const char *forgets = getenv("GAOL_FORGETS");
	if (forgets != NULL && strcmp(forgets, "unmount") == 0) return errno = EINVAL, -1;
	if (sscanf(what, "FSID:%d:%d", &id, &other) != 2 || other != -7 || !(flags & MNT_BYFSID)) return errno = EINVAL, -1;
	for (int i = 0; i < n; i++) {
		if (all[i].id != id) continue;
		CALLED("unmount", " %s%s", tail(all[i].at), flags & MNT_FORCE ? " by force" : "");
		return umount2(all[i].at, flags & MNT_FORCE ? MNT_DETACH : 0);
	}
	return errno = ENOENT, -1;
}
int test_fstatfs(int fd, struct test_statfs *fs) {
	static struct known all[512];
	char name[64], line[256];
	int id = -1, n = mounts(all, 512);
	CALLED("fstatfs", " ");
	memset(fs, 0, sizeof *fs);
	snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
	FILE *f = fopen(name, "re");
	while (f && fgets(line, sizeof line, f)) (void)sscanf(line, "mnt_id: %d", &id);
	if (f) fclose(f);
	for (int i = 0; i < n; i++) /* a bind is of the type of what it shows */
		if (all[i].id == id) strcpy(fs->f_fstypename, strcmp(all[i].type, "devfs") == 0 ? "devfs" : "nullfs");
	return 0;
}

/* ---- devfs: rules as the kernel keeps them, for the one mount of a test ---- */

static struct devfs_rule set[16];
static int set_size;
int test_ioctl(int fd, unsigned long what, void *data) {
	struct devfs_rule *r = data;
	switch (what) {
	case DEVFSIO_RADD:
		CALLED("ioctl", " add %u %s %s", r->dr_id & 0xffff, r->dr_bacts == DRB_HIDE ? "hide" : "show", r->dr_icond ? r->dr_pathptrn : "all");
		if (set_size == 0 && getenv("GAOL_OTHER_RULES")) set[set_size] = *r, set[set_size++].dr_bacts = DRB_UNHIDE;
		for (int i = 0; i < set_size; i++)
			if (set[i].dr_id == r->dr_id) return errno = EEXIST, -1;
		set[set_size++] = *r;
		return 0;
	case DEVFSIO_RGETNEXT:
		CALLED("ioctl", " next %u", r->dr_id & 0xffff);
		for (int i = 0; i < set_size; i++)
			if (set[i].dr_id > r->dr_id) return *r = set[i], 0;
		return errno = ENOENT, -1;
	case DEVFSIO_SUSE: CALLED("ioctl", " use"); return 0;
	case DEVFSIO_SAPPLY:
		CALLED("ioctl", " apply");
		if (getenv("GAOL_NO_RULES") == NULL) unlinkat(fd, "mem", 0), unlinkat(fd, "ada0", 0);
		return 0;
	}
	return errno = ENOTTY, -1;
}

/* ---- jails: a chroot, and a file beside the root that says that it is there ---- */

static char *mark_path(char *to, size_t room) { return snprintf(to, room, "%s.jail", getenv("GAOL_PLACE") ? getenv("GAOL_PLACE") : "/nowhere"), to; }

int jail_set(struct iovec *v, unsigned n, int flags) {
	char text[2048] = "", path[PATH_MAX];
	for (unsigned i = 0; i + 1 < n; i += 2) {
		const char *name = v[i].iov_base;
		if (strlen(name) + 1 != v[i].iov_len) abort();
		size_t length = strlen(text);
		if (strcmp(name, "errmsg") == 0) continue;
		if (strcmp(name, "name") == 0) snprintf(text + length, sizeof text - length, " name=gaol-*");
		else if (v[i + 1].iov_base == NULL) snprintf(text + length, sizeof text - length, " %s", name);
		else if (v[i + 1].iov_len == sizeof(int) && strcmp(name, "host.hostname") != 0) snprintf(text + length, sizeof text - length, " %s=%d", name, *(int *)v[i + 1].iov_base);
		else snprintf(text + length, sizeof text - length, " %s=%s", name, tail(v[i + 1].iov_base));
	}
	if (called("jail_set", " %d%s", flags, text) < 0) {
		char *says = (char *)(uintptr_t)found(v, n, "errmsg");
		strcpy(says, "unknown parameter: allow.nosuser");
		return -1;
	}
	int fd = open(mark_path(path, sizeof path), O_CREAT | O_WRONLY, 0600);
	if (fd >= 0) close(fd);
	if (chroot(found(v, n, "path")) < 0 || chdir("/") < 0) return -1;
	return jailed = 1;
}
int jail_get(struct iovec *v, unsigned n, int flags) {
	char path[PATH_MAX];
	(void)flags;
	if (found(v, n, "name") == NULL) abort();
	CALLED("jail_get", " ");
	return access(mark_path(path, sizeof path), F_OK) == 0 ? 17 : -1;
}
/* kills what has its root in the place, as a jail's end does; what is made meanwhile, too */
static int kill_all(const char *place) {
	char link[64], root[PATH_MAX];
	int n = 0;
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && place && (e = readdir(d)) != NULL;) {
		snprintf(link, sizeof link, "/proc/%.20s/root", e->d_name);
		ssize_t length = readlink(link, root, sizeof root - 1);
		if (length <= 0) continue;
		root[length] = 0;
		if (strncmp(root, place, strlen(place)) == 0) kill(atoi(e->d_name), SIGKILL), n++;
	}
	if (d) closedir(d);
	return n;
}
int jail_remove(int jid) {
	char path[PATH_MAX];
	CALLED("jail_remove", " %d", jid);
	for (int quiet = 0; quiet < 3; quiet++)
		if (kill_all(getenv("GAOL_PLACE")) > 0) quiet = 0, usleep(1000);
	return unlink(mark_path(path, sizeof path));
}
int sysctlbyname(const char *name, void *to, size_t *size, const void *from, size_t n) {
	(void)size, (void)from, (void)n;
	CALLED("sysctlbyname", " %s", name);
	*(int *)to = getenv("GAOL_NO_JAIL") ? 0 : jailed;
	return 0;
}
