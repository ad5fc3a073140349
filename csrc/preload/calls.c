/* calls.c: the functions of the C library that take a path, in place of which the preload library comes. Which others call the kernel past these
 * inside of the C library differs between systems: on FreeBSD its own names begin with an underscore, and have the same definitions here. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"

#define MODE \
	mode_t mode = 0; \
	if (flags & O_CREAT) { \
		va_list more; \
		va_start(more, flags); \
		mode = (mode_t)va_arg(more, int); \
		va_end(more); \
	}

int open(const char *path, int flags, ...) { MODE return gaol_open(AT_FDCWD, path, flags, mode); }
int openat(int fd, const char *path, int flags, ...) { MODE return gaol_open(fd, path, flags, mode); }
int creat(const char *path, mode_t mode) { return gaol_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* ---- what is there ---- */

struct asked {
	struct stat *st;
	int nofollow, mode, flags;
};

static long do_stat(int fd, const char *below, void *a) {
	struct asked *q = a;
	return below[0] == 0 ? fstat(fd, q->st) : gaol_at_stat(fd, below, q->st, q->nofollow);
}

static int stat_path(int dirfd, const char *path, struct stat *st, int flags) {
	struct asked q = {st, flags & AT_SYMLINK_NOFOLLOW ? 1 : 0, 0, 0};
#ifdef AT_EMPTY_PATH
	if (path != NULL && path[0] == 0 && flags & AT_EMPTY_PATH && dirfd != AT_FDCWD) return fstat(dirfd, st);
#endif
	long r = gaol_do(dirfd, path, q.nofollow, do_stat, &q, NULL);
	if (r != GAOL_ABOVE) return (int)r;
	memset(st, 0, sizeof *st); /* a directory above what is granted: that it is one is all that there is to know */
	st->st_mode = S_IFDIR | 0555;
	st->st_nlink = 2;
	return 0;
}

