//go:build cgo && (darwin || freebsd)

package gaol

// This file is what macOS and FreeBSD share: a plan whose last step the program's process applies to itself. What differs is in gaol_darwin.go
// and gaol_freebsd.go, which have these functions:
//
//	probe() (h policy.Host, sure bool)                       what the host can enforce; kept for the life of the process
//	compile(p *policy.Policy, h policy.Host, mark string, log bool) (plan.Plan, error)   log: what is denied shall be logged with the mark
//	marked(*policy.Policy) bool                              each command takes a plan of its own, with its own mark
//	adapt(*Sandbox, *plan.Command) (release func(), err error)  what the command itself needs to be like
//	(*child).others() []int                                  live processes of the command, without the program
//	(*Cmd).systemGuards() []guard

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/perf"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/gaol-sandbox/gaol/internal/sbpl"
)

func facts() (policy.Host, error) {
	h, _ := probe()
	return h, nil
}

// template is a plan that is ready to be applied.
type template struct {
	policy policy.Policy
	host   policy.Host
	plan   plan.Plan
	core   *csrc.Template
}

func (t *template) build(p policy.Policy, h policy.Host) (err error) {
	t.policy, t.host = p, h
	t.plan, t.core, err = ready(&p, h, "", false)
	return err
}

// ready compiles and prepares a plan; the caller closes what it returns.
func ready(p *policy.Policy, h policy.Host, mark string, log bool) (plan.Plan, *csrc.Template, error) {
	steps, err := compile(p, h, mark, log)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	encoded, err := steps.Encode()
	if err != nil {
		return plan.Plan{}, nil, err
	}
	last := plan.Limits
	if n := len(steps.Steps); n > 0 {
		last = steps.Steps[n-1].Op
	}
	core, err := csrc.Prepare(encoded, last)
	if err != nil {
		return plan.Plan{}, nil, failure(&steps, err, nil)
	}
	return steps, core, nil
}

func (t *template) ahead(bool) {}

func (t *template) close() {
	if t.core != nil {
		t.core.Close()
	}
}

// String is the plan, and Seatbelt's profile behind it, where it can be read.
func (t *template) String() string {
	p := t.plan
	p.Steps = slices.Clone(p.Steps)
	text := ""
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Op == plan.Seatbelt {
			text = "\n" + sbpl.Profile{Text: s.Text, Params: s.Params}.String()
			s.Text, s.Params = fmt.Sprint(len(s.Text), " bytes"), nil
		}
	}
	return p.String() + text
}

// try has nothing to find out: probe has, and the profile was compiled.
func (s *Sandbox) try() error { return nil }

// ids are the real, effective and saved users and groups. macOS does not tell the last, which is taken for the effective one.
func ids() (uids, gids [3]int) {
	return [3]int{os.Getuid(), os.Geteuid(), os.Geteuid()}, [3]int{os.Getgid(), os.Getegid(), os.Getegid()}
}

// user is the program's user; nil for nil.
func (s *Sandbox) user(c *Credential) (*plan.User, func(), error) {
	nothing := func() {}
	if c == nil {
		return nil, nothing, settled()
	}
	if err := c.check(); err != nil {
		return nil, nothing, err
	}
	refuse := func(err error, hint string) error { return &SetupError{Step: stepCredential, Err: err, Hint: hint} }
	if c.Dynamic {
		return nil, nothing, &UnsupportedError{[]Unsupported{{Operation: "Credential.Dynamic", Mechanism: "user namespaces",
			Detail: "they are of Linux; a number that nobody has now can be given to an account while the program runs", Fix: "Uid and Gid of an account made for it"}}}
	}
	if os.Geteuid() != 0 {
		return nil, nothing, refuse(syscall.EPERM, "only root may choose another user")
	}
	return &plan.User{Uid: c.Uid, Gid: c.Gid, Groups: c.Groups}, nothing, nil
}

// start runs a command; the caller of Wait ends what it returns.
func (s *Sandbox) start(command plan.Command, _ policy.Limits) (*child, error) {
	command.CPU, command.Processors = 0, 0 // they are for an init
	argv := command.Argv                   // adapt may put others before them
	release, err := adapt(s, &command)
	if err != nil {
		return nil, err
	}
	defer release()
	encoded, err := command.Encode()
	if err != nil {
		return nil, &SetupError{Step: stepExecute, Path: command.Argv[0], Err: syscall.E2BIG, Hint: err.Error()}
	}
	steps, core, mark, log := s.template.plan, s.template.core, command.Mark, command.Mark != ""
	if core == nil {
		return nil, ErrClosed
	}
	if marked(&s.policy) || log {
		if mark == "" {
			mark = newMark()
		}
		if steps, core, err = ready(&s.policy, s.host, mark, log); err != nil {
			return nil, err
		}
		defer core.Close()
	}
	spawned, err := core.Spawn(encoded)
	if errors.Is(err, csrc.ErrClosed) {
		return nil, ErrClosed
	}
	if err != nil {
		command.Argv = argv
		return nil, failure(&steps, err, &command)
	}
	return &child{pid: spawned.Pid, descriptor: spawned.Descriptor, mark: mark, processes: s.policy.Processes}, nil
}

// failure turns the child's record back into what the caller wrote.
func failure(p *plan.Plan, err error, c *plan.Command) error {
	var f *plan.Failure
	if !errors.As(err, &f) {
		return err
	}
	e := &SetupError{Step: f.Op.String(), Err: f.Errno, Hint: strings.TrimSpace(f.Text)}
	switch {
	case c == nil:
	case f.Op == plan.Exec && int(f.Step) < len(c.Candidates):
		e.Path = c.Candidates[f.Step]
		if len(c.Candidates) > 1 && f.Errno == syscall.ENOENT {
			e.Path = c.Argv[0]
		}
	case f.Op == plan.Chdir:
		e.Path = c.Dir
	case f.Op == plan.FD:
		e.Path = fmt.Sprint(f.Step)
	case f.Op == plan.Credential && c.User != nil:
		e.Path = fmt.Sprint("uid ", c.User.Uid)
	}
	switch {
	case e.Hint != "":
	case f.Op == plan.Exec && (f.Errno == syscall.EPERM || f.Errno == syscall.EACCES):
		e.Hint = fmt.Sprintf("the file's mode or the profile does not allow executing it or its interpreter: FileRead and FileExecute of Literal(%q)", e.Path)
	default:
		e.Hint = advice(f)
	}
	return e
}

// held is the limit that a program has without one of its own: this process's.
func held(resource uint32) plan.Limit {
	if resource == rlimitFiles {
		n := csrc.Nofile()
		return plan.Limit{Soft: n[0], Hard: n[1]}
	}
	var l syscall.Rlimit
	if err := syscall.Getrlimit(int(resource), &l); err != nil { // it has no reason to fail; then nothing may be raised
		return plan.Limit{}
	}
	return plan.Limit{Soft: uint64(l.Cur), Hard: uint64(l.Max)}
}

func online() uint32 { return uint32(min(runtime.NumCPU(), math.MaxInt32)) }

func openCounter() (perf.Counter, error) { return nil, ErrUnsupported }

func limitFacts(profile.Limits, *policy.Host) {}

// groupShape: there are no cgroups.
func groupShape(policy.Limits) string { return "" }
