/* core.c: the table, the working directory, and the way of every call: first as the path is written, and what the kernel then refuses, once more
 * after a walk. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

struct gaol_table gaol_table;
static char cwd[GAOL_PATH] = "/";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *opened[1024]; /* paths of directories, for fchdir */

__attribute__((constructor(101))) static void start(void) {
	const char *table = getenv("GAOL_FDS"), *dir = getenv("GAOL_CWD");
	/* the program may change its environment, and the table points into its text */
	char *copy = table ? strdup(table) : NULL;
	(void)gaol_table_parse(copy, &gaol_table);
	if (dir != NULL && dir[0] == '/' && strlen(dir) < sizeof cwd) strcpy(cwd, dir);
}

void gaol_directory(char to[GAOL_PATH]) {
	pthread_mutex_lock(&lock);
	strcpy(to, cwd);
	pthread_mutex_unlock(&lock);
}

static int link_at(int fd, const char *below, char *to, size_t room) {
	struct stat st;
	if (gaol_at_stat(fd, below, &st, 1) < 0) return -errno;
	if (!S_ISLNK(st.st_mode)) return 0;
	ssize_t n = gaol_at_readlink(fd, below, to, room - 1);
	if (n < 0) return -errno;
	if (n == 0 || (size_t)n >= room - 1) return -ENAMETOOLONG;
	to[n] = 0;
	return (int)n;
}
static const struct gaol_walk walk = {link_at};

static long refuse(int error, const char *path) {
	if (error == EACCES && gaol_table.ask) (void)gaol_raw_open(path);
	errno = error;
	return -1;
}

long gaol_do(int dirfd, const char *path, int nofollow, gaol_call call, void *arguments, struct gaol_at *at) {
	struct gaol_at own;
	char dir[GAOL_PATH], absolute[GAOL_PATH];
	int r;
	if (at == NULL) at = &own;
	if (path == NULL) return refuse(EFAULT, "");
	if (dirfd != AT_FDCWD && path[0] != '/') {
		r = (int)call(dirfd, path, arguments);
		if (r >= 0 || errno != GAOL_OUTSIDE) return r;
		/* of what the program has opened itself the path may be known */
		pthread_mutex_lock(&lock);
		r = dirfd >= 0 && dirfd < (int)(sizeof opened / sizeof opened[0]) && opened[dirfd] != NULL;
		if (r) strcpy(dir, opened[dirfd]);
		pthread_mutex_unlock(&lock);
		if (!r) return refuse(EACCES, path);
	} else {
		gaol_directory(dir);
	}
	if ((r = gaol_absolute(dir, path, absolute)) < 0) return refuse(-r, path);
	r = gaol_find(&gaol_table, absolute, at);
	if (r == 0 && at->fd < 0) return GAOL_ABOVE;
	if (r == 0) {
		long result = call(at->fd, at->below, arguments);
		if (result >= 0 || errno != GAOL_OUTSIDE) return result;
	} else if (r != -EACCES || strstr(absolute, "..") == NULL) {
		return refuse(-r, absolute);
	}
	if ((r = gaol_walk(&gaol_table, &walk, absolute, nofollow, at)) < 0) return refuse(-r, absolute);
	if (at->fd < 0) return GAOL_ABOVE;
	long result = call(at->fd, at->below, arguments);
	if (result < 0 && errno == GAOL_OUTSIDE) return refuse(EACCES, absolute);
	return result;
}

int gaol_canonical(const char *path, char to[GAOL_PATH]) {
	struct gaol_at at;
	struct stat st;
	char dir[GAOL_PATH], absolute[GAOL_PATH];
	int r;
	gaol_directory(dir);
	if ((r = gaol_absolute(dir, path, absolute)) < 0 || (r = gaol_walk(&gaol_table, &walk, absolute, 0, &at)) < 0) return (int)refuse(-r, absolute);
	if (at.fd >= 0 && at.below[0] != 0 && gaol_at_stat(at.fd, at.below, &st, 1) < 0) return -1;
	strcpy(to, at.path[0] ? at.path : "/");
	return 0;
}

