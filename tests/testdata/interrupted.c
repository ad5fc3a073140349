/* interrupted.c: makes a denied call that a signal takes back at once, while the processors are busy, and goes on. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void nothing(int signal) { (void)signal; }

static void *spin(void *arg) {
	(void)arg;
	for (;;) {}
	return NULL;
}

int main(void) {
	sigset_t alarm;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	struct sigaction handler = {.sa_handler = nothing}; /* without SA_RESTART */
	sigaction(SIGALRM, &handler, NULL);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_t thread;
		pthread_create(&thread, NULL, spin, NULL);
	}
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	timer_t timer;
	timer_create(CLOCK_MONOTONIC, NULL, &timer);
	struct itimerspec soon = {.it_value = {0, 30000}};
	timer_settime(timer, 0, &soon, NULL);
	syscall(SYS_mount, "a", "b", "c", 0, NULL);
	puts("it came back");
	fflush(stdout);
	for (time_t end = time(NULL) + 10; time(NULL) < end;) usleep(100000); /* the kill is under way */
	puts("and nothing happened");
	return 0;
}
