/* Commands: arguments, environment, streams, descriptors, ends, signals, limits, users, reports. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "check.h"

static gaol_sandbox *plain;

static void processes(gaol_profile *p) { assert_int_equal(gaol_profile_allow(p, GAOL_PROCESS_CREATE), 0); }

static int setup(void **state) {
	(void)state;
	plain = box(processes);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	return gaol_sandbox_free(plain);
}

static void arguments_and_variables_are_bytes(void **state) {
	(void)state;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("sh", "-c", "printf '%s|' \"$@\" \"$V\"", "sh", "", "a b", "\xff\xfe", "*"));
	assert_int_equal(gaol_cmd_set_env(c, ARGV("V=\x80", "PATH=/bin")), 0);
	said(c, NULL, "|a b|\xff\xfe|*|\x80|");
}

static void a_path_that_is_no_text_works(void **state) {
	(void)state;
	char dir[] = "/var/tmp/gaol-c-XXXXXX";
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	char file[64];
	snprintf(file, sizeof file, "%s/\xff\xc0n\n", dir);
	FILE *f = fopen(file, "w");
	fputs("inside", f), fclose(f);
	gaol_profile *p = gaol_profile_new();
	begin(p);
	assert_int_equal(gaol_profile_allow_path(p, GAOL_FILE_READ | (landlock_alone() ? GAOL_BEST_EFFORT : 0u), GAOL_LITERAL, file), 0);
	gaol_error *error;
	gaol_sandbox *s = gaol_sandbox_new(p, &error);
	fine(0, error);
	gaol_cmd *c = gaol_cmd_new(s, ARGV("cat", file));
	gaol_cmd_set_dir(c, "/");
	said(c, NULL, "inside");
	gaol_sandbox_free(s);
	char *toml = gaol_profile_toml(p, &error);
	fine(0, error);
	gaol_profile *again = gaol_profile_parse("again.toml", toml, strlen(toml), &error);
	fine(0, error);
	char *second = gaol_profile_toml(again, &error);
	assert_string_equal(toml, second);
	gaol_free(toml), gaol_free(second), gaol_profile_free(again), gaol_profile_free(p);
	unlink(file);
	char within[80];
	snprintf(within, sizeof within, "%s/\xfe", dir);
	assert_int_equal(mkdir(within, 0755), 0);
	p = gaol_profile_new();
	begin(p);
	assert_int_equal(gaol_profile_allow_path(p, GAOL_FILE_READ_METADATA, GAOL_SUBPATH, within), 0);
	assert_int_equal(gaol_profile_set_dir(p, within), 0);
	s = gaol_sandbox_new(p, &error);
	fine(0, error);
	char want[96];
	snprintf(want, sizeof want, "%s\n", within);
	said(gaol_cmd_new(s, ARGV("pwd")), NULL, want);
	snprintf(want, sizeof want, "%s/none", within);
	c = gaol_cmd_new(s, ARGV(want));
	int r = gaol_cmd_start(c, &error);
	assert_string_equal(gaol_error_path(error), want);
	failed(r, error, GAOL_ERROR_SETUP, ENOENT);
	gaol_cmd_free(c), gaol_sandbox_free(s), gaol_profile_free(p);
	rmdir(within), rmdir(dir);
}

static void the_environment_is_the_caller_s_word(void **state) {
	(void)state;
	setenv("GAOL_PASSED", "late", 1), setenv("GAOL_KEPT", "no", 1);
	gaol_profile *p = gaol_profile_new();
	begin(p);
	gaol_profile_pass_env(p, "GAOL_PASSED"), gaol_profile_pass_env(p, "GAOL_UNSET");
	gaol_profile_set_env(p, "GAOL_SET", "here");
	gaol_profile_set_dir(p, "/usr");
	gaol_sandbox *s = gaol_sandbox_new(p, NULL);
	said(shell(s, "echo $GAOL_PASSED:$GAOL_KEPT:$GAOL_SET:${GAOL_UNSET-unset}:$PWD"), NULL, "late::here:unset:/usr\n");
	gaol_cmd *c = shell(s, "echo $GAOL_PASSED:$A:$PWD");
	gaol_cmd_set_env(c, ARGV("A=1"));
	gaol_cmd_set_dir(c, "/etc");
	said(c, NULL, ":1:/etc\n");
	gaol_sandbox_free(s), gaol_profile_free(p);
}

static void the_umask_is_the_caller_s_or_what_is_set(void **state) {
	(void)state;
	mode_t before = umask(027);
	said(shell(plain, "umask"), NULL, "0027\n");
	gaol_cmd *c = shell(plain, "umask");
	assert_int_equal(gaol_cmd_set_umask(c, 0), 0);
	said(c, NULL, "0000\n");
	c = shell(plain, "umask");
	assert_int_equal(gaol_cmd_set_umask(c, 0777), 0);
	said(c, NULL, "0777\n");
	c = shell(plain, "umask");
	assert_int_equal(gaol_cmd_set_umask(c, 0777), 0);
	assert_int_equal(gaol_cmd_set_umask(c, -1), 0);
	said(c, NULL, "0027\n");
	assert_int_equal(umask(before), 027);
}

static void the_program_can_have_another_name(void **state) {
	(void)state;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("other", "-c", "echo $0"));
	assert_int_equal(gaol_cmd_set_program(c, "/bin/sh"), 0);
	said(c, NULL, "other\n");
}

static void streams_lead_where_they_are_told(void **state) {
	(void)state;
	gaol_error *error;
	said(shell(plain, "readlink /proc/self/fd/0; cat"), NULL, "/dev/null\n");
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	gaol_cmd *c = shell(plain, "echo out; echo err >&2");
	assert_int_equal(gaol_cmd_set_stdio(c, 1, GAOL_STDIO_FD, fds[1]), 0);
	assert_int_equal(gaol_cmd_set_stdio(c, 2, GAOL_STDIO_STDOUT, -1), 0);
	close(fds[1]); /* it was duplicated */
	fine(gaol_cmd_run(c, NULL, &error), error);
	char buf[64] = {0};
	assert_int_equal(read(fds[0], buf, sizeof buf), 8);
	assert_string_equal(buf, "out\nerr\n");
	assert_int_equal(read(fds[0], buf, sizeof buf), 0); /* nothing holds the other end */
	close(fds[0]), gaol_cmd_free(c);

	int kept = dup(1);
	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], 1), close(fds[1]);
	c = shell(plain, "echo inherited");
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_INHERIT, -1);
	int r = gaol_cmd_run(c, NULL, NULL);
	dup2(kept, 1), close(kept);
	assert_int_equal(r, 0);
	assert_int_equal(read(fds[0], buf, sizeof buf), 10);
	close(fds[0]), gaol_cmd_free(c);
}

