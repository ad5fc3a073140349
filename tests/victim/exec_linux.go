// This file holds the ways to get code from a file that only Linux has: execveat, /proc, and files without a name.

package main

import (
	"fmt"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"fexecve":     onPath(func(p string) error { return openThen(p, unix.O_RDONLY, execveat) }),
		"fexecvepath": onPath(func(p string) error { return openThen(p, unix.O_PATH, execveat) }),
		"execfd":      func(a []string) error { return withFD(a, func(fd int, _ []string) error { return execveat(fd) }) },
		"procexec":    onPath(func(p string) error { return openThen(p, unix.O_PATH, procExec) }),
		"memfd":       memfd,   // FLAGS
		"memexec":     memExec, // FROM FLAGS HOW
	})
}

// whoAmI is the argv of a victim that is executed by another.
var whoAmI = []string{"victim", "getpid"}

func execveat(fd int) error {
	empty, _ := unix.BytePtrFromString("")
	argv, err := syscall.SlicePtrFromStrings(whoAmI)
	if err != nil {
		return err
	}
	envp := []*byte{nil}
	_, _, errno := unix.Syscall6(unix.SYS_EXECVEAT, uintptr(fd), uintptr(unsafe.Pointer(empty)), uintptr(unsafe.Pointer(&argv[0])),
		uintptr(unsafe.Pointer(&envp[0])), unix.AT_EMPTY_PATH, 0)
	return errno
}

func procExec(fd int) error { return unix.Exec(fmt.Sprintf("/proc/self/fd/%d", fd), whoAmI, nil) }

func memfd(a []string) error {
	return onPath(func(flags string) error {
		f, err := strconv.ParseInt(flags, 0, 32)
		if err != nil {
			return err
		}
		fd, err := unix.MemfdCreate("victim", int(f))
		if err != nil {
			return err
		}
		return unix.Close(fd)
	})(a)
}

// memExec copies a program to a memfd and executes that, by "fd" or by "proc", after "chmod" or not.
func memExec(a []string) error {
	if err := need(a, 3); err != nil {
		return err
	}
	flags, err := strconv.ParseInt(a[1], 0, 32)
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("victim", int(flags))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := openThen(a[0], unix.O_RDONLY, func(in int) error { return pour(in, fd) }); err != nil {
		return err
	}
	switch a[2] {
	case "chmod":
		return unix.Fchmod(fd, 0o755)
	case "map":
		return mapped(fd, unix.PROT_READ|unix.PROT_EXEC, 0)
	case "fd":
		return execveat(fd)
	}
	return procExec(fd)
}
