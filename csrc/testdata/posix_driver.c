/* posix_driver.c: the spawn of macOS and FreeBSD, run on whatever system the tests have, with a Seatbelt of the tests' own in place of Apple's:
 * it says what it is told on standard error, and refuses what its profile asks it to.
 * Usage: driver check PLAN | driver run PLAN COMMAND [leave N]: leave so many descriptors open that no child may have | driver try |
 * driver threads PLAN: prepare it in several at once */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../spawn_posix.h"
#include "../step_darwin.h"

/* ---- the Seatbelt of the tests: found by dlsym in this program, as the real ones are in the library ---- */

struct sandbox_params { int n; };
struct sandbox_profile { char *text; };
static int live; /* allocations that were not freed */
static pid_t caller;
static int is_applied;

/* with TRACE, every call and in which process it is made */
static void trace(const char *call) {
	if (getenv("TRACE")) fprintf(stderr, "%s: %s\n", getpid() == caller ? "caller" : "child", call);
}

struct sandbox_params *sandbox_create_params(void) { trace("create_params"); live++; return calloc(1, sizeof(struct sandbox_params)); }
int sandbox_set_param(struct sandbox_params *p, const char *key, const char *value) { p->n++; fprintf(stderr, "param %s=%s\n", key, value); return strcmp(value, "refused") == 0; }
void sandbox_free_params(struct sandbox_params *p) { trace("free_params"); live--; free(p); }
void sandbox_free_error(char *e) { trace("free_error"); live--; free(e); }
static char *error_text(const char *s) { live++; return strdup(s); }
#ifndef NO_COMPILE
struct sandbox_profile *sandbox_compile_string(const char *text, struct sandbox_params *p, char **error) {
	static int compiling; /* it is not safe in many threads */
	(void)p;
	trace("compile_string");
	if (__atomic_add_fetch(&compiling, 1, __ATOMIC_SEQ_CST) != 1) abort();
	usleep(1000);
	__atomic_sub_fetch(&compiling, 1, __ATOMIC_SEQ_CST);
	if (strstr(text, "wrong")) { *error = error_text("profile: unbound variable: wrong"); return NULL; }
	if (strstr(text, "mute")) return NULL;
	if (strstr(text, "warn")) *error = error_text("a warning");
	struct sandbox_profile *c = calloc(1, sizeof *c);
	__atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST), c->text = strdup(text);
	return c;
}
#endif
int sandbox_apply(struct sandbox_profile *p) {
	trace("apply");
	if (strstr(p->text, "nested")) { errno = EPERM; return -1; }
	if (strstr(p->text, "silent")) { errno = 0; return -1; }
	fprintf(stderr, "applied %s\n", p->text);
	is_applied = 1;
	return 0;
}
void sandbox_free_profile(struct sandbox_profile *p) { trace("free_profile"); __atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST); free(p->text); free(p); }
int sandbox_init_with_parameters(const char *text, uint64_t flags, const char *const parameters[], char **error) {
	trace("init_with_parameters");
	if (strstr(text, "wrong")) { *error = error_text("profile: unbound variable: wrong"); errno = EINVAL; return -1; }
	fprintf(stderr, "initialised %s flags %d", text, (int)flags);
	for (int i = 0; parameters[i]; i++) fprintf(stderr, " %s", parameters[i]);
	fprintf(stderr, "\n");
	is_applied = 1;
	return 0;
}
int sandbox_check(pid_t pid, const char *operation, int type, ...) { (void)pid, (void)operation, (void)type; return getenv("INSIDE") != NULL; }

/* What the probe looks at to see whether a profile holds: with TOOTHLESS, it does not. */
int open(const char *path, int flags, ...) {
	va_list more;
	va_start(more, flags);
	int mode = flags & O_CREAT ? va_arg(more, int) : 0;
	va_end(more);
	if (is_applied && !getenv("TOOTHLESS")) { errno = EPERM; return -1; }
	return openat(AT_FDCWD, path, flags, mode);
}

/* As that of macOS is: it returns for a stopped process whether it was asked to or not. */
int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
	return (int)syscall(SYS_waitid, type, id, info, options | WSTOPPED, NULL);
}

/* ---- the driver ---- */

static void *whole(const char *path, size_t *size) {
	static uint64_t room[2][1 << 15];
	static int used;
	FILE *f = fopen(path, "r");
	if (f == NULL) { perror(path); exit(2); }
	*size = fread(room[used], 1, sizeof room[0], f);
	fclose(f);
	return room[used++];
}

static void *prepares(void *plan) {
	for (int i = 0; i < 20; i++) {
		void *prepared;
		char *text;
		if (gaol_platform.prepare(plan, &prepared, &text) != 0) abort();
		gaol_platform.release(prepared);
	}
	return NULL;
}

int main(int argc, char **argv) {
	size_t size;
	caller = getpid();
	if (argc >= 2 && strcmp(argv[1], "try") == 0) {
		char text[GAOL_SEATBELT_TEXT];
		int r = gaol_seatbelt_try(text);
		printf("%d %s inside %d symbols %d lookup %d live %d\n", r, text, gaol_seatbelt_inside(), gaol_seatbelt_symbols(), gaol_seatbelt_may_look_up(1, "x"), live);
		return 0;
	}
	void *plan = whole(argv[2], &size);
	const char *bad = gaol_plan_check(plan, size);
	if (strcmp(argv[1], "check") == 0 || bad != NULL) {
		printf("%s", bad == NULL ? "" : bad);
		return 0;
	}
	if (strcmp(argv[1], "threads") == 0) {
		pthread_t threads[8];
		for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, prepares, plan);
		for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
		return 0;
	}
	void *command = whole(argv[3], &size);
	if ((bad = gaol_command_check(command, size)) != NULL) {
		printf("command: %s", bad);
		return 1;
	}
	for (int i = argc > 5 ? atoi(argv[5]) : 0; i > 0; i--) (void)open("/dev/null", O_RDONLY);
	void *prepared;
	char *text;
	int error = gaol_platform.prepare(plan, &prepared, &text);
	if (error != 0) {
		printf("prepare %d %s live %d\n", error, text == NULL ? "" : text, live);
		free(text);
		return 0;
	}
	signal(SIGTERM, SIG_IGN); /* which an exec would hand on */
	sigset_t blocked;
	sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1), sigprocmask(SIG_BLOCK, &blocked, NULL);
	int report[6] = {-1, -1, -1, -1, -1, -1};
	if (pipe(report) < 0) return 1;
	fcntl(report[0], F_SETFD, FD_CLOEXEC), fcntl(report[1], F_SETFD, FD_CLOEXEC);
	struct gaol_posix_spawned out;
	struct gaol_failure failure;
	char said[GAOL_TEXT_MAX];
	if (gaol_posix_spawn(plan, prepared, command, report, &out, &failure, said) < 0) {
		gaol_platform.release(prepared);
		int left = waitpid(-1, NULL, WNOHANG);
		printf("failed op %u step %u errno %d %s left %d live %d\n", failure.op, failure.step, failure.error, said, left, live);
		return 0;
	}
	gaol_platform.release(prepared);
	int status = 0, early = gaol_posix_await(out.pid);
	pid_t group = getpgid(out.pid); /* it is a zombie, whose numbers are its own still */
	if (waitpid(out.pid, &status, WNOHANG) != out.pid) printf("too early "), waitpid(out.pid, &status, 0);
	printf("status %d await %d leader %d live %d\n", status, early, group == out.pid, live);
	return gaol_posix_await(out.pid) == -ECHILD ? 0 : 3;
}
