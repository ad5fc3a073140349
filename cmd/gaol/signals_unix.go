//go:build unix

package main

// This file names the signals that are handed on. SIGTTIN, SIGTTOU and SIGPIPE must never be among them: they are about what
// gaol itself does with a file.

import (
	"syscall"
	"time"
)

const (
	sigCont  = syscall.SIGCONT
	sigStop  = syscall.SIGTSTP
	sigWinch = syscall.SIGWINCH
)

var forwarded = []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP}

func raiseInterrupt() {
	defaultAction(syscall.SIGINT)
	if syscall.Kill(syscall.Getpid(), syscall.SIGINT) == nil {
		time.Sleep(time.Second) // it may reach another thread; gaol then exits
	}
}
