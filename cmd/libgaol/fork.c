/* fork.c: see fork.h. The process number alone would not tell a child in a new pid namespace from a parent that is process 1, and a page
 * that the kernel wipes in the child (man 2 madvise, MADV_WIPEONFORK, Linux 4.14; man 2 minherit, INHERIT_ZERO, FreeBSD 12) not a child of
 * vfork(2), which shares it: so both. macOS wipes none, and has no other numbers for processes. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "fork.h"

#if defined MADV_WIPEONFORK
#define WIPE(page, size) madvise(page, size, MADV_WIPEONFORK)
#elif defined INHERIT_ZERO
#define WIPE(page, size) minherit(page, size, INHERIT_ZERO)
#else
#define WIPE(page, size) ((void)(page), (void)(size), -1)
#endif

static pid_t loaded;
static volatile char *page; /* 1 in the process that loaded the library; null where the kernel does not wipe */

__attribute__((constructor)) static void remember(void) {
	long size = sysconf(_SC_PAGESIZE);
	void *p = mmap(0, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED && WIPE(p, (size_t)size) == 0) {
		page = p;
		*page = 1;
	} else if (p != MAP_FAILED) {
		munmap(p, (size_t)size);
	}
	loaded = getpid();
}

int libgaol_forked(void) { return (page && !*page) || getpid() != loaded; }
