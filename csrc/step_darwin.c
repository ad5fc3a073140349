/* step_darwin.c: Seatbelt. A profile is compiled in the caller, where that can be, so that the child has one system call to make; else the child
 * compiles it itself. The functions are looked up at run time, with prototypes of our own: Apple declares only some of them, as deprecated, and
 * which of them there are depends on the system. Without them nothing runs: it must never apply less than the whole profile. */
#ifdef __linux__ /* in tests */
#define _GNU_SOURCE
#endif
#include "step_darwin.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn_posix.h"

#ifdef __APPLE__
#include <libproc.h>
#include <mach/mach_time.h>
#include <stddef.h>
#include <sys/attr.h>
#include <sys/param.h>
#include <sys/proc_info.h>
#endif

struct sandbox_params;
struct sandbox_profile;

static struct {
	/* libsandbox, which compiles; none of these is in a header */
	struct sandbox_params *(*create_params)(void);
	int (*set_param)(struct sandbox_params *, const char *key, const char *value);
	void (*free_params)(struct sandbox_params *);
	struct sandbox_profile *(*compile_string)(const char *text, struct sandbox_params *, char **error);
	int (*apply)(struct sandbox_profile *);
	void (*free_profile)(struct sandbox_profile *);
	/* libsystem_sandbox */
	int (*init_with_parameters)(const char *text, uint64_t flags, const char *const parameters[], char **error);
	void (*free_error)(char *);
	int (*check)(pid_t, const char *operation, int type, ...);
	int compiles, inits;
} api;

#define LIBRARY "/usr/lib/libsandbox.1.dylib" /* in the shared cache, not on the disk, since macOS 11; dlopen finds it there */

static void load(void) {
	void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	void *in = library != NULL ? library : RTLD_DEFAULT;
	const struct {
		const char *name;
		void *to; /* a pointer to a function has the size of one to data here (man 3 dlsym) */
	} symbols[] = {
		{"sandbox_create_params", &api.create_params},
		{"sandbox_set_param", &api.set_param},
		{"sandbox_free_params", &api.free_params},
		{"sandbox_compile_string", &api.compile_string},
		{"sandbox_apply", &api.apply},
		{"sandbox_free_profile", &api.free_profile},
		{"sandbox_init_with_parameters", &api.init_with_parameters},
		{"sandbox_free_error", &api.free_error},
		{"sandbox_check", &api.check},
	};
	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
		void *f = dlsym(in, symbols[i].name);
		if (f == NULL) f = dlsym(RTLD_DEFAULT, symbols[i].name);
		memcpy(symbols[i].to, &f, sizeof f);
	}
	api.compiles = api.create_params && api.set_param && api.free_params && api.compile_string && api.apply && api.free_profile;
	api.inits = api.init_with_parameters != NULL;
}

static void need_api(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
}

int gaol_seatbelt_symbols(void) {
	need_api();
	return (api.compiles ? GAOL_SEATBELT_COMPILES : 0) | (api.inits ? GAOL_SEATBELT_INITS : 0) | (api.check ? GAOL_SEATBELT_CHECKS : 0);
}

/* ---- the caller ---- */

struct prepared {
	struct sandbox_profile *profile; /* NULL: the child compiles */
	const char *text;                /* of the plan */
	const char **parameters;         /* key, value, …, NULL */
};

static void release(void *of) {
	struct prepared *p = of;
	if (p == NULL) return;
	if (p->profile != NULL) api.free_profile(p->profile);
	free(p->parameters);
	free(p);
}

static void take_error(char *error, char **text) {
	if (error == NULL) return;
	*text = strdup(error);
	if (api.free_error) api.free_error(error);
}

/* Compiles: 0 or an errno, and in *error the compiler's words, which may also be a warning. One at a time: nobody says that it is safe in many
 * threads at once, and what comes out wrong would be a hole. */
