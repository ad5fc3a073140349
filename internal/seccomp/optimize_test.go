//go:build linux && cgo

// This file holds optimized filters against what they were made from, for every number and for arguments on both sides of each
// constant in the program. Whatever optimize learns to do must pass here without a change.

package seccomp

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"pgregory.net/rapid"
)

// looksAt are the words of arguments that a filter looks at for a number, and the constants that it has for each: all that some
// path from the start can come by while number and architecture stay as they are.
func looksAt(t testing.TB, f []plan.Instruction, arch, nr uint32) map[uint32][]uint32 {
	t.Helper()
	out := map[uint32][]uint32{}
	reach := make([]map[uint32]bool, len(f)) // the word in the accumulator
	come := func(pc int, word uint32) {
		if reach[pc] == nil {
			reach[pc] = map[uint32]bool{}
		}
		reach[pc][word] = true
	}
	come(0, offNr)
	data := map[uint32]uint32{offNr: nr, offArch: arch}
	for pc, i := range f {
		for word := range reach[pc] {
			v, fixed := data[word]
			switch {
			case i.Code == opLoad:
				come(pc+1, i.K)
			case i.Code == opJa:
				come(pc+1+int(i.K), word)
			case isJump(i.Code) && fixed:
				come(pc+1+offset(i, taken(i, v)), word)
			case isJump(i.Code):
				come(pc+1+int(i.Jt), word)
				come(pc+1+int(i.Jf), word)
				out[word] = append(out[word], i.K)
			case i.Code == opAnd && !fixed:
				come(pc+1, word)
				out[word] = append(out[word], i.K)
			case i.Code == opImm:
				come(pc+1, offIP) // next to no program does; the instruction pointer stands for it
			case i.Code != opRet:
				t.Fatalf("%d: %s", pc, line(pc, i))
			}
		}
	}
	delete(out, offIP)
	return out
}

