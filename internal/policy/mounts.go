package policy

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// kernelTypes are file systems whose files act on the kernel. Where one is mounted below a granted tree it came along unasked, and
// what guards most of its files is their owner alone: a root caller's program is that owner.
var kernelTypes = map[string]bool{"sysfs": true, "cgroup": true, "cgroup2": true, "debugfs": true, "tracefs": true, "securityfs": true,
	"efivarfs": true, "configfs": true, "bpf": true, "pstore": true, "binfmt_misc": true, "selinuxfs": true, "smackfs": true, "fusectl": true}

// mounts looks at what is mounted on the host at and below the granted trees, since a bind brings it along. A proc there would show
// the host's processes: a tree is refused if it lies on one, and one that lies in it is covered. What acts on the kernel is not
// writable in there unless its mount point is granted by name.
func (r *resolver) mounts() error {
	types := map[string]string{}
	for _, m := range r.host.Mounts {
		types[m.Path] = m.Type
	}
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
		if kind != "proc" && !kernelTypes[kind] {
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

func mountOf(p string, types map[string]string) (at, kind string) {
	for ; ; p = path.Dir(p) {
		if kind, ok := types[p]; ok || p == "/" {
			return p, kind
		}
	}
}

// mounted deals with a mount of the host that a tree n would show at a path inside.
func (r *resolver) mounted(n *node, inside, at, kind string) error {
	if below(inside, procPath) || r.entries[inside] != nil {
		return nil
	}
	for p := path.Dir(inside); p != n.Path && p != "/"; p = path.Dir(p) {
		if r.entries[p] != nil && r.entries[p].boundary {
			return nil // something else is there
		}
	}
	st, err := r.paths.lstat(at)
	if err != nil {
		return nil // it cannot be reached, from inside neither
	}
	if kind == "proc" && !st.mode.IsDir() {
		return problem(n.op, inside, errors.New("is a file of the host's proc, mounted there"))
	}
	e := Entry{Path: inside, Kind: Bind, Host: at, Dir: st.mode.IsDir()}
	if kind == "proc" {
		e.Kind = Empty
	}
	m := r.add(n.op, e)
	m.boundary, m.kernel = true, kind != "proc"
	return nil
}

// steady refuses links that the program could turn elsewhere, for the next time: those in a tree that the profile lets it write.
func (r *resolver) steady() error {
	written := map[string]string{}
	for _, e := range r.policy.Entries {
		if e.Kind == Bind && e.Rights&Write != 0 && e.Dir {
			written[e.Host] = e.Why
		}
	}
	if len(written) == 0 {
		return nil
	}
	for _, l := range r.links {
		for dir := l.host; dir != "/"; {
			dir = path.Dir(dir)
			if why, ok := written[dir]; ok {
				return problem(l.op, l.host, fmt.Errorf("is a link that the program could change, by %s: name what it leads to", why))
			}
		}
	}
	return nil
}
