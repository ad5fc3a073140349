/* Profiles: every operation, files, text, faults, and what a host says of each operation. */
#include <time.h>

#include "check.h"

static void every_operation_is_as_go_writes_it(void **state) {
	(void)state;
	gaol_profile *p = gaol_profile_new();
	size_t n = 0;
#define HAS(call, text) do { \
	assert_int_equal(call, 0); \
	char *got = gaol_profile_operation(p, n++); \
	assert_non_null(got); \
	assert_string_equal(got, text); \
	gaol_free(got); \
} while (0)
	HAS(gaol_profile_allow(p, GAOL_SYSTEM), "System()");
	HAS(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, "/a"), "FileRead(Subpath(\"/a\"))");
	HAS(gaol_profile_allow_path(p, GAOL_FILE_READ_METADATA, GAOL_LITERAL, "/b"), "FileReadMetadata(Literal(\"/b\"))");
	HAS(gaol_profile_allow_path(p, GAOL_FILE_WRITE, GAOL_SUBPATH | GAOL_OPTIONAL, "/c"), "FileWrite(Optional(Subpath(\"/c\")))");
	HAS(gaol_profile_allow_path(p, GAOL_FILE_EXECUTE | GAOL_BEST_EFFORT, GAOL_SUBPATH, "/d"), "BestEffort(FileExecute(Subpath(\"/d\")))");
	HAS(gaol_profile_deny_path(p, GAOL_FILE_READ, GAOL_SUBPATH, "/a/b"), "Deny(FileRead(Subpath(\"/a/b\")))");
	HAS(gaol_profile_deny_path(p, GAOL_FILE_WRITE | GAOL_BEST_EFFORT, GAOL_LITERAL | GAOL_OPTIONAL, "/c/d"),
		"BestEffort(Deny(FileWrite(Optional(Literal(\"/c/d\")))))");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_ALL, NULL, 0), "NetworkOutbound(All)");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_TCP, NULL, 443), "NetworkOutbound(TCP(443))");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_INBOUND, GAOL_ADDRESS_UDP, NULL, 53), "NetworkInbound(UDP(53))");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_INBOUND, GAOL_ADDRESS_LOOPBACK, NULL, 8080), "NetworkInbound(Loopback(8080))");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_HOST, "example.com", 443), "NetworkOutbound(Host(\"example.com\", 443))");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_CIDR, "10.0.0.0/8", 80), "NetworkOutbound(CIDR(\"10.0.0.0/8\", 80))");
	HAS(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_LOCAL_SOCKET, "/run/s", 0), "NetworkOutbound(LocalSocket(\"/run/s\"))");
	HAS(gaol_profile_allow(p, GAOL_SYSTEM_INFO_READ), "SystemInfoRead()");
	HAS(gaol_profile_allow(p, GAOL_PROCESS_CREATE), "ProcessCreate()");
	HAS(gaol_profile_allow(p, GAOL_SIGNAL), "Signal()");
	HAS(gaol_profile_allow(p, GAOL_TRACE | GAOL_BEST_EFFORT), "BestEffort(Trace())");
	HAS(gaol_profile_allow_ipc(p, GAOL_IPC_NAMED_PIPES), "IPC(NamedPipes)");
	HAS(gaol_profile_allow_ipc(p, GAOL_IPC_SYSTEM_V), "IPC(SystemV)");
	HAS(gaol_profile_allow_ipc(p, GAOL_IPC_POSIX_SHARED_MEMORY), "IPC(POSIXSharedMemory)");
	HAS(gaol_profile_allow_ipc(p, GAOL_IPC_POSIX_QUEUES | GAOL_BEST_EFFORT), "BestEffort(IPC(POSIXQueues))");
	HAS(gaol_profile_allow_path(p, GAOL_DEVICE, GAOL_LITERAL, "/dev/fuse"), "Device(\"/dev/fuse\")");
	HAS(gaol_profile_allow_path(p, GAOL_PRIVATE, GAOL_SUBPATH, "/tmp"), "Private(\"/tmp\")");
	HAS(gaol_profile_allow_name(p, GAOL_SYSCALL, "personality"), "Syscall(\"personality\")");
	HAS(gaol_profile_allow_name(p, GAOL_MACH_LOOKUP, "com.apple.x"), "MachLookup(\"com.apple.x\")");
	HAS(gaol_profile_map(p, "/in", "/host", GAOL_READ_ONLY), "Map(\"/in\", \"/host\", ReadOnly)");
	HAS(gaol_profile_map(p, "/in2", "/host", GAOL_READ_WRITE | GAOL_BEST_EFFORT), "BestEffort(Map(\"/in2\", \"/host\", ReadWrite))");
	assert_null(gaol_profile_operation(p, n));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(gaol_profile_check(p, NULL), 0);
	assert_int_equal(gaol_profile_free(p), 0);
}

