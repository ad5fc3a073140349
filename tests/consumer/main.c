#include <gaol.h>
#include <stdio.h>
#include <string.h>

int main(void) {
	gaol_profile *profile = gaol_profile_new();
	int r = gaol_profile_allow(profile, GAOL_SYSTEM);
	gaol_profile_free(profile);
	printf("C %s\n", gaol_version());
	return r || strcmp(gaol_version(), GAOL_VERSION);
}
