/* box.h: what the sandboxes of the C and C++ tests begin with, so that they work with and without user namespaces. */
#ifndef BOX_H
#define BOX_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gaol.h>

/* landlock_alone says whether the sandboxes are the landlock engine's: this host has no other, or GAOL_TEST_ENGINE=landlock asks for it. */
static inline int landlock_alone(void) {
	const char *forced = getenv("GAOL_TEST_ENGINE");
	if (forced) return !strcmp(forced, "landlock");
	gaol_host *host = gaol_host_probe(NULL);
	int engine = gaol_host_engine(host, 0);
	gaol_host_free(host);
	return engine == GAOL_ENGINE_LANDLOCK;
}

/* begin allows System(). The landlock engine hides no metadata, and has no /proc/self for the processes that a program makes. */
static inline void begin(gaol_profile *profile) {
	int alone = landlock_alone();
	gaol_profile_allow(profile, GAOL_SYSTEM | (alone ? GAOL_BEST_EFFORT : 0u));
	gaol_profile_set_dir(profile, "/");
	if (!alone) return;
	gaol_profile_set_engine(profile, GAOL_ENGINE_LANDLOCK);
	gaol_profile_allow_path(profile, GAOL_FILE_READ_METADATA, GAOL_SUBPATH, "/");
}

/* needed ends the tests, as skipped and with the reason, where no engine can do what all of them need. */
static inline void needed(const gaol_error *error) {
	if (gaol_error_code(error) != GAOL_ERROR_UNSUPPORTED) return;
	printf("skipped: %s\n", gaol_error_message(error));
	fflush(stdout);
	_Exit(77);
}

#endif
