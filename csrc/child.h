/* child.h: what the caller hands to its children. All of it is memory of the caller that the children share until they exec. */
#ifndef GAOL_CHILD_H
#define GAOL_CHILD_H

#include "plan.h"

/* The namespaces that a template keeps, in the order in which they are joined: user first, for the rights to join the rest. */
enum gaol_ns { GAOL_NS_USER, GAOL_NS_IPC, GAOL_NS_UTS, GAOL_NS_NET, GAOL_NS_MNT, GAOL_NS_COUNT };
extern const struct gaol_ns_kind {
	const char *path;
	int flag; /* CLONE_NEW* */
} gaol_ns_kinds[GAOL_NS_COUNT];

/* What a process keeps from one step to another. */
struct gaol_step_state {
	int root, ruleset, kept, pool;
	int tell; /* where the listener of a filter goes; -1: nowhere */
	int lifted[GAOL_SLOTS];
	const struct gaol_command *command; /* NULL while a template is built */
};

struct gaol_job {
	const struct gaol_plan *plan;
	struct gaol_failure *failure;
	/* build */
	int socket; /* where the builder sends the namespaces */
	char *net_stack;
	int32_t *net_tid; /* cleared by the kernel when the process that makes the net namespace has ended; for the builder alone */
	int proc;         /* the caller's /proc, in the builder's descriptors */
	int net;          /* that namespace, there too */
	/* spawn */
	const int *ns; /* GAOL_NS_COUNT descriptors; -1: not kept by the template. NULL: there is none, and process 1 builds what it would hold */
	const struct gaol_command *command;
	int forked; /* the command has a credential: the program's process has memory of its own, which its exec tells nobody of */
	char **argv, **envp, **candidates;
	int32_t *fds; /* a copy of the command's, for the program's process to move about */
	int init, caller, status;
	int kept; /* the ruleset of the template, in the caller's namespaces; -1: none */
	int cgroup; /* where the program is born; -1: where the caller is */
	int tell, told; /* two ends of a socket, the program's and process 1's, in their own descriptors; -1: none */
	char *init_stack, *program_stack; /* their upper ends */
	int32_t *init_tid, *program_tid;  /* cleared by the kernel when that process execs or ends (CLONE_CHILD_CLEARTID) */
	int32_t program_made;             /* else program_tid is cleared by the process that fails */
	uint32_t umask;                   /* the caller's, found by the helper, whose own copy it may change */
	int init_pid, init_pidfd;         /* set by the helper */
	uint32_t namespaces;              /* of the plan, known before it is */
	int32_t go;                       /* without a template: process 1 waits until this is 1, or leaves at -1 */
	int32_t net_made;                 /* likewise for the process that makes the net namespace, and keeps it until it is killed */
	int net_pid, net_pidfd;           /* of that process; 0 and nothing until there is one; the descriptor is the caller's, too */
	int own;                          /* the plan has namespaces of its own: process 1 is one, and its end ends all of them */
	long process1;                    /* its number as the program sees it */
	int program;                      /* the program's, as process 1 sees it */
};

void gaol_builder(void *job); /* builds the template, sends it, ends */
void gaol_helper(void *job);  /* joins the template, starts process 1, ends */
void gaol_process1(void *job);

#define GAOL_STACK (32u << 10) /* of each process */

/* What each spawn makes anew with process 1. Where the program has a cgroup of its own it makes the cgroup namespace itself. */
static inline uint32_t gaol_fresh(uint32_t fresh, int cgroup) { return cgroup < 0 ? fresh : fresh & ~0x02000000u /* CLONE_NEWCGROUP */; }

/* gaol_send sends up to GAOL_NS_COUNT descriptors, with one byte; 0 or -errno. */
long gaol_send(int socket, const int *fds, size_t n);

/* gaol_step does one step; 0 or -errno. The two that are filters have a file of their own. */
int gaol_step(struct gaol_step_state *state, const struct gaol_plan *plan, const struct gaol_step *step);

long gaol_filter(struct gaol_step_state *state, const struct gaol_plan *plan, const struct gaol_step *step);
long gaol_self_filter(struct gaol_step_state *state, const struct gaol_plan *plan, const struct gaol_step *step);

#endif
