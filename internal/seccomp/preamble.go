// This file is the few instructions of our own before libseccomp's: the refused commands of ioctl ("the low half is not" is nothing
// that libseccomp can say) and ENOSYS for calls newer than the table. They may only deny; everything else goes on to libseccomp's
// program, which loads what it looks at itself, and jumps of BPF are relative, so that it does not notice what lies before it.

package seccomp

import (
	"encoding/binary"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// machine is what an architecture means for the preamble.
type machine struct {
	audit uint32 // AUDIT_ARCH_*
	x32   bool   // calls of the x32 ABI come under the same audit number, with bit 30 set
	ioctl uint32
}

var machines = map[string]machine{
	"amd64":   {audit: 0xc000003e, x32: true, ioctl: 16},
	"arm64":   {audit: 0xc00000b7, ioctl: 29},
	"riscv64": {audit: 0xc00000f3, ioctl: 29},
}

const x32Bit = 0x40000000 // asm/unistd.h: __X32_SYSCALL_BIT

// Of struct seccomp_data.
const (
	offNr   = 0
	offArch = 4
	offIP   = 8
	offArgs = 16
	dataLen = 64
)

// offLow is where the lower half of an argument lies.
func offLow(arg uint32) uint32 {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return offArgs + arg*8 + 4
	}
	return offArgs + arg*8
}

// Of linux/bpf_common.h, as far as filters of seccomp use them.
const (
	opLoad = 0x20 // BPF_LD|BPF_W|BPF_ABS
	opImm  = 0x00 // BPF_LD|BPF_IMM
	opJa   = 0x05
	opJeq  = 0x15
	opJgt  = 0x25
	opJge  = 0x35
	opJset = 0x45
	opRet  = 0x06
	opRetA = 0x16
	opAnd  = 0x54 // BPF_ALU|BPF_AND|BPF_K
)

// preamble returns the instructions for calls up to newest. The architecture is looked at only where something would be denied, and
// foreign ones are left to libseccomp's program, which kills. How long the paths are does not matter here: see optimize.
func preamble(m machine, newest uint32, g Grants) []plan.Instruction {
	load := func(off uint32) plan.Instruction { return plan.Instruction{Code: opLoad, K: off} }
	jump := func(op uint16, k uint32, t, f uint8) plan.Instruction {
		return plan.Instruction{Code: op, Jt: t, Jf: f, K: k}
	}
	ret := func(v uint32) plan.Instruction { return plan.Instruction{Code: opRet, K: v} }

	commands := refusing(g)
	ioctl := append([]plan.Instruction{load(offArch), jump(opJeq, m.audit, 0, uint8(len(commands)))}, commands...)

	rest := uint8(len(ioctl))
	newer := []plan.Instruction{load(offArch), jump(opJeq, m.audit, 0, rest+1), ret(Absent)}
	if m.x32 {
		newer = append([]plan.Instruction{jump(opJset, x32Bit, rest+3, 0)}, newer...)
	}
	skip := uint8(len(newer))
	out := []plan.Instruction{load(offNr), jump(opJgt, newest, 1, 0), jump(opJeq, m.ioctl, skip, skip+rest)}
	return append(append(out, newer...), ioctl...)
}
