/* step_freebsd.c: the steps of FreeBSD. */
#include <errno.h>
#include <unistd.h>

#include "spawn_posix.h"

static int prepare(const struct gaol_plan *plan, void **prepared, char **text) {
	(void)plan;
	*prepared = NULL, *text = NULL;
	return 0;
}

static void release(void *prepared) { (void)prepared; }

static pid_t plain_fork(int *pd) {
	*pd = -1;
	return fork();
}

static int close_from(int from) {
	closefrom(from); /* man 2 closefrom: it cannot fail */
	return 0;
}

static int step(struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *s) {
	(void)state, (void)plan, (void)s;
	return -EINVAL;
}

static int plain_exec(struct gaol_posix_state *state, const char *candidate, char *const argv[], char *const envp[]) {
	(void)state;
	execve(candidate, argv, envp);
	return -errno;
}

const struct gaol_platform gaol_platform = {prepare, release, plain_fork, close_from, step, plain_exec};
