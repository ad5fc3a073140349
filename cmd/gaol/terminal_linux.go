package main

// This file makes the program a job of gaol's terminal, and plays the shell's part when it stops. gaol must never take the
// foreground from the shell: it gives only what its own group has, and takes back only from the sandbox.

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal. The methods of nil do nothing.
type terminal struct {
	file  *os.File
	alone bool // gaol is its group, and has the foreground

	mu      sync.Mutex
	program int            // the process, which starts as the leader of a group; 0: there is none
	told    syscall.Signal // the last one that came to gaol for its group
}

// findTerminal returns the controlling terminal, if the program is given it. The program has the foreground from the start if gaol
// is alone there. In a pipeline, a script or under make the others need it too: there, and when it comes from the background, the
// program gets it when it asks, which the kernel tells by a stop.
func findTerminal(files [3]*os.File) *terminal {
	for _, f := range files {
		if group, err := foreground(f); err == nil {
			// From now on gaol moves the foreground while it is in the background (man 3 tcsetpgrp).
			signal.Ignore(unix.SIGTTOU)
			leads := group == unix.Getpgrp() && group == os.Getpid()
			return &terminal{file: f, alone: leads && !isPipe(files[0]) && !isPipe(files[1])}
		}
	}
	return nil
}

// foreground is the foreground group; an error unless f is gaol's controlling terminal.
func foreground(f *os.File) (int, error) {
	group, err := unix.IoctlGetUint32(int(f.Fd()), unix.TIOCGPGRP)
	return int(group), err
}

func (t *terminal) give(group int) error {
	return unix.IoctlSetPointerInt(int(t.file.Fd()), unix.TIOCSPGRP, group)
}

func isPipe(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeNamedPipe != 0
}

// started finds the program: it is the oldest child of the sandbox's init. Not before is it given the foreground: Ctrl-Z would
// stop it on its way to exec, which Start waits for.
func (t *terminal) started(init int) {
	if t == nil {
		return
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", init)); err == nil {
		_, _ = fmt.Sscan(string(b), &t.program)
	}
	t.resumed()
}

// pass hands on a signal that the terminal sends to a group, to a group. What else gaol gets is for the program alone.
func (t *terminal) pass(sig os.Signal) bool {
	if t == nil || sig != unix.SIGINT && sig != unix.SIGQUIT && sig != unix.SIGTSTP {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told = sig.(syscall.Signal)
	return t.program > 0 && unix.Kill(-t.program, t.told) == nil
}

// stopped does what is to be done before the program, which a signal has stopped, goes on.
func (t *terminal) stopped(sig syscall.Signal) {
	group, err := foreground(t.file)
	program, perr := unix.Getpgid(t.program)
	if err != nil || perr != nil {
		return
	}
	if t.program == 0 {
		program = -1 // not known, so it cannot be given anything
	}
	asks, inside := sig == unix.SIGTTIN || sig == unix.SIGTTOU, t.inside(group)
	switch {
	case asks && group == program:
		return // it has been given meanwhile
	case asks && group == unix.Getpgrp() && t.give(program) == nil:
		return
	case inside:
		_ = t.give(unix.Getpgrp())
	}
	// The rest of gaol's group stops with it if the stop was for the sandbox alone until now: from a key, or from the kernel.
	suspend(asks || inside)
	switch has := t.inForeground(); {
	case has && asks:
		_ = t.give(program)
	case has && inside: // not every program asks: an interactive shell ignores the stop
		if t.give(group) != nil { // that group may be gone
			_ = t.give(program)
		}
	case asks:
		time.Sleep(time.Second / 10) // so that it does not ask all the time where gaol cannot be stopped
	}
}

// resumed gives the foreground to a program that runs. After a SIGSTOP of gaol alone it has lost it to the shell.
func (t *terminal) resumed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.alone && t.program > 0 && t.inForeground() {
		_ = t.give(t.program)
	}
}

// inside says that a group is the sandbox's. Its leader may be gone; then it is not known, and a shell takes the foreground itself.
func (t *terminal) inside(group int) bool {
	namespace := func(pid int) string {
		s, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
		return s
	}
	return group > 1 && namespace(group) != "" && namespace(group) == namespace(t.program)
}

func (t *terminal) inForeground() bool {
	group, err := foreground(t.file)
	return err == nil && group == unix.Getpgrp()
}

// ended takes the foreground back when the sandbox is over: its group, then, has no process left. If a key has ended the program,
// the rest of gaol's group is to know.
func (t *terminal) ended(by syscall.Signal) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.program = 0
	group, err := foreground(t.file)
	if err != nil || group <= 1 || !errors.Is(unix.Kill(-group, 0), unix.ESRCH) || t.give(unix.Getpgrp()) != nil {
		return
	}
	if (by == unix.SIGINT || by == unix.SIGQUIT) && by != t.told {
		_ = unix.Kill(0, by)
	}
}

// suspend stops gaol, or its whole group, with the default action of SIGTSTP, not SIGSTOP: where nobody could continue it, because
// its group is orphaned, the kernel leaves it running (man 2 setpgid). gaol's goes to this thread, so that it acts before the call
// returns.
func suspend(group bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// os/signal cannot bring the default action back. What follows the handler may be zero in the kernel's layout of every architecture.
	const size = 8 // of the kernel's sigset_t
	var old [8]uint64
	act := func(set, get *[8]uint64) {
		_, _, _ = unix.Syscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGTSTP), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), size, 0, 0)
	}
	if group {
		act(&[8]uint64{1}, &old) // SIG_IGN
		_ = unix.Kill(0, unix.SIGTSTP)
		act(&[8]uint64{0}, nil) // SIG_DFL
	} else {
		act(&[8]uint64{0}, &old)
	}
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), unix.SIGTSTP)
	act(&old, nil)
}

// atTerminal says that gaol's group has the foreground of its controlling terminal.
func atTerminal() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	group, err := unix.IoctlGetUint32(fd, unix.TIOCGPGRP)
	return err == nil && int(group) == unix.Getpgrp()
}
