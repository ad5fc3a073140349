//go:build linux

// This file has what amd64 alone has: the i386 entry of the kernel, and calls that others do without.

package escape

import "golang.org/x/sys/unix"

// int80 is the entry of 32 bit programs; the numbers are those of i386.
func int80(nr uintptr) uintptr

var forkCalls = []call{sys("fork", unix.SYS_FORK), sys("vfork", unix.SYS_VFORK)}

func init() { forks[unix.SYS_FORK], forks[unix.SYS_VFORK] = true, true }
