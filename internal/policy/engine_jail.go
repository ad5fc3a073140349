package policy

// This file resolves a profile for FreeBSD's jail: a root of its own, in which directories of the host are mounted, and nothing else is. What a mount
// cannot say, such as that a file is written and not read, is refused here, or accepted by BestEffort and reported.

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Jail is what a policy of that engine has beside its entries.
type Jail struct {
	Devices  bool // /dev, with null, zero, random and urandom
	Sockets  bool // can be made: see networks
	Internet bool // the host's addresses, for all that can be done with them
	SystemV  bool // IPC of its own
	Trace    bool // debugging of each other
	Dir      bool // Private directories, or what is denied: a pool
}

// jails resolves.
type jails struct {
	findings
	host   Host
	policy Policy
	paths  pathCache
	nodes  map[string]*jailNode // by the path inside
	links  []linkAt
	views  map[string]Entry // the links of the view
	net    struct{ out, in, local []profile.Operation }
}

type jailNode struct {
	Entry
	own    Rights
	system bool // nothing but System has asked for it
	copied bool // a file
	// mounted says that it is a mount of the host's, which what is around it would not show
	mounted bool
	asked   []ask
	in      *jailNode
}

// jailSystem is what System brings in a jail: directories, since no file is mounted, and copies of small files. No user's data is in here.
var jailSystem = []struct {
	path   string
	rights Rights
}{
	{"/libexec", Read | Execute},
	{"/lib", Read | Execute},
	{"/usr/lib", Read | Execute},
	{"/usr/local/lib", Read | Execute},
	{"/bin", Read | Execute},
	{"/sbin", Read | Execute},
	{"/usr/bin", Read | Execute},
	{"/usr/sbin", Read | Execute},
	{"/usr/libexec", Read | Execute},
	{"/usr/local/bin", Read | Execute},
	{"/usr/local/libexec", Read | Execute},
	{"/usr/share", Read},
	{"/usr/local/share", Read},
	{"/etc/localtime", Read},
	{"/etc/libmap.conf", Read},
	{"/etc/nsswitch.conf", Read},
	{"/etc/os-release", Read},
}

// jailNetwork is what looking up names and checking certificates reads.
var jailNetwork = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/services", "/etc/protocols", "/etc/ssl"}

func resolveJail(p profile.Profile, h Host) (Policy, error) {
	r := &jails{host: h, nodes: map[string]*jailNode{}, views: map[string]Entry{}, paths: pathCache{fs: h.FS, seen: map[string]status{}}}
	r.policy = Policy{Platform: FreeBSD, Engine: JailEngine, Env: p.Env, PassEnv: p.PassEnv, Dir: p.Dir,
		Mechanisms: []string{"jail", "a root of its own: tmpfs, nullfs", "PROC_NO_NEW_PRIVS", "resource limits"}}
	// first what changes the view, then what is granted in it, then what is denied of that
	for turn := range 3 {
		for _, op := range p.Operations {
			if view := op.Kind == profile.Map || op.Kind == profile.Private; turn != 2*b2i(op.Deny)+b2i(!op.Deny && !view) {
				continue
			}
			if err := r.operation(op); err != nil {
				return Policy{}, err
			}
		}
	}
	r.mounts()
	if p.OnDenied == profile.Kill {
		r.unsupported = append(r.unsupported, Unsupported{Operation: "OnDenied(Kill)", Mechanism: "capability mode", Detail: "in a jail a denied call fails, and nobody is told", Fix: "EngineCapsicum"})
	}
	if err := r.layout(); err != nil {
		return Policy{}, err
	}
	r.networks()
	r.unsupported = append(r.unsupported, capsicumLimits(&r.policy, p.Limits, h)...)
	if len(r.unsupported) > 0 {
		return Policy{}, &UnsupportedError{r.unsupported}
	}
	r.policy.Gaps = r.gaps
	for _, op := range p.Operations {
		r.policy.Enforced = append(r.policy.Enforced, Enforcement{op.String(), jailHolds(op)})
	}
	r.policy.limited()
	return r.policy, nil
}

