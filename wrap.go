package gaol

// This file turns an exec.Cmd into a Cmd. What it cannot carry over it refuses by name; it must never let a command run with less than
// was asked for, or outside.

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// WrapError is what of an exec.Cmd [Wrap] cannot carry over. errors.Is(err, errors.ErrUnsupported) holds.
type WrapError struct{ Refused []Refused }

// Refused is a field, such as "SysProcAttr.Chroot", or a method that was called, such as "StdoutPipe"; why it cannot be carried over; and
// what to do instead.
type Refused struct{ Field, Reason string }

func (e *WrapError) Error() string {
	var texts []string
	for _, r := range e.Refused {
		texts = append(texts, r.Field+": "+r.Reason)
	}
	return "gaol: the command cannot be wrapped: " + strings.Join(texts, "; ")
}

// Is makes errors.Is(err, errors.ErrUnsupported) hold.
func (e *WrapError) Is(target error) bool { return target == errors.ErrUnsupported }

var (
	errWrapped = errors.New("gaol: the command was given to Wrap; what Wrap returned is to be started")
	errWrapNil = errors.New("gaol: there is nothing to wrap")
)

// Wrap makes a Cmd for the sandbox of a command that was prepared for os/exec and has not been started. From then on c fails to start, so
// that it does not run outside by mistake; where Wrap fails, c is as it was.
//
// Path, Args, Dir, Stdin, Stdout, Stderr, ExtraFiles, Err and WaitDelay are carried over. Path is what exec.Command found, in this
// process's PATH and on this host; it is executed inside, and must be there. A Dir that is relative becomes absolute.
//
// Env is carried over, but an Env of nil stays nil and does not come to mean this process's environment: see [Cmd]. Who means that sets
// Env to os.Environ(), or to c.Environ().
//
// The context of exec.CommandContext cannot be read from c, so that ctx is to be the same; it may be nil where c has none. When it ends the
// command is killed, or left alone where c has a context and a Cancel of nil. A Cancel of the caller's own is refused: it would act on
// c.Process, which there never is; set it on what Wrap returns.
//
// A SysProcAttr may ask for what a sandbox gives anyhow (Setsid, Setpgid, Noctty and, but on macOS, Pdeathsig SIGKILL) and for a Credential. All else in it is
// refused, as are pipes that c was asked for: ask what Wrap returns for them. The error is a *[WrapError], and lists all that is refused.
func Wrap(ctx context.Context, s *Sandbox, c *exec.Cmd) (*Cmd, error) {
	switch {
	case s == nil || c == nil:
		return nil, errWrapNil
	case c.Err == errWrapped:
		return nil, errWrapped
	}
	w := s.Command(ctx, "")
	refused := uncarried(ctx, c)
	credential, attributes := fromSysProcAttr(c.SysProcAttr)
	if refused = append(refused, attributes...); len(refused) > 0 {
		return nil, &WrapError{refused}
	}
	dir := c.Dir
	if dir != "" && !filepath.IsAbs(dir) {
		var err error
		if dir, err = filepath.Abs(dir); err != nil {
			return nil, err
		}
	}
	w.Path = c.Path
	if c.Path != "" && !strings.Contains(c.Path, "/") { // os/exec looks nothing up any more
		w.Path = "./" + c.Path
	}
	w.Args, w.Env, w.ExtraFiles = slices.Clone(c.Args), slices.Clone(c.Env), slices.Clone(c.ExtraFiles)
	w.Stdin, w.Stdout, w.Stderr = c.Stdin, c.Stdout, c.Stderr
	w.Dir, w.WaitDelay, w.Err, w.Credential = dir, c.WaitDelay, c.Err, credential
	if c.Cancel == nil && kept(c, "ctx") {
		w.Cancel = nil
	}
	c.Err = errWrapped
	return w, nil
}

// uncarried are the reasons why c is none that Wrap can take, but for its SysProcAttr.
func uncarried(ctx context.Context, c *exec.Cmd) (refused []Refused) {
	no := func(bad bool, field, reason string) {
		if bad {
			refused = append(refused, Refused{field, reason})
		}
	}
	no(c.Process != nil || c.ProcessState != nil || kept(c, "startCalled"), "Process", "the command was started already")
	no(kept(c, "ctx") && ctx == nil, "Context", "it cannot be read; give Wrap the same")
	no(c.Cancel != nil && reflect.ValueOf(c.Cancel).Pointer() != defaultCancel, "Cancel", "it would act on an exec.Cmd that never runs; set it to nil, and set that of the Cmd that Wrap returns")
	no(kept(c, "parentIOPipes"), "StdinPipe, StdoutPipe, StderrPipe", "nobody would close their other ends; ask the Cmd that Wrap returns for them")
	return refused
}

// kept says that an exec.Cmd has something in a field that is not exported. Where this version of os/exec has no such field nobody can tell
// whether there is something to lose, and so there is; a test finds that out first.
func kept(c *exec.Cmd, field string) bool {
	f := reflect.ValueOf(c).Elem().FieldByName(field)
	return !f.IsValid() || !f.IsZero()
}

// defaultCancel is the code of the Cancel that exec.CommandContext sets. One whose code lies elsewhere is refused.
var defaultCancel = reflect.ValueOf(exec.CommandContext(context.Background(), "/").Cancel).Pointer()
