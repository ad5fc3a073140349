/* calls.c: the calls of the preload library that cat, ls, bash and python3 do not make, or not all ways of them. Every line says what came of one: what the
 * test expects stands in preload_test.go. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void say(const char *what, long r) {
	if (r < 0) printf("%s: %s\n", what, strerrorname_np(errno));
	else printf("%s: ok\n", what);
	fflush(stdout);
}
static void text(const char *what, int fd) {
	char b[64] = "";
	if (fd < 0) return say(what, -1);
	ssize_t n = read(fd, b, sizeof b - 1);
	b[n < 0 ? 0 : n] = 0;
	printf("%s: %s\n", what, b);
	fflush(stdout);
	close(fd);
}
static void stream(const char *path, const char *mode) {
	char what[128];
	FILE *f = fopen(path, mode);
	snprintf(what, sizeof what, "fopen %s %s", path, mode);
	say(what, f ? 0 : -1);
	if (f) fclose(f);
}
static void canonical(const char *path) {
	char *r = realpath(path, NULL);
	if (r) printf("realpath %s: %s\n", path, r);
	else say("realpath", -1);
	free(r);
}
static void spawned(const char *what, int search, const char *path, posix_spawn_file_actions_t *actions, char *const argv[]) {
	pid_t pid;
	int status = 0;
	errno = search ? posix_spawnp(&pid, path, actions, NULL, argv, environ) : posix_spawn(&pid, path, actions, NULL, argv, environ);
	if (errno) return say(what, -1);
	waitpid(pid, &status, 0);
	printf("%s: status %d\n", what, status);
	fflush(stdout);
}
#define ARGS(...) (char *const[]){__VA_ARGS__, NULL}

int main(int argc, char **argv) {
	struct stat st;
	char room[PATH_MAX], small[4], path[64];
	int data = open("/data", O_RDONLY | O_DIRECTORY);
	(void)argc;
	/* openat: relative, absolute whatever the descriptor, out of it, across */
	text("openat a", openat(data, "a", O_RDONLY));
	text("openat absolute", openat(data, "/more/m", O_RDONLY));
	text("openat absolute, no descriptor", openat(-1, "/more/m", O_RDONLY));
	text("openat absolute outside", openat(data, "/etc/hostname", O_RDONLY));
	text("openat up and across", openat(data, "../more/m", O_RDONLY));
	text("openat up and out", openat(data, "../secret/s", O_RDONLY));
	text("openat a link out", openat(data, "out", O_RDONLY));
	text("openat no descriptor", openat(-1, "a", O_RDONLY));
	text("open nofollow", open("/data/absolute", O_RDONLY | O_NOFOLLOW));
	text("open a directory to write", open("/data/sub", O_WRONLY));
	stream("/data/a", "r"), stream("/data/made", "wx"), stream("/data/made", "wx"), stream("/data/made", "a+"), stream("/data/made", "r+"), stream("/etc/hostname", "r");
	stream("/data/../secret/s", "w"), stream("/data/a", "q"), stream("/data/out", "a"), stream("/data/../evil", "w");
	/* what is there */
	say("stat", stat("/data/a", &st)), say("stat a link out", stat("/data/out", &st)), say("stat outside", stat("/etc", &st));
	say("lstat a link out", lstat("/data/out", &st)), printf("is a link: %d\n", S_ISLNK(st.st_mode));
	say("fstatat below", fstatat(data, "sub/b", &st, 0)), say("fstatat up", fstatat(data, "../secret", &st, 0)), say("fstatat absolute", fstatat(data, "/secret", &st, AT_SYMLINK_NOFOLLOW));
	say("stat above", stat("/", &st)), printf("is a directory: %d\n", S_ISDIR(st.st_mode));
	say("access", access("/data/a", R_OK)), say("access outside", access("/etc/passwd", F_OK)), say("readlink", readlink("/data/out", room, sizeof room)), say("readlink a file", readlink("/data/a", room, sizeof room));
	canonical("/data/other"), canonical("/data/tosub/../a"), canonical("/data/sub/./b"), canonical("/data/out"), canonical("/data/loop"), canonical("/data/none"), canonical("/data/..");
	memset(room, 'x', sizeof room), memcpy(room, "/data/", 6), room[6 + 256] = 0;
	say("an element that is too long", stat(room, &st)), memset(room + 6, 'y', sizeof room - 6), room[sizeof room - 1] = 0;
	for (size_t i = 6; i < sizeof room - 1; i += 3) room[i] = '/';
	say("a path that is too long", open(room, O_RDONLY)), say("and more", chdir(room)), say("nothing", open("", O_RDONLY));
	/* the working directory */
	say("chdir", chdir("/data/tosub")), say("getcwd", getcwd(room, sizeof room) ? 0 : -1), puts(room), say("getcwd small", getcwd(small, sizeof small) ? 0 : -1);
	text("by it", open("b", O_RDONLY)), text("up", open("../a", O_RDONLY)), text("up and out", open("../../secret/s", O_RDONLY));
	say("chdir out", chdir("../../secret")), say("chdir a link out", chdir("/data/out")), say("chdir a file", chdir("/data/a")), say("chdir across", chdir("../../more")), say("getcwd", getcwd(room, sizeof room) ? 0 : -1), puts(room);
	say("fchdir", fchdir(data)), text("by that", open("a", O_RDONLY));
	/* moves */
	say("rename across", rename("/data/made", "/more/made")), say("link across", link("/more/made", "/data/made2")), say("rename out", rename("/more/made", "/data/../evil"));
	say("rename outside in", rename("/secret/s", "/data/s")), say("rename by a link out", rename("/data/made2", "/data/out/../evil")), say("link outside in", link("/data/../secret/s", "/more/s"));
	say("renameat", renameat(data, "made2", data, "sub/made3")), say("renameat out", renameat(data, "sub/made3", data, "../evil")), say("linkat a link", linkat(AT_FDCWD, "/data/out", AT_FDCWD, "/data/out2", 0));
	say("rename to a name of the table", rename("/data/sub/made3", "/one"));
	strcpy(path, "/data/tXXXXXX");
	int temporary = mkstemp(path);
	say("mkstemp", temporary), say("its name", unlink(path)), strcpy(path, "/tmp/tXXXXXX"), say("mkstemp outside", mkstemp(path)), strcpy(path, "/data/t"), say("mkstemp of none", mkstemp(path));
	strcpy(path, "/more/dXXXXXX"), say("mkdtemp", mkdtemp(path) ? 0 : -1), say("its name", rmdir(path)), strcpy(path, "/data/../dXXXXXX"), say("mkdtemp outside", mkdtemp(path) ? 0 : -1);
	/* programs */
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/data/a", O_RDONLY, 0), posix_spawn_file_actions_addopen(&actions, 7, "/more/spawned", O_CREAT | O_WRONLY, 0644);
	posix_spawn_file_actions_adddup2(&actions, 7, 1), posix_spawn_file_actions_addclose(&actions, 7), posix_spawn_file_actions_addchdir_np(&actions, "/data/sub");
	spawned("posix_spawn", 0, "/usr/bin/cat", &actions, ARGS("cat", "-", "b"));
	text("what it wrote", open("/more/spawned", O_RDONLY));
	posix_spawn_file_actions_addopen(&actions, 5, "/data/../secret/s", O_RDONLY, 0);
	spawned("posix_spawn with a file outside", 0, "/usr/bin/cat", &actions, ARGS("cat"));
	posix_spawn_file_actions_destroy(&actions);
	spawned("posix_spawn outside", 0, "/sbin/none", NULL, ARGS("none")), spawned("posix_spawn of none", 0, "/data/none", NULL, ARGS("none")), spawned("posix_spawnp", 1, "true", NULL, ARGS("true"));
	spawned("posix_spawn of no program", 0, "/data/a", NULL, ARGS("a")), spawned("posix_spawn a script", 0, "/data/script", NULL, ARGS("script", "one", "two"));
	printf("system: %d\n", system("cat /data/a && cd /data/sub && test $(cat b) = beta && ! cat /secret/s 2>/dev/null")), fflush(stdout);
	FILE *f = popen("cat /data/a; cat /etc/hostname 2>/dev/null", "r");
	room[f ? fread(room, 1, 64, f) : 0] = 0;
	printf("popen: %.5s %d\n", room, f ? pclose(f) : -1);
	f = popen("cat >/more/piped", "w");
	if (f) fputs("piped", f), printf("popen w: %d\n", pclose(f));
	fflush(stdout), text("what it wrote", open("/more/piped", O_RDONLY));
	/* libraries */
	say("dlopen", dlopen("/data/lib.so", RTLD_NOW) ? 0 : -1);
	printf("dlopen of none: %s\n", dlopen(argv[1], RTLD_NOW) ? "loaded" : "not loaded");
	printf("dlopen through a link out: %s\n", dlopen("/data/out", RTLD_NOW) ? "loaded" : "not loaded");
	return 0;
}
