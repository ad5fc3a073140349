/* spawn.c: programs that the C library would start by itself, past execve, and libraries that the run-time linker would open by a path. What happens to
 * descriptors before the exec (posix_spawn_file_actions) is kept in a form of this library's own, since paths are in it. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

extern char **environ;

/* ---- what happens to descriptors ---- */

enum kind { OPEN, CLOSE, DUP, CHDIR, FCHDIR, CLOSE_FROM };
struct action {
	struct action *next;
	enum kind kind;
	int fd, to, flags;
	mode_t mode;
	char path[];
};
struct actions {
	struct action *first, **last;
};

/* Both systems have room for a pointer: FreeBSD's type is one, in glibc's it is a member. */
#ifdef __FreeBSD__
#define HELD(a) (*(struct actions **)(void *)(a))
#else
#define HELD(a) (*(struct actions **)(void *)&(a)->__actions)
#endif

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *a) {
	memset(a, 0, sizeof *a);
	struct actions *own = malloc(sizeof *own);
	if (own == NULL) return ENOMEM;
	own->first = NULL, own->last = &own->first;
	HELD(a) = own;
	return 0;
}
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *a) {
	struct actions *own = HELD(a);
	for (struct action *s = own->first, *next; s != NULL; s = next) next = s->next, free(s);
	free(own);
	HELD(a) = NULL;
	return 0;
}
static int add(posix_spawn_file_actions_t *a, enum kind kind, int fd, int to, const char *path, int flags, mode_t mode) {
	struct actions *own = HELD(a);
	if (fd < 0 || to < 0) return EBADF;
	struct action *s = malloc(sizeof *s + strlen(path) + 1);
	if (s == NULL) return ENOMEM;
	s->next = NULL, s->kind = kind, s->fd = fd, s->to = to, s->flags = flags, s->mode = mode;
	strcpy(s->path, path);
	*own->last = s, own->last = &s->next;
	return 0;
}
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict a, int fd, const char *restrict path, int flags, mode_t mode) { return add(a, OPEN, fd, 0, path, flags, mode); }
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *a, int fd) { return add(a, CLOSE, fd, 0, "", 0, 0); }
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *a, int fd, int to) { return add(a, DUP, fd, to, "", 0, 0); }
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *restrict a, const char *restrict path) { return add(a, CHDIR, 0, 0, path, 0, 0); }
int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *a, int fd) { return add(a, FCHDIR, fd, 0, "", 0, 0); }
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *a, int fd) { return add(a, CLOSE_FROM, fd, 0, "", 0, 0); }

static int act(const struct action *s) {
	int fd;
	switch (s->kind) {
	case OPEN:
		if ((fd = gaol_open(AT_FDCWD, s->path, s->flags, s->mode)) < 0) return -1;
		if (fd == s->fd) return 0;
		if (dup2(fd, s->fd) < 0) return -1;
		return close(fd);
	case CLOSE: (void)close(s->fd); return 0;
	case DUP:
		if (s->fd == s->to) return fcntl(s->fd, F_SETFD, 0);
		return dup2(s->fd, s->to) < 0 ? -1 : 0;
	case CHDIR: return chdir(s->path);
	case FCHDIR: return fchdir(s->fd);
	case CLOSE_FROM: closefrom(s->fd); return 0;
	}
	return errno = EINVAL, -1;
}

/* ---- the spawn ---- */

