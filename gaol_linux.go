//go:build linux && cgo

package gaol

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/linuxplan"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/seccomp"
	"golang.org/x/sys/unix"
)

// compile turns a policy into the plan for this host.
func compile(p policy.Policy, h policy.Host) (plan.Plan, error) {
	filter, err := seccomp.Filter(seccomp.Grants{Processes: p.Processes, Internet: p.Outbound, Listen: p.Inbound, Kill: p.Kill})
	if err != nil {
		return plan.Plan{}, fmt.Errorf("gaol: compile the seccomp filter: %w", err)
	}
	return linuxplan.Compile(p, h, filter)
}

// shared is what every sandbox of the process uses: the init's executable and this process, as descriptors. They stay open.
var shared = sync.OnceValues(func() (fds struct{ init, caller int }, err error) {
	if fds.init, err = csrc.InitImage(); err != nil {
		return fds, fmt.Errorf("make the init's executable: %w", err)
	}
	fds.caller, err = unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fds, fmt.Errorf("pidfd_open: %w", err)
	}
	return fds, nil
})

// template is a plan whose build stage has run.
type template struct {
	plan plan.Plan
	core *csrc.Template
}

func (t *template) build(p policy.Policy, h policy.Host) error {
	if _, err := shared(); err != nil {
		return &SetupError{Step: plan.ExecInit.String(), Err: err}
	}
	var err error
	if t.plan, err = compile(p, h); err != nil {
		return err
	}
	encoded, err := t.plan.Encode()
	if err != nil {
		return err
	}
	t.core, err = csrc.Build(encoded)
	return t.failure(err, nil)
}

func (t *template) close()         { t.core.Close() }
func (t *template) String() string { return t.plan.String() }

// start runs a command; the caller of Wait ends what it returns.
func (s *Sandbox) start(c plan.Command) (*child, error) {
	encoded, err := c.Encode()
	if err != nil {
		return nil, &SetupError{Step: stepExecute, Path: c.Argv[0], Err: unix.E2BIG, Hint: err.Error()}
	}
	fds, err := shared()
	if err != nil {
		return nil, err
	}
	spawned, err := s.template.core.Spawn(encoded, fds.init, fds.caller)
	if errors.Is(err, csrc.ErrClosed) {
		return nil, ErrClosed
	}
	if err != nil {
		return nil, s.explain(s.template.failure(err, &c))
	}
	return &child{pid: spawned.Pid, pidfd: spawned.Pidfd, status: spawned.Status, dying: &s.dying}, nil
}

// failure turns the child's record back into what the caller wrote.
func (t *template) failure(err error, c *plan.Command) error {
	var f *plan.Failure
	if !errors.As(err, &f) {
		return err
	}
	e := &SetupError{Step: f.Op.String(), Err: f.Errno}
	switch {
	case f.Op < plan.CloneBuilder && int(f.Step) < len(t.plan.Steps):
		s := t.plan.Steps[f.Step]
		e.Path, e.Operation = s.Path, s.Why
		if s.Op == plan.Bind {
			e.Path = s.Text
			if f.Errno == unix.ELOOP || f.Errno == unix.ENOENT {
				e.Hint = "the path has changed since the profile was resolved"
			}
		}
	case c == nil:
	case f.Op == plan.Exec && int(f.Step) < len(c.Candidates):
		e.Path = c.Candidates[f.Step]
		if len(c.Candidates) > 1 && f.Errno == unix.ENOENT {
			e.Path = c.Argv[0]
		}
	case f.Op == plan.Chdir:
		e.Path = c.Dir
	case f.Op == plan.FD:
		e.Path = fmt.Sprintf("%d", f.Step)
	}
	return e
}
