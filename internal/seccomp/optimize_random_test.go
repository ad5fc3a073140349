// This file optimizes filters that chance makes: those of libseccomp's shape for random rules, and programs that no library would
// write but that are valid. It must not need libseccomp, nor be kind to the optimizer.

package seccomp

import (
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"pgregory.net/rapid"
)

var fewValues = []uint64{0, 1, 2, 3, 8, 0x10, 0x18, 0x5412, 0xffffffff, 1 << 31, 1 << 32, 1<<32 | 1, 0xdeadbeef << 32, ^uint64(0)}

func TestOptimizingRandomFiltersChangesNoAnswer(t *testing.T) {
	const arch = 0xc000003e
	rapid.Check(t, func(r *rapid.T) {
		f := randomFilter(r, arch)
		out, err := optimize(f, arch, []uint32{rapid.Uint32Range(0, 500).Draw(r, "hot")})
		if err != nil {
			r.Fatal(err)
		}
		same(r, f, out, arch)
	})
}

// everyNumber are all that an architecture could have, and the edges beyond.
func everyNumber() []uint32 {
	var out []uint32
	for nr := range uint32(1024) {
		out = append(out, nr, nr|x32Bit)
	}
	for bit := 10; bit < 32; bit++ {
		out = append(out, 1<<bit-1, 1<<bit, 1<<bit+1, ^uint32(1<<bit))
	}
	return append(out, 0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff)
}

// same tries all numbers, and random arguments where they are looked at.
func same(r *rapid.T, f, out []plan.Instruction, arch uint32) {
	args := rapid.SliceOfN(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(fewValues), rapid.Uint64()), 6, 6), 40, 40).Draw(r, "args")
	for _, arch := range []uint32{arch, arch ^ 1, 0x40000003} {
		for _, nr := range everyNumber() {
			for _, a := range args {
				d := Call{arch, int32(nr), [6]uint64(a)}.words()
				x, looked, err := run(f, &d)
				y, looked2, err2 := run(out, &d)
				if err != nil || err2 != nil || x != y {
					r.Fatalf("%#x: %s (%v) became %s (%v)\n%s\n%s", d, verdictName(x), err, verdictName(y), err2, Text(f), Text(out))
				}
				if looked < 0 && looked2 < 0 {
					break
				}
			}
		}
	}
}

// assembler writes programs with labels, which may lie any way ahead: each jump is followed by a ja for either side.
type assembler struct {
	f     []plan.Instruction
	label map[int]int // where they are
	ja    map[int]int // the label for which a ja waits
	names int
}

func (a *assembler) fresh() int { a.names++; return a.names }
func (a *assembler) here(l int) { a.label[l] = len(a.f) }
func (a *assembler) add(code uint16, k uint32) {
	a.f = append(a.f, plan.Instruction{Code: code, K: k})
}

func (a *assembler) to(l int) {
	a.ja[len(a.f)] = l
	a.add(opJa, 0)
}

func (a *assembler) jump(op uint16, k uint32, yes, no int) {
	a.f = append(a.f, plan.Instruction{Code: op, K: k, Jf: 1})
	a.to(yes)
	a.to(no)
}

func (a *assembler) program() []plan.Instruction {
	for pc, l := range a.ja {
		a.f[pc].K = uint32(a.label[l] - pc - 1)
	}
	return a.f
}

// randomFilter has the shape of libseccomp's: the architecture, the number one by one or by halves, rules of 64-bit comparisons word
// by word. libseccomp itself cannot be used, it may hang on rules that chance makes.
func randomFilter(r *rapid.T, arch uint32) []plan.Instruction {
	a := &assembler{label: map[int]int{}, ja: map[int]int{}}
	deny, kill, allow, other, start, x32 := a.fresh(), a.fresh(), a.fresh(), a.fresh(), a.fresh(), a.fresh()
	a.add(opLoad, offArch)
	a.jump(opJeq, arch, x32, kill)
	a.here(x32)
	a.add(opLoad, offNr)
	if rapid.Bool().Draw(r, "x32") {
		maybe := a.fresh()
		a.jump(opJge, x32Bit, maybe, start)
		a.here(maybe)
		a.jump(opJeq, wholeWord, start, kill)
	}
	a.here(start)
	a.add(opLoad, offNr)
	first, calls := rapid.Uint32Range(0, 300).Draw(r, "first"), rapid.Uint32Range(1, 150).Draw(r, "calls")
	answers := []int{allow, allow, allow, deny, other, kill}
	byHalves := rapid.Bool().Draw(r, "by halves")
	var choose func(lo, hi uint32)
	choose = func(lo, hi uint32) {
		if byHalves && hi-lo > 4 {
			upper, lower := a.fresh(), a.fresh()
			mid := (lo + hi) / 2
			a.jump(opJgt, mid, upper, lower)
			a.here(upper)
			choose(mid+1, hi)
			a.here(lower)
			choose(lo, mid)
			return
		}
		for nr := hi; ; nr-- {
			match, next := a.fresh(), a.fresh()
			if rapid.IntRange(0, 5).Draw(r, "checked") != 0 {
				a.jump(opJeq, nr, rapid.SampledFrom(answers).Draw(r, "answer"), next)
			} else {
				a.jump(opJeq, nr, match, next)
				a.here(match)
				randomRules(r, a, rapid.SampledFrom(answers).Draw(r, "answer"), deny)
			}
			a.here(next)
			if nr == lo {
				break
			}
		}
		a.to(deny)
	}
	choose(first, first+calls)
	for i, l := range []int{deny, kill, allow, other} {
		a.here(l)
		a.add(opRet, []uint32{DenyEPERM, KillProcess, Allow, Absent}[i])
	}
	return a.program()
}

