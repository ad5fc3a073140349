/* step_driver.c: runs the DIR and SKELETON steps of one plan, read from standard input into memory of exactly its size, without a root: they
 * fail with EBADF, and AddressSanitizer sees what the step read of the plan. Refused plans are not run. */
#include <stdio.h>
#include <stdlib.h>

#include "child.h"

int main(void) {
	static char in[1 << 16];
	size_t size = fread(in, 1, sizeof in, stdin);
	char *bytes = malloc(size);
	if (bytes == NULL) return 2;
	for (size_t i = 0; i < size; i++) bytes[i] = in[i];
	const char *text = gaol_plan_check(bytes, size);
	if (text != NULL) {
		printf("refused: %s\n", text);
		free(bytes);
		return 0;
	}
	struct gaol_step_state state;
	state.root = -1;
	const struct gaol_plan *p = (const void *)bytes;
	const struct gaol_step *step = (const void *)(bytes + p->steps);
	for (uint32_t i = 0; i < p->first[GAOL_STAGES]; i++)
		if (step[i].op == GAOL_DIR || step[i].op == GAOL_SKELETON) printf("%d\n", gaol_step(&state, p, &step[i]));
	free(bytes);
	return 0;
}
