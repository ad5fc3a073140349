/* step_linux.c: one function per step of a plan, in a table. They run between clone and exec: raw system calls only, nothing
 * allocated, and every descriptor that a step opens is closed by it unless the state keeps it. */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/securebits.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

#include "sys_linux.h"

/* <sys/mount.h> and <linux/mount.h> cannot both be included before glibc 2.37; these are all that is missing (man 2 umount2) */
#define DETACH_MOUNT 2

typedef struct gaol_step_state state;
typedef const struct gaol_plan plan;
typedef const struct gaol_step step;

static const char *str(plan *p, uint32_t offset) { return (const char *)p + offset; }
static const void *data(plan *p, uint32_t offset) { return (const char *)p + offset; }

/* Paths inside are absolute; below the new root's descriptor they are looked up without the leading slash. */
static const char *relative(const char *path) { return path[1] ? path + 1 : "."; }

static size_t length(const char *s) {
	size_t n = 0;
	while (s[n]) n++;
	return n;
}

/* open_path never follows a link: the parent has resolved them all, so one that is here now was put here since. */
static long open_path(int dir, const char *path, uint64_t flags) {
	struct open_how how;
	how.flags = O_PATH | O_CLOEXEC | flags, how.mode = 0;
	how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
	return sys(SYS_openat2, dir, path, &how, sizeof how);
}

static long close_with(long fd, long result) {
	sys(SYS_close, fd);
	return result;
}

/* What is mounted somewhere cannot have been moved by what is inside; what else lies there can. */
static long mount_root(long fd) {
	struct statx st;
	long r = sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	return r == 0 && !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT) ? -ESTALE : r; /* Linux 5.8 */
}

static long write_file(const char *path, const char *text) {
	long fd = sys(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) return fd;
	size_t n = length(text);
	long r = sys(SYS_write, fd, text, n);
	return close_with(fd, r < 0 ? r : r == (long)n ? 0 : -EIO);
}

/* ---- build ---- */

/* Without a privilege over the parent namespace, setgroups must be denied before gid_map is written (man 7 user_namespaces). */
static long id_map(state *st, plan *p, step *s) {
	(void)st;
	long r = write_file("/proc/self/setgroups", "deny");
	if (r == 0) r = write_file("/proc/self/uid_map", str(p, s->a));
	if (r == 0) r = write_file("/proc/self/gid_map", str(p, s->b));
	return r;
}

static long hostname(state *st, plan *p, step *s) {
	(void)st;
	return sys(SYS_sethostname, str(p, s->a), length(str(p, s->a)));
}

/* Private, not slave: what the host mounts later would arrive without this view's read-only and nodev. */
static long detach(state *st, plan *p, step *s) {
	(void)st, (void)p, (void)s;
	return sys(SYS_mount, 0, "/", 0, 1u << 14 | 1u << 18 /* MS_REC | MS_PRIVATE */, 0);
}

#define MS_HARD (2u | 4u) /* MS_NOSUID | MS_NODEV */
#define MS_NOEXEC_ 8u
#define MS_RDONLY_ 1u

