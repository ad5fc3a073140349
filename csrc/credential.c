//go:build linux

/* credential.c: another user for the program. The caller maps the numbers, the program's process takes them. What the child does here are
 * raw system calls (a libc's setuid would change every thread of the caller it was copied from), and it must not run in memory that
 * anybody else uses: a change of user makes that memory undumpable, and gives it to whoever may trace the new user. */
#define _GNU_SOURCE
#include "credential.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "sys_linux.h"

static const struct gaol_credential *of(const struct gaol_command *c) { return (const void *)((const char *)c + c->credential); }

/* ---- the caller ---- */

/* The number that this /proc has for a process. It need not be a proc of the caller's pid namespace, and then other processes have the numbers
 * that the caller knows. */
static long number(int pidfd) {
	char path[64], text[512], *at;
	snprintf(path, sizeof path, "/proc/thread-self/fdinfo/%d", pidfd);
	long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return fd;
	long n = sys(SYS_read, fd, text, sizeof text - 1);
	sys(SYS_close, fd);
	if (n < 0) return n;
	text[n] = 0;
	at = strstr(text, "Pid:\t");
	int pid = at == NULL ? 0 : atoi(at + 5);
	return pid > 0 ? pid : -ESRCH;
}

/* In one write: a map can be set only once (man 7 user_namespaces). */
static long set_map(long dir, const char *name, const char *text) {
	long fd = sys(SYS_openat, dir, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0) return fd;
	long n = sys(SYS_write, fd, text, strlen(text));
	sys(SYS_close, fd);
	return n < 0 ? n : (size_t)n == strlen(text) ? 0 : -EIO;
}

int gaol_map_ids(int pidfd, const struct gaol_command *command) {
	char path[32];
	long pid = number(pidfd);
	if (pid < 0) return (int)pid;
	snprintf(path, sizeof path, "/proc/%ld", pid);
	long dir = sys(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) return (int)dir;
	/* a process that is still there now had the number when the directory was opened, and the directory stays its */
	struct pollfd alive = {pidfd, POLLIN, 0};
	struct timespec at_once = {0, 0};
	long r;
	while ((r = sys(SYS_ppoll, &alive, 1, &at_once, 0, 0)) == -EINTR) {} /* a signal of the caller's, which is not blocked here */
	if (r > 0) r = -ESRCH;
	if (r == 0) r = set_map(dir, "uid_map", (const char *)command + of(command)->uid_map);
	if (r == 0) r = set_map(dir, "gid_map", (const char *)command + of(command)->gid_map);
	sys(SYS_close, dir);
	return (int)r;
}

/* ---- the program's process ---- */

static int same(const uint32_t *ids, uint32_t id) { return ids[0] == id && ids[1] == id && ids[2] == id; }

/* With a change of user the kernel sets "dumpable" to fs.suid_dumpable, which may be 1. Until it is 0 again, the capabilities that are kept
 * are what keeps that user's other processes out (cap_ptrace_access_check); from then on it is 0 until the exec. */
long gaol_take_credential(const struct gaol_command *command, uint32_t *part) {
	const struct gaol_credential *c = of(command);
	const uint32_t *groups = (const void *)((const char *)command + c->groups);
	uint32_t ids[3];
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct caps[2];
	head.version = _LINUX_CAPABILITY_VERSION_3, head.pid = 0;

	*part = GAOL_CREDENTIAL_MEMORY;
	long r = sys(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (r == 0) r = sys(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (r < 0) return r;

	*part = GAOL_CREDENTIAL_GROUPS;
	r = sys(SYS_setgroups, c->ngroups, groups);
	if (r == 0) r = sys(SYS_getgroups, 0, 0);
	if (r < 0) return r;
	if (r != (long)c->ngroups) return -EPROTO;

	*part = GAOL_CREDENTIAL_GID;
	r = sys(SYS_setresgid, c->gid, c->gid, c->gid);
	if (r == 0) r = sys(SYS_getresgid, &ids[0], &ids[1], &ids[2]);
	if (r < 0) return r;
	if (!same(ids, c->gid)) return -EPROTO;

	*part = GAOL_CREDENTIAL_UID;
	r = sys(SYS_setresuid, c->uid, c->uid, c->uid);
	if (r == 0) r = sys(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (r == 0) r = sys(SYS_getresuid, &ids[0], &ids[1], &ids[2]);
	if (r < 0) return r;
	if (!same(ids, c->uid)) return -EPROTO;

	/* kept, but no longer effective; what drops them for good needs one */
	*part = GAOL_CREDENTIAL_CAPS;
	r = sys(SYS_capget, &head, caps);
	if (r < 0) return r;
	for (int i = 0; i < 2; i++) caps[i].effective = caps[i].permitted;
	return sys(SYS_capset, &head, caps);
}
