/* gaol.h: run a program with only the rights that its caller listed. C99 and C++11; link with -lgaol.
 *
 * The shortest whole program:
 *
 *	#include <gaol.h>
 *	#include <stdio.h>
 *	int main(void) {
 *		const char *argv[] = {"ls", "/usr/share/doc", NULL};
 *		gaol_error *error = NULL;
 *		int status;
 *		gaol_profile *profile = gaol_profile_new();
 *		gaol_profile_allow(profile, GAOL_SYSTEM);
 *		gaol_sandbox *sandbox = gaol_sandbox_new(profile, &error);
 *		gaol_cmd *cmd = sandbox ? gaol_cmd_new(sandbox, argv) : NULL;
 *		if (cmd) gaol_cmd_set_stdio(cmd, 1, GAOL_STDIO_INHERIT, -1);
 *		if (cmd && gaol_cmd_run(cmd, &status, &error) == 0) printf("wait status %d\n", status);
 *		if (error) fprintf(stderr, "%s\n", gaol_error_message(error));
 *		gaol_error_free(error), gaol_cmd_free(cmd), gaol_sandbox_free(sandbox), gaol_profile_free(profile);
 *		return error != NULL;
 *	}
 *
 * What holds for every function:
 *
 * Results. An int is 0 (or the number that the function says), or a negative errno. A pointer is NULL on failure, and errno is set.
 * Nothing is printed, and nothing exits. Each error has a code of enum gaol_code; its errno is said there.
 *
 * Errors. Where the last parameter is `gaol_error **error`, it may be NULL. Otherwise *error becomes NULL on success and a new error on
 * failure, whatever it was before; the caller frees it with gaol_error_free.
 *
 * Handles. The gaol_... pointers are opaque numbers and never to be followed. Who is given one by a function named ..._new, ..._load,
 * ..._parse, ..._probe or ..._report frees it, with the function of its kind. Every free accepts NULL. A handle that is NULL, freed
 * already or of another kind is -EBADF (GAOL_ERROR_HANDLE), also in two threads at once: it is never followed, and never used again.
 * A string or struct that a handle gave ends with the handle.
 *
 * Strings. Paths, arguments and variables are bytes that end in a NUL, in no encoding. A `const char *` that is given to gaol is copied. A
 * `const char *` that comes from gaol is never NULL, but maybe empty, and belongs to the handle; a `char *` is the caller's, for gaol_free.
 *
 * Threads. All functions may be called by all threads at any time, on the same handle too; what is said more is at the function. The
 * thread needs 64 KiB of stack. No function may be called by a signal handler.
 *
 * fork. A child that the host process has forked must exec before it uses gaol. In such a child each function fails at once with -EDEADLK
 * (GAOL_ERROR_FORKED); the Go runtime, which the library brings along, has only the forking thread there. See docs/C.md.
 *
 * Growth. A struct begins with its size, set by the caller to sizeof; GAOL_..._INIT does so. A field that a caller does not know is zero
 * for gaol, or left out; a field that gaol does not know must be zero (-E2BIG). A struct for gaol that is smaller than in its first version,
 * such as one whose size is that of a pointer, is refused (-EINVAL). */
#ifndef GAOL_H
#define GAOL_H

#include <stddef.h>
#include <stdint.h>

#define GAOL_VERSION "1.0.0"
#define GAOL_VERSION_MAJOR 1
#define GAOL_VERSION_MINOR 0
#define GAOL_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gaol_error gaol_error;
typedef struct gaol_profile gaol_profile;
typedef struct gaol_host gaol_host;
typedef struct gaol_sandbox gaol_sandbox;
typedef struct gaol_cmd gaol_cmd;
typedef struct gaol_report gaol_report;

/* gaol_version returns the version of the library, as GAOL_VERSION is that of the header. It is a constant; it never fails. */
const char *gaol_version(void);

/* gaol_free frees a `char *` or buffer that gaol gave to the caller. NULL is accepted. It returns 0, or -EBADF for what is not a live
 * buffer of gaol. As with free(3), an address may be given out again later. */
int gaol_free(void *buffer);

/* ---- errors ---- */

