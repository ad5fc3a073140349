/* Runs a program that may read one directory and nothing else. Usage: run DIRECTORY PROGRAM [ARGUMENT...] */
#include <gaol.h>
#include <stdio.h>
#include <sys/wait.h>

int main(int argc, char **argv) {
	if (argc < 3) return 2;
	gaol_error *error = NULL;
	gaol_sandbox *sandbox = NULL;
	gaol_cmd *cmd = NULL;
	int status = 0, result = 125;

	gaol_profile *profile = gaol_profile_new();
	gaol_profile_allow(profile, GAOL_SYSTEM);
	gaol_profile_allow_path(profile, GAOL_FILE_READ, GAOL_SUBPATH, argv[1]);
	if (!(sandbox = gaol_sandbox_new(profile, &error))) goto out;
	if (!(cmd = gaol_cmd_new(sandbox, (const char *const *)argv + 2))) goto out;
	for (int stream = 0; stream < 3; stream++) gaol_cmd_set_stdio(cmd, stream, GAOL_STDIO_INHERIT, -1);
	if (gaol_cmd_run(cmd, &status, &error) < 0) goto out;
	result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
out:
	if (error) fprintf(stderr, "%s\n", gaol_error_message(error));
	gaol_error_free(error);
	gaol_cmd_free(cmd);
	gaol_sandbox_free(sandbox);
	gaol_profile_free(profile);
	return result;
}
