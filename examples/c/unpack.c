/* Unpacks an archive from a stranger: tar may read it and write into the directory, nothing else, and is ended after 10 seconds. */
#include <gaol.h>
#include <stdio.h>

int main(int argc, char **argv) {
	if (argc != 3) return fprintf(stderr, "usage: unpack ARCHIVE DIRECTORY, both absolute\n"), 2;
	const char *archive = argv[1], *directory = argv[2];
	const char *const tar[] = {"tar", "-xf", archive, "-C", directory, "--no-same-owner", NULL};
	gaol_limits limits = GAOL_LIMITS_INIT;
	limits.wall_ns = 10 * INT64_C(1000000000);
	gaol_error *error = NULL;
	int status = 0;

	gaol_profile *profile = gaol_profile_new();
	gaol_profile_allow(profile, GAOL_SYSTEM);
	gaol_profile_allow(profile, GAOL_PROCESS_CREATE); /* tar starts gzip */
	gaol_profile_allow_path(profile, GAOL_FILE_READ, GAOL_LITERAL, archive);
	gaol_profile_allow_path(profile, GAOL_FILE_READ, GAOL_SUBPATH, directory);
	gaol_profile_allow_path(profile, GAOL_FILE_WRITE, GAOL_SUBPATH, directory);
	gaol_profile_limit(profile, &limits);
	gaol_sandbox *sandbox = gaol_sandbox_new(profile, &error); /* the error is the first fault of all that, or names what this host cannot enforce */
	gaol_cmd *cmd = sandbox ? gaol_cmd_new(sandbox, tar) : NULL;
	if (cmd) {
		gaol_cmd_set_stdio(cmd, 2, GAOL_STDIO_INHERIT, -1);
		gaol_cmd_run(cmd, &status, &error);
	}
	if (error) fprintf(stderr, "%s\n", gaol_error_message(error));
	else if (status != 0) fprintf(stderr, "tar failed\n");
	int result = error || !cmd || status != 0;
	gaol_error_free(error), gaol_cmd_free(cmd), gaol_sandbox_free(sandbox), gaol_profile_free(profile);
	return result;
}