/* Where a host has closed its streams, descriptors of gaol and of the Go runtime get their numbers: all of them are close-on-exec. */
static void what_no_exec_would_hand_on_is_not_inherited(void **state) {
	(void)state;
	gaol_error *error;
	int kept = dup(0), other = open("/dev/null", O_RDONLY);
	for (int closed = 0; closed < 2; closed++) {
		if (closed) close(0);
		else dup2(other, 0), fcntl(0, F_SETFD, FD_CLOEXEC);
		gaol_cmd *c = gaol_cmd_new(plain, ARGV("true"));
		gaol_cmd_set_stdio(c, 0, GAOL_STDIO_INHERIT, -1);
		failed(gaol_cmd_run(c, NULL, &error), error, GAOL_ERROR_ARGUMENT, EBADF);
		gaol_cmd_free(c);
	}
	dup2(other, 0), close(other);
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("true"));
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_INHERIT, -1);
	fine(gaol_cmd_run(c, NULL, &error), error);
	gaol_cmd_free(c), dup2(kept, 0), close(kept);
}

static void pipes_carry_both_ways(void **state) {
	(void)state;
	gaol_error *error;
	gaol_cmd *c = shell(plain, "read x; echo got $x; echo bad >&2; read y || exit 4");
	for (int i = 0; i < 3; i++) assert_int_equal(gaol_cmd_set_stdio(c, i, GAOL_STDIO_PIPE, -1), 0);
	fine(gaol_cmd_start(c, &error), error);
	int in = gaol_cmd_take_pipe(c, 0), out = gaol_cmd_take_pipe(c, 1);
	assert_true(in > 2 && out > 2);
	assert_int_equal(fcntl(in, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(in, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(gaol_cmd_take_pipe(c, 0), -ENOENT);
	assert_int_equal(gaol_cmd_take_pipe(c, 3), -EINVAL);
	assert_int_equal(write(in, "it\n", 3), 3);
	char buf[64] = {0};
	assert_int_equal(read(out, buf, sizeof buf), 7);
	assert_string_equal(buf, "got it\n");
	close(in);
	int status;
	fine(gaol_cmd_wait(c, &status, &error), error);
	assert_int_equal(WEXITSTATUS(status), 4);
	int err = gaol_cmd_take_pipe(c, 2); /* after the end, too */
	assert_int_equal(read(err, buf, sizeof buf), 4);
	close(out), close(err), gaol_cmd_free(c);
}

static void descriptors_get_the_number_that_is_asked_for(void **state) {
	(void)state;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	gaol_cmd *c = shell(plain, "echo five >&5; readlink /proc/self/fd/4; for n in 0 1 2 3 4 5 6 7 8 9; do { true <&$n; } 2>/dev/null && printf $n; done; true");
	assert_int_equal(gaol_cmd_pass_fd(c, fds[1], 5), 5);
	assert_int_equal(gaol_cmd_pass_fd(c, fds[0], -1), 3);
	close(fds[1]);
	said(c, NULL, "/dev/null\n012345");
	char buf[8] = {0};
	assert_int_equal(read(fds[0], buf, sizeof buf), 5);
	assert_string_equal(buf, "five\n");
	close(fds[0]);
}

static void what_is_captured_is_counted(void **state) {
	(void)state;
	gaol_error *error;
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	size_t size = 3 << 20;
	char *input = malloc(size);
	for (size_t i = 0; i < size; i++) input[i] = (char)(i * 7 >> 3);
	options.input = input, options.input_size = size;
	gaol_output got = GAOL_OUTPUT_INIT;
	gaol_cmd *c = shell(plain, "cat; echo >&2 done; exit 9");
	fine(gaol_cmd_capture(c, &options, &got, &error), error);
	assert_int_equal(got.out_size, size);
	assert_memory_equal(got.out, input, size);
	assert_int_equal(got.out[size], 0);
	assert_string_equal(got.err, "done\n");
	assert_int_equal(WEXITSTATUS(got.status), 9);
	gaol_free(got.out), gaol_free(got.err), gaol_cmd_free(c);
	options.input = "", options.input_size = 0;
	said(gaol_cmd_new(plain, ARGV("cat")), &options, "");
	c = shell(plain, "echo a; echo b >&2; echo c");
	gaol_cmd_set_stdio(c, 2, GAOL_STDIO_STDOUT, -1);
	said(c, NULL, "a\nb\nc\n");
	c = shell(plain, "echo a; echo b >&2");
	gaol_cmd_set_stdio(c, 2, GAOL_STDIO_NULL, -1);
	fine(gaol_cmd_capture(c, NULL, &got, &error), error);
	assert_null(got.err);
	assert_string_equal(got.out, "a\n");
	gaol_free(got.out), gaol_cmd_free(c), free(input);
}

static volatile int pipes_broken;
static void broken(int s) { (void)s, pipes_broken++; }

static void a_program_that_reads_nothing_breaks_nothing(void **state) {
	(void)state;
	gaol_error *error;
	struct sigaction count = {.sa_handler = broken}, before;
	sigaction(SIGPIPE, &count, &before);
	char *input = calloc(1, 1 << 20);
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	options.input = input, options.input_size = 1 << 20;
	gaol_output got = GAOL_OUTPUT_INIT;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("true"));
	fine(gaol_cmd_capture(c, &options, &got, &error), error);
	assert_int_equal(got.status, 0);
	assert_int_equal(pipes_broken, 0);
	sigaction(SIGPIPE, &before, NULL);
	gaol_free(got.out), gaol_free(got.err), gaol_cmd_free(c), free(input);
}

static void a_timeout_kills_and_keeps_what_there_was(void **state) {
	(void)state;
	gaol_error *error;
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	options.timeout_ns = 300000000;
	gaol_output got = GAOL_OUTPUT_INIT;
	gaol_cmd *c = shell(plain, "echo before; exec sleep 60");
	failed(gaol_cmd_capture(c, &options, &got, &error), error, GAOL_ERROR_TIMEOUT, ETIMEDOUT);
	assert_string_equal(got.out, "before\n");
	assert_int_equal(WTERMSIG(got.status), SIGKILL);
	gaol_free(got.out), gaol_free(got.err), gaol_cmd_free(c);
}

static void how_it_ended_is_a_wait_status(void **state) {
	(void)state;
	gaol_error *error;
	static const struct { const char *script; int code, signal; } ends[] = {{"exit 0", 0, 0}, {"exit 255", 255, 0}, {"kill -TERM $$", 0, SIGTERM}};
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		gaol_cmd *c = shell(plain, ends[i].script);
		int status = -1;
		fine(gaol_cmd_run(c, &status, &error), error);
		if (ends[i].signal) assert_int_equal(WTERMSIG(status), ends[i].signal);
		else assert_true(WIFEXITED(status) && WEXITSTATUS(status) == ends[i].code);
		status = -1;
		fine(gaol_cmd_wait(c, &status, &error), error); /* once more */
		fine(gaol_cmd_wait_timeout(c, 0, &status, &error), error);
		assert_true(status >= 0);
		gaol_cmd_free(c);
	}
}

static void what_never_ran_says_why(void **state) {
	(void)state;
	gaol_error *error;
	int status = 77;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("no-such-program"));
	int r = gaol_cmd_run(c, &status, &error);
	assert_string_equal(gaol_error_path(error), "no-such-program");
	assert_string_equal(gaol_error_step(error), "execute");
	failed(r, error, GAOL_ERROR_SETUP, ENOENT);
	assert_int_equal(status, 77);
	gaol_cmd_free(c);
	c = gaol_cmd_new(plain, ARGV("/etc/passwd"));
	failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_SETUP, landlock_alone() ? EACCES : ENOENT); /* hidden, or forbidden */
	gaol_cmd_free(c);
	c = gaol_cmd_new(plain, ARGV("true"));
	gaol_cmd_set_dir(c, "/nowhere");
	r = gaol_cmd_start(c, &error);
	assert_string_equal(gaol_error_path(error), "/nowhere");
	failed(r, error, GAOL_ERROR_SETUP, ENOENT);
	gaol_cmd_free(c);
}