static int prepare(const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes) {
	short flags = 0;
	sigset_t set;
	pid_t group;
	if (attributes != NULL) (void)posix_spawnattr_getflags(attributes, &flags);
	if (flags & POSIX_SPAWN_SETSIGDEF && posix_spawnattr_getsigdefault(attributes, &set) == 0)
		for (int s = 1; s < 65; s++)
			if (sigismember(&set, s) == 1) (void)signal(s, SIG_DFL);
#ifdef POSIX_SPAWN_SETSID
	if (flags & POSIX_SPAWN_SETSID && setsid() < 0) return -1;
#endif
	if (flags & POSIX_SPAWN_SETPGROUP && (posix_spawnattr_getpgroup(attributes, &group) != 0 || setpgid(0, group) < 0)) return -1;
	if (flags & POSIX_SPAWN_SETSCHEDULER || flags & POSIX_SPAWN_SETSCHEDPARAM) return errno = EPERM, -1;
	if (flags & POSIX_SPAWN_RESETIDS && (setegid(getgid()) < 0 || seteuid(getuid()) < 0)) return -1;
	for (const struct action *s = actions && HELD(actions) ? HELD(actions)->first : NULL; s != NULL; s = s->next)
		if (act(s) < 0) return -1;
	if (flags & POSIX_SPAWN_SETSIGMASK && posix_spawnattr_getsigmask(attributes, &set) == 0) (void)sigprocmask(SIG_SETMASK, &set, NULL);
	return 0;
}

static int spawn(pid_t *pid, const char *path, int search, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
	int report[2], error = 0;
	if (pipe2(report, O_CLOEXEC) < 0) return errno;
	pid_t child = fork();
	if (child == 0) {
		close(report[0]);
		/* an action may be of this number */
		int to = fcntl(report[1], F_DUPFD_CLOEXEC, 200);
		if (to < 0) to = report[1];
		else close(report[1]);
		if (prepare(actions, attributes) == 0) {
			if (search) (void)execvpe(path, argv, envp);
			else (void)execve(path, argv, envp);
		}
		error = errno;
		(void)!write(to, &error, sizeof error);
		_exit(127);
	}
	if (child < 0) error = errno;
	close(report[1]);
	if (child > 0) {
		ssize_t n;
		while ((n = read(report[0], &error, sizeof error)) < 0 && errno == EINTR) {}
		if (n != (ssize_t)sizeof error) error = 0;
		else while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
	}
	close(report[0]);
	if (error == 0 && pid != NULL) *pid = child;
	return error;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attributes,
	char *const argv[restrict], char *const envp[restrict]) {
	return spawn(pid, path, 0, actions, attributes, argv, envp);
}
int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attributes,
	char *const argv[restrict], char *const envp[restrict]) {
	return spawn(pid, file, 1, actions, attributes, argv, envp);
}

static char *const *shell(const char *command, char *argv[4]) {
	argv[0] = (char *)(uintptr_t)"sh", argv[1] = (char *)(uintptr_t)"-c", argv[2] = (char *)(uintptr_t)command, argv[3] = NULL;
	return argv;
}
#define SHELL "/bin/sh"

int system(const char *command) {
	char *argv[4];
	pid_t pid;
	int status, error;
	if (command == NULL) return access(SHELL, X_OK) == 0;
	struct sigaction ignore, intr, quit;
	sigset_t child, old;
	memset(&ignore, 0, sizeof ignore);
	ignore.sa_handler = SIG_IGN;
	sigemptyset(&child), sigaddset(&child, SIGCHLD);
	sigaction(SIGINT, &ignore, &intr), sigaction(SIGQUIT, &ignore, &quit);
	sigprocmask(SIG_BLOCK, &child, &old);
	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	sigset_t plain;
	sigemptyset(&plain);
	if (intr.sa_handler != SIG_IGN) sigaddset(&plain, SIGINT);
	if (quit.sa_handler != SIG_IGN) sigaddset(&plain, SIGQUIT);
	posix_spawnattr_setsigdefault(&attributes, &plain), posix_spawnattr_setsigmask(&attributes, &old);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	error = spawn(&pid, SHELL, 0, NULL, &attributes, shell(command, argv), environ);
	posix_spawnattr_destroy(&attributes);
	if (error != 0) status = 127 << 8;
	else while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) { status = -1; break; }
	sigaction(SIGINT, &intr, NULL), sigaction(SIGQUIT, &quit, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}

static struct stream {
	struct stream *next;
	FILE *file;
	pid_t pid;
} *streams;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

