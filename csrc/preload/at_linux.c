/* at_linux.c: see at.h. For tests: what lies above the last element is looked up below the descriptor and nowhere else, as capability mode has it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "at.h"

int gaol_at_open(int fd, const char *below, int flags, mode_t mode) {
	struct open_how how = {.flags = (unsigned)flags, .mode = flags & (O_CREAT | __O_TMPFILE) ? mode & 07777 : 0, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int r = (int)syscall(SYS_openat2, fd, below, &how, sizeof how);
	if (r < 0 && errno == EXDEV) errno = GAOL_OUTSIDE;
	return r;
}

static int done(int fd, long r) {
	int error = errno;
	close(fd);
	errno = error;
	return (int)r;
}

/* The directory that the last element lies in, and that element. */
static int parent(int fd, const char *below, char name[256]) {
	char dir[4096];
	size_t n = strlen(below);
	if (n >= sizeof dir) { errno = ENAMETOOLONG; return -1; }
	memcpy(dir, below, n + 1);
	while (n > 1 && dir[n - 1] == '/') dir[--n] = 0;
	char *slash = strrchr(dir, '/');
	const char *last = slash ? slash + 1 : dir;
	if (strlen(last) >= 256) { errno = ENAMETOOLONG; return -1; }
	strcpy(name, last);
	if (strcmp(name, "..") == 0) { errno = GAOL_OUTSIDE; return -1; }
	if (slash) *slash = 0;
	return gaol_at_open(fd, slash ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

#define IN_PARENT(call) \
	char name[256]; \
	int p = parent(fd, below, name); \
	return p < 0 ? -1 : done(p, call)
#define ON(nofollow, call) \
	int p = gaol_at_open(fd, below, O_PATH | O_CLOEXEC | ((nofollow) ? O_NOFOLLOW : 0), 0); \
	return p < 0 ? -1 : done(p, call)

int gaol_at_stat(int fd, const char *below, struct stat *st, int nofollow) { ON(nofollow, syscall(SYS_newfstatat, p, "", st, AT_EMPTY_PATH)); }
int gaol_at_access(int fd, const char *below, int mode, int flags) { ON(0, syscall(SYS_faccessat2, p, "", mode, flags | AT_EMPTY_PATH)); }
ssize_t gaol_at_readlink(int fd, const char *below, char *to, size_t room) { IN_PARENT(syscall(SYS_readlinkat, p, name, to, room)); }
int gaol_at_unlink(int fd, const char *below, int flags) { IN_PARENT(syscall(SYS_unlinkat, p, name, flags)); }
int gaol_at_mkdir(int fd, const char *below, mode_t mode) { IN_PARENT(syscall(SYS_mkdirat, p, name, mode)); }
int gaol_at_mkfifo(int fd, const char *below, mode_t mode) { IN_PARENT(syscall(SYS_mknodat, p, name, mode | S_IFIFO, 0)); }
int gaol_at_symlink(const char *target, int fd, const char *below) { IN_PARENT(syscall(SYS_symlinkat, target, p, name)); }
int gaol_at_chmod(int fd, const char *below, mode_t mode, int nofollow) {
	char link[64];
	ON(nofollow, (snprintf(link, sizeof link, "/proc/self/fd/%d", p), syscall(SYS_fchmodat, AT_FDCWD, link, mode)));
}
int gaol_at_chown(int fd, const char *below, uid_t uid, gid_t gid, int nofollow) { ON(nofollow, syscall(SYS_fchownat, p, "", uid, gid, AT_EMPTY_PATH)); }
int gaol_at_times(int fd, const char *below, const struct timespec times[2], int nofollow) { ON(nofollow, syscall(SYS_utimensat, p, "", times, AT_EMPTY_PATH)); }

static int two(int from, const char *a, int to, const char *b, long (*call)(int, const char *, int, const char *, int), int flags) {
	char x[256], y[256];
	int p = parent(from, a, x);
	if (p < 0) return -1;
	int q = parent(to, b, y);
	if (q < 0) return done(p, -1);
	return done(p, done(q, call(p, x, q, y, flags)));
}
static long renames(int p, const char *x, int q, const char *y, int flags) { return syscall(SYS_renameat2, p, x, q, y, flags); }
static long links(int p, const char *x, int q, const char *y, int flags) { return syscall(SYS_linkat, p, x, q, y, flags); }
int gaol_at_rename(int from, const char *a, int to, const char *b) { return two(from, a, to, b, renames, 0); }
int gaol_at_link(int from, const char *a, int to, const char *b, int flags) { (void)flags; return two(from, a, to, b, links, 0); }

static long named(long call, int socket, int p, const char *name) {
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%s", p, name) >= (int)sizeof a.sun_path) { errno = ENAMETOOLONG; return -1; }
	return syscall(call, socket, &a, sizeof a);
}
int gaol_at_connect(int socket, int fd, const char *below) { IN_PARENT(named(SYS_connect, socket, p, name)); }
int gaol_at_bind(int socket, int fd, const char *below) { IN_PARENT(named(SYS_bind, socket, p, name)); }
int gaol_raw_open(const char *path) { (void)path; errno = EACCES; return -1; }
