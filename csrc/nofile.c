/* nofile.c: remembers the soft limit of open files before the Go runtime raises it. It must run before any Go code does;
 * in a library, the runtime is started by a constructor, too. */
#include <sys/resource.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

#include "nofile.h"

static struct rlimit first;

__attribute__((constructor(101))) static void remember(void) { getrlimit(RLIMIT_NOFILE, &first); }

void gaol_nofile(uint64_t limit[2]) {
	struct rlimit now;
	if (getrlimit(RLIMIT_NOFILE, &now) < 0) now = first;
	/* Go raises it to the hard one, or to one less, by which it knows its own doing again (syscall/rlimit.go) */
	int raised = now.rlim_cur + 1 >= now.rlim_max;
#ifdef __APPLE__
	int most; /* and on macOS to no more than this (syscall/rlimit_darwin.go), of which others know nothing: the hard one is most often none */
	size_t size = sizeof most;
	raised |= sysctlbyname("kern.maxfilesperproc", &most, &size, NULL, 0) == 0 && now.rlim_cur == (rlim_t)most;
#endif
	if (raised && first.rlim_max == now.rlim_max) now.rlim_cur = first.rlim_cur;
	limit[0] = now.rlim_cur, limit[1] = now.rlim_max;
}
