/* What a host process must know (docs/C.md): its signals, limits and threads stay its own; the library stays loaded; a forked child is told. It
 * loads the library itself, after it has set up what must survive that. Usage: host_test libgaol.so.1 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

static const char *library;

/* The functions that are used here, by their names in the library. */
#define EACH(f) \
	f(gaol_version) f(gaol_profile_new) f(gaol_profile_allow) f(gaol_profile_allow_path) f(gaol_profile_set_dir) f(gaol_profile_free) f(gaol_profile_check) f(gaol_profile_toml) \
	f(gaol_sandbox_new) f(gaol_sandbox_free) f(gaol_sandbox_explain) f(gaol_cmd_new) f(gaol_cmd_run) f(gaol_cmd_start) f(gaol_cmd_wait) f(gaol_cmd_kill) \
	f(gaol_cmd_free) f(gaol_error_code) f(gaol_error_errno) f(gaol_error_message) f(gaol_error_step) f(gaol_error_free) f(gaol_error_unsupported) \
	f(gaol_host_probe) f(gaol_host_system) f(gaol_free) f(gaol_profile_limit) f(gaol_cmd_set_stdio)
#define POINTER(name) static __typeof__(name) *do_##name;
EACH(POINTER)

static void load(void) {
	void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!so) fail_msg("%s", dlerror());
#define LOOKUP(name) do_##name = (__typeof__(name) *)dlsym(so, #name); assert_non_null(do_##name);
	EACH(LOOKUP)
}

static gaol_sandbox *sandbox;

/* profile allows what both engines can allow exactly: without user namespaces nothing hides metadata. */
static gaol_profile *profile(void) {
	gaol_profile *p = do_gaol_profile_new();
	do_gaol_profile_allow(p, GAOL_SYSTEM), do_gaol_profile_set_dir(p, "/");
	do_gaol_profile_allow_path(p, GAOL_FILE_READ_METADATA, GAOL_SUBPATH, "/");
	return p;
}

static void use(void) {
	gaol_error *error;
	if (!sandbox) {
		gaol_profile *p = profile();
		sandbox = do_gaol_sandbox_new(p, &error);
		if (!sandbox) fail_msg("%s", do_gaol_error_message(error));
		do_gaol_profile_free(p);
	}
	gaol_cmd *c = do_gaol_cmd_new(sandbox, ARGV("true"));
	int status = -1;
	assert_int_equal(do_gaol_cmd_run(c, &status, &error), 0);
	assert_int_equal(status, 0);
	do_gaol_cmd_free(c);
}

/* The signals that a host may have handlers for, those that Go uses too among them. */
static const int signals[] = {SIGINT, SIGTERM, SIGCHLD, SIGPIPE, SIGHUP, SIGUSR1, SIGURG, SIGALRM, SIGPROF, SIGWINCH, SIGSEGV, SIGBUS, SIGFPE};
enum { COUNT = sizeof signals / sizeof *signals };
static volatile sig_atomic_t caught[65];
static struct sigaction mine[COUNT];
static sigjmp_buf back;

static void handler(int s, siginfo_t *info, void *context) {
	(void)info, (void)context;
	caught[s]++;
	if (s == SIGSEGV || s == SIGFPE) siglongjmp(back, 1); /* as some hosts do */
}

static struct rlimit files;
static sigset_t mask;

/* before is what the host has set up when it loads the library. */
static int before(void **state) {
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = 512;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (int i = 0; i < COUNT; i++) {
		struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
		sigaction(signals[i], &a, NULL);
		sigaction(signals[i], NULL, &mine[i]);
	}
	signal(SIGTTOU, SIG_IGN);
	sigset_t some;
	sigemptyset(&some), sigaddset(&some, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &some, NULL), pthread_sigmask(SIG_BLOCK, NULL, &mask);
	load();
	use();
	return 0;
}

