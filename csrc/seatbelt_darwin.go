//go:build cgo

package csrc

// This file asks Seatbelt what it can do here, and who is in which sandbox.

/*
#include "step_darwin.h"
#include <stdlib.h>
*/
import "C"

import (
	"syscall"
	"time"
	"unsafe"
)

// TrySeatbelt applies a profile in a throw-away child, by the way that spawns will take. An empty reason means that it works.
func TrySeatbelt() (reason, fix string) {
	if C.gaol_seatbelt_symbols()&(C.GAOL_SEATBELT_COMPILES|C.GAOL_SEATBELT_INITS) == 0 {
		return "this system has neither sandbox_compile_string nor sandbox_init_with_parameters", ""
	}
	text := (*C.char)(C.malloc(C.GAOL_SEATBELT_TEXT))
	defer C.free(unsafe.Pointer(text))
	syscall.ForkLock.RLock() // it makes a pipe
	r := C.gaol_seatbelt_try(text)
	syscall.ForkLock.RUnlock()
	switch {
	case r == 0:
		return "", ""
	case InSandbox():
		return "this process is in a sandbox already, and macOS allows no second one inside of it", "start it outside of that sandbox"
	}
	reason = "a profile cannot be applied: " + syscall.Errno(r).Error()
	if said := C.GoString(text); said != "" {
		reason += ": " + said
	}
	return reason, ""
}

// SandboxCheck says that this system has sandbox_check, which CarriesMark asks.
func SandboxCheck() bool { return C.gaol_seatbelt_symbols()&C.GAOL_SEATBELT_CHECKS != 0 }

// Canonical is a path as the kernel writes it, with the case that its names have on the disk. Of a link it is the link's own.
func Canonical(path string) (string, error) {
	name, out := C.CString(path), (*C.char)(C.malloc(C.GAOL_SEATBELT_TEXT))
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(out))
	if r := C.gaol_seatbelt_path(name, out); r != 0 {
		return "", syscall.Errno(r)
	}
	return C.GoString(out), nil
}

// Time is the processor time that a process has used so far, by all of its threads, without its children.
func Time(pid int) (time.Duration, error) {
	var ns C.uint64_t
	if r := C.gaol_seatbelt_time(C.int(pid), &ns); r != 0 {
		return 0, syscall.Errno(r)
	}
	return time.Duration(ns), nil
}

// InSandbox says that this process is in a sandbox.
func InSandbox() bool { return C.gaol_seatbelt_inside() == 1 }

// CarriesMark says that a process is in the sandbox whose profile allows looking up the service "mark", and no other. One that is in no sandbox
// may look up everything, one that is in another may look up neither.
func CarriesMark(pid int, mark string) bool {
	if mark == "" {
		return false
	}
	its, other := C.CString(mark), C.CString("not."+mark)
	defer C.free(unsafe.Pointer(its))
	defer C.free(unsafe.Pointer(other))
	return C.gaol_seatbelt_may_look_up(C.int(pid), its) == 0 && C.gaol_seatbelt_may_look_up(C.int(pid), other) == 1
}
