/* quiet.c: see quiet.h. What SIGPIPE does is the host's to say (signals.c): by default it would end
 * by one. It must leave the thread's mask, and a signal
 * that was pending before, as they were. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "quiet.h"

ssize_t quiet_write(int fd, const void *bytes, size_t size) {
	sigset_t pipe, before, pending;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	ssize_t n = write(fd, bytes, size);
	int error = errno;
	if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE)) {
#ifdef __APPLE__ /* has no sigtimedwait; the signal is this thread's, and there by now, or nobody wanted one */
		int number;
		if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE)) sigwait(&pipe, &number);
#else
		struct timespec none = {0, 0};
		while (sigtimedwait(&pipe, 0, &none) < 0 && errno == EINTR) {}
#endif
	}
	pthread_sigmask(SIG_SETMASK, &before, 0);
	return n < 0 ? -error : n;
}