static void handlers_stay_and_work(void **state) {
	(void)state;
	for (int i = 0; i < COUNT; i++) {
		struct sigaction now;
		sigaction(signals[i], NULL, &now);
		/* those that Go needs for itself it hands on (docs/C.md) */
		int taken = signals[i] == SIGSEGV || signals[i] == SIGBUS || signals[i] == SIGFPE || signals[i] == SIGURG;
		if (!taken && now.sa_sigaction != handler) fail_msg("signal %d has another handler", signals[i]);
		if (!taken && (now.sa_flags & ~SA_ONSTACK) != mine[i].sa_flags) fail_msg("signal %d has other flags", signals[i]);
		int n = caught[signals[i]];
		if (taken && signals[i] != SIGURG) continue; /* cmocka has put its own there; see below */
		kill(getpid(), signals[i]);
		for (int spins = 0; caught[signals[i]] == n && spins < 5000; spins++) usleep(1000); /* another thread may get it */
		if (caught[signals[i]] != n + 1) fail_msg("signal %d was caught %d times", signals[i], caught[signals[i]] - n);
	}
	struct sigaction now;
	sigaction(SIGTTOU, NULL, &now);
	assert_ptr_equal(now.sa_handler, SIG_IGN);
	sigaction(SIGTSTP, NULL, &now);
	assert_ptr_equal(now.sa_handler, SIG_DFL);
	sigset_t after;
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int n = 1; n < 65; n++) assert_int_equal(sigismember(&mask, n), sigismember(&after, n));
}

