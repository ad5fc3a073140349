package policy

// This file is the paths of capability mode: which become descriptors, and with which rights. A grant may not come to mean more than it says by
// what the program can move, link or replace with the descriptors that it has.

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

const loaderPath = "/libexec/ld-elf.so.1"

// firstDescriptor is plan.CapFirst: the least number of a granted descriptor.
const firstDescriptor = 64

// libraryPaths are where the run-time linker looks, by descriptors, in this order.
var libraryPaths = []string{"/lib", "/usr/lib", "/usr/local/lib"}

// LibraryPaths is where the run-time linker of FreeBSD looks for libraries, in this order.
func LibraryPaths() []string { return slices.Clone(libraryPaths) }

// pathRights is a path that System brings, with what may be done there.
type pathRights struct {
	path   string
	rights Rights
}

// bsdSystem is what System brings on FreeBSD, beside the run-time linker. No user's data is in here, and no accounts.
var bsdSystem = []pathRights{
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

// capsicumDevices hold no data and reach nothing. A device that is none of them needs Device.
var capsicumDevices = []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"}

func (r *caps) system(op profile.Operation) error {
	if !r.reach(op) {
		return nil
	}
	for _, s := range slices.Concat([]pathRights{{loaderPath, Read | Execute}}, bsdSystem) {
		at, st, err := r.lead(op, s.path)
		switch {
		case err != nil && missing(err):
			continue
		case err != nil:
			return problem(op, s.path, err)
		case kindProblem(st) != nil:
			return problem(op, s.path, kindProblem(st))
		}
		r.add(op, at, s.path, st, s.rights)
	}
	for _, d := range capsicumDevices {
		at, st, err := r.lead(op, d) // urandom is a link to random
		switch {
		case err != nil && missing(err):
			continue
		case err != nil:
			return problem(op, d, err)
		case !st.device():
			return problem(op, d, errors.New("is not a device"))
		}
		r.add(op, at, d, st, Read|Write|Device)
	}
	return nil
}

// lead finds where a path leads, and remembers the links on the way.
func (r *caps) lead(op profile.Operation, p string) (string, status, error) {
	var found []linkAt
	to, st, err := r.paths.real(p, func(at, _ string) { found = append(found, linkAt{at, op}) })
	if err == nil {
		r.links = append(r.links, found...)
	}
	return to, st, err
}

func (r *caps) file(op profile.Operation, rights Rights) error {
	pattern := op.Pattern
	at, st, err := r.lead(op, pattern.Path)
	switch {
	case err != nil && missing(err) && pattern.Optional:
		return nil
	case err != nil:
		return problem(op, pattern.Path, err)
	case st.device() && slices.Contains(capsicumDevices, at):
		rights |= Device
	case st.device():
		r.lack(op, "Device", at+" is a device", "")
		return nil
	case at == devPath || at == "/" || below(at, procPath):
		r.lack(op, "a descriptor without a device or a process in it", "a directory's descriptor reaches all that is mounted below", "the directories that are meant")
		return nil
	case kindProblem(st) != nil:
		return problem(op, pattern.Path, kindProblem(st))
	case st.mode&fs.ModeNamedPipe != 0:
		// opening it waits for the other end, and both are of the program's
		r.lack(op, "a descriptor of a FIFO that is not opened", "it would be opened before the program starts", "the directory that it lies in")
		return nil
	}
	if !r.reach(op) || pattern.Match == profile.Literal && st.mode.IsDir() && !r.directory(op) {
		return nil
	}
	if n := r.grants[at]; n != nil && n.asked[0].op.Kind == profile.Map {
		r.twice(op, n)
		return nil
	}
	r.add(op, at, pattern.Path, st, rights)
	return within(op, at, pathOnly(op, r.lead))
}

func (r *caps) device(op profile.Operation) error {
	at, st, err := r.lead(op, op.Pattern.Path)
	switch {
	case err != nil && missing(err) && op.Pattern.Optional:
		return nil
	case err != nil:
		return problem(op, op.Pattern.Path, err)
	case !st.device():
		return problem(op, op.Pattern.Path, errors.New("is not a device"))
	}
	if r.reach(op) {
		r.add(op, at, op.Pattern.Path, st, Read|Write|Device|Ioctl)
	}
	return within(op, at, pathOnly(op, r.lead))
}

// mapped is a descriptor that the program knows by another name.
func (r *caps) mapped(op profile.Operation) error {
	at, st, err := r.lead(op, op.Host)
	switch {
	case err != nil:
		return problem(op, op.Host, err)
	case kindProblem(st) != nil:
		return problem(op, op.Host, kindProblem(st))
	case at == "/" || below(at, devPath) || below(at, procPath):
		return problem(op, op.Host, errors.New("would show the host's /proc or /dev; map a directory that holds neither"))
	}
	for _, n := range r.grants {
		if slices.Contains(n.Names, op.Path) {
			return problem(op, op.Path, fmt.Errorf("%s has taken this place", n.Why))
		}
	}
	if n := r.grants[at]; n != nil {
		r.twice(op, n)
		return nil
	}
	if !r.reach(op) {
		return nil
	}
	rights := Read
	if op.Mode == profile.ReadWrite {
		rights |= Write
	}
	r.add(op, at, op.Path, st, rights)
	return nil
}

// twice: what is granted by two names has the rights of both by either of them, since a program can use any descriptor that it has.
func (r *caps) twice(op profile.Operation, n *capNode) {
	r.lack(op, "two descriptors of one path", n.Why+" grants it, too", "one of the two")
}

func (r *caps) add(op profile.Operation, at, name string, st status, rights Rights) *capNode {
	n := r.grants[at]
	if n == nil {
		n = &capNode{mode: st.mode, system: true}
		n.CapGrant = CapGrant{Path: at, Dir: st.mode.IsDir(), Why: op.String()}
		r.grants[at] = n
	}
	n.Names = append(n.Names, name)
	if op.Kind != profile.Map {
		n.Names = append(n.Names, at)
	}
	n.own |= rights
	n.system = n.system && op.Kind == profile.System
	n.asked = append(n.asked, ask{op, rights})
	return n
}

// deny: a descriptor of a directory has no holes. What is denied by the same path as it is granted loses the right; what lies in a granted
// directory is refused; what no grant reaches is denied anyway.
func (r *caps) deny(op profile.Operation) error {
	at, _, err := r.lead(op, op.Pattern.Path)
	switch {
	case err != nil && missing(err) && (op.Pattern.Optional || op.Inherited):
		return nil
	case err != nil:
		return problem(op, op.Pattern.Path, err)
	}
	takes := granted(profile.Operation{Kind: op.Kind})
	if takes == Read || takes == Metadata {
		takes = Read | Metadata
	}
	for _, p := range slices.SortedFunc(maps.Keys(r.grants), ByPath) {
		n := r.grants[p]
		switch {
		case n.own&takes == 0:
		case n.Path == at:
			n.lost |= takes
		case n.Dir && below(at, n.Path):
			r.lack(op, "a descriptor with a hole", "a right on a directory is one on all that is below, by "+n.Why, "the directories and files beside it")
			return nil
		}
	}
	return nil
}

// arrange sorts the grants and hands rights down: the program can use either descriptor.
func (r *caps) arrange() {
	for at, n := range r.grants {
		if n.own &^= n.lost; n.own == 0 {
			delete(r.grants, at)
			continue
		}
		r.sorted = append(r.sorted, n)
	}
	slices.SortFunc(r.sorted, func(a, b *capNode) int { return ByPath(a.Path, b.Path) })
	var top *capNode
	for _, n := range r.sorted {
		for top != nil && !below(n.Path, top.Path) {
			top = top.in
		}
		n.in, n.Rights = top, n.own|Metadata
		if top != nil {
			n.Rights |= top.Rights &^ (Device | Ioctl | Connect)
		}
		if n.Dir {
			top = n
		}
	}
}

// writable is the innermost grant around n that the program may change.
func (n *capNode) writable() *capNode {
	for w := n.in; w != nil; w = w.in {
		if w.own&Write != 0 {
			return w
		}
	}
	return nil
}

// steady refuses what the program could turn elsewhere for the next sandbox, whose descriptor is of what lies at the path then.
func (r *caps) steady() error {
	for _, n := range r.sorted {
		w := n.writable()
		if w == nil {
			continue
		}
		for _, a := range n.asked {
			if more := a.rights &^ (n.in.Rights | Device | Metadata); more != 0 {
				r.inexact(a.op, "a mount that pins it", w.Why+" lets the program put something else in its place", "a path outside of "+w.Path,
					fmt.Sprintf("for the next sandbox, what was elsewhere in %s can lie here (%s)", w.Path, more))
			}
		}
	}
	for _, l := range r.links {
		for _, n := range r.sorted {
			if n.Dir && n.Rights&Write != 0 && below(l.host, n.Path) && l.host != n.Path {
				return problem(l.op, l.host, fmt.Errorf("is a link that the program could change, by %s: name what it leads to", n.Why))
			}
		}
	}
	return nil
}

// moves closes the way from what is only written to what is read: a file that is moved or linked there could be. The right that is taken is
// that of the source, for the whole descriptor.
func (r *caps) moves() {
	for _, n := range r.sorted {
		if !n.Dir || n.Rights&Write == 0 || n.Rights&Read != 0 {
			continue
		}
		for _, to := range r.sorted {
			if to == n || to.Rights&Read == 0 || !to.Dir || to.Rights&Write == 0 && !below(to.Path, n.Path) {
				continue
			}
			for _, a := range n.asked {
				if a.rights&Write != 0 && r.inexact(a.op, "rights on a move by its target", "what is moved from here to "+to.Path+" could be read there, by "+to.Why, "FileRead of the same directory",
					"nothing in "+n.Path+" can be renamed or linked") {
					n.Fixed = true
				}
			}
			break
		}
	}
}

// capsicumLimits: what FreeBSD counts by user is no limit of a sandbox, and what it counts by process is one only where there is one process.
func capsicumLimits(p *Policy, l profile.Limits, _ Host) (lacks []Unsupported) {
	p.Limits = Limits{Limits: l, Platform: FreeBSD}
	lack := func(name, mechanism, detail, fix string) {
		lacks = append(lacks, Unsupported{Operation: limitPrefix + name, Mechanism: mechanism, Detail: detail, Fix: fix})
	}
	if l.CPU != 0 && p.Processes && !l.PerProcess {
		lack("CPU", "a count of the processor time of a tree", "RLIMIT_CPU counts each process by itself", "PerProcess, or a profile without ProcessCreate, or Wall")
	} else if l.CPU != 0 {
		p.Limits.Seconds = int64(l.CPU/time.Second) + 1
	}
	// the executable, the grants, the preload library's directory, and one to open something with
	if least := int64(firstDescriptor + len(p.Capsicum.Grants) + 3); l.Files != 0 && l.Files < least && p.Engine == CapsicumEngine {
		lack("Files", "numbers for the granted descriptors", fmt.Sprintf("they begin at %d", firstDescriptor), fmt.Sprintf("a limit of %d or more", least))
	}
	for _, f := range []struct {
		set                     bool
		name, mechanism, detail string
	}{
		{l.Memory != 0, "Memory", "a limit of memory that SHM_ANON counts for", "RLIMIT_VMEM bounds the address space, and shared memory without a name lies outside of it"},
		{l.Processes != 0, "Processes", "a count of the processes of a sandbox", "RLIMIT_NPROC counts those of a user"},
		{l.Disk != 0 && p.Engine == CapsicumEngine, "Disk", "Private directories", "capability mode has none"},
		{l.Core > 1, "Core", "cores that are files of the program", "kern.corefile says where they are written"},
		{l.Instructions != 0, "Instructions", "a counter of retired instructions", "gaol reads none on FreeBSD"},
		{l.Processors != 0, "Processors", "a bound of processors", "that of rctl(8) is for root and takes a kernel with RACCT"},
		{l.ReadRate != 0, "ReadRate", "a bound of disk traffic", "that of rctl(8) is for root and takes a kernel with RACCT"},
		{l.WriteRate != 0, "WriteRate", "a bound of disk traffic", "that of rctl(8) is for root and takes a kernel with RACCT"},
	} {
		if f.set {
			lack(f.name, f.mechanism, f.detail, "")
		}
	}
	return lacks
}

func capsicumHeld(l *Limits) map[string]string {
	cpu := fmt.Sprintf("RLIMIT_CPU of %d s", l.Seconds)
	return map[string]string{"Wall": "gaol's timer", "Output": "gaol's pipes", "Files": "RLIMIT_NOFILE", "FileSize": "RLIMIT_FSIZE", "Stack": "RLIMIT_STACK",
		"Core": "RLIMIT_CORE", "CPU": cpu, "Disk": "the size of a tmpfs"}
}

// InTable is a name that the program may use, and the grant that it leads to.
type InTable struct {
	Name  string
	Grant int
}

// Table lists the names, sorted by path.
func (c *Capsicum) Table() (out []InTable) {
	for i, g := range c.Grants {
		for _, n := range g.Names {
			out = append(out, InTable{path.Clean(n), i})
		}
	}
	slices.SortFunc(out, func(a, b InTable) int { return ByPath(a.Name, b.Name) })
	return out
}
