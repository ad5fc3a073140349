//go:build linux && cgo

package gaol

// This file gives a command its cgroup, if a limit asks for one, and takes it away at the end. A command without such a limit must not
// touch a file of cgroups.

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/internal/cgroup"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

// groups is the cgroup in which this process makes those of its commands.
var groups struct {
	sync.Mutex
	tree    *cgroup.Tree
	refused policy.Check // why a program could not be born in one, if it was tried
}

// groupTree finds it once; what others have left there goes.
func groupTree() (*cgroup.Tree, error) {
	groups.Lock()
	defer groups.Unlock()
	if groups.tree != nil {
		return groups.tree, nil
	}
	t, err := cgroup.Find()
	if err != nil {
		return nil, err
	}
	t.Sweep()
	groups.tree = t
	return t, nil
}

// forget has the next one looked for anew: the process was moved, or the cgroup removed.
func forget(t *cgroup.Tree) {
	groups.Lock()
	defer groups.Unlock()
	if groups.tree == t {
		groups.tree = nil
	}
}

// groupFacts tells what cgroups this process can make, by looking; New then makes one.
func groupFacts(h *policy.Host) {
	groups.Lock()
	h.Cgroup = groups.refused
	groups.Unlock()
	if h.Cgroup.Reason != "" {
		return
	}
	t, err := groupTree()
	var refusal *cgroup.Refusal
	if errors.As(err, &refusal) {
		h.Cgroup = policy.Check{Reason: refusal.Reason, Fix: refusal.Fix}
		return
	}
	h.Cgroup, h.Controllers = policy.Check{OK: true}, t.Controllers
	for _, c := range cgroup.Controllers {
		if r := t.Missing(c); r != nil && h.Cgroup.Reason == "" {
			h.Cgroup.Reason, h.Cgroup.Fix = r.Reason, r.Fix
		}
	}
}

// inGroup are the limits that the cgroup holds, and the processor time that is watched by it.
func inGroup(l policy.Limits) (limits cgroup.Limits, cpu time.Duration) {
	limits = cgroup.Limits{Processes: l.Processes, Processors: l.Processors, ReadRate: l.ReadRate, WriteRate: l.WriteRate}
	if l.AddressSpace == 0 {
		limits.Memory = l.Memory
	}
	if l.Seconds == 0 {
		cpu = l.CPU
	}
	return limits, cpu
}

// groupShape tells apart what commands ask of a cgroup.
func groupShape(l policy.Limits) string {
	if !l.Cgroup {
		return ""
	}
	limits, _ := inGroup(l)
	return strings.Join(append([]string{"cgroup"}, limits.Controllers()...), " ")
}

// tryGroup tries whether a program can be born in a cgroup of its own, by an engine that works.
func tryGroup(h *policy.Host) (f found) {
	p := policy.Policy{Engine: policy.NamespaceEngine, Entries: one}
	if !h.Namespaces.OK {
		p.Engine, p.Landlock = policy.LandlockEngine, true
	}
	if !h.Cgroup.OK || !h.Namespaces.OK && h.Landlock == 0 {
		return lasts
	}
	p.Limits.Cgroup = true
	c, f := try(*h, p)
	if c.OK {
		return f
	}
	h.Cgroup, h.Controllers = policy.Check{Reason: c.Reason, Fix: groupFilter}, nil
	if f == lasts {
		groups.Lock()
		groups.refused = h.Cgroup
		groups.Unlock()
	}
	return f
}

const groupFilter = "in a container, a seccomp profile that allows clone3; a kernel from 5.14 on"

// group is the cgroup of a command; nil where it has none.
type group struct {
	leaf   *cgroup.Leaf
	memory bool // is limited
	cpu    time.Duration
	quit   chan struct{}
	over   chan watchedTime // nil: nobody watches
}

type watchedTime struct {
	over bool
	err  error
}

func newGroup(l policy.Limits) (*group, error) {
	if !l.Cgroup {
		return nil, nil
	}
	limits, cpu := inGroup(l)
	var err error
	for range 2 {
		var t *cgroup.Tree
		if t, err = groupTree(); err != nil {
			return nil, &SetupError{Step: stepCgroup, Err: err}
		}
		var leaf *cgroup.Leaf
		if err = t.Enable(limits.Controllers()); err == nil {
			leaf, err = t.Leaf(limits)
		}
		if err == nil {
			return &group{leaf: leaf, memory: limits.Memory != 0, cpu: cpu}, nil
		}
		err = &SetupError{Step: stepCgroup, Path: t.Dir(), Err: err}
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.EACCES) {
			break
		}
		forget(t)
	}
	return nil, err
}

const stepCgroup = "make the cgroup"

// fd is what the program is born in; -1: where this process is.
func (g *group) fd() int {
	if g == nil {
		return -1
	}
	return g.leaf.FD()
}

// unborn says of an exec that failed that the memory limit may be why: the kernel has two words for a page that it did not get for an argument.
func (g *group) unborn(err error) error {
	var setup *SetupError
	if g != nil && g.memory && errors.As(err, &setup) && setup.Step == stepExecute && (errors.Is(err, unix.ENOMEM) || errors.Is(err, unix.E2BIG)) {
		setup.Hint = strings.TrimPrefix(setup.Hint+", or Limits.Memory leaves too little for an exec with them", ", or ")
	}
	return err
}

// remove is for a command that never ran.
func (g *group) remove() {
	if g != nil {
		_ = g.leaf.Remove()
	}
}

// watch ends the command at its limit of processor time.
func (g *group) watch() {
	if g == nil || g.cpu == 0 {
		return
	}
	g.quit, g.over = make(chan struct{}), make(chan watchedTime, 1)
	go func() {
		over, err := g.leaf.Watch(g.cpu, g.quit)
		g.over <- watchedTime{over, err}
	}()
}

// end fills in what the cgroup tells about the end, and removes it. All that was in there is gone when it returns without an error.
func (g *group) end(state *ProcessState) error {
	if g == nil {
		return nil
	}
	var time watchedTime
	if g.over != nil {
		close(g.quit)
		time = <-g.over
	}
	if state.lost {
		_ = g.leaf.Kill() // for what was used to be final
	}
	used, err := g.leaf.Usage()
	if err == nil {
		state.usage.User, state.usage.System = used.User, used.System
		state.usage.PeakMemory, state.usage.PeakProcesses = used.PeakMemory, used.PeakProcesses
	}
	if state.end == EndSignaled && state.sig == syscall.SIGKILL {
		switch {
		case used.OutOfMemory:
			state.end = EndMemory
		case time.over:
			state.end = EndCPU
		}
	}
	return errors.Join(time.err, err, g.leaf.Remove())
}
