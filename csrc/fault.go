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

// FaultRecord notes every call until FaultStop.
func FaultRecord() { C.gaol_fault_record() }

// FaultOne lets a call that was recorded fail when it is made for the nth time, counted from 0, and only then.
func FaultOne(c FaultCall, nth int, errno syscall.Errno) {
	C.gaol_fault_one(&C.struct_gaol_fault_call{c.function, C.int32_t(c.Line), C.int32_t(c.Nr)}, C.int32_t(nth), C.int32_t(errno))
}

// FaultSome lets about one in so many calls fail.
func FaultSome(seed uint64, oneIn int, errnos ...syscall.Errno) {
	e := make([]C.int32_t, len(errnos))
	for i, n := range errnos {
		e[i] = C.int32_t(n)
	}
	C.gaol_fault_some(C.uint64_t(seed), C.uint32_t(oneIn), unsafe.SliceData(e), C.uint32_t(len(e)))
}

// FaultStop ends this, and returns what was called, or what failed.
func FaultStop() []FaultCall {
	var log *C.struct_gaol_fault_call
	n := C.gaol_fault_stop(&log)
	var out []FaultCall
	for _, c := range unsafe.Slice(log, n) {
		out = append(out, FaultCall{C.GoString(c.function), int(c.line), int(c.nr), c.function})
	}
	return out
}

// FaultLive says how many mappings and allocations the core holds.
func FaultLive() (mapped, allocated int) {
	return int(C.gaol_fault_live(C.GAOL_FAULT_MAPPED)), int(C.gaol_fault_live(C.GAOL_FAULT_ALLOCATED))
}