/* The closed list of what can go wrong. */
enum gaol_code {
	GAOL_ERROR_NONE = 0,
	GAOL_ERROR_ARGUMENT = 1,    /* EINVAL: NULL, an unknown number or flag. E2BIG: too large. EBADF: no open descriptor */
	GAOL_ERROR_HANDLE = 2,      /* EBADF: NULL, freed already, or of another kind */
	GAOL_ERROR_PROFILE = 3,     /* the profile cannot mean anything: operation, path; file, line, key. EINVAL, or why a path or file cannot be had */
	GAOL_ERROR_UNSUPPORTED = 4, /* EOPNOTSUPP: this host cannot enforce the profile; gaol_error_unsupported lists all of why */
	GAOL_ERROR_SETUP = 5,       /* the program never ran: step, operation, path, and the errno of the step */
	GAOL_ERROR_CLOSED = 6,      /* ESHUTDOWN: the sandbox was freed before the command started */
	GAOL_ERROR_STATE = 7,       /* EALREADY: started already. ECHILD: not started. ESRCH: ended already */
	GAOL_ERROR_TIMEOUT = 8,     /* ETIMEDOUT: the given time is over */
	GAOL_ERROR_WAIT_DELAY = 9,  /* ETIME (on FreeBSD ETIMEDOUT): the program ended, but its output stayed open for longer than gaol_cmd_set_wait_delay */
	GAOL_ERROR_SYSTEM = 10,     /* a system call of the library itself failed, with this errno */
	GAOL_ERROR_MEMORY = 11,     /* ENOMEM */
	GAOL_ERROR_FORKED = 12,     /* EDEADLK: this process was forked from the one that loaded the library */
	GAOL_ERROR_INTERNAL = 13    /* ENOTRECOVERABLE: a fault of gaol itself; please report the message */
};

/* The parts of an error; nothing changes them, and they are the error's. Of NULL, the code is GAOL_ERROR_NONE and the texts are empty; of
 * what is no error (freed already) it is GAOL_ERROR_HANDLE.
 * message: all of it in one line, in English. step: what failed, of GAOL_ERROR_SETUP. operation: the entry of the profile that it is about,
 * as Go writes it. path: what the step or entry was about; bytes. hint: what may be done about it. file, line, key: where in a profile file;
 * line counts from 1, and 0 is none. */
int gaol_error_code(const gaol_error *error);
int gaol_error_errno(const gaol_error *error); /* positive; 0 for NULL */
const char *gaol_error_message(const gaol_error *error);
const char *gaol_error_step(const gaol_error *error);
const char *gaol_error_operation(const gaol_error *error);
const char *gaol_error_path(const gaol_error *error);
const char *gaol_error_hint(const gaol_error *error);
const char *gaol_error_file(const gaol_error *error);
int gaol_error_line(const gaol_error *error);
const char *gaol_error_key(const gaol_error *error);

/* One thing that the host cannot enforce. The strings are the error's. */
typedef struct gaol_unsupported {
	size_t size;
	const char *operation; /* of the profile, or a limit such as "Limits.Memory" */
	const char *mechanism; /* what is missing */
	const char *detail;    /* why it is missing */
	const char *fix;       /* what would provide it */
	const char *gap;       /* what GAOL_BEST_EFFORT would leave open; empty where it does not help */
} gaol_unsupported;
#define GAOL_UNSUPPORTED_INIT { sizeof(gaol_unsupported), 0, 0, 0, 0, 0 }

/* gaol_error_unsupported fills in the index-th, from 0. It returns 0, or -ENOENT behind the last. */
int gaol_error_unsupported(const gaol_error *error, size_t index, gaol_unsupported *out);

/* gaol_error_free frees an error and its texts. It returns 0, or -EBADF. */
int gaol_error_free(gaol_error *error);

/* ---- profiles ---- */

