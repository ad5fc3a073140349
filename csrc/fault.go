//go:build linux && cgo && gaolfault

package csrc

// This file is there in builds for tests alone: it says which system call of the core fails.

/*
#cgo CFLAGS: -DGAOL_FAULT
#include <stdlib.h>
#include "fault_linux.h"
*/
import "C"

import (
	"syscall"
	"unsafe"
)

// FaultCall is a place of the core that makes a system call.
type FaultCall struct {
	Function string
	Line, Nr int
	function *C.char
}

func init() {
	if C.gaol_fault_open() < 0 {
		panic("no memory for the faults")
	}
}

// Fault is the failure of a call that was recorded: of the one that is made for the nth time, counted from 0, and only then.
type Fault struct {
	FaultCall
	Nth   int
	Errno syscall.Errno
}

// FaultStart records every call until FaultStop, and lets up to two of them fail.
func FaultStart(faults ...Fault) {
	ones := make([]C.struct_gaol_fault_one, len(faults))
	for i, f := range faults {
		ones[i] = C.struct_gaol_fault_one{C.struct_gaol_fault_call{f.function, C.int32_t(f.Line), C.int32_t(f.Nr)}, C.int32_t(f.Nth), C.int32_t(f.Errno)}
	}
	C.gaol_fault_start(unsafe.SliceData(ones), C.uint32_t(len(ones)))
}

// FaultSome lets about one in so many calls fail.
func FaultSome(seed uint64, oneIn int, errnos ...syscall.Errno) {
	e := make([]C.int32_t, len(errnos))
	for i, n := range errnos {
		e[i] = C.int32_t(n)
	}
	C.gaol_fault_some(C.uint64_t(seed), C.uint32_t(oneIn), unsafe.SliceData(e), C.uint32_t(len(e)))
}

// FaultStop ends this, and returns what was called and how much of it failed.
func FaultStop() (calls []FaultCall, failed int) {
	var log *C.struct_gaol_fault_call
	var hits C.uint32_t
	n := C.gaol_fault_stop(&log, &hits)
	for _, c := range unsafe.Slice(log, n) {
		calls = append(calls, FaultCall{C.GoString(c.function), int(c.line), int(c.nr), c.function})
	}
	return calls, int(hits)
}

// FaultNever says that a call never fails, whatever it is asked.
func FaultNever(nr int) bool { return C.gaol_fault_never(C.long(nr), 0) != 0 }

// FaultLive says how many mappings and allocations the core holds.
func FaultLive() (mapped, allocated int) {
	return int(C.gaol_fault_live(C.GAOL_FAULT_MAPPED)), int(C.gaol_fault_live(C.GAOL_FAULT_ALLOCATED))
}
