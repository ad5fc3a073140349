/* catch.c: signals as bytes of a pipe. os/signal switches threads twice for each signal it is asked for, which for ten takes as long as a
 * twentieth of all that `gaol run` does. The handler must call nothing that is not async-signal-safe (man 7 signal-safety), and run on
 * whatever stack the Go runtime has for it. */
#include "catch.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t to;

static void caught(int sig) {
	const int saved = errno;
	const unsigned char number = (unsigned char)sig;
	const ssize_t written = write(to, &number, 1); /* a pipe that is full holds thousands that nobody has looked at */
	(void)written;
	errno = saved;
}

void gaol_catch(int fd, const int *signals, int n) {
	to = fd;
	for (int i = 0; i < n; i++) {
		struct sigaction now, act = {.sa_handler = caught, .sa_flags = SA_ONSTACK | SA_RESTART};
		sigfillset(&act.sa_mask);
		if (sigaction(signals[i], NULL, &now) == 0 && ((now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_IGN))
			sigaction(signals[i], &act, NULL);
	}
}

void gaol_default(int sig) { signal(sig, SIG_DFL); }