int stat(const char *path, struct stat *st) { return stat_path(AT_FDCWD, path, st, 0); }
int lstat(const char *path, struct stat *st) { return stat_path(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }
int fstatat(int fd, const char *path, struct stat *st, int flags) { return stat_path(fd, path, st, flags); }

static long do_access(int fd, const char *below, void *a) {
	struct asked *q = a;
	if (below[0] != 0) return gaol_at_access(fd, below, q->mode, q->flags);
	int can = fcntl(fd, F_GETFL) & O_ACCMODE;
	if ((q->mode & R_OK && can == O_WRONLY) || (q->mode & W_OK && can == O_RDONLY)) return errno = EACCES, -1;
	return 0;
}

int faccessat(int fd, const char *path, int mode, int flags) {
	struct asked q = {NULL, 0, mode, flags};
	long r = gaol_do(fd, path, 0, do_access, &q, NULL);
	if (r == GAOL_ABOVE) return mode & (W_OK | R_OK) ? (errno = EACCES, -1) : 0;
	return (int)r;
}
int access(const char *path, int mode) { return faccessat(AT_FDCWD, path, mode, 0); }
int eaccess(const char *path, int mode) { return faccessat(AT_FDCWD, path, mode, AT_EACCESS); }

struct reading {
	char *to;
	size_t room;
};
static long do_readlink(int fd, const char *below, void *a) {
	struct reading *r = a;
	(void)fd;
	return below[0] == 0 ? (errno = EINVAL, -1) : gaol_at_readlink(fd, below, r->to, r->room);
}
ssize_t readlinkat(int fd, const char *path, char *to, size_t room) {
	struct reading a = {to, room};
	long r = gaol_do(fd, path, 1, do_readlink, &a, NULL);
	return r == GAOL_ABOVE ? (errno = EINVAL, -1) : r;
}
ssize_t readlink(const char *path, char *to, size_t room) { return readlinkat(AT_FDCWD, path, to, room); }

char *realpath(const char *path, char *to) {
	char canonical[GAOL_PATH];
	if (path == NULL || gaol_canonical(path, canonical) < 0) return NULL;
	return to == NULL ? strdup(canonical) : strcpy(to, canonical);
}

/* ---- what is changed ---- */

struct change {
	mode_t mode;
	int flags;
	uid_t uid;
	gid_t gid;
	const struct timespec *times;
	const char *target;
	off_t length;
	int socket;
};

/* one makes a function's call; of a directory above what is granted it says errno. */
static int one(int dirfd, const char *path, int nofollow, gaol_call call, struct change *c, int above) {
	long r = gaol_do(dirfd, path, nofollow, call, c, NULL);
	return r == GAOL_ABOVE ? (errno = above, -1) : (int)r;
}
#define A const struct change *c = a
#define FILE_SAYS(error) \
	if (below[0] == 0) return errno = (error), -1

static long do_unlink(int fd, const char *below, void *a) { A; FILE_SAYS(EACCES); return gaol_at_unlink(fd, below, c->flags); }
static long do_mkdir(int fd, const char *below, void *a) { A; FILE_SAYS(EEXIST); return gaol_at_mkdir(fd, below, c->mode); }
static long do_mkfifo(int fd, const char *below, void *a) { A; FILE_SAYS(EEXIST); return gaol_at_mkfifo(fd, below, c->mode); }
static long do_symlink(int fd, const char *below, void *a) { A; FILE_SAYS(EEXIST); return gaol_at_symlink(c->target, fd, below); }
static long do_chmod(int fd, const char *below, void *a) { A; return below[0] == 0 ? fchmod(fd, c->mode) : gaol_at_chmod(fd, below, c->mode, c->flags & AT_SYMLINK_NOFOLLOW); }
static long do_chown(int fd, const char *below, void *a) { A; return below[0] == 0 ? fchown(fd, c->uid, c->gid) : gaol_at_chown(fd, below, c->uid, c->gid, c->flags & AT_SYMLINK_NOFOLLOW); }
static long do_times(int fd, const char *below, void *a) { A; return below[0] == 0 ? futimens(fd, c->times) : gaol_at_times(fd, below, c->times, c->flags & AT_SYMLINK_NOFOLLOW); }
static long do_truncate(int fd, const char *below, void *a) {
	A;
	if (below[0] == 0) return ftruncate(fd, c->length);
	int f = gaol_at_open(fd, below, O_WRONLY | O_CLOEXEC, 0);
	if (f < 0) return -1;
	int r = ftruncate(f, c->length), error = errno;
	close(f);
	errno = error;
	return r;
}

int unlinkat(int fd, const char *path, int flags) { struct change c = {.flags = flags}; return one(fd, path, 1, do_unlink, &c, EACCES); }
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
	struct stat st;
	if (lstat(path, &st) < 0) return -1;
	return S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}
int mkdirat(int fd, const char *path, mode_t mode) { struct change c = {.mode = mode}; return one(fd, path, 1, do_mkdir, &c, EEXIST); }
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
int mkfifo(const char *path, mode_t mode) { struct change c = {.mode = mode}; return one(AT_FDCWD, path, 1, do_mkfifo, &c, EEXIST); }
int mkfifoat(int fd, const char *path, mode_t mode) { struct change c = {.mode = mode}; return one(fd, path, 1, do_mkfifo, &c, EEXIST); }
int symlinkat(const char *target, int fd, const char *path) { struct change c = {.target = target}; return one(fd, path, 1, do_symlink, &c, EEXIST); }
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
int fchmodat(int fd, const char *path, mode_t mode, int flags) { struct change c = {.mode = mode, .flags = flags}; return one(fd, path, flags & AT_SYMLINK_NOFOLLOW ? 1 : 0, do_chmod, &c, EACCES); }
int chmod(const char *path, mode_t mode) { return fchmodat(AT_FDCWD, path, mode, 0); }
int fchownat(int fd, const char *path, uid_t uid, gid_t gid, int flags) { struct change c = {.uid = uid, .gid = gid, .flags = flags}; return one(fd, path, flags & AT_SYMLINK_NOFOLLOW ? 1 : 0, do_chown, &c, EACCES); }
int chown(const char *path, uid_t uid, gid_t gid) { return fchownat(AT_FDCWD, path, uid, gid, 0); }
int lchown(const char *path, uid_t uid, gid_t gid) { return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW); }
int utimensat(int fd, const char *path, const struct timespec times[2], int flags) {
	struct change c = {.times = times, .flags = flags};
	if (path == NULL) return futimens(fd, times);
	return one(fd, path, flags & AT_SYMLINK_NOFOLLOW ? 1 : 0, do_times, &c, EACCES);
}
int truncate(const char *path, off_t length) { struct change c = {.length = length}; return one(AT_FDCWD, path, 0, do_truncate, &c, EISDIR); }

