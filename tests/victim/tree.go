//go:build linux

package main

// This file makes processes that are hard to end: tree SHAPE… makes those of each shape, says "ready" and waits for its end. The shapes that
// begin with "self" make no process, but the victim itself one of these; such a one is the last. What runs in a child makes raw system
// calls only. Its caller finds all of them by a word among the arguments.

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{"tree": tree}) // WORD SHAPE…
}

var shapes = map[string]func() error{
	"daemon":    func() error { return planted(daemon) },
	"stopped":   stoppedChild,
	"loop":      func() error { return planted(func() { spin() }) },
	"blocked":   func() error { return planted(func() { block(); pause() }) },
	"vfork":     vforked,
	"traced":    tracedChild,
	"tracers":   func() error { return planted(tracer) },
	"subreaper": func() error { return planted(subreaper) },
	"pdeathsig": func() error { return planted(orphan) },
	"renamed":   func() error { return planted(renamed) },
	"breeding":  breeding,

	"self-loop":       func() error { note("ready"); spin(); return nil },
	"self-stopped":    func() error { note("ready"); return unix.Kill(unix.Getpid(), unix.SIGSTOP) },
	"self-blocked":    func() error { block(); return nil },
	"self-pdeathsig":  func() error { prctl(unix.PR_SET_PDEATHSIG, 0); return nil },
	"self-renamed":    func() error { renamedSelf(); return nil },
	"self-leaderless": selfLeaderless,
	"self-ended":      func() error { note("ready"); os.Exit(0); return nil },
}

func tree(args []string) error {
	if err := need(args, 2); err != nil {
		return err
	}
	for _, shape := range args[1:] {
		if shapes[shape] == nil {
			return fmt.Errorf("no shape %s", shape)
		}
		if err := shapes[shape](); err != nil {
			return fmt.Errorf("%s: %w", shape, err)
		}
	}
	note("ready")
	procWait()
	return nil
}

// fork is one without libc and runtime; the child's number is 0.
//
//go:nosplit
func fork() (int, syscall.Errno) {
	pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	return int(pid), e
}

// planted makes a process that does f, which is nosplit, and ends if that returns.
func planted(f func()) error {
	pid, e := fork()
	if pid == 0 && e == 0 {
		f()
		end()
	}
	return procErrno(e)
}

//go:nosplit
func end() {
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

//go:nosplit
func pause() {
	for {
		syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}

//go:nosplit
func spin() {
	for {
	}
}

//go:nosplit
func prctl(option, arg int) {
	syscall.RawSyscall6(unix.SYS_PRCTL, uintptr(option), uintptr(arg), 0, 0, 0, 0)
}

//go:nosplit
func block() {
	all := ^uint64(0)
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, 0 /* SIG_BLOCK */, uintptr(unsafe.Pointer(&all)), 0, 8, 0, 0)
}

//go:nosplit
func blocked() {
	block()
	pause()
}

//go:nosplit
func orphan() {
	prctl(unix.PR_SET_PDEATHSIG, 0)
	pause()
}

//go:nosplit
func breed() {
	for {
		pid, e := fork()
		if pid == 0 && e == 0 {
			end()
		}
		if e == 0 {
			syscall.RawSyscall6(unix.SYS_WAIT4, uintptr(pid), 0, 0, 0, 0, 0)
		}
	}
}

// vforks tells by a byte that it is there, from the child that it waits for.
//
//go:nosplit
func vforks() {
	child, _, _ := syscall.RawSyscall6(unix.SYS_CLONE, unix.CLONE_VFORK|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if child == 0 {
		b := byte(1)
		syscall.RawSyscall(unix.SYS_WRITE, uintptr(telling[1]), uintptr(unsafe.Pointer(&b)), 1)
		pause()
	}
}

var telling [2]int

// daemon is what a server does: two forks, a session of its own, no descriptors.
//
//go:nosplit
func daemon() {
	syscall.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
	if pid, _ := fork(); pid != 0 {
		end()
	}
	for fd := range uintptr(64) {
		syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	}
	block()
	pause()
}

// stoppedChild is one that has stopped itself, which its parent has seen.
func stoppedChild() error {
	pid, e := fork()
	if pid == 0 && e == 0 {
		self, _, _ := syscall.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
		for {
			syscall.RawSyscall(unix.SYS_KILL, self, uintptr(unix.SIGSTOP), 0)
		}
	}
	if e != 0 {
		return e
	}
	_, err := unix.Wait4(pid, nil, unix.WUNTRACED, nil)
	return err
}

// vforked is a process that waits, in the kernel and for nothing but a fatal signal, for a child that does not exec.
func vforked() error {
	if err := unix.Pipe2(telling[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	err := planted(vforks)
	if err == nil {
		_, err = unix.Read(telling[0], make([]byte, 1))
	}
	return err
}

// tracedChild is one that this process traces, at a stop.
func tracedChild() error {
	pid, e := fork()
	if pid == 0 && e == 0 {
		pause()
	}
	if e != 0 {
		return e
	}
	if err := unix.PtraceAttach(pid); err != nil {
		return err
	}
	_, err := unix.Wait4(pid, nil, unix.WALL, nil)
	return err
}

// tracer traces a child of its own, which asked for it and is at a stop.
//
//go:nosplit
func tracer() {
	pid, _ := fork()
	if pid == 0 {
		syscall.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0, 0, 0, 0)
		self, _, _ := syscall.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
		syscall.RawSyscall(unix.SYS_KILL, self, uintptr(unix.SIGSTOP), 0)
		pause()
	}
	syscall.RawSyscall6(unix.SYS_WAIT4, uintptr(pid), 0, unix.WALL, 0, 0, 0)
	pause()
}

// subreaper takes orphans to itself, and makes one.
//
//go:nosplit
func subreaper() {
	prctl(unix.PR_SET_CHILD_SUBREAPER, 1)
	if pid, _ := fork(); pid == 0 {
		if pid, _ := fork(); pid == 0 {
			prctl(unix.PR_SET_PDEATHSIG, int(unix.SIGCONT))
			pause()
		}
		end()
	}
	pause()
}

//go:nosplit
func renamedSelf() {
	name := [16]byte{'[', 'k', 'w', 'o', 'r', 'k', 'e', 'r', ']'}
	syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name)), 0, 0, 0, 0)
	syscall.RawSyscall(unix.SYS_SETPGID, 0, 0, 0)
	syscall.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
}

// renamed also writes over its arguments: it is found by its environment then.
//
//go:nosplit
func renamed() {
	renamedSelf()
	for _, arg := range os.Args {
		for i := range len(arg) {
			*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(arg)), i)) = 'x'
		}
	}
	pause()
}

// selfLeaderless ends the first thread, on which main runs and which is locked to it, and leaves the runtime's others.
func selfLeaderless() error {
	go func() {
		for {
			stat, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(unix.Getpid()) + "/stat")
			if err != nil || strings.Contains(string(stat), ") Z ") {
				break
			}
			time.Sleep(time.Millisecond)
		}
		note("ready")
		procWait()
	}()
	for {
		_, _, _ = syscall.Syscall(unix.SYS_EXIT, 0, 0, 0) // not a raw one: it would keep the runtime's right to run
	}
}

// breeding is a bomb of bounded size that never rests: a few processes, each of which has a child that ends at once and is followed by another.
func breeding() error {
	for range 4 {
		if err := planted(breed); err != nil {
			return err
		}
	}
	return nil
}
