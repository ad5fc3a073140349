//go:build linux && cgo

// This file makes the second filter of a program: it keeps signals inside where neither a pid namespace nor Landlock's scope does, and
// what the landlock engine's init relies on. It must allow nothing that the first filter denies: of two filters the stricter answer
// counts (seccomp(2)).

package seccomp

import "github.com/gaol-sandbox/gaol/internal/plan"

// Of asm-generic/fcntl.h and asm-generic/ioctls.h.
const (
	oAsync = 0o20000 // FASYNC

	fSetfl, fSetown, fSetsig, fSetownEx = 4, 8, 10, 15

	fioasync, fiosetown, siocspgrp, tiocspgrp = 0x5452, 0x8901, 0x8902, 0x5410
)

// Self returns the filter, with plan.SelfPID where the process's number belongs.
//
// O_ASYNC of a terminal has its foreground job signalled, which may be the user's shell, with any signal that F_SETSIG chose: no pid
// namespace bounds it (tty_fasync of drivers/tty/tty_io.c). That is all for a program with namespaces of its own; shared is one without.
//
// Then PR_SET_PDEATHSIG stays as it is (an exec by another thread than the first, or of a file with capabilities, still clears it), and no file is opened with access mode 3, for which Landlock asks no right (open(2): "for ioctl
// only"). Unless the program may make processes, whose numbers nobody knows before, it can signal itself alone: not by kill and its like,
// nor by what has the kernel send a signal to a process or a job of its choice, nor by choosing the job that a terminal's keys signal.
func Self(shared, processes, kill bool) []plan.Instruction {
	deny := Grants{Kill: kill}.deny()
	out := []plan.Instruction{{Code: opLoad, K: offNr}}
	add := func(body []plan.Instruction, calls ...string) {
		var numbers []uint32
		for _, name := range calls {
			if nr, ok := number(name); ok { // arm64 and riscv64 have no open
				numbers = append(numbers, uint32(nr))
			}
		}
		for i, nr := range numbers { // into the body where one is equal, past it where none is
			jump := plan.Instruction{Code: opJeq, K: nr, Jt: uint8(len(numbers) - 1 - i)}
			if i == len(numbers)-1 {
				jump.Jf = uint8(len(body))
			}
			out = append(out, jump)
		}
		if len(numbers) > 0 {
			out = append(out, body...)
		}
	}
	alone := shared && !processes
	commands, requests := []uint32{fSetsig}, []uint32{fioasync}
	if alone {
		commands, requests = append(commands, fSetown, fSetownEx), append(requests, fiosetown, siocspgrp, tiocspgrp)
	}
	flags := []plan.Instruction{{Code: opLoad, K: offLow(1)}, {Code: opJeq, K: fSetfl, Jf: 4}, {Code: opLoad, K: offLow(2)},
		{Code: opJset, K: oAsync, Jf: 1}, {Code: opRet, K: deny}, {Code: opRet, K: Allow}}
	add(append(flags, noneOf(deny, 1, commands...)...), "fcntl")
	add(noneOf(deny, 1, requests...), "ioctl")
	if shared {
		add(noneOf(deny, 0, 1), "prctl")
		mode := func(arg uint32) []plan.Instruction {
			return []plan.Instruction{{Code: opLoad, K: offLow(arg)}, {Code: opAnd, K: oAccmode}, {Code: opJeq, K: oAccmode, Jf: 1},
				{Code: opRet, K: deny}, {Code: opRet, K: Allow}}
		}
		add(mode(1), "open")
		add(mode(2), "openat")
	}
	if alone {
		add([]plan.Instruction{{Code: opLoad, K: offLow(0)}, {Code: opJeq, K: plan.SelfPID, Jf: 1}, {Code: opRet, K: Allow}, {Code: opRet, K: deny}},
			"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open")
		add([]plan.Instruction{{Code: opRet, K: deny}}, "tkill", "pidfd_send_signal")
	}
	return append(out, plan.Instruction{Code: opRet, K: Allow})
}

// noneOf allows a call whose argument is none of the values. All of them are ints, in the low half.
func noneOf(deny, arg uint32, values ...uint32) []plan.Instruction {
	out := []plan.Instruction{{Code: opLoad, K: offLow(arg)}}
	for i, v := range values {
		out = append(out, plan.Instruction{Code: opJeq, K: v, Jt: uint8(len(values) - i)})
	}
	return append(out, plan.Instruction{Code: opRet, K: Allow}, plan.Instruction{Code: opRet, K: deny})
}
