//go:build unix && cgo

package main

// This file catches signals by a handler of its own; catch.c says why.

/*
#include "catch.h"
*/
import "C"

import (
	"os"
	"syscall"
)

var caught *os.File // what the handler writes to; never closed, nor left to the garbage collector

// catch has the signals come to the returned function instead of doing what they do to a process, but those that are ignored. It is
// called once.
func catch(all []syscall.Signal) (next func() syscall.Signal, err error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	caught = to
	conn, err := to.SyscallConn()
	if err != nil {
		return nil, err
	}
	numbers := make([]C.int, len(all))
	for i, sig := range all {
		numbers[i] = C.int(sig)
	}
	err = conn.Control(func(fd uintptr) { C.gaol_catch(C.int(fd), &numbers[0], C.int(len(numbers))) })
	return func() syscall.Signal {
		var b [1]byte
		if _, err := from.Read(b[:]); err != nil {
			select {} // there is no other writer, and no end
		}
		return syscall.Signal(b[0])
	}, err
}

func defaultAction(sig syscall.Signal) { C.gaol_default(C.int(sig)) }