/* What a program may do. For what each means see https://pkg.go.dev/github.com/gaol-sandbox/gaol or `gaol run --help`; they are the same. */
enum gaol_operation {
	GAOL_SYSTEM = 1,         /* what a dynamically linked program needs to start; no user's data */
	GAOL_FILE_READ = 2,      /* reading, listing, metadata */
	GAOL_FILE_READ_METADATA = 3, /* stat, readlink, existence; not contents, not listing */
	GAOL_FILE_WRITE = 4,     /* creating, writing, renaming, removing, changing metadata; not reading */
	GAOL_FILE_EXECUTE = 5,   /* execve, executable mappings */
	GAOL_NETWORK_OUTBOUND = 6, /* reaching an address */
	GAOL_NETWORK_INBOUND = 7,  /* listening on an address */
	GAOL_SYSTEM_INFO_READ = 8, /* the system files of /proc */
	GAOL_PROCESS_CREATE = 9, /* new processes; threads are always allowed */
	GAOL_SIGNAL = 10,        /* signals to other processes of the sandbox */
	GAOL_TRACE = 11,         /* tracing other processes of the sandbox */
	GAOL_IPC = 12,           /* see gaol_profile_allow_ipc */
	GAOL_DEVICE = 13,        /* opening a device, and its ioctls */
	GAOL_SYSCALL = 14,       /* see gaol_profile_allow_name */
	GAOL_PRIVATE = 15,       /* an empty, writable directory of each command's own */
	GAOL_MAP = 16,           /* see gaol_profile_map */
	GAOL_MACH_LOOKUP = 17    /* see gaol_profile_allow_name; of macOS */
};

/* To be added with | to an operation, an IPC kind or a mode: accept less than exact enforcement of this entry where the host has no exact
 * one. Each gap that it opens is in the report. */
#define GAOL_BEST_EFFORT 0x100u

enum gaol_match {
	GAOL_LITERAL = 1, /* the path alone, which is no directory */
	GAOL_SUBPATH = 2  /* the path and everything below it */
};

/* To be added with | to a match: a path that is missing grants nothing, and is no error. */
#define GAOL_OPTIONAL 0x200u

enum gaol_address {
	GAOL_ADDRESS_ALL = 1,      /* every internet address; no name, port 0 */
	GAOL_ADDRESS_TCP = 2,      /* a TCP port of any peer, or to listen on */
	GAOL_ADDRESS_UDP = 3,      /* a UDP port of any peer, or to receive at */
	GAOL_ADDRESS_LOCAL_SOCKET = 4, /* name: the path of a Unix socket, at most 107 bytes; port 0 */
	GAOL_ADDRESS_LOOPBACK = 5, /* a TCP port to listen on that only this host reaches */
	GAOL_ADDRESS_HOST = 6,     /* name: a host's name; a port of it */
	GAOL_ADDRESS_CIDR = 7      /* name: a prefix such as "10.0.0.0/8"; a port of its addresses */
};

enum gaol_ipc {
	GAOL_IPC_NAMED_PIPES = 1,
	GAOL_IPC_SYSTEM_V = 2,
	GAOL_IPC_POSIX_SHARED_MEMORY = 3,
	GAOL_IPC_POSIX_QUEUES = 4
};

enum gaol_mode {
	GAOL_READ_ONLY = 1,
	GAOL_READ_WRITE = 2
};

enum gaol_action {
	GAOL_ERRNO = 0, /* a denied system call fails with EPERM */
	GAOL_KILL = 1   /* it ends the program with SIGSYS */
};

enum gaol_engine {
	GAOL_ENGINE_ANY = 0,
	GAOL_ENGINE_NAMESPACE = 1, /* Linux */
	GAOL_ENGINE_LANDLOCK = 2,
	GAOL_ENGINE_SEATBELT = 3, /* macOS */
	GAOL_ENGINE_CAPSICUM = 4, /* FreeBSD */
	GAOL_ENGINE_JAIL = 5
};

/* gaol_profile_new returns a profile that grants nothing, or NULL (ENOMEM, EDEADLK). The caller frees it with gaol_profile_free. */
gaol_profile *gaol_profile_new(void);

/* gaol_profile_load reads a profile file, TOML or JSON by the ending of its name. ${HOME}, ${CWD} and ${TMP} stand for this process's. The
 * caller frees the profile. NULL: GAOL_ERROR_PROFILE with file, line and key. */
gaol_profile *gaol_profile_load(const char *path, gaol_error **error);

/* gaol_profile_parse reads a profile from size bytes of text. name ends in .toml or .json, which says what the text is, and stands in
 * errors; a relative "extends" is looked up beside it. The caller frees the profile. NULL: GAOL_ERROR_PROFILE, or E2BIG above 1 MiB. */
gaol_profile *gaol_profile_parse(const char *name, const char *text, size_t size, gaol_error **error);

/* The functions that add to a profile return 0 or a negative errno. A profile also keeps the first fault, so that a call whose result was
 * not looked at cannot leave a hole: gaol_profile_check and gaol_sandbox_new then fail with that. */

