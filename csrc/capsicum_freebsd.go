//go:build cgo

package csrc

// This file asks FreeBSD for capability mode and for the descendants of a process.

// #include "step_freebsd.h"
import "C"

import "syscall"

// TryCapsicum enters capability mode in a throw-away child: 0, or what stood in the way.
func TryCapsicum() syscall.Errno { return syscall.Errno(C.gaol_capsicum_try()) }

// Reaper makes this process the reaper of its descendants, for good: their orphans fall to it and not to process 1.
func Reaper() syscall.Errno { return syscall.Errno(C.gaol_reaper()) }

// Descendants lists the live processes that descend from a child of this process, which may have ended and not been waited for.
func Descendants(pid int) []int {
	var pids [512]C.int
	n := C.gaol_reaper_list(C.int(pid), &pids[0], C.int(len(pids)))
	out := make([]int, 0, max(n, 0))
	for i := range int(n) {
		out = append(out, int(pids[i]))
	}
	return out
}
