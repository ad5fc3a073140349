//go:build linux && cgo

// This file compares filters with the table itself, evaluated in Go, for calls that chance finds: whether libseccomp compiled what
// the table says. The oracle must stay too simple to be wrong.

package seccomp

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// oracle answers from the table.
func oracle(g Grants, nr int32, args [6]uint64) uint32 {
	if name, ok := number("ioctl"); ok && int32(name) == nr {
		for _, r := range refused {
			if uint32(args[1]) == r.command && (r.unless == 0 || !g.meets(r.unless)) {
				return g.deny()
			}
		}
		if uint32(args[1])&familyMask == family {
			return g.deny()
		}
	}
	newest := int32(0)
	answer := g.deny()
	for _, group := range g.groups() {
		for _, call := range group.Calls {
			n, ok := number(call)
			if !ok {
				continue
			}
			newest = max(newest, int32(n))
			switch {
			case int32(n) != nr || !g.meets(group.Need):
			case group.Absent:
				answer = Absent
			case group.any == nil || holds(group.any, args):
				answer = Allow
			}
		}
	}
	if nr > newest {
		return Absent
	}
	return answer
}

func holds(any []checks, args [6]uint64) bool {
	for _, all := range any {
		ok := true
		for _, c := range all {
			ok = ok && args[c.arg]&c.mask == c.value
		}
		if ok {
			return true
		}
	}
	return false
}

// drawGrants are half of them a sandbox's with a view, a filter of which is there already, and half any.
func drawGrants(t *rapid.T) Grants {
	if rapid.Bool().Draw(t, "with a view") {
		return rapid.SampledFrom(everyGrants()).Draw(t, "grants")
	}
	g := Grants{Kill: rapid.Bool().Draw(t, "kill")}.with(Need(rapid.Uint32Range(0, uint32(needEnd)-1).Draw(t, "grants")))
	for range rapid.IntRange(0, 2).Draw(t, "names") {
		g.Names += " " + drawName(t)
	}
	return g
}

func drawName(t *rapid.T) string {
	a := rapid.SampledFrom(additions).Draw(t, "addition")
	return rapid.SampledFrom(strings.Fields(a.names)).Draw(t, "name")
}

// drawCall prefers the calls whose arguments are checked, and arguments close to those that pass.
func drawCall(t *rapid.T) (int32, [6]uint64) {
	nr := rapid.Int32Range(0, 520).Draw(t, "nr")
	var args [6]uint64
	for i := range args {
		args[i] = rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 300), rapid.SampledFrom([]uint64{0, 0x5412, 1 << 32})).Draw(t, "arg")
	}
	var checked []Group
	for _, g := range (Grants{Names: "move_pages migrate_pages"}).groups() {
		if g.any != nil {
			checked = append(checked, g)
		}
	}
	if rapid.Bool().Draw(t, "checked") {
		g := rapid.SampledFrom(checked).Draw(t, "group")
		if n, ok := number(rapid.SampledFrom(g.Calls).Draw(t, "call")); ok {
			nr = int32(n)
		}
		for _, c := range rapid.SampledFrom(g.any).Draw(t, "checks") {
			if rapid.IntRange(0, 7).Draw(t, "miss") != 0 {
				args[c.arg] = args[c.arg]&^c.mask | c.value
			}
			if rapid.IntRange(0, 7).Draw(t, "flip") == 0 {
				args[c.arg] ^= 1 << rapid.IntRange(0, 63).Draw(t, "bit")
			}
		}
	}
	return nr, args
}

func TestTheFilterSaysWhatTheTableSays(t *testing.T) {
	m := native(t)
	rapid.Check(t, func(r *rapid.T) {
		g := drawGrants(r)
		nr, args := drawCall(r)
		got, want := verdict(t, compile(t, g), Call{m.audit, nr, args}), oracle(g, nr, args)
		if got != want {
			r.Fatalf("%s(%#x): the filter says %s, the table %s", SyscallName(int(nr)), args, verdictName(got), verdictName(want))
		}
	})
}

// But Listen takes away connecting while there is no Internet.
func TestAGrantNeverTakesAway(t *testing.T) {
	m := native(t)
	rapid.Check(t, func(r *rapid.T) {
		g := drawGrants(r)
		more := g.with(Need(rapid.Uint32Range(0, uint32(needEnd)-1).Draw(r, "more")))
		if rapid.Bool().Draw(r, "named") {
			more.Names += " " + drawName(r)
		}
		nr, args := drawCall(r)
		c := Call{m.audit, nr, args}
		if a, b := verdict(t, compile(t, g), c), verdict(t, compile(t, more), c); a == Allow && b != Allow || (a == Absent) != (b == Absent) {
			r.Fatalf("%s is %s with %s and %s with %s", SyscallName(int(nr)), verdictName(a), g.name(), verdictName(b), more.name())
		}
	})
}

func TestTheUpperHalvesOfArgumentsDecideNothing(t *testing.T) {
	m := native(t)
	limits, _ := number("prlimit64") // new_limit is a pointer
	rapid.Check(t, func(r *rapid.T) {
		g := drawGrants(r)
		nr, args := drawCall(r)
		if nr == int32(limits) {
			r.Skip()
		}
		other := args
		for i := range other {
			other[i] ^= rapid.Uint64().Draw(r, "up") << 32
		}
		if a, b := verdict(t, compile(t, g), Call{m.audit, nr, args}), verdict(t, compile(t, g), Call{m.audit, nr, other}); a != b {
			r.Fatalf("%s(%#x) is %s and (%#x) is %s", SyscallName(int(nr)), args, verdictName(a), other, verdictName(b))
		}
	})
}
