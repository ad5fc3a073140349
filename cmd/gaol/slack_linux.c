/* slack_linux.c: what the threads of this process may be late by. The Go runtime has one that looks after the others each 20 us, and that the kernel
 * wakes on the processor of the one which does the work: a tenth of the time that `gaol run` takes. What it looks for takes milliseconds. */
#include <sys/prctl.h>

unsigned long gaol_timer_slack; /* the program's, as it was here; csrc/spawn.c gives it back to the thread that makes the children */

__attribute__((constructor)) static void be_late(void) {
	const int now = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	gaol_timer_slack = now > 0 ? (unsigned long)now : 50000; /* the kernel's own */
	prctl(PR_SET_TIMERSLACK, 4000000UL, 0, 0, 0);
}
