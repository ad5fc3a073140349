package profile

// This file says what a file that extends others may say, and what it then means. Without widen the result must never
// allow what the bases do not.
//
// The bases together (their union) are the bound. A key that the file does not name is inherited; a key that it names
// replaces the base's, also what the base has of it under best-effort, and must lie within it. What deny takes away stays taken:
// the file's own is added. With widen = true all the file's entries are added to the base's, unchecked.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// checkWithin looks at spelling alone. Hazard: a link inside a base's tree may point out of it, and naming the link
// grants its target where the base's Subpath does not. Only resolving the profile for a host can see that, by the
// operation's Bound.
func (d *document) checkWithin(base Profile, bases []string) error {
	b := newBound(base, bases)
	for _, e := range d.entries {
		if err := b.check(e.op); err != nil {
			return d.fault(e.key, e.line, &Error{Path: subject(e.op), Err: err})
		}
	}
	for _, kind := range []Kind{Private, Map} {
		for _, key := range []string{kind.Key(), bestEffortKey} {
			line, named := d.named[key]
			if named && !sameViews(ofKind(base.Operations, kind), ofKind(d.over(base).Operations, kind)) {
				return d.fault(key, line, fmt.Errorf(
					"must list all that %s lists, in its order: a view that is dropped or moved may show what it hid", b.name))
			}
		}
	}
	for _, key := range []string{IPC.Key(), bestEffortKey} {
		if line, named := d.named[key]; named {
			if kind, at, shows := b.showsShared(d.over(base)); shows {
				return d.fault(key, line, fmt.Errorf("must list %q, as %s does: it hides the host's %s, which a path shows", kind.Word(), b.name, at))
			}
		}
	}
	for _, w := range d.passEnv {
		if !b.passEnv[w.text] {
			return d.fault(w.key, w.line, &Error{Path: w.text, Err: b.beyond(base.PassEnv, "passes")})
		}
	}
	if line, named := d.named["on-denied"]; named && d.own.OnDenied < base.OnDenied {
		return d.fault("on-denied", line, fmt.Errorf(`%q is weaker than the %q of %s`, d.own.OnDenied, base.OnDenied, b.name))
	}
	return d.limitsWithin(base.Limits, b)
}

// inherits tells whether what a base says stays as it is.
func (d *document) inherits(op Operation) bool {
	if op.Deny {
		return true
	}
	_, replaced := d.named[op.Kind.Key()]
	_, effort := d.named[bestEffortKey]
	return !replaced && !(op.BestEffort && effort)
}

// over applies the file to what it extends. Env and Dir grant nothing, so they need no bound.
func (d *document) over(base Profile) Profile {
	if d.widen {
		p := union(base, d.own)
		if _, named := d.named["on-denied"]; named {
			p.OnDenied = d.own.OnDenied
		}
		p.Limits = d.limitsOver(base.Limits)
		return p
	}
	p := base
	p.Limits = d.limitsOver(base.Limits)
	p.Operations = nil
	for _, op := range base.Operations {
		if d.inherits(op) {
			op.Inherited = op.Deny
			p.Operations = append(p.Operations, op)
		}
	}
	p.Operations = canonical(distinctDenials(append(p.Operations, bounded(d.own.Operations, base)...)))
	for _, key := range []string{"env", "pass-env", "dir", "on-denied"} {
		if _, named := d.named[key]; !named {
			continue
		}
		switch key {
		case "env":
			p.Env = d.own.Env
		case "pass-env":
			p.PassEnv = d.own.PassEnv
		case "dir":
			p.Dir = d.own.Dir
		case "on-denied":
			p.OnDenied = d.own.OnDenied
		}
	}
	return p
}

// bounded remembers with each pattern that is not the base's own what the base allows.
func bounded(own []Operation, base Profile) []Operation {
	same := map[Operation]*Bound{}
	bounds := map[Kind]*Bound{}
	for _, op := range base.Operations {
		if op.Deny {
			continue
		}
		if bounds[op.Kind] == nil {
			bounds[op.Kind] = boundOf(base.Operations, op.Kind)
		}
		at := place(op)
		if _, twice := same[at]; !twice || op.Bound == nil {
			same[at] = op.Bound
		}
	}
	out := slices.Clone(own)
	for i, op := range out {
		if !op.Kind.file() || op.Deny {
			continue
		}
		if bound, ok := same[place(op)]; ok {
			out[i].Bound = bound
		} else {
			out[i].Bound = bounds[op.Kind]
		}
	}
	return out
}

