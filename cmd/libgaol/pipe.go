//go:build cgo && (linux || freebsd)

package main

import "golang.org/x/sys/unix"

func closedOnExec(fds *[2]int) error { return unix.Pipe2(fds[:], unix.O_CLOEXEC) }
