/* freebsd.h: the calls of FreeBSD's that step_freebsd.c and jail_freebsd.c make, for tests on Linux: each says that it was made, with what, and fails
 * where GAOL_FAIL says so. A mount is one of Linux's, in a mount namespace of the test's own, and a jail is a chroot, so that what the program
 * sees is what the steps made. What capability mode and a jail hold is not in here: they are recorded, and hold nothing. Beside this file are
 * headers by the names of the system's, which all come to this one. */
#ifndef GAOL_TEST_FREEBSD_H
#define GAOL_TEST_FREEBSD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAXPATHLEN PATH_MAX
#define st_birthtim st_ctim /* of a directory that nobody changes meanwhile */
#define st_gen st_blksize
#define ECAPMODE 4094
#define ENOTCAPABLE 4093
#define O_EXLOCK O_DIRECT /* see test_open */
typedef unsigned u_int;

/* sys/capsicum.h */
typedef struct { uint64_t cr_rights[2]; } cap_rights_t;
#define CAP_NONE(r) ((r)->cr_rights[0] = 1ull << 57, (r)->cr_rights[1] = 1ull << 58)
enum { CAP_READ = 1, CAP_SEEK = 2, CAP_MMAP_RX = 4, CAP_FEXECVE = 8, CAP_FSTAT = 16, CAP_FSTATFS = 32, CAP_FPATHCONF = 64, CAP_FCNTL = 128, CAP_LOOKUP = 256 };
cap_rights_t *test_rights(cap_rights_t *r, ...);
#define cap_rights_init(r, ...) test_rights(r, __VA_ARGS__, 0)
int cap_rights_limit(int fd, const cap_rights_t *rights);
int cap_ioctls_limit(int fd, const unsigned long *list, size_t n);
int cap_enter(void);
int cap_getmode(u_int *mode);

/* sys/filio.h, termios.h */
#define TIOCGETA TCGETS
#define TIOCSETA TCSETS
#define TIOCSETAW TCSETSW
#define TIOCSETAF TCSETSF
#define FIODTYPE 1
#define TIOCDRAIN TCSBRK

/* sys/procctl.h, sys/procdesc.h */
enum { PROC_SPROTECT = 1, PROC_REAP_ACQUIRE, PROC_REAP_RELEASE, PROC_REAP_STATUS, PROC_REAP_GETPIDS, PROC_REAP_KILL, PROC_TRACE_CTL,
	PROC_TRAPCAP_CTL = 9, PROC_NO_NEW_PRIVS_CTL = 19 };
#define PROC_NO_NEW_PRIVS_ENABLE 1
#define PROC_TRAPCAP_CTL_ENABLE 1
#define REAPER_PIDINFO_VALID 1u
#define REAPER_PIDINFO_CHILD 2u
#define REAPER_PIDINFO_ZOMBIE 8u
#define REAPER_KILL_SUBTREE 2u
struct procctl_reaper_pidinfo { pid_t pi_pid, pi_subtree; u_int pi_flags; };
struct procctl_reaper_pids { u_int rp_count; struct procctl_reaper_pidinfo *rp_pids; };
struct procctl_reaper_kill { int rk_sig; u_int rk_flags; pid_t rk_subtree; u_int rk_killed; pid_t rk_fpid; };
int procctl(idtype_t kind, id_t id, int what, void *data);
#define PD_DAEMON 1
#define PD_CLOEXEC 2
pid_t pdfork(int *fd, int flags);
void closefrom(int from);

/* sys/mount.h */
#define MNT_RDONLY 1
#define MNT_NOEXEC 4
#define MNT_NOSUID 8
#define MNT_UPDATE 0x10000
#define MNT_FORCE 0x80000
#define MNT_BYFSID 0x8000000
#define MNT_NOWAIT 2
#define MAP_ANON MAP_ANONYMOUS
typedef struct { int val[2]; } test_fsid;
struct test_statfs { char f_fstypename[16], f_mntonname[1024]; test_fsid f_fsid; };
#define fsid_t test_fsid
#define statfs test_statfs
#define fstatfs test_fstatfs
int test_fstatfs(int fd, struct test_statfs *fs);
int getfsstat(struct test_statfs *to, long size, int flags);
int nmount(struct iovec *v, unsigned n, int flags);
int unmount(const char *what, int flags);
ssize_t getdirentries(int fd, char *to, size_t size, off_t *base);

/* sys/jail.h, sys/sysctl.h */
#define JAIL_CREATE 1
#define JAIL_UPDATE 2
#define JAIL_ATTACH 4
int jail_set(struct iovec *v, unsigned n, int flags);
int jail_get(struct iovec *v, unsigned n, int flags);
int jail_remove(int jid);
int sysctlbyname(const char *name, void *to, size_t *size, const void *from, size_t n);

/* fs/devfs/devfs.h */
#define DEVFS_MAGIC 0xdb0a087a
typedef uint32_t devfs_rid;
typedef uint16_t devfs_rsnum;
#define mkrid(set, rule) ((rule) | ((set) << 16))
enum { DRC_PATHPTRN = 2, DRA_BACTS = 1, DRB_HIDE = 1, DRB_UNHIDE = 2 };
struct devfs_rule { uint32_t dr_magic; devfs_rid dr_id; int dr_icond, dr_iacts, dr_bacts; char dr_pathptrn[200]; };
enum { DEVFSIO_RADD = 0x4400, DEVFSIO_RGETNEXT = 0x4404, DEVFSIO_SUSE = 0x440a, DEVFSIO_SAPPLY };
int test_ioctl(int fd, unsigned long what, void *data);

/* Calls that both systems have, and that can fail where the steps make them. */
int test_open(const char *path, int flags, ...);
int test_openat(int fd, const char *path, int flags, ...);
int test_dup2(int from, int to);
int test_fcntl(int fd, int what, int argument);
int test_fstat(int fd, struct stat *st);
int test_fexecve(int fd, char *const argv[], char *const envp[]);
int test_execve(const char *path, char *const argv[], char *const envp[]);
int test_mkdir(const char *path, mode_t mode);
int test_mkdirat(int fd, const char *path, mode_t mode);
int test_symlinkat(const char *to, int fd, const char *path);
int test_fchdir(int fd);
int test_faccessat(int fd, const char *path, int mode, int flags);
int test_chown(const char *path, uid_t uid, gid_t gid);
int test_fchown(int fd, uid_t uid, gid_t gid);
int test_fchmod(int fd, mode_t mode);
#ifdef GAOL_TEST_CALLS
/* of Linux's sys/mount.h, whose names the other system has, too */
enum { MS_RDONLY = 1, MS_NOSUID = 2, MS_NOEXEC = 8, MS_REMOUNT = 32, MS_BIND = 4096, MS_REC = 16384, MS_PRIVATE = 1 << 18, MNT_DETACH = 2 };
int mount(const char *from, const char *at, const char *type, unsigned long flags, const void *options);
int umount2(const char *at, int flags);
#else
#define open test_open
#define openat test_openat
#define dup2 test_dup2
#define fcntl test_fcntl
#define fstat test_fstat
#define fexecve test_fexecve
#define execve test_execve
#define mkdir test_mkdir
#define mkdirat test_mkdirat
#define symlinkat test_symlinkat
#define fchdir test_fchdir
#define faccessat test_faccessat
#define chown test_chown
#define fchown test_fchown
#define fchmod test_fchmod
#define ioctl(fd, what, data) test_ioctl(fd, what, data)
#endif

#endif