// place is what an operation covers, without how it is meant. A missing path grants nothing: being optional makes no difference.
func place(op Operation) Operation {
	op.Pattern.Optional, op.BestEffort, op.Inherited, op.Bound = false, false, false, nil
	return op
}

// takers are the denials that take from what an operation grants: reading brings metadata, and where nothing may be read, a cover hides
// the metadata too.
var takers = map[Kind][]Kind{
	FileRead:         {FileRead, FileReadMetadata},
	FileReadMetadata: {FileRead, FileReadMetadata},
	FileWrite:        {FileWrite},
	FileExecute:      {FileExecute},
}

func boundOf(ops []Operation, kind Kind) *Bound {
	var b Bound
	for _, op := range ops {
		switch {
		case op.Kind == kind && !op.Deny:
			b.Operations = append(b.Operations, op)
		case op.Deny && slices.Contains(takers[kind], op.Kind):
			b.Denied = append(b.Denied, op)
		default:
			if at, ok := view(op); ok && hides(op, kind) {
				b.Views = append(b.Views, Operation{Kind: kind, Pattern: Pattern{Path: at, Match: Subpath}})
			}
		}
	}
	return &b
}

// distinctDenials drops a denial that is there already: files that extend each other repeat them.
func distinctDenials(ops []Operation) []Operation {
	seen := map[Operation]bool{}
	return slices.DeleteFunc(ops, func(op Operation) bool {
		op.Inherited = false
		twice := op.Deny && seen[op]
		seen[op] = true
		return twice
	})
}

// union is Join in a file's order.
func union(a, b Profile) Profile {
	p := join(a, b)
	p.Operations = canonical(p.Operations)
	return p
}

// canonical sorts as a file does, keeps the order within one key, has a system call each, and leaves one of each operation that
// has no argument.
func canonical(ops []Operation) []Operation {
	var each []Operation
	for _, op := range ops {
		if op.Kind != Syscall || op.validate() != nil {
			each = append(each, op)
			continue
		}
		for _, name := range strings.Fields(op.Names) {
			op.Names = name
			each = append(each, op)
		}
	}
	slices.SortStableFunc(each, inOrder)
	return slices.CompactFunc(each, func(a, b Operation) bool { return inOrder(a, b) == 0 && !a.Kind.isList() })
}

// inOrder compares by kind; what is exact goes first, what is denied last.
func inOrder(a, b Operation) int {
	rank := func(op Operation) int {
		r := 0
		if op.BestEffort {
			r++
		}
		if op.Deny {
			r += 2
		}
		return r
	}
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(rank(a), rank(b)))
}

func ofKind(ops []Operation, kind Kind) []Operation {
	var some []Operation
	for _, op := range ops {
		if op.Kind == kind {
			some = append(some, op)
		}
	}
	return some
}

// sameViews tells whether the child's views are the base's, one by one; a map may have become read-only, and any view exact.
func sameViews(base, child []Operation) bool {
	return slices.EqualFunc(base, child, func(b, c Operation) bool {
		return (b.BestEffort || !c.BestEffort) && (place(b) == place(c) || c.Mode == ReadOnly && place(b) == place(writable(c)))
	})
}

func writable(op Operation) Operation {
	op.Mode = ReadWrite
	return op
}

// subject is what an error about op names besides the key.
func subject(op Operation) string {
	switch op.Kind {
	case FileRead, FileReadMetadata, FileWrite, FileExecute, Device:
		return op.Pattern.Path
	case NetworkOutbound, NetworkInbound:
		if op.Address != All {
			return op.Address.Word()
		}
	case IPC:
		return op.IPC.Word()
	case Syscall, MachLookup:
		return op.Names
	case Private, Map:
		return op.Path
	}
	return ""
}
