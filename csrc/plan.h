/* plan.h: the flat bytes that tell the child what to do, and the records it answers with.
 * The parent writes a plan once per sandbox and a command once per spawn; both are checked in the parent by plan.c, and the
 * child trusts them: it must never parse, allocate or decide. Offsets count from the first byte of the plan; no pointers. */
#ifndef GAOL_PLAN_H
#define GAOL_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define GAOL_PLAN_MAGIC 0x4c4f4147u /* "GAOL" */
#define GAOL_COMMAND_MAGIC 0x444d4347u /* "GCMD" */
#define GAOL_PLAN_VERSION 1u
#define GAOL_PLAN_MAX (64u << 20)
#define GAOL_SLOTS 64u /* trees that one spawn can lift (GAOL_LIFT) */
#define GAOL_FDS_MAX 4096u
#define GAOL_GROUPS_MAX 65536u /* NGROUPS_MAX of linux/limits.h */

/* Who executes a step. The stages are run in this order; a plan's steps are sorted by stage. */
enum gaol_stage {
	GAOL_STAGE_BUILD,   /* once per sandbox: the process that builds the template and ends */
	GAOL_STAGE_INIT,    /* each spawn: process 1 of the new pid namespace, before it becomes the init */
	GAOL_STAGE_PROGRAM, /* each spawn: the process that becomes the program */
	GAOL_STAGE_CONFINE, /* the same process, once it is in its working directory */
	GAOL_STAGES
};

/* What a step does. "str" is the offset of a NUL-terminated string, "data" that of an aligned record.
 * The numbers from GAOL_FIXED on are no steps of a plan: they name what every spawn does, for gaol_failure.op. */