func (r *jails) operation(op profile.Operation) error {
	if op.Deny {
		return r.deny(op)
	}
	switch op.Kind {
	case profile.System:
		r.policy.Jail.Devices = true
		for _, s := range jailSystem {
			if err := r.brought(op, s.path, s.rights); err != nil {
				return err
			}
		}
	case profile.FileRead:
		return r.file(op, Read)
	case profile.FileReadMetadata:
		return r.file(op, Metadata)
	case profile.FileWrite:
		return r.file(op, Write)
	case profile.FileExecute:
		return r.file(op, Execute)
	case profile.Map:
		return r.mapped(op)
	case profile.Private:
		return r.private(op)
	case profile.NetworkOutbound, profile.NetworkInbound:
		return r.network(op)
	case profile.ProcessCreate:
		r.policy.Processes = true
	case profile.Trace:
		r.policy.Jail.Trace = true
	case profile.Signal, profile.SystemInfoRead: // in a jail everybody has them, and reaches nobody outside
	case profile.IPC:
		r.ipc(op)
	case profile.Device:
		r.lack(op, "a devfs ruleset for it", "a jail has null, zero, random and urandom", "EngineCapsicum")
	case profile.Syscall:
		r.lack(op, "a choice of system calls", "a jail has none", "")
	default:
		r.lack(op, "another system", "FreeBSD has nothing of that kind", "")
	}
	return nil
}

func (r *jails) ipc(op profile.Operation) {
	switch op.IPC {
	case profile.NamedPipes, profile.POSIXSharedMemory: // pipes in what may be written; names of shared memory begin with the jail's path
	case profile.SystemV:
		if r.policy.Jail.SystemV = slices.Contains(r.host.JailParameters, "sysvshm"); !r.policy.Jail.SystemV {
			r.lack(op, "System V IPC in the kernel", "it has none", "kldload sysvmsg sysvsem sysvshm")
		}
	default:
		r.lack(op, "queues of the jail's own", "mqueuefs is one for the host", "")
	}
}

// lead finds where a path of the host leads, and remembers the links on the way for the view.
func (r *jails) lead(op profile.Operation, p string) (string, status, error) {
	var found []Entry
	to, st, err := r.paths.real(p, func(at, target string) {
		found = append(found, Entry{Path: at, Kind: Link, Host: target, Why: op.String()})
	})
	if err != nil {
		return to, st, err
	}
	for _, e := range found {
		r.views[e.Path] = e
		r.links = append(r.links, linkAt{e.Path, op})
	}
	return to, st, nil
}

func (r *jails) leads(op profile.Operation) func(string) (string, error) {
	return func(p string) (string, error) {
		to, _, err := r.lead(op, p)
		return to, err
	}
}

// brought is a path that an operation brings along, if the host has it.
func (r *jails) brought(op profile.Operation, p string, rights Rights) error {
	at, st, err := r.lead(op, p)
	if err == nil {
		err = kindProblem(st)
	}
	switch {
	case err != nil && missing(err):
		return nil
	case err != nil:
		return problem(op, p, err)
	}
	n := r.add(op, Entry{Path: at, Kind: Bind, Host: at, Dir: st.mode.IsDir()}, rights)
	n.copied = n.copied || !st.mode.IsDir()
	return nil
}

