/* check_driver.c: feeds the checks of plan.c what comes on standard input, each record in memory of exactly its size, so that
 * AddressSanitizer sees a read of one byte too many. A record is a kind (0: plan, 1: command), a size and the bytes. What a check
 * accepts is then read as the child reads it. Prints how many records were accepted and refused. */
#include <stdio.h>
#include <stdlib.h>

#include "use.h"

int main(void) {
	uint32_t head[2];
	unsigned long accepted = 0, refused = 0;
	while (fread(head, sizeof head, 1, stdin) == 1) {
		char *bytes = malloc(head[1]);
		if (bytes == NULL || (head[1] != 0 && fread(bytes, head[1], 1, stdin) != 1)) return 2;
		const char *text = head[0] == 0 ? gaol_plan_check(bytes, head[1]) : gaol_command_check(bytes, head[1]);
		if (text != NULL) {
			refused++;
			sink += strlen(text);
		} else {
			accepted++;
			if (head[0] == 0) use_plan(bytes);
			else use_command(bytes);
		}
		free(bytes);
	}
	printf("%lu %lu\n", accepted, refused);
	return 0;
}
