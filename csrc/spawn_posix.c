//go:build darwin || freebsd

/* spawn_posix.c: a spawn by plain fork, for systems whose mechanism is applied by the process itself, to itself, right before it executes the
 * program. Between fork and exec there are async-signal-safe calls only, on memory that was made ready before the fork: the child of a process
 * with threads has their locks as they were. Nothing here is of one system, so that it is tested on any. */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "spawn_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct job {
	const struct gaol_plan *plan;
	const struct gaol_command *command;
	char **strings; /* argv, envp and candidates, in one piece of memory, each with a NULL behind it */
	char **argv, **envp, **candidates;
	int32_t *fds;
	gid_t *groups; /* of the credential: its gid first, as setgroups takes them on BSD */
	int report;
	struct gaol_posix_state state;
};

/* ---- the child ---- */

static _Noreturn void fail(const struct job *job, uint32_t op, uint32_t step, int error) {
	struct gaol_failure f = {op, step, -error};
	const char *text = job->state.text;
	size_t n = 0;
	if (write(job->report, &f, sizeof f) == (ssize_t)sizeof f && text != NULL) {
		while (n < GAOL_TEXT_MAX - 1 && text[n]) n++;
		if (write(job->report, text, n) < 0) _exit(126);
	}
	_exit(127);
}

static int result(int r) { return r < 0 ? -errno : r; }

