package policy

// This file finds what the operations of files mean in a jail: which directories of the host are mounted where, which files are copied, and what of that
// is denied.

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

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
		return within(op, at, pathOnly(op, r.lead))
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
		return within(op, at, pathOnly(op, r.lead))
	}
	if !r.single(op, at, rights) {
		return nil
	}
	n := r.add(op, Entry{Path: at, Kind: Bind, Host: at}, rights)
	n.copied = true
	return within(op, at, pathOnly(op, r.lead))
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
