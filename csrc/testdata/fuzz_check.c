/* fuzz_check.c: libFuzzer's target for the checks of plan.c. The first byte says whether the rest is a plan or a command; it lies in memory of
 * exactly its size, and what is accepted is read as the child reads it. */
#include <stdlib.h>

#include "use.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
	if (size == 0) return 0;
	char *bytes = malloc(size - 1);
	if (bytes == NULL) abort();
	memcpy(bytes, data + 1, size - 1);
	if (data[0] & 1) {
		if (gaol_command_check(bytes, size - 1) == NULL) use_command(bytes);
	} else {
		if (gaol_plan_check(bytes, size - 1) == NULL) use_plan(bytes);
	}
	free(bytes);
	return 0;
}