FILE *popen(const char *command, const char *mode) {
	int ends[2], own = mode[0] == 'r' ? 0 : 1, error;
	char *argv[4];
	if ((mode[0] != 'r' && mode[0] != 'w') || strchr(mode, '+') != NULL) return errno = EINVAL, NULL;
	struct stream *s = malloc(sizeof *s);
	if (s == NULL) return NULL;
	if (pipe2(ends, O_CLOEXEC) < 0) return free(s), NULL;
	posix_spawn_file_actions_t actions;
	if ((error = posix_spawn_file_actions_init(&actions)) == 0) {
		error = posix_spawn_file_actions_adddup2(&actions, ends[!own], !own);
		if (error == 0) error = spawn(&s->pid, SHELL, 0, &actions, NULL, shell(command, argv), environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[!own]);
	s->file = error == 0 ? fdopen(ends[own], own ? "w" : "r") : NULL;
	if (s->file == NULL) {
		int started = error == 0;
		if (started) error = errno;
		close(ends[own]);
		if (started) while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR) {} /* whose input or output has ended */
		free(s);
		return errno = error, NULL;
	}
	if (strchr(mode, 'e') == NULL) (void)fcntl(ends[own], F_SETFD, 0);
	pthread_mutex_lock(&lock);
	s->next = streams, streams = s;
	pthread_mutex_unlock(&lock);
	return s->file;
}

int pclose(FILE *file) {
	struct stream **at, *s;
	int status;
	pthread_mutex_lock(&lock);
	for (at = &streams; (s = *at) != NULL && s->file != file; at = &s->next) {}
	if (s != NULL) *at = s->next;
	pthread_mutex_unlock(&lock);
	if (s == NULL) return errno = ECHILD, -1;
	fclose(file);
	while (waitpid(s->pid, &status, 0) < 0)
		if (errno != EINTR) { status = -1; break; }
	free(s);
	return status;
}

/* ---- libraries ---- */

void *dlopen(const char *path, int mode) {
	void *(*real)(const char *, int);
	*(void **)(void *)&real = dlsym(RTLD_NEXT, "dlopen");
	if (path == NULL || strchr(path, '/') == NULL) return real(path, mode); /* the run-time linker has descriptors of its directories */
	int fd = gaol_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0) return real(path, mode); /* which is denied, and says so in dlerror */
#ifdef __FreeBSD__
	void *library = fdlopen(fd, mode);
#else
	char link[64], at[GAOL_PATH]; /* in tests: there is no fdlopen, and libraries are known by their names */
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = syscall(SYS_readlink, link, at, sizeof at - 1);
	at[n < 0 ? 0 : n] = 0;
	void *library = real(at, mode);
#endif
	close(fd);
	return library;
}

/* ---- names that are not taken ---- */

static int template(char *path, int suffix, char **at) {
	size_t n = strlen(path);
	if (suffix < 0 || n < 6 + (size_t)suffix) return -1;
	*at = path + n - (size_t)suffix - 6;
	return strncmp(*at, "XXXXXX", 6) == 0 ? 0 : -1;
}
static void name(char *at) {
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned char random[6];
	if (getentropy(random, sizeof random) < 0) abort();
	for (int i = 0; i < 6; i++) at[i] = letters[random[i] % (sizeof letters - 1)];
}
int mkostemps(char *path, int suffix, int flags) {
	char *at;
	if (template(path, suffix, &at) < 0) return errno = EINVAL, -1;
	for (int i = 0; i < 1000; i++) {
		name(at);
		int fd = gaol_open(AT_FDCWD, path, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0 || errno != EEXIST) return fd;
	}
	return -1;
}
int mkstemps(char *path, int suffix) { return mkostemps(path, suffix, 0); }
int mkostemp(char *path, int flags) { return mkostemps(path, 0, flags); }
int mkstemp(char *path) { return mkostemps(path, 0, 0); }
char *mkdtemp(char *path) {
	char *at;
	if (template(path, 0, &at) < 0) return errno = EINVAL, NULL;
	for (int i = 0; i < 1000; i++) {
		name(at);
		if (mkdir(path, 0700) == 0) return path;
		if (errno != EEXIST) return NULL;
	}
	return NULL;
}