static void text_is_read_back_as_it_was_written(void **state) {
	(void)state;
	gaol_error *error;
	const char text[] = "schema = 1\nsystem = true\nread = [\"/usr\"]\n[env]\nA = \"b\"\n";
	gaol_profile *p = gaol_profile_parse("p.toml", text, sizeof text - 1, &error);
	fine(0, error);
	assert_int_equal(gaol_profile_allow(p, GAOL_PROCESS_CREATE), 0);
	char *toml = gaol_profile_toml(p, &error);
	fine(0, error);
	assert_non_null(strstr(toml, "process = true"));
	gaol_profile *again = gaol_profile_parse("again.toml", toml, strlen(toml), &error);
	fine(0, error);
	char *second = gaol_profile_toml(again, NULL);
	assert_string_equal(toml, second);
	gaol_profile *json = gaol_profile_parse("p.json", "{\"schema\": 1, \"system\": true}", 29, &error);
	fine(0, error);
	gaol_free(toml), gaol_free(second), gaol_profile_free(p), gaol_profile_free(again), gaol_profile_free(json);
}

static void a_fault_of_a_file_has_its_place(void **state) {
	(void)state;
	gaol_error *error;
	const char text[] = "schema = 1\nread = [\n\"/usr\",\n\"srv\"]\n";
	assert_null(gaol_profile_parse("dir/p.toml", text, sizeof text - 1, &error));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(gaol_error_file(error), "dir/p.toml");
	assert_int_equal(gaol_error_line(error), 4);
	assert_string_equal(gaol_error_key(error), "read[1]");
	assert_string_equal(gaol_error_path(error), "srv");
	assert_string_equal(gaol_error_step(error), "");
	failed(-EINVAL, error, GAOL_ERROR_PROFILE, EINVAL);
	assert_null(gaol_profile_load("/nowhere/p.toml", &error));
	failed(-errno, error, GAOL_ERROR_PROFILE, ENOENT);
}

static void a_file_stands_for_what_c_has_in_the_environment(void **state) {
	(void)state;
	gaol_error *error;
	const char text[] = "schema = 1\nread = [\"${HOME}/fonts?\"]\n";
	assert_int_equal(setenv("HOME", "/home/late", 1), 0); /* long after the library was loaded */
	gaol_profile *p = gaol_profile_parse("p.toml", text, sizeof text - 1, &error);
	fine(0, error);
	char *op = gaol_profile_operation(p, 0);
	assert_string_equal(op, "FileRead(Optional(Subpath(\"/home/late/fonts\")))");
	gaol_free(op), gaol_profile_free(p);
}

static void what_was_refused_leaves_no_wider_sandbox(void **state) {
	(void)state;
	gaol_error *error;
	gaol_profile *p = gaol_profile_new();
	gaol_profile_allow(p, GAOL_SYSTEM);
	gaol_profile_deny_path(p, GAOL_FILE_READ, GAOL_SUBPATH, "relative"); /* nobody looks at the result */
	gaol_profile_allow_path(p, 999, GAOL_SUBPATH, "/later");
	assert_null(gaol_sandbox_new(p, &error));
	assert_string_equal(gaol_error_operation(error), "Deny(FileRead(Subpath(\"relative\")))");
	failed(gaol_profile_check(p, NULL), error, GAOL_ERROR_PROFILE, EINVAL);
	assert_null(gaol_profile_toml(p, &error));
	failed(-EINVAL, error, GAOL_ERROR_PROFILE, EINVAL);
	gaol_profile_free(p);
}

static gaol_profile *parsed(const char *text) {
	gaol_error *error;
	gaol_profile *p = gaol_profile_parse("p.toml", text, strlen(text), &error);
	fine(0, error);
	return p;
}

