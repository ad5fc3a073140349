//go:build linux

// This file makes calls that may end the program, from where that is hard to tell: another thread, another process, many at once, between
// signals. It also looks for what would answer such a call. All of them are raw system calls: nothing of Go's may be made between.

package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"denied.thread":   func(a []string) error { return deniedThreads(1, a) }, // CALL ARGS…, of another thread
		"denied.flood":    func(a []string) error { return deniedThreads(64, a) },
		"denied.child":    func(a []string) error { return deniedGrandchild(a, true) },  // CALL ARGS…, of a child of a child, which is waited for
		"denied.orphan":   func(a []string) error { return deniedGrandchild(a, false) }, // CALL ARGS…, of a process whose parent has ended; this one would go on
		"denied.alarms":   deniedAlarms,                                                 // CALL ARGS…, between signals with a handler
		"denied.between":  deniedBetween,                                                // CALL ARGS…, with the filter FILTER of its own on top
		"denied.listener": deniedListener,                                               // says which open descriptors are a listener, and what of the init can be had
	})
}

// rawCall is a call with its arguments worked out.
type rawCall struct {
	nr   uintptr
	args [6]uintptr
}

func raw(a []string) (*rawCall, error) {
	if err := need(a, 1); err != nil {
		return nil, err
	}
	nr, ok := numbers[a[0]]
	if !ok {
		return nil, fmt.Errorf("no number for %q", a[0])
	}
	c := &rawCall{nr: nr}
	for i, text := range a[1:] {
		var err error
		if c.args[i], err = argument(text); err != nil {
			return nil, err
		}
	}
	return c, nil
}

//go:nosplit
func (c *rawCall) make() syscall.Errno {
	_, _, e := syscall.RawSyscall6(c.nr, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5])
	return e
}

func deniedThreads(n int, a []string) error {
	call, err := raw(a)
	if err != nil {
		return err
	}
	errnos := make(chan syscall.Errno, n)
	for range n {
		go func() {
			runtime.LockOSThread()
			errnos <- call.make()
		}()
	}
	for range n {
		err = procErrno(<-errnos)
	}
	return err
}

// grandchild makes the call in a child of a child, which ends with its errno, as does the child if it waits for it. None of it may look
// whether its stack is large enough: the runtime could want to stop the thread then, and in these processes nobody would let it go on.
//
//go:nosplit
func (c *rawCall) grandchild(wait bool) (int, syscall.Errno) {
	pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	for e == 0 && pid == 0 {
		pid, _, e = syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if e == 0 && pid == 0 {
			syscall.RawSyscall6(unix.SYS_SETSID, 0, 0, 0, 0, 0, 0)
			e = c.make()
		} else if e == 0 && wait {
			var status uint32
			syscall.RawSyscall6(unix.SYS_WAIT4, pid, uintptr(unsafe.Pointer(&status)), 0, 0, 0, 0)
			e = syscall.Errno(status >> 8 & 0x7f)
		}
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, uintptr(e), 0, 0, 0, 0, 0)
	}
	return int(pid), e
}

func deniedGrandchild(a []string, wait bool) error {
	call, err := raw(a)
	if err != nil {
		return err
	}
	pid, e := call.grandchild(wait)
	if e != 0 {
		return e
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil {
		return err
	}
	if !wait {
		time.Sleep(10 * time.Second)
	}
	return procErrno(syscall.Errno(ws.ExitStatus()))
}

func deniedAlarms(a []string) error {
	call, err := raw(a)
	if err != nil {
		return err
	}
	alarms := make(chan os.Signal, 1)
	signal.Notify(alarms, unix.SIGALRM)
	if _, err := unix.Setitimer(unix.ItimerReal, unix.Itimerval{Interval: unix.Timeval{Usec: 20}, Value: unix.Timeval{Usec: 1}}); err != nil {
		return err
	}
	<-alarms
	return procErrno(call.make())
}

// deniedBetween answers the call by a filter of the program's own: errno, trap, notify or kill.
func deniedBetween(a []string) error {
	if err := need(a, 2); err != nil {
		return err
	}
	answer, ok := map[string]uint32{"errno": 0x50000 | uint32(unix.ENODATA), "notify": 0x7fc00000, "log": 0x7ffc0000, "kill": 0x80000000}[a[0]]
	call, err := raw(a[1:])
	if err != nil || !ok {
		return fmt.Errorf("%v: %v", a, err)
	}
	code := []unix.SockFilter{{Code: 0x20, K: 0}, {Code: 0x15, Jf: 1, K: uint32(numbers[a[1]])}, {Code: 0x06, K: answer}, {Code: 0x06, K: 0x7fff0000}}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	runtime.LockOSThread()
	if _, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog))); e != 0 {
		return fmt.Errorf("a filter of its own: %w", e)
	}
	runtime.KeepAlive(code)
	return procErrno(call.make())
}

// deniedListener asks each number up to 1024 as one would a listener, and for the descriptors of the parent.
func deniedListener([]string) error {
	const idValid = 0x40082102 // SECCOMP_IOCTL_NOTIF_ID_VALID, which waits for nothing
	var found []string
	for fd := range 1024 {
		var id uint64
		if _, _, e := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(fd), idValid, uintptr(unsafe.Pointer(&id))); e != unix.EBADF && e != unix.ENOTTY && e != unix.EINVAL && e != unix.ENOSYS {
			found = append(found, fmt.Sprintf("%d: %v", fd, e))
		}
		if to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil && strings.Contains(to, "seccomp") {
			found = append(found, to)
		}
	}
	parent, err := unix.PidfdOpen(unix.Getppid(), 0)
	if err == nil {
		for fd := range 16 {
			if got, err := unix.PidfdGetfd(parent, fd, 0); err == nil {
				found = append(found, fmt.Sprintf("%d of the init: %d", fd, got))
			}
		}
	}
	time.Sleep(time.Millisecond)
	say("%s", strings.Join(found, ", "))
	return nil
}
