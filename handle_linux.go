//go:build linux && cgo

package gaol

import "os"

func (c *child) withHandle(f func(uintptr)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pidfd < 0 {
		return os.ErrProcessDone
	}
	f(uintptr(c.pidfd))
	return nil
}
