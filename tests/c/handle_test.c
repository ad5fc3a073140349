/* What a program may do wrong with handles, memory and numbers: an error code each, and the process goes on. */
#include <fcntl.h>
#include <pthread.h>

#include "check.h"

/* every calls each function that takes a handle with one that is none of its kind. */
static void every(void *h) {
	gaol_error *error;
	int status = 7;
	gaol_limits limits = GAOL_LIMITS_INIT;
	gaol_credential credential = GAOL_CREDENTIAL_INIT;
	gaol_output output = GAOL_OUTPUT_INIT;
	gaol_check check = GAOL_CHECK_INIT;
	gaol_ending ending = GAOL_ENDING_INIT;
	gaol_usage usage = GAOL_USAGE_INIT;
	gaol_gap gap = GAOL_GAP_INIT;
	gaol_denial denial = GAOL_DENIAL_INIT;
	gaol_enforcement enforcement = GAOL_ENFORCEMENT_INIT;
	char *text = (char *)1;

#define BAD(call) assert_int_equal(call, -EBADF)
#define BAD_WITH(call) do { int r = (call); failed(r, error, GAOL_ERROR_HANDLE, EBADF); } while (0)
#define NONE(call) do { errno = 0; assert_null(call); assert_int_equal(errno, EBADF); } while (0)
#define NONE_WITH(call) do { errno = 0; assert_null(call); failed(-errno, error, GAOL_ERROR_HANDLE, EBADF); } while (0)
	BAD(gaol_profile_allow(h, GAOL_SYSTEM));
	BAD(gaol_profile_allow_path(h, GAOL_FILE_READ, GAOL_SUBPATH, "/a"));
	BAD(gaol_profile_deny_path(h, GAOL_FILE_READ, GAOL_SUBPATH, "/a"));
	BAD(gaol_profile_allow_address(h, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_ALL, NULL, 0));
	BAD(gaol_profile_allow_ipc(h, GAOL_IPC_SYSTEM_V));
	BAD(gaol_profile_allow_name(h, GAOL_SYSCALL, "acct"));
	BAD(gaol_profile_map(h, "/a", "/b", GAOL_READ_ONLY));
	BAD(gaol_profile_set_on_denied(h, GAOL_KILL));
	BAD(gaol_profile_set_env(h, "A", "b"));
	BAD(gaol_profile_pass_env(h, "A"));
	BAD(gaol_profile_set_dir(h, "/"));
	BAD(gaol_profile_set_engine(h, GAOL_ENGINE_ANY));
	BAD(gaol_profile_limit(h, &limits));
	BAD(gaol_profile_add(h, h));
	BAD_WITH(gaol_profile_check(h, &error));
	NONE_WITH(gaol_profile_toml(h, &error));
	NONE(gaol_profile_operation(h, 0));
	assert_string_equal(gaol_host_system(h), "");
	BAD(gaol_host_check(h, 0, &check));
	BAD(gaol_host_engine(h, 0));
	BAD(gaol_host_support(h, h, 0, GAOL_ENGINE_ANY, &text));
	assert_null(text);
	NONE_WITH(gaol_sandbox_new(h, &error));
	NONE(gaol_sandbox_explain(h));
	NONE_WITH(gaol_sandbox_report(h, &error));
	NONE(gaol_cmd_new(h, ARGV("true")));
	BAD(gaol_cmd_set_program(h, "true"));
	BAD(gaol_cmd_set_env(h, ARGV("A=b")));
	BAD(gaol_cmd_set_dir(h, "/"));
	BAD(gaol_cmd_set_stdio(h, 1, GAOL_STDIO_NULL, -1));
	BAD(gaol_cmd_pass_fd(h, 0, -1));
	BAD(gaol_cmd_set_limits(h, &limits));
	BAD(gaol_cmd_set_credential(h, &credential));
	BAD(gaol_cmd_set_umask(h, 022));
	BAD(gaol_cmd_set_wait_delay(h, 1));
	BAD_WITH(gaol_cmd_check(h, &error));
	BAD_WITH(gaol_cmd_start(h, &error));
	BAD(gaol_cmd_take_pipe(h, 0));
	BAD_WITH(gaol_cmd_wait(h, &status, &error));
	BAD_WITH(gaol_cmd_wait_timeout(h, 1, &status, &error));
	BAD(gaol_cmd_poll_fd(h));
	BAD(gaol_cmd_pid(h));
	BAD(gaol_cmd_signal(h, 15));
	BAD(gaol_cmd_kill(h));
	BAD_WITH(gaol_cmd_run(h, &status, &error));
	BAD_WITH(gaol_cmd_capture(h, NULL, &output, &error));
	assert_null(output.out);
	NONE_WITH(gaol_cmd_report(h, &error));
	NONE(gaol_report_json(h));
	assert_string_equal(gaol_report_engine(h), "");
	assert_string_equal(gaol_report_mechanism(h, 0), "");
	BAD(gaol_report_enforced(h, 0, &enforcement));
	BAD(gaol_report_gap(h, 0, &gap));
	BAD(gaol_report_denial(h, 0, &denial));
	BAD(gaol_report_ending(h, &ending));
	BAD(gaol_report_usage(h, &usage));
	assert_string_equal(gaol_error_message(h), "");
	assert_int_equal(gaol_error_code(h), h ? GAOL_ERROR_HANDLE : GAOL_ERROR_NONE);
	assert_int_equal(gaol_error_line(h), 0);
	assert_int_equal(status, 7);
	int freed = h ? -EBADF : 0;
	assert_int_equal(gaol_profile_free(h), freed);
	assert_int_equal(gaol_host_free(h), freed);
	assert_int_equal(gaol_sandbox_free(h), freed);
	assert_int_equal(gaol_cmd_free(h), freed);
	assert_int_equal(gaol_report_free(h), freed);
	assert_int_equal(gaol_error_free(h), freed);
	assert_int_equal(gaol_free(h), freed);
}

