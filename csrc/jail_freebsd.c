/* jail_freebsd.c: a jail with a view of its own. FreeBSD has no namespace of mounts: what a keeper mounts for one command, below the place of that
 * command (jail_view_freebsd.c), the whole host has, and the keeper must take it away again (jail_end_freebsd.c), whoever dies. Here the process that
 * is to be the program makes the jail, of parameters that were prepared before the fork, and enters it. No process may get there with a directory of
 * the host's. Compiled and linked from Linux, where its test has functions of its own in place of FreeBSD's (testdata/freebsd); never run on FreeBSD
 * by its tests. */
#include <sys/param.h>
#include <sys/jail.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jail_parts_freebsd.h"

#define OWN 6 /* iovecs of the child's own: the path, the name, a place for the system's words */

struct prepared {
	struct iovec *lists[2]; /* for the caller's user, and for another */
	unsigned counts[2];
	int *numbers; /* of both */
};

/* A parameter's value in a plan is a text behind "$", a number behind "#", or empty: then the name says it all. */
static int fill(struct prepared *p, int which, const struct gaol_plan *plan, uint32_t offset, int **number) {
	const char *bytes = (const char *)plan;
	const struct gaol_parameters *q = (const void *)(bytes + offset);
	struct iovec *v = calloc(OWN + (size_t)q->count, sizeof *v);
	if (v == NULL) return ENOMEM;
	p->lists[which] = v, p->counts[which] = OWN + q->count;
	v += OWN;
	for (uint32_t i = 0; i < q->count; i += 2, v += 2) {
		const char *name = bytes + q->strings[i], *value = bytes + q->strings[i + 1];
		v[0] = (struct iovec){(void *)(uintptr_t)name, strlen(name) + 1};
		if (value[0] == '$') v[1] = (struct iovec){(void *)(uintptr_t)(value + 1), strlen(value + 1) + 1};
		else if (value[0] == '#') {
			**number = (int)strtol(value + 1, NULL, 10);
			v[1] = (struct iovec){(*number)++, sizeof **number};
		} else if (value[0] != 0) return EINVAL;
	}
	return 0;
}

int gaol_jail_prepare(const struct gaol_plan *plan, void **prepared) {
	const struct gaol_step *s = (const void *)((const char *)plan + plan->steps);
	*prepared = NULL;
	for (uint32_t i = 0; i < plan->first[GAOL_STAGES]; i++, s++) {
		if (s->op != GAOL_JAIL_ATTACH) continue;
		const struct gaol_parameters *a = (const void *)((const char *)plan + s->a), *b = (const void *)((const char *)plan + s->b);
		struct prepared *p = calloc(1, sizeof *p);
		if (p == NULL) return ENOMEM;
		*prepared = p;
		int *number = p->numbers = calloc(1 + (size_t)a->count + b->count, sizeof *p->numbers), error = number == NULL ? ENOMEM : 0;
		if (error == 0) error = fill(p, 0, plan, s->a, &number);
		if (error == 0) error = fill(p, 1, plan, s->b, &number);
		if (error != 0) {
			gaol_jail_release(p);
			*prepared = NULL;
		}
		return error;
	}
	return 0;
}

void gaol_jail_release(void *prepared) {
	struct prepared *p = prepared;
	if (p == NULL) return;
	free(p->lists[0]);
	free(p->lists[1]);
	free(p->numbers);
	free(p);
}


static int attach(struct gaol_posix_state *state, const char *place) {
	static char path[MAXPATHLEN], name[MAXPATHLEN], says[1024]; /* this process is a copy, which is nobody else's */
	const struct gaol_command *c = state->command;
	struct prepared *p = state->prepared;
	struct stat st;
	int r, jailed = 0;
	size_t size = sizeof jailed;
	if (p == NULL) return -EINVAL;
	/* a directory of the host's leads out of a jail */
	for (int fd = 0; fd < (int)c->nfds; fd++) {
		if (fstat(fd, &st) < 0) return -errno;
		if (S_ISDIR(st.st_mode)) return -EISDIR;
	}
	if ((r = join(path, place, "/root", "")) < 0 || (r = jail_name(name, place)) < 0) return r;
	int which = c->credential != 0;
	struct iovec *v = p->lists[which];
	parameter(v, "path", path, strlen(path) + 1);
	parameter(v + 2, "name", name, strlen(name) + 1);
	parameter(v + 4, "errmsg", says, sizeof says);
	if (jail_set(v, p->counts[which], JAIL_CREATE | JAIL_ATTACH) < 0) {
		r = -errno;
		if (says[0] != 0) state->text = says;
		return r;
	}
	if (sysctlbyname("security.jail.jailed", &jailed, &size, NULL, 0) < 0) return -errno;
	return jailed == 1 ? 0 : -ENOTSUP;
}

int gaol_jail_step(struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *s) {
	const char *place = (const char *)state->command + state->command->place;
	if (place[0] != '/') return -EINVAL;
	return s->op == GAOL_JAIL_ATTACH ? attach(state, place) : gaol_jail_view(state, place, (const char *)plan, s);
}
