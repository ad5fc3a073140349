//go:build linux

// This file names the calls that amd64 alone has.

package main

import "golang.org/x/sys/unix"

func init() {
	makesProcess[unix.SYS_FORK], makesProcess[unix.SYS_VFORK] = true, true
	for name, nr := range map[string]uintptr{
		"fork": unix.SYS_FORK, "vfork": unix.SYS_VFORK, "iopl": unix.SYS_IOPL, "ioperm": unix.SYS_IOPERM, "modify_ldt": unix.SYS_MODIFY_LDT,
		"uselib": unix.SYS_USELIB, "ustat": unix.SYS_USTAT, "sysfs": unix.SYS_SYSFS, "_sysctl": unix.SYS__SYSCTL,
	} {
		numbers[name] = nr
	}
}