static void what_the_host_lacks_is_listed(void **state) {
	(void)state;
	gaol_error *error;
	gaol_profile *p = gaol_profile_new();
	begin(p);
	gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_HOST, "example.com", 443);
	assert_null(gaol_sandbox_new(p, &error));
	gaol_unsupported u = GAOL_UNSUPPORTED_INIT;
	assert_int_equal(gaol_error_unsupported(error, 0, &u), 0);
	assert_string_equal(u.operation, "NetworkOutbound(Host(\"example.com\", 443))");
	assert_string_not_equal(u.mechanism, "");
	assert_int_equal(gaol_error_unsupported(error, 1, &u), -ENOENT);
	failed(-errno, error, GAOL_ERROR_UNSUPPORTED, EOPNOTSUPP);
	gaol_profile_free(p);
}

static void signals_reach_the_program(void **state) {
	(void)state;
	gaol_error *error;
	int status;
	gaol_cmd *c = shell(plain, "trap 'exit 8' USR1; echo up; while :; do read x || exit 9; done");
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_PIPE, -1), gaol_cmd_set_stdio(c, 1, GAOL_STDIO_PIPE, -1);
	assert_int_equal(gaol_cmd_signal(c, SIGUSR1), -ECHILD);
	fine(gaol_cmd_start(c, &error), error);
	char buf[4];
	int out = gaol_cmd_take_pipe(c, 1), in = gaol_cmd_take_pipe(c, 0);
	assert_int_equal(read(out, buf, 3), 3);
	assert_int_equal(gaol_cmd_signal(c, -1), -EINVAL);
	assert_int_equal(gaol_cmd_signal(c, 65), -EINVAL);
	assert_int_equal(gaol_cmd_signal(c, SIGSTOP), -EINVAL);
	assert_int_equal(gaol_cmd_signal(c, SIGUSR1), 0);
	signal(SIGPIPE, SIG_IGN);
	assert_true(write(in, "\n", 1) == 1 || errno == EPIPE); /* the shell may not wait for it */
	signal(SIGPIPE, SIG_DFL);
	fine(gaol_cmd_wait(c, &status, &error), error);
	assert_int_equal(WEXITSTATUS(status), 8);
	assert_int_equal(gaol_cmd_signal(c, SIGUSR1), -ESRCH);
	close(in), close(out), gaol_cmd_free(c);
	c = shell(plain, "trap '' TERM; echo up; sleep 60");
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(c, &error), error);
	out = gaol_cmd_take_pipe(c, 1);
	assert_int_equal(read(out, buf, 3), 3);
	assert_int_equal(gaol_cmd_kill(c), 0);
	fine(gaol_cmd_wait(c, &status, &error), error);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(out), gaol_cmd_free(c);
}

