package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// resolver makes a view: the paths of the namespace engine.
type resolver struct {
	findings
	host    Host
	policy  Policy
	entries map[string]*node
	paths   pathCache
	maps    map[string]string   // a place inside that something of the host is mapped to → what
	ways    map[string]bool     // the directories above places that are mapped or private
	links   []linkAt            // on the way to anything
	absent  []profile.Operation // denials of what is not there
}

// linkAt is where a link lies on the host, and what was led through it.
type linkAt struct {
	host string
	op   profile.Operation
}

// node is an entry under way.
type node struct {
	Entry
	op profile.Operation
	// boundary says that rights from above end here: a Map or a Private is a tree of its own.
	boundary bool
	kernel   bool // a file system of the kernel's below a tree of files: not to be written
	unasked  bool // it came along with that tree
	// asked are the operations that named the path, not those that brought it.
	asked  []profile.Operation
	system bool // System shows it
	denies []profile.Operation
	lost   Rights // by them or by those above, and not given back
}

// resolveView is Resolve by the namespace engine.
func resolveView(p profile.Profile, h Host) (Policy, error) {
	r := &resolver{host: h, entries: map[string]*node{}, maps: map[string]string{}, ways: map[string]bool{}, paths: pathCache{fs: h.FS, seen: map[string]status{}}}
	r.policy = Policy{Kill: p.OnDenied == profile.Kill, Env: p.Env, PassEnv: p.PassEnv, Dir: p.Dir, Engine: NamespaceEngine, Watch: true, Landlock: h.Landlock >= MinLandlock}
	r.policy.Calls = Calls{Attributes: true, Truncate: true, Peers: true}
	r.policy.decide(p.Limits, has(p.Operations, profile.ProcessCreate), h)
	if err := r.operations(p.Operations); err != nil {
		return Policy{}, err
	}
	if err := r.mounts(); err != nil {
		return Policy{}, err
	}
	r.pinned()
	if err := r.layout(); err != nil {
		return Policy{}, err
	}
	if err := r.steady(); err != nil {
		return Policy{}, err
	}
	if err := r.holes(); err != nil {
		return Policy{}, err
	}
	if err := r.network(p.Operations); err != nil {
		return Policy{}, err
	}
	r.support(p.Operations)
	r.limits(&r.policy, h)
	if len(r.unsupported) > 0 {
		return Policy{}, &UnsupportedError{r.unsupported}
	}
	r.policy.Gaps = r.gaps
	r.enforced(p.Operations)
	r.policy.limited()
	return r.policy, nil
}

// operations fills the entries: first what changes the view, then what is granted in it, since a pattern names a path inside.
func (r *resolver) operations(ops []profile.Operation) error {
	for _, op := range ops {
		var err error
		switch op.Kind {
		case profile.Map:
			err = r.mapped(op)
		case profile.Private:
			err = r.private(op)
		case profile.IPC:
			err = r.ipc(op)
		}
		if err != nil {
			return err
		}
	}
	for _, op := range ops {
		if op.Deny {
			continue
		}
		var err error
		switch op.Kind {
		case profile.FileRead:
			err = r.grant(op, op.Pattern, Read)
		case profile.FileReadMetadata:
			err = r.grant(op, op.Pattern, Metadata)
		case profile.FileWrite:
			err = r.grant(op, op.Pattern, Write)
		case profile.FileExecute:
			err = r.grant(op, op.Pattern, Execute)
		case profile.NetworkOutbound, profile.NetworkInbound:
			err = r.address(op)
		case profile.ProcessCreate:
			r.policy.Processes = true
		case profile.Trace:
			r.policy.Trace = true
		case profile.Device:
			err = r.node(op)
		case profile.Syscall:
			err = r.policy.syscalls(op)
		case profile.MachLookup:
			r.lack(op, SeatbeltMechanism, noMach, "")
		}
		if err == nil {
			err = r.bring(op)
		}
		if err != nil {
			return err
		}
	}
	for _, op := range ops {
		if !op.Deny {
			continue
		}
		if err := r.deny(op); err != nil {
			return err
		}
	}
	return nil
}

