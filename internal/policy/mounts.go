package policy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// kernelTypes are file systems whose files act on the kernel. Where one is mounted below a granted tree it came along unasked, and
// what guards most of its files is their owner alone: a root caller's program is that owner.
var kernelTypes = map[string]bool{"sysfs": true, "cgroup": true, "cgroup2": true, "debugfs": true, "tracefs": true, "securityfs": true,
	"efivarfs": true, "configfs": true, "bpf": true, "pstore": true, "binfmt_misc": true, "selinuxfs": true, "smackfs": true, "fusectl": true,
	"resctrl": true, "nfsd": true, "rpc_pipefs": true, "xenfs": true, "openpromfs": true}

// mounts looks at what is mounted on the host at and below the granted trees, since a bind brings it along. A proc there would show
// the host's processes: a tree is refused if it lies on one, and one that lies in it is covered. What acts on the kernel is not
// writable in there unless its mount point is granted by name.
func (r *resolver) mounts() error {
	types := mountTypes(r.host.Mounts)
	trees := map[string][]*node{}
	for _, n := range r.entries {
		if n.Kind != Bind {
			continue
		}
		if at, kind := mountOf(n.Host, types); kind == "proc" {
			return problem(n.op, n.Path, fmt.Errorf("lies on the host's proc at %s; System() and SystemInfoRead() bring one of the sandbox's own", at))
		}
		trees[n.Host] = append(trees[n.Host], n)
	}
	for at, kind := range types {
		if kind != "proc" && !kernelTypes[kind] || covered(at, types) {
			continue
		}
		for dir := at; dir != "/"; {
			dir = path.Dir(dir)
			for _, n := range trees[dir] {
				if err := r.mounted(n, path.Join(n.Path, strings.TrimPrefix(at, dir)), at, kind); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mountTypes is what is mounted where. Of several at one place the table does not tell which is on top: the one that matters most counts.
func mountTypes(mounts []Mount) map[string]string {
	types := map[string]string{}
	for _, m := range mounts {
		if have, ok := types[m.Path]; !ok || have != "proc" && (m.Type == "proc" || kernelTypes[m.Type] || !kernelTypes[have]) {
			types[m.Path] = m.Type
		}
	}
	return types
}

// covered says that a mount lies below a proc, with which it is covered.
func covered(at string, types map[string]string) bool {
	for at != "/" {
		at = path.Dir(at)
		if types[at] == "proc" {
			return true
		}
	}
	return false
}

func mountOf(p string, types map[string]string) (at, kind string) {
	for ; ; p = path.Dir(p) {
		if kind, ok := types[p]; ok || p == "/" {
			return p, kind
		}
	}
}

// mounted deals with a mount of the host that a tree n would show at a path inside.
func (r *resolver) mounted(n *node, inside, at, kind string) error {
	if below(inside, procPath) {
		return nil
	}
	if e := r.entries[inside]; e != nil { // named, but perhaps not to be written
		e.kernel = e.kernel || kind != "proc" && e.Kind == Bind && !e.boundary && e.Rights&Write == 0
		return nil
	}
	if r.hidden(inside, n) {
		return nil
	}
	st, err := r.paths.lstat(at)
	if err != nil && (missing(err) || kind != "proc") {
		return nil // something lies over it; or its files are root's, and root is kept from no path
	}
	if err != nil { // the program may open the way to it
		return problem(n.op, inside, fmt.Errorf("a %s of the host is mounted here and cannot be covered: %w", kind, bare(err)))
	}
	if kind == "proc" && !st.mode.IsDir() {
		return problem(n.op, inside, errors.New("is a file of the host's proc, mounted there"))
	}
	e := Entry{Path: inside, Kind: Bind, Host: at, Dir: st.mode.IsDir()}
	if kind == "proc" {
		e.Kind = Empty
	}
	m := r.add(n.op, e)
	m.boundary, m.kernel, m.unasked = true, kind != "proc", true
	return nil
}

// pinned adds an entry for what is shown elsewhere and lies in a tree that the profile lets the program write: there, too, it gets a
// mount (see place), so that the program cannot put something else in its stead for the next time.
func (r *resolver) pinned() {
	written := map[string][]*node{}
	for _, n := range r.entries {
		if n.Kind == Bind && n.Rights&Write != 0 && n.Dir {
			written[n.Host] = append(written[n.Host], n)
		}
	}
	if len(written) == 0 {
		return
	}
	var shown []*node
	for _, n := range r.entries {
		if n.Kind == Bind && n.Rights&Device == 0 {
			shown = append(shown, n)
		}
	}
	byPath := func(a, b *node) int { return ByPath(a.Path, b.Path) }
	slices.SortFunc(shown, byPath)
	for _, list := range written {
		slices.SortFunc(list, byPath)
	}
	for _, n := range shown {
		for dir := n.Host; dir != "/"; {
			dir = path.Dir(dir)
			for _, w := range written[dir] {
				at := path.Join(w.Path, strings.TrimPrefix(n.Host, dir))
				if r.hostPath(at) == n.Host && !r.hidden(at, w) {
					r.add(n.op, Entry{Path: at, Kind: Bind, Host: n.Host, Dir: n.Dir, Fifo: n.Fifo, Rights: n.Rights & Connect})
				}
			}
		}
	}
}

// hidden says that something else is put between a tree and a path in it.
func (r *resolver) hidden(at string, tree *node) bool {
	for p := path.Dir(at); p != tree.Path && p != "/"; p = path.Dir(p) {
		if n := r.entries[p]; n != nil && n.boundary && !n.kernel {
			return true
		}
	}
	return false
}

// steady refuses links that the program could turn elsewhere, for the next time: those in a tree that the profile lets it write.
func (r *resolver) steady() error {
	written := map[string]*Entry{}
	for i := range r.policy.Entries {
		if e := &r.policy.Entries[i]; e.Kind == Bind && e.Rights&Write != 0 && e.Dir {
			written[e.Host] = e
		}
	}
	if len(written) == 0 {
		return nil
	}
	above := func(host string) *Entry {
		for dir := host; dir != "/"; {
			dir = path.Dir(dir)
			if w := written[dir]; w != nil {
				return w
			}
		}
		return nil
	}
	root := r.policy.Entries[0]
	for _, l := range r.links {
		if root.Path == "/" && root.Host == "/" && root.Rights&Write != 0 && granted(l.op)&^root.Rights == 0 && !r.covers() {
			continue // all of the host can be reached anyway
		}
		if w := above(l.host); w != nil {
			return problem(l.op, l.host, fmt.Errorf("is a link that the program could change, by %s: name what it leads to", w.Why))
		}
	}
	return nil
}

// covers says that something of the host is hidden behind a Private, a Map or a Deny.
func (r *resolver) covers() bool {
	for _, n := range r.entries {
		if n.boundary && !n.kernel && n.Kind != Empty || len(n.denies) > 0 {
			return true
		}
	}
	return false
}

// granted is what an operation grants along links.
func granted(op profile.Operation) Rights {
	switch op.Kind {
	case profile.System:
		return Read | Execute
	case profile.FileRead:
		return Read
	case profile.NetworkOutbound:
		if op.Address.Form != profile.FormLocalSocket {
			return Read // of the files that it brings
		}
	case profile.FileReadMetadata:
		return Metadata
	case profile.FileWrite:
		return Write
	case profile.FileExecute:
		return Execute
	}
	return Read | Write | Execute
}