static void a_profile_takes_another_in(void **state) {
	(void)state;
	gaol_error *error;
	gaol_profile *p = parsed("schema = 1\nread = [\"/a\"]\non-denied = \"kill\"\ndir = \"/a\"\n[env]\nA = \"1\"\n[limits]\nfiles = 64\n");
	gaol_profile *q = parsed("schema = 1\nsystem = true\nread = [\"/b\", \"/a\"]\n[env]\nA = \"2\"\n[limits]\nfiles = 32\n");
	assert_int_equal(gaol_profile_add(p, q), 0);
	assert_int_equal(gaol_profile_add(p, q), 0); /* once more changes nothing */
	assert_int_equal(gaol_profile_add(p, p), 0);
	char *toml = gaol_profile_toml(p, &error);
	fine(0, error);
	assert_string_equal(toml, "schema = 1\nsystem = true\nread = [\n\t\"/a\",\n\t\"/b\",\n]\ndir = \"/a\"\non-denied = \"kill\"\n\n[limits]\nfiles = 32\n\n[env]\nA = \"2\"\n");
	gaol_free(toml);
	assert_int_equal(gaol_profile_allow_path(q, GAOL_FILE_READ, GAOL_SUBPATH, "/later"), 0); /* it is a copy */
	char *op = gaol_profile_operation(p, 3);
	assert_null(op);
	assert_int_equal(gaol_profile_free(q), 0);
	fine(gaol_profile_check(p, &error), error);
	gaol_profile_free(p);
}

static void profiles_that_cannot_be_meant_together_are_refused(void **state) {
	(void)state;
	gaol_error *error;
	gaol_profile *p = parsed("schema = 1\nmap = [\"/in=/srv\"]\n"), *q = parsed("schema = 1\nmap = [\"/in=/usr\"]\n");
	gaol_profile_add(p, q);
	int r = gaol_profile_check(p, &error);
	assert_string_equal(gaol_error_operation(error), "Map(\"/in\", \"/usr\", ReadOnly)");
	assert_string_equal(gaol_error_path(error), "/in");
	failed(r, error, GAOL_ERROR_PROFILE, EINVAL);
	gaol_profile_free(p), gaol_profile_free(q);
	p = gaol_profile_new(), q = gaol_profile_new();
	gaol_profile_set_engine(p, GAOL_ENGINE_NAMESPACE), gaol_profile_set_engine(q, GAOL_ENGINE_LANDLOCK);
	gaol_profile_add(p, q);
	r = gaol_profile_check(p, &error);
	assert_string_equal(gaol_error_operation(error), "WithEngine(EngineLandlock)");
	failed(r, error, GAOL_ERROR_PROFILE, EINVAL);
	gaol_profile_free(p);
	p = gaol_profile_new();
	gaol_profile_set_dir(q, "relative"); /* its fault is the other's, too */
	assert_int_equal(gaol_profile_add(p, q), -EINVAL);
	failed(gaol_profile_check(p, &error), error, GAOL_ERROR_PROFILE, EINVAL);
	gaol_profile_free(p), gaol_profile_free(q);
	p = gaol_profile_new();
	assert_int_equal(gaol_profile_add(p, NULL), -EBADF);
	failed(gaol_profile_check(p, &error), error, GAOL_ERROR_HANDLE, EBADF);
	gaol_profile_free(p);
}

static void to_list_operations_takes_as_long_for_each(void **state) {
	(void)state;
	enum { MANY = 4000 };
	int64_t took[2];
	for (int round = 0; round < 2; round++) {
		int count = round ? MANY : MANY / 8;
		gaol_profile *p = gaol_profile_new();
		for (int i = 0; i < count; i++) {
			char path[32];
			snprintf(path, sizeof path, "/srv/%d", i);
			gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, path);
		}
		assert_int_equal(gaol_profile_check(p, NULL), 0);
		clock_t start = clock();
		int n = 0;
		for (char *op; (op = gaol_profile_operation(p, (size_t)n)); n++) gaol_free(op);
		took[round] = clock() - start;
		assert_int_equal(n, count);
		gaol_profile_free(p);
	}
	assert_true(took[1] < 40 * took[0] + CLOCKS_PER_SEC / 10); /* 8 times as many; by copies of the list it was 64 times */
}

static void a_path_that_is_missing_is_named(void **state) {
	(void)state;
	gaol_error *error;
	gaol_profile *p = gaol_profile_new();
	begin(p);
	assert_int_equal(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH | GAOL_OPTIONAL, "/nowhere"), 0);
	gaol_sandbox *s = gaol_sandbox_new(p, &error); /* the twin */
	needed(error);
	fine(0, error);
	assert_int_equal(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, "/nowhere"), 0);
	assert_null(gaol_sandbox_new(p, &error));
	assert_string_equal(gaol_error_path(error), "/nowhere");
	assert_string_equal(gaol_error_operation(error), "FileRead(Subpath(\"/nowhere\"))");
	failed(-errno, error, GAOL_ERROR_PROFILE, ENOENT);
	gaol_sandbox_free(s), gaol_profile_free(p);
}

