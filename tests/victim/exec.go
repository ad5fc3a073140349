//go:build linux

// This file holds the ways to get code from a file: execve and its relatives, and executable mappings. Where one succeeds the rest
// of the chain is gone with this program, so it comes last.

package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"exec": func(a []string) error { // PATH ARGS…
			return onPath(func(p string) error { return unix.Exec(p, a, os.Environ()) })(a)
		},
		"fexecve":     onPath(func(p string) error { return openThen(p, unix.O_RDONLY, execveat) }),
		"fexecvepath": onPath(func(p string) error { return openThen(p, unix.O_PATH, execveat) }),
		"execfd":      func(a []string) error { return withFD(a, func(fd int, _ []string) error { return execveat(fd) }) },
		"procexec":    onPath(func(p string) error { return openThen(p, unix.O_PATH, procExec) }),
		"mapexec": onPath(func(p string) error { // PROT_EXEC from the start
			return openThen(p, unix.O_RDONLY, func(fd int) error { return mapped(fd, unix.PROT_READ|unix.PROT_EXEC, 0) })
		}),
		"mapthenexec": onPath(func(p string) error { // PROT_EXEC afterwards
			return openThen(p, unix.O_RDONLY, func(fd int) error { return mapped(fd, unix.PROT_READ, unix.PROT_READ|unix.PROT_EXEC) })
		}),
		"mapread": onPath(func(p string) error {
			return openThen(p, unix.O_RDONLY, func(fd int) error { return mapped(fd, unix.PROT_READ, unix.PROT_READ) })
		}),
		"memfd":   memfd,   // FLAGS
		"memexec": memExec, // FROM FLAGS HOW
		"jit":     jit,
	})
}

func openThen(path string, flags int, f func(fd int) error) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o755)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return f(fd)
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

func mapped(fd, prot, then int) error {
	m, err := unix.Mmap(fd, 0, os.Getpagesize(), prot, unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	defer unix.Munmap(m)
	if then != 0 {
		return unix.Mprotect(m, then)
	}
	return nil
}

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

// jit makes anonymous memory executable after it was written.
func jit([]string) error {
	m, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(m)
	return unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC)
}