/* gaol_profile_allow allows an operation that takes nothing more: SYSTEM, SYSTEM_INFO_READ, PROCESS_CREATE, SIGNAL, TRACE. */
int gaol_profile_allow(gaol_profile *profile, unsigned operation);

/* gaol_profile_allow_path allows one that has a path: FILE_READ, FILE_READ_METADATA, FILE_WRITE, FILE_EXECUTE, with either match;
 * DEVICE with GAOL_LITERAL and PRIVATE with GAOL_SUBPATH, which cannot be optional. The path is absolute and clean, as the program sees it. */
int gaol_profile_allow_path(gaol_profile *profile, unsigned operation, unsigned match, const char *path);

/* gaol_profile_deny_path makes a hole in what the profile's FILE_... operations allow: the more specific path wins, and denial a tie. */
int gaol_profile_deny_path(gaol_profile *profile, unsigned operation, unsigned match, const char *path);

/* gaol_profile_allow_address allows NETWORK_OUTBOUND to, or NETWORK_INBOUND on, an enum gaol_address. name is NULL and port 0 where it has none. */
int gaol_profile_allow_address(gaol_profile *profile, unsigned operation, unsigned address, const char *name, int port);

/* gaol_profile_allow_ipc allows the processes of the sandbox to talk to each other by an enum gaol_ipc; never to anything outside. */
int gaol_profile_allow_ipc(gaol_profile *profile, unsigned ipc);

/* gaol_profile_allow_name allows one that has a name: SYSCALL, with a system call's, such as "personality", that no other operation brings;
 * or MACH_LOOKUP, with that of a Mach service of macOS, such as "com.apple.trustd.agent". */
int gaol_profile_allow_name(gaol_profile *profile, unsigned operation, const char *name);

/* gaol_profile_map shows a file or directory of the host at another path inside, by an enum gaol_mode. */
int gaol_profile_map(gaol_profile *profile, const char *inside, const char *host, unsigned mode);

/* gaol_profile_set_on_denied sets what a denied system call ends in, an enum gaol_action. */
int gaol_profile_set_on_denied(gaol_profile *profile, unsigned action);

/* gaol_profile_set_env adds a variable to the environment of commands that bring none of their own. */
int gaol_profile_set_env(gaol_profile *profile, const char *name, const char *value);

/* gaol_profile_pass_env adds a variable of this process, if it is set (getenv(3)) when a command starts. */
int gaol_profile_pass_env(gaol_profile *profile, const char *name);

/* gaol_profile_set_dir sets the working directory, inside, of commands that name none. */
int gaol_profile_set_dir(gaol_profile *profile, const char *path);

/* gaol_profile_set_engine forces an enum gaol_engine; a host that lacks it refuses the profile. It is for tests. */
int gaol_profile_set_engine(gaol_profile *profile, unsigned engine);

/* What a command may use. Zero is no limit. */
typedef struct gaol_limits {
	size_t size;
	int64_t wall_ns;      /* real time from the start, in nanoseconds; then everything in the sandbox is killed */
	int64_t cpu_ns;       /* processor time, user and system */
	int64_t memory;       /* bytes */
	int64_t processes;    /* processes and threads at once */
	int64_t files;        /* descriptors that a process may have open */
	int64_t file_size;    /* bytes of each file that is written */
	int64_t stack;        /* bytes, of the first thread of each process */
	int64_t core;         /* bytes; zero: no core is written */
	int64_t output;       /* bytes that are written to the standard output and error together */
	int64_t disk;         /* bytes in the command's GAOL_PRIVATE directories */
	int64_t instructions; /* that are retired in user space */
	double processors;    /* how many may be busy: 1.5 is one and a half */
	int64_t read_rate;    /* bytes per second, from block devices */
	int64_t write_rate;   /* and to them */
	int per_process;      /* not 0: cpu and memory hold for each process by itself, not for the sandbox together */
} gaol_limits;
#define GAOL_LIMITS_INIT { sizeof(gaol_limits), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, 0 }

/* gaol_profile_limit adds limits to a profile. Of what is given twice, the smaller holds. */
int gaol_profile_limit(gaol_profile *profile, const gaol_limits *limits);

