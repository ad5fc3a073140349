//go:build linux

// This file has the operations that two hostile reviews took: modes with set-id bits by every call that makes them, all limits, and what
// keeps process 1 busy, signals without end and processes without end. What runs in a child made by a raw fork may only make raw
// system calls.

package main

import (
	"fmt"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"mode.open": func(a []string) error { // PATH FLAGS MODE
			return withMode(a, 2, func(m uint32) error {
				flags, err := parseFlags(a[1])
				if err != nil {
					return err
				}
				fd, err := unix.Openat(unix.AT_FDCWD, a[0], flags, m)
				if err != nil {
					return err
				}
				return unix.Close(fd)
			})
		},
		"mode.mkdir": func(a []string) error { // PATH MODE
			return withMode(a, 1, func(m uint32) error { return unix.Mkdirat(unix.AT_FDCWD, a[0], m) })
		},
		"mode.mknod": func(a []string) error { // PATH MODE, with the type
			return withMode(a, 1, func(m uint32) error { return unix.Mknodat(unix.AT_FDCWD, a[0], m, 0) })
		},
		"mode.fchmod": func(a []string) error { // PATH MODE
			return withMode(a, 1, func(m uint32) error {
				return openThen(a[0], unix.O_RDONLY, func(fd int) error { return unix.Fchmod(fd, m) })
			})
		},
		"mode.fchmodat": func(a []string) error { // PATH MODE
			return withMode(a, 1, func(m uint32) error { return unix.Fchmodat(unix.AT_FDCWD, a[0], m, 0) })
		},
		"limit.same": limitSame,                                                     // RESOURCE: sets it to what it is
		"flood":      func(a []string) error { return floodInit(procNumber(a, 0)) }, // PROCESSES, the rest is for the test to find them
		"storm":      func(a []string) error { return stormInit(procNumber(a, 0)) }, // PROCESSES, as above
		"exist":      func(a []string) error { return existing(a) },                 // PATHS…: which of them are there
		"killable":   func(a []string) error { return unix.Kill(1, unix.SIGUSR1) },  // whether a signal to the init can be sent
	})
}

func withMode(a []string, at int, f func(m uint32) error) error {
	if err := need(a, at+1); err != nil {
		return err
	}
	m, err := strconv.ParseUint(a[at], 8, 32)
	if err != nil {
		return err
	}
	return f(uint32(m))
}

func limitSame(a []string) error {
	if err := need(a, 1); err != nil {
		return err
	}
	resource := procNumber(a, 0)
	var l unix.Rlimit
	if err := unix.Prlimit(0, resource, nil, &l); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	return unix.Prlimit(0, resource, &l, nil)
}

func existing(a []string) error {
	there := ""
	for _, path := range a {
		var st unix.Stat_t
		if unix.Lstat(path, &st) == nil {
			there += " " + path
		}
	}
	say("%s", there)
	return nil
}

// floodInit lets n processes send signals to the init for ever.
func floodInit(n int) error {
	if !procInside() {
		return errHost
	}
	for range n {
		pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if e != 0 {
			return e
		}
		for pid == 0 {
			for _, sig := range [...]uintptr{uintptr(unix.SIGUSR1), uintptr(unix.SIGUSR2), uintptr(unix.SIGCHLD), 34, 35, 36} {
				syscall.RawSyscall(unix.SYS_KILL, 1, sig, 0)
			}
		}
	}
	note("ready")
	procWait()
	return nil
}

// stormInit lets n processes make orphans for ever, which the init has to reap.
func stormInit(n int) error {
	if !procInside() {
		return errHost
	}
	for range n {
		pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if e != 0 {
			return e
		}
		for pid == 0 {
			child, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			if e == 0 && child == 0 {
				syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0) // both end at once: an orphan, now or soon
				for {
					syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
				}
			}
			if e == 0 {
				syscall.RawSyscall6(unix.SYS_WAIT4, child, 0, 0, 0, 0, 0)
			}
		}
	}
	note("ready")
	procWait()
	return nil
}
