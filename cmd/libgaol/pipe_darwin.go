//go:build cgo

package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// closedOnExec is not atomic here: a host that forks in another thread meanwhile hands the ends on. Go itself does not.
func closedOnExec(fds *[2]int) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(fds[:]); err != nil {
		return err
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	return nil
}
