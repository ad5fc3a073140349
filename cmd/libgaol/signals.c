/* signals.c: see signals.h. In a library the Go runtime takes SIGSEGV, SIGBUS, SIGFPE, SIGPIPE and SIGURG (runtime/signal_unix.go,
 * sigInstallGoHandler), and hands what does not concern it to the handler that it found. Where it found none, a fault in the host's own code
 * would end in Go's stack traces on stderr and an exit, not in the signal; so there is to be one. SIGPIPE it would ignore from then on; since
 * nothing here writes so that it comes (quiet.c), the host gets back what it had. SIGURG it hands to nobody; so that is done here. It must never
 * touch what the host has set since. */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"

static struct sigaction pipe_before, urgent_before, of_go;

/* On return the instruction faults once more, and the kernel does what it does by default. */
static void die(int number, siginfo_t *info, void *context) {
	(void)info, (void)context;
	struct sigaction none;
	memset(&none, 0, sizeof none);
	none.sa_handler = SIG_DFL;
	sigaction(number, &none, 0);
}

/* before the Go runtime's, which has no priority */
__attribute__((constructor(101))) static void before_go(void) {
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE};
	for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct sigaction a;
		if (sigaction(faults[i], 0, &a) < 0 || a.sa_handler != SIG_DFL) continue;
		memset(&a, 0, sizeof a);
		a.sa_sigaction = die, a.sa_flags = SA_SIGINFO | SA_ONSTACK;
		sigaction(faults[i], &a, 0);
	}
	sigaction(SIGPIPE, 0, &pipe_before);
	sigaction(SIGURG, 0, &urgent_before);
}

/* Go stops its own threads by SIGURG, which it sends with tgkill(2): those are not the host's. Its handler takes all as if they were. */
static void urgent(int number, siginfo_t *info, void *context) {
	int own = info->si_code == SI_TKILL && info->si_pid == getpid();
	of_go.sa_sigaction(number, info, context);
	if (own) return;
	if (urgent_before.sa_flags & SA_SIGINFO) urgent_before.sa_sigaction(number, info, context);
	else urgent_before.sa_handler(number);
}

static int has_handler(const struct sigaction *a) {
	return (a->sa_flags & SA_SIGINFO) || (a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN);
}

void libgaol_signals_back(void) {
	struct sigaction now;
	/* Go's handler is one for all of them: that tells that nobody has set another since */
	if (sigaction(SIGURG, 0, &of_go) < 0 || sigaction(SIGPIPE, 0, &now) < 0 || now.sa_sigaction != of_go.sa_sigaction) return;
	sigaction(SIGPIPE, &pipe_before, 0);
	if (has_handler(&urgent_before)) {
		now = of_go;
		now.sa_sigaction = urgent;
		sigaction(SIGURG, &now, 0);
	}
}