static void to_free_a_command_ends_it(void **state) {
	(void)state;
	gaol_error *error;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	gaol_cmd *c = shell(plain, "exec sleep 60");
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_FD, fds[1]);
	close(fds[1]);
	fine(gaol_cmd_start(c, &error), error);
	assert_int_equal(gaol_cmd_free(c), 0);
	char b;
	assert_int_equal(read(fds[0], &b, 1), 0); /* the program is gone, and with it the other end */
	close(fds[0]);
}

static int descriptors(void) {
	int n = 0;
	for (int fd = 0; fd < 1024; fd++) n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void nothing_is_left_open(void **state) {
	(void)state;
	gaol_cmd_free(shell(plain, "true"));
	int before = descriptors();
	for (int i = 0; i < 3; i++) {
		gaol_cmd *c = shell(plain, "cat");
		for (int n = 0; n < 3; n++) gaol_cmd_set_stdio(c, n, GAOL_STDIO_PIPE, -1);
		gaol_cmd_pass_fd(c, 0, 7);
		if (i > 0) assert_int_equal(gaol_cmd_start(c, NULL), 0);
		if (i > 1) gaol_cmd_poll_fd(c);
		gaol_cmd_free(c); /* not started, started, polled */
	}
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("no-such-program"));
	gaol_cmd_set_stdio(c, 0, GAOL_STDIO_PIPE, -1);
	assert_int_equal(gaol_cmd_start(c, NULL), -ENOENT);
	gaol_cmd_free(c);
	/* an init that is still ending has one for a moment more, those of earlier tests too */
	for (int spins = 0; descriptors() > before && spins < 5000; spins++) usleep(1000);
	assert_true(descriptors() <= before);
}