static void numbers_that_mean_nothing_are_refused(void **state) {
	(void)state;
#define REFUSED(call) do { \
	gaol_profile *p = gaol_profile_new(); \
	gaol_error *error; \
	assert_int_equal(call, -EINVAL); \
	int r = gaol_profile_check(p, &error); \
	assert_true(gaol_error_code(error) == GAOL_ERROR_ARGUMENT || gaol_error_code(error) == GAOL_ERROR_PROFILE); \
	assert_int_equal(r, -EINVAL); \
	gaol_error_free(error), gaol_profile_free(p); \
} while (0)
	REFUSED(gaol_profile_allow(p, 0));
	REFUSED(gaol_profile_allow(p, GAOL_FILE_READ));
	REFUSED(gaol_profile_allow(p, GAOL_SYSTEM | GAOL_OPTIONAL));
	REFUSED(gaol_profile_allow(p, ~0u));
	REFUSED(gaol_profile_allow_path(p, GAOL_SIGNAL, GAOL_SUBPATH, "/a"));
	REFUSED(gaol_profile_allow_path(p, GAOL_FILE_READ, 0, "/a"));
	REFUSED(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_BEST_EFFORT | GAOL_SUBPATH, "/a"));
	REFUSED(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, NULL));
	REFUSED(gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, ""));
	REFUSED(gaol_profile_allow_path(p, GAOL_DEVICE, GAOL_SUBPATH, "/dev/null"));
	REFUSED(gaol_profile_allow_path(p, GAOL_PRIVATE, GAOL_SUBPATH | GAOL_OPTIONAL, "/tmp"));
	REFUSED(gaol_profile_deny_path(p, GAOL_DEVICE, GAOL_LITERAL, "/dev/null"));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, 0, NULL, 1));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, 99, NULL, 1));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_TCP, NULL, 70000));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_TCP, NULL, -1));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_TCP, "a.example", 1));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_ALL, NULL, 1));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_HOST, NULL, 1));
	REFUSED(gaol_profile_allow_address(p, GAOL_NETWORK_OUTBOUND, GAOL_ADDRESS_LOOPBACK, NULL, 1));
	REFUSED(gaol_profile_allow_address(p, GAOL_FILE_READ, GAOL_ADDRESS_TCP, NULL, 1));
	REFUSED(gaol_profile_allow_ipc(p, 0));
	REFUSED(gaol_profile_allow_ipc(p, 5));
	REFUSED(gaol_profile_allow_name(p, GAOL_SIGNAL, "a"));
	REFUSED(gaol_profile_allow_name(p, GAOL_SYSCALL, "personality acct"));
	REFUSED(gaol_profile_allow_name(p, GAOL_MACH_LOOKUP, "com.apple.*"));
	REFUSED(gaol_profile_map(p, "/a", "/b", 0));
	REFUSED(gaol_profile_map(p, "/a", NULL, GAOL_READ_ONLY));
	REFUSED(gaol_profile_map(p, "a", "/b", GAOL_READ_ONLY));
	REFUSED(gaol_profile_set_on_denied(p, 2));
	REFUSED(gaol_profile_set_env(p, "A=B", "c"));
	REFUSED(gaol_profile_set_env(p, NULL, "c"));
	REFUSED(gaol_profile_pass_env(p, ""));
	REFUSED(gaol_profile_set_dir(p, "a"));
	REFUSED(gaol_profile_set_dir(p, ""));
	REFUSED(gaol_profile_set_engine(p, 6));
	REFUSED(gaol_profile_limit(p, NULL));
	gaol_limits negative = GAOL_LIMITS_INIT, none = GAOL_LIMITS_INIT, unset = GAOL_LIMITS_INIT;
	negative.memory = -1, none.processors = 0.0 / 0.0, unset.size = 0;
	REFUSED(gaol_profile_limit(p, &negative));
	REFUSED(gaol_profile_limit(p, &none));
	REFUSED(gaol_profile_limit(p, &unset));
}

