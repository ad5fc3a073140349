/* spawn_driver.c: builds the plan in one file and runs the command in another in it, as the Go package does, again and again. Both are in memory of
 * exactly their size. A failure is printed as its step and errno; else how the program ended. Usage: spawn_driver PLAN COMMAND */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"
#include "spawn.h"

static char *file(const char *name, size_t *size) {
	FILE *f = fopen(name, "r");
	if (!f) exit(2);
	fseek(f, 0, SEEK_END), *size = (size_t)ftell(f), rewind(f);
	char *bytes = malloc(*size);
	if (fread(bytes, 1, *size, f) != *size) exit(2);
	fclose(f);
	return bytes;
}

int main(int argc, char **argv) {
	if (argc != 3) return 2;
	size_t plan_size, command_size;
	char *plan = file(argv[1], &plan_size), *command = file(argv[2], &command_size);
	const char *wrong = gaol_plan_check(plan, plan_size);
	if (!wrong) wrong = gaol_command_check(command, command_size);
	if (wrong) return printf("refused: %s\n", wrong), 0;
	struct gaol_failure failure;
	struct gaol_spawned out;
	struct gaol_status status;
	int ns[GAOL_NS_COUNT], kept, init = gaol_init_image(), caller = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (init < 0 || caller < 0) return 3;
	for (int i = 0; i < 3; i++) {
		if (gaol_build(plan, ns, &kept, &failure) < 0) return printf("build: %d %d\n", failure.op, failure.error), 0;
		if (gaol_spawn(plan, ns, kept, command, init, caller, -1, NULL, &out, &failure) < 0) {
			printf("spawn: %d %d\n", failure.op, failure.error);
		} else {
			if (read(out.status, &status, sizeof status) != sizeof status) return 4;
			printf("ended: %d\n", status.wait);
			if (waitid(P_PIDFD, (id_t)out.pidfd, &(siginfo_t){0}, WEXITED | __WALL) < 0) return 5;
			close(out.pidfd), close(out.status);
		}
		for (int n = 0; n < GAOL_NS_COUNT; n++)
			if (ns[n] >= 0) close(ns[n]);
		if (kept >= 0) close(kept);
	}
	close(init), close(caller), free(plan), free(command);
	return 0;
}