static int compile(const char *text, const char *const parameters[], uint32_t n, struct sandbox_profile **profile, char **error) {
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	int result = ENOMEM;
	*profile = NULL, *error = NULL;
	pthread_mutex_lock(&one);
	struct sandbox_params *set = api.create_params();
	if (set == NULL) goto out;
	for (uint32_t i = 0; i + 1 < n; i += 2)
		if (api.set_param(set, parameters[i], parameters[i + 1]) != 0) goto out;
	*profile = api.compile_string(text, set, error);
	result = *profile != NULL ? 0 : EINVAL;
out:
	if (set != NULL) api.free_params(set);
	pthread_mutex_unlock(&one);
	return result;
}

static int prepare(const struct gaol_plan *plan, void **prepared, char **text) {
	const char *bytes = (const char *)plan;
	const struct gaol_step *steps = (const void *)(bytes + plan->steps), *s = NULL;
	*prepared = NULL, *text = NULL;
	for (uint32_t i = 0; i < plan->first[GAOL_STAGES]; i++)
		if (steps[i].op == GAOL_SEATBELT) s = &steps[i];
	if (s == NULL) return EINVAL; /* nothing runs without a profile */
	need_api();
	if (!api.compiles && !api.inits) return ENOSYS;

	const struct gaol_parameters *parameters = (const void *)(bytes + s->b);
	struct prepared *p = calloc(1, sizeof *p);
	if (p == NULL) return ENOMEM;
	p->text = bytes + s->a;
	p->parameters = calloc(parameters->count + (size_t)1, sizeof *p->parameters);
	if (p->parameters == NULL) goto memory;
	for (uint32_t i = 0; i < parameters->count; i++) p->parameters[i] = bytes + parameters->strings[i];
	if (api.compiles) {
		char *error;
		int failed = compile(p->text, p->parameters, parameters->count, &p->profile, &error);
		take_error(error, text);
		if (failed != 0) {
			release(p);
			return failed;
		}
		free(*text); /* a warning */
		*text = NULL;
	}
	*prepared = p;
	return 0;
memory:
	release(p);
	return ENOMEM;
}

int gaol_seatbelt_try(char *text) {
	static const char profile[] = "(version 1)(deny default)";
	struct sandbox_profile *ready = NULL;
	char *error = NULL;
	int ends[2], told = 0, status;

	text[0] = 0;
	need_api();
	if (!api.compiles && !api.inits) return ENOSYS;
	if (api.compiles) {
		int failed = compile(profile, NULL, 0, &ready, &error);
		if (error != NULL) snprintf(text, GAOL_SEATBELT_TEXT, "%s", error);
		if (error != NULL && api.free_error) api.free_error(error);
		if (failed != 0) return failed;
		text[0] = 0;
	}
	if (pipe(ends) < 0) return errno;
	pid_t pid = fork();
	if (pid == 0) {
		const char *const nothing[] = {NULL};
		errno = 0;
		int r = ready != NULL ? api.apply(ready) : api.init_with_parameters(profile, 0, nothing, &error);
		int e = r == 0 ? 0 : errno != 0 ? errno : EINVAL;
		if (r == 0 && (open("/", O_RDONLY | O_CLOEXEC) >= 0 || errno != EPERM)) e = ENOTSUP; /* applied, they say */
		_exit(write(ends[1], &e, sizeof e) == (ssize_t)sizeof e ? 0 : 1);
	}
	int failed = pid < 0 ? errno : 0;
	close(ends[1]);
	if (pid > 0) {
		ssize_t n;
		do n = read(ends[0], &told, sizeof told);
		while (n < 0 && errno == EINTR);
		if (n != (ssize_t)sizeof told) failed = ECHILD; /* it has died of it */
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
	}
	close(ends[0]);
	if (ready != NULL) api.free_profile(ready);
	if (failed == 0 && told == ENOTSUP) snprintf(text, GAOL_SEATBELT_TEXT, "it was applied, and denies nothing");
	return failed != 0 ? failed : told;
}

int gaol_seatbelt_inside(void) {
	need_api();
	return api.check != NULL && api.check(getpid(), NULL, 0) == 1;
}

/* <sandbox.h>: enum sandbox_filter_type. The second is in no header; Apple's open sources have it. */
#define FILTER_GLOBAL_NAME 2
#define CHECK_NO_REPORT 0x40000000

