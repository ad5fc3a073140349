//go:build linux && cgo

// Package either is one face for the Cmd of os/exec and that of gaol, so that the same case runs through both and what was seen can be
// compared. It decides nothing about what is right, but it takes off what is known to differ in every error of a program that never ran:
// the words before the path.
package either

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol"
)

// Methods are those of both.
type Methods interface {
	Start() error
	Wait() error
	Run() error
	Output() ([]byte, error)
	CombinedOutput() ([]byte, error)
	StdinPipe() (io.WriteCloser, error)
	StdoutPipe() (io.ReadCloser, error)
	StderrPipe() (io.ReadCloser, error)
	Environ() []string
	String() string
}

// State is what an os.ProcessState and gaol's can both do.
type State interface {
	ExitCode() int
	Exited() bool
	Success() bool
	Pid() int
	Sys() any
	SysUsage() any
	UserTime() time.Duration
	SystemTime() time.Duration
	String() string
}

// Process is what an os.Process and gaol's can both do, with the one type for what Wait returns.
type Process struct {
	Signal        func(os.Signal) error
	Kill, Release func() error
	Wait          func() (State, error)
	Pid           func() int
}

// Cmd is a command of the one or the other; the fields point to its.
type Cmd struct {
	Methods
	Outside        bool // of os/exec
	Path, Dir      *string
	Args, Env      *[]string
	Stdin          *io.Reader
	Stdout, Stderr *io.Writer
	ExtraFiles     *[]*os.File
	Err            *error
	Cancel         *func() error
	WaitDelay      *time.Duration
	Process        func() *Process // nil before it has started
	State          func() State    // nil before it has ended
}

// Outside makes one of os/exec; without a context if ctx is nil.
func Outside(ctx context.Context, name string, arg ...string) *Cmd {
	c := exec.Command(name, arg...)
	if ctx != nil {
		c = exec.CommandContext(ctx, name, arg...)
	}
	return &Cmd{Methods: c, Outside: true, Path: &c.Path, Dir: &c.Dir, Args: &c.Args, Env: &c.Env, Stdin: &c.Stdin, Stdout: &c.Stdout, Stderr: &c.Stderr,
		ExtraFiles: &c.ExtraFiles, Err: &c.Err, Cancel: &c.Cancel, WaitDelay: &c.WaitDelay,
		Process: func() *Process {
			p := c.Process
			if p == nil {
				return nil
			}
			return &Process{p.Signal, p.Kill, p.Release, func() (State, error) { s, err := p.Wait(); return state(s == nil, s), err }, func() int { return p.Pid }}
		},
		State: func() State { return state(c.ProcessState == nil, c.ProcessState) }}
}

// Inside makes one of gaol.
func Inside(s *gaol.Sandbox, ctx context.Context, name string, arg ...string) *Cmd {
	c := s.Command(ctx, name, arg...)
	return &Cmd{Methods: c, Path: &c.Path, Dir: &c.Dir, Args: &c.Args, Env: &c.Env, Stdin: &c.Stdin, Stdout: &c.Stdout, Stderr: &c.Stderr,
		ExtraFiles: &c.ExtraFiles, Err: &c.Err, Cancel: &c.Cancel, WaitDelay: &c.WaitDelay,
		Process: func() *Process {
			p := c.Process
			if p == nil {
				return nil
			}
			return &Process{p.Signal, p.Kill, p.Release, func() (State, error) { s, err := p.Wait(); return state(s == nil, s), err }, func() int { return p.Pid }}
		},
		State: func() State { return state(c.ProcessState == nil, c.ProcessState) }}
}

// state keeps a nil pointer from becoming an interface that is not nil.
func state(none bool, s State) State {
	if none {
		return nil
	}
	return s
}

// Exit is the *ExitError in err, if there is one, of either package.
func Exit(err error) (s State, stderr []byte, ok bool) {
	var inside *gaol.ExitError
	var outside *exec.ExitError
	switch {
	case errors.As(err, &inside):
		return inside, inside.Stderr, true
	case errors.As(err, &outside):
		return outside, outside.Stderr, true
	}
	return nil, nil, false
}

// Text is an error's text, in gaol's words.
func Text(err error) string {
	if err == nil {
		return "nil"
	}
	text := err.Error()
	var setup *gaol.SetupError
	var lookup *exec.Error
	switch {
	case errors.As(err, &setup):
		return (&gaol.SetupError{Step: setup.Step, Path: setup.Path, Err: setup.Err}).Error() // without what gaol says more
	case errors.As(err, &lookup) && lookup.Err == exec.ErrNotFound:
		return strings.ReplaceAll("gaol: execute "+lookup.Name+": no such file or directory", " :", ":")
	}
	for theirs, ours := range map[string]string{"exec: ": "gaol: ", "os: ": "gaol: ", "fork/exec ": "gaol: execute ", "chdir ": "gaol: change directory "} {
		if rest, ok := strings.CutPrefix(text, theirs); ok && text != os.ErrProcessDone.Error() {
			return ours + rest
		}
	}
	return text
}

// Saw is what came of a command: the error, the state, and what else there is to see.
func (c *Cmd) Saw(err error, outputs ...any) string {
	text := "error " + Text(err)
	if _, stderr, ok := Exit(err); ok {
		text += fmt.Sprintf(" (exit, stderr %q)", stderr)
	}
	if s := c.State(); s != nil {
		text += fmt.Sprintf("; %v, code %d, exited %v, success %v", s, s.ExitCode(), s.Exited(), s.Success())
	} else {
		text += "; no state"
	}
	for _, o := range outputs {
		switch o := o.(type) {
		case []byte:
			text += fmt.Sprintf("; %q", o)
		case fmt.Stringer:
			text += fmt.Sprintf("; %q", o.String())
		case error:
			text += "; " + Text(o)
		default:
			text += fmt.Sprintf("; %v", o)
		}
	}
	return text
}
