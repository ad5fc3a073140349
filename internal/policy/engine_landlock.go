package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// ruler makes rules: the paths of the landlock engine. The program sees the host's tree, and what no rule grants it cannot open. A rule
// names a file, or a directory with all that is below it and everything that is mounted there; nothing can be taken out again.
type ruler struct {
	findings
	host   Host
	policy Policy
	paths  pathCache
	trees  map[string]*tree
	links  []linkAt // on the way to anything
	sorted []*tree
	all    bool // FileReadMetadata of everything is granted
}

// tree is a rule under way.
type tree struct {
	Entry
	own   Rights // without those of what encloses it
	mode  fs.FileMode
	asked []ask
	in    *tree // what encloses it; nil: nothing
}

// ask is an operation and what it grants somewhere.
type ask struct {
	op     profile.Operation
	rights Rights
}

// resolveRules is Resolve by the landlock engine.
func resolveRules(p profile.Profile, h Host) (Policy, error) {
	r := &ruler{host: h, trees: map[string]*tree{}, paths: pathCache{fs: h.FS, seen: map[string]status{}}}
	r.policy = Policy{Kill: p.OnDenied == profile.Kill, Env: p.Env, PassEnv: p.PassEnv, Dir: p.Dir, Engine: LandlockEngine, Landlock: true}
	r.policy.Self = h.Landlock < abiScope
	r.policy.decide(p.Limits, has(p.Operations, profile.ProcessCreate), h)
	r.policy.Truncate = h.Landlock >= abiTruncate
	for _, op := range p.Operations {
		if err := r.operation(op); err != nil {
			return Policy{}, err
		}
	}
	r.arrange()
	for _, op := range r.addresses(&r.policy, r.host, p.Operations) {
		if err := r.local(op); err != nil {
			return Policy{}, err
		}
	}
	if err := r.mounts(); err != nil {
		return Policy{}, err
	}
	if err := r.steady(); err != nil {
		return Policy{}, err
	}
	r.exact()
	r.own(p.Operations)
	r.metadata(p.Operations)
	for _, t := range r.sorted {
		r.policy.Entries = append(r.policy.Entries, t.Entry)
	}
	r.limits(&r.policy, h)
	if len(r.unsupported) > 0 {
		return Policy{}, &UnsupportedError{r.unsupported}
	}
	r.policy.Gaps = r.gaps
	r.enforced(p.Operations)
	r.policy.limited()
	return r.policy, nil
}

func (r *ruler) operation(op profile.Operation) error {
	if op.Deny {
		r.view(op)
		return nil
	}
	switch op.Kind {
	case profile.System:
		return r.system(op)
	case profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute:
		return r.grant(op, granted(op))
	case profile.Private, profile.Map:
		r.view(op)
	case profile.NetworkOutbound, profile.NetworkInbound:
		return r.network(op)
	case profile.SystemInfoRead:
		r.policy.Proc = ProcFull
		for _, name := range procFiles {
			if err := r.bring(op, path.Join(procPath, name), Read); err != nil {
				return err
			}
		}
	case profile.ProcessCreate:
		// what the program leaves behind is found and killed by its being in the scope, and it signals nobody else
		if r.host.Landlock < abiScope {
			r.lack(op, "Landlock ABI 6, whose scope tells what the program has made", r.host.landlockDetail(), r.host.landlockFrom(abiScope))
		}
		if r.host.CPULimited { // the init inherits it, and the program can have it work without end
			r.inexact(op, "an init that nothing ends before the program", "the calling process has a limit of processor time (ulimit -t)", "no such limit for the caller",
				"what the program leaves behind can outlive the init, which the limit ends")
		}
		r.policy.Processes = true
	case profile.Signal:
	case profile.Trace:
		r.policy.Trace = true // any domain of Landlock keeps it inside (security/landlock/task.c)
	case profile.IPC:
		if op.IPC != profile.NamedPipes {
			r.view(op)
		}
		r.policy.Pipes = true
	case profile.Device:
		return r.device(op)
	case profile.Syscall:
		return r.policy.syscalls(op)
	case profile.MachLookup:
		r.lack(op, SeatbeltMechanism, noMach, "")
	}
	return nil
}

// view refuses what takes a view, or kernel objects, of its own.
func (r *ruler) view(op profile.Operation) {
	detail, fix := r.namespaces()
	r.lack(op, "namespaces", detail, fix)
}

// namespaces says why there are none, and how to get them.
func (r *ruler) namespaces() (detail, fix string) {
	if r.host.Namespaces.OK {
		return "", "the namespace engine"
	}
	return r.host.Namespaces.Reason, r.host.Namespaces.Fix
}

func (r *ruler) system(op profile.Operation) error {
	r.policy.Proc = max(r.policy.Proc, ProcPids)
	for _, b := range base {
		if err := r.bring(op, b.path, b.rights); err != nil {
			return err
		}
	}
	for _, d := range r.policy.devices() {
		st, err := r.paths.lstat(d)
		switch {
		case err != nil:
			return problem(op, d, bare(err))
		case !st.device():
			return problem(op, d, errors.New("is not a device"))
		}
		r.add(op, d, st, Read|Write|Device)
	}
	return nil
}