enum gaol_op {
	GAOL_NONE,
	/* build */
	GAOL_ID_MAP,    /* a: str for uid_map, b: str for gid_map; setgroups is denied first */
	GAOL_HOSTNAME,  /* a: str */
	GAOL_DETACH,    /* make every mount private to this namespace */
	GAOL_ROOT,      /* a: str, options of the tmpfs that becomes the root */
	GAOL_DIR,       /* a: str, b: mode */
	GAOL_FILE,      /* a: str; an empty file, to be mounted on */
	GAOL_LINK,      /* a: str, path; b: str, target */
	GAOL_BIND,      /* a: str, inside; b: str, host; flags GAOL_BIND_*. Without a GAOL_ROOT before it, a must be "/": it is the root */
	GAOL_SKELETON,  /* a: str; b: str, options; a tmpfs over a directory of the host: where places are made, or that covers what is denied */
	GAOL_PROC_BASE, /* the proc that every later one may be mounted over (mount_too_revealing, fs/namespace.c) */
	GAOL_PIVOT,     /* enter the new root, drop the old */
	GAOL_SEAL,      /* a: str; the tmpfs that is mounted there becomes read-only; "/" is the last */
	/* build, in the caller's namespaces: done by the caller, whose ruleset every spawn enforces */
	GAOL_KEEP_RULESET, /* a: data, struct gaol_landlock */
	GAOL_KEEP_PATH,    /* a: str; b: access rights */
	GAOL_KEEP_PORT,    /* a: port; b: access rights of the network */
	/* init */
	GAOL_LIFT,   /* a: str; b: slot; take a copy of the tree that is mounted there */
	GAOL_TMPFS,  /* a: str; b: str, options, behind which come the command's; flags GAOL_BIND_NOEXEC */
	GAOL_POOL,   /* a: str; b: str, as of GAOL_TMPFS; the tmpfs that several directories share, mounted where the first of them comes to lie */
	GAOL_SHARE,  /* a: str; b: its number; a new directory of the pool is mounted there; flags GAOL_BIND_NOEXEC */
	GAOL_DEVPTS, /* a: str; b: str, options */
	GAOL_MQUEUE, /* a: str; the queues of this ipc namespace */
	GAOL_PROC,   /* a: str; b: str, options */
	GAOL_MKDIR,  /* a: str, b: mode */
	GAOL_TOUCH,  /* a: str */
	GAOL_DROP,   /* a: str; b: slot; attach the lifted tree */
	GAOL_SYMLINK, /* a: str, path; b: str, target */
	GAOL_MASK,   /* a: str; cover a file with /dev/null or a directory with an empty one; a missing path is fine */
	GAOL_MOUNTED, /* a: str; something must be mounted there, still: whoever replaces a path takes the mounts on it away */
	GAOL_SCOPE,  /* process 1 and all that it makes can signal nobody else, so that it can kill all of them at once; see child.c */
	/* program */
	GAOL_NO_NEW_PRIVS,     /* */
	GAOL_DROP_CAPS,        /* every set, ambient and bounding too; securebits locked; flags GAOL_CAPS_* */
	GAOL_RLIMIT,           /* a: resource; b: data, struct gaol_limit */
	/* confine */
	GAOL_LANDLOCK_KEPT,    /* enforce the ruleset that was built */
	GAOL_LANDLOCK_RULESET, /* a: data, struct gaol_landlock */
	GAOL_LANDLOCK_PATH,    /* a: str; b: access rights; flags GAOL_RULE_* */
	GAOL_LANDLOCK_PORT,    /* a: port; b: access rights of the network */
	GAOL_LANDLOCK_ENFORCE, /* flags: of landlock_restrict_self */
	GAOL_LIMITS,           /* those that the command brings; behind the last step that opens a file */
	GAOL_SECCOMP_SELF,     /* a: data, struct sock_filter[]; b: count; GAOL_SELF_PID in it stands for the number of this process */
	GAOL_SECCOMP,          /* a: data, struct sock_filter[]; b: count; the last, since it denies what the others do; flags GAOL_FILTER_* */
	GAOL_SEATBELT,         /* a: str, the profile; b: data, struct gaol_parameters: macOS. The last, as it denies what the others do */
	GAOL_CAP_OPEN,         /* a: str; b: data, struct gaol_rights; flags GAOL_CAP_*; FreeBSD. Of these steps number i, from 0 on, opens the descriptor gaol_cap_program() + 1 + i */
	GAOL_CAP_ENTER,        /* flags GAOL_CAP_TRAP; FreeBSD. The last: the process enters capability mode with the program's executable open */
	/* FreeBSD's jail. Stage init is here its keeper: a process outside of it that makes the view, and takes it away when everything ends; see
	 * jail_freebsd.c. All of it lies in the directory of the command, gaol_command.place. */
	GAOL_JAIL_ROOT,    /* a: str, bytes in decimal; the tmpfs that becomes the root */
	GAOL_JAIL_POOL,    /* a: str, bytes in decimal; the tmpfs that private directories share, and that has the empty one */
	GAOL_JAIL_DIR,     /* a: str, b: mode */
	GAOL_JAIL_LINK,    /* a: str, path; b: str, target */
	GAOL_JAIL_COPY,    /* a: str, inside; b: str, host; a regular file, as it is now */
	GAOL_JAIL_NULLFS,  /* a: str, inside; b: str, host; flags GAOL_BIND_RDONLY, GAOL_BIND_NOEXEC; both must be directories */
	GAOL_JAIL_PRIVATE, /* a: str; b: its number in the pool; flags GAOL_BIND_NOEXEC */
	GAOL_JAIL_EMPTY,   /* a: str; covers a directory with an empty one */
	GAOL_JAIL_DEVFS,   /* a: str; null, zero, random, urandom */
	GAOL_JAIL_SEAL,    /* the root becomes read-only */
	/* program and confine */
	GAOL_JAIL_ATTACH,  /* a: data, struct gaol_parameters; b: the same, for a command with a credential. The process makes its jail, as the caller's user */
	GAOL_JAIL_CONFINE, /* the last: nothing may be executed before it */
	GAOL_OPS,

	GAOL_FIXED = 1000,
	GAOL_CLONE_BUILDER = GAOL_FIXED, /* the process that builds the template */
	GAOL_SEND_TEMPLATE,              /* its namespaces, as descriptors */
	GAOL_CLONE_HELPER,               /* the process that joins the template */
	GAOL_JOIN,                       /* setns; step: the CLONE_NEW* flag */
	GAOL_CLONE_INIT,                 /* process 1 */
	GAOL_SESSION,                    /* setsid, setpgid */
	GAOL_CLONE_PROGRAM,
	GAOL_INIT_FDS,                   /* the descriptors of the init */
	GAOL_INIT_CAPS,
	GAOL_EXEC_INIT,
	GAOL_FD,      /* step: the number inside */
	GAOL_TTY,     /* the terminal's foreground group */
	GAOL_CHDIR,
	GAOL_CLOSE_FDS,
	GAOL_EXEC,    /* step: the candidate */
	GAOL_ARENA,   /* the spawn's memory, in the caller */
	GAOL_PIPE,    /* the status pipe, in the caller */
	GAOL_CREDENTIAL, /* another user; step: enum gaol_credential_part */
	GAOL_LISTEN,  /* the socket that the filter's listener goes through */
	GAOL_CGROUP,  /* the program's birth in its cgroup, and the namespace that has this as its root */
	GAOL_CLONE_KEEPER /* the process that keeps a jail */
};

