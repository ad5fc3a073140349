/* Prints what this host can enforce, and how far it can a profile file. Usage: host [PROFILE.toml] */
#include <gaol.h>
#include <stdio.h>

int main(int argc, char **argv) {
	static const char *const levels[] = {"never", "not precisely", "yes", "always"};
	gaol_error *error = NULL;
	gaol_check check = GAOL_CHECK_INIT;
	gaol_profile *profile = NULL;
	gaol_host *host = gaol_host_probe(&error);
	if (host) {
		printf("%s\n", gaol_host_system(host));
		for (size_t i = 0; gaol_host_check(host, i, &check) == 0; i++)
			printf("  %-3s  %s: %s\n", check.ok ? "ok" : "no", check.mechanism, check.detail);
		if (argc > 1) profile = gaol_profile_load(argv[1], &error);
	}
	char *operation;
	for (size_t i = 0; profile && (operation = gaol_profile_operation(profile, i)); i++) {
		char *mechanism = NULL;
		int level = gaol_host_support(host, profile, i, GAOL_ENGINE_ANY, &mechanism);
		printf("%s: %s (%s)\n", operation, level < 0 ? "?" : levels[level], mechanism ? mechanism : "");
		gaol_free(operation), gaol_free(mechanism);
	}
	if (error) fprintf(stderr, "%s\n", gaol_error_message(error));
	int result = error != NULL;
	gaol_error_free(error), gaol_host_free(host), gaol_profile_free(profile);
	return result;
}