/* Every descriptor of the command gets its number, the report the first behind them, and nothing else stays open. */
static void set_fds(struct job *job) {
	int n = (int)job->command->nfds, r;
	/* what lies where another shall come to lie moves behind all of them first */
	if ((r = result(fcntl(job->report, F_DUPFD_CLOEXEC, n))) < 0) fail(job, GAOL_FD, 0, r);
	job->report = r;
	for (int i = 0; i < n; i++) {
		if (job->fds[i] >= n || job->fds[i] == i) continue;
		if ((r = result(fcntl(job->fds[i], F_DUPFD_CLOEXEC, n))) < 0) fail(job, GAOL_FD, (uint32_t)i, r);
		job->fds[i] = r;
	}
	for (int i = 0; i < n; i++) {
		r = job->fds[i] == i ? result(fcntl(i, F_SETFD, 0)) : result(dup2(job->fds[i], i));
		if (r < 0) fail(job, GAOL_FD, (uint32_t)i, r);
	}
	if (job->report != n) {
		if ((r = result(dup2(job->report, n))) < 0) fail(job, GAOL_FD, 0, r);
		job->report = n;
		if ((r = result(fcntl(n, F_SETFD, FD_CLOEXEC))) < 0) fail(job, GAOL_FD, 0, r);
	}
	if ((r = gaol_platform.close_from(n + 1)) < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
}

static void take_credential(const struct job *job) {
	const struct gaol_credential *c = (const void *)((const char *)job->command + job->command->credential);
	int r;
	if ((r = result(setgroups(1 + (int)c->ngroups, job->groups))) < 0) fail(job, GAOL_CREDENTIAL, GAOL_CREDENTIAL_GROUPS, r);
	if ((r = result(setgid(c->gid))) < 0) fail(job, GAOL_CREDENTIAL, GAOL_CREDENTIAL_GID, r);
	if ((r = result(setuid(c->uid))) < 0) fail(job, GAOL_CREDENTIAL, GAOL_CREDENTIAL_UID, r);
	/* the way back is closed: of root's three ids none is left (man 2 setuid) */
	if (setuid(0) == 0 || getuid() != c->uid || geteuid() != c->uid || getgid() != c->gid || getegid() != c->gid)
		fail(job, GAOL_CREDENTIAL, GAOL_CREDENTIAL_UID, -EPERM);
}

static int set_limit(uint32_t resource, uint64_t soft, uint64_t hard) {
	struct rlimit l = {(rlim_t)soft, (rlim_t)hard};
	return result(setrlimit((int)resource, &l));
}

static int limits(const struct gaol_command *c) {
	const struct gaol_rlimit *l = (const void *)((const char *)c + c->limits);
	for (uint32_t i = 0; i < c->nlimits; i++) {
		int r = set_limit(l[i].resource, l[i].soft, l[i].hard);
		if (r < 0) return r;
	}
	return 0;
}

static const struct gaol_step *steps(const struct gaol_plan *p) { return (const void *)((const char *)p + p->steps); }

static int run_step(struct job *job, const struct gaol_step *s) {
	const struct gaol_plan *p = job->plan;
	const struct gaol_limit *l;
	switch (s->op) {
	case GAOL_RLIMIT:
		l = (const void *)((const char *)p + s->b);
		return set_limit(s->a, l->soft, l->hard);
	case GAOL_LIMITS: return limits(job->command);
	}
	return gaol_platform.step(&job->state, p, s);
}

static void run_stage(struct job *job, int stage, uint32_t from) {
	const struct gaol_plan *p = job->plan;
	for (uint32_t i = from; i < p->first[stage + 1]; i++) {
		const struct gaol_step *s = &steps(p)[i];
		int r = run_step(job, s);
		if (r < 0) fail(job, s->op, i, r);
	}
}

static _Noreturn void child(struct job *job) {
	const struct gaol_command *c = job->command;
	struct sigaction plain;
	int r;

	/* What is handled an exec resets by itself, what is ignored it leaves so. The C library keeps a few numbers to itself. */
	memset(&plain, 0, sizeof plain);
	plain.sa_handler = SIG_DFL;
	for (int sig = 1; sig <= 128; sig++) (void)sigaction(sig, &plain, NULL);
	if ((r = result(setsid())) < 0) fail(job, GAOL_SESSION, 0, r);
	set_fds(job);
	/* making a jail takes the caller's privilege; everything behind it is done by the program's user */
	uint32_t from = job->plan->first[GAOL_STAGE_PROGRAM];
	if (from < job->plan->first[GAOL_STAGE_PROGRAM + 1] && steps(job->plan)[from].op == GAOL_JAIL_ATTACH) {
		if ((r = run_step(job, &steps(job->plan)[from])) < 0) fail(job, GAOL_JAIL_ATTACH, from, r);
		from++;
	}
	if (c->credential != 0) take_credential(job);
	if (c->umask != 0) (void)umask((mode_t)(c->umask - 1));
	run_stage(job, GAOL_STAGE_PROGRAM, from);
	if ((r = result(chdir((const char *)c + c->dir))) < 0) fail(job, GAOL_CHDIR, 0, r);
	run_stage(job, GAOL_STAGE_CONFINE, job->plan->first[GAOL_STAGE_CONFINE]);
	/* only now, so that no signal ends this process without a record */
	sigset_t none;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);

	/* as execvp: go on where there is nothing, remember where there is something that may not be executed */
	int refused = 0;
	uint32_t which = 0;
	for (uint32_t i = 0; i < c->ncandidates; i++) {
		r = gaol_platform.exec(&job->state, job->candidates[i], job->argv, job->envp);
		if (r != -ENOENT && r != -ENOTDIR && r != -EACCES && r != -EPERM) fail(job, GAOL_EXEC, i, r);
		if (refused != -EACCES && refused != -EPERM) refused = r, which = i;
	}
	fail(job, GAOL_EXEC, which, refused);
}

/* ---- the keeper: a process that makes what a program is to be in, and lives until it has taken that away ---- */