/* gaol_profile_add adds all of another profile, which stays as it is: either's operations are allowed, each once; the stricter action and the smaller
 * limit hold; of a variable, and of the working directory, what is added last. Two engines, or two maps onto one place, are a fault that names them. */
int gaol_profile_add(gaol_profile *profile, const gaol_profile *other);

/* gaol_profile_check returns 0, or the first fault of the profile. It looks at nothing of the host. */
int gaol_profile_check(const gaol_profile *profile, gaol_error **error);

/* gaol_profile_toml returns the profile as a file that gaol_profile_parse reads back, for gaol_free; without the engine. NULL: its first fault. */
char *gaol_profile_toml(const gaol_profile *profile, gaol_error **error);

/* gaol_profile_operation returns the index-th operation of the profile, from 0, as Go writes it, for gaol_free. NULL: ENOENT behind the last. */
char *gaol_profile_operation(const gaol_profile *profile, size_t index);

/* gaol_profile_free frees a profile; sandboxes that were made of it have a copy. It returns 0, or -EBADF. */
int gaol_profile_free(gaol_profile *profile);

/* ---- hosts ---- */

enum gaol_level {
	GAOL_NEVER_ALLOWED = 0,               /* no profile with it is accepted here */
	GAOL_CANNOT_BE_ALLOWED_PRECISELY = 1, /* only with GAOL_BEST_EFFORT */
	GAOL_CAN_BE_ALLOWED = 2,              /* it is enforced as it says */
	GAOL_ALWAYS_ALLOWED = 3               /* every program may do so here */
};

/* gaol_host_probe tries the mechanisms of this host in a throw-away child, once in the life of the process. The caller frees the host. */
gaol_host *gaol_host_probe(gaol_error **error);

/* gaol_host_system is the operating system and its release; the string is the host's. */
const char *gaol_host_system(const gaol_host *host);

/* One mechanism of a host. The strings are the host's. */
typedef struct gaol_check {
	size_t size;
	const char *mechanism;
	const char *detail; /* what was found, or what stood in the way */
	const char *fix;    /* what would provide it; empty where ok or unknown */
	int ok;
} gaol_check;
#define GAOL_CHECK_INIT { sizeof(gaol_check), 0, 0, 0, 0 }

/* gaol_host_check fills in the index-th mechanism, from 0. It returns 0, or -ENOENT behind the last. */
int gaol_host_check(const gaol_host *host, size_t index, gaol_check *out);

/* gaol_host_engine returns the index-th enum gaol_engine that works here, the best first, or -ENOENT behind the last. */
int gaol_host_engine(const gaol_host *host, size_t index);

/* gaol_host_support returns how far the host can enforce the index-th operation of the profile, taken alone: an enum gaol_level, or a
 * negative errno (-ENOENT behind the last). *mechanism, unless NULL, becomes what enforces it or what is missing, for gaol_free. engine is an
 * enum gaol_engine: that which a profile would force. */
int gaol_host_support(const gaol_host *host, const gaol_profile *profile, size_t index, unsigned engine, char **mechanism);

/* gaol_host_free frees a host. It returns 0, or -EBADF. */
int gaol_host_free(gaol_host *host);

/* ---- sandboxes ---- */

/* gaol_sandbox_new resolves the profile for this host and compiles it, once for all commands. It copies the profile. The caller frees the
 * sandbox. NULL: GAOL_ERROR_PROFILE, GAOL_ERROR_UNSUPPORTED, GAOL_ERROR_SETUP. */
gaol_sandbox *gaol_sandbox_new(const gaol_profile *profile, gaol_error **error);

/* gaol_sandbox_explain returns the policy and the plan as text for people, for gaol_free; its form may change. */
char *gaol_sandbox_explain(const gaol_sandbox *sandbox);

/* gaol_sandbox_report returns what the sandbox enforces and by which mechanisms; the caller frees it. */
gaol_report *gaol_sandbox_report(const gaol_sandbox *sandbox, gaol_error **error);

/* gaol_sandbox_free frees the sandbox and what it holds. Commands that run go on; one that starts afterwards fails with GAOL_ERROR_CLOSED.
 * It returns 0, or -EBADF. */
int gaol_sandbox_free(gaol_sandbox *sandbox);

/* ---- commands ---- */