func (r *jails) file(op profile.Operation, rights Rights) error {
	pattern := op.Pattern
	if n := r.nodes[pattern.Path]; n != nil && n.Kind == Private {
		if rights == Execute {
			n.own |= Execute
			return nil
		}
		return problem(op, pattern.Path, fmt.Errorf("%s makes this path private: nothing of the host is there", n.Why))
	}
	for _, n := range r.sorted() {
		if below(pattern.Path, n.Path) && n.asked[0].op.Kind == profile.Map {
			r.lack(op, "a right on a part of a mount", "it lies in what "+n.Why+" shows", "a Map of that part")
			return nil
		}
	}
	at, st, err := r.lead(op, pattern.Path)
	switch {
	case err != nil && missing(err) && pattern.Optional:
		return nil
	case err != nil:
		return problem(op, pattern.Path, err)
	case st.device() && slices.Contains(capsicumDevices, at):
		r.policy.Jail.Devices = true
		return within(op, at, r.leads(op))
	case at == "/" || below(at, devPath) || below(at, procPath):
		r.lack(op, "a mount without a device or a process in it", "a directory shows all that lies below", "the directories that are meant")
		return nil
	case kindProblem(st) != nil:
		return problem(op, pattern.Path, kindProblem(st))
	}
	if st.mode.IsDir() {
		if pattern.Match == profile.Literal && !r.directory(op) {
			return nil
		}
		r.add(op, Entry{Path: at, Kind: Bind, Host: at, Dir: true}, rights)
		return within(op, at, r.leads(op))
	}
	if !r.single(op, at, rights) {
		return nil
	}
	n := r.add(op, Entry{Path: at, Kind: Bind, Host: at}, rights)
	n.copied = true
	return within(op, at, r.leads(op))
}

// single is a file by itself. nullfs on a file is of FreeBSD 14, and has ended in a panic before; so it is a copy, which can be neither written
// back nor, in a root where nothing is executed, executed.
func (r *jails) single(op profile.Operation, at string, rights Rights) (accepted bool) {
	const mechanism, fix = "a mount of one file", "the directory that it lies in"
	if rights&(Write|Execute) != 0 {
		r.lack(op, mechanism, "a file by itself is a copy, in a root that is read-only and noexec", fix)
		return false
	}
	return r.inexact(op, mechanism, "a file by itself is a copy", fix, "it is a copy, of "+at+" as it is when a command starts")
}

func (r *jails) mapped(op profile.Operation) error {
	if op.Path == "/" || below(op.Path, devPath) || below(op.Path, procPath) {
		return problem(op, op.Path, errors.New("nothing can be mapped here"))
	}
	if n := r.nodes[op.Path]; n != nil {
		return problem(op, op.Path, fmt.Errorf("%s has taken this place", n.Why))
	}
	at, st, err := r.paths.real(op.Host, func(at, _ string) { r.links = append(r.links, linkAt{at, op}) })
	switch {
	case err != nil:
		return problem(op, op.Host, err)
	case kindProblem(st) != nil:
		return problem(op, op.Host, kindProblem(st))
	case at == "/" || below(at, devPath) || below(at, procPath):
		return problem(op, op.Host, errors.New("would show the host's /proc or /dev; map a directory that holds neither"))
	}
	rights := Read
	if op.Mode == profile.ReadWrite {
		rights |= Write
	}
	if !st.mode.IsDir() && !r.single(op, at, rights) {
		return nil
	}
	n := r.add(op, Entry{Path: op.Path, Kind: Bind, Host: at, Dir: st.mode.IsDir()}, rights)
	n.copied = !st.mode.IsDir()
	return nil
}

func (r *jails) private(op profile.Operation) error {
	switch {
	case op.Path == ptsPath:
		r.lack(op, "pseudo-terminals of the jail's own", "a jail has null, zero, random and urandom", "")
		return nil
	case op.Path == "/" || below(op.Path, devPath) || below(op.Path, procPath):
		return problem(op, op.Path, errors.New("this path cannot be private"))
	}
	if n := r.nodes[op.Path]; n != nil && n.Kind != Private {
		return problem(op, op.Path, fmt.Errorf("%s has taken this place", n.Why))
	}
	r.policy.Jail.Dir = true
	r.add(op, Entry{Path: op.Path, Kind: Private, Dir: true}, Read|Write)
	return nil
}

func (r *jails) add(op profile.Operation, e Entry, rights Rights) *jailNode {
	n := r.nodes[e.Path]
	if n == nil {
		e.Why = op.String()
		n = &jailNode{Entry: e, system: true}
		r.nodes[e.Path] = n
	}
	n.own |= rights
	n.system = n.system && op.Kind == profile.System
	n.asked = append(n.asked, ask{op, rights})
	return n
}