/* The new root lies on top of the old, whose paths stay reachable until the pivot: "/" of this process is still the old one. */
static long root(state *st, plan *p, step *s) {
	long r = sys(SYS_mount, "gaol", "/", "tmpfs", MS_HARD, str(p, s->a));
	if (r < 0) return r;
	/* The mount on top of "/" is not seen by a lookup of "/", but by one of "/..": the parent of the root is followed down. */
	long fd = sys(SYS_openat, AT_FDCWD, "/..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) return fd;
	st->root = (int)fd;
	return 0;
}

static long dir(state *st, plan *p, step *s) {
	long r = sys(SYS_mkdirat, st->root, relative(str(p, s->a)), s->b);
	return r == -EEXIST ? 0 : r;
}

static long file(state *st, plan *p, step *s) {
	long fd = sys(SYS_openat, st->root, relative(str(p, s->a)), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	return fd < 0 ? fd : close_with(fd, 0);
}

static long make_link(state *st, plan *p, step *s) {
	return sys(SYS_symlinkat, str(p, s->b), st->root, relative(str(p, s->a)));
}

static unsigned type_flag(unsigned mode) {
	switch (mode & 0170000) {
	case 0040000: return GAOL_BIND_DIR;
	case 0100000: return GAOL_BIND_FILE;
	case 0020000:
	case 0060000: return GAOL_BIND_NODE;
	case 0010000: return GAOL_BIND_FIFO;
	case 0140000: return GAOL_BIND_SOCK;
	}
	return 0;
}

static long bind(state *st, plan *p, step *s) {
	long from = open_path(AT_FDCWD, str(p, s->b), 0);
	if (from < 0) return from;
	struct statfs fs; /* resolve refuses these by the mount table; one that came since shows the host's processes */
	long found = sys(SYS_fstatfs, from, &fs);
	if (found == 0 && fs.f_type == PROC_SUPER_MAGIC) found = -EPERM;
	struct statx what;
	if (found == 0) found = sys(SYS_statx, from, "", AT_EMPTY_PATH, STATX_TYPE, &what);
	if (found == 0 && !(s->flags & type_flag(what.stx_mode))) found = -ESTALE;
	if (found < 0) return close_with(from, found);
	long tree = sys(SYS_open_tree, from, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	sys(SYS_close, from);
	if (tree < 0) return tree;
	struct mount_attr attr;
	attr.attr_set = MOUNT_ATTR_NOSUID, attr.attr_clr = 0, attr.propagation = 1u << 18 /* MS_PRIVATE */, attr.userns_fd = 0;
	if (!(s->flags & GAOL_BIND_DEV)) attr.attr_set |= MOUNT_ATTR_NODEV;
	if (s->flags & GAOL_BIND_RDONLY) attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (s->flags & GAOL_BIND_NOEXEC) attr.attr_set |= MOUNT_ATTR_NOEXEC;
	long r = sys(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr);
	if (r < 0) return close_with(tree, r);
	int is_root = st->root < 0;
	long to = is_root ? open_path(AT_FDCWD, "/", 0) : open_path(st->root, relative(str(p, s->a)), 0);
	if (to < 0) return close_with(tree, to);
	r = sys(SYS_move_mount, tree, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	sys(SYS_close, to);
	if (r < 0 || !is_root) return close_with(tree, r);
	st->root = (int)tree;
	return 0;
}

/* mount(2) takes no descriptor, and would follow a link: go there and mount on ".". Where a process stands is of no use to anyone else,
 * and each of them goes to a directory of its own before it is used. */
static long mount_there(long to, const char *type, unsigned flags, const char *options) {
	if (to < 0) return to;
	long r = close_with(to, sys(SYS_fchdir, to));
	return r < 0 ? r : sys(SYS_mount, type, ".", type, flags, options);
}

static long skeleton(state *st, plan *p, step *s) {
	long to = open_path(st->root, relative(str(p, s->a)), O_DIRECTORY);
	return mount_there(to, "tmpfs", MS_HARD | MS_NOEXEC_, str(p, s->b));
}

static long proc_base(state *st, plan *p, step *s) {
	long to = open_path(st->root, relative(str(p, s->a)), O_DIRECTORY);
	return mount_there(to, "proc", MS_HARD | MS_NOEXEC_ | MS_RDONLY_, "hidepid=4");
}

static long pivot(state *st, plan *p, step *s) {
	(void)p, (void)s;
	long r = sys(SYS_fchdir, st->root);
	if (r == 0) r = sys(SYS_pivot_root, ".", ".");
	if (r == 0) r = sys(SYS_umount2, ".", DETACH_MOUNT); /* the old root lies on top of the new one now */
	if (r == 0) r = sys(SYS_chdir, "/");
	return r;
}

static long seal(state *st, plan *p, step *s) {
	struct mount_attr attr;
	attr.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, attr.attr_clr = attr.propagation = attr.userns_fd = 0;
	long fd = open_path(st->root, relative(str(p, s->a)), O_DIRECTORY);
	if (fd < 0) return fd;
	return close_with(fd, sys(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof attr));
}

/* ---- process 1, inside the view ----
 * What another command of the same sandbox may write to can lie on the way to a path, so none is followed through a link here either. */

static long open_dir(plan *p, step *s) { return open_path(AT_FDCWD, str(p, s->a), O_DIRECTORY); }

static long lift(state *st, plan *p, step *s) {
	long at = open_path(AT_FDCWD, str(p, s->a), 0);
	if (at < 0) return at;
	long r = mount_root(at);
	if (r < 0) return close_with(at, r);
	long fd = close_with(at, sys(SYS_open_tree, at, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	if (fd < 0) return fd;
	st->lifted[s->b] = (int)fd;
	return 0;
}

static long drop(state *st, plan *p, step *s) {
	int fd = st->lifted[s->b];
	long to = open_path(AT_FDCWD, str(p, s->a), 0);
	if (to < 0) return close_with(fd, to);
	long r = sys(SYS_move_mount, fd, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	sys(SYS_close, to);
	return close_with(fd, r);
}

/* A tmpfs of the command's own. Of an option that comes twice the last holds (mm/shmem.c), so the command's come behind the plan's. */
static long own_tmpfs(state *st, plan *p, step *s, unsigned flags) {
	char options[256];
	const char *from[2] = {str(p, s->b), (const char *)st->command + st->command->disk};
	size_t n = 0;
	for (int i = 0; i < 2; i++)
		for (const char *c = from[i]; *c; c++) {
			if (n == sizeof options - 1) return -ENAMETOOLONG;
			options[n++] = *c;
		}
	options[n] = 0;
	return mount_there(open_dir(p, s), "tmpfs", MS_HARD | flags, options);
}

static long tmpfs(state *st, plan *p, step *s) { return own_tmpfs(st, p, s, s->flags & GAOL_BIND_NOEXEC ? MS_NOEXEC_ : 0); }

/* The root of the pool is never seen: the first share comes to lie on top of it. It stays mounted there, since the kernel copies no tree that
 * is mounted nowhere (before Linux 6.15). */
static long pool(state *st, plan *p, step *s) {
	long r = own_tmpfs(st, p, s, 0);
	if (r == 0) r = open_dir(p, s);
	if (r < 0) return r;
	st->pool = (int)r;
	return 0;
}

static long share(state *st, plan *p, step *s) {
	char digits[11];
	char *name = digits + sizeof digits;
	*--name = 0;
	uint32_t n = s->b;
	do *--name = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	long r = sys(SYS_mkdirat, st->pool, name, 01777);
	if (r < 0) return r;
	long tree = sys(SYS_open_tree, st->pool, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0) return tree;
	struct mount_attr attr;
	attr.attr_set = MOUNT_ATTR_NOEXEC, attr.attr_clr = attr.propagation = attr.userns_fd = 0;
	if (s->flags & GAOL_BIND_NOEXEC) r = sys(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr);
	long to = r < 0 ? r : open_dir(p, s);
	if (to < 0) return close_with(tree, to);
	r = close_with(to, sys(SYS_move_mount, tree, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
	return close_with(tree, r);
}

static long devpts(state *st, plan *p, step *s) {
	(void)st;
	return mount_there(open_dir(p, s), "devpts", 2u /* MS_NOSUID */ | MS_NOEXEC_, str(p, s->b));
}

static long mqueue(state *st, plan *p, step *s) {
	(void)st;
	return mount_there(open_dir(p, s), "mqueue", MS_HARD | MS_NOEXEC_, "");
}

static long proc(state *st, plan *p, step *s) {
	(void)st;
	return mount_there(open_dir(p, s), "proc", MS_HARD | MS_NOEXEC_ | MS_RDONLY_, str(p, s->b));
}

/* The directory above a path, and the last name of it. */
static long open_parent(const char *path, const char **name) {
	char parent[4096]; /* PATH_MAX */
	size_t n = length(path), slash = 0;
	if (n >= sizeof parent) return -ENAMETOOLONG;
	for (size_t i = 0; i < n; i++) {
		parent[i] = path[i];
		if (path[i] == '/') slash = i;
	}
	parent[slash ? slash : 1] = 0;
	*name = path + slash + 1;
	return open_path(AT_FDCWD, parent, O_DIRECTORY);
}

static long make_dir(state *st, plan *p, step *s) {
	(void)st;
	const char *name;
	long at = open_parent(str(p, s->a), &name);
	if (at < 0) return at;
	long r = close_with(at, sys(SYS_mkdirat, at, name, s->b));
	return r == -EEXIST ? 0 : r;
}

static long touch(state *st, plan *p, step *s) {
	(void)st;
	const char *name;
	long at = open_parent(str(p, s->a), &name);
	if (at < 0) return at;
	long fd = close_with(at, sys(SYS_openat, at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444));
	return fd < 0 ? fd : close_with(fd, 0);
}

static long symlink_inside(state *st, plan *p, step *s) {
	(void)st;
	const char *name;
	long at = open_parent(str(p, s->a), &name);
	return at < 0 ? at : close_with(at, sys(SYS_symlinkat, str(p, s->b), at, name));
}

static long mounted(state *st, plan *p, step *s) {
	(void)st;
	long fd = open_path(AT_FDCWD, str(p, s->a), 0);
	return fd < 0 ? fd : close_with(fd, mount_root(fd));
}

static long mask(state *st, plan *p, step *s) {
	(void)st;
	const char *path = str(p, s->a);
	long fd = open_path(AT_FDCWD, path, O_DIRECTORY);
	if (fd == -ENOENT) return 0;
	if (fd == -ENOTDIR) return sys(SYS_mount, "/dev/null", path, 0, 4096u /* MS_BIND */, 0);
	return mount_there(fd, "tmpfs", MS_HARD | MS_NOEXEC_ | MS_RDONLY_, "size=0,nr_inodes=2,mode=0555");
}

/* ---- the program's process ---- */

static long no_new_privs(state *st, plan *p, step *s) {
	(void)st, (void)p, (void)s;
	return sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static long landlock_ruleset(state *st, plan *p, step *s) {
	const struct gaol_landlock *l = data(p, s->a);
	long fd = sys(SYS_landlock_create_ruleset, l, l->size, 0);
	if (fd < 0) return fd;
	st->ruleset = (int)fd;
	return 0;
}

static long landlock_path(state *st, plan *p, step *s) {
	struct landlock_path_beneath_attr rule;
	long fd = s->flags & GAOL_RULE_SELF ? sys(SYS_openat, AT_FDCWD, str(p, s->a), O_PATH | O_CLOEXEC)
	                                    : open_path(AT_FDCWD, str(p, s->a), 0);
	if (fd < 0) return fd;
	long r = s->flags & GAOL_RULE_MOUNT ? mount_root(fd) : 0;
	if (r < 0) return close_with(fd, r);
	rule.allowed_access = s->b, rule.parent_fd = (int)fd;
	return close_with(fd, sys(SYS_landlock_add_rule, st->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

/* struct landlock_net_port_attr and LANDLOCK_RULE_NET_PORT: Linux 6.7, later than some systems' headers */
static long landlock_port(state *st, plan *p, step *s) {
	(void)p;
	struct {
		uint64_t allowed_access, port;
	} rule = {s->b, s->a};
	return sys(SYS_landlock_add_rule, st->ruleset, 2, &rule, 0);
}

static long landlock_kept(state *st, plan *p, step *s) {
	(void)p, (void)s;
	int fd = st->kept;
	st->kept = -1;
	return close_with(fd, sys(SYS_landlock_restrict_self, fd, 0));
}

/* A Landlock domain with nothing but a signal scope (ABI 6): kill(-1) from in here then reaches what was made in here and nothing else,
 * in one go that no fork slips through (the kernel holds its lock of the list of processes). Whether it does hold is tried on the caller,
 * which is outside and, being this process's parent, can be named without a doubt: that kill must be refused. */
static long scope(state *st, plan *p, step *s) {
	(void)st, (void)p, (void)s;
	/* A move between directories every domain has to allow, also one that handles nothing of files on some kernels (REFER). */
	struct {
		uint64_t handled_fs, handled_net, scoped;
	} only_signals = {LANDLOCK_ACCESS_FS_REFER, 0, 2 /* LANDLOCK_SCOPE_SIGNAL */};
	long r = sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r < 0) return r;
	long fd = sys(SYS_landlock_create_ruleset, &only_signals, sizeof only_signals, 0);
	if (fd < 0) return fd;
	struct landlock_path_beneath_attr everywhere;
	everywhere.allowed_access = LANDLOCK_ACCESS_FS_REFER;
	everywhere.parent_fd = (int)sys(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = everywhere.parent_fd;
	if (r >= 0) r = close_with(r, sys(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &everywhere, 0));
	if (r < 0) return close_with(fd, r);
	r = close_with(fd, sys(SYS_landlock_restrict_self, fd, 0));
	if (r < 0) return r;
	long parent = sys(SYS_getppid);
	if (parent <= 0) return -ESRCH; /* the caller is gone, or is not of this pid namespace */
	r = sys(SYS_kill, parent, 0);
	return r == -EPERM ? 0 : r == 0 ? -EOPNOTSUPP : r;
}

static long landlock_enforce(state *st, plan *p, step *s) {
	(void)p;
	int fd = st->ruleset;
	st->ruleset = -1;
	return close_with(fd, sys(SYS_landlock_restrict_self, fd, s->flags));
}

static long drop_caps(state *st, plan *p, step *s) {
	(void)st, (void)p;
	int held = 0;
	long r = 0;
	struct __user_cap_header_struct head;
	head.version = _LINUX_CAPABILITY_VERSION_3, head.pid = 0;
	struct __user_cap_data_struct none[2];
	if (s->flags & GAOL_CAPS_HELD) { /* what is refused to a caller without CAP_SETPCAP is an error to one that has it */
		r = sys(SYS_capget, &head, none);
		if (r < 0) return r;
		held = !(none[0].effective & CAP_TO_MASK(CAP_SETPCAP));
	}
	unsigned bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
	                SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	r = sys(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0);
	if (r == -EPERM && held) {
		r = sys(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
		if (r == 0) r = -EPERM;
	}
	if (r < 0) return r;
	r = sys(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (r < 0) return r;
	for (int cap = 0; cap < 64; cap++) {
		r = sys(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
		if (r == -EINVAL && cap > 0) break; /* past the last one that the kernel knows */
		if (r == -EPERM && held) break;
		if (r < 0) return r;
	}
	for (int i = 0; i < 2; i++) none[i].effective = none[i].permitted = none[i].inheritable = 0;
	return sys(SYS_capset, &head, none);
}

static long limit(state *st, plan *p, step *s) {
	(void)st;
	return sys(SYS_prlimit64, 0, s->a, data(p, s->b), 0);
}

/* The caller keeps them within its own hard limits, which this process has. */
static long limits(state *st, plan *p, step *s) {
	(void)p, (void)s;
	const struct gaol_command *c = st->command;
	const struct gaol_rlimit *l = (const void *)((const char *)c + c->limits);
	for (uint32_t i = 0; i < c->nlimits; i++) {
		long r = sys(SYS_prlimit64, 0, l[i].resource, &l[i].soft, 0);
		if (r < 0) return r;
	}
	return 0;
}

static long (*const steps[GAOL_OPS])(state *, plan *, step *) = {
	[GAOL_ID_MAP] = id_map, [GAOL_HOSTNAME] = hostname, [GAOL_DETACH] = detach, [GAOL_ROOT] = root,
	[GAOL_DIR] = dir, [GAOL_FILE] = file, [GAOL_LINK] = make_link, [GAOL_BIND] = bind,
	[GAOL_SKELETON] = skeleton, [GAOL_PROC_BASE] = proc_base, [GAOL_PIVOT] = pivot, [GAOL_SEAL] = seal,
	[GAOL_LIFT] = lift, [GAOL_TMPFS] = tmpfs, [GAOL_POOL] = pool, [GAOL_SHARE] = share, [GAOL_DEVPTS] = devpts, [GAOL_MQUEUE] = mqueue, [GAOL_PROC] = proc, [GAOL_MKDIR] = make_dir,
	[GAOL_TOUCH] = touch, [GAOL_DROP] = drop, [GAOL_SYMLINK] = symlink_inside, [GAOL_MASK] = mask, [GAOL_MOUNTED] = mounted, [GAOL_SCOPE] = scope,
	[GAOL_NO_NEW_PRIVS] = no_new_privs, [GAOL_KEEP_RULESET] = landlock_ruleset, [GAOL_KEEP_PATH] = landlock_path,
	[GAOL_KEEP_PORT] = landlock_port, [GAOL_LANDLOCK_KEPT] = landlock_kept, [GAOL_LANDLOCK_RULESET] = landlock_ruleset,
	[GAOL_LANDLOCK_PATH] = landlock_path, [GAOL_LANDLOCK_PORT] = landlock_port, [GAOL_LANDLOCK_ENFORCE] = landlock_enforce, [GAOL_DROP_CAPS] = drop_caps,
	[GAOL_RLIMIT] = limit, [GAOL_LIMITS] = limits, [GAOL_SECCOMP_SELF] = gaol_self_filter, [GAOL_SECCOMP] = gaol_filter,
};

int gaol_step(struct gaol_step_state *st, const struct gaol_plan *p, const struct gaol_step *s) {
	return (int)steps[s->op](st, p, s);
}
