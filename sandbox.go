package gaol

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/gaol-sandbox/gaol/internal/once"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Sandbox is a compiled profile. It is safe for many goroutines at once. It holds descriptors of namespaces, but no process.
type Sandbox struct {
	profile  Profile
	policy   policy.Policy
	host     policy.Host // that the policy is for
	template template

	dying counter // inits that are ending

	mu     sync.Mutex
	closed bool
}

// counter counts; its zero value is 0.
type counter struct {
	mu   sync.Mutex
	n    int
	zero *sync.Cond
}

func (c *counter) add(d int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n += d; c.n == 0 && c.zero != nil {
		c.zero.Broadcast()
	}
}

// wait returns when the count is 0.
func (c *counter) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.zero == nil {
		c.zero = sync.NewCond(&c.mu)
	}
	for c.n > 0 {
		c.zero.Wait()
	}
}

// New resolves the profile for this host and compiles it. The caller closes the Sandbox.
//
// A profile that means nothing or names a missing path is a *[ProfileError]; one that the host cannot enforce exactly is an
// *[UnsupportedError]; if the host refuses a step of what was compiled, that is a *[SetupError].
func New(profile Profile) (*Sandbox, error) {
	// what is looked at and what is bound must be the same: a thread can have a mount namespace of its own, if not in the command, where
	// the thread that a lock makes would take as long as the filter
	if !once.Only {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	if err := settled(); err != nil {
		return nil, err
	}
	s := &Sandbox{profile: profile}
	if once.Only && !mayGroup(profile.p.Limits) && profile.p.Limits.Instructions == 0 { // else it is made otherwise, or counted from its start on
		s.template.ahead(profile.network())
	}
	host, err := facts()
	limitFacts(profile.p.Limits, &host)
	if err == nil {
		err = s.on(host)
	}
	if err != nil {
		s.template.close()
		if err = s.lacking(err); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mayGroup says that a limit can ask for a cgroup. Nothing looks for one without such a limit.
func mayGroup(l profile.Limits) bool {
	return l.CPU != 0 || l.Memory != 0 || l.Processes != 0 || l.Processors != 0 || l.ReadRate != 0 || l.WriteRate != 0
}

// on resolves the profile for a host, builds what it takes, and tries it.
func (s *Sandbox) on(host policy.Host) (err error) {
	if s.policy, err = resolve(s.profile, host); err != nil {
		return err
	}
	s.host = host
	if err := s.template.build(s.policy, host); err != nil {
		return err
	}
	if _, ok := proven.Load(shapeOf(&s.policy)); ok || once.Only {
		return nil
	}
	if err := s.try(); err != nil {
		return err
	}
	proven.Store(shapeOf(&s.policy), true)
	return nil
}

// shape is what of a policy asks a host for something.
type shape struct {
	engine                                 string
	processes                              bool
	proc                                   policy.Proc
	network, private, ptys, queues, grants bool
	cgroup                                 string
}

func shapeOf(p *policy.Policy) shape {
	s := shape{engine: p.Engine, processes: p.Processes, proc: p.Proc, network: p.Network(), cgroup: groupShape(p.Limits)}
	for _, e := range p.Entries {
		s.private = s.private || e.Kind == policy.Private
		s.queues = s.queues || e.Kind == policy.Mqueue
		s.ptys = s.ptys || e.Kind == policy.Ptys
		s.grants = s.grants || e.Kind == policy.Bind
	}
	return s
}

// proven holds the shapes that a spawn has worked for in this process.
var proven sync.Map

// network is a guess at whether the program will use the host's network; the policy tells.
func (p Profile) network() bool {
	return slices.ContainsFunc(p.p.Operations, func(op profile.Operation) bool {
		return op.Kind == profile.NetworkOutbound || op.Kind == profile.NetworkInbound
	})
}

func resolve(profile Profile, host policy.Host) (policy.Policy, error) {
	p, err := policy.Resolve(profile.p, host)
	return p, refused(err)
}

// refused has an error of package policy as the caller knows it.
func refused(err error) error {
	var u *policy.UnsupportedError
	if errors.As(err, &u) {
		return &UnsupportedError{u.Operations}
	}
	return err
}

// lacking finds out, when a profile was refused or a step has failed, what the host lacks: until then it was assumed that engines work.
// The error is then of all that it lacks. Where another engine does what the profile says, or the same without Landlock, the sandbox is
// built anew so, and there is no error left. Nobody else may use s meanwhile.
func (s *Sandbox) lacking(err error) error {
	if !lacks(err) && !errors.Is(err, ErrUnsupported) {
		return err
	}
	host, sure := probe()
	if !sure && !errors.Is(err, ErrUnsupported) {
		return err
	}
	p, lack := resolve(s.profile, host)
	switch {
	case errors.Is(lack, ErrUnsupported):
		return lack
	case lack == nil && (p.Engine != s.policy.Engine || p.Landlock != s.policy.Landlock):
		s.template.close()
		s.template = template{}
		if err = s.on(host); err != nil {
			s.template.close()
		}
	}
	return err
}

// run starts a command. Only where New has not tried can the engine turn out not to work, and then there is one command.
func (s *Sandbox) run(c plan.Command, l policy.Limits) (*child, error) {
	child, err := s.start(c, l)
	if err == nil || !lacks(err) {
		return child, err
	}
	if !once.Only {
		if host, sure := probe(); sure {
			if _, lack := resolve(s.profile, host); errors.Is(lack, ErrUnsupported) {
				return nil, lack
			}
		}
		return nil, err
	}
	if err = s.lacking(err); err != nil {
		return nil, err
	}
	if s.policy.Engine == policy.LandlockEngine {
		c.TTY, c.Foreground = -1, false // see Cmd.command: a session of its own
	}
	return s.start(c, l)
}

// lacks says that the host may have refused a step for good.
func lacks(err error) bool {
	var setup *SetupError
	return errors.As(err, &setup) && setup.Step != stepExecute && setup.Step != stepCredential && !short(err)
}

// Close frees what the sandbox holds, and waits until the inits of commands whose Wait has returned are gone, which is a matter of a
// fraction of a millisecond. Commands that run go on; a command started afterwards fails with [ErrClosed]. It may be called more than
// once, and always returns nil.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.template.close()
	}
	s.dying.wait()
	return nil
}

// Command returns a Cmd that runs the named program in the sandbox, as exec.CommandContext would outside. A name without a slash is
// looked up in the PATH of the command's environment, inside. The context may be nil.
func (s *Sandbox) Command(ctx context.Context, name string, arg ...string) *Cmd {
	c := &Cmd{Path: name, Args: append([]string{name}, arg...), sandbox: s, ctx: ctx}
	if ctx != nil {
		c.Cancel = func() error { return c.Process.Kill() }
	}
	return c
}

// Explain is the policy and the plan as text, for people; its form may change.
func (s *Sandbox) Explain() string { return s.policy.String() + "\n" + s.template.String() }

// Report says what the sandbox enforces and by which mechanisms; what only a command's end can tell is empty.
func (s *Sandbox) Report() Report { return report(&s.policy) }
