/* signals.c: see signals.h. In a library the Go runtime takes SIGSEGV, SIGBUS, SIGFPE, SIGPIPE and SIGURG (runtime/signal_unix.go,
 * sigInstallGoHandler), and hands faults that do not concern it to the handler that it found; not the signals that somebody sends, and SIGURG
 * to nobody. Where it found no handler, a fault in the host's own code would end in Go's stack traces on stderr and an exit, not in the signal; so
 * there is to be one. SIGPIPE it would ignore from then on; the host gets back what it had, since Go's own threads block it, and what writes
 * in the host's does so with quiet.c. Nothing here may touch what the host has set since. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"

static struct taken {
	int number;
	struct sigaction host, go;
} taken[] = {{.number = SIGSEGV}, {.number = SIGBUS}, {.number = SIGFPE}, {.number = SIGURG}};
enum { TAKEN = sizeof taken / sizeof *taken };

static struct sigaction pipe_before;
static sigset_t mask_before;

static int handles(const struct sigaction *a) {
	return (a->sa_flags & SA_SIGINFO) || (a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN);
}

static void call(const struct sigaction *a, int number, siginfo_t *info, void *context) {
	if (a->sa_flags & SA_SIGINFO) a->sa_sigaction(number, info, context);
	else a->sa_handler(number);
}

/* by kill and the like: man 2 sigaction of Linux; sys/signal.h of the others, where SI_USER is the first of them */
#ifdef __linux__
static int sent(const siginfo_t *info) { return info->si_code <= 0; }
#else
static int sent(const siginfo_t *info) { return info->si_code <= 0 || info->si_code >= SI_USER; }
#endif

/* by a thread to another: macOS has no word for that, and what it sends itself by kill is taken for it */
#if defined SI_TKILL
#define SI_THREAD SI_TKILL
#elif defined SI_LWP
#define SI_THREAD SI_LWP
#else
#define SI_THREAD SI_USER
#endif

/* The default, which ends the process: on return the instruction faults once more, or what was sent comes once more. */
static void die(int number, siginfo_t *info, void *context) {
	struct sigaction none;
	memset(&none, 0, sizeof none);
	none.sa_handler = SIG_DFL;
	sigaction(number, &none, 0);
	if (sent(info)) raise(number);
}

/* Before the Go runtime's, which has no priority. macOS knows priorities within an object alone: the Go runtime may have started by then, and
 * what it took over is then what the host is taken to have had. */
__attribute__((constructor(101))) static void before_go(void) {
	for (int i = 0; i < TAKEN; i++) {
		struct taken *t = &taken[i];
		if (sigaction(t->number, 0, &t->host) < 0 || t->number == SIGURG || t->host.sa_handler != SIG_DFL) continue;
		struct sigaction a;
		memset(&a, 0, sizeof a);
		a.sa_sigaction = die, a.sa_flags = SA_SIGINFO | SA_ONSTACK;
		if (sigaction(t->number, &a, 0) == 0) t->host = a;
	}
	sigaction(SIGPIPE, 0, &pipe_before);
	/* The runtime's first thread gets this thread's mask, and all others that Go makes get that one's (runtime/proc.go, initSigmask). */
	sigset_t pipe;
	sigemptyset(&pipe), sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &mask_before);
}

/* After the runtime's constructor, whose object is the first that the Go linker names. If it were not, Go's threads would not block SIGPIPE, and
 * libgaol_signals_back leaves that to Go then. */
__attribute__((constructor)) static void after_go(void) { pthread_sigmask(SIG_SETMASK, &mask_before, 0); }

static void fault(int number, siginfo_t *info, void *context) {
	const struct taken *t = taken;
	while (t->number != number) t++;
	if (!sent(info)) t->go.sa_sigaction(number, info, context);
	else if (handles(&t->host)) call(&t->host, number, info, context);
}

/* Go stops its own threads by SIGURG, which it sends with tgkill(2): those are not the host's. Go takes all as if they were its own, at no harm. */
static void urgent(int number, siginfo_t *info, void *context) {
	const struct taken *t = &taken[TAKEN - 1];
	int own = info->si_code == SI_THREAD && info->si_pid == getpid();
	t->go.sa_sigaction(number, info, context);
	if (!own) call(&t->host, number, info, context);
}

void libgaol_signals_back(void) {
	struct sigaction go, now;
	/* Go's handler is one for all of them: where it is there, nobody has set another since */
	if (sigaction(SIGURG, 0, &go) < 0) return;
	sigset_t mask;
	if (sigaction(SIGPIPE, 0, &now) == 0 && now.sa_sigaction == go.sa_sigaction && pthread_sigmask(SIG_BLOCK, 0, &mask) == 0 &&
		sigismember(&mask, SIGPIPE)) sigaction(SIGPIPE, &pipe_before, 0);
	for (int i = 0; i < TAKEN; i++) {
		struct taken *t = &taken[i];
		if (t->number == SIGURG && !handles(&t->host)) continue;
		if (sigaction(t->number, 0, &now) < 0 || now.sa_sigaction != go.sa_sigaction) continue;
		t->go = now;
		now.sa_sigaction = t->number == SIGURG ? urgent : fault;
		sigaction(t->number, &now, 0);
	}
}
