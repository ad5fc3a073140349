/* spawn.h: the C core as the Go package calls it. */
#ifndef GAOL_SPAWN_H
#define GAOL_SPAWN_H

#include "child.h"
#include "nofile.h"

/* gaol_build runs the build stage of a checked plan and fills ns with the descriptors of the template's namespaces, -1 where it
 * keeps none; of a plan for the caller's namespaces, *kept is the ruleset, or -1. The caller closes all of them. Returns 0, or -1 with
 * *failure set. */
int gaol_build(const void *plan, int ns[GAOL_NS_COUNT], int *kept, struct gaol_failure *failure);

struct gaol_prepared;

struct gaol_spawned {
	int pid;    /* process 1 of the sandbox, as the caller sees it. Its exit sends SIGCHLD, as that of any process that has execed */
	int pidfd;  /* of the same; the caller closes it */
	int status; /* where the init writes struct gaol_status; the caller closes it */
	int program; /* the program, as process 1 sees it: without a pid namespace of its own, so does the caller */
};

/* gaol_spawn starts one command in a template. With ns NULL there is none: the plan has the steps of all stages, and the
 * spawn takes the build stage along, which is cheaper than a template for one command and dearer for two. kept: the ruleset of the
 * template, -1: none; init: what gaol_init_image returned; caller: a pidfd of this process; cgroup: the directory of the cgroup of version 2 that
 * the program is born in, -1: the caller's; what was prepared ahead must then have been without CLONE_NEWCGROUP.
 * Returns 0 once the program has been executed, or -1 with *failure set and nothing left behind. Safe in many threads at once. */
int gaol_spawn(const void *plan, const int ns[GAOL_NS_COUNT], int kept, const void *command, int init, int caller, int cgroup,
	struct gaol_prepared *ahead, struct gaol_spawned *out, struct gaol_failure *failure);

/* gaol_prepare makes the process 1 of a spawn without a template, ahead of its plan, which must have these namespaces. It is for a program
 * that starts one command and can work out what to do meanwhile. What it returns is for one gaol_spawn, which takes it whatever comes of
 * it, or for gaol_unprepare, which accepts NULL. It returns NULL on failure. */
struct gaol_prepared *gaol_prepare(uint32_t namespaces, uint32_t fresh, int caller, struct gaol_failure *failure);
void gaol_unprepare(struct gaol_prepared *prepared);

#endif
