/* malloc_linux.c: one arena of glibc's malloc for all threads, of which the Go runtime makes some that allocate next to nothing in C. Each would
 * map 128 MiB, give half of it back, and write to three pages. */
#include <malloc.h>

#ifdef M_ARENA_MAX
__attribute__((constructor)) static void one_arena(void) { mallopt(M_ARENA_MAX, 1); }
#endif