static _Noreturn void keep(struct job *job, int hold) {
	const struct gaol_plan *p = job->plan;
	const char *place = (const char *)job->command + job->command->place;
	int r;
	/* Signals stay blocked, so that nothing but SIGKILL ends it. It holds none of the caller's descriptors: whoever waits for the end of a pipe
	 * would wait for the keeper. */
	if ((r = result(setsid())) < 0) fail(job, GAOL_SESSION, 0, r);
	if ((r = result(fcntl(job->report, F_DUPFD_CLOEXEC, 2))) < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
	job->report = r;
	if ((r = result(fcntl(hold, F_DUPFD_CLOEXEC, 2))) < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
	hold = r;
	if ((r = result(dup2(job->report, 1))) < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
	job->report = 1;
	if ((r = result(dup2(hold, 0))) < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
	if ((r = gaol_platform.close_from(2)) < 0) fail(job, GAOL_CLOSE_FDS, 0, r);
	if ((r = result(chdir("/"))) < 0) fail(job, GAOL_CHDIR, 0, r);
	(void)umask(0);
	for (uint32_t i = p->first[GAOL_STAGE_INIT]; i < p->first[GAOL_STAGE_INIT + 1]; i++) {
		const struct gaol_step *s = &steps(p)[i];
		if ((r = gaol_platform.step(&job->state, p, s)) >= 0) continue;
		(void)gaol_platform.clear(place);
		fail(job, s->op, i, r);
	}
	struct gaol_failure fine = {GAOL_NONE, 0, 0};
	ssize_t n = write(job->report, &fine, sizeof fine);
	close(job->report);
	char byte;
	while (n == (ssize_t)sizeof fine && read(0, &byte, 1) < 0 && errno == EINTR) {}
	r = gaol_platform.clear(place);
	_exit(r == 0 ? 0 : -r < 255 ? -r : 255);
}

/* ---- the caller ---- */

static int failed(struct gaol_failure *failure, uint32_t op, int error) {
	failure->op = op, failure->step = 0, failure->error = error;
	return -1;
}

/* All that the child needs of memory; free_job frees it. */
static int make_job(struct job *job, const void *plan, void *prepared, const void *command, int report) {
	const struct gaol_command *c = command;
	const char *bytes = command;
	memset(job, 0, sizeof *job);
	job->plan = plan, job->command = c, job->report = report;
	job->state.command = c, job->state.prepared = prepared;
	job->strings = calloc((size_t)c->nargv + c->nenv + c->ncandidates + 3, sizeof *job->strings);
	job->fds = malloc(c->nfds * sizeof *job->fds);
	if (job->strings == NULL || job->fds == NULL) return -1;
	memcpy(job->fds, bytes + c->fds, c->nfds * sizeof *job->fds);
	const uint32_t *table = (const void *)(bytes + c->table);
	const uint32_t counts[3] = {c->nargv, c->nenv, c->ncandidates};
	char **lists[3], **at = job->strings;
	for (int list = 0; list < 3; list++) {
		lists[list] = at;
		for (uint32_t i = 0; i < counts[list]; i++) *at++ = (char *)(uintptr_t)(bytes + *table++); /* exec takes them so, and only reads */
		at++;
	}
	job->argv = lists[0], job->envp = lists[1], job->candidates = lists[2];
	if (c->credential == 0) return 0;
	const struct gaol_credential *user = (const void *)(bytes + c->credential);
	const uint32_t *groups = (const void *)(bytes + user->groups);
	job->groups = malloc((1 + (size_t)user->ngroups) * sizeof *job->groups);
	if (job->groups == NULL) return -1;
	job->groups[0] = user->gid;
	for (uint32_t i = 0; i < user->ngroups; i++) job->groups[1 + i] = groups[i];
	return 0;
}

static void free_job(struct job *job) {
	free(job->strings);
	free(job->fds);
	free(job->groups);
}

/* Reads until the end or until the room is used up; what it returns is at most that. */
static size_t read_all(int fd, void *to, size_t room) {
	size_t n = 0;
	while (n < room) {
		ssize_t r = read(fd, (char *)to + n, room - n);
		if (r < 0 && errno == EINTR) continue;
		if (r <= 0) break;
		n += (size_t)r;
	}
	return n;
}

/* What the child behind pid has to say before it is ready: 1, and a record, if that is that it is not; text is what comes with it. */
static int heard(int fd, struct gaol_failure *failure, char *text) {
	struct gaol_failure told;
	if (read_all(fd, &told, sizeof told) != sizeof told) return 0;
	if (told.op != GAOL_NONE) {
		size_t n = read_all(fd, text, GAOL_TEXT_MAX - 1);
		text[n] = 0;
	}
	*failure = told;
	return 1;
}

static int reap(pid_t pid) {
	int status;
	pid_t r;
	while ((r = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {}
	return r < 0 ? -errno : WIFEXITED(status) ? WEXITSTATUS(status) : -EOWNERDEAD;
}

int gaol_posix_release(int keeper, int hold, const char *place) {
	close(hold);
	int r = reap(keeper);
	if (r < 0) return gaol_platform.clear(place); /* somebody has killed it, or taken in its end */
	return -r;
}

static void close_pipes(const int *pipes, int n) {
	for (int i = 0; i < n; i++)
		if (pipes[i] >= 0) close(pipes[i]);
}

/* Starts the keeper, and returns when the view is made. Closes all ends but that of the hold. */
static int start_keeper(struct job *job, const int pipes[6], struct gaol_posix_spawned *out, struct gaol_failure *failure, char *text) {
	int pd = -1;
	job->report = pipes[3];
	pid_t pid = gaol_platform.fork(&pd, 1);
	if (pid == 0) {
		close(pipes[5]); /* or it would wait for itself */
		keep(job, pipes[4]);
	}
	int error = errno;
	close(pipes[3]), close(pipes[4]);
	job->report = pipes[1];
	if (pid < 0) {
		close(pipes[2]), close(pipes[5]);
		return failed(failure, GAOL_CLONE_KEEPER, error);
	}
	if (pd >= 0) close(pd);
	int said = heard(pipes[2], failure, text);
	close(pipes[2]);
	if (said && failure->op == GAOL_NONE) {
		out->keeper = pid, out->hold = pipes[5];
		return 0;
	}
	close(pipes[5]);
	(void)reap(pid);
	if (!said) {
		(void)gaol_platform.clear((const char *)job->command + job->command->place);
		failed(failure, GAOL_CLONE_KEEPER, EOWNERDEAD);
	}
	return -1;
}

int gaol_posix_spawn(const void *plan, void *prepared, const void *command, const int pipes[6],
	struct gaol_posix_spawned *out, struct gaol_failure *failure, char *text) {
	const struct gaol_plan *p = plan;
	const char *place = (const char *)command + ((const struct gaol_command *)command)->place;
	struct job job;
	sigset_t all, old;
	int result = -1, kept = p->first[GAOL_STAGE_INIT] < p->first[GAOL_STAGE_INIT + 1];

	failure->op = GAOL_NONE, failure->step = 0, failure->error = 0;
	text[0] = 0;
	out->pid = out->pd = out->keeper = out->hold = -1;
	if (make_job(&job, plan, prepared, command, pipes[1]) < 0) {
		failed(failure, GAOL_ARENA, ENOMEM);
		close_pipes(pipes + 1, 5);
		goto out;
	}
	if (kept && (gaol_platform.clear == NULL || place[0] != '/' || pipes[5] < 0)) {
		failed(failure, GAOL_CLONE_KEEPER, EINVAL);
		close_pipes(pipes + 1, 5);
		goto out;
	}
	/* none of the caller's handlers may run in the child, which has the memory that they work on as a copy */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (kept && start_keeper(&job, pipes, out, failure, text) < 0) {
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		close(pipes[1]);
		goto out;
	}
	int pd = -1;
	pid_t pid = gaol_platform.fork(&pd, 0);
	if (pid == 0) child(&job);
	int error = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(pipes[1]);
	if (pid < 0) {
		failed(failure, GAOL_CLONE_PROGRAM, error);
	} else if (heard(pipes[0], failure, text)) { /* The pipe ends with the exec, which closes the child's end; or a record comes first. */
		(void)reap(pid);
		if (pd >= 0) close(pd);
	} else {
		out->pid = pid, out->pd = pd;
		result = 0;
	}
	if (result < 0 && out->keeper >= 0) {
		(void)gaol_posix_release(out->keeper, out->hold, place);
		out->keeper = out->hold = -1;
	}
out:
	free_job(&job);
	close(pipes[0]);
	return result;
}

int gaol_posix_await(int pid) {
	const struct timespec a_moment = {0, 20 * 1000 * 1000};
	siginfo_t info;
	for (;;) {
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0) {
			if (errno != EINTR) return -errno;
			continue;
		}
		/* On macOS it returns for one that is stopped, too, again and again (Go issue 19314): a program that stops itself has not ended. */
		if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) return 0;
		(void)nanosleep(&a_moment, NULL);
	}
}