static void what_is_no_handle_is_an_error(void **state) {
	(void)state;
	char local[64] = {0};
	every(NULL);
	every((void *)1);
	every((void *)5);
	every((void *)-1);
	every(local);
	every((void *)"text");
	gaol_error *error;
	gaol_profile *p = gaol_profile_new();
	gaol_host *host = gaol_host_probe(NULL);
	gaol_sandbox *s = box(NULL);
	gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_cmd_run(c, NULL, NULL), 0);
	gaol_report *r = gaol_cmd_report(c, NULL);
	char *text = gaol_sandbox_explain(s);
	assert_null(gaol_profile_load("/nowhere.toml", &error));
	assert_int_equal(gaol_profile_free(p), 0);
	assert_int_equal(gaol_host_free(host), 0);
	assert_int_equal(gaol_sandbox_free(s), 0);
	assert_int_equal(gaol_cmd_free(c), 0);
	assert_int_equal(gaol_report_free(r), 0);
	assert_int_equal(gaol_error_free(error), 0);
	assert_int_equal(gaol_free(text), 0);
	void *freed[] = {p, host, s, c, r, error, text};
	for (size_t i = 0; i < sizeof freed / sizeof *freed; i++) every(freed[i]);
	char *heap = malloc(64);
	every(heap);
	free(heap);
}

static void what_may_not_be_null_is_an_error(void **state) {
	(void)state;
	gaol_error *error;
	gaol_sandbox *s = box(NULL);
	gaol_profile *p;
#define REFUSES(call) do { \
	p = gaol_profile_new(); \
	assert_int_equal(call, -EINVAL); \
	failed(gaol_profile_check(p, &error), error, GAOL_ERROR_ARGUMENT, EINVAL); \
	gaol_profile_free(p); \
} while (0)
	REFUSES(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, NULL));
	REFUSES(gaol_profile_deny_path(p, GAOL_FILE_READ, GAOL_SUBPATH, NULL));
	REFUSES(gaol_profile_allow_path(p, GAOL_DEVICE, GAOL_LITERAL, NULL));
	REFUSES(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_HOST, NULL, 1));
	REFUSES(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_LOCAL_SOCKET, NULL, 0));
	REFUSES(gaol_profile_allow_name(p, GAOL_SYSCALL, NULL));
	REFUSES(gaol_profile_map(p, NULL, "/b", GAOL_READ_ONLY));
	REFUSES(gaol_profile_map(p, "/a", NULL, GAOL_READ_ONLY));
	REFUSES(gaol_profile_set_env(p, NULL, "b"));
	REFUSES(gaol_profile_set_env(p, "A", NULL));
	REFUSES(gaol_profile_pass_env(p, NULL));
	REFUSES(gaol_profile_set_dir(p, NULL));
	REFUSES(gaol_profile_limit(p, NULL));
