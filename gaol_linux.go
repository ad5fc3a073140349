//go:build linux && cgo

package gaol

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/gaol-sandbox/gaol/csrc"
	rights "github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/linuxplan"
	"github.com/gaol-sandbox/gaol/internal/once"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/seccomp"
	"golang.org/x/sys/unix"
)

// ours is what every sandbox of the process uses: the init's executable and this process, as descriptors. They stay open.
var ours struct {
	sync.Mutex
	made         bool
	init, caller int
}

// shared returns ours. A failure is not kept: descriptors run out, and come back.
func shared() (init, caller int, err error) {
	ours.Lock()
	defer ours.Unlock()
	if ours.made {
		return ours.init, ours.caller, nil
	}
	if init, err = csrc.InitImage(); err != nil {
		return 0, 0, &SetupError{Step: plan.ExecInit.String(), Err: err}
	}
	if caller, err = unix.PidfdOpen(os.Getpid(), 0); err != nil {
		_ = unix.Close(init)
		return 0, 0, &SetupError{Step: "open the calling process", Err: err}
	}
	ours.init, ours.caller, ours.made = init, caller, true
	return init, caller, nil
}

// template is a plan whose build stage has run: once is that stage, plan what each spawn goes through.
type template struct {
	once, plan plan.Plan
	core       *csrc.Template
	bare       bare
}

// grants is what the seccomp filter depends on.
func grants(p *policy.Policy) seccomp.Grants {
	return seccomp.Grants{Processes: p.Processes, Internet: p.Outbound, Listen: p.Inbound || p.Has(rights.BindTCP|rights.BindUDP), Watch: p.Watch, Kill: p.Kill,
		TCP: p.Has(rights.ConnectTCP), UDP: p.Has(rights.BindUDP | rights.ConnectUDP), Local: p.Local, LocalListen: p.LocalListen,
		Trace: p.Trace, Pipes: p.Pipes, SystemV: p.SystemV, Queues: p.Queues, Attributes: p.Attributes, Truncate: p.Truncate, Peers: p.Peers, Unmapped: p.Unmapped, Names: p.Names}
}

// build compiles and builds; the caller closes t, also where it fails.
func (t *template) build(p policy.Policy, h policy.Host) error {
	if _, _, err := shared(); err != nil {
		return err
	}
	type compiled struct {
		filter []plan.Instruction
		err    error
	}
	filter := make(chan compiled, 1)
	get := func() {
		f, err := seccomp.Filter(grants(&p))
		filter <- compiled{f, err}
	}
	if seccomp.BuiltIn(grants(&p)) {
		get()
	} else {
		go get() // libseccomp takes as long as the kernel does with the namespaces: both at once
	}
	full, err := linuxplan.Compile(p, h)
	if err != nil {
		return err
	}
	if err := t.prepare(full, p.Network(), p.Limits.Instructions == 0, p.Limits.Cgroup); err != nil {
		return err
	}
	f := <-filter
	if f.err != nil {
		return fmt.Errorf("gaol: compile the seccomp filter: %w", f.err)
	}
	self := seccomp.Self(p.Engine == policy.LandlockEngine, p.Processes, p.Kill)
	if p.Kill && linuxplan.Self(&p, h) {
		f.filter = seccomp.Both(self, f.filter)
	}
	linuxplan.SetFilter(t.plan, f.filter)
	linuxplan.SetSelf(t.plan, self)
	encoded, err := t.plan.Encode()
	if err == nil {
		err = t.core.Load(encoded)
	}
	return err
}

// prepare builds the template, if there is to be one; ahead says that a process may be made before it is known when it starts;
// grouped, that the command has a cgroup, for which its process 1 is made otherwise.
func (t *template) prepare(full plan.Plan, network, ahead, grouped bool) (err error) {
	if once.Only && full.Own() && ahead {
		t.plan = full
		if grouped {
			t.core = csrc.NoTemplate()
		} else {
			t.ahead(network)
		}
		return nil
	}
	if t.core != nil {
		t.core.Close() // what was made ahead for another engine
	}
	t.once, t.plan = full.Only(plan.Build), full.Only(plan.Init, plan.Program, plan.Confine)
	encoded, err := t.once.Encode()
	if err != nil {
		return err
	}
	t.core, err = csrc.Build(encoded)
	if errors.Is(err, unix.ETOOMANYREFS) {
		// The descriptors come through a socket, and a program of the same user can hold as many in flight as all of them may. Without
		// a template each command builds its own view, which takes longer and needs none.
		t.once, t.plan, t.core = plan.Plan{}, full, csrc.NoTemplate()
		return nil
	}
	if err != nil {
		return failure(&t.once, err, nil)
	}
	return nil
}

