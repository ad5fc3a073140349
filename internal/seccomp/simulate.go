// This file runs a filter on paper: what would the kernel answer to a call? It takes exactly the classic BPF that libseccomp and the
// preamble emit and fails on the rest, as the kernel would refuse to load it; it must never guess.

package seccomp

import (
	"errors"
	"fmt"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// Call is a system call as a filter sees it (struct seccomp_data, linux/seccomp.h) without the instruction pointer.
type Call struct {
	Arch uint32 // AUDIT_ARCH_*
	Nr   int32
	Args [6]uint64
}

var errEnd = errors.New("seccomp: the program runs past its end")

// Simulate returns the answer of f to c: a SECCOMP_RET_* action, with its data in the lower half.
func Simulate(f []plan.Instruction, c Call) (Verdict uint32, err error) {
	d := c.words()
	Verdict, _, err = run(f, &d)
	return Verdict, err
}

// words are those of struct seccomp_data.
type words [dataLen / 4]uint32

func (c Call) words() words {
	var d words
	d[offNr/4], d[offArch/4] = uint32(c.Nr), c.Arch
	for i, a := range c.Args {
		low := offLow(uint32(i)) / 4
		d[low], d[low^1] = uint32(a), uint32(a>>32)
	}
	return d
}

// run says besides the answer which instruction was the first to look at anything but the number and the architecture. If there is
// none, which is -1, the answer is the same for all arguments.
func run(f []plan.Instruction, d *words) (v uint32, looked int, err error) {
	looked = -1
	var a uint32
	// jumps only lead forward, so that it ends
	for pc := 0; pc < len(f); pc++ {
		i := f[pc]
		switch i.Code {
		case opLoad:
			if i.K%4 != 0 || i.K >= dataLen {
				return 0, looked, fmt.Errorf("seccomp: instruction %d loads from %d", pc, i.K)
			}
			a = d[i.K/4]
			if looked < 0 && i.K >= offIP {
				looked = pc
			}
		case opImm:
			a = i.K
		case opJa:
			if i.K >= uint32(len(f)-pc) {
				return 0, looked, errEnd
			}
			pc += int(i.K)
		case opJeq:
			pc += offset(i, a == i.K)
		case opJgt:
			pc += offset(i, a > i.K)
		case opJge:
			pc += offset(i, a >= i.K)
		case opJset:
			pc += offset(i, a&i.K != 0)
		case opRet:
			return i.K, looked, nil
		case opRetA:
			return a, looked, nil
		case opAnd:
			a &= i.K
		default:
			if !validALU(i) {
				return 0, looked, fmt.Errorf("seccomp: instruction %d: %s", pc, line(pc, i))
			}
			a = alu[i.Code].do(a, i.K)
		}
	}
	return 0, looked, errEnd
}

// offset is how many instructions a jump skips.
func offset(i plan.Instruction, taken bool) int {
	if taken {
		return int(i.Jt)
	}
	return int(i.Jf)
}

// validALU is whether i is an operation that bpf_check_classic of net/core/filter.c lets pass.
func validALU(i plan.Instruction) bool {
	op, ok := alu[i.Code]
	return ok && (op.name != "div" || i.K != 0) && (op.name != "lsh" && op.name != "rsh" || i.K < 32)
}

// alu are the operations BPF_ALU|op|BPF_K.
var alu = map[uint16]struct {
	name string
	do   func(a, k uint32) uint32
}{
	0x04: {"add", func(a, k uint32) uint32 { return a + k }},
	0x14: {"sub", func(a, k uint32) uint32 { return a - k }},
	0x24: {"mul", func(a, k uint32) uint32 { return a * k }},
	0x34: {"div", func(a, k uint32) uint32 { return a / k }},
	0x44: {"or", func(a, k uint32) uint32 { return a | k }},
	0x54: {"and", func(a, k uint32) uint32 { return a & k }},
	0x64: {"lsh", func(a, k uint32) uint32 { return a << k }},
	0x74: {"rsh", func(a, k uint32) uint32 { return a >> k }},
	0x84: {"neg", func(a, _ uint32) uint32 { return -a }},
	0xa4: {"xor", func(a, k uint32) uint32 { return a ^ k }},
}