func (r *resolver) private(op profile.Operation) error {
	if op.Path == "/" || (below(op.Path, devPath) && op.Path != ptsPath && op.Path != "/dev/shm" && op.Path != "/dev/mqueue") || below(op.Path, procPath) {
		return problem(op, op.Path, errors.New("this path cannot be private"))
	}
	if r.entries[op.Path] != nil {
		if r.entries[op.Path].Kind == Bind {
			return problem(op, op.Path, errors.New("is mapped already"))
		}
		return nil
	}
	kind := Private
	if op.Path == ptsPath {
		kind = Ptys
		r.add(op, Entry{Path: "/dev/ptmx", Kind: Link, Host: "pts/ptmx"})
	}
	n := r.add(op, Entry{Path: op.Path, Kind: kind, Dir: true, Rights: Read | Write})
	n.boundary = true
	r.way(op.Path)
	return nil
}

func (r *resolver) mapped(op profile.Operation) error {
	if op.Path == "/" || below(op.Path, devPath) || below(op.Path, procPath) {
		return problem(op, op.Path, errors.New("nothing can be mapped here"))
	}
	if n := r.entries[op.Path]; n != nil {
		return problem(op, op.Path, fmt.Errorf("%s has taken this place", n.Why))
	}
	real, st, err := r.paths.real(op.Host, func(at, _ string) { r.links = append(r.links, linkAt{at, op}) })
	if err != nil {
		return problem(op, op.Host, err)
	}
	if err := kindProblem(st); err != nil {
		return problem(op, op.Host, err)
	}
	if real == "/" || below(real, procPath) || below(real, devPath) {
		return problem(op, op.Host, errors.New("would show the host's /proc or /dev; map a directory that holds neither"))
	}
	rights := Read
	if op.Mode == profile.ReadWrite {
		rights |= Write
	}
	n := r.add(op, Entry{Path: op.Path, Kind: Bind, Host: real, Dir: st.mode.IsDir(), Rights: rights})
	n.boundary, n.Fifo, n.asked = true, st.mode&fs.ModeNamedPipe != 0, []profile.Operation{op}
	r.maps[op.Path] = real
	r.way(op.Path)
	return nil
}

// way remembers the directories that lead to a place: the host may lack them.
func (r *resolver) way(p string) {
	for p = path.Dir(p); p != "/" && !r.ways[p]; p = path.Dir(p) {
		r.ways[p] = true
	}
}

// grant adds rights at a pattern, and the links on the way to it.
func (r *resolver) grant(op profile.Operation, pattern profile.Pattern, rights Rights) error {
	if n := r.entries[pattern.Path]; n != nil && n.Kind == Private && rights == Execute {
		if pattern.Match == profile.Literal {
			r.directory(op)
		}
		n.Rights |= Execute
		return nil
	}
	path, st, err := r.walk(op, pattern.Path)
	switch {
	case err != nil && missing(err) && pattern.Optional:
		return nil
	case err != nil:
		return problem(op, pattern.Path, err)
	case st.device():
		if !isDevice(path) {
			r.lack(op, "Device", pattern.Path+" is a device", "")
			return nil
		}
		return r.device(op, path, rights)
	case below(path, procPath):
		return problem(op, pattern.Path, errors.New("paths of /proc cannot be granted; System() and SystemInfoRead() bring a /proc of the sandbox's own"))
	case path == devPath || below(path, ptsPath):
		return problem(op, pattern.Path, errors.New("cannot be granted; System() brings a small /dev and Private(\"/dev/pts\") pseudo-terminals"))
	}
	if err := kindProblem(st); err != nil {
		return problem(op, pattern.Path, err)
	}
	if pattern.Match == profile.Literal && st.mode.IsDir() && !r.directory(op) {
		return nil
	}
	if n := r.entries[path]; n != nil && (n.Kind == Private || n.Kind == Ptys || n.Kind == Mqueue) {
		return problem(op, pattern.Path, fmt.Errorf("%s makes this path private: nothing of the host is there", n.Why))
	}
	n := r.entries[path]
	if n == nil {
		n = r.add(op, Entry{Path: path, Kind: Bind, Host: r.hostPath(path), Dir: st.mode.IsDir()})
	}
	n.system = n.system || op.Kind == profile.System
	if op.Kind != profile.System && op.Kind != profile.NetworkOutbound {
		n.asked = append(n.asked, op)
	}
	n.Rights |= rights
	n.Fifo = st.mode&fs.ModeNamedPipe != 0
	return r.within(op, path)
}

