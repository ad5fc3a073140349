//go:build !unix

package main

// This file stands for signals_unix.go where there are no such signals. Nothing is run there yet.

import "syscall"

const (
	sigCont = syscall.Signal(0)
	sigStop = syscall.Signal(0)
)

var forwarded []syscall.Signal

func raiseInterrupt() {}