// bring grants what an operation needs besides itself, where the host has it.
func (r *ruler) bring(op profile.Operation, p string, rights Rights) error {
	to, st, err := r.walk(op, p)
	switch {
	case err != nil && missing(err):
		return nil
	case err != nil:
		return problem(op, p, err)
	case kindProblem(st) != nil:
		return problem(op, p, kindProblem(st))
	}
	r.add(op, to, st, rights)
	return nil
}

func (r *ruler) network(op profile.Operation) error {
	if op.Address.Form == profile.FormLocalSocket {
		return r.socket(op)
	}
	if op.Address == profile.All {
		r.internet(&r.policy, r.host, op)
	}
	if op.Kind == profile.NetworkOutbound {
		for _, p := range network {
			if err := r.bring(op, p, Read); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk finds where a path leads, and remembers the links on the way.
func (r *ruler) walk(op profile.Operation, p string) (string, status, error) {
	var found []linkAt
	to, st, err := r.paths.real(p, func(at, _ string) { found = append(found, linkAt{at, op}) })
	if err == nil {
		r.links = append(r.links, found...)
	}
	return to, st, err
}

func (r *ruler) grant(op profile.Operation, rights Rights) error {
	pattern := op.Pattern
	p, st, err := r.walk(op, pattern.Path)
	switch {
	case err != nil && missing(err) && pattern.Optional:
		return nil
	case err != nil:
		return problem(op, pattern.Path, err)
	case st.device() && isDevice(p):
		rights |= Device
	case st.device():
		r.lack(op, "Device", p+" is a device", "")
		return nil
	case below(p, procPath):
		return problem(op, pattern.Path, errors.New("paths of /proc cannot be granted; System() brings the program's own, SystemInfoRead() the system's"))
	case p == devPath || below(p, ptsPath):
		return problem(op, pattern.Path, errors.New("cannot be granted; System() brings the harmless devices, Device(path) one"))
	case kindProblem(st) != nil:
		return problem(op, pattern.Path, kindProblem(st))
	}
	if pattern.Match == profile.Literal && st.mode.IsDir() && !r.directory(op) {
		return nil
	}
	r.all = r.all || p == "/" && rights&(Read|Metadata) != 0
	if rights != Metadata {
		r.add(op, p, st, rights)
	}
	return within(op, p, func(p string) (string, error) {
		to, _, err := r.walk(op, p)
		return to, err
	})
}

func (r *ruler) add(op profile.Operation, p string, st status, rights Rights) {
	t := r.trees[p]
	if t == nil {
		t = &tree{mode: st.mode}
		t.Entry = Entry{Path: p, Kind: Bind, Host: p, Dir: st.mode.IsDir(), Fifo: st.mode&fs.ModeNamedPipe != 0, Why: op.String()}
		r.trees[p] = t
	}
	t.own |= rights
	t.asked = append(t.asked, ask{op, rights})
}

// arrange sorts the trees and hands rights down.
func (r *ruler) arrange() {
	for _, t := range r.trees {
		r.sorted = append(r.sorted, t)
	}
	slices.SortFunc(r.sorted, func(a, b *tree) int { return ByPath(a.Path, b.Path) })
	var top *tree
	for _, t := range r.sorted {
		for top != nil && !below(t.Path, top.Path) {
			top = top.in
		}
		t.Rights = t.own
		if top != nil {
			t.in = top
			t.Rights |= top.Rights &^ (Device | Ioctl)
		}
		if t.Dir {
			top = t
		}
	}
}

// writable is the innermost tree around t that the program may change.
func (t *tree) writable() *tree {
	for w := t.in; w != nil; w = w.in {
		if w.own&Write != 0 {
			return w
		}
	}
	return nil
}

// at is the innermost tree that p lies in, p itself included.
func (r *ruler) at(p string) *tree {
	for ; ; p = path.Dir(p) {
		if t := r.trees[p]; t != nil && t.Dir || p == "/" {
			return t
		}
	}
}

// steady refuses what the program could turn elsewhere for the next sandbox: no mount pins it here, and a rule is for what lies at its
// path when it is made.
func (r *ruler) steady() error {
	for _, t := range r.sorted {
		w := t.writable()
		if w == nil {
			continue
		}
		for _, a := range t.asked {
			if more := a.rights &^ (t.in.Rights | Device | Metadata); more != 0 {
				r.inexact(a.op, "a mount that pins it", w.Why+" lets the program put something else in its place", "a path outside of "+w.Path,
					fmt.Sprintf("for the next sandbox, what was elsewhere in %s can lie here (%s)", w.Path, more))
			}
		}
	}
	root := r.trees["/"]
	for _, l := range r.links {
		if root != nil && root.own&Write != 0 && granted(l.op)&^(root.own|Metadata) == 0 {
			continue // all of the host can be reached anyway
		}
		t := r.at(path.Dir(l.host))
		if t != nil && t.own&Write == 0 {
			t = t.writable()
		}
		if t != nil {
			return problem(l.op, l.host, fmt.Errorf("is a link that the program could change, by %s: name what it leads to", t.Why))
		}
	}
	return nil
}