// sidesOf are values on both sides of each comparison with a constant.
func sidesOf(constants []uint32) []uint32 {
	out := []uint32{0, 1, wholeWord}
	for _, k := range constants {
		out = append(out, k, k-1, k+1, ^k, k|1<<31, k^1)
		for _, other := range constants {
			out = append(out, k&other, k|other, k&^other)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// differ says for which call, of all that the constants of a and b tell apart, they answer differently.
func differ(t testing.TB, a, b []plan.Instruction, arch, nr uint32) (calls int, found string) {
	t.Helper()
	words := looksAt(t, a, arch, nr)
	for word, constants := range looksAt(t, b, arch, nr) {
		words[word] = append(words[word], constants...)
	}
	var at []uint32
	var choices [][]uint32
	for word, constants := range words {
		slices.Sort(constants)
		at = append(at, word)
		choices = append(choices, sidesOf(slices.Compact(constants)))
	}
	// every word that neither looks at holds noise, among them the upper halves
	for _, noise := range []uint32{0, wholeWord, 0x80000001} {
		d := Call{Arch: arch, Nr: int32(nr)}.words()
		for i := offIP / 4; i < len(d); i++ {
			d[i] = noise
		}
		var try func(int) string
		try = func(depth int) string {
			if depth < len(at) {
				for _, v := range choices[depth] {
					d[at[depth]/4] = v
					if s := try(depth + 1); s != "" {
						return s
					}
				}
				return ""
			}
			calls++
			x, _, err := run(a, &d)
			y, _, err2 := run(b, &d)
			if err != nil || err2 != nil || x != y {
				return fmt.Sprintf("%#x: %s (%v) became %s (%v)", d, verdictName(x), err, verdictName(y), err2)
			}
			return ""
		}
		if s := try(0); s != "" {
			return calls, s
		}
	}
	return calls, ""
}

// variousGrants are those of a view without what next to nothing hangs on, and some of sandboxes without one.
func variousGrants() []Grants {
	list := slices.DeleteFunc(everyGrants(), func(g Grants) bool { return g.Watch || !g.Pipes })
	for _, n := range []Need{0, needEnd - 1, NeedTCP | NeedUDP | NeedLocal, NeedLocalListen | NeedAttributes, NeedPipes | NeedPeers | NeedTrace} {
		list = append(list, strict.with(n))
	}
	return append(list, Grants{Kill: true}, Grants{Truncate: true, Names: "personality move_pages io_submit"})
}

func TestOptimizedFiltersAnswerAsBefore(t *testing.T) {
	m := native(t)
	for _, g := range variousGrants() {
		t.Run(g.name(), func(t *testing.T) {
			before, after := original(t, g).program, compile(t, g)
			total := 0
			for _, nr := range everyNumber() {
				n, found := differ(t, before, after, m.audit, nr)
				if found != "" {
					t.Fatal(found)
				}
				total += n
			}
			for _, arch := range []uint32{0, 1, m.audit - 1, m.audit + 1, m.audit ^ 1<<30, 0x40000003, 0x40000028, 0xc000003e, 0xc00000b7, 0xc00000f3, wholeWord} {
				if arch == m.audit {
					continue
				}
				for _, nr := range everyNumber() {
					d := Call{Arch: arch, Nr: int32(nr)}.words()
					x, looked, err := run(before, &d)
					y, looked2, err2 := run(after, &d)
					if x != KillProcess || y != x || looked >= 0 || looked2 >= 0 || err != nil || err2 != nil {
						t.Fatalf("%#x: %s (%v) became %s (%v)", d, verdictName(x), err, verdictName(y), err2)
					}
				}
			}
			if total < 100_000 {
				t.Errorf("tried %d calls: the constants were not found", total)
			}
		})
	}
}

func TestOptimizedFiltersAnswerAsBeforeForAnyArguments(t *testing.T) {
	m := native(t)
	rapid.Check(t, func(r *rapid.T) {
		g := rapid.SampledFrom(everyGrants()).Draw(r, "grants")
		nr, args := drawCall(r)
		c := Call{m.audit, nr, args}
		if a, b := verdict(t, original(t, g).program, c), verdict(t, compile(t, g), c); a != b {
			r.Fatalf("%s(%#x): %s became %s", SyscallName(int(nr)), args, verdictName(a), verdictName(b))
		}
	})
}

// shape is what a program costs at its start: instructions, and steps until the answer or the first look at an argument, on average.
func shape(t testing.TB, f []plan.Instruction, arch uint32) (int, float64) {
	t.Helper()
	steps := 0
	for nr := range uint32(emulated) {
		d := Call{Arch: arch, Nr: int32(nr)}.words()
		var a uint32
		for pc := 0; ; pc++ {
			i := f[pc]
			steps++
			if i.Code == opRet || i.Code == opLoad && i.K >= offIP {
				break
			}
			switch i.Code {
			case opLoad:
				a = d[i.K/4]
			case opJa:
				pc += int(i.K)
			default:
				pc += offset(i, taken(i, a))
			}
		}
	}
	return len(f), float64(steps) / emulated
}

func TestFiltersAreSmallAndShallow(t *testing.T) {
	m := native(t)
	for _, g := range everyGrants() {
		before, was := shape(t, original(t, g).program, m.audit)
		n, mean := shape(t, compile(t, g), m.audit)
		t.Logf("%s: %d instructions, %.1f steps; %d and %.1f before", g.name(), n, mean, before, was)
		if n > 215 || mean > 11 { // what is looked at of fcntl, ioctl, open, clone and setxattr is most of it
			t.Errorf("%s: %d instructions, %.1f steps; libseccomp alone: %d and %.1f", g.name(), n, mean, before, was)
		}
		if _, foreign := shape(t, compile(t, g), m.audit^1); foreign != 3 {
			t.Errorf("%s: a foreign call takes %.1f steps", g.name(), foreign)
		}
	}
}

// anyDiffer is whether a and b answer differently at all: an instruction may be out of reach, or ask what is settled.
func anyDiffer(t testing.TB, a, b []plan.Instruction, arch uint32) bool {
	t.Helper()
	for _, nr := range everyNumber() {
		if _, found := differ(t, a, b, arch, nr); found != "" {
			return true
		}
	}
	return false
}

func TestSameRefusesWhatAnswersDifferently(t *testing.T) {
	native(t)
	for _, g := range []Grants{all, strict, strict.with(NeedTCP | NeedLocal | NeedPipes), {LocalListen: true, Names: "move_pages"}} {
		a, f := original(t, g), compile(t, g)
		if err := a.same(f); err != nil {
			t.Fatal(err)
		}
		missed := 0
		for pc, i := range f {
			change := func(how string, to plan.Instruction) {
				bad := slices.Clone(f)
				bad[pc] = to
				if a.same(bad) == nil && anyDiffer(t, f, bad, a.machine.audit) {
					missed++
					t.Logf("not noticed: %d %s: %s", pc, how, line(pc, i))
				}
			}
			switch {
			case i.Code == opRet:
				change("another answer", plan.Instruction{Code: opRet, K: i.K ^ 1})
			case isJump(i.Code):
				i.Jt, i.Jf = i.Jf, i.Jt
				change("turned round", i)
			}
		}
		if missed > 0 {
			t.Errorf("%s: %d of %d changes were not noticed\n%s", g.name(), missed, len(f), Text(f))
		}
	}
}

func TestOptimizeFailsOnWhatItDoesNotUnderstand(t *testing.T) {
	ret := plan.Instruction{Code: opRet, K: Allow}
	load := plan.Instruction{Code: opLoad, K: offLow(0)}
	for name, f := range map[string][]plan.Instruction{
		"nothing":                         nil,
		"no answer at the end":            {ret, load},
		"a load across fields":            {{Code: opLoad, K: 2}, ret},
		"a load behind the data":          {{Code: opLoad, K: dataLen}, ret},
		"scratch memory":                  {{Code: 0x02}, ret},
		"scratch memory out of reach":     {ret, {Code: 0x60}, ret},
		"the index register":              {{Code: 0x07}, ret},
		"a comparison with it":            {{Code: 0x1d}, ret},
		"the length":                      {{Code: 0x80}, ret},
		"a jump over the end":             {{Code: opJeq, Jf: 1}, ret},
		"ja over the end":                 {{Code: opJa, K: 1}, ret},
		"ja backwards":                    {{Code: opJa, K: 0xffffffff}, ret},
		"division by zero":                {{Code: 0x34}, ret},
		"a shift by the whole":            {{Code: 0x64, K: 32}, ret},
		"an argument as the answer":       {load, {Code: opRetA}},
		"arithmetic on arguments":         {load, {Code: 0x04, K: 1}, ret},
		"too many instructions":           make([]plan.Instruction, maxInstructions+1),
		"more branches than can be taken": maze(),
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := optimize(f, 1, nil); err == nil {
				t.Errorf("got\n%s", Text(out))
			}
		})
	}
}

// maze has 2^64 paths, each with an answer of its own mind: no two of its joins are alike.
func maze() []plan.Instruction {
	var out []plan.Instruction
	for i := range uint32(64) {
		out = append(out, plan.Instruction{Code: opLoad, K: offArgs + i%12*4}, plan.Instruction{Code: opJset, K: 1 << (i % 28), Jf: 0, Jt: 0},
			plan.Instruction{Code: opLoad, K: offArgs + (i+1)%12*4}, plan.Instruction{Code: opJset, K: 3 << (i % 27), Jt: 1},
			plan.Instruction{Code: opImm}, plan.Instruction{Code: opImm})
	}
	return append(out, plan.Instruction{Code: opRet, K: Allow})
}

func TestOptimizeFoldsWhatIsSettled(t *testing.T) {
	const arch = 7
	low, highHalf := offLow(0), offLow(0)^4
	for _, c := range []struct {
		name string
		f    []plan.Instruction
		want string
	}{
		{"an answer", []plan.Instruction{{Code: opRet, K: Allow}}, "   0  ret ALLOW\n"},
		{"constants", []plan.Instruction{{Code: opImm, K: 6}, {Code: 0x04, K: 1}, {Code: opJeq, K: 7, Jf: 1}, {Code: opRet, K: Allow}, {Code: opRet, K: DenyEPERM}},
			"   0  ret ALLOW\n"},
		{"the accumulator, which starts as 0", []plan.Instruction{{Code: opRetA}}, "   0  ret 0x0\n"},
		{"a masked compare of nothing", []plan.Instruction{{Code: opLoad, K: highHalf}, {Code: opAnd}, {Code: opJeq, Jf: 2}, {Code: opLoad, K: low},
			{Code: opJeq, K: 5, Jt: 1}, {Code: opRet, K: DenyEPERM}, {Code: opRet, K: Allow}},
			"   0  ld args[0].low\n   1  jeq 0x5, 2, 3\n   2  ret ALLOW\n   3  ret EPERM\n"},
		{"a bit", []plan.Instruction{{Code: opLoad, K: low}, {Code: opAnd, K: 8}, {Code: opJeq, Jf: 1}, {Code: opRet, K: Allow}, {Code: opRet, K: DenyEPERM}},
			"   0  ld args[0].low\n   1  jset 0x8, 3, 2\n   2  ret ALLOW\n   3  ret EPERM\n"},
		{"two bits of one word", []plan.Instruction{{Code: opLoad, K: low}, {Code: opJset, K: 3, Jt: 2}, {Code: opJset, K: 12, Jt: 1}, {Code: opRet, K: Allow},
			{Code: opJset, K: 5, Jt: 1}, {Code: opRet, K: DenyEPERM}, {Code: opRet, K: KillProcess}},
			"   0  ld args[0].low\n   1  jset 0x3, 4, 2\n   2  jset 0xc, 4, 3\n   3  ret ALLOW\n   4  jset 0x5, 6, 5\n   5  ret EPERM\n   6  ret KILL\n"},
		{"a number above all others", []plan.Instruction{{Code: opLoad, K: offNr}, {Code: opJgt, K: wholeWord, Jf: 1}, {Code: opRet, K: KillProcess}, {Code: opRet, K: Allow}},
			"   0  ret ALLOW\n"},
		{"an architecture", []plan.Instruction{{Code: opLoad, K: offArch}, {Code: opJeq, K: arch, Jf: 1}, {Code: opRet, K: Allow}, {Code: opRet, K: KillProcess}},
			"   0  ld arch\n   1  jeq 0x7, 2, 3\n   2  ret ALLOW\n   3  ret KILL\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := optimize(c.f, arch, nil)
			if err != nil || Text(out) != c.want {
				t.Errorf("got\n%s%v; want\n%s", Text(out), err, c.want)
			}
		})
	}
}

func TestJumpsReachHoweverLongTheProgramIs(t *testing.T) {
	// answers and choices alike are further than 255 instructions from who needs them
	const arch = 7
	f := []plan.Instruction{{Code: opLoad, K: offNr}}
	for nr := range uint32(600) {
		f = append(f, plan.Instruction{Code: opJeq, K: nr * 2, Jf: 3}, plan.Instruction{Code: opLoad, K: offLow(nr % 6)},
			plan.Instruction{Code: opJeq, K: nr, Jf: 1}, plan.Instruction{Code: opRet, K: DenyEPERM})
		if nr%2 == 0 {
			f[len(f)-3] = plan.Instruction{Code: opImm, K: nr}
		}
		f = append(f, plan.Instruction{Code: opLoad, K: offNr})
	}
	f = append(f, plan.Instruction{Code: opRet, K: Allow})
	out, err := optimize(f, arch, []uint32{1198})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 2*maxReach {
		t.Fatalf("%d instructions do not try the reach", len(out))
	}
	for _, nr := range everyNumber() {
		if _, found := differ(t, f, out, arch, nr); found != "" {
			t.Fatal(found)
		}
	}
}
