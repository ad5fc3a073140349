// This file turns an assembled filter into a smaller and shallower one that answers alike, because every spawn pays for both: the
// kernel tries the program on each number (kernel/seccomp.c, seccomp_cache_prepare) and compiles each instruction. It must never
// change an answer, for any call; a program it does not understand is an error, never passed through.

package seccomp

import (
	"fmt"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

const (
	// maxInstructions is BPF_MAXINSNS of linux/bpf_common.h.
	maxInstructions = 4096
	// emulated is how many numbers count in the lengths of paths: about NR_syscalls of Linux 6.18, where all architectures end alike.
	emulated = 472
	// instructionCost is what an instruction costs at the start (0.11 µs) in steps of the kernel's trial runs (5 ns).
	instructionCost = 22
	// hotWeight is how much more a hot call counts than others. Kernels before 5.11 run the filter on each call.
	hotWeight = 3
)

// optimize returns a program that answers as f does. Calls of the architecture native get the shortest path, those in hot a little
// shorter one than others. The same input gives the same output.
func optimize(f []plan.Instruction, native uint32, hot []uint32) ([]plan.Instruction, error) {
	if err := understood(f); err != nil {
		return nil, err
	}
	w := walker{f: f, nodes: newNodes()}
	// the architecture first, whatever f looks at first: with it known, f is a choice among numbers
	arch := key{offArch, wholeWord}
	own, foreign := set{{0, wholeWord}}.cut(span{native, native})
	var parts []part
	for _, s := range []set{own, foreign} {
		n, err := w.node(0, value{}, &known{key: arch, set: s})
		if err != nil {
			return nil, err
		}
		parts = appendParts(parts, s, n)
	}
	return emit(w.nodes.choice(arch, parts), func(k key, p part) int {
		if k.off == offNr && k.mask == wholeWord {
			return weigh(p.span, hot)
		}
		return 1
	})
}

// weigh is how much the paths of the numbers in s count.
func weigh(s span, hot []uint32) int {
	if s.lo >= emulated {
		return 0
	}
	w := int(min(s.hi, emulated-1)-s.lo) + 1
	for _, nr := range hot {
		if s.has(nr) {
			w += hotWeight
		}
	}
	return w
}

// understood fails on what bpf_check_classic of net/core/filter.c refuses and on what the walk cannot follow, reachable or not.
func understood(f []plan.Instruction) error {
	if len(f) == 0 || len(f) > maxInstructions {
		return fmt.Errorf("%d instructions are no program", len(f))
	}
	for pc, i := range f {
		left := uint64(len(f) - pc - 1)
		ok := true
		switch i.Code {
		case opLoad:
			ok = i.K%4 == 0 && i.K < dataLen
		case opImm, opRet, opRetA:
		case opJa:
			ok = uint64(i.K) < left
		case opJeq, opJgt, opJge, opJset:
			ok = uint64(max(i.Jt, i.Jf)) < left
		default:
			ok = validALU(i)
		}
		if last := pc == len(f)-1; !ok || last && i.Code != opRet && i.Code != opRetA {
			return fmt.Errorf("instruction %d is not understood: %s", pc, line(pc, i))
		}
	}
	return nil
}
