//go:build linux && cgo

// This file is what an optimized filter must pass before it is given out: that it answers as before. It guards against ourselves. It
// runs when a program starts, so it must stay below half a millisecond; the tests try all that the constants tell apart.

package seccomp

import (
	"fmt"
	"sync"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// patterns are arguments that tell checks apart: none and all bits, low bits, flags that grant and flags that refuse, kinds and modes
// of files and families of sockets, each also with the upper half set.
var patterns = sync.OnceValue(func() (out []words) {
	const ones = ^uint64(0)
	for i, p := range [][6]uint64{
		{ones, ones, ones, ones, ones, ones},
		{},
		{77},
		{1, 1, 1, 1, 1, 1},
		{afInet, sockStream, ipprotoTCP, fastOpen, atEmptyPath},
		{afInet, sockStream, 0},
		{afInet, sockStream, 132},
		{afInet6, sockDgram, 0},
		{afInet6, sockDgram, 136},
		{afInet6, sockDgram, ipprotoUDP, ^uint64(fastOpen)},
		{cloneThread | cloneVM, 0x5412, fastOpen},
		{cloneNew, 0x08, sIFREG},
		{15, sIFIFO, 1 << 32},
		{22, 2},
		{47, 1},
		{47, 4},
		{afUnix, sockSeqpacket},
		{afUnix, sockDgram},
		{0, oTrunc, oTrunc},
		{0, oTrunc | oWronly, oTrunc | oWronly},
		{0x40000, 0x18, 0o060000},
		{0, 0o4755, 0o4755, 0o4755},             // as a mode S_ISUID, as flags O_CREAT
		{0, 0o20002000, 0o20002000, 0o20002000}, // S_ISGID; __O_TMPFILE
	} {
		out = append(out, Call{Args: p}.words())
		if i < 2 {
			continue
		}
		for i := range p {
			p[i] |= 0xa5a5a5a5 << 32
		}
		out = append(out, Call{Args: p}.words())
	}
	return out
})

// same fails where f and the assembled program answer differently: on each number that an architecture could have, with arguments
// on both sides of each constant where either looks at them, on numbers beyond, and on other architectures.
func (a assembled) same(f []plan.Instruction) error {
	numbers := []uint32{x32Bit - 1, x32Bit, x32Bit + 1, x32Bit + 16, x32Bit + 520, 0x7fffffff, 0x80000000, 0x80000010, 0xbfffffff,
		0xc0000000, 0xfffffffe, 0xffffffff}
	for nr := range uint32(1024) {
		numbers = append(numbers, nr)
	}
	for _, nr := range numbers {
		if err := a.sameCall(f, a.machine.audit, nr); err != nil {
			return err
		}
	}
	for _, arch := range []uint32{0, 0x40000003, 0x40000028, a.machine.audit - 1, a.machine.audit + 1, a.machine.audit ^ 0x80000000, wholeWord} {
		for _, nr := range []uint32{0, a.machine.ioctl, a.newest, a.newest + 1, x32Bit, wholeWord} {
			if err := a.sameCall(f, arch, nr); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a assembled) sameCall(f []plan.Instruction, arch, nr uint32) error {
	from := -1
	for _, d := range patterns() {
		d[offNr/4], d[offArch/4] = nr, arch
		looked, err := a.sameAnswer(f, &d, max(from, 0))
		if err != nil {
			return err
		}
		if from = max(from, looked); from < 0 {
			return nil // all arguments are alike to both
		}
	}
	for _, q := range questions(a.program, from) {
		d := patterns()[0] // all bits: next to no check holds but for this word's
		d[offNr/4], d[offArch/4] = nr, arch
		for _, v := range []uint32{q.K - 1, q.K, q.K + 1} {
			d[q.word/4] = v
			if _, err := a.sameAnswer(f, &d, from); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameAnswer says where the assembled program first looks at an argument; -1 is that neither does. It runs that program from from on:
// the beginning, or what it said before for the same number and architecture, which is a load that all arguments come by.
func (a assembled) sameAnswer(f []plan.Instruction, d *words, from int) (int, error) {
	want, looked, err := run(a.program[from:], d)
	if err != nil {
		return 0, err
	}
	if looked >= 0 {
		looked += from
	}
	got, looked2, err := run(f, d)
	if err != nil {
		return 0, err
	}
	if got != want {
		return 0, fmt.Errorf("%s instead of %s for %#x", verdictName(got), verdictName(want), *d)
	}
	if looked < 0 && looked2 >= 0 {
		return 0, fmt.Errorf("number %#x of %#x looks at arguments", d[offNr/4], d[offArch/4])
	}
	return looked, nil
}

// question is an instruction with the word of an argument that it is about.
type question struct {
	plan.Instruction
	word uint32
}

// questions are what f asks of arguments from pc on, both sides of each jump.
func questions(f []plan.Instruction, pc int) []question {
	var out []question
	words := make([]uint32, len(f)+256) // in the accumulator; 0 where nothing leads to
	words[pc] = f[pc].K
	for ; pc < len(f); pc++ {
		i, word := f[pc], words[pc]
		switch {
		case word == 0 || i.Code == opRet:
		case i.Code == opLoad:
			words[pc+1] = max(i.K, offArch) // a number is none of ours
		case i.Code == opJa:
			words[min(pc+1+int(i.K), len(f))] = word
		case isJump(i.Code):
			words[pc+1+int(i.Jt)], words[pc+1+int(i.Jf)] = word, word
		default:
			words[pc+1] = word
		}
		if word >= offArgs && (isJump(i.Code) || i.Code == opAnd) {
			out = append(out, question{i, word})
		}
	}
	return out
}
