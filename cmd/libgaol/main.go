//go:build cgo && (linux || darwin || freebsd)

// Package main is libgaol.so, the C library of gaol: include/gaol.h says what it does. Built with -buildmode=c-shared.
//
// A C program may do anything wrong, and must get an error code for it: what it passes is looked at before it is used, handles are looked up
// in a table and never followed, and no panic leaves Go. The library must never print, exit or change what is the host process's own.
package main

/*
#cgo CFLAGS: -std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -I${SRCDIR}/../../include
#include <stdlib.h>
#include "signals.h"
*/
import "C"

import (
	"math"
	"runtime/debug"
	"unsafe"

	"github.com/gaol-sandbox/gaol/csrc"
	_ "github.com/gaol-sandbox/gaol/include" // a change of the header rebuilds this package
	"github.com/gaol-sandbox/gaol/internal/environ"
	"golang.org/x/sys/unix"
)

func main() {}

func init() {
	// Go has raised the host's soft limit of open files (os/rlimit.go), with which its select(2) breaks.
	if l := csrc.Nofile(); l[0] < l[1] {
		var r unix.Rlimit
		setLimit(&r.Cur, l[0])
		setLimit(&r.Max, l[1])
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &r)
	}
	C.libgaol_signals_back()
	// Go ends the process at 10,000 threads, and counts those of the host that are in here. How many there may be is the host's to say.
	debug.SetMaxThreads(math.MaxInt32)
	environ.Lookup = getenv
}

// setLimit: a number of FreeBSD's has a sign.
func setLimit[T int64 | uint64](to *T, n uint64) { *to = T(n) }

// getenv sees what the host has set since the library was loaded.
func getenv(name string) (string, bool) {
	key := C.CString(name)
	defer C.free(unsafe.Pointer(key))
	value := C.getenv(key)
	if value == nil {
		return "", false
	}
	return C.GoString(value), true
}
