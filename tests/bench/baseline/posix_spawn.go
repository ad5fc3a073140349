//go:build linux && cgo

// Package baseline spawns a program as plain C does, for benchmarks to compare with. Nothing else may use it.
package baseline

/*
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

static char *const none[] = {0};

// Nanoseconds for posix_spawn and waitpid of path; below zero: -errno.
static long long spawn_and_wait(const char *path) {
	char *const argv[] = {(char *)path, 0};
	struct timespec a, b;
	pid_t pid;
	int status;
	clock_gettime(CLOCK_MONOTONIC, &a);
	int r = posix_spawn(&pid, path, 0, 0, argv, none);
	if (r != 0) return -r;
	while (waitpid(pid, &status, 0) < 0) if (errno != EINTR) return -errno;
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (status != 0) return -ECHILD;
	return (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec;
}

// Memory that is really there, as a large heap is.
static void *touched(size_t size) {
	void *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) return 0;
	madvise(p, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += 4096) ((volatile char *)p)[i] = 1;
	return p;
}
*/
import "C"

import (
	"syscall"
	"time"
	"unsafe"
)

// PosixSpawn runs the program at path and returns the time from the spawn to the end of the wait.
func PosixSpawn(path string) (time.Duration, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	ns := C.spawn_and_wait(p)
	if ns < 0 {
		return 0, syscall.Errno(-ns)
	}
	return time.Duration(ns), nil
}

// Touch makes size bytes of memory that are all there; Free gives them back.
func Touch(size int) unsafe.Pointer { return C.touched(C.size_t(size)) }

// Free: see Touch.
func Free(p unsafe.Pointer, size int) { C.munmap(p, C.size_t(size)) }
