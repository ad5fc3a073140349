// Package linuxplan compiles a policy to the plan that the C core executes on Linux. It is pure and builds everywhere, so that its
// golden files are checked on any machine; it must never look at the host.
package linuxplan

import (
	"fmt"
	"path"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

const (
	procPath = "/proc"
	slots    = 64 // GAOL_SLOTS
	abiScope = 6  // from here on Landlock bounds abstract Unix sockets

	// CLONE_NEW* (sched.h)
	newNS, newCgroup, newUTS, newIPC        = 0x00020000, 0x02000000, 0x04000000, 0x08000000
	newUser, newPID, newNet          uint32 = 0x10000000, 0x20000000, 0x40000000

	rlimitCore, rlimitNofile = 4, 7 // asm-generic/resource.h
)

// masked are the files of a full /proc that tell about the whole host or act on it. They are covered even though no capability is
// left, since what guards some of them is only their owner, and a root caller's program has that owner's number.
var masked = []string{"acpi", "asound", "bus", "fs", "interrupts", "irq", "kallsyms", "kcore", "key-users", "keys", "kmsg", "kpagecgroup",
	"kpagecount", "kpageflags", "latency_stats", "sched_debug", "scsi", "sysrq-trigger", "timer_list", "timer_stats", "vmallocinfo", "vmcore"}

type compiler struct {
	plan plan.Plan
	made map[string]bool // directories of the root that a step makes
}

func (c *compiler) step(s plan.Step) { c.plan.Steps = append(c.plan.Steps, s) }

// Compile lays out the steps for p on h. Its seccomp steps, the last ones, are still without a filter: SetFilter.
func Compile(p policy.Policy, h policy.Host) (plan.Plan, error) {
	if p.Engine == policy.LandlockEngine {
		return compileRules(p, h), nil
	}
	c := &compiler{made: map[string]bool{"/": true}}
	c.plan.Namespaces, c.plan.Fresh = Namespaces(p.Network())
	if p.SystemV || p.Queues { // what two commands leave there must not meet
		c.plan.Namespaces &^= newIPC
		c.plan.Fresh |= newIPC
	}
	// nor what they listen on there by abstract names, with or without bind (SO_PASSCRED); a scope keeps two commands apart without that
	if (p.Local || p.LocalListen) && !p.Network() && h.Landlock < abiScope {
		c.plan.Namespaces &^= newNet
		c.plan.Fresh |= newNet
	}
	places := arrange(p.Entries)
	c.build(&p, h, places)
	if err := c.init(&p, places); err != nil {
		return plan.Plan{}, err
	}
	c.program(&p, h, places)
	return c.plan, nil
}

// Namespaces returns those that a template keeps and those that each spawn makes, of the namespace engine. A policy may have some of the
// first among the second.
func Namespaces(network bool) (template, fresh uint32) {
	template, fresh = newUser|newNS|newIPC|newUTS, newNS|newPID|newCgroup
	if !network {
		template |= newNet
	}
	return template, fresh
}

// SetFilter completes the seccomp step of a compiled plan. Where Self says so and there is no step for SetSelf, it is for both filters in one.
func SetFilter(p plan.Plan, filter []plan.Instruction) { set(p, plan.Seccomp, filter) }

// SetSelf completes the step of the filter that knows its process, where there is one.
func SetSelf(p plan.Plan, filter []plan.Instruction) { set(p, plan.SeccompSelf, filter) }

func set(p plan.Plan, op plan.Op, filter []plan.Instruction) {
	for i := range p.Steps {
		if p.Steps[i].Op == op {
			p.Steps[i].Filter = filter
		}
	}
}

// place is an entry and what encloses it.
type place struct {
	policy.Entry
	in *place // nil: the root that the plan makes
}

func arrange(entries []policy.Entry) []*place {
	var places, around []*place
	for _, e := range entries {
		for len(around) > 0 && !below(e.Path, around[len(around)-1].Path) {
			around = around[:len(around)-1]
		}
		n := &place{Entry: e}
		if len(around) > 0 {
			n.in = around[len(around)-1]
		}
		if e.Dir {
			around = append(around, n)
		}
		places = append(places, n)
	}
	return places
}

// onHost says that the entry lies in a directory of the host, where nothing may be made. What lies in a private directory does not:
// where that one is on the host, a skeleton covers it while the template is built.
func (n *place) onHost() bool { return n.in != nil && n.in.Kind == policy.Bind }

// private is the private directory that the entry lies in without a bind between.
func (n *place) private() bool { return n.in != nil && n.in.Kind == policy.Private }

func (c *compiler) build(p *policy.Policy, h policy.Host, places []*place) {
	c.step(plan.Step{Op: plan.IDMap, Path: h.UIDMap, Text: h.GIDMap})
	c.step(plan.Step{Op: plan.Hostname, Text: "gaol"})
	c.step(plan.Step{Op: plan.Detach})
	hostRoot := len(places) > 0 && places[0].Path == "/"
	if !hostRoot {
		c.step(plan.Step{Op: plan.Root, Text: "mode=0755,size=16m,nr_inodes=64k"})
	}
	holds := map[*place]bool{}
	for _, n := range places {
		if n.private() {
			holds[n.in] = true
		}
	}
	for _, n := range places {
		switch {
		case n.Kind == policy.Link:
			if !n.private() {
				c.parents(n)
				c.step(plan.Step{Op: plan.Link, Path: n.Path, Text: n.Host, Why: n.Why})
			}
			continue
		case n.onHost() || n.Path == "/":
		case n.Dir:
			c.dir(n.Path)
		default:
			c.parents(n)
			c.step(plan.Step{Op: plan.File, Path: n.Path, Why: n.Why})
		}
		if n.Kind == policy.Private && n.onHost() && holds[n] {
			c.made[n.Path] = true
			c.step(plan.Step{Op: plan.Skeleton, Path: n.Path, Text: "mode=0755,size=1m,nr_inodes=4k", Why: n.Why})
		}
		if n.Kind == policy.Empty {
			c.step(plan.Step{Op: plan.Skeleton, Path: n.Path, Text: "mode=0555,size=4k,nr_inodes=1", Why: n.Why})
		}
		if n.Kind == policy.Cover {
			c.cover(n, places)
		}
		if n.Kind == policy.Bind && n.Mount {
			c.step(plan.Step{Op: plan.Bind, Path: n.Path, Text: n.Host, Flags: bindFlags(n.Rights) | typeFlag(&n.Entry), Why: n.Why})
		}
	}
	for _, n := range places { // now that all is in them that is shown there
		if n.Kind == policy.Cover && n.Dir {
			c.step(plan.Step{Op: plan.Seal, Path: n.Path, Why: n.Why})
		}
	}
	if p.Proc != policy.NoProc {
		if !hostRoot {
			c.dir(procPath)
		}
		c.step(plan.Step{Op: plan.ProcBase, Path: procPath, Why: "/proc"})
	}
	c.step(plan.Step{Op: plan.Pivot})
	if !hostRoot {
		c.step(plan.Step{Op: plan.Seal, Path: "/"})
	}
}

// parents makes the directories above an entry, unless they are the host's.
func (c *compiler) parents(n *place) {
	if !n.onHost() {
		c.dir(path.Dir(n.Path))
	}
}

func (c *compiler) dir(p string) {
	if c.made[p] {
		return
	}
	c.dir(path.Dir(p))
	c.made[p] = true
	c.step(plan.Step{Op: plan.Dir, Path: p, N: 0o755})
}

func typeFlag(e *policy.Entry) uint16 {
	switch {
	case e.Dir:
		return plan.IsDir
	case e.Fifo:
		return plan.IsFifo
	case e.Rights&policy.Device != 0:
		return plan.IsNode
	case e.Rights&policy.Connect != 0:
		return plan.IsSock
	}
	return plan.IsFile
}

func bindFlags(r policy.Rights) uint16 {
	var f uint16
	if r&(policy.Write|policy.Device) != policy.Write { // a device is written through a read-only mount; its owner and mode are not
		f |= plan.ReadOnly
	}
	if r&policy.Execute == 0 {
		f |= plan.NoExec
	}
	if r&policy.Device != 0 {
		f |= plan.Dev
	}
	return f
}

// ownOptions are those of the tmpfs that a command's private directories are in; a limit of the command's comes behind them.
const ownOptions = "mode=1777,size=512m,nr_inodes=64k"

func count(places []*place, kind policy.Kind) (n int) {
	for _, p := range places {
		if p.Kind == kind {
			n++
		}
	}
	return n
}

// init makes what each command has of its own. A tree of the host that lies in a private directory is lifted before the directory
// is covered, and put down in it again.
func (c *compiler) init(p *policy.Policy, places []*place) error {
	lifted := map[*place]uint32{}
	for _, n := range places {
		if !n.private() || n.Kind != policy.Bind {
			continue
		}
		slot := uint32(len(lifted))
		if slot == slots {
			return &profile.Error{Operation: n.Why, Path: n.Path, Err: fmt.Errorf("at most %d granted paths can lie in private directories; grant a directory that holds them all", slots)}
		}
		lifted[n] = slot
		c.step(plan.Step{Op: plan.Lift, Path: n.Path, N: slot, Why: n.Why})
	}
	made := map[string]bool{}
	shares, several := uint32(0), count(places, policy.Private) > 1 // what they hold together has one bound
	for _, n := range places {
		if n.private() {
			c.below(n, made)
		}
		switch n.Kind {
		case policy.Private:
			s := plan.Step{Op: plan.Tmpfs, Path: n.Path, Text: ownOptions, Why: n.Why}
			if several {
				if shares == 0 {
					c.step(plan.Step{Op: plan.Pool, Path: n.Path, Text: ownOptions, Why: n.Why})
				}
				s = plan.Step{Op: plan.Share, Path: n.Path, N: shares, Why: n.Why}
				shares++
			}
			if n.Rights&policy.Execute == 0 {
				s.Flags = plan.NoExec
			}
			c.step(s)
		case policy.Ptys:
			c.step(plan.Step{Op: plan.Devpts, Path: n.Path, Text: "newinstance,ptmxmode=0666,mode=0620", Why: n.Why})
		case policy.Mqueue:
			c.step(plan.Step{Op: plan.Mqueue, Path: n.Path, Why: n.Why})
		case policy.Bind:
			if slot, ok := lifted[n]; ok {
				c.step(plan.Step{Op: plan.Drop, Path: n.Path, N: slot, Why: n.Why})
			}
		case policy.Link:
			if n.private() {
				c.step(plan.Step{Op: plan.Symlink, Path: n.Path, Text: n.Host, Why: n.Why})
			}
		}
	}
	for _, n := range places {
		if n.Hole {
			c.step(plan.Step{Op: plan.Mounted, Path: n.Path, Why: n.Why})
		}
	}
	if p.Proc == policy.NoProc {
		return nil
	}
	options := "hidepid=4" // "ptraceable", which unlike 2 makes no exception for a group, here that of a root caller (man 5 proc)
	if p.Proc == policy.ProcPids {
		options += ",subset=pid"
	}
	c.step(plan.Step{Op: plan.Proc, Path: procPath, Text: options, Why: "/proc"})
	if p.Proc == policy.ProcFull {
		for _, m := range masked {
			c.step(plan.Step{Op: plan.Mask, Path: procPath + "/" + m, Why: "/proc"})
		}
	}
	return nil
}

// below makes the place of an entry in a private directory.
func (c *compiler) below(n *place, made map[string]bool) {
	rest := strings.TrimPrefix(n.Path, n.in.Path+"/")
	parts := strings.Split(rest, "/")
	at := n.in.Path
	for i, part := range parts {
		at += "/" + part
		last := i == len(parts)-1
		switch {
		case last && n.Kind == policy.Link:
		case last && !n.Dir:
			c.step(plan.Step{Op: plan.Touch, Path: at, Why: n.Why})
		case !made[at]:
			made[at] = true
			c.step(plan.Step{Op: plan.Mkdir, Path: at, N: 0o755, Why: n.Why})
		}
	}
}

func (c *compiler) program(p *policy.Policy, h policy.Host, places []*place) {
	c.limits(p, h)
	c.step(plan.Step{Op: plan.NoNewPrivs})
	c.step(plan.Step{Op: plan.DropCaps})
	if h.Landlock >= policy.MinLandlock {
		c.landlock(h.Landlock, p, places)
	}
	c.step(plan.Step{Op: plan.Limits})
	c.filters(p, h)
}

// filters are the last steps.
func (c *compiler) filters(p *policy.Policy, h policy.Host) {
	switch {
	case p.Kill: // one filter, that of Self in it: only one of a process can have a listener (man 2 seccomp)
		c.step(plan.Step{Op: plan.Seccomp, Flags: plan.Told})
		return
	case Self(p, h):
		c.step(plan.Step{Op: plan.SeccompSelf})
	}
	c.step(plan.Step{Op: plan.Seccomp})
}

// Self says that there has to be a filter that knows its process: a pid namespace does not bound what a terminal signals.
func Self(p *policy.Policy, h policy.Host) bool {
	_, _, scopes := landlock.Known(h.Landlock)
	return p.Engine == policy.LandlockEngine || scopes&landlock.ScopeSignal == 0
}

// limits are those that every command has; what the profile's Limits or the command's say is narrower, and the command brings it.
func (c *compiler) limits(p *policy.Policy, h policy.Host) {
	core := h.Core
	if p.Limits.Core != 0 {
		core = min(uint64(p.Limits.Core), h.CoreHard)
	}
	c.step(plan.Step{Op: plan.Rlimit, N: rlimitCore, Limit: plan.Limit{Soft: core, Hard: core}})
	c.step(plan.Step{Op: plan.Rlimit, N: rlimitNofile, Limit: plan.Limit{Soft: h.Nofile[0], Hard: h.Nofile[1]}})
}

func below(p, dir string) bool {
	return dir == "/" || p == dir || (strings.HasPrefix(p, dir) && p[len(dir)] == '/')
}