static void limits_hold(void **state) {
	(void)state;
	gaol_limits limits = GAOL_LIMITS_INIT;
	limits.files = 33;
	gaol_cmd *c = shell(plain, "ulimit -n");
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	said(c, NULL, "33\n");
}

/* verbose makes a command whose output is limited, and that writes more. */
static gaol_cmd *verbose(void) {
	gaol_limits limits = GAOL_LIMITS_INIT;
	limits.output = 1000;
	gaol_cmd *c = gaol_cmd_new(plain, ARGV("yes", "0123456"));
	assert_int_equal(gaol_cmd_set_limits(c, &limits), 0);
	return c;
}

static void a_limit_of_output_holds_wherever_it_leads(void **state) {
	(void)state;
	gaol_error *error;
	gaol_ending ending = GAOL_ENDING_INIT;
	int fds[2];
	char buf[2000];
	gaol_cmd *c = verbose();
	gaol_output got = GAOL_OUTPUT_INIT;
	fine(gaol_cmd_capture(c, NULL, &got, &error), error);
	assert_int_equal(got.out_size, 1000);
	gaol_report *r = gaol_cmd_report(c, NULL);
	assert_int_equal(gaol_report_ending(r, &ending), 0);
	assert_int_equal(ending.end, GAOL_END_OUTPUT);
	gaol_free(got.out), gaol_free(got.err), gaol_report_free(r), gaol_cmd_free(c);

	c = verbose(); /* a descriptor: its reader sees the end before anybody waits */
	assert_int_equal(pipe(fds), 0);
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_FD, fds[1]);
	close(fds[1]);
	fine(gaol_cmd_start(c, &error), error);
	FILE *f = fdopen(fds[0], "r");
	assert_int_equal(fread(buf, 1, sizeof buf, f), 1000);
	assert_true(feof(f));
	fclose(f), gaol_cmd_free(c);

	c = verbose();
	gaol_cmd_set_stdio(c, 1, GAOL_STDIO_PIPE, -1);
	fine(gaol_cmd_start(c, &error), error);
	f = fdopen(gaol_cmd_take_pipe(c, 1), "r");
	assert_int_equal(fread(buf, 1, sizeof buf, f), 1000);
	assert_true(feof(f));
	fclose(f), gaol_cmd_free(c);
}

