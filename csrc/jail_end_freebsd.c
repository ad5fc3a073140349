/* jail_end_freebsd.c: the end of a jail, by its keeper, by the caller of a keeper that was killed, or by the next user of gaol. No process may be left
 * that is in the jail, and nothing may be left that is mounted below its place. */
#include <sys/param.h>
#include <sys/jail.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "jail_parts_freebsd.h"

static void wait_a_little(void) {
	struct timespec t = {0, 10 * 1000 * 1000};
	(void)nanosleep(&t, NULL);
}

#define TRIES 500 /* of 10 ms */

/* Kills all that is in the jail, wherever it has gone (man 2 jail_remove), and waits until nothing is left of it. */
static int end_jail(const char *place) {
	char name[MAXPATHLEN];
	int r = jail_name(name, place);
	if (r < 0) return r;
	for (int i = 0; i < TRIES; i++) {
		struct iovec ask[2];
		parameter(ask, "name", name, strlen(name) + 1);
		int jid = jail_get(ask, 2, 0);
		if (jid < 0) return errno == ENOENT ? 0 : -errno;
		if (jail_remove(jid) < 0 && errno != EINVAL && errno != ENOENT) return -errno; /* EINVAL: it has just ended */
		wait_a_little();
	}
	return -EBUSY;
}

/* The last mount below the place that is there: 1, and its number; 0, there is none; -errno. */
static int last_mount(const char *place, fsid_t *id) {
	int n = getfsstat(NULL, 0, MNT_NOWAIT), r = 0;
	if (n < 0) return -errno;
	size_t size = ((size_t)n + 16) * sizeof(struct statfs), length = strlen(place);
	struct statfs *all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (all == MAP_FAILED) return -errno;
	n = getfsstat(all, (long)size, MNT_NOWAIT);
	if (n < 0) r = -errno;
	for (int i = n - 1; i >= 0; i--) {
		const char *at = all[i].f_mntonname;
		if (strncmp(at, place, length) != 0 || at[length] != '/') continue;
		*id = all[i].f_fsid;
		r = 1;
		break;
	}
	munmap(all, size);
	return r;
}

static int unmount_all(const char *place) {
	char text[MAXPATHLEN], a[24], b[24], at[MAXPATHLEN];
	fsid_t id = {{0, 0}};
	int r;
	for (int busy = 0; (r = last_mount(place, &id)) == 1;) {
		if ((r = join(at, "FSID:", decimal(a, id.val[0]), ":")) < 0 || (r = join(text, at, decimal(b, id.val[1]), "")) < 0) return r;
		/* a process that has been killed lets go of its files when it comes to it */
		if (unmount(text, MNT_BYFSID | (busy >= TRIES ? MNT_FORCE : 0)) == 0) continue;
		/* ENOENT, EINVAL: somebody else did, and the list will say so soon */
		if ((errno != EBUSY && errno != ENOENT && errno != EINVAL) || busy++ > TRIES) return -errno;
		wait_a_little();
	}
	return r;
}

int gaol_jail_clear(const char *place) {
	static const char *const left[] = {"/root", "/pool", ""};
	char at[MAXPATHLEN];
	int r;
	gaol_jail_unview();
	if ((r = end_jail(place)) < 0 || (r = unmount_all(place)) < 0) return r;
	for (int i = 0; i < 3; i++) {
		if (left[i][0] == 0 && ((r = join(at, place, "/lock", "")) < 0 || (unlink(at) < 0 && errno != ENOENT))) return r < 0 ? r : -errno;
		if ((r = join(at, place, left[i], "")) < 0) return r;
		if (rmdir(at) < 0 && errno != ENOENT) return -errno;
	}
	return 0;
}

int gaol_jail_abandoned(const char *place) {
	char at[MAXPATHLEN];
	int r = join(at, place, "/lock", "");
	if (r < 0) return r;
	int fd = open(at, O_RDWR | O_EXLOCK | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) return errno == EWOULDBLOCK ? 0 : -errno;
	close(fd);
	return 1;
}
