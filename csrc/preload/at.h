/* at.h: the calls below a descriptor that the preload library makes. On FreeBSD they are the system's, which capability mode keeps below it; on
 * Linux, in tests alone, openat2 with RESOLVE_BENEATH stands in for that. Each returns what its namesake does, -1 with errno. */
#ifndef GAOL_AT_H
#define GAOL_AT_H

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

#ifdef __FreeBSD__
#define GAOL_OUTSIDE ENOTCAPABLE
#else
#define GAOL_OUTSIDE 4093 /* no errno of Linux's */
#endif

int gaol_at_open(int fd, const char *below, int flags, mode_t mode);
int gaol_at_stat(int fd, const char *below, struct stat *st, int nofollow);
int gaol_at_access(int fd, const char *below, int mode, int flags);
ssize_t gaol_at_readlink(int fd, const char *below, char *to, size_t room);
int gaol_at_unlink(int fd, const char *below, int flags);
int gaol_at_mkdir(int fd, const char *below, mode_t mode);
int gaol_at_mkfifo(int fd, const char *below, mode_t mode);
int gaol_at_symlink(const char *target, int fd, const char *below);
int gaol_at_rename(int from, const char *a, int to, const char *b);
int gaol_at_link(int from, const char *a, int to, const char *b, int flags);
int gaol_at_chmod(int fd, const char *below, mode_t mode, int nofollow);
int gaol_at_chown(int fd, const char *below, uid_t uid, gid_t gid, int nofollow);
int gaol_at_times(int fd, const char *below, const struct timespec times[2], int nofollow);
int gaol_at_connect(int socket, int fd, const char *below);
int gaol_at_bind(int socket, int fd, const char *below);
int gaol_raw_open(const char *path); /* as it is: what is denied is denied by the kernel */

#endif
