package policy

// Random profiles with denials, against the oracle: the most specific word about a right counts, at whatever place the path is shown, and
// what is mounted for it cannot be moved.

import (
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"pgregory.net/rapid"
)

// anyAllowed allows some rights on a directory near the root.
func anyAllowed(t *rapid.T, f *fakeFS) (ops list) {
	p := anyPlace(t, f, "tree")
	if rapid.Bool().Draw(t, "high") {
		p = path.Join("/", strings.SplitN(p[1:], "/", 2)[0])
	}
	for i, k := range []profile.Kind{profile.FileRead, profile.FileWrite, profile.FileExecute} {
		if i == 0 || rapid.IntRange(0, 2).Draw(t, "more") == 0 {
			ops = append(ops, optional(at(k, p)))
		}
	}
	return ops
}

// anyDenial takes, most of the time, some of what is allowed below a directory.
func anyDenial(t *rapid.T, f *fakeFS, ops list) (denials list) {
	hole := anyPlace(t, f, "hole")
	above := func(p string) (kinds []profile.Kind) {
		for _, op := range ops {
			if op.Pattern.Match == profile.Subpath && !op.Deny && under(p, op.Pattern.Path) && p != op.Pattern.Path {
				kinds = append(kinds, op.Kind)
			}
		}
		return kinds
	}
	var places []string
	for _, p := range f.sortedPaths() {
		if f.nodes[p].link == "" && above(p) != nil {
			places = append(places, p)
		}
	}
	if len(places) > 0 && rapid.IntRange(0, 9).Draw(t, "there") > 0 {
		hole = rapid.SampledFrom(places).Draw(t, "place")
	}
	kinds := above(hole)
	if len(kinds) == 0 || rapid.IntRange(0, 9).Draw(t, "other") == 0 {
		kinds = append(kinds, rapid.SampledFrom([]profile.Kind{profile.FileRead, profile.FileWrite, profile.FileExecute, profile.FileReadMetadata}).Draw(t, "denied"))
	}
	if rapid.Bool().Draw(t, "one") {
		kinds = kinds[len(kinds)-1:]
	}
	best, maybe := rapid.IntRange(0, 4).Draw(t, "best effort") == 0, rapid.IntRange(0, 2).Draw(t, "optional") == 0
	for _, k := range kinds {
		o := deny(at(k, hole))
		o.BestEffort, o.Pattern.Optional = best, maybe
		denials = append(denials, o)
	}
	return denials
}

func TestARandomDenialHolds(t *testing.T) {
	outcome := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		f.mounts = nil // they are refused, and tell nothing of denials
		var ops list
		for range rapid.IntRange(1, 3).Draw(t, "trees") {
			ops = append(ops, anyAllowed(t, f)...)
		}
		for range rapid.IntRange(0, 2).Draw(t, "operations") {
			ops = append(ops, anyOperation(t, f))
		}
		for range rapid.IntRange(1, 3).Draw(t, "denials") {
			ops = append(ops, anyDenial(t, f, ops)...)
		}
		effort, steady := false, true
		for _, op := range ops {
			effort = effort || op.BestEffort
			steady = steady && !op.BestEffort && !(op.Deny && op.Kind == profile.FileWrite) // the oracle takes a tree to be written all over
		}
		p, err := Resolve(of(ops...), host(f))
		var bad *profile.Error
		var lacks *UnsupportedError
		switch {
		case errors.As(err, &bad):
			outcome["meaningless"]++
			return
		case errors.As(err, &lacks):
			outcome["unsupported"]++
			return
		case err != nil:
			t.Fatalf("%T: %v", err, err)
		}
		outcome["resolved"]++
		o := newOracle(f, ops)
		if l := o.turnable(f, true); l != "" && steady {
			t.Fatalf("%s could be turned elsewhere\n%s", l, &p)
		}
		if err := errors.Join(pinned(&p), anchored(&p)); err != nil {
			t.Fatalf("%v\n%s", err, &p)
		}
		o.noMore(t, &p)
		if !effort {
			o.noLess(t, &p)
		}
		for _, op := range ops {
			if op.Deny {
				outcome[o.closed(t, &p, op)]++
			}
		}
	})
	for _, word := range []string{"resolved", "meaningless", "unsupported", "covered", "mounted", "absent"} {
		if outcome[word] == 0 {
			t.Errorf("too few of a kind: %v", outcome)
			break
		}
	}
	t.Logf("%v", outcome)
}

// closed finds a denied path shown with the right, wherever in the view, and returns how it is closed.
func (o *oracle) closed(t *rapid.T, p *Policy, op profile.Operation) string {
	to, _, err := o.real(op.Pattern.Path, 0)
	if err != nil {
		if e := p.enclosing(op.Pattern.Path); e != nil && e.Rights&Write != 0 {
			t.Fatalf("%s: the program could make it\n%s", op, p)
		}
		return "absent"
	}
	how := "covered"
	for q := range o.nodes {
		if r, _, err := o.real(q, 0); err != nil || r != q || o.from[q] != o.from[to] || o.from[q] == "" {
			continue
		}
		e := p.enclosing(q)
		if q == to && !slices.ContainsFunc(p.Entries, func(e Entry) bool {
			return e.Hole && under(q, e.Path) && (e.Kind == Cover || e.Kind == Bind && e.Mount)
		}) {
			t.Fatalf("%s: no mount is held for it: %+v\n%s", op, e, p)
		}
		if e == nil || e.Kind != Bind {
			continue
		}
		if path.Join(e.Host, strings.TrimPrefix(q, e.Path)) != o.from[q] {
			continue
		}
		how = "mounted"
		if e.Rights&grants[op.Kind] != 0 || op.Kind == profile.FileReadMetadata {
			t.Fatalf("%s: %s shows it, as %+v\n%s", op, q, e, p)
		}
	}
	return how
}
