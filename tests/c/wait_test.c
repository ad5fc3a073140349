/* Waiting for commands: with and without a timeout, by many threads at once, and what signals, kills, limits and frees do to who waits. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

static gaol_sandbox *plain;

static int setup(void **state) {
	(void)state;
	plain = box(NULL);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	return gaol_sandbox_free(plain);
}

#define MS 1000000LL

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MS + t.tv_nsec;
}

/* reader makes a command that ends with 5 when what the caller has of its input is closed. */
static gaol_cmd *reader(int *in) {
	gaol_error *error;
	gaol_cmd *c = shell(plain, "read x; exit 5");
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(c, &error), error);
	*in = gaol_cmd_take_pipe(c, 0);
	assert_true(*in >= 0);
	return c;
}

static void waiting_has_an_end(void **state) {
	(void)state;
	gaol_error *error;
	gaol_cmd *c = shell(plain, "read x");
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(c, &error), error);
	int status = 77, in = gaol_cmd_take_pipe(c, 0), fd = gaol_cmd_poll_fd(c);
	assert_int_equal(gaol_cmd_poll_fd(c), fd);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
	failed(gaol_cmd_wait_timeout(c, 0, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	failed(gaol_cmd_wait_timeout(c, 20000000, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	failed(gaol_cmd_wait_timeout(c, 0, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	assert_int_equal(status, 77);
	assert_true(gaol_cmd_pid(c) > 1);
	close(in);
	assert_int_equal(poll(&p, 1, 30000), 1);
	fine(gaol_cmd_wait_timeout(c, 0, &status, &error), error);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_int_equal(poll(&p, 1, 0), 1); /* it stays so */
	assert_int_equal(gaol_cmd_kill(c), -ESRCH);
	gaol_cmd_free(c);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	c = gaol_cmd_new(plain, ARGV("true"));
	fine(gaol_cmd_run(c, NULL, &error), error);
	p.fd = gaol_cmd_poll_fd(c); /* first asked for after the end */
	assert_int_equal(poll(&p, 1, 0), 1);
	gaol_cmd_free(c);
}

static void *waiter(void *arg) {
	int status = -1;
	gaol_cmd_wait(arg, &status, NULL);
	return (void *)(intptr_t)status;
}

static void many_threads_wait_for_one(void **state) {
	(void)state;
	gaol_error *error;
	gaol_cmd *c = shell(plain, "read x; exit 5");
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(c, &error), error);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, waiter, c);
	failed(gaol_cmd_wait_timeout(c, 10000000, NULL, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	close(gaol_cmd_take_pipe(c, 0));
	for (int i = 0; i < 4; i++) {
		void *status;
		pthread_join(threads[i], &status);
		assert_int_equal((intptr_t)status, 5 << 8);
	}
	gaol_cmd_free(c);
}

static void *starter(void *arg) {
	return (void *)(intptr_t)gaol_cmd_start(arg, NULL);
}

static void a_program_outlives_the_thread_that_started_it(void **state) {
	(void)state;
	gaol_error *error;
	gaol_cmd *c = shell(plain, "read x; exit 6");
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_PIPE, -1);
	pthread_t thread;
	void *r;
	pthread_create(&thread, NULL, starter, c);
	pthread_join(thread, &r);
	assert_int_equal((intptr_t)r, 0);
	failed(gaol_cmd_wait_timeout(c, 50000000, NULL, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	close(gaol_cmd_take_pipe(c, 0));
	int status;
	fine(gaol_cmd_wait(c, &status, &error), error);
	assert_int_equal(status, 6 << 8);
	gaol_cmd_free(c);
}

/* turns is a thread that waits in pieces, as an event loop does, until there is an end. */
static void *turns(void *arg) {
	int status = -1, r;
	unsigned seed = (unsigned)now();
	while ((r = gaol_cmd_wait_timeout(arg, rand_r(&seed) % 4 * MS / 2, &status, NULL)) == -ETIMEDOUT) {}
	return (void *)(intptr_t)(r ? r : status);
}

static void threads_with_and_without_a_timeout_wait_for_one(void **state) {
	(void)state;
	for (int i = 0; i < 30; i++) {
		int in;
		gaol_cmd *c = reader(&in);
		pthread_t threads[6];
		for (int j = 0; j < 6; j++) pthread_create(&threads[j], NULL, (i + j) % 3 ? turns : waiter, c);
		usleep((useconds_t)(i % 10) * 300);
		if (i % 2) assert_int_equal(gaol_cmd_kill(c), 0);
		else close(in), in = -1;
		for (int j = 0; j < 6; j++) {
			void *status;
			pthread_join(threads[j], &status);
			assert_int_equal((intptr_t)status, i % 2 ? SIGKILL : 5 << 8);
		}
		if (in >= 0) close(in);
		gaol_cmd_free(c);
	}
}

static void *long_wait(void *arg) {
	int status = -1, r = gaol_cmd_wait_timeout(arg, 60000 * MS, &status, NULL);
	return (void *)(intptr_t)(r ? r : status);
}

static void who_waits_gets_the_end_of_what_is_freed(void **state) {
	(void)state;
	for (int i = 0; i < 10; i++) {
		int in;
		gaol_cmd *c = reader(&in);
		pthread_t threads[3];
		for (int j = 0; j < 3; j++) pthread_create(&threads[j], NULL, j ? long_wait : waiter, c);
		usleep(5000); /* they wait by now; who does not is told that there is no such command */
		assert_int_equal(gaol_cmd_free(c), 0);
		for (int j = 0; j < 3; j++) {
			void *status;
			pthread_join(threads[j], &status);
			if ((intptr_t)status != -1) assert_true((intptr_t)status == SIGKILL || (intptr_t)status == -EBADF);
		}
		close(in);
	}
}

static void a_timeout_leaves_the_waiting_to_the_others(void **state) {
	(void)state;
	int in;
	gaol_cmd *c = reader(&in);
	gaol_error *error;
	pthread_t first, second;
	pthread_create(&first, NULL, long_wait, c);
	usleep(5000);
	int64_t start = now();
	failed(gaol_cmd_wait_timeout(c, 30 * MS, NULL, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	assert_true(now() - start >= 30 * MS);
	pthread_create(&second, NULL, waiter, c);
	usleep(5000);
	close(in);
	void *status;
	pthread_join(first, &status);
	assert_int_equal((intptr_t)status, 5 << 8);
	pthread_join(second, &status);
	assert_int_equal((intptr_t)status, 5 << 8);
	gaol_cmd_free(c);
}

static volatile sig_atomic_t rung;
static void ring(int number) {
	(void)number;
	rung++;
}

static void a_signal_s_handler_runs_and_the_wait_goes_on(void **state) {
	(void)state;
	gaol_error *error;
	int in, status;
	struct sigaction a = {.sa_handler = ring}, before; /* without SA_RESTART */
	sigaction(SIGALRM, &a, &before);
	for (int timed = 0; timed < 2; timed++) {
		gaol_cmd *c = reader(&in);
		rung = 0;
		struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
		setitimer(ITIMER_REAL, &often, NULL);
		if (timed) {
			int64_t start = now();
			failed(gaol_cmd_wait_timeout(c, 100 * MS, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
			assert_true(now() - start >= 100 * MS);
		} else {
			pthread_t thread;
			pthread_create(&thread, NULL, long_wait, c);
			while (rung < 5) usleep(1000);
			close(in), in = -1;
			fine(gaol_cmd_wait(c, &status, &error), error);
			pthread_join(thread, NULL);
		}
		assert_true(rung >= 5);
		setitimer(ITIMER_REAL, &never, NULL);
		if (in >= 0) close(in);
		fine(gaol_cmd_wait(c, &status, &error), error);
		assert_int_equal(status, 5 << 8);
		gaol_cmd_free(c);
	}
	sigaction(SIGALRM, &before, NULL);
}

/* unread starts a command that fills the pipes, of whose output gaol copies what is counted for a limit. */
static gaol_cmd *unread(int *out) {
	gaol_error *error;
	gaol_limits limits = GAOL_LIMITS_INIT;
	limits.output = 1 << 30;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("yes"));
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(c, &error), error);
	*out = gaol_cmd_take_pipe(c, 1);
	for (int before = -1, n = 0; n == 0 || n != before; usleep(50000)) before = n, assert_int_equal(ioctl(*out, FIONREAD, &n), 0);
	return c;
}

static void a_timeout_holds_for_output_that_nobody_reads(void **state) {
	(void)state;
	gaol_error *error;
	int out, status = 77;
	gaol_cmd *c = unread(&out);
	gaol_cmd_kill(c);
	struct pollfd p = {.fd = gaol_cmd_poll_fd(c), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 30000), 1);
	int64_t start = now();
	failed(gaol_cmd_wait_timeout(c, 0, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	failed(gaol_cmd_wait_timeout(c, 0, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	failed(gaol_cmd_wait_timeout(c, 20 * MS, &status, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	assert_true(now() - start < 20000 * MS);
	char buf[65536];
	while (read(out, buf, sizeof buf) > 0) {}
	fine(gaol_cmd_wait_timeout(c, 30000 * MS, &status, &error), error);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(out), gaol_cmd_free(c);
}

static void to_free_waits_for_no_reader(void **state) {
	(void)state;
	gaol_error *error;
	int out;
	gaol_cmd *c = unread(&out);
	failed(gaol_cmd_wait_timeout(c, 10 * MS, NULL, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	assert_int_equal(gaol_cmd_free(c), 0);
	close(out);
}

static void to_kill_is_to_wait_for_no_reader(void **state) {
	(void)state;
	gaol_error *error;
	gaol_limits limits = GAOL_LIMITS_INIT;
	limits.output = 1 << 30;
	int fds[2], status;
	static char buf[100001];
	assert_int_equal(pipe(fds), 0);
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("yes"));
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_FD, fds[1]);
	fine(gaol_cmd_start(c, &error), error);
	failed(gaol_cmd_wait_timeout(c, 50000000, NULL, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	assert_int_equal(gaol_cmd_kill(c), 0);
	fine(gaol_cmd_wait(c, &status, &error), error);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0); /* it is the caller's */
	gaol_cmd_free(c), close(fds[0]), close(fds[1]);

	assert_int_equal(pipe(fds), 0); /* who is not killed loses nothing, however late it is read */
	c = gaol_cmd_new(plain, ARGV("head", "-c", "100000", "/dev/zero"));
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_FD, fds[1]);
	close(fds[1]);
	fine(gaol_cmd_start(c, &error), error);
	usleep(1500000);
	size_t all = 0;
	for (ssize_t n; (n = read(fds[0], buf + all, sizeof buf - all)) > 0;) all += (size_t)n;
	assert_int_equal(all, 100000);
	fine(gaol_cmd_wait(c, &status, &error), error);
	assert_int_equal(status, 0);
	gaol_cmd_free(c), close(fds[0]);
}

static void a_limit_of_time_ends_what_nobody_waits_for(void **state) {
	(void)state;
	gaol_error *error;
	gaol_limits limits = GAOL_LIMITS_INIT;
	gaol_ending ending = GAOL_ENDING_INIT;
	limits.wall_ns = 100000000;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("sleep", "60"));
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	fine(gaol_cmd_start(c, &error), error);
	struct pollfd p = {.fd = gaol_cmd_poll_fd(c), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 30000), 1);
	int status;
	fine(gaol_cmd_wait_timeout(c, 0, &status, &error), error);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	gaol_report *r = gaol_cmd_report(c, NULL);
	assert_int_equal(gaol_report_ending(r, &ending), 0);
	assert_int_equal(ending.end, GAOL_END_WALL);
	char *json = gaol_report_json(r);
	assert_non_null(strstr(json, "\"end\":\"wall limit\""));
	gaol_free(json), gaol_report_free(r), gaol_cmd_free(c);
}

static void a_limit_ends_the_wait_of_every_thread(void **state) {
	(void)state;
	gaol_error *error;
	gaol_limits limits = GAOL_LIMITS_INIT;
	limits.wall_ns = 50 * MS;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("sleep", "60"));
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	fine(gaol_cmd_start(c, &error), error);
	pthread_t threads[3];
	void *(*how[])(void *) = {long_wait, turns, waiter};
	for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, how[i], c);
	for (int i = 0; i < 3; i++) {
		void *status;
		pthread_join(threads[i], &status);
		assert_int_equal((intptr_t)status, SIGKILL);
	}
	gaol_cmd_free(c);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waiting_has_an_end),
		cmocka_unit_test(many_threads_wait_for_one),
		cmocka_unit_test(a_program_outlives_the_thread_that_started_it),
		cmocka_unit_test(threads_with_and_without_a_timeout_wait_for_one),
		cmocka_unit_test(who_waits_gets_the_end_of_what_is_freed),
		cmocka_unit_test(a_timeout_leaves_the_waiting_to_the_others),
		cmocka_unit_test(a_signal_s_handler_runs_and_the_wait_goes_on),
		cmocka_unit_test(a_timeout_holds_for_output_that_nobody_reads),
		cmocka_unit_test(to_free_waits_for_no_reader),
		cmocka_unit_test(to_kill_is_to_wait_for_no_reader),
		cmocka_unit_test(a_limit_of_time_ends_what_nobody_waits_for),
		cmocka_unit_test(a_limit_ends_the_wait_of_every_thread),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