#define NOTHING(call) do { assert_null(call); failed(-errno, error, GAOL_ERROR_ARGUMENT, EINVAL); } while (0)
	NOTHING(gaol_profile_load(NULL, &error));
	NOTHING(gaol_profile_parse(NULL, "schema = 1", 10, &error));
	NOTHING(gaol_profile_parse("p.toml", NULL, 10, &error));
	gaol_cmd *c;
#define BREAKS(call) do { \
	c = gaol_cmd_new(s, ARGV("true")); \
	assert_int_equal(call, -EINVAL); \
	failed(gaol_cmd_check(c, &error), error, GAOL_ERROR_ARGUMENT, EINVAL); \
	failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_ARGUMENT, EINVAL); \
	gaol_cmd_free(c); \
} while (0)
	BREAKS(gaol_cmd_set_program(c, NULL));
	BREAKS(gaol_cmd_set_dir(c, NULL));
	BREAKS(gaol_cmd_set_limits(c, NULL));
	BREAKS(gaol_cmd_set_credential(c, NULL));
	c = gaol_cmd_new(s, ARGV("true"));
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	gaol_output output = GAOL_OUTPUT_INIT;
	options.input_size = 1;
	failed(gaol_cmd_capture(c, &options, &output, &error), error, GAOL_ERROR_ARGUMENT, EINVAL);
	failed(gaol_cmd_capture(c, NULL, NULL, &error), error, GAOL_ERROR_ARGUMENT, EINVAL);
	fine(gaol_cmd_run(c, NULL, &error), error); /* which has done it no harm */
	gaol_report *r = gaol_cmd_report(c, NULL);
	gaol_host *host = gaol_host_probe(NULL);
	p = gaol_profile_new();
	gaol_profile_allow(p, GAOL_SIGNAL);
	assert_int_equal(gaol_report_enforced(r, 0, NULL), -EINVAL);
	assert_int_equal(gaol_report_gap(r, 99, NULL), -ENOENT);
	assert_int_equal(gaol_report_denial(r, 99, NULL), -ENOENT);
	assert_int_equal(gaol_report_ending(r, NULL), -EINVAL);
	assert_int_equal(gaol_report_usage(r, NULL), -EINVAL);
	assert_int_equal(gaol_host_check(host, 0, NULL), -EINVAL);
	assert_int_equal(gaol_host_support(host, p, 0, GAOL_ENGINE_ANY, NULL), GAOL_ALWAYS_ALLOWED);
	gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_HOST, "example.com", 443);
	assert_null(gaol_sandbox_new(p, &error));
	assert_int_equal(gaol_error_unsupported(error, 0, NULL), -EINVAL);
	gaol_error_free(error), gaol_profile_free(p), gaol_host_free(host), gaol_report_free(r), gaol_cmd_free(c), gaol_sandbox_free(s);
}

static void the_largest_numbers_are_numbers(void **state) {
	(void)state;
	gaol_error *error;
	gaol_sandbox *s = box(NULL);
	int status;
	gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_cmd_set_wait_delay(c, INT64_MAX), 0);
	fine(gaol_cmd_start(c, &error), error);
	fine(gaol_cmd_wait_timeout(c, INT64_MAX, &status, &error), error);
	assert_int_equal(status, 0);
	gaol_cmd_free(c);
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	options.timeout_ns = INT64_MAX;
	said(gaol_cmd_new(s, ARGV("echo", "a")), &options, "a\n");
	gaol_limits all = GAOL_LIMITS_INIT;
	all.wall_ns = INT64_MAX; /* more than any host has, which is said of it */
	c = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_cmd_set_limits(c, &all), -EINVAL);
	int r = gaol_cmd_start(c, &error);
	assert_string_equal(gaol_error_operation(error), "Limits.Wall");
	failed(r, error, GAOL_ERROR_PROFILE, EINVAL);
	gaol_cmd_free(c), gaol_sandbox_free(s);
}

