/* abi.c: the functions of gaol.h, by its own prototypes, so that a header that says something else does not compile. Each asks first whether
 * this is a forked child, then hands over to Go. It must do nothing else. */
#include <errno.h>
#include <stdint.h>

#include "_cgo_export.h"
#include "fork.h"
#include "gaol.h"

/* The error of a forked child, where Go cannot make one: the number before the first handle (table.go), and no address that anything has. */
#define FORKED ((uintptr_t)1 << (8 * sizeof(uintptr_t) - 2) | 1)

static const char forked_message[] =
	"gaol: this process was forked from the one that loaded the library, where alone it works; exec first, or load it after the fork";

#define H(handle) ((uintptr_t)(handle))
#define S(string) ((char *)(string))
#define LIST(strings) ((char **)(strings))
#define E(error) ((uintptr_t *)(error))

/* forked returns -EDEADLK in a forked child, and gives it the error. */
static int forked(gaol_error **error) {
	if (!libgaol_forked()) return 0;
	if (error) *error = (gaol_error *)FORKED;
	return -EDEADLK;
}

/* For functions that return an int, a handle, a text for gaol_free, and a text of a handle. */
#define INT(error, call) do { int r = forked(error); return r ? r : (call); } while (0)

#define HANDLE(type, error, call) do { \
	uintptr_t out = 0; \
	int r = forked(error); \
	if (!r) r = (call); \
	if (r < 0) errno = -r; \
	return r < 0 ? 0 : (type *)out; \
} while (0)

#define TEXT(error, call) do { \
	char *out = 0; \
	int r = forked(error); \
	if (!r) r = (call); \
	if (r < 0) errno = -r; \
	return r < 0 ? 0 : out; \
} while (0)

#define OWNED(call) do { return libgaol_forked() ? "" : (call); } while (0)

const char *gaol_version(void) { return GAOL_VERSION; }

int gaol_free(void *buffer) { INT(0, goFree(buffer)); }

/* errors: that of a forked child is told here */

static const char *error_text(const gaol_error *error, int which, const char *of_forked) {
	if (H(error) == FORKED) return of_forked;
	OWNED(goErrorText(H(error), which));
}

enum { MESSAGE, STEP, OPERATION, PATH, HINT, OF_FILE, KEY }; /* as fault.go has them */

int gaol_error_code(const gaol_error *error) {
	if (H(error) == FORKED || (error && libgaol_forked())) return GAOL_ERROR_FORKED;
	return error ? goErrorCode(H(error)) : GAOL_ERROR_NONE;
}

int gaol_error_errno(const gaol_error *error) {
	if (H(error) == FORKED || (error && libgaol_forked())) return EDEADLK;
	return error ? goErrorNumber(H(error)) : 0;
}

const char *gaol_error_message(const gaol_error *error) { return error_text(error, MESSAGE, forked_message); }
const char *gaol_error_step(const gaol_error *error) { return error_text(error, STEP, ""); }
const char *gaol_error_operation(const gaol_error *error) { return error_text(error, OPERATION, ""); }
const char *gaol_error_path(const gaol_error *error) { return error_text(error, PATH, ""); }
const char *gaol_error_hint(const gaol_error *error) { return error_text(error, HINT, ""); }
const char *gaol_error_file(const gaol_error *error) { return error_text(error, OF_FILE, ""); }
const char *gaol_error_key(const gaol_error *error) { return error_text(error, KEY, ""); }
int gaol_error_line(const gaol_error *error) { return H(error) == FORKED || libgaol_forked() ? 0 : goErrorLine(H(error)); }

int gaol_error_unsupported(const gaol_error *error, size_t index, gaol_unsupported *out) {
	if (H(error) == FORKED) return -ENOENT;
	INT(0, goErrorUnsupported(H(error), index, out));
}

int gaol_error_free(gaol_error *error) {
	if (!error || H(error) == FORKED) return 0;
	INT(0, goErrorFree(H(error)));
}

/* profiles */

gaol_profile *gaol_profile_new(void) { HANDLE(gaol_profile, 0, goProfileNew(&out)); }

gaol_profile *gaol_profile_load(const char *path, gaol_error **error) {
	HANDLE(gaol_profile, error, goProfileLoad(S(path), &out, E(error)));
}

gaol_profile *gaol_profile_parse(const char *name, const char *text, size_t size, gaol_error **error) {
	HANDLE(gaol_profile, error, goProfileParse(S(name), S(text), size, &out, E(error)));
}

int gaol_profile_allow(gaol_profile *profile, unsigned operation) { INT(0, goProfileAllow(H(profile), operation)); }

