/* jail_view_freebsd.c: what the program sees in a jail, made by its keeper. Nothing may be mounted anywhere but below the place, and nothing other
 * than what the plan names may be mounted there.
 *
 * Others may own the directories that a path leads through, and turn them elsewhere at any time. nmount(2) takes paths alone. So the keeper goes from
 * element to element, following no link; the place of a mount is "." of the directory that it has come to; and what is mounted there then must be the
 * directory that it has come to on the host, or the mount is a failure. The program starts after that. */
#include <sys/param.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fs/devfs/devfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "jail_parts_freebsd.h"

#define COPY_MAX (4 << 20) /* bytes of a file that is copied */
#define RULESET 46811      /* of devfs; numbers are the host's, and what an administrator has made of this one must be what it is here */
#define NAME_ROOM 256      /* of an element, with the end */

static int root = -1; /* the keeper's: the root of the view */

static int closing(int fd, int r) {
	close(fd);
	return r;
}

/* ---- directories, element by element ---- */

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* The directory that a path's last element lies in, and that element; "." for the path "/". */
static int parent(int from, const char *path, char last[NAME_ROOM]) {
	int fd = result(openat(from, ".", DIRECTORY));
	strcpy(last, ".");
	while (fd >= 0) {
		while (*path == '/') path++;
		size_t n = strcspn(path, "/");
		if (n == 0) return fd;
		if (n >= NAME_ROOM) return closing(fd, -ENAMETOOLONG);
		memcpy(last, path, n);
		last[n] = 0;
		if (strcmp(last, "..") == 0) return closing(fd, -EINVAL);
		path += n;
		if (path[strspn(path, "/")] == 0) return fd;
		int next = result(openat(fd, last, DIRECTORY));
		close(fd);
		fd = next;
	}
	return fd;
}

static int directory(int from, const char *path) {
	char last[NAME_ROOM];
	int in = parent(from, path, last);
	return in < 0 ? in : closing(in, result(openat(in, last, DIRECTORY)));
}

static int on_host(const char *path, int (*what)(int from, const char *path)) {
	int fd = result(open("/", DIRECTORY));
	return fd < 0 ? fd : closing(fd, what(fd, path));
}

/* ---- mounts ---- */

struct options {
	struct iovec of[16];
	unsigned n;
};
static void option(struct options *o, const char *name, const char *value) {
	const char *both[] = {name, value};
	for (int i = 0; i < 2; i++) o->of[o->n++] = (struct iovec){(void *)(uintptr_t)both[i], strlen(both[i]) + 1};
}

static int mount_tmpfs(const char *at, const char *size) {
	struct options o = {.n = 0};
	option(&o, "fstype", "tmpfs"), option(&o, "fspath", at), option(&o, "size", size), option(&o, "mode", "755");
	return result(nmount(o.of, o.n, MNT_NOSUID | MNT_NOEXEC));
}

/* Mounts on a directory of the view: what, with options that say from where, and leaves a descriptor of what is there then. */
static int mount_on(const char *inside, struct options *o, int flags) {
	char last[NAME_ROOM];
	int in = parent(root, inside, last), r;
	if (in < 0) return in;
	int point = result(openat(in, last, DIRECTORY));
	if (point < 0) return closing(in, point);
	r = result(fchdir(point));
	close(point);
	if (r >= 0) {
		option(o, "fspath", ".");
		r = result(nmount(o->of, o->n, flags));
	}
	if (chdir("/") < 0 && r >= 0) r = -errno; /* or the keeper would be what keeps it from being unmounted */
	if (r < 0) return closing(in, r);
	return closing(in, result(openat(in, last, DIRECTORY)));
}

static int same(const struct stat *a, const struct stat *b) {
	return a->st_ino == b->st_ino && a->st_gen == b->st_gen && a->st_uid == b->st_uid && a->st_birthtim.tv_sec == b->st_birthtim.tv_sec &&
		a->st_birthtim.tv_nsec == b->st_birthtim.tv_nsec;
}