/* Each in a process of its own that loads the library, since cmocka has handlers for faults. */
static int bare(const char *what) {
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		execl("/proc/self/exe", "host_test", library, what, (char *)NULL);
		_exit(1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int run_bare(const char *what) {
	int handled = !strcmp(what, "handlers");
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	if (handled) sigaction(SIGSEGV, &a, NULL), sigaction(SIGFPE, &a, NULL);
	load();
	gaol_host *h = do_gaol_host_probe(NULL); /* Go runs */
	if (!h) return 1;
	if (handled) {
		volatile int zero = 0;
		if (!sigsetjmp(back, 1)) *(volatile int *)8 = 1;
		if (!sigsetjmp(back, 1)) zero = 7 / zero;
		if (!sigsetjmp(back, 1)) kill(getpid(), SIGSEGV), usleep(100000);
		if (!sigsetjmp(back, 1)) raise(SIGFPE);
		use();
		return caught[SIGSEGV] == 2 && caught[SIGFPE] == 2 ? 0 : 5;
	}
	if (!strcmp(what, "sent")) raise(SIGSEGV);
	if (!strcmp(what, "segv")) *(volatile int *)8 = 1;
	if (!strcmp(what, "fpe")) { volatile int zero = 0; zero = 7 / zero; }
	if (!strcmp(what, "relay")) { /* Go copies to a pipe that nobody reads */
		int fds[2];
		gaol_error *error;
		gaol_limits limits = GAOL_LIMITS_INIT;
		limits.output = 1 << 20;
		if (pipe(fds) < 0) return 2;
		gaol_profile *p = profile();
		do_gaol_profile_limit(p, &limits);
		sandbox = do_gaol_sandbox_new(p, &error);
		gaol_cmd *c = do_gaol_cmd_new(sandbox, ARGV("echo", "text"));
		do_gaol_cmd_set_stdio(c, 1, GAOL_STDIO_FD, fds[1]);
		close(fds[0]);
		return do_gaol_cmd_run(c, NULL, NULL) == -EPIPE ? 0 : 6;
	}
	if (!strcmp(what, "pipe")) {
		int fds[2];
		if (pipe(fds) < 0) return 2;
		close(fds[0]);
		if (write(fds[1], "x", 1) < 0) return 3;
	}
	return strcmp(what, "exit") ? 4 : 0;
}

static void a_host_s_faults_are_its_own(void **state) {
	(void)state;
	assert_int_equal(bare("exit"), 0);
	assert_int_equal(bare("handlers"), 0);
	assert_int_equal(bare("relay"), 0);
	assert_int_equal(bare("segv"), SIGSEGV);
	assert_int_equal(bare("fpe"), SIGFPE);
	assert_int_equal(bare("sent"), SIGSEGV);
	assert_int_equal(bare("pipe"), SIGPIPE);
}

static void a_host_s_child_is_its_own(void **state) {
	(void)state;
	int n = caught[SIGCHLD];
	pid_t pid = fork();
	if (pid == 0) _exit(3);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_int_equal(caught[SIGCHLD], n + 1);
	use();
}

static void the_limit_of_open_files_is_the_host_s(void **state) {
	(void)state;
	struct rlimit now;
	getrlimit(RLIMIT_NOFILE, &now);
	assert_int_equal(now.rlim_cur, files.rlim_cur);
	assert_int_equal(now.rlim_max, files.rlim_max);
}

/* forked runs f in a child and returns what that says, or -1 if it hangs. */
static int forked(int (*f)(void), pid_t pid) {
	if (pid == 0) {
		alarm(20);
		signal(SIGALRM, SIG_DFL);
		_exit(f());
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int told(void) {
	gaol_error *error = NULL;
	int status = 0;
	if (do_gaol_profile_new() || errno != EDEADLK) return 1;
	if (do_gaol_sandbox_new((gaol_profile *)1, &error) || errno != EDEADLK) return 2;
	if (do_gaol_error_code(error) != GAOL_ERROR_FORKED || do_gaol_error_errno(error) != EDEADLK) return 3;
	if (!strstr(do_gaol_error_message(error), "forked") || *do_gaol_error_step(error)) return 4;
	gaol_unsupported u = GAOL_UNSUPPORTED_INIT;
	if (do_gaol_error_unsupported(error, 0, &u) != -ENOENT) return 5;
	if (do_gaol_error_free(error) || do_gaol_error_free(error)) return 6;
	if (do_gaol_cmd_new(sandbox, ARGV("true")) || errno != EDEADLK) return 7;
	if (do_gaol_cmd_run((gaol_cmd *)1, &status, &error) != -EDEADLK || !error) return 8;
	if (do_gaol_host_probe(&error) || *do_gaol_host_system((gaol_host *)1)) return 9;
	if (do_gaol_sandbox_free(sandbox) != -EDEADLK || do_gaol_free((void *)8) != -EDEADLK) return 10;
	if (do_gaol_sandbox_explain(sandbox) || do_gaol_profile_toml((gaol_profile *)1, NULL)) return 11;
	if (do_gaol_error_free(NULL) || do_gaol_error_code(NULL)) return 12;
	if (strcmp(do_gaol_version(), GAOL_VERSION)) return 13;
	return 42;
}

static void a_forked_child_is_told(void **state) {
	(void)state;
	assert_int_equal(forked(told, fork()), 42);
	/* also one that the C library knows nothing of, and whose number may be the parent's */
	assert_int_equal(forked(told, (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)), 42);
	if (geteuid() == 0) assert_int_equal(forked(told, (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_NEWPID, 0, 0, 0, 0)), 42);
	use(); /* and the parent goes on */
}

static int execs(void) {
	execl("/bin/sh", "sh", "-c", "exit 43", (char *)NULL);
	return 1;
}

static void a_forked_child_may_exec(void **state) {
	(void)state;
	assert_int_equal(forked(execs, fork()), 43);
}

static void *thread(void *arg) {
	for (int i = 0; i < 10; i++) use();
	return arg;
}

static void all_threads_may_use_it(void **state) {
	(void)state;
	pthread_t threads[8];
	pthread_attr_t small;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], i % 2 ? &small : NULL, thread, NULL), 0);
	for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
}

static void it_stays_when_it_is_closed(void **state) {
	(void)state;
	void *so = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(so);
	for (int i = 0; i < 3; i++) dlclose(so);
	use();
	so = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	assert_ptr_equal(dlsym(so, "gaol_version"), do_gaol_version);
	use();
}

static void an_ignored_sigchld_does_no_harm(void **state) {
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 5; i++) use();
	signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handlers_stay_and_work),
		cmocka_unit_test(a_host_s_faults_are_its_own),
		cmocka_unit_test(a_host_s_child_is_its_own),
		cmocka_unit_test(the_limit_of_open_files_is_the_host_s),
		cmocka_unit_test(a_forked_child_is_told),
		cmocka_unit_test(a_forked_child_may_exec),
		cmocka_unit_test(all_threads_may_use_it),
		cmocka_unit_test(it_stays_when_it_is_closed),
		cmocka_unit_test(an_ignored_sigchld_does_no_harm),
	};
	if (argc < 2) return 2;
	library = argv[1];
	if (argc == 3) return run_bare(argv[2]);
	return cmocka_run_group_tests(tests, before, NULL);
}