#define GAOL_BIND_RDONLY 1u
#define GAOL_BIND_NOEXEC 2u
#define GAOL_BIND_DEV 4u  /* device nodes work */
#define GAOL_BIND_DIR 8u   /* what it must be, still: a directory, */
#define GAOL_BIND_FILE 16u /* a regular file, */
#define GAOL_BIND_NODE 32u /* a device, */
#define GAOL_BIND_FIFO 64u /* a FIFO, */
#define GAOL_BIND_SOCK 128u /* a socket */
#define GAOL_BIND_ALL 255u
#define GAOL_JAIL_FLAGS 3u /* GAOL_BIND_RDONLY, GAOL_BIND_NOEXEC */
#define GAOL_RULE_MOUNT 1u /* the path must be where something is mounted: what lies below a writable tree can have been moved */
#define GAOL_RULE_SELF 2u  /* the path goes through the link of /proc to the process itself, which is followed */
#define GAOL_RULE_ALL 3u
#define GAOL_CAPS_HELD 1u  /* no user namespace: the caller's own privilege may not reach to lock the securebits. no_new_privs keeps
                              what is dropped from coming back with an exec, even for root (man 7 capabilities) */
#define GAOL_SELF_PID 0x67616f6cu /* past every number of a process (include/linux/threads.h: PID_MAX_LIMIT is 2^22) and of a call */
#define GAOL_SELF_MAX 64u         /* instructions */
/* What this filter kills for, process 1 is told first, where that is as strict: see told_filter. GAOL_SELF_PID stands in it, too, for the
 * number of the process. */
#define GAOL_FILTER_TOLD 1u
#define GAOL_TOLD_MAX 1024u /* instructions */

#define GAOL_CAP_DIR 1u    /* what it must be: a directory, */
#define GAOL_CAP_FILE 2u   /* a regular file, */
#define GAOL_CAP_NODE 4u   /* a device */
#define GAOL_CAP_READ 8u   /* how it is opened, if it is no directory: O_RDONLY, O_WRONLY, O_RDWR; neither: O_PATH */
#define GAOL_CAP_WRITE 16u
#define GAOL_CAP_LOADER 32u /* the run-time linker, which starts what is dynamically linked */
#define GAOL_CAP_ALL 63u
#define GAOL_CAP_TRAP 1u   /* what capability mode denies ends the process with SIGTRAP */
#define GAOL_CAP_FIRST 64u /* programs take low numbers for their own; see gaol_cap_program() */
#define GAOL_CAP_MAX 1024u /* descriptors of one plan */

struct gaol_step {
	uint16_t op;
	uint16_t flags;
	uint32_t a, b;
};

struct gaol_plan {
	uint32_t magic, version;
	uint32_t size;                   /* of the whole plan */
	uint32_t steps;                  /* offset of the first step; aligned to 8 */
	uint32_t first[GAOL_STAGES + 1]; /* the steps of stage s: first[s] to first[s + 1] - 1 */
	uint32_t namespaces;             /* CLONE_NEW* of the template */
	uint32_t fresh;                  /* CLONE_NEW* made anew by each spawn; both 0: the program stays in the caller's namespaces */
	uint32_t reserved;
};

struct gaol_landlock { /* struct landlock_ruleset_attr of ABI 6; size: how much of it the kernel knows */
	uint64_t handled_fs, handled_net, scoped, size;
};

struct gaol_limit {
	uint64_t soft, hard;
};

struct gaol_rights { /* cap_rights_t of FreeBSD, version 0, without its bits of version and index (sys/capsicum.h) */
	uint64_t word[2];
};
#define GAOL_RIGHTS_WORD 0x01ffffffffffffffu /* the bits of a word that are rights */

struct gaol_parameters { /* of a profile: a key, a value, … */
	uint32_t count;      /* even */
	uint32_t strings[];  /* offsets */
};

/* One command. table holds uint32_t offsets of strings: nargv, then nenv, then ncandidates; fds holds int32_t: the caller's
 * descriptor that becomes number i inside. */
