/* check.h: what the C tests share. */
#ifndef CHECK_H
#define CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gaol.h>

#include "box.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* fine fails the test with the error's message. It is a macro, since the error is there only after the call. */
#define fine(call, error) do { int result_ = (call); fine_(result_, error); } while (0)
static inline void fine_(int result, gaol_error *error) {
	if (result < 0 || error) fail_msg("%d: %s", result, gaol_error_message(error));
}

/* box makes a sandbox of System(), what this host needs for it, and what add adds. */
static inline gaol_sandbox *box(void (*add)(gaol_profile *)) {
	gaol_profile *profile = gaol_profile_new();
	gaol_error *error;
	assert_non_null(profile);
	begin(profile);
	if (add) add(profile);
	gaol_sandbox *sandbox = gaol_sandbox_new(profile, &error);
	needed(error);
	fine(0, error);
	assert_non_null(sandbox);
	assert_int_equal(gaol_profile_free(profile), 0);
	return sandbox;
}

static inline gaol_cmd *shell(gaol_sandbox *sandbox, const char *script) {
	gaol_cmd *cmd = gaol_cmd_new(sandbox, ARGV("sh", "-c", script));
	assert_non_null(cmd);
	return cmd;
}

/* said runs a command and compares its output. */
static inline void said(gaol_cmd *cmd, const gaol_run_options *options, const char *want) {
	gaol_output got = GAOL_OUTPUT_INIT;
	gaol_error *error;
	fine(gaol_cmd_capture(cmd, options, &got, &error), error);
	if (got.err && *got.err) print_error("%s", got.err);
	assert_string_equal(got.out, want);
	assert_int_equal(got.status, 0);
	assert_int_equal(gaol_free(got.out), 0);
	gaol_free(got.err);
	assert_int_equal(gaol_cmd_free(cmd), 0);
}

/* failed checks an error, and frees it. */
#define failed(call, error, code, number) do { int result_ = (call); failed_(result_, error, code, number); } while (0)
static inline void failed_(int result, gaol_error *error, int code, int number) {
	assert_int_equal(result, -number);
	assert_int_equal(gaol_error_code(error), code);
	assert_int_equal(gaol_error_errno(error), number);
	assert_int_equal(strncmp(gaol_error_message(error), "gaol: ", 6) == 0 || code == GAOL_ERROR_PROFILE, 1);
	assert_int_equal(gaol_error_free(error), 0);
}

#endif
