package profile

// This file says what a file that extends others may say, and what it then means. Without widen the result must never
// allow what the bases do not.
//
// The bases together (their union) are the bound. A key that the file does not name is inherited; a key that it names
// replaces the base's and must lie within it. With widen = true the file's entries are added to the base's, unchecked.

import (
	"cmp"
	"errors"
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
		if !b.allows(e.op) {
			return d.fault(e.key, e.line, &Error{Path: subject(e.op), Err: b.exceeded(e.op.Kind)})
		}
	}
	for _, kind := range []Kind{Private, Map} {
		line, named := d.named[kind.Key()]
		if named && !sameViews(b.of(kind), ofKind(d.own.Operations, kind)) {
			return d.fault(kind.Key(), line, fmt.Errorf(
				"must list all that %s lists, in its order: a view that is dropped or moved may show what it hid", b.name))
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
	return nil
}

// over applies the file to what it extends. Env and Dir grant nothing, so they need no bound.
func (d *document) over(base Profile) Profile {
	if d.widen {
		p := union(base, d.own)
		if _, named := d.named["on-denied"]; named {
			p.OnDenied = d.own.OnDenied
		}
		return p
	}
	p := base
	p.Operations = nil
	for _, op := range base.Operations {
		if _, named := d.named[op.Kind.Key()]; !named {
			p.Operations = append(p.Operations, op)
		}
	}
	p.Operations = canonical(append(p.Operations, bounded(d.own.Operations, base)...))
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
		if bounds[op.Kind] == nil {
			bounds[op.Kind] = &Bound{Operations: ofKind(base.Operations, op.Kind)}
		}
		bound := op.Bound
		op.Bound, op.Pattern.Optional = nil, false
		same[op] = bound
	}
	out := slices.Clone(own)
	for i, op := range out {
		if op.Pattern.Path == "" {
			continue
		}
		op.Pattern.Optional = false
		if bound, ok := same[op]; ok {
			out[i].Bound = bound
		} else {
			out[i].Bound = bounds[op.Kind]
		}
	}
	return out
}

// union allows what either allows, with b's word for Env and Dir. Killing is the stricter action, and so it stays.
func union(a, b Profile) Profile {
	return Profile{
		Operations: canonical(distinct(slices.Concat(a.Operations, b.Operations))),
		OnDenied:   max(a.OnDenied, b.OnDenied),
		Env:        lastPerName(slices.Concat(a.Env, b.Env)),
		PassEnv:    distinct(slices.Concat(a.PassEnv, b.PassEnv)),
		Dir:        cmp.Or(b.Dir, a.Dir),
	}
}

func distinct[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	return slices.DeleteFunc(list, func(item T) bool {
		twice := seen[item]
		seen[item] = true
		return twice
	})
}

// lastPerName keeps each variable where it first stood, with the value it was given last.
func lastPerName(env []string) []string {
	at := make(map[string]int, len(env))
	var kept []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if i, ok := at[name]; ok {
			kept[i] = kv
			continue
		}
		at[name] = len(kept)
		kept = append(kept, kv)
	}
	return kept
}

// canonical sorts by kind, keeps the order within one, and leaves one of each operation that has no argument.
func canonical(ops []Operation) []Operation {
	ops = slices.Clone(ops)
	slices.SortStableFunc(ops, func(a, b Operation) int { return cmp.Compare(a.Kind, b.Kind) })
	return slices.CompactFunc(ops, func(a, b Operation) bool {
		_, isList := entryForms[a.Kind]
		return a.Kind == b.Kind && !isList
	})
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

// sameViews tells whether the child's views are the base's, one by one; a map may have become read-only.
func sameViews(base, child []Operation) bool {
	return slices.EqualFunc(base, child, func(b, c Operation) bool {
		return b == c || (c.Mode == ReadOnly && b == writable(c))
	})
}

func writable(op Operation) Operation {
	op.Mode = ReadWrite
	return op
}

// subject is what an error about op names besides the key.
func subject(op Operation) string {
	switch op.Kind {
	case FileRead, FileReadMetadata, FileWrite, FileExecute:
		return op.Pattern.Path
	case Private, Map:
		return op.Path
	}
	return ""
}

// bound is the bases' union, arranged to answer quickly.
type bound struct {
	name    string
	ops     map[Kind][]Operation
	exact   map[Operation]bool
	trees   map[Kind]trees
	passEnv map[string]bool
}

func newBound(base Profile, bases []string) *bound {
	b := &bound{
		name: strings.Join(bases, " and "), ops: map[Kind][]Operation{}, exact: map[Operation]bool{},
		trees: map[Kind]trees{}, passEnv: map[string]bool{},
	}
	subpaths := map[Kind][]string{}
	for _, op := range base.Operations {
		b.ops[op.Kind] = append(b.ops[op.Kind], op)
		if op.Pattern.Match == Subpath {
			subpaths[op.Kind] = append(subpaths[op.Kind], op.Pattern.Path)
		}
		// A missing path grants nothing: being optional makes no difference to what is allowed.
		op.Pattern.Optional, op.Bound = false, nil
		b.exact[op] = true
	}
	for kind, paths := range subpaths {
		b.trees[kind] = newTrees(paths)
	}
	for _, name := range base.PassEnv {
		b.passEnv[name] = true
	}
	return b
}

func (b *bound) of(kind Kind) []Operation { return b.ops[kind] }

func (b *bound) allows(op Operation) bool {
	op.Pattern.Optional = false
	if b.exact[op] || (op.Kind == Map && b.exact[writable(op)]) {
		return true
	}
	return op.Pattern.Path != "" && b.trees[op.Kind].cover(op.Pattern.Path)
}

func (b *bound) exceeded(kind Kind) error {
	if _, isList := entryForms[kind]; !isList {
		return fmt.Errorf("beyond %s, where it is false; widen = true would allow it", b.name)
	}
	var forms []string
	for _, op := range b.of(kind) {
		forms = append(forms, formatEntry(op))
	}
	return b.beyond(forms, "allows")
}

func (b *bound) beyond(allowed []string, verb string) error {
	const shown = 3
	what := strings.Join(allowed[:min(shown, len(allowed))], ", ")
	switch {
	case len(allowed) == 0:
		what = "none"
	case len(allowed) > shown:
		what += fmt.Sprintf(" and %d more", len(allowed)-shown)
	}
	return errors.New("beyond " + b.name + ", which " + verb + " " + what + "; widen = true would allow it")
}