struct gaol_command {
	uint32_t magic, size;
	uint32_t nargv, nenv, ncandidates, nfds;
	uint32_t table, fds;
	uint32_t dir; /* str */
	int32_t tty;  /* the number inside of the caller's controlling terminal: its session is kept; -1: a session of its own */
	uint32_t foreground; /* with tty: the program becomes the terminal's foreground job */
	uint32_t credential; /* offset of struct gaol_credential; 0: the program is the caller's user */
	uint32_t nlimits, limits; /* struct gaol_rlimit[], for GAOL_LIMITS */
	uint32_t disk;            /* str: options of GAOL_TMPFS and GAOL_POOL, each with a comma before it; they override the plan's */
	uint32_t processors;      /* with cpu: how many can be busy with the program at once */
	uint64_t cpu; /* nanoseconds of processor time after which the init ends the program; 0: no limit */
	uint32_t umask; /* the program's, and one more; 0: it has the caller's */
	uint32_t place; /* str: an empty directory of this command's own, for GAOL_JAIL_ROOT and what follows; "": it has none */
};

#define GAOL_LIMITS_MAX 16u /* a kernel has that many resources (asm-generic/resource.h) */

struct gaol_rlimit {
	uint32_t resource, reserved;
	uint64_t soft, hard; /* as struct gaol_limit, and struct rlimit64 */
};

/* The program's user: never root, in its ids or its groups. The maps are for the user namespace of a spawn, which then has no template; they must
 * have the ids and groups below, and the caller's ids. In the caller's namespaces they count for nothing. */
struct gaol_credential {
	uint32_t uid, gid;
	uint32_t ngroups, groups;   /* groups: offset of uint32_t */
	uint32_t uid_map, gid_map; /* str */
};

enum gaol_credential_part {
	GAOL_CREDENTIAL_MAPS,
	GAOL_CREDENTIAL_MEMORY, /* what keeps others out of the process */
	GAOL_CREDENTIAL_GROUPS,
	GAOL_CREDENTIAL_GID,
	GAOL_CREDENTIAL_UID,
	GAOL_CREDENTIAL_CAPS
};

/* Where the program's executable is while it is started in capability mode: behind the command's descriptors and the report. Those of GAOL_CAP_OPEN
 * follow, in order. internal/capsicum.Program says the same. */
static inline uint32_t gaol_cap_program(const struct gaol_command *c) { return c->nfds + 1 > GAOL_CAP_FIRST ? c->nfds + 1 : GAOL_CAP_FIRST; }

/* The first thing that went wrong; op is GAOL_NONE when nothing did. */
struct gaol_failure {
	uint32_t op;
	uint32_t step; /* index in the plan, or what op says */
	int32_t error; /* errno */
};

/* What the init writes to the status pipe, in one write: below PIPE_BUF, so never torn. */
enum gaol_status_kind { GAOL_EXITED = 1, GAOL_STOPPED, GAOL_CONTINUED, GAOL_TOLD };
/* Who ended a program that SIGKILL ended, if it was the init: because the caller asked for it, at the command's limit, or for a denied call. */
enum gaol_by { GAOL_BY_OTHERS, GAOL_BY_CALLER, GAOL_BY_CPU, GAOL_BY_FILTER };
struct gaol_status {
	uint32_t kind;
	int32_t wait;   /* as wait4 gives it */
	uint32_t left;  /* processes that were still there when the program ended, and were killed */
	uint32_t by;    /* enum gaol_by */
	int64_t user_us, system_us; /* microseconds */
	int64_t maxrss_kib, minflt, majflt, inblock, oublock, nvcsw, nivcsw;
};

/* What it writes before that, where it is told of what the filter denies; of the same size, so that the caller reads alike. */
enum gaol_told_what {
	GAOL_TOLD_CALL = 1, /* the call for which everything is killed: nr, arch, args, as the filter saw them (struct seccomp_data) */
	GAOL_TOLD_GONE,     /* there was one, and whoever made it had ended before it was asked for */
	GAOL_TOLD_NONE      /* the program ended by SIGSYS, and no call was denied: it sent that itself */
};
struct gaol_told {
	uint32_t kind; /* GAOL_TOLD */
	int32_t nr;
	uint32_t arch, what;
	uint64_t args[6];
	uint64_t reserved[(sizeof(struct gaol_status) - 64) / 8];
};
_Static_assert(sizeof(struct gaol_told) == sizeof(struct gaol_status), "the caller reads records of one size");

/* gaol_plan_check returns 0 when every step of the plan can be executed without reading outside of it, else a text that
 * says what is wrong. bytes must be aligned to 8. */
const char *gaol_plan_check(const void *bytes, size_t size);
const char *gaol_command_check(const void *bytes, size_t size);

#endif
