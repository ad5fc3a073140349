//go:build linux && cgo

// This file makes the second filter of a program that lives in its caller's namespaces: it keeps what the init relies on, and where
// Landlock has no scope for signals it bounds them. It must allow nothing that the first filter denies: of two filters the stricter
// answer counts (seccomp(2)).

package seccomp

import (
	"slices"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

const (
	bpfLoad, bpfEqual, bpfReturn = 0x20, 0x15, 0x06 // linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K

	// offsets in struct seccomp_data; the numbers compared are ints, in the low half of an argument
	atNumber, atFirst, atSecond = 0, 16, 24
)

// selfRule is what Self makes of one call: the argument at off decides; where it is none of denied it is allowed, and with own set
// it must be the number of the process.
type selfRule struct {
	calls  []string
	off    uint32
	denied []uint32
	own    bool
	never  bool
}

// Self returns the filter, with plan.SelfPID where the process's number belongs. In every case the program cannot undo that it ends with
// the init (PR_SET_PDEATHSIG). Unless it may make processes, whose numbers nobody knows before, it can signal itself alone: not by kill
// and its like, nor by what has the kernel send SIGIO (fcntl F_SETOWN and F_SETOWN_EX, ioctl FIOSETOWN and SIOCSPGRP).
func Self(processes, kill bool) []plan.Instruction {
	rules := []selfRule{{calls: []string{"prctl"}, off: atFirst, denied: []uint32{1}}}
	if !processes {
		rules = append(rules,
			selfRule{calls: []string{"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open"}, off: atFirst, own: true},
			selfRule{calls: []string{"tkill", "pidfd_send_signal"}, never: true},
			selfRule{calls: []string{"fcntl"}, off: atSecond, denied: []uint32{8, 15}},
			selfRule{calls: []string{"ioctl"}, off: atSecond, denied: []uint32{0x8901, 0x8902}},
		)
	}
	deny := Grants{Kill: kill}.deny()
	out := []plan.Instruction{{Code: bpfLoad, K: atNumber}}
	for _, r := range rules {
		body := r.body(deny)
		var numbers []uint32
		for _, name := range r.calls {
			if nr, ok := number(name); ok {
				numbers = append(numbers, uint32(nr))
			}
		}
		for i, nr := range numbers { // into the body where one is equal, past it where none is
			jump := plan.Instruction{Code: bpfEqual, K: nr, Jt: uint8(len(numbers) - 1 - i)}
			if i == len(numbers)-1 {
				jump.Jf = uint8(len(body))
			}
			out = append(out, jump)
		}
		if len(numbers) > 0 {
			out = append(out, body...)
		}
	}
	return append(out, plan.Instruction{Code: bpfReturn, K: Allow})
}

// body is what follows when the call is one of the rule's; it never runs on into what comes behind it.
func (r selfRule) body(deny uint32) []plan.Instruction {
	answer := func(k uint32) plan.Instruction { return plan.Instruction{Code: bpfReturn, K: k} }
	if r.never {
		return []plan.Instruction{answer(deny)}
	}
	out := []plan.Instruction{{Code: bpfLoad, K: r.off}}
	if r.own {
		return append(out, plan.Instruction{Code: bpfEqual, K: plan.SelfPID, Jf: 1}, answer(Allow), answer(deny))
	}
	denied := slices.Clone(r.denied)
	for i, v := range denied {
		out = append(out, plan.Instruction{Code: bpfEqual, K: v, Jt: uint8(len(denied) - i)})
	}
	return append(out, answer(Allow), answer(deny))
}
