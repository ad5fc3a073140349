// This file prints filters for people: golden files, `gaol explain`, error messages. It must take any program, valid or not, and
// show each instruction as one line.

package seccomp

import (
	"fmt"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// Text is f disassembled, one instruction a line. Targets of jumps are numbers of lines.
func Text(f []plan.Instruction) string {
	var b strings.Builder
	for pc, i := range f {
		fmt.Fprintf(&b, "%4d  %s\n", pc, line(pc, i))
	}
	return b.String()
}

var jumps = map[uint16]string{opJeq: "jeq", opJgt: "jgt", opJge: "jge", opJset: "jset"}

func line(pc int, i plan.Instruction) string {
	switch i.Code {
	case opLoad:
		return "ld " + field(i.K)
	case opImm:
		return fmt.Sprintf("ld #%#x", i.K)
	case opJa:
		return fmt.Sprintf("ja %d", uint64(pc)+1+uint64(i.K))
	case opRet:
		return "ret " + verdictName(i.K)
	case opRetA:
		return "ret a"
	}
	if name, ok := jumps[i.Code]; ok {
		return fmt.Sprintf("%s %#x, %d, %d", name, i.K, pc+1+int(i.Jt), pc+1+int(i.Jf))
	}
	if op, ok := alu[i.Code]; ok {
		return fmt.Sprintf("%s %#x", op.name, i.K)
	}
	return fmt.Sprintf("invalid code %#x jt %d jf %d k %#x", i.Code, i.Jt, i.Jf, i.K)
}

// field names an offset of struct seccomp_data.
func field(off uint32) string {
	switch {
	case off == offNr:
		return "nr"
	case off == offArch:
		return "arch"
	case off >= dataLen || off%4 != 0:
		return fmt.Sprintf("[%d]", off)
	case off < offArgs:
		return fmt.Sprintf("ip[%d]", off-offIP)
	}
	arg := (off - offArgs) / 8
	if off == offLow(arg) {
		return fmt.Sprintf("args[%d].low", arg)
	}
	return fmt.Sprintf("args[%d].high", arg)
}

// verdictName is an answer in words.
func verdictName(v uint32) string {
	switch v {
	case Allow:
		return "ALLOW"
	case DenyEPERM:
		return "EPERM"
	case Absent:
		return "ENOSYS"
	case KillProcess:
		return "KILL"
	}
	if v&0xffff0000 == 0x00050000 {
		return fmt.Sprintf("ERRNO(%d)", v&0xffff)
	}
	return fmt.Sprintf("%#x", v)
}