/* Where a standard stream of the program leads. */
enum gaol_stdio {
	GAOL_STDIO_NULL = 0,    /* /dev/null, which is the default */
	GAOL_STDIO_INHERIT = 1, /* that of this process at the start of the command; EBADF where that is closed, or close-on-exec */
	GAOL_STDIO_FD = 2,      /* a descriptor of this process */
	GAOL_STDIO_PIPE = 3,    /* a pipe, whose other end gaol_cmd_take_pipe gives */
	GAOL_STDIO_STDOUT = 4   /* of stream 2: where stream 1 leads */
};

/* gaol_cmd_new returns a command that runs argv in the sandbox. argv ends in NULL. argv[0] is the program: a path inside, or a name
 * without a slash, that is looked up in the PATH of its environment, inside. The caller frees the command, before or after the sandbox. NULL:
 * EBADF, EINVAL (no argv, or none in it), E2BIG (more than 128 KiB in one string, or 6 MiB in all), ENOMEM, EDEADLK. */
gaol_cmd *gaol_cmd_new(gaol_sandbox *sandbox, const char *const argv[]);

/* The functions gaol_cmd_set_... and gaol_cmd_pass_fd are for before the start (afterwards: -EALREADY). They return 0 or a negative errno. A
 * command also keeps the first fault, and does not start with one. */

/* gaol_cmd_set_program sets the program apart from argv[0]. */
int gaol_cmd_set_program(gaol_cmd *cmd, const char *path);

/* gaol_cmd_set_env sets the whole environment, "NAME=value" each, NULL behind the last. With NULL it is the default again: a minimal one
 * (PATH, HOME=/, LANG=C.UTF-8) and what the profile adds; never this process's. */
int gaol_cmd_set_env(gaol_cmd *cmd, const char *const env[]);

/* gaol_cmd_set_dir sets the working directory, inside. The default is the profile's, else this process's where the program sees it, else "/". */
int gaol_cmd_set_dir(gaol_cmd *cmd, const char *path);

/* gaol_cmd_set_stdio sets where stream 0, 1 or 2 leads, an enum gaol_stdio. fd is for GAOL_STDIO_FD, and else ignored; it is duplicated, and
 * stays the caller's, who may close it right away. */
int gaol_cmd_set_stdio(gaol_cmd *cmd, int stream, unsigned stdio, int fd);

/* gaol_cmd_pass_fd makes a descriptor of this process the program's descriptor `inside`, from 3 on; -1 is the next free one. It returns that
 * number. fd is duplicated, and stays the caller's. Below the largest, what is not given is /dev/null; nothing else is open inside. */
int gaol_cmd_pass_fd(gaol_cmd *cmd, int fd, int inside);

/* gaol_cmd_set_limits narrows the profile's limits for this command: of each, the smaller holds. */
int gaol_cmd_set_limits(gaol_cmd *cmd, const gaol_limits *limits);

/* The user that a program runs as. */
typedef struct gaol_credential {
	size_t size;
	uint32_t uid, gid;
	const uint32_t *groups; /* supplementary groups */
	size_t ngroups;
	int dynamic;            /* not 0: a user and a group that nothing else has; all else is zero then */
} gaol_credential;
#define GAOL_CREDENTIAL_INIT { sizeof(gaol_credential), 0, 0, 0, 0, 0 }

/* gaol_cmd_set_credential sets the user. Only root may choose one that is not its own. */
int gaol_cmd_set_credential(gaol_cmd *cmd, const gaol_credential *credential);

/* gaol_cmd_set_umask sets the program's umask(2), of 0 to 0777. -1 is the default: that which this process has at the start of the command. */
int gaol_cmd_set_umask(gaol_cmd *cmd, int mask);

/* gaol_cmd_set_wait_delay bounds how long a wait goes on for output that stays open after the program's end, in nanoseconds; 0: not. */
int gaol_cmd_set_wait_delay(gaol_cmd *cmd, int64_t delay_ns);

/* gaol_cmd_check returns 0, or the first fault of what was set. */
int gaol_cmd_check(const gaol_cmd *cmd, gaol_error **error);

/* gaol_cmd_start starts the program, and returns when it has been executed. A command is started once. */
int gaol_cmd_start(gaol_cmd *cmd, gaol_error **error);

/* gaol_cmd_take_pipe returns this process's end of the GAOL_STDIO_PIPE of stream 0, 1 or 2, after the start. The descriptor is the caller's,
 * who closes it; it blocks, and is close-on-exec. Ends that nobody takes are closed by gaol_cmd_free. -ENOENT: no pipe, or taken already. */
