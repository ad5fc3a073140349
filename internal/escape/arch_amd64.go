//go:build linux

// This file has what amd64 alone has: calls that others do without.

package escape

import "golang.org/x/sys/unix"

var forkCalls = []call{sys("fork", unix.SYS_FORK), sys("vfork", unix.SYS_VFORK)}

func init() { forks[unix.SYS_FORK], forks[unix.SYS_VFORK] = true, true }