static void structs_grow(void **state) {
	(void)state;
	struct { gaol_limits now; int64_t later; } longer = {GAOL_LIMITS_INIT, 0};
	longer.now.size = sizeof longer, longer.now.files = 64;
	gaol_profile *p = gaol_profile_new();
	assert_int_equal(gaol_profile_limit(p, &longer.now), 0);
	struct { size_t size; int64_t wall_ns; } shorter = {sizeof shorter, 1000000000}; /* no header had it so: its limits would be lost */
	gaol_profile *q = gaol_profile_new();
	assert_int_equal(gaol_profile_limit(q, (const gaol_limits *)&shorter), -EINVAL);
	assert_int_equal(gaol_profile_check(q, NULL), -EINVAL);
	gaol_profile_free(q);
	longer.later = 1;
	assert_int_equal(gaol_profile_limit(p, &longer.now), -E2BIG);
	gaol_profile_free(p);
	gaol_host *host = gaol_host_probe(NULL);
	struct { size_t size; const char *mechanism; char guard; } check = {offsetof(gaol_check, detail), "", 7};
	assert_int_equal(gaol_host_check(host, 0, (gaol_check *)&check), 0);
	assert_string_not_equal(check.mechanism, "");
	assert_int_equal(check.guard, 7);
	gaol_host_free(host);
}

static void a_host_tells_what_it_can_do(void **state) {
	(void)state;
	gaol_error *error;
	gaol_host *host = gaol_host_probe(&error);
	fine(0, error);
	assert_int_equal(strncmp(gaol_host_system(host), "Linux", 5), 0);
	gaol_check check = GAOL_CHECK_INIT;
	size_t n = 0;
	while (gaol_host_check(host, n, &check) == 0) n++;
	assert_true(n >= 3);
	assert_int_equal(gaol_host_check(host, n, &check), -ENOENT);
	int engine = gaol_host_engine(host, 0);
	assert_true(engine == GAOL_ENGINE_NAMESPACE || engine == GAOL_ENGINE_LANDLOCK);
	assert_int_equal(gaol_host_engine(host, 9), -ENOENT);
	for (unsigned elsewhere = GAOL_ENGINE_SEATBELT; elsewhere <= GAOL_ENGINE_JAIL; elsewhere++) { /* known, and not of this system */
		gaol_profile *of = gaol_profile_new();
		gaol_error *error = NULL;
		assert_int_equal(gaol_profile_set_engine(of, elsewhere), 0);
		assert_null(gaol_sandbox_new(of, &error));
		failed(-EOPNOTSUPP, error, GAOL_ERROR_UNSUPPORTED, EOPNOTSUPP);
		gaol_profile_free(of);
	}
	gaol_profile *p = gaol_profile_new();
	gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, "/usr");
	gaol_profile_allow(p, GAOL_SIGNAL);
	char *mechanism;
	/* what landlock lets be read can be mapped executable */
	assert_int_equal(gaol_host_support(host, p, 0, GAOL_ENGINE_ANY, &mechanism), engine == GAOL_ENGINE_NAMESPACE ? GAOL_CAN_BE_ALLOWED : GAOL_CANNOT_BE_ALLOWED_PRECISELY);
	assert_string_not_equal(mechanism, "");
	gaol_free(mechanism);
	assert_int_equal(gaol_host_support(host, p, 1, GAOL_ENGINE_ANY, NULL), GAOL_ALWAYS_ALLOWED);
	assert_int_equal(gaol_host_support(host, p, 2, GAOL_ENGINE_ANY, &mechanism), -ENOENT);
	assert_null(mechanism);
	assert_int_equal(gaol_host_support(host, p, 0, 77, &mechanism), -EINVAL);
	gaol_profile_free(p);
	assert_int_equal(gaol_host_free(host), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_is_as_go_writes_it),
		cmocka_unit_test(text_is_read_back_as_it_was_written),
		cmocka_unit_test(a_fault_of_a_file_has_its_place),
		cmocka_unit_test(a_file_stands_for_what_c_has_in_the_environment),
		cmocka_unit_test(what_was_refused_leaves_no_wider_sandbox),
		cmocka_unit_test(a_profile_takes_another_in),
		cmocka_unit_test(profiles_that_cannot_be_meant_together_are_refused),
		cmocka_unit_test(to_list_operations_takes_as_long_for_each),
		cmocka_unit_test(a_path_that_is_missing_is_named),
		cmocka_unit_test(numbers_that_mean_nothing_are_refused),
		cmocka_unit_test(structs_grow),
		cmocka_unit_test(a_host_tells_what_it_can_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