static void a_handle_of_another_kind_is_an_error(void **state) {
	(void)state;
	gaol_sandbox *s = box(NULL);
	gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_profile_allow((gaol_profile *)s, GAOL_SYSTEM), -EBADF);
	assert_int_equal(gaol_sandbox_free((gaol_sandbox *)c), -EBADF);
	assert_int_equal(gaol_error_free((gaol_error *)c), -EBADF);
	assert_int_equal(gaol_cmd_kill((gaol_cmd *)s), -EBADF);
	assert_int_equal(gaol_free(c), -EBADF);
	assert_int_equal(gaol_cmd_free(c), 0);
	assert_int_equal(gaol_sandbox_free(s), 0);
}

static void freed_memory_is_freed_once(void **state) {
	(void)state;
	gaol_sandbox *s = box(NULL);
	char *text = gaol_sandbox_explain(s);
	assert_int_equal(gaol_free(text + 1), -EBADF);
	assert_int_equal(gaol_free(text), 0);
	assert_int_equal(gaol_free(text), -EBADF);
	gaol_sandbox_free(s);
}

struct race {
	pthread_barrier_t start;
	void *volatile what;
	int (*volatile free)(void *);
	int won;
};

static void *racer(void *arg) {
	struct race *r = arg;
	for (;;) {
		pthread_barrier_wait(&r->start);
		if (!r->what) return NULL;
		if (r->free(r->what) == 0) __atomic_fetch_add(&r->won, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&r->start);
	}
}

static int free_profile(void *p) { return gaol_profile_free(p); }
static int free_cmd(void *c) { return gaol_cmd_free(c); }
static int free_error(void *e) { return gaol_error_free(e); }
static int free_host(void *h) { return gaol_host_free(h); }
static int free_sandbox(void *s) { return gaol_sandbox_free(s); }
static int free_report(void *r) { return gaol_report_free(r); }
static int free_text(void *t) { return gaol_free(t); }

/* race has four threads free the same thing. */
static void race(void *what, int (*f)(void *), struct race *r) {
	r->what = what, r->free = f, r->won = 0;
	pthread_barrier_wait(&r->start);
	if (!what) return;
	pthread_barrier_wait(&r->start);
	assert_int_equal(r->won, 1);
}

static void of_threads_that_free_at_once_one_does(void **state) {
	(void)state;
	struct race r;
	pthread_t threads[4];
	pthread_barrier_init(&r.start, NULL, 5);
	for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, racer, &r), 0);
	gaol_sandbox *s = box(NULL);
	for (int i = 0; i < 200; i++) {
		race(gaol_profile_new(), free_profile, &r);
		gaol_error *error;
		assert_null(gaol_profile_load("/nowhere.toml", &error));
		race(error, free_error, &r);
		race(gaol_host_probe(NULL), free_host, &r);
		race(gaol_sandbox_report(s, NULL), free_report, &r);
		race(gaol_sandbox_explain(s), free_text, &r); /* whose address nothing else gets meanwhile */
	}
	for (int i = 0; i < 5; i++) race(box(NULL), free_sandbox, &r);
	for (int i = 0; i < 20; i++) {
		gaol_error *error;
		gaol_cmd *c = shell(s, "sleep 60");
		fine(gaol_cmd_start(c, &error), error);
		race(c, free_cmd, &r);
	}
	race(NULL, NULL, &r);
	for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
	gaol_sandbox_free(s);
}

static void *user(void *arg) {
	gaol_sandbox *s = arg;
	for (int i = 0; i < 30; i++) {
		gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
		if (!c) break; /* freed */
		int status;
		gaol_error *error;
		int r = gaol_cmd_run(c, &status, &error);
		if (r < 0) assert_int_equal(gaol_error_code(error), GAOL_ERROR_CLOSED);
		gaol_error_free(error), gaol_cmd_free(c);
	}
	return NULL;
}

static void a_sandbox_is_freed_while_others_use_it(void **state) {
	(void)state;
	for (int i = 0; i < 5; i++) {
		gaol_sandbox *s = box(NULL);
		pthread_t threads[3];
		for (int j = 0; j < 3; j++) pthread_create(&threads[j], NULL, user, s);
		usleep(2000);
		assert_int_equal(gaol_sandbox_free(s), 0);
		for (int j = 0; j < 3; j++) pthread_join(threads[j], NULL);
	}
}

