//go:build linux

// This file has the operations of a debugger, and ioctl on a device. The process that is traced is made by a raw clone and waits for
// its end in a system call; it makes none but raw ones.

package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"trace.attach": func(a []string) error { return traced(a, attach) },  // PID, or nothing for a child
		"trace.vmread": func(a []string) error { return traced(a, vmRead) },  // as above
		"trace.getfd":  func(a []string) error { return traced(a, getFD) },   // as above
		"trace.kcmp":   func(a []string) error { return traced(a, compare) }, // as above
		"ioctl": onPath(func(p string) error { // PATH: a command that only a terminal takes
			return openThen(p, unix.O_RDONLY|unix.O_NONBLOCK, func(fd int) error { _, err := unix.IoctlGetTermios(fd, unix.TCGETS); return err })
		}),
	})
}

// traced calls f with a process, a child that lives as long as the call if none is named.
func traced(a []string, f func(pid int) error) error {
	if len(a) > 0 {
		return f(procNumber(a, 0))
	}
	pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	for pid == 0 {
		syscall.RawSyscall(unix.SYS_PPOLL, 0, 0, 0)
	}
	defer func() {
		_ = unix.Kill(int(pid), unix.SIGKILL)
		_, _ = unix.Wait4(int(pid), nil, unix.WALL, nil)
	}()
	return f(int(pid))
}

func attach(pid int) error {
	if err := unix.PtraceAttach(pid); err != nil {
		return err
	}
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return err
	}
	return unix.PtraceDetach(pid)
}

// mark is in the memory of this process and, at the same address, of a child.
var mark = [4]byte{'m', 'a', 'r', 'k'}

func vmRead(pid int) error {
	buf := make([]byte, len(mark))
	local := []unix.Iovec{{Base: &buf[0], Len: uint64(len(buf))}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&mark[0])), Len: len(buf)}}
	_, err := unix.ProcessVMReadv(pid, local, remote, 0)
	if err == nil {
		say("%s", buf)
	}
	return err
}

func getFD(pid int) error {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pidfd)
	fd, err := unix.PidfdGetfd(pidfd, 1, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// compare asks whether the two share their memory, which they do not.
func compare(pid int) error {
	r, _, e := unix.Syscall6(unix.SYS_KCMP, uintptr(unix.Getpid()), uintptr(pid), 1 /* KCMP_VM */, 0, 0, 0)
	if e == 0 {
		say("%d", min(r, 1))
		return nil
	}
	return e
}
