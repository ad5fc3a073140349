/* spawn_posix.h: the core on systems without namespaces, as the Go package calls it, and what each of them brings: struct gaol_platform.
 * Nothing in here knows a mechanism; step_darwin.c and step_freebsd.c do. */
#ifndef GAOL_SPAWN_POSIX_H
#define GAOL_SPAWN_POSIX_H

#include <stddef.h>
#include <sys/types.h>

#include "plan.h"

/* What the child keeps from one step to another. */
struct gaol_posix_state {
	const struct gaol_command *command;
	void *prepared;   /* by gaol_platform.prepare; NULL: nothing was */
	const char *text; /* the system's own words for a step that has failed, for gaol_posix_spawn to hand on; NULL: it has none */
};

/* One system. The members that run in the child are called between fork and exec: async-signal-safe calls only. */
struct gaol_platform {
	/* In the caller, once for a checked plan: what can be made ready for its steps, which release takes back. Returns 0, or an errno and in
	 * *text the system's words for it, or NULL; the caller frees them. */
	int (*prepare)(const struct gaol_plan *plan, void **prepared, char **text);
	void (*release)(void *prepared);
	/* fork, or one that gives a descriptor of the process, too, in *pd. A keeper lives on when that is closed. */
	pid_t (*fork)(int *pd, int keeper);
	/* In the child: close every descriptor from this number on; do one step that is none of all systems; execute (returns only on failure).
	 * Each returns 0 or -errno. */
	int (*close_from)(int from);
	int (*step)(struct gaol_posix_state *state, const struct gaol_plan *plan, const struct gaol_step *step);
	int (*exec)(struct gaol_posix_state *state, const char *candidate, char *const argv[], char *const envp[]);
	/* Takes away all that steps of the stage init have made for this command, and ends whatever still is in there: 0 or -errno. Anybody may call it
	 * who has the caller's privilege, more than once. NULL: the system has no such steps. */
	int (*clear)(const char *place);
};
extern const struct gaol_platform gaol_platform;

#define GAOL_TEXT_MAX 4096 /* of the system's words, with the end */

struct gaol_posix_spawned {
	int pid; /* the program: a child of the caller, in a session and a process group of its own, which have the same number */
	int pd;  /* a descriptor of it that the caller closes; -1: the system has none */
	/* Of a plan with steps of the stage init: the process that did them, and a pipe whose end tells it to take away what they made. It does so
	 * when the caller dies, too. gaol_posix_release gives both back. -1: there is none. */
	int keeper, hold;
};

/* gaol_posix_spawn starts a checked command. prepared is what gaol_platform.prepare made of the plan. pipes are three of them, all ends CLOEXEC, which
 * the caller has made under whatever lock keeps its other forks away from them: the program's report, the keeper's, and the one that holds the
 * keeper; the last two are -1 for a plan without steps of the stage init. All ends are closed in any case, but for out->hold. Returns 0 once the
 * program has been executed, or -1 with *failure set, text (of GAOL_TEXT_MAX bytes) filled, and nothing left behind. Safe in many threads at once. */
int gaol_posix_spawn(const void *plan, void *prepared, const void *command, const int pipes[6],
	struct gaol_posix_spawned *out, struct gaol_failure *failure, char *text);

/* gaol_posix_release has the keeper take everything away, and waits for that; if the keeper is not there any more, it does so itself. place is
 * that of the command. 0, or -errno of what could not be taken away. */
int gaol_posix_release(int keeper, int hold, const char *place);

/* gaol_posix_await returns 0 when the program has ended, which it does not take in: until the caller waits for it, its number and its
 * group's stay its own. -errno on failure. */
int gaol_posix_await(int pid);

#endif
