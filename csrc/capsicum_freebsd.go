//go:build cgo

package csrc

// This file asks FreeBSD for capability mode and for the descendants of a process.

/*
#include <stdlib.h>
#include "jail_freebsd.h"
#include "step_freebsd.h"
*/
import "C"

import (
	"syscall"
	"unsafe"
)

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

// KillDescendants kills them all at once, wherever they have gone.
func KillDescendants(pid int) { C.gaol_reaper_kill(C.int(pid)) }

// JailAbandoned says that nobody keeps the jail of a place any more. An error is of a place that has none yet, or not any more.
func JailAbandoned(place string) (bool, error) {
	c := C.CString(place)
	defer C.free(unsafe.Pointer(c))
	r := C.gaol_jail_abandoned(c)
	if r < 0 {
		return false, syscall.Errno(-r)
	}
	return r == 1, nil
}

// ClearJail ends the jail of a place, and takes away what its keeper has mounted, and the place.
func ClearJail(place string) error {
	c := C.CString(place)
	defer C.free(unsafe.Pointer(c))
	if r := C.gaol_jail_clear(c); r < 0 {
		return syscall.Errno(-r)
	}
	return nil
}