// within holds an operation to what the file allows that its own file extends.
func (r *resolver) within(op profile.Operation, path string) error {
	return within(op, path, func(p string) (string, error) {
		to, _, err := r.paths.follow(p, r.hostPath, func(p string) bool { return r.ways[p] }, func(at, _ string) {
			r.links = append(r.links, linkAt{r.hostPath(at), op})
		})
		return to, err
	})
}

// pathOnly is where paths of an operation lead, without what is there.
func pathOnly(op profile.Operation, lead func(profile.Operation, string) (string, status, error)) func(string) (string, error) {
	return func(p string) (string, error) {
		to, _, err := lead(op, p)
		return to, err
	}
}

// within asks lead where the paths of op's bound lead.
func within(op profile.Operation, path string, lead func(string) (string, error)) error {
	if op.Bound == nil {
		return nil
	}
	covers := func(b profile.Operation) (to string, ok bool) {
		to, err := lead(b.Pattern.Path)
		if err != nil || path != to && (b.Pattern.Match != profile.Subpath || !below(path, to)) {
			return "", false
		}
		return to, true
	}
	deepest := -1
	for _, b := range op.Bound.Operations {
		if to, ok := covers(b); ok && len(to) > deepest && within(b, to, lead) == nil {
			deepest = len(to)
		}
	}
	if deepest < 0 {
		return problem(op, op.Pattern.Path, fmt.Errorf("leads to %s, which the extended file does not allow", path))
	}
	for _, b := range op.Bound.Denied {
		if to, ok := covers(b); ok && len(to) >= deepest {
			return problem(op, op.Pattern.Path, fmt.Errorf("leads to %s, which the extended file denies", path))
		}
	}
	for _, v := range op.Bound.Views {
		if to, ok := covers(v); ok && len(to) > deepest {
			return problem(op, op.Pattern.Path, fmt.Errorf("leads to %s, where the extended file shows something else than the host", path))
		}
	}
	return nil
}

func (r *resolver) device(op profile.Operation, path string, rights Rights) error {
	if n := r.entries[path]; n != nil {
		n.Rights |= rights
		return nil
	}
	st, err := r.paths.lstat(path)
	if err != nil {
		return problem(op, path, err)
	}
	if !st.device() {
		return problem(op, path, errors.New("is not a device"))
	}
	r.add(op, Entry{Path: path, Kind: Bind, Host: path, Rights: rights | Device})
	return nil
}

func (r *resolver) add(op profile.Operation, e Entry) *node {
	if n := r.entries[e.Path]; n != nil {
		return n
	}
	e.Why = op.String()
	n := &node{Entry: e, op: op}
	r.entries[e.Path] = n
	return n
}

// directory refuses to grant a directory alone.
func (f *findings) directory(op profile.Operation) (accepted bool) {
	return f.inexact(op, "a way to open a directory without what is in it", "", "Subpath grants the directory and everything below", "what is in the directory is granted, too")
}

func isDevice(path string) bool {
	for _, d := range devices {
		if path == d {
			return true
		}
	}
	return false
}
