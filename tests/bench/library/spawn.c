/* spawn.c: for each line on standard input runs the program once through libgaol.so, and prints how long that took, in nanoseconds. The first line
 * that it prints is how long it took to load the library and have Go run in it. Usage: spawn libgaol.so PROGRAM READ WRITE */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#include <gaol.h>

static long long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

#define GET(name) __typeof__(name) *do_##name = (__typeof__(name) *)dlsym(so, #name)

int main(int argc, char **argv) {
	if (argc != 5) return 2;
	long long start = now();
	void *so = dlopen(argv[1], RTLD_NOW);
	if (!so) return fprintf(stderr, "%s\n", dlerror()), 1;
	GET(gaol_profile_new); GET(gaol_profile_allow); GET(gaol_profile_allow_path); GET(gaol_sandbox_new); GET(gaol_error_message);
	GET(gaol_cmd_new); GET(gaol_cmd_set_dir); GET(gaol_cmd_run); GET(gaol_cmd_free);
	gaol_profile *p = do_gaol_profile_new(); /* waits until Go runs */
	printf("%lld\n", now() - start), fflush(stdout);
	do_gaol_profile_allow(p, GAOL_SYSTEM);
	do_gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, argv[3]);
	do_gaol_profile_allow_path(p, GAOL_FILE_WRITE, GAOL_SUBPATH, argv[4]), do_gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, argv[4]);
	do_gaol_profile_allow_path(p, GAOL_PRIVATE, GAOL_SUBPATH, "/tmp");
	gaol_error *error;
	gaol_sandbox *s = do_gaol_sandbox_new(p, &error);
	if (!s) return fprintf(stderr, "%s\n", do_gaol_error_message(error)), 1;
	const char *args[] = {argv[2], NULL};
	while (getchar() != EOF) {
		start = now();
		gaol_cmd *c = do_gaol_cmd_new(s, args);
		do_gaol_cmd_set_dir(c, "/");
		int status;
		if (do_gaol_cmd_run(c, &status, &error) < 0 || status) return fprintf(stderr, "%s\n", do_gaol_error_message(error)), 1;
		do_gaol_cmd_free(c);
		printf("%lld\n", now() - start), fflush(stdout);
	}
	return 0;
}
