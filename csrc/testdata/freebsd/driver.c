/* driver.c: the spawn of FreeBSD with the calls of calls.c in place of the system's.
 * Usage: driver reaper PID | driver PLAN COMMAND [leave N | abandon | orphan | sweep]: leave so many descriptors open that no child may have; end behind the spawn, as a
 * caller that is killed; kill the keeper before its end is due. With GAOL_PLACE the driver is root in namespaces of its own. */
#define GAOL_TEST_CALLS
#include "freebsd.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../jail_freebsd.h"
#include "../../step_freebsd.h"

static void *whole(const char *path, size_t *size) {
	static uint64_t room[2][1 << 15];
	static int used;
	FILE *f = fopen(path, "r");
	if (f == NULL) { perror(path); exit(2); }
	*size = fread(room[used], 1, sizeof room[0], f);
	fclose(f);
	return room[used++];
}

static void put(const char *path, const char *text) {
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) { perror(path); exit(77); }
	close(fd);
}

static void own_namespaces(void) {
	char map[64];
	unsigned uid = getuid(), gid = getgid();
	if (unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) < 0) exit(77);
	if (uid != 0) {
		put("/proc/self/setgroups", "deny");
		snprintf(map, sizeof map, "0 %u 1", uid), put("/proc/self/uid_map", map);
		snprintf(map, sizeof map, "0 %u 1", gid), put("/proc/self/gid_map", map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) exit(77);
}

static int open_now(void) {
	int n = 0;
	for (int fd = 0; fd < 1024; fd++) n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int reaper(int pid) {
	int pids[4];
	printf("reaper %d", gaol_reaper());
	int n = gaol_reaper_list(pid, pids, 4);
	printf(" list");
	for (int i = 0; i < n; i++) printf(" %d", pids[i]);
	if (n < 0) printf(" %d", n);
	printf(" killed %d try %d\n", gaol_reaper_kill(pid), gaol_capsicum_try());
	return 0;
}

int main(int argc, char **argv) {
	size_t size;
	if (argc == 3 && strcmp(argv[1], "reaper") == 0) return reaper(atoi(argv[2]));
	const char *how = argc > 3 ? argv[3] : "", *place = getenv("GAOL_PLACE");
	void *plan = whole(argv[1], &size);
	const char *bad = gaol_plan_check(plan, size);
	if (bad != NULL) return printf("plan: %s\n", bad), 1;
	void *command = whole(argv[2], &size);
	if ((bad = gaol_command_check(command, size)) != NULL) return printf("command: %s\n", bad), 1;
	if (place != NULL) own_namespaces();
	for (int i = strcmp(how, "leave") == 0 ? atoi(argv[4]) : 0; i > 0; i--) (void)open("/dev/null", O_RDONLY);
	void *prepared;
	char *text, said[GAOL_TEXT_MAX];
	if (gaol_platform.prepare(plan, &prepared, &text) != 0) return printf("prepare\n"), 1;
	int before = open_now();
	int pipes[6] = {-1, -1, -1, -1, -1, -1};
	for (int i = 0; i < (place ? 6 : 2); i += 2)
		if (pipe2(pipes + i, O_CLOEXEC) < 0) return 1;
	struct gaol_posix_spawned out;
	struct gaol_failure failure;
	int r = gaol_posix_spawn(plan, prepared, command, pipes, &out, &failure, said);
	gaol_platform.release(prepared);
	if (strcmp(how, "abandon") == 0) {
		printf("%d %d\n", out.pid, out.keeper);
		fflush(stdout);
		_exit(0);
	}
	int status = 0;
	if (r == 0 && strcmp(how, "sweep") == 0) { /* as the next caller does that finds what two that were killed have left */
		int kept = gaol_jail_abandoned(place);
		kill(out.keeper, SIGKILL), waitpid(out.keeper, NULL, 0);
		int left = gaol_jail_abandoned(place), cleared = gaol_jail_clear(place), gone = gaol_jail_abandoned(place);
		waitpid(out.pid, &status, 0);
		printf("abandoned %d %d cleared %d, then %d; again %d; status %d\n", kept, left, cleared, gone, gaol_jail_clear(place), status);
		return 0;
	}
	if (r == 0) {
		(void)gaol_posix_await(out.pid);
		if (out.keeper > 0 && strcmp(how, "orphan") == 0) kill(out.keeper, SIGKILL), usleep(20000);
		if (out.keeper > 0) r = gaol_posix_release(out.keeper, out.hold, place);
		waitpid(out.pid, &status, 0);
		printf("status %d release %d", status, r);
		if (out.pd >= 0) close(out.pd);
	} else printf("failed op %u step %u errno %d %s", failure.op, failure.step, failure.error, said);
	int left = waitpid(-1, NULL, WNOHANG);
	printf(" left %d open %d\n", left, open_now() - before);
	return 0;
}
