//go:build linux

// This file has the numbers that golang.org/x/sys does not have everywhere, and bits above the 32 that the kernel looks at.

package escape

import (
	"runtime"

	"golang.org/x/sys/unix"
)

const (
	sysFchmodat2   = 452 // the same on every architecture
	sysMemfdSecret = 447

	highBit   = ^uintptr(0)>>1 + 1
	highWords = ^uintptr(0) >> 32 << 32 // 0 where there is no upper half
)

// lockedTid is the number of a thread that nothing else runs on.
func lockedTid() int {
	runtime.LockOSThread() // and no unlock: the thread ends with the goroutine
	return unix.Gettid()
}