// deny covers what lies in a directory that is only read. What no grant reaches is denied anyway.
func (r *jails) deny(op profile.Operation) error {
	at, st, err := r.lead(op, op.Pattern.Path)
	switch {
	case err != nil && missing(err) && (op.Pattern.Optional || op.Inherited):
		return nil
	case err != nil:
		return problem(op, op.Pattern.Path, err)
	}
	takes := granted(profile.Operation{Kind: op.Kind})
	if takes == Metadata {
		takes = Read
	}
	nodes := r.sorted()
	for _, n := range nodes {
		switch {
		case n.Kind != Bind || n.Host != at || n.own&takes == 0:
		case takes == Read:
			delete(r.nodes, n.Path) // what cannot be read is not there
		default:
			n.own &^= takes
		}
	}
	for _, n := range nodes {
		if n.Kind != Bind || !n.Dir || n.Host == at || !below(at, n.Host) || takes != Read && n.own&takes == 0 {
			continue
		}
		if takes != Read || !st.mode.IsDir() || n.own&Write != 0 {
			r.lack(op, "a mount with a hole", "a directory that is read can be covered by an empty one; "+n.Why+" shows more than that", "the directories and files beside it")
			return nil
		}
		inside := path.Join(n.Path, at[len(n.Host):])
		if old := r.nodes[inside]; old != nil && (old.Kind == Private || old.Host != at) {
			continue // something else has taken the place
		}
		r.policy.Jail.Dir = true
		r.nodes[inside] = &jailNode{Entry: Entry{Path: inside, Kind: Cover, Host: at, Dir: true, Why: op.String()}, asked: []ask{{op, 0}}}
	}
	return nil
}

// JailPlaces is where the keepers of jails work. No jail shows what is mounted there.
const JailPlaces = "/var/run/gaol"

// jailKernelTypes are file systems that show the kernel's objects. One that is mounted in a granted directory is covered.
var jailKernelTypes = []string{"devfs", "procfs", "linprocfs", "linsysfs", "fdescfs", "mqueuefs", "autofs"}

// mounts adds what is mounted in a granted directory: a mount of that directory alone would show what lies below those mounts instead.
func (r *jails) mounts() {
	for _, n := range r.sorted() {
		if n.Kind != Bind || !n.Dir {
			continue
		}
		for _, m := range r.host.Mounts {
			if m.Path == n.Host || !below(m.Path, n.Host) || below(m.Path, JailPlaces) {
				continue
			}
			inside := path.Join(n.Path, m.Path[len(n.Host):])
			old := r.nodes[inside]
			switch {
			case old != nil && old.Host == m.Path && old.Kind == Bind:
				old.mounted = true
			case old != nil:
			case !r.paths.dir(m.Path):
				for _, a := range n.asked {
					r.lack(a.op, "a mount of one file", "something is mounted on "+m.Path+", which is no directory", "the directories beside it")
				}
			default:
				k := Bind
				if slices.Contains(jailKernelTypes, m.Type) {
					k, r.policy.Jail.Dir = Cover, true
				}
				r.nodes[inside] = &jailNode{Entry: Entry{Path: inside, Kind: k, Host: m.Path, Dir: true, Why: n.Why}, mounted: true, system: n.system}
			}
		}
	}
}

func (r *jails) sorted() []*jailNode {
	out := make([]*jailNode, 0, len(r.nodes))
	for _, n := range r.nodes {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *jailNode) int { return ByPath(a.Path, b.Path) })
	return out
}