static void a_command_outlives_its_sandbox(void **state) {
	(void)state;
	gaol_error *error;
	gaol_sandbox *s = box(NULL);
	gaol_cmd *runs = shell(s, "read x; exit 3"), *waits = shell(s, "true");
	gaol_cmd_set_stdio(runs, 0, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(runs, &error), error);
	assert_int_equal(gaol_sandbox_free(s), 0);
	failed(gaol_cmd_start(waits, &error), error, GAOL_ERROR_CLOSED, ESHUTDOWN);
	close(gaol_cmd_take_pipe(runs, 0));
	int status;
	fine(gaol_cmd_wait(runs, &status, &error), error);
	assert_int_equal(WEXITSTATUS(status), 3);
	gaol_cmd_free(runs), gaol_cmd_free(waits);
}

static void huge_strings_are_refused(void **state) {
	(void)state;
	size_t size = 64 << 20;
	char *huge = malloc(size + 1);
	assert_non_null(huge);
	memset(huge, 'a', size), huge[0] = '/', huge[size] = 0;
	gaol_error *error;
	gaol_sandbox *s = box(NULL);
	gaol_profile *p = gaol_profile_new();
	assert_int_equal(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, huge), -E2BIG);
	assert_int_equal(gaol_profile_set_env(p, "A", huge), -E2BIG);
	assert_null(gaol_profile_load(huge, &error));
	failed(-errno, error, GAOL_ERROR_ARGUMENT, E2BIG);
	assert_null(gaol_profile_parse("p.toml", huge, size, &error));
	failed(-errno, error, GAOL_ERROR_ARGUMENT, E2BIG);
	assert_null(gaol_profile_parse("p.toml", huge, (size_t)-1, &error));
	failed(-errno, error, GAOL_ERROR_ARGUMENT, E2BIG);
	assert_null(gaol_cmd_new(s, ARGV("true", huge)));
	assert_int_equal(errno, E2BIG);
#define LARGE(call) do { \
	gaol_profile *q = gaol_profile_new(); \
	assert_int_equal(call, -E2BIG); \
	failed(gaol_profile_check(q, &error), error, GAOL_ERROR_ARGUMENT, E2BIG); \
	gaol_profile_free(q); \
} while (0)
	LARGE(gaol_profile_deny_path(q, GAOL_FILE_READ, GAOL_SUBPATH, huge));
	LARGE(gaol_profile_allow_address(q, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_LOCAL_SOCKET, huge, 0));
	LARGE(gaol_profile_allow_name(q, GAOL_SYSCALL, huge));
	LARGE(gaol_profile_map(q, huge, "/b", GAOL_READ_ONLY));
	LARGE(gaol_profile_map(q, "/a", huge, GAOL_READ_ONLY));
	LARGE(gaol_profile_set_env(q, huge, "a"));
	LARGE(gaol_profile_pass_env(q, huge));
	LARGE(gaol_profile_set_dir(q, huge));
	assert_null(gaol_profile_parse(huge, "schema = 1", 10, &error));
	failed(-errno, error, GAOL_ERROR_ARGUMENT, E2BIG);
	gaol_cmd *large = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_cmd_set_program(large, huge), -E2BIG);
	assert_int_equal(gaol_cmd_set_dir(large, huge), -E2BIG);
	gaol_cmd_free(large);
	huge[120 << 10] = 0; /* each is allowed, all of them are not */
	const char **many = calloc(1001, sizeof *many);
	for (int i = 0; i < 1000; i++) many[i] = huge;
	assert_null(gaol_cmd_new(s, many));
	assert_int_equal(errno, E2BIG);
	gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_cmd_set_env(c, many), -E2BIG);
	failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_ARGUMENT, E2BIG);
	assert_null(gaol_profile_load("/dev/zero", &error));
	failed(-errno, error, GAOL_ERROR_PROFILE, EINVAL);
	free(many), free(huge), gaol_cmd_free(c), gaol_profile_free(p), gaol_sandbox_free(s);
}

