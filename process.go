package gaol

import (
	"os"
	"strconv"
	"syscall"
	"time"
)

// Process is a running sandbox, by the number of its init. The program itself is not this process, but signals reach it.
type Process struct {
	Pid int
	c   *child
}

// Signal sends a signal to the program. SIGKILL ends everything in the sandbox; SIGSTOP cannot be passed on and is refused. After
// the end it returns os.ErrProcessDone.
func (p *Process) Signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return &os.SyscallError{Syscall: "kill", Err: syscall.EINVAL}
	}
	if p.c == nil {
		return os.ErrProcessDone
	}
	return p.c.signal(s)
}

// Kill ends everything in the sandbox at once.
func (p *Process) Kill() error { return p.Signal(syscall.SIGKILL) }

// ProcessState is how a program ended. Its methods are those of os.ProcessState.
type ProcessState struct {
	pid    int
	code   int // -1: ended by sig
	sig    syscall.Signal
	core   bool
	denied bool // by SIGSYS: a system call that OnDenied(Kill) forbids
	lost   bool // the init ended without a word: everything was killed from outside
	by     by   // who sent the SIGKILL
	usage  Usage
	killed int
	end    End
	limit  string // which limit, and how much it is, where end is a limit's
	call   deniedCall
}

// ExitCode returns the exit code; -1 if the program was ended by a signal.
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
