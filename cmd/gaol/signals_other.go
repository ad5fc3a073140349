//go:build !unix

package main

// This file stands for signals_unix.go where there are no such signals. Nothing is run there yet.

import "syscall"

const (
	sigCont = syscall.Signal(-iota - 1)
	sigStop
	sigWinch
)

var forwarded []syscall.Signal

func raiseInterrupt() {}