/* What is to be read-only must say so to root, who may write wherever one can. */
static int refused(int r) { return r == 0 ? -EPERM : errno == EROFS ? 0 : -errno; }

/* nullfs shows a directory with its number, generation and birth (sys/fs/nullfs/null_vnops.c, null_getattr), and the number of its own file system. */
static int mount_null(const char *inside, const char *host, int flags) {
	struct options o = {.n = 0};
	struct stat want, got;
	struct statfs fs;
	int from = on_host(host, directory);
	if (from < 0) return from;
	if (fstat(from, &want) < 0) return closing(from, -errno);
	option(&o, "fstype", "nullfs"), option(&o, "target", host);
	int top = mount_on(inside, &o, flags | MNT_NOSUID), r = 0;
	if (top < 0) return closing(from, top);
	if (fstat(top, &got) < 0 || fstatfs(top, &fs) < 0) r = -errno;
	else if (!same(&want, &got) || strcmp(fs.f_fstypename, "nullfs") != 0) r = -ESTALE; /* it was turned elsewhere meanwhile */
	else if (flags & MNT_RDONLY) r = refused(faccessat(top, ".", W_OK, 0));
	close(top);
	return closing(from, r);
}

static int null_flags(const struct gaol_step *s) {
	return (s->flags & GAOL_BIND_RDONLY ? MNT_RDONLY : 0) | (s->flags & GAOL_BIND_NOEXEC ? MNT_NOEXEC : 0);
}

/* ---- the root ---- */

static int lock(const char *place) {
	char at[MAXPATHLEN];
	int r = join(at, place, "/lock", "");
	/* held until the keeper has ended: whoever can take it knows that nobody keeps this place */
	return r < 0 ? r : result(open(at, O_RDWR | O_CREAT | O_EXCL | O_EXLOCK | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0600));
}

static int make(const char *place, const char *name, const char *size, char at[MAXPATHLEN]) {
	int r = join(at, place, name, "");
	if (r >= 0) r = result(mkdir(at, 0700));
	return r < 0 ? r : mount_tmpfs(at, size);
}

static int make_root(const char *place, const char *size) {
	char at[MAXPATHLEN];
	int r = lock(place);
	if (r >= 0) r = make(place, "/root", size, at);
	return r < 0 ? r : (root = result(open(at, DIRECTORY))) < 0 ? root : 0;
}

/* A command's own limit of what its private directories hold comes with it, as options of Linux's tmpfs. */
static int make_pool(const struct gaol_command *c, const char *place, const char *size) {
	static const char key[] = ",size=";
	const char *disk = (const char *)c + c->disk;
	char at[MAXPATHLEN], own[24];
	size_t n = 0;
	if (strncmp(disk, key, sizeof key - 1) == 0) {
		disk += sizeof key - 1;
		n = strspn(disk, "0123456789");
		if (n == 0 || n >= sizeof own) return -EINVAL;
		memcpy(own, disk, n);
		own[n] = 0;
		size = own;
	} else if (disk[0] != 0) return -EINVAL;
	return make(place, "/pool", size, at);
}

/* Only the root itself is written: what is mounted in it is the host's. */
static int own(int fd) {
	struct stat a, b;
	if (fstat(root, &a) < 0 || fstat(fd, &b) < 0) return -errno;
	return a.st_dev == b.st_dev ? 0 : -EXDEV;
}

static int make_dir(const char *inside, unsigned mode) {
	char last[NAME_ROOM];
	int in = parent(root, inside, last), r;
	if (in < 0) return in;
	r = own(in);
	if (r >= 0) r = result(mkdirat(in, last, (mode_t)mode));
	return closing(in, r);
}

static int make_link(const char *inside, const char *target) {
	char last[NAME_ROOM];
	int in = parent(root, inside, last), r;
	if (in < 0) return in;
	r = own(in);
	if (r >= 0) r = result(symlinkat(target, in, last));
	return closing(in, r);
}