int gaol_profile_allow_path(gaol_profile *profile, unsigned operation, unsigned match, const char *path) {
	INT(0, goProfilePath(H(profile), 0, operation, match, S(path)));
}

int gaol_profile_deny_path(gaol_profile *profile, unsigned operation, unsigned match, const char *path) {
	INT(0, goProfilePath(H(profile), 1, operation, match, S(path)));
}

int gaol_profile_allow_address(gaol_profile *profile, unsigned operation, unsigned address, const char *name, int port) {
	INT(0, goProfileAddress(H(profile), operation, address, S(name), port));
}

int gaol_profile_allow_ipc(gaol_profile *profile, unsigned ipc) { INT(0, goProfileIPC(H(profile), ipc)); }

int gaol_profile_allow_name(gaol_profile *profile, unsigned operation, const char *name) {
	INT(0, goProfileName(H(profile), operation, S(name)));
}

int gaol_profile_map(gaol_profile *profile, const char *inside, const char *host, unsigned mode) {
	INT(0, goProfileMap(H(profile), S(inside), S(host), mode));
}

int gaol_profile_set_on_denied(gaol_profile *profile, unsigned action) { INT(0, goProfileOnDenied(H(profile), action)); }

int gaol_profile_set_env(gaol_profile *profile, const char *name, const char *value) {
	INT(0, goProfileEnv(H(profile), S(name), S(value)));
}

int gaol_profile_pass_env(gaol_profile *profile, const char *name) { INT(0, goProfilePassEnv(H(profile), S(name))); }
int gaol_profile_set_dir(gaol_profile *profile, const char *path) { INT(0, goProfileDir(H(profile), S(path))); }
int gaol_profile_set_engine(gaol_profile *profile, unsigned engine) { INT(0, goProfileEngine(H(profile), engine)); }

int gaol_profile_limit(gaol_profile *profile, const gaol_limits *limits) {
	INT(0, goProfileLimit(H(profile), (gaol_limits *)limits));
}

int gaol_profile_add(gaol_profile *profile, const gaol_profile *other) { INT(0, goProfileAdd(H(profile), H(other))); }
int gaol_profile_check(const gaol_profile *profile, gaol_error **error) { INT(error, goProfileCheck(H(profile), E(error))); }

char *gaol_profile_toml(const gaol_profile *profile, gaol_error **error) {
	TEXT(error, goProfileTOML(H(profile), &out, E(error)));
}

char *gaol_profile_operation(const gaol_profile *profile, size_t index) { TEXT(0, goProfileOperation(H(profile), index, &out)); }
int gaol_profile_free(gaol_profile *profile) { INT(0, goProfileFree(H(profile))); }

/* hosts */

gaol_host *gaol_host_probe(gaol_error **error) { HANDLE(gaol_host, error, goHostProbe(&out, E(error))); }
const char *gaol_host_system(const gaol_host *host) { OWNED(goHostSystem(H(host))); }
int gaol_host_check(const gaol_host *host, size_t index, gaol_check *out) { INT(0, goHostCheck(H(host), index, out)); }
int gaol_host_engine(const gaol_host *host, size_t index) { INT(0, goHostEngine(H(host), index)); }

int gaol_host_support(const gaol_host *host, const gaol_profile *profile, size_t index, unsigned engine, char **mechanism) {
	INT(0, goHostSupport(H(host), H(profile), index, engine, mechanism));
}

int gaol_host_free(gaol_host *host) { INT(0, goHostFree(H(host))); }

/* sandboxes */

gaol_sandbox *gaol_sandbox_new(const gaol_profile *profile, gaol_error **error) {
	HANDLE(gaol_sandbox, error, goSandboxNew(H(profile), &out, E(error)));
}

char *gaol_sandbox_explain(const gaol_sandbox *sandbox) { TEXT(0, goSandboxExplain(H(sandbox), &out)); }

gaol_report *gaol_sandbox_report(const gaol_sandbox *sandbox, gaol_error **error) {
	HANDLE(gaol_report, error, goSandboxReport(H(sandbox), &out, E(error)));
}

int gaol_sandbox_free(gaol_sandbox *sandbox) { INT(0, goSandboxFree(H(sandbox))); }

/* commands */

