package gaol

// This file is a running program and how it ended, with the methods that os.Process and os.ProcessState have. Whatever is asked of a
// program that has ended must reach no other one, by a number that is used again.

import (
	"errors"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is a running sandbox, by the number of its init. The program itself is not this process, but signals reach it. On macOS and FreeBSD there
// is no init, and it is the program.
type Process struct {
	// Pid is the init's number on the host, or the program's where there is none; -1 after Release.
	Pid   int
	child *child
	cmd   *Cmd
	state atomic.Uint32 // running, waited, released
}

const (
	running = iota
	waited
	released
)

// Signal sends a signal to the program. SIGKILL ends everything in the sandbox; SIGSTOP and SIGSTKFLT cannot be passed on and are refused. After
// the end it returns os.ErrProcessDone.
func (p *Process) Signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	switch {
	case !ok:
		return errors.New("gaol: unsupported signal type")
	case p.child == nil:
		return os.ErrProcessDone
	case p.state.Load() == released:
		return errors.New("gaol: process already released")
	}
	return p.child.signal(s)
}

// Kill ends everything in the sandbox at once.
func (p *Process) Kill() error { return p.Signal(syscall.SIGKILL) }

// Wait waits for the end of the program alone, not for the copying to and from it, and does not call a failure an error. [Cmd.Wait] does
// all of that, and is what most callers want; only one of the two can be called. As in os/exec, the pipes of a Cmd that is waited for
// like this stay the caller's to close.
func (p *Process) Wait() (*ProcessState, error) {
	if p.child == nil || !p.state.CompareAndSwap(running, waited) {
		if p.state.Load() == waited {
			return nil, os.NewSyscallError("wait", syscall.ECHILD)
		}
		return nil, syscall.EINVAL
	}
	state, err := p.end()
	if state != nil {
		state.usage.Wall = time.Since(p.cmd.started)
	}
	return state, err
}

// end waits until everything in the sandbox is gone, and gives back what the command held.
func (p *Process) end() (*ProcessState, error) {
	state, err := p.child.wait(p.cmd.Stopped)
	p.cmd.release()
	if state != nil {
		p.cmd.settle(state)
	}
	return state, err
}

// Ended says whether the program has ended, waiting for that for so long at most, in the calling thread; a negative limit is none. On Linux all that it
// left behind is gone, too. It takes nothing in: Wait does, and then waits for the copying to and from the program alone. Many goroutines may call it at
// once, also while another waits.
func (p *Process) Ended(limit time.Duration) (bool, error) {
	if p.child == nil {
		return true, nil
	}
	return p.child.ended(limit, p.cmd.Stopped)
}

// Release gives the program up: it goes on, nobody learns how it ends, and Wait and Signal are errors from here on. It needs to be called
// only where Wait is not. What the program leaves behind still ends with it, all of it with this process (not on macOS: see docs/SECURITY.md), and its limits hold; its context no
// longer ends it.
func (p *Process) Release() error {
	p.Pid = -1
	if p.child != nil && p.state.CompareAndSwap(running, released) {
		go func() { _, _ = p.end() }() // nobody else reaps its init
	}
	return nil
}

// ProcessState is how a program ended. Its methods are those of os.ProcessState, and more.
type ProcessState struct {
	pid    int
	code   int // -1: ended by sig
	sig    syscall.Signal
	core   bool
	denied bool // by a system call that OnDenied(Kill) forbids
	own    bool // if by SIGSYS, then by the program's own
	lost   bool // the init ended without a word: everything was killed from outside
	by     by   // who sent the SIGKILL
	usage  Usage
	killed int
	end    End
	limit  string // which limit, and how much it is, where end is a limit's
	call   deniedCall
	sys    any // as the system gives them
	rusage any
}

// ExitCode returns the exit code; -1 if the program was ended by a signal, or has not ended.
func (s *ProcessState) ExitCode() int {
	if s == nil {
		return -1
	}
	return s.code
}

// Exited says that the program ended by itself, not by a signal.
func (s *ProcessState) Exited() bool { return s.code >= 0 }

// Success says that the exit code was 0.
func (s *ProcessState) Success() bool { return s.code == 0 }

// Signal returns the signal that ended the program; 0 if none did.
func (s *ProcessState) Signal() syscall.Signal { return s.sig }

// CoreDump says that a core was written, which takes Limits.Core.
func (s *ProcessState) CoreDump() bool { return s.core }

// Pid returns the number that the sandbox's init had.
func (s *ProcessState) Pid() int { return s.pid }

// Sys is the program's wait status, a syscall.WaitStatus.
func (s *ProcessState) Sys() any { return s.sys }

// SysUsage is a *syscall.Rusage: what the program and those of its children that it waited for have used.
func (s *ProcessState) SysUsage() any { return s.rusage }

// UserTime and SystemTime are the processor time of the program and of those of its children that it waited for.
func (s *ProcessState) UserTime() time.Duration { return s.usage.User }

// SystemTime: see UserTime.
func (s *ProcessState) SystemTime() time.Duration { return s.usage.System }

// String is the text that os.ProcessState gives for the same end.
func (s *ProcessState) String() string {
	if s == nil {
		return "<nil>"
	}
	if s.code >= 0 {
		return "exit status " + strconv.Itoa(s.code)
	}
	text := "signal: " + s.sig.String()
	if s.core {
		text += " (core dumped)"
	}
	return text
}
