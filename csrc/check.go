//go:build cgo && (linux || darwin || freebsd)

// Package csrc is the C core: it checks a plan and makes the children that execute its steps; on Linux it builds the template, too.
// Only this package and cmd/libgaol import "C". It must not interpret anything: what a step means to a caller is plan's.
package csrc

// This file is what every system has.

/*
#cgo CFLAGS: -std=gnu11 -O2 -Wall -Wextra
#include "plan.h"
#include "nofile.h"
*/
import "C"

import (
	"errors"
	"syscall"
	"unsafe"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// Check reports what is wrong with an encoded plan; nil when every step of it can be executed.
func Check(b []byte) error {
	return check(b, func(p unsafe.Pointer) *C.char { return C.gaol_plan_check(p, C.size_t(len(b))) })
}

// CheckCommand is Check for an encoded command.
func CheckCommand(b []byte) error {
	return check(b, func(p unsafe.Pointer) *C.char { return C.gaol_command_check(p, C.size_t(len(b))) })
}

func check(b []byte, f func(unsafe.Pointer) *C.char) error {
	var p unsafe.Pointer
	if len(b) > 0 {
		p = unsafe.Pointer(unsafe.SliceData(b))
	}
	if text := f(p); text != nil {
		return errors.New(C.GoString(text))
	}
	return nil
}

// ErrClosed is returned by Spawn after Close.
var ErrClosed = errors.New("the template is closed")

func goFailure(f *C.struct_gaol_failure) error {
	return &plan.Failure{Op: plan.Op(f.op), Step: uint32(f.step), Errno: syscall.Errno(f.error)}
}

// Nofile returns the soft and hard limit of open files that a child is given: those that this process was started with. Go raises
// its own soft limit at the start and lowers it again for the children that it makes itself; select(2) breaks past 1024.
func Nofile() [2]uint64 {
	var l [2]C.uint64_t
	C.gaol_nofile(&l[0])
	return [2]uint64{uint64(l[0]), uint64(l[1])}
}
