//go:build unix

package main

// This file checks a descriptor that the caller says to have opened. It must never accept one that gaol opened itself.

import (
	"errors"

	"golang.org/x/sys/unix"
)

// takeFD checks that the caller has opened the descriptor for writing, and keeps it from programs. A descriptor that the Go
// runtime has opened under the same number is no file of any type: an epoll, an eventfd.
func takeFD(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return errors.New("it is not open")
	}
	if st.Mode&unix.S_IFMT == 0 {
		return errors.New("it is not open for this")
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	if flags&unix.O_ACCMODE == unix.O_RDONLY {
		return errors.New("it is not open for writing")
	}
	unix.CloseOnExec(fd)
	return nil
}