static void a_denied_call_has_a_name(void **state) {
	(void)state;
	gaol_error *error;
	gaol_ending ending = GAOL_ENDING_INIT;
	gaol_profile *p = gaol_profile_new();
	begin(p), gaol_profile_set_on_denied(p, GAOL_KILL);
	gaol_sandbox *s = gaol_sandbox_new(p, &error);
	fine(0, error);
	gaol_cmd *c = shell(s, "true | true"); /* a second process */
	int status;
	fine(gaol_cmd_run(c, &status, &error), error);
	assert_int_equal(WTERMSIG(status), SIGSYS);
	gaol_report *r = gaol_cmd_report(c, NULL);
	assert_int_equal(gaol_report_ending(r, &ending), 0);
	assert_int_equal(ending.end, GAOL_END_DENIED);
	assert_string_equal(ending.syscall_name, "clone");
	gaol_report_free(r), gaol_cmd_free(c), gaol_sandbox_free(s), gaol_profile_free(p);
}

/* mapped says whether this user namespace has a number. */
static int mapped(unsigned long number) {
	FILE *map = fopen("/proc/self/uid_map", "r");
	assert_non_null(map);
	unsigned long first, count;
	int found = 0;
	while (fscanf(map, "%lu %*u %lu", &first, &count) == 2) found |= number >= first && number - first < count;
	fclose(map);
	return found;
}

static void only_root_chooses_the_user(void **state) {
	(void)state;
	gaol_error *error;
	gaol_credential who = GAOL_CREDENTIAL_INIT;
	uint32_t groups[] = {4242};
	who.uid = who.gid = 54000, who.groups = groups, who.ngroups = 1;
	gaol_cmd *c = shell(plain, "id -u; id -G");
	assert_int_equal(gaol_cmd_set_credential(c, &who), 0);
	if (geteuid() == 0 && mapped(54000)) {
		said(c, NULL, "54000\n54000 4242\n");
	} else {
		failed(gaol_cmd_start(c, &error), error, GAOL_ERROR_SETUP, geteuid() ? EPERM : EINVAL);
		gaol_cmd_free(c);
	}
	c = gaol_cmd_new(plain, ARGV("true"));
	who.dynamic = 1;
	assert_int_equal(gaol_cmd_set_credential(c, &who), -EINVAL);
	who.dynamic = 0, who.size = sizeof &who; /* a mistake that would make it root */
	assert_int_equal(gaol_cmd_set_credential(c, &who), -EINVAL);
	who.size = sizeof who;
	who.dynamic = 0, who.ngroups = 1 << 20;
	assert_int_equal(gaol_cmd_set_credential(c, &who), -E2BIG);
	who.groups = NULL, who.ngroups = 1;
	assert_int_equal(gaol_cmd_set_credential(c, &who), -EINVAL);
	assert_int_equal(gaol_cmd_set_credential(c, NULL), -EINVAL);
	gaol_cmd_free(c);
}

