//go:build linux && cgo

package gaol

import (
	"os"

	"golang.org/x/sys/unix"
)

// withHandle lends f a descriptor of its own. The lock is not held meanwhile: f may wait for the end, which signals, limits and Wait bring about.
func (c *child) withHandle(f func(uintptr)) error {
	c.mu.Lock()
	if c.pidfd < 0 {
		c.mu.Unlock()
		return os.ErrProcessDone
	}
	fd, err := unix.FcntlInt(uintptr(c.pidfd), unix.F_DUPFD_CLOEXEC, 0)
	c.mu.Unlock()
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	defer unix.Close(fd)
	f(uintptr(fd))
	return nil
}
