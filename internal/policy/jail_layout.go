package policy

// This file lays out a jail's view: what is a mount of its own, what that shows besides, and what the program could turn elsewhere.

import (
	"fmt"
	"path"
	"slices"
)

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