/* Two paths: the first is turned to its descriptor, and the call made where the second leads. */
struct pair {
	int flags, link;
	int fd;
	const char *below;
};
static long do_second(int fd, const char *below, void *a) {
	struct pair *p = a;
	if (below[0] == 0 || p->below[0] == 0) return errno = EACCES, -1;
	return p->link ? gaol_at_link(p->fd, p->below, fd, below, p->flags) : gaol_at_rename(p->fd, p->below, fd, below);
}
struct both {
	struct pair pair;
	int to;
	const char *path;
};
static long do_first(int fd, const char *below, void *a) {
	struct both *b = a;
	b->pair.fd = fd, b->pair.below = below;
	long r = gaol_do(b->to, b->path, 1, do_second, &b->pair, NULL);
	return r == GAOL_ABOVE ? (errno = EACCES, -1) : r;
}
static int two(int from, const char *a, int to, const char *b, int link, int flags) {
	struct both both = {{flags, link, -1, NULL}, to, b};
	long r = gaol_do(from, a, link && flags & AT_SYMLINK_FOLLOW ? 0 : 1, do_first, &both, NULL);
	return r == GAOL_ABOVE ? (errno = EACCES, -1) : (int)r;
}
int renameat(int from, const char *a, int to, const char *b) { return two(from, a, to, b, 0, 0); }
int rename(const char *a, const char *b) { return two(AT_FDCWD, a, AT_FDCWD, b, 0, 0); }
int linkat(int from, const char *a, int to, const char *b, int flags) { return two(from, a, to, b, 1, flags); }
int link(const char *a, const char *b) { return two(AT_FDCWD, a, AT_FDCWD, b, 1, 0); }

/* ---- sockets ---- */

static long do_connect(int fd, const char *below, void *a) { A; FILE_SAYS(ECONNREFUSED); return gaol_at_connect(c->socket, fd, below); }
static long do_bind(int fd, const char *below, void *a) { A; FILE_SAYS(EADDRINUSE); return gaol_at_bind(c->socket, fd, below); }

static int named(int socket, const struct sockaddr *to, socklen_t length, gaol_call call) {
	struct sockaddr_un a;
	size_t head = offsetof(struct sockaddr_un, sun_path);
	struct change c = {.socket = socket};
	if (to == NULL || to->sa_family != AF_UNIX || length <= head || length > sizeof a || ((const struct sockaddr_un *)(const void *)to)->sun_path[0] == 0)
		return errno = EACCES, -1; /* capability mode has none of these */
	char path[sizeof a.sun_path + 1];
	memcpy(path, (const char *)to + head, length - head);
	path[length - head] = 0;
	return one(AT_FDCWD, path, 0, call, &c, EACCES);
}
#if defined(__GLIBC__)
typedef __CONST_SOCKADDR_ARG address;
#define ADDRESS(a) ((a).__sockaddr__)
#else
typedef const struct sockaddr *address;
#define ADDRESS(a) (a)
#endif
int connect(int socket, address to, socklen_t length) { return named(socket, ADDRESS(to), length, do_connect); }
int bind(int socket, address to, socklen_t length) { return named(socket, ADDRESS(to), length, do_bind); }

/* ---- streams and directories: inside of the C library they would open by themselves ---- */

FILE *fopen(const char *path, const char *mode) {
	int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
	if (mode[0] == 'w') flags |= O_CREAT | O_TRUNC;
	else if (mode[0] == 'a') flags |= O_CREAT | O_APPEND;
	else if (mode[0] != 'r') return errno = EINVAL, NULL;
	if (strchr(mode, 'e')) flags |= O_CLOEXEC;
	if (strchr(mode, 'x')) flags |= O_EXCL;
	int fd = gaol_open(AT_FDCWD, path, flags, 0666);
	if (fd < 0) return NULL;
	FILE *f = fdopen(fd, mode);
	if (f == NULL) close(fd);
	return f;
}

