//go:build unix

// This file holds the ways to get code from a file: execve and its relatives, and executable mappings. Where one succeeds the rest
// of the chain is gone with this program, so it comes last.

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"exec": func(a []string) error { // PATH ARGS…
			return onPath(func(p string) error { return unix.Exec(p, a, os.Environ()) })(a)
		},
		"mapexec": onPath(func(p string) error { // PROT_EXEC from the start
			return openThen(p, unix.O_RDONLY, func(fd int) error { return mapped(fd, unix.PROT_READ|unix.PROT_EXEC, 0) })
		}),
		"mapthenexec": onPath(func(p string) error { // PROT_EXEC afterwards
			return openThen(p, unix.O_RDONLY, func(fd int) error { return mapped(fd, unix.PROT_READ, unix.PROT_READ|unix.PROT_EXEC) })
		}),
		"mapread": onPath(func(p string) error {
			return openThen(p, unix.O_RDONLY, func(fd int) error { return mapped(fd, unix.PROT_READ, unix.PROT_READ) })
		}),
		"jit": jit,
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

// jit makes anonymous memory executable after it was written.
func jit([]string) error {
	m, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(m)
	return unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC)
}