static void bad_descriptors_are_refused(void **state) {
	(void)state;
	gaol_error *error;
	gaol_sandbox *s = box(NULL);
	int closed = dup(0);
	close(closed);
	int bad[] = {-1, -2, closed, 1 << 30, INT32_MIN};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
		assert_int_equal(gaol_cmd_set_stdio(c, 0, GAOL_STDIO_FD, bad[i]), -EBADF);
		assert_int_equal(gaol_cmd_pass_fd(c, bad[i], -1), -EBADF);
		failed(gaol_cmd_check(c, &error), error, GAOL_ERROR_ARGUMENT, EBADF);
		failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_ARGUMENT, EBADF);
		gaol_cmd_free(c);
	}
	gaol_cmd *c = gaol_cmd_new(s, ARGV("true"));
	int kept = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(0);
	assert_int_equal(gaol_cmd_set_stdio(c, 0, GAOL_STDIO_INHERIT, -1), 0); /* it is looked at when the command starts */
	failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_ARGUMENT, EBADF);
	dup2(kept, 0), close(kept), gaol_cmd_free(c);
	c = gaol_cmd_new(s, ARGV("true"));
	assert_int_equal(gaol_cmd_set_stdio(c, 3, GAOL_STDIO_NULL, -1), -EINVAL);
	assert_int_equal(gaol_cmd_set_stdio(c, -1, GAOL_STDIO_NULL, -1), -EINVAL);
	assert_int_equal(gaol_cmd_set_stdio(c, 0, 9, -1), -EINVAL);
	assert_int_equal(gaol_cmd_set_stdio(c, 1, GAOL_STDIO_STDOUT, -1), -EINVAL);
	assert_int_equal(gaol_cmd_pass_fd(c, 0, 2), -EINVAL);
	assert_int_equal(gaol_cmd_pass_fd(c, 0, -2), -EINVAL);
	assert_int_equal(gaol_cmd_pass_fd(c, 0, 1 << 20), -EINVAL);
	assert_int_equal(gaol_cmd_set_wait_delay(c, -1), -EINVAL);
	assert_int_equal(gaol_cmd_set_umask(c, -2), -EINVAL);
	assert_int_equal(gaol_cmd_set_umask(c, 01000), -EINVAL);
	assert_int_equal(gaol_cmd_take_pipe(c, 0), -ECHILD);
	assert_int_equal(gaol_cmd_pid(c), -ECHILD);
	failed(gaol_cmd_wait_timeout(c, -1, NULL, &error), error, GAOL_ERROR_ARGUMENT, EINVAL);
	failed(gaol_cmd_wait(c, NULL, &error), error, GAOL_ERROR_STATE, ECHILD);
	failed(gaol_cmd_capture(c, NULL, NULL, &error), error, GAOL_ERROR_ARGUMENT, EINVAL);
	gaol_cmd_free(c);
	c = gaol_cmd_new(s, ARGV("true"));
	int directory = open("/", O_RDONLY | O_DIRECTORY);
	assert_int_equal(gaol_cmd_pass_fd(c, directory, -1), 3);
	failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_SETUP, EISDIR);
	failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_STATE, EALREADY);
	assert_int_equal(gaol_cmd_set_dir(c, "/"), -EALREADY);
	close(directory), gaol_cmd_free(c), gaol_sandbox_free(s);
}

static void a_command_needs_arguments(void **state) {
	(void)state;
	gaol_sandbox *s = box(NULL);
	errno = 0;
	assert_null(gaol_cmd_new(s, NULL));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(gaol_cmd_new(s, (const char *const[]){NULL}));
	assert_int_equal(errno, EINVAL);
	gaol_sandbox_free(s);
}

static void all_is_well_without_an_error_to_fill_in(void **state) {
	(void)state;
	assert_null(gaol_profile_load("/nowhere.toml", NULL));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(gaol_cmd_start(NULL, NULL), -EBADF);
	assert_int_equal(gaol_error_code(NULL), GAOL_ERROR_NONE);
	assert_string_equal(gaol_error_message(NULL), "");
	assert_int_equal(gaol_free(NULL), 0);
	assert_string_equal(gaol_version(), GAOL_VERSION);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_handle_is_an_error),
		cmocka_unit_test(what_may_not_be_null_is_an_error),
		cmocka_unit_test(the_largest_numbers_are_numbers),
		cmocka_unit_test(a_handle_of_another_kind_is_an_error),
		cmocka_unit_test(freed_memory_is_freed_once),
		cmocka_unit_test(of_threads_that_free_at_once_one_does),
		cmocka_unit_test(a_sandbox_is_freed_while_others_use_it),
		cmocka_unit_test(a_command_outlives_its_sandbox),
		cmocka_unit_test(huge_strings_are_refused),
		cmocka_unit_test(bad_descriptors_are_refused),
		cmocka_unit_test(a_command_needs_arguments),
		cmocka_unit_test(all_is_well_without_an_error_to_fill_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