gaol_cmd *gaol_cmd_new(gaol_sandbox *sandbox, const char *const argv[]) { HANDLE(gaol_cmd, 0, goCmdNew(H(sandbox), LIST(argv), &out)); }
int gaol_cmd_set_program(gaol_cmd *cmd, const char *path) { INT(0, goCmdProgram(H(cmd), S(path))); }
int gaol_cmd_set_env(gaol_cmd *cmd, const char *const env[]) { INT(0, goCmdEnv(H(cmd), LIST(env))); }
int gaol_cmd_set_dir(gaol_cmd *cmd, const char *path) { INT(0, goCmdDir(H(cmd), S(path))); }
int gaol_cmd_set_stdio(gaol_cmd *cmd, int stream, unsigned stdio, int fd) { INT(0, goCmdStdio(H(cmd), stream, stdio, fd)); }
int gaol_cmd_pass_fd(gaol_cmd *cmd, int fd, int inside) { INT(0, goCmdPassFD(H(cmd), fd, inside)); }
int gaol_cmd_set_limits(gaol_cmd *cmd, const gaol_limits *limits) { INT(0, goCmdLimits(H(cmd), (gaol_limits *)limits)); }

int gaol_cmd_set_credential(gaol_cmd *cmd, const gaol_credential *credential) {
	INT(0, goCmdCredential(H(cmd), (gaol_credential *)credential));
}

int gaol_cmd_set_umask(gaol_cmd *cmd, int mask) { INT(0, goCmdUmask(H(cmd), mask)); }
int gaol_cmd_set_wait_delay(gaol_cmd *cmd, int64_t delay_ns) { INT(0, goCmdWaitDelay(H(cmd), delay_ns)); }
int gaol_cmd_check(const gaol_cmd *cmd, gaol_error **error) { INT(error, goCmdCheck(H(cmd), E(error))); }
int gaol_cmd_start(gaol_cmd *cmd, gaol_error **error) { INT(error, goCmdStart(H(cmd), E(error))); }
int gaol_cmd_take_pipe(gaol_cmd *cmd, int stream) { INT(0, goCmdTakePipe(H(cmd), stream)); }
int gaol_cmd_wait(gaol_cmd *cmd, int *status, gaol_error **error) { INT(error, goCmdWait(H(cmd), status, E(error))); }

int gaol_cmd_wait_timeout(gaol_cmd *cmd, int64_t timeout_ns, int *status, gaol_error **error) {
	INT(error, goCmdWaitTimeout(H(cmd), timeout_ns, status, E(error)));
}

int gaol_cmd_poll_fd(gaol_cmd *cmd) { INT(0, goCmdPollFD(H(cmd))); }
int gaol_cmd_pid(const gaol_cmd *cmd) { INT(0, goCmdPid(H(cmd))); }
int gaol_cmd_signal(gaol_cmd *cmd, int signal) { INT(0, goCmdSignal(H(cmd), signal)); }
int gaol_cmd_kill(gaol_cmd *cmd) { INT(0, goCmdKill(H(cmd))); }
int gaol_cmd_run(gaol_cmd *cmd, int *status, gaol_error **error) { INT(error, goCmdRun(H(cmd), status, E(error))); }

int gaol_cmd_capture(gaol_cmd *cmd, const gaol_run_options *options, gaol_output *output, gaol_error **error) {
	INT(error, goCmdCapture(H(cmd), (gaol_run_options *)options, output, E(error)));
}

gaol_report *gaol_cmd_report(const gaol_cmd *cmd, gaol_error **error) { HANDLE(gaol_report, error, goCmdReport(H(cmd), &out, E(error))); }
int gaol_cmd_free(gaol_cmd *cmd) { INT(0, goCmdFree(H(cmd))); }

/* reports */

char *gaol_report_json(const gaol_report *report) { TEXT(0, goReportJSON(H(report), &out)); }
const char *gaol_report_engine(const gaol_report *report) { OWNED(goReportEngine(H(report))); }
const char *gaol_report_mechanism(const gaol_report *report, size_t index) { OWNED(goReportMechanism(H(report), index)); }
int gaol_report_enforced(const gaol_report *report, size_t index, gaol_enforcement *out) { INT(0, goReportEnforced(H(report), index, out)); }
int gaol_report_gap(const gaol_report *report, size_t index, gaol_gap *out) { INT(0, goReportGap(H(report), index, out)); }
int gaol_report_denial(const gaol_report *report, size_t index, gaol_denial *out) { INT(0, goReportDenial(H(report), index, out)); }
int gaol_report_ending(const gaol_report *report, gaol_ending *out) { INT(0, goReportEnding(H(report), out)); }
int gaol_report_usage(const gaol_report *report, gaol_usage *out) { INT(0, goReportUsage(H(report), out)); }
int gaol_report_free(gaol_report *report) { INT(0, goReportFree(H(report))); }