// layout hands rights down, and decides which entries are mounts of their own.
func (r *jails) layout() error {
	var top *jailNode
	nodes := r.sorted()
	for _, n := range nodes {
		for top != nil && !below(n.Path, top.Path) {
			top = top.in
		}
		n.in = top
		plain := top != nil && n.Kind == Bind && top.Kind == Bind && path.Join(top.Host, n.Path[len(top.Path):]) == n.Host
		n.Rights = n.own
		if plain {
			n.Rights |= top.Rights
		}
		n.Mount = n.Dir && (n.mounted || !(plain && n.Rights == top.Rights)) || n.copied && top == nil
		if err := r.nested(n, plain); err != nil {
			return err
		}
		r.readable(n)
		if n.Dir {
			top = n
		}
	}
	var out []Entry
	for _, n := range nodes {
		out = append(out, n.Entry)
	}
	for _, e := range r.views {
		if !slices.ContainsFunc(nodes, func(n *jailNode) bool { return n.Dir && below(e.Path, n.Path) || below(n.Path, e.Path) }) && !below(e.Path, devPath) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return ByPath(a.Path, b.Path) })
	r.policy.Entries = out
	return r.steady(nodes)
}

// nested is an entry in another one: its place has to be there, and to stay what it is.
func (r *jails) nested(n *jailNode, plain bool) error {
	if n.in == nil {
		return nil
	}
	for _, a := range n.asked {
		switch {
		case n.Kind == Cover && n.in.Rights&Write != 0:
			r.lack(a.op, "a mount with a hole", n.in.Why+" lets the program move what is around it", "the directories and files beside it")
			return nil
		case n.Kind == Cover:
		case n.in.Kind == Cover:
			return problem(a.op, n.Path, fmt.Errorf("%s denies the directory around it", n.in.Why))
		case !n.Mount && !(n.copied && !plain):
		case n.in.Kind == Private:
			r.lack(a.op, "a place in a private directory", n.in.Why+" is empty when the command starts", "another place")
			return nil
		case !plain && !r.there(n):
			r.lack(a.op, "a place for it", n.in.Why+" shows a directory of the host, which has no such place", "another place")
			return nil
		case n.copied:
			r.lack(a.op, "a mount of one file", "it lies in what "+n.in.Why+" shows", "the directory that it lies in")
			return nil
		}
	}
	return nil
}

// there says that the place of a Map or a Private in a directory of the host is one there.
func (r *jails) there(n *jailNode) bool {
	if n.in.Kind != Bind {
		return false
	}
	st, err := r.paths.lstat(path.Join(n.in.Host, n.Path[len(n.in.Path):]))
	return err == nil && st.mode.IsDir()
}

// readable: what is mounted can be read, and what is executed, too.
func (r *jails) readable(n *jailNode) {
	if n.Kind != Bind || n.Rights&Read != 0 {
		return
	}
	for _, a := range n.asked {
		if !r.inexact(a.op, "a mount that cannot be read", "", "FileRead of the same path", "what is there can be read, too") {
			return
		}
	}
	n.Rights |= Read
}

// steady refuses what the program could turn elsewhere for the next sandbox: links, and places in what it may change.
func (r *jails) steady(nodes []*jailNode) error {
	for _, n := range nodes {
		for _, w := range nodes {
			if n == w || n.Kind != Bind || w.Kind != Bind || !w.Dir || w.Rights&Write == 0 || n.Host == w.Host || !below(n.Host, w.Host) {
				continue
			}
			for _, a := range n.asked {
				if more := a.rights &^ (w.Rights | Metadata); more != 0 {
					r.inexact(a.op, "a mount that pins it", w.Why+" lets the program put something else in its place", "a path outside of "+w.Host,
						fmt.Sprintf("for the next sandbox, what was elsewhere in %s can lie here (%s)", w.Host, more))
				}
			}
		}
	}
	for _, l := range r.links {
		for _, n := range nodes {
			if n.Kind == Bind && n.Dir && n.Rights&Write != 0 && below(l.host, n.Host) && l.host != n.Host {
				return problem(l.op, l.host, fmt.Errorf("is a link that the program could change, by %s: name what it leads to", n.Why))
			}
		}
	}
	return nil
}

