/* at_freebsd.c: see at.h. By the numbers of the calls, since the library replaces the functions. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/param.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "at.h"

int gaol_at_open(int fd, const char *below, int flags, mode_t mode) { return (int)syscall(SYS_openat, fd, below, flags, mode); }
int gaol_at_stat(int fd, const char *below, struct stat *st, int nofollow) { return (int)syscall(SYS_fstatat, fd, below, st, nofollow ? AT_SYMLINK_NOFOLLOW : 0); }
int gaol_at_access(int fd, const char *below, int mode, int flags) { return (int)syscall(SYS_faccessat, fd, below, mode, flags); }
ssize_t gaol_at_readlink(int fd, const char *below, char *to, size_t room) { return syscall(SYS_readlinkat, fd, below, to, room); }
int gaol_at_unlink(int fd, const char *below, int flags) { return (int)syscall(SYS_unlinkat, fd, below, flags); }
int gaol_at_mkdir(int fd, const char *below, mode_t mode) { return (int)syscall(SYS_mkdirat, fd, below, mode); }
int gaol_at_mkfifo(int fd, const char *below, mode_t mode) { return (int)syscall(SYS_mkfifoat, fd, below, mode); }
int gaol_at_symlink(const char *target, int fd, const char *below) { return (int)syscall(SYS_symlinkat, target, fd, below); }
int gaol_at_rename(int from, const char *a, int to, const char *b) { return (int)syscall(SYS_renameat, from, a, to, b); }
int gaol_at_link(int from, const char *a, int to, const char *b, int flags) { return (int)syscall(SYS_linkat, from, a, to, b, flags); }
int gaol_at_chmod(int fd, const char *below, mode_t mode, int nofollow) { return (int)syscall(SYS_fchmodat, fd, below, mode, nofollow ? AT_SYMLINK_NOFOLLOW : 0); }
int gaol_at_chown(int fd, const char *below, uid_t uid, gid_t gid, int nofollow) {
	return (int)syscall(SYS_fchownat, fd, below, uid, gid, nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}
int gaol_at_times(int fd, const char *below, const struct timespec times[2], int nofollow) {
	return (int)syscall(SYS_utimensat, fd, below, times, nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

static int named(long call, int socket, int fd, const char *below) {
	struct sockaddr_un a;
	memset(&a, 0, sizeof a);
	a.sun_family = AF_UNIX;
	if (strlen(below) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, below);
	a.sun_len = (unsigned char)SUN_LEN(&a);
	return (int)syscall(call, fd, socket, &a, SUN_LEN(&a));
}

int gaol_at_connect(int socket, int fd, const char *below) { return named(SYS_connectat, socket, fd, below); }
int gaol_at_bind(int socket, int fd, const char *below) { return named(SYS_bindat, socket, fd, below); }
int gaol_raw_open(const char *path) { return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC); }
