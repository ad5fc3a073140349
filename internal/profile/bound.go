package profile

// This file answers whether an operation lies within what other files allow, by its spelling. It must never say yes because of an
// allowed tree when a hole lies between that tree and the path: the more specific path wins, and there the narrower file would win.

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// bound is the bases' union, arranged to answer quickly.
type bound struct {
	name    string
	ops     []Operation
	exact   map[spot]bool
	trees   map[spot]trees         // of a kind alone
	views   map[string][]Operation // by the place inside that they cover
	passEnv map[string]bool
}

// spot is the place of an operation, or its kind alone, and whether it is meant as best effort.
type spot struct {
	place  Operation
	effort bool
}

func newBound(base Profile, bases []string) *bound {
	b := &bound{
		name: strings.Join(bases, " and "), ops: base.Operations, exact: map[spot]bool{},
		trees: map[spot]trees{}, views: map[string][]Operation{}, passEnv: map[string]bool{},
	}
	subpaths := map[spot][]string{}
	for _, op := range base.Operations {
		b.exact[spot{place(op), op.BestEffort}] = true
		if at, ok := view(op); ok {
			b.views[at] = append(b.views[at], op)
		}
		if !op.Deny && op.Pattern.Match == Subpath {
			of := spot{Operation{Kind: op.Kind}, op.BestEffort}
			subpaths[of] = append(subpaths[of], op.Pattern.Path)
		}
	}
	for of, paths := range subpaths {
		b.trees[of] = newTrees(paths)
	}
	for _, name := range base.PassEnv {
		b.passEnv[name] = true
	}
	return b
}

// check says why op, which a narrowing file has, is beyond the bound. A denial never is: it takes away, as best effort too.
func (b *bound) check(op Operation) error {
	if op.Deny {
		return nil
	}
	exact, effort := b.covered(op, false), b.covered(op, true)
	if !exact && !effort {
		return b.exceeded(op.Kind)
	}
	if hole, ok := b.hole(op); ok && !hole.Deny {
		return fmt.Errorf("%s hides what lies there behind %s = %s; widen = true would show it", b.name, hole.Kind.Key(), formatEntry(hole))
	} else if ok {
		return fmt.Errorf("%s denies %s; widen = true would allow what lies below it", b.name, formatEntry(hole))
	}
	if op.BestEffort && exact {
		return fmt.Errorf("%s wants it exact; write it under %s, or add widen = true", b.name, op.Kind.Key())
	}
	return nil
}

// covered tells whether an operation of the base that is meant like that covers op.
func (b *bound) covered(op Operation, effort bool) bool {
	has := func(op Operation) bool { return b.exact[spot{place(op), effort}] }
	switch {
	case has(op), op.Kind == Map && has(writable(op)):
		return true
	case op.Kind.file():
		return b.trees[spot{Operation{Kind: op.Kind}, effort}].cover(op.Pattern.Path)
	case op.Kind == NetworkOutbound || op.Kind == NetworkInbound:
		return slices.ContainsFunc(op.Address.wider(), func(a Address) bool {
			return has(Operation{Kind: op.Kind, Address: a})
		})
	}
	return false
}

// sharedMemory and queues are where those of POSIX lie; allowing them puts an empty directory there.
const sharedMemory, queues = "/dev/shm", "/dev/mqueue"

// showsShared tells what of the base's shared memory and queues hid something that a profile that comes after the base would show.
func (b *bound) showsShared(after Profile) (kind IPCKind, at string, ok bool) {
	for kind, at := range map[IPCKind]string{POSIXSharedMemory: sharedMemory, POSIXQueues: queues} {
		has := func(ops []Operation) bool {
			return slices.ContainsFunc(ops, func(op Operation) bool { return op.IPC == kind })
		}
		shown := func(op Operation) bool {
			p := op.Pattern.Path
			return op.Kind.file() && !op.Deny && (newTrees([]string{p}).cover(at) || trees{treeKey(at)}.cover(p))
		}
		if has(b.ops) && !has(after.Operations) && slices.ContainsFunc(after.Operations, shown) {
			return kind, at, true
		}
	}
	return 0, "", false
}

// view is where an operation shows something else than the host has there.
func view(op Operation) (at string, ok bool) {
	switch {
	case op.Kind == Private || op.Kind == Map:
		return op.Path, true
	case op.Kind == IPC && op.IPC == POSIXSharedMemory:
		return sharedMemory, true
	case op.Kind == IPC && op.IPC == POSIXQueues:
		return queues, true
	}
	return "", false
}

// hides tells whether a grant of that kind in a view would be more than the view gives: a Map gives reading itself, and writing if it
// says so.
func hides(v Operation, kind Kind) bool {
	return v.Kind != Map || kind == FileExecute || kind == FileWrite && v.Mode != ReadWrite
}

// hole returns the denial or the view that op would lie in, if there is one: the base's deepest word about the path. It stays itself, so
// that what op covers above it, and beside it, is as it was; but a grant below it would win.
func (b *bound) hole(op Operation) (Operation, bool) {
	if !op.Kind.file() {
		return Operation{}, false
	}
	kinds := takers[op.Kind]
	has := func(op Operation) bool { return b.exact[spot{op, false}] || b.exact[spot{op, true}] }
	matches := []Match{Subpath}
	if op.Pattern.Match == Literal {
		matches = append(matches, Literal)
	}
	for at := op.Pattern.Path; ; at, matches = path.Dir(at), []Match{Subpath} {
		for _, match := range matches {
			for _, kind := range kinds {
				denied := Operation{Kind: kind, Pattern: Pattern{Path: at, Match: match}, Deny: true}
				if has(denied) {
					return denied, true
				}
			}
		}
		for _, match := range matches {
			if has(Operation{Kind: op.Kind, Pattern: Pattern{Path: at, Match: match}}) {
				return Operation{}, false
			}
		}
		for _, v := range b.views[at] {
			if hides(v, op.Kind) {
				return v, true
			}
		}
		if at == "/" || at == "." {
			return Operation{}, false
		}
	}
}

func (b *bound) exceeded(kind Kind) error {
	if !kind.isList() {
		return fmt.Errorf("beyond %s, where it is false; widen = true would allow it", b.name)
	}
	var allowed []string
	for _, op := range b.ops {
		if op.Kind == kind && !op.Deny {
			allowed = append(allowed, formatEntry(op))
		}
	}
	return b.beyond(allowed, "allows")
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

// wider lists the other addresses that every peer and port of a is one of. A TCP port holds no Host and no CIDR: what carries those
// out knows their protocols. Names are not compared with addresses: what a name stands for changes.
func (a Address) wider() []Address {
	var list []Address
	if a.Form != FormAll && a.Form != FormLocalSocket {
		list = append(list, All)
	}
	switch a.Form {
	case FormLoopback:
		list = append(list, Address{Form: FormTCP, Port: a.Port})
	case FormCIDR:
		p, err := netip.ParsePrefix(a.Name)
		if err != nil {
			break
		}
		for bits := p.Bits() - 1; bits >= 0; bits-- {
			list = append(list, Address{FormCIDR, a.Port, netip.PrefixFrom(p.Addr(), bits).Masked().String()})
		}
	}
	return list
}