static void a_report_tells_all(void **state) {
	(void)state;
	gaol_error *error;
	gaol_ending ending = GAOL_ENDING_INIT;
	gaol_usage usage = GAOL_USAGE_INIT;
	gaol_enforcement enforcement = GAOL_ENFORCEMENT_INIT;
	gaol_cmd *c = shell(plain, "exit 3");
	gaol_report *before = gaol_cmd_report(c, &error);
	assert_int_equal(gaol_report_ending(before, &ending), 0);
	assert_int_equal(ending.end, GAOL_END_UNKNOWN);
	assert_int_equal(ending.code, -1);
	fine(gaol_cmd_run(c, NULL, &error), error);
	gaol_report *r = gaol_cmd_report(c, &error);
	fine(0, error);
	gaol_cmd_free(c);
	assert_int_equal(gaol_report_ending(r, &ending), 0);
	assert_int_equal(ending.code, 3);
	assert_int_equal(ending.syscall, -1);
	assert_int_equal(gaol_report_usage(r, &usage), 0);
	assert_true(usage.wall_ns > 0 && usage.max_rss > 0);
	assert_int_equal(gaol_report_enforced(r, 0, &enforcement), 0);
	assert_string_equal(enforcement.operation, landlock_alone() ? "BestEffort(System())" : "System()");
	assert_int_equal(gaol_report_enforced(r, 99, &enforcement), -ENOENT);
	assert_true(!strcmp(gaol_report_engine(r), "namespace") || !strcmp(gaol_report_engine(r), "landlock"));
	assert_string_not_equal(gaol_report_mechanism(r, 0), "");
	assert_string_equal(gaol_report_mechanism(r, 99), "");
	char *json = gaol_report_json(r);
	assert_non_null(strstr(json, "\"exit\":{\"code\":3,"));
	gaol_free(json), gaol_report_free(r), gaol_report_free(before);
	r = gaol_sandbox_report(plain, &error);
	json = gaol_report_json(r);
	assert_non_null(strstr(json, "\"exit\":null"));
	gaol_free(json), gaol_report_free(r);
	char *text = gaol_sandbox_explain(plain);
	assert_non_null(strstr(text, "System()"));
	gaol_free(text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_and_variables_are_bytes),
		cmocka_unit_test(a_path_that_is_no_text_works),
		cmocka_unit_test(the_environment_is_the_caller_s_word),
		cmocka_unit_test(the_umask_is_the_caller_s_or_what_is_set),
		cmocka_unit_test(the_program_can_have_another_name),
		cmocka_unit_test(streams_lead_where_they_are_told),
		cmocka_unit_test(what_no_exec_would_hand_on_is_not_inherited),
		cmocka_unit_test(pipes_carry_both_ways),
		cmocka_unit_test(descriptors_get_the_number_that_is_asked_for),
		cmocka_unit_test(what_is_captured_is_counted),
		cmocka_unit_test(a_program_that_reads_nothing_breaks_nothing),
		cmocka_unit_test(a_timeout_kills_and_keeps_what_there_was),
		cmocka_unit_test(how_it_ended_is_a_wait_status),
		cmocka_unit_test(what_never_ran_says_why),
		cmocka_unit_test(what_the_host_lacks_is_listed),
		cmocka_unit_test(signals_reach_the_program),
		cmocka_unit_test(to_free_a_command_ends_it),
		cmocka_unit_test(nothing_is_left_open),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(a_limit_of_output_holds_wherever_it_leads),
		cmocka_unit_test(a_denied_call_has_a_name),
		cmocka_unit_test(only_root_chooses_the_user),
		cmocka_unit_test(a_report_tells_all),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