static int regular(int from, const char *path) {
	char last[NAME_ROOM];
	struct stat st;
	int in = parent(from, path, last);
	if (in < 0) return in;
	int fd = result(openat(in, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
	close(in);
	if (fd < 0) return fd;
	if (fstat(fd, &st) < 0) return closing(fd, -errno);
	if (!S_ISREG(st.st_mode)) return closing(fd, -ESTALE);
	return st.st_size > COPY_MAX ? closing(fd, -EFBIG) : fd;
}

/* A copy with the file's owner and mode, so that it can be read by whom that allows. */
static int copy(const char *inside, const char *host) {
	static char block[1 << 16];
	char last[NAME_ROOM];
	struct stat st;
	ssize_t n = -1;
	int in = parent(root, inside, last), r;
	if (in < 0) return in;
	if ((r = own(in)) < 0) return closing(in, r);
	int from = on_host(host, regular);
	if (from < 0) return closing(in, from);
	int to = result(openat(in, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0));
	close(in);
	if (to < 0) return closing(from, to);
	off_t total = 0;
	while ((n = read(from, block, sizeof block)) > 0) {
		if ((total += n) > COPY_MAX) {
			errno = EFBIG;
			n = -1;
			break;
		}
		ssize_t put = write(to, block, (size_t)n);
		if (put == n) continue;
		if (put >= 0) errno = ENOSPC;
		n = -1;
		break;
	}
	r = n < 0 || fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 0777) < 0 ? -errno : 0;
	close(to);
	return closing(from, r);
}

/* ---- what is the command's own ---- */

static int in_pool(const char *place, const char *name, char at[MAXPATHLEN]) { return join(at, place, "/pool/", name); }

static int make_private(const struct gaol_posix_state *state, const char *place, const char *inside, const struct gaol_step *s) {
	const struct gaol_command *c = state->command;
	const struct gaol_credential *user = c->credential ? (const void *)((const char *)c + c->credential) : NULL;
	char at[MAXPATHLEN], number[24];
	int r = in_pool(place, decimal(number, s->b), at);
	if (r >= 0) r = result(mkdir(at, 0700));
	if (r >= 0) r = result(chown(at, user ? user->uid : geteuid(), user ? user->gid : getegid()));
	return r < 0 ? r : mount_null(inside, at, null_flags(s));
}

static int cover(const char *place, const char *inside) {
	char at[MAXPATHLEN];
	int r = in_pool(place, "empty", at);
	if (r >= 0 && (r = result(mkdir(at, 0))) == -EEXIST) r = 0;
	return r < 0 ? r : mount_null(inside, at, MNT_RDONLY | MNT_NOEXEC);
}

/* ---- devices ---- */

static const char *const devices[] = {"null", "zero", "random", "urandom"};
#define DEVICES (sizeof devices / sizeof devices[0])

/* Rule 0 hides everything, those behind it show a device each. */
static void rule(struct devfs_rule *r, unsigned i) {
	memset(r, 0, sizeof *r);
	r->dr_magic = DEVFS_MAGIC;
	r->dr_id = (devfs_rid)mkrid((uint32_t)RULESET, 100 * (i + 1));
	r->dr_iacts = DRA_BACTS;
	r->dr_bacts = i == 0 ? DRB_HIDE : DRB_UNHIDE;
	if (i == 0) return;
	r->dr_icond = DRC_PATHPTRN;
	strcpy(r->dr_pathptrn, devices[i - 1]);
}

/* The ruleset is the host's, and stays: every keeper makes the same, and looks that it is that and no more. What it does not name is hidden from
 * what appears later, too. */
static int rules(int fd) {
	struct devfs_rule want, got;
	devfs_rsnum number = RULESET;
	for (unsigned i = 0; i <= DEVICES; i++) {
		rule(&want, i);
		if (ioctl(fd, DEVFSIO_RADD, &want) < 0 && errno != EEXIST) return -errno;
	}
	memset(&got, 0, sizeof got);
	got.dr_magic = DEVFS_MAGIC;
	got.dr_id = (devfs_rid)mkrid((uint32_t)RULESET, 0);
	for (unsigned i = 0; i <= DEVICES; i++) {
		rule(&want, i);
		if (ioctl(fd, DEVFSIO_RGETNEXT, &got) < 0) return -errno;
		if (got.dr_id != want.dr_id || got.dr_icond != want.dr_icond || got.dr_iacts != want.dr_iacts || got.dr_bacts != want.dr_bacts ||
			(i > 0 && strcmp(got.dr_pathptrn, want.dr_pathptrn) != 0))
			return -EEXIST; /* somebody has a ruleset of this number */
	}
	if (ioctl(fd, DEVFSIO_RGETNEXT, &got) == 0) return -EEXIST;
	if (errno != ENOENT) return -errno;
	if (ioctl(fd, DEVFSIO_SUSE, &number) < 0 || ioctl(fd, DEVFSIO_SAPPLY, &number) < 0) return -errno;
	return 0;
}

/* Nothing may be there but the devices that are meant. */
static int only_devices(int fd) {
	static union {
		char bytes[1 << 14];
		struct dirent aligned;
	} room;
	off_t base = 0;
	ssize_t n;
	while ((n = getdirentries(fd, room.bytes, sizeof room.bytes, &base)) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent *d = (const void *)(room.bytes + at);
			size_t i = 0;
			while (i < DEVICES && strcmp(d->d_name, devices[i]) != 0) i++;
			if (i == DEVICES && strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) return -EPERM;
			at += d->d_reclen;
		}
	}
	return n < 0 ? -errno : 0;
}