int gaol_cmd_take_pipe(gaol_cmd *cmd, int stream);

/* gaol_cmd_wait waits until the program has ended and all that it started is gone. *status, unless NULL, becomes how it ended, for
 * WIFEXITED(3) and the like; that it failed is no error. It may be called more than once, and by many threads at once. */
int gaol_cmd_wait(gaol_cmd *cmd, int *status, gaol_error **error);

/* gaol_cmd_wait_timeout is gaol_cmd_wait for timeout_ns nanoseconds at most: then -ETIMEDOUT, and the program goes on. 0 only looks. Output that is
 * copied for gaol_limits.output has until then, too, but a millisecond at least: what nobody reads makes it -ETIMEDOUT after the end. Like
 * gaol_cmd_wait it waits in the calling thread, whose signal handlers run meanwhile and do not end it. */
int gaol_cmd_wait_timeout(gaol_cmd *cmd, int64_t timeout_ns, int *status, gaol_error **error);

/* gaol_cmd_poll_fd returns a descriptor that becomes readable when the program has ended, for poll(2); gaol_cmd_wait then returns without
 * waiting. It is the command's, and stays open until gaol_cmd_free; it must not be read or closed. Before the start: -ECHILD. */
int gaol_cmd_poll_fd(gaol_cmd *cmd);

/* gaol_cmd_pid returns the process number of the sandbox's init, by which the host sees it; -ECHILD before the start. */
int gaol_cmd_pid(const gaol_cmd *cmd);

/* gaol_cmd_signal sends a signal to the program; SIGKILL is gaol_cmd_kill, and SIGSTOP is refused. -ESRCH: it has ended. */
int gaol_cmd_signal(gaol_cmd *cmd, int signal);

/* gaol_cmd_kill ends everything in the sandbox at once. -ESRCH: it has ended. With gaol_limits.output, what it had written by then, and
 * nobody reads for a second, is lost; without a kill nothing is, and gaol_cmd_wait waits for who reads it. */
int gaol_cmd_kill(gaol_cmd *cmd);

/* gaol_cmd_run is gaol_cmd_start and gaol_cmd_wait. */
int gaol_cmd_run(gaol_cmd *cmd, int *status, gaol_error **error);

/* What gaol_cmd_capture gives to the program. */
typedef struct gaol_run_options {
	size_t size;
	const void *input;  /* for the standard input, of input_size bytes; NULL: as gaol_cmd_set_stdio says */
	size_t input_size;
	int64_t timeout_ns; /* then everything in the sandbox is killed; 0: none */
} gaol_run_options;
#define GAOL_RUN_OPTIONS_INIT { sizeof(gaol_run_options), 0, 0, 0 }

/* What it gives back. The buffers are the caller's, for gaol_free, also on failure; behind the last byte stands a NUL that does not count. */
typedef struct gaol_output {
	size_t size;
	int status;      /* as gaol_cmd_wait has it; -1 if the program never ran */
	char *out;       /* its standard output; NULL if it was not captured */
	size_t out_size;
	char *err;       /* its standard error; NULL if it was not captured */
	size_t err_size;
} gaol_output;
#define GAOL_OUTPUT_INIT { sizeof(gaol_output), 0, 0, 0, 0, 0 }

/* gaol_cmd_capture runs the program and collects its standard output and error, but for those that gaol_cmd_set_stdio has directed. options may be
 * NULL. What a program writes is not bounded, unless by gaol_limits.output. -ETIMEDOUT: killed at the timeout; output has what there was. */
int gaol_cmd_capture(gaol_cmd *cmd, const gaol_run_options *options, gaol_output *output, gaol_error **error);

/* gaol_cmd_report returns what was enforced and denied, and how the program ended; before the end it is the sandbox's report. The caller frees it. */
gaol_report *gaol_cmd_report(const gaol_cmd *cmd, gaol_error **error);

/* gaol_cmd_free frees the command. A program that still runs is killed, with everything in its sandbox, and waited for. Other threads that
 * wait for it get its end. It returns 0, or -EBADF. */
int gaol_cmd_free(gaol_cmd *cmd);

/* ---- reports ---- */