/* ---- open ---- */

struct opening {
	int flags;
	mode_t mode;
};

/* A file's own descriptor is opened already: what the program gets shares the place in the file with it, and starts at its beginning. */
static long again(int fd, const struct opening *o) {
	int have = fcntl(fd, F_GETFL);
	if (have < 0) return -1;
	int want = o->flags & O_ACCMODE, can = have & O_ACCMODE;
	if (o->flags & O_DIRECTORY) return refuse(ENOTDIR, "");
	if ((o->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return refuse(EEXIST, "");
	if (can != O_RDWR && want != can) return refuse(EACCES, "");
	int r = fcntl(fd, o->flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 3);
	if (r < 0) return -1;
	if (o->flags & O_TRUNC && can != O_RDONLY) (void)ftruncate(r, 0);
	(void)lseek(r, 0, o->flags & O_APPEND ? SEEK_END : SEEK_SET);
	return r;
}

static long open_at(int fd, const char *below, void *arguments) {
	const struct opening *o = arguments;
	if (below[0] == 0) return again(fd, o);
	return gaol_at_open(fd, below, o->flags, o->mode);
}

int gaol_open(int dirfd, const char *path, int flags, mode_t mode) {
	struct opening o = {flags, mode};
	struct gaol_at at;
	at.path[0] = 0;
	long r = gaol_do(dirfd, path, flags & O_NOFOLLOW ? 1 : 0, open_at, &o, &at);
	if (r == GAOL_ABOVE) return (int)refuse(EACCES, path);
	if (r >= 0 && r < (long)(sizeof opened / sizeof opened[0])) {
		char *old, *new = flags & O_DIRECTORY && at.path[0] ? strdup(at.path) : NULL;
		pthread_mutex_lock(&lock);
		old = opened[r], opened[r] = new;
		pthread_mutex_unlock(&lock);
		free(old);
	}
	return (int)r;
}

/* ---- the working directory, which is the library's own: in capability mode a process cannot have one that leads anywhere ---- */

static long stat_at(int fd, const char *below, void *st) { return below[0] == 0 ? (errno = ENOTDIR, -1) : gaol_at_stat(fd, below, st, 0); }

int chdir(const char *path) {
	char to[GAOL_PATH];
	struct stat st;
	if (path == NULL || gaol_canonical(path, to) < 0) return -1;
	long r = gaol_do(AT_FDCWD, to, 0, stat_at, &st, NULL);
	if (r == -1) return -1;
	if (r != GAOL_ABOVE && !S_ISDIR(st.st_mode)) return (int)refuse(ENOTDIR, path);
	pthread_mutex_lock(&lock);
	strcpy(cwd, to);
	pthread_mutex_unlock(&lock);
	return 0;
}

int fchdir(int fd) {
	char to[GAOL_PATH];
	struct stat a, b;
	int known = 0;
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < (int)(sizeof opened / sizeof opened[0]) && opened[fd] != NULL) known = 1, strcpy(to, opened[fd]);
	pthread_mutex_unlock(&lock);
	if (fstat(fd, &a) < 0) return -1;
	/* the number may be another file's by now */
	if (!known || gaol_do(AT_FDCWD, to, 0, stat_at, &b, NULL) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino) return (int)refuse(EACCES, "");
	return chdir(to);
}

char *getcwd(char *to, size_t room) {
	char dir[GAOL_PATH];
	gaol_directory(dir);
	size_t n = strlen(dir) + 1;
	if (to == NULL && room == 0) room = n;
	if (room < n) {
		errno = ERANGE;
		return NULL;
	}
	if (to == NULL && (to = malloc(room)) == NULL) return NULL;
	return memcpy(to, dir, n);
}