// randomRules goes to match if all comparisons of one of a few rules hold, otherwise to miss.
func randomRules(r *rapid.T, a *assembler, match, miss int) {
	for range rapid.IntRange(1, 4).Draw(r, "rules") {
		next := a.fresh()
		for range rapid.IntRange(1, 3).Draw(r, "conditions") {
			arg := rapid.Uint32Range(0, 2).Draw(r, "arg")
			mask := rapid.SampledFrom([]uint64{^uint64(0), 1<<32 - 1, 0xff, 8, 0x18, 0xf000, 0xdeadbeef << 32}).Draw(r, "mask")
			v := rapid.SampledFrom(fewValues).Draw(r, "value")
			word := func(off uint32, mask uint32) {
				a.add(opLoad, off)
				if mask != wholeWord {
					a.add(opAnd, mask)
				}
			}
			holds, low := a.fresh(), a.fresh()
			word(offLow(arg)^4, uint32(mask>>32))
			op := rapid.SampledFrom([]uint16{opJeq, opJeq, opJgt, opJge}).Draw(r, "op")
			if op != opJeq {
				same := a.fresh()
				a.jump(opJgt, uint32(v>>32), holds, same)
				a.here(same)
			}
			a.jump(opJeq, uint32(v>>32), low, next)
			a.here(low)
			word(offLow(arg), uint32(mask))
			a.jump(op, uint32(v), holds, next)
			a.here(holds)
		}
		a.to(match)
		a.here(next)
	}
	a.to(miss)
}

func TestOptimizingRandomProgramsChangesNoAnswer(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const arch = 0xc000003e
		f := randomProgram(r)
		out, err := optimize(f, arch, nil)
		if err != nil {
			r.Fatalf("%v\n%s", err, Text(f))
		}
		same(r, f, out, arch)
	})
}

// randomProgram is a row of jumps and loads that lead a little forward, and answers at the end.
func randomProgram(r *rapid.T) []plan.Instruction {
	n := rapid.IntRange(1, 24).Draw(r, "instructions")
	constants := []uint32{0, 1, 2, 3, 8, 0x10, 0x18, 0x5412, 400, 0xc000003e, x32Bit, 1 << 31, wholeWord, 0xf0000000, 0x60000000}
	offsets := []uint32{offNr, offNr, offArch, offArgs, offArgs + 4, offArgs + 8}
	var f []plan.Instruction
	for at := range n {
		left := n - at
		k := rapid.SampledFrom(constants).Draw(r, "k")
		to := func() uint8 { return uint8(rapid.IntRange(0, min(left, 6)).Draw(r, "to")) }
		switch kind := rapid.IntRange(0, 9).Draw(r, "kind"); kind {
		case 0, 1:
			f = append(f, plan.Instruction{Code: opLoad, K: rapid.SampledFrom(offsets).Draw(r, "off")})
		case 2:
			f = append(f, plan.Instruction{Code: opAnd, K: k})
		case 3:
			f = append(f, plan.Instruction{Code: opJa, K: uint32(to())})
		case 4:
			f = append(f, plan.Instruction{Code: opRet, K: rapid.SampledFrom([]uint32{Allow, DenyEPERM, Absent}).Draw(r, "ret")})
		default:
			op := []uint16{opJeq, opJgt, opJge, opJset, opJeq}[kind-5]
			f = append(f, plan.Instruction{Code: op, K: k, Jt: to(), Jf: to()})
		}
	}
	for _, v := range []uint32{Allow, DenyEPERM, KillProcess} {
		f = append(f, plan.Instruction{Code: opRet, K: v})
	}
	return f
}

func TestSetsAreCutWhereTheyShould(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		// values that fit into a byte, the eight bits also shifted to the top, so that every value can be asked
		shift := rapid.SampledFrom([]int{0, 24}).Draw(r, "shift")
		member := [256]bool{}
		s := set{{0, wholeWord}}
		for v := range member {
			member[v] = true
		}
		for range rapid.IntRange(1, 8).Draw(r, "cuts") {
			i := plan.Instruction{Code: rapid.SampledFrom([]uint16{opJeq, opJgt, opJge, opJset}).Draw(r, "op"), K: uint32(rapid.IntRange(0, 255).Draw(r, "k")) << shift}
			yes, no, ok := s.compare(i.Code, i.K)
			if !ok {
				continue
			}
			side := rapid.Bool().Draw(r, "side")
			if s = no; side {
				s = yes
			}
			for v := range member {
				member[v] = member[v] && taken(i, uint32(v)<<shift) == side
			}
		}
		for at, x := range s {
			if x.lo > x.hi || at > 0 && s[at-1].hi >= x.lo {
				r.Fatalf("%v is not ascending", s)
			}
		}
		for v, want := range member {
			got := false
			for _, x := range s {
				got = got || x.has(uint32(v)<<shift)
			}
			if got != want {
				r.Fatalf("%v has %#x: %v", s, uint32(v)<<shift, got)
			}
		}
	})
}
