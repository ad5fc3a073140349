//go:build linux

// This file names the calls that amd64 alone has, and reaches the kernel's i386 entry.

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

// int80 is the entry of 32 bit programs; the numbers are those of i386.
func int80(nr uintptr) uintptr

func compat(nr uintptr) error {
	say("%d", int80(nr))
	return nil
}