// ahead makes the process 1 of the one command before it is known what it shall do. What keeps it from that the spawn will tell.
func (t *template) ahead(network bool) {
	if t.core != nil {
		return
	}
	t.core = csrc.NoTemplate()
	if _, caller, err := shared(); err == nil {
		namespaces, fresh := linuxplan.Namespaces(network)
		_ = t.core.Ahead(namespaces, fresh, caller)
	}
}

func (t *template) close() {
	if t.core != nil {
		t.core.Close()
	}
	t.bare.close()
}

// all is the plan with the steps that each spawn leaves out.
func (t *template) all() plan.Plan {
	p := t.plan
	p.Steps = append(append([]plan.Step{}, t.once.Steps...), t.plan.Steps...)
	return p
}

func (t *template) String() string { return t.all().String() }

// start runs a command; the caller of Wait ends what it returns.
func (s *Sandbox) start(command plan.Command, limits policy.Limits) (*child, error) {
	encoded, err := command.Encode()
	if err != nil {
		return nil, &SetupError{Step: stepExecute, Path: command.Argv[0], Err: unix.E2BIG, Hint: err.Error()}
	}
	if err := s.passable(command.FDs); err != nil {
		return nil, err
	}
	init, caller, err := shared()
	if err != nil {
		return nil, err
	}
	core, steps, err := s.template.as(command.User)
	if core == nil && err == nil {
		return nil, ErrClosed
	}
	var group *group
	if err == nil {
		group, err = newGroup(limits)
	}
	var spawned csrc.Spawned
	if err == nil {
		spawned, err = core.Spawn(encoded, init, caller, group.fd())
	}
	if err != nil {
		group.remove()
	}
	if errors.Is(err, csrc.ErrClosed) {
		return nil, ErrClosed
	}
	if err != nil {
		return nil, group.unborn(unable(s.explain(failure(steps, err, &command)), err, command.User))
	}
	c := &child{pid: spawned.Pid, pidfd: spawned.Pidfd, records: newRecords(spawned.Pid, spawned.Status), dying: &s.dying, shared: !s.template.plan.Own(), program: -1, group: group}
	group.watch()
	if c.shared {
		c.program = programOf(spawned)
	}
	return c, nil
}

const maxFDs = 4096 // GAOL_FDS_MAX

// passable refuses descriptors that lead on: through a directory's, or one that O_PATH opened, every path of the host can be looked
// up, changed by chmod and, without Landlock, opened.
func (s *Sandbox) passable(fds []int) error {
	if len(fds) > maxFDs {
		return &SetupError{Step: plan.FD.String(), Path: fmt.Sprint(maxFDs), Err: unix.EMFILE, Hint: fmt.Sprintf("at most %d descriptors can be passed", maxFDs)}
	}
	for i, fd := range fds {
		refuse := func(err error, hint string) error {
			return &SetupError{Step: plan.FD.String(), Path: fmt.Sprint(i), Err: err, Hint: hint}
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return refuse(err, "")
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return refuse(unix.EISDIR, "a directory leads to the whole host; grant its path, or Map it")
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			return refuse(err, "")
		}
		if flags&unix.O_PATH != 0 {
			return refuse(unix.EBADF, "it was opened with O_PATH; open it for what it is needed for")
		}
		if !s.policy.Landlock && s.policy.Proc != policy.NoProc && st.Mode&unix.S_IFMT == unix.S_IFREG && flags&unix.O_ACCMODE != unix.O_RDWR {
			return refuse(unix.EOPNOTSUPP, "without Landlock it could be opened again through /proc/self/fd, for reading and writing; pass a pipe")
		}
	}
	return nil
}

// failure turns the child's record back into what the caller wrote.
func failure(p *plan.Plan, err error, c *plan.Command) error {
	var f *plan.Failure
	if !errors.As(err, &f) {
		return err
	}
	e := &SetupError{Step: f.Op.String(), Err: f.Errno}
	switch {
	case f.Op < plan.CloneBuilder && int(f.Step) < len(p.Steps):
		s := p.Steps[f.Step]
		e.Path, e.Operation = s.Path, s.Why
		if s.Op == plan.Bind {
			e.Path = s.Text
			if f.Errno == unix.ELOOP || f.Errno == unix.ENOENT {
				e.Hint = "the path has changed since the profile was resolved"
			}
		}
		if f.Errno == unix.ESTALE {
			e.Err, e.Hint = unix.ENOENT, "something else lies there now"
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
