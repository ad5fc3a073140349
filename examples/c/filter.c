/* A filter for data from strangers: what it reads on its standard input goes through gzip in a sandbox that has no file of the user, no network
 * and no second process, and is killed after 10 seconds. */
#include <gaol.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
	static char input[1 << 20];
	const char *argv[] = {"gzip", "-dc", NULL};
	gaol_error *error = NULL;
	gaol_output output = GAOL_OUTPUT_INIT;
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	options.input = input, options.input_size = fread(input, 1, sizeof input, stdin);
	options.timeout_ns = 10000000000;

	gaol_profile *profile = gaol_profile_new();
	gaol_profile_allow(profile, GAOL_SYSTEM);
	gaol_sandbox *sandbox = gaol_sandbox_new(profile, &error);
	gaol_cmd *cmd = sandbox ? gaol_cmd_new(sandbox, argv) : NULL;
	if (cmd && gaol_cmd_capture(cmd, &options, &output, &error) == 0) {
		fwrite(output.out, 1, output.out_size, stdout);
		fwrite(output.err, 1, output.err_size, stderr);
	}
	if (error) fprintf(stderr, "%s\n", gaol_error_message(error));
	int result = error || output.status != 0;
	gaol_free(output.out), gaol_free(output.err);
	gaol_error_free(error), gaol_cmd_free(cmd), gaol_sandbox_free(sandbox), gaol_profile_free(profile);
	return result;
}
