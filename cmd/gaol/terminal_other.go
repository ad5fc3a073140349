//go:build !linux

package main

// This file stands for terminal_linux.go where nothing can be run yet. It must never pretend to have a terminal.

import (
	"os"
	"syscall"
)

type terminal struct {
	file  *os.File
	alone bool
}

func findTerminal([3]*os.File) *terminal { return nil }

func (t *terminal) started(int)            {}
func (t *terminal) pass(os.Signal) bool    { return false }
func (t *terminal) resumed()               {}
func (t *terminal) stopped(syscall.Signal) {}
func (t *terminal) ended(syscall.Signal)   {}

func suspend(bool) {}

func atTerminal() bool { return false }
