package gaol

import (
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

var (
	// ErrUnsupported is what an [UnsupportedError] is: the host cannot enforce the profile.
	ErrUnsupported = errors.New("gaol: not supported by this host")
	// ErrClosed is returned for a command that starts after its Sandbox was closed.
	ErrClosed = errors.New("gaol: the sandbox is closed")
)

// ProfileError is a profile that cannot mean anything: which operation or key, which path, and why.
type ProfileError = profile.Error

// Unsupported is one operation that the host cannot enforce: the mechanism that is missing, why, and what would provide it.
type Unsupported = policy.Unsupported

// UnsupportedError is returned by [New]. It lists every operation that the host cannot enforce.
type UnsupportedError struct{ Operations []Unsupported }

func (e *UnsupportedError) Error() string {
	return (&policy.UnsupportedError{Operations: e.Operations}).Error()
}

// Is makes errors.Is(err, ErrUnsupported) hold.
func (e *UnsupportedError) Is(target error) bool { return target == ErrUnsupported }

// SetupError is a program that never ran: the step that failed, the operation of the profile that the step is for (empty if it is
// for none), and the path that it was about.
type SetupError struct {
	Step      string
	Operation string
	Path      string
	Err       error  // errors.Is works with syscall.Errno and fs.ErrNotExist and the like
	Hint      string // what may be done about it; may be empty
}

func (e *SetupError) Error() string {
	var b strings.Builder
	b.WriteString("gaol: " + e.Step)
	if e.Path != "" {
		b.WriteString(" " + e.Path)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Operation != "" {
		b.WriteString(" (for " + e.Operation + ")")
	}
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// As gives what os/exec would have returned for the same: an *exec.Error for a name that no directory of PATH has, an *fs.PathError
// for a program that cannot be executed and for a working directory that is none.
func (e *SetupError) As(target any) bool {
	nowhere := e.Step == stepExecute && !strings.Contains(e.Path, "/") && errors.Is(e, exec.ErrNotFound)
	op := ""
	switch e.Step {
	case stepExecute:
		op = "fork/exec"
	case plan.Chdir.String():
		op = "chdir"
	}
	switch t := target.(type) {
	case **exec.Error:
		if nowhere {
			*t = &exec.Error{Name: e.Path, Err: exec.ErrNotFound}
		}
		return nowhere
	case **fs.PathError:
		if op == "" || nowhere || e.Err == nil {
			return false
		}
		*t = &fs.PathError{Op: op, Path: e.Path, Err: e.Err}
		return true
	}
	return false
}

// Unwrap returns the cause and, for a program that was not found, exec.ErrNotFound.
func (e *SetupError) Unwrap() []error {
	if e.Step == stepExecute && (errors.Is(e.Err, fs.ErrNotExist) || errors.Is(e.Err, syscall.ENOTDIR)) {
		return []error{e.Err, exec.ErrNotFound}
	}
	return []error{e.Err}
}

// ExitError is a program that ran and did not succeed. Its fields and methods are those of *exec.ExitError, so that a check for the one
// becomes a check for the other by the package's name. It cannot be that type as well: what is in an os.ProcessState only the os package
// can set. Code that is to take both can ask errors.As for an interface{ error; ExitCode() int }.
type ExitError struct {
	*ProcessState
	Stderr []byte // what Output collected, as in os/exec
}

// Error is the text of os/exec; where a limit ended the program, which one follows.
func (e *ExitError) Error() string {
	if e.ProcessState != nil && e.limit != "" {
		return e.ProcessState.String() + " (" + e.limit + ")"
	}
	return e.ProcessState.String()
}