DIR *opendir(const char *path) {
	int fd = gaol_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0) return NULL;
	DIR *d = fdopendir(fd);
	if (d == NULL) close(fd);
	return d;
}

/* ---- the table stays: programs close what they do not know ---- */

static int ours(int fd) {
	if (fd == gaol_table.linker) return 1;
	for (int i = 0; i < gaol_table.count; i++)
		if (gaol_table.names[i].fd == fd) return 1;
	return 0;
}
static int highest(void) {
	int most = gaol_table.linker;
	for (int i = 0; i < gaol_table.count; i++)
		if (gaol_table.names[i].fd > most) most = gaol_table.names[i].fd;
	return most;
}
int close(int fd) { return ours(fd) ? (errno = EBADF, -1) : (int)syscall(SYS_close, fd); }
int close_range(unsigned low, unsigned high, int flags) {
	int most = highest();
	unsigned from = low;
	if (low > high) return errno = EINVAL, -1;
	for (int fd = 0; fd <= most; fd++) { /* what lies between those of the table */
		if (!ours(fd) || (unsigned)fd < low || (unsigned)fd > high) continue;
		if ((unsigned)fd > from && syscall(SYS_close_range, from, (unsigned)fd - 1, flags) < 0) return -1;
		from = (unsigned)fd + 1;
	}
	return from > high ? 0 : (int)syscall(SYS_close_range, from, high, flags);
}
void closefrom(int low) { (void)close_range(low < 0 ? 0 : (unsigned)low, ~0U, 0); }

#ifdef __FreeBSD__
/* the names that the C library itself uses */
#define SAME(name, of) extern __typeof(of) name __attribute__((alias(#of)))
SAME(_open, open);
SAME(_openat, openat);
SAME(_close, close);
SAME(_connect, connect);
SAME(_bind, bind);
SAME(_readlink, readlink);
SAME(_unlink, unlink);
SAME(_fstatat, fstatat);
#else
/* and those of a Linux whose offsets are as long anyway */
#define SAME(name, of) extern __typeof(of) name __attribute__((alias(#of)))
SAME(open64, open);
SAME(openat64, openat);
SAME(fopen64, fopen);
SAME(truncate64, truncate);
int stat64(const char *path, struct stat64 *st) { return stat(path, (struct stat *)(void *)st); }
int lstat64(const char *path, struct stat64 *st) { return lstat(path, (struct stat *)(void *)st); }
int fstatat64(int fd, const char *path, struct stat64 *st, int flags) { return fstatat(fd, path, (struct stat *)(void *)st, flags); }
int euidaccess(const char *path, int mode) { return eaccess(path, mode); }
int __open_2(const char *path, int flags) { return gaol_open(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return gaol_open(AT_FDCWD, path, flags, 0); }
int __openat_2(int fd, const char *path, int flags) { return gaol_open(fd, path, flags, 0); }
int renameat2(int from, const char *a, int to, const char *b, unsigned flags) { return flags ? (errno = EINVAL, -1) : renameat(from, a, to, b); }
/* ls asks by this one */
int statx(int fd, const char *path, int flags, unsigned mask, struct statx *to) {
	struct stat st;
	(void)mask;
	if (fstatat(fd, path, &st, flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) < 0) return -1;
	memset(to, 0, sizeof *to);
	to->stx_mask = STATX_BASIC_STATS;
	to->stx_mode = (unsigned short)st.st_mode, to->stx_nlink = (unsigned)st.st_nlink, to->stx_uid = st.st_uid, to->stx_gid = st.st_gid;
	to->stx_size = (unsigned long)st.st_size, to->stx_ino = st.st_ino, to->stx_blocks = (unsigned long)st.st_blocks, to->stx_blksize = (unsigned)st.st_blksize;
	to->stx_mtime.tv_sec = st.st_mtim.tv_sec, to->stx_mtime.tv_nsec = (unsigned)st.st_mtim.tv_nsec;
	return 0;
}
#endif