static int mount_devices(const char *inside) {
	struct options o = {.n = 0};
	option(&o, "fstype", "devfs");
	int fd = mount_on(inside, &o, MNT_NOSUID | MNT_NOEXEC), r;
	if (fd < 0) return fd;
	struct statfs fs;
	r = fstatfs(fd, &fs) < 0 ? -errno : strcmp(fs.f_fstypename, "devfs") != 0 ? -ESTALE : rules(fd);
	if (r >= 0) r = only_devices(fd);
	return closing(fd, r);
}

static int seal(const char *place) {
	struct options o = {.n = 0};
	char at[MAXPATHLEN];
	int r = join(at, place, "/root", "");
	if (r < 0) return r;
	/* the option, beside the flag, is what tmpfs looks at (sys/fs/tmpfs/tmpfs_vfsops.c) */
	option(&o, "fstype", "tmpfs"), option(&o, "fspath", at), option(&o, "ro", "");
	gaol_jail_unview(); /* no descriptor of it may be in the way */
	if (nmount(o.of, o.n, MNT_UPDATE | MNT_RDONLY | MNT_NOSUID | MNT_NOEXEC) < 0) return -errno;
	return (r = join(at, place, "/root/sealed", "")) < 0 ? r : refused(mkdir(at, 0700));
}

/* ---- the steps ---- */

int gaol_jail_view(struct gaol_posix_state *state, const char *place, const char *bytes, const struct gaol_step *s) {
	const char *a = bytes + s->a, *b = bytes + s->b;
	switch (s->op) {
	case GAOL_JAIL_ROOT: return make_root(place, a);
	case GAOL_JAIL_POOL: return make_pool(state->command, place, a);
	case GAOL_JAIL_DIR: return make_dir(a, s->b);
	case GAOL_JAIL_LINK: return make_link(a, b);
	case GAOL_JAIL_COPY: return copy(a, b);
	case GAOL_JAIL_NULLFS: return mount_null(a, b, null_flags(s));
	case GAOL_JAIL_PRIVATE: return make_private(state, place, a, s);
	case GAOL_JAIL_EMPTY: return cover(place, a);
	case GAOL_JAIL_DEVFS: return mount_devices(a);
	case GAOL_JAIL_SEAL: return seal(place);
	}
	return -EINVAL;
}

void gaol_jail_unview(void) {
	if (root >= 0) close(root);
	root = -1;
}