int gaol_seatbelt_may_look_up(int pid, const char *name) {
	need_api();
	return api.check == NULL ? -1 : api.check(pid, "mach-lookup", FILTER_GLOBAL_NAME | CHECK_NO_REPORT, name);
}

/* ---- the child ---- */

static int step(struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *s) {
	(void)plan;
	struct prepared *p = state->prepared;
	if (s->op != GAOL_SEATBELT || p == NULL) return -EINVAL;
	errno = 0;
	if (p->profile != NULL) {
		if (api.apply(p->profile) == 0) return 0;
	} else {
		char *error = NULL;
		if (api.init_with_parameters(p->text, 0, p->parameters, &error) == 0) return 0;
		state->text = error;
	}
	return errno != 0 ? -errno : -EINVAL;
}

static pid_t plain_fork(int *pd, int keeper) {
	(void)keeper;
	*pd = -1;
	return fork();
}

static int plain_exec(struct gaol_posix_state *state, const char *candidate, char *const argv[], char *const envp[]) {
	(void)state;
	execve(candidate, argv, envp);
	return -errno;
}

#ifdef __APPLE__
int gaol_seatbelt_path(const char *path, char *out) {
	/* not by F_GETPATH: a socket cannot be opened, and the open of a named pipe waits for a writer */
	struct attrlist ask = {.bitmapcount = ATTR_BIT_MAP_COUNT, .commonattr = ATTR_CMN_FULLPATH};
	struct {
		uint32_t length;
		attrreference_t path;
		char room[MAXPATHLEN];
	} got;
	_Static_assert(GAOL_SEATBELT_TEXT >= MAXPATHLEN, "no path is longer");
	_Static_assert(offsetof(__typeof__(got), path) == sizeof got.length, "attributes lie four bytes apart (man 2 getattrlist)");
	if (getattrlist(path, &ask, &got, sizeof got, FSOPT_NOFOLLOW) < 0) return errno;
	const char *at = (const char *)&got.path + got.path.attr_dataoffset;
	if (got.length > sizeof got || at < got.room || got.path.attr_length == 0 || at + got.path.attr_length > (const char *)&got + got.length) return ENAMETOOLONG;
	memcpy(out, at, got.path.attr_length); /* with the NUL */
	return 0;
}

int gaol_seatbelt_time(int pid, uint64_t *ns) {
	struct proc_taskinfo info;
	mach_timebase_info_data_t base;
	errno = 0;
	if (proc_pidinfo(pid, PROC_PIDTASKINFO, 0, &info, (int)sizeof info) != (int)sizeof info) return errno != 0 ? errno : ESRCH;
	if (mach_timebase_info(&base) != KERN_SUCCESS) return ENOTSUP;
	/* the times are in ticks, which are 125/3 ns on Apple's processors */
	*ns = (uint64_t)((unsigned __int128)(info.pti_total_user + info.pti_total_system) * base.numer / base.denom);
	return 0;
}

/* There is no closefrom. The list is of the lowest numbers that there are, so that a full one is looked at again. */
static int close_from(int from) {
	static struct proc_fdinfo list[GAOL_FDS_MAX + 1024];
	for (;;) {
		int bytes = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, list, (int)sizeof list), closed = 0;
		if (bytes <= 0) return errno != 0 ? -errno : -EBADF;
		for (size_t i = 0; i < (size_t)bytes / sizeof list[0]; i++)
			if (list[i].proc_fd >= from && close(list[i].proc_fd) == 0) closed = 1;
		if ((size_t)bytes < sizeof list) return 0;
		if (!closed) return -EBADF; /* more are open than can be looked at */
	}
}
#else /* of the tests alone */
static int close_from(int from) {
	for (int fd = from; fd < (int)sysconf(_SC_OPEN_MAX) && fd < 4096; fd++) close(fd);
	return 0;
}
#endif

const struct gaol_platform gaol_platform = {prepare, release, plain_fork, close_from, step, plain_exec, NULL};