enum gaol_end {
	GAOL_END_UNKNOWN = 0,      /* it has not ended, or never ran */
	GAOL_END_EXITED = 1,       /* by itself, with a code */
	GAOL_END_SIGNALED = 2,     /* by a signal that no other end explains */
	GAOL_END_CANCELED = 3,     /* by gaol_cmd_kill, gaol_cmd_free or a timeout */
	GAOL_END_WALL = 4,         /* the limit of that name; so the four that follow */
	GAOL_END_CPU = 5,
	GAOL_END_MEMORY = 6,
	GAOL_END_OUTPUT = 7,
	GAOL_END_INSTRUCTIONS = 8,
	GAOL_END_DENIED = 9,       /* by a system call that GAOL_KILL forbids */
	GAOL_END_LOST = 10         /* with the sandbox's init, which was killed from outside */
};

/* A report is a value that nothing changes. Its strings are the report's. */

/* gaol_report_json returns the whole report as JSON in UTF-8, for gaol_free: the keys of `gaol run --status-fd`. */
char *gaol_report_json(const gaol_report *report);

/* gaol_report_engine is the name of the engine that confines. */
const char *gaol_report_engine(const gaol_report *report);

/* gaol_report_mechanism is the index-th mechanism that is used, from 0; empty behind the last. */
const char *gaol_report_mechanism(const gaol_report *report, size_t index);

/* Operations of the profile, each with the mechanism that holds it. */
typedef struct gaol_enforcement {
	size_t size;
	const char *operation;
	const char *mechanism;
} gaol_enforcement;
#define GAOL_ENFORCEMENT_INIT { sizeof(gaol_enforcement), 0, 0 }

/* What an operation with GAOL_BEST_EFFORT left open. */
typedef struct gaol_gap {
	size_t size;
	const char *operation;
	const char *detail;
} gaol_gap;
#define GAOL_GAP_INIT { sizeof(gaol_gap), 0, 0 }

/* What the program tried and was not allowed, as far as the mechanisms tell. */
typedef struct gaol_denial {
	size_t size;
	const char *operation;
	const char *path;
	const char *syscall;    /* of a system call: its name, and */
	int number;             /* its number; else 0 */
	const char *suggestion; /* what in a profile would allow it, or why nothing would */
} gaol_denial;
#define GAOL_DENIAL_INIT { sizeof(gaol_denial), 0, 0, 0, 0, 0 }

/* Each fills in the index-th, from 0. They return 0, or -ENOENT behind the last. */
int gaol_report_enforced(const gaol_report *report, size_t index, gaol_enforcement *out);
int gaol_report_gap(const gaol_report *report, size_t index, gaol_gap *out);
int gaol_report_denial(const gaol_report *report, size_t index, gaol_denial *out);

/* How a program ended. */
typedef struct gaol_ending {
	size_t size;
	int end;             /* enum gaol_end */
	int code;            /* the exit code; -1: ended by a signal, or not ended */
	int signal;          /* that ended it; 0: none */
	int core;            /* not 0: a core was written */
	int killed;          /* processes that were still there when the program ended */
	int syscall;         /* of GAOL_END_DENIED: the number of the system call; -1: not known */
	const char *syscall_name;
} gaol_ending;
#define GAOL_ENDING_INIT { sizeof(gaol_ending), 0, 0, 0, 0, 0, 0, 0 }

/* gaol_report_ending fills in how the program ended. */
int gaol_report_ending(const gaol_report *report, gaol_ending *out);

/* What the program, and those of its children that it waited for, have used. */
typedef struct gaol_usage {
	size_t size;
	int64_t wall_ns, user_ns, system_ns;
	int64_t max_rss; /* bytes, of the largest process */
	int64_t minor_faults, major_faults;
	int64_t voluntary_switches, involuntary_switches;
	int64_t block_read, block_written; /* bytes, from and to block devices */
	int64_t instructions;              /* with gaol_limits.instructions; else 0 */
	int64_t output;                    /* bytes that came through gaol */
} gaol_usage;
#define GAOL_USAGE_INIT { sizeof(gaol_usage), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* gaol_report_usage fills in what was used. */
int gaol_report_usage(const gaol_report *report, gaol_usage *out);

/* gaol_report_free frees a report. It returns 0, or -EBADF. */
int gaol_report_free(gaol_report *report);

#ifdef __cplusplus
}
#endif
#endif