func (r *jails) network(op profile.Operation) error {
	const fix = "a socket that the caller has connected or bound, passed as a descriptor"
	switch op.Address.Form {
	case profile.FormAll:
		if op.Kind == profile.NetworkOutbound {
			r.net.out = append(r.net.out, op)
			for _, p := range jailNetwork {
				if err := r.brought(op, p, Read); err != nil {
					return err
				}
			}
		} else {
			r.net.in = append(r.net.in, op)
		}
		return nil
	case profile.FormLocalSocket:
	default:
		r.lack(op, "vnet and a packet filter", "a jail has the host's addresses, or none", fix)
		return nil
	}
	dir := path.Dir(op.Address.Name)
	at, st, err := r.lead(op, dir)
	if err != nil {
		return problem(op, op.Address.Name, err)
	}
	if !st.mode.IsDir() {
		return problem(op, dir, errors.New("is no directory"))
	}
	r.net.local = append(r.net.local, op)
	if op.Kind == profile.NetworkOutbound {
		to, sock, err := r.lead(op, op.Address.Name)
		switch {
		case err != nil:
			return problem(op, op.Address.Name, err)
		case sock.mode&fs.ModeSocket == 0:
			return problem(op, op.Address.Name, errors.New("is not a socket"))
		}
		if err := within(op, to, r.leads(op)); err != nil {
			return err
		}
		at = path.Dir(to)
	}
	if at == "/" || below(at, devPath) || below(at, procPath) {
		r.lack(op, "a mount without a device or a process in it", "a directory shows all that lies below", fix)
		return nil
	}
	r.add(op, Entry{Path: at, Kind: Bind, Host: at, Dir: true}, Read)
	return nil
}

// networks: without a grant no sockets can be made, as their buffers have no room (RLIMIT_SBSIZE). Whoever can make them can connect to all that lie in
// the view, since a mount that is read-only is no bar to that, and to all addresses of the host or to none.
func (r *jails) networks() {
	j := &r.policy.Jail
	all := slices.Concat(r.net.out, r.net.in, r.net.local)
	j.Sockets, j.Internet = len(all) > 0, len(r.net.out)+len(r.net.in) > 0
	beside := func(ops, other []profile.Operation, gap, fix string) {
		if len(other) == 0 {
			r.each(ops, "a filter of addresses", "a jail has the host's addresses, or none", fix, gap)
		}
	}
	beside(r.net.out, r.net.in, "it can listen, too", "NetworkInbound(All()) beside it")
	beside(r.net.in, r.net.out, "it can connect, too", "NetworkOutbound(All()) beside it")
	r.each(r.net.local, "a right on one socket", "a mount shows the directory", "a socket that the caller has connected or bound, passed as a descriptor",
		"every socket in what the program sees can be reached, and the directory can be read")
	if len(r.net.local) > 0 || !j.Sockets {
		return
	}
	for _, n := range r.sorted() {
		if n.Kind == Bind && n.Dir && !n.system && slices.ContainsFunc(n.asked, func(a ask) bool { return a.op.Kind != profile.NetworkOutbound }) {
			r.each(all, "a bar to local sockets", n.Why+" shows a directory, and the sockets in it with that", "", "sockets in granted directories can be reached, too")
			return
		}
	}
}

// jailHolds names what holds an operation.
func jailHolds(op profile.Operation) string {
	switch op.Kind {
	case profile.System, profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute, profile.Map:
		if op.Deny {
			return "it is not in the jail's root"
		}
		return "nullfs in the jail's root"
	case profile.Private:
		return "a tmpfs of the command's own"
	case profile.NetworkOutbound, profile.NetworkInbound:
		return "ip4 and ip6 of the jail"
	case profile.ProcessCreate:
		return "RLIMIT_NPROC, and the end of the jail ends what is left"
	case profile.Trace:
		return "allow.unprivileged_proc_debug"
	case profile.IPC:
		if op.IPC == profile.SystemV {
			return "sysvmsg, sysvsem and sysvshm of the jail"
		}
	}
	return "jail"
}
