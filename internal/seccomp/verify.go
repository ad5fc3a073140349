//go:build linux && cgo

// This file is what a compiled filter must pass before it is given out: its size, its beginning, and a few calls whose answer
// decides whether the sandbox holds. It guards against a libseccomp that compiles otherwise than we think; it must never repair.

package seccomp

import (
	"fmt"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

func (a assembled) verify() error {
	f, head, m, g := a.program, a.head, a.machine, a.grants
	if len(f) > maxInstructions {
		return fmt.Errorf("%d instructions; the kernel takes %d", len(f), maxInstructions)
	}
	if len(f) <= len(head) || !slices.Equal(f[:len(head)], head) {
		return fmt.Errorf("the preamble is not in front of a program")
	}
	const high = 1 << 32
	type try struct {
		name string
		args [6]uint64
		want uint32
	}
	tries := []try{
		{"getpid", [6]uint64{}, Allow},
		{"exit_group", [6]uint64{}, Allow},
		{"execve", [6]uint64{}, Allow},
		{"clone3", [6]uint64{}, Absent},
		{"ptrace", [6]uint64{}, g.only(NeedTrace)},
		{"mount", [6]uint64{}, g.deny()},
		{"unshare", [6]uint64{}, g.deny()},
		{"bpf", [6]uint64{}, g.deny()},
		{"socket", [6]uint64{afUnix, sockStream}, g.only(NeedLocal | NeedLocalListen)},
		{"socket", [6]uint64{afUnix, sockDgram}, g.only(NeedLocal)},
		{"socket", [6]uint64{afInet, sockStream, 262}, g.deny()},
		{"socket", [6]uint64{afInet6 | high, sockDgram | high}, g.only(NeedInternet | NeedUDP)},
		{"connect", [6]uint64{}, g.only(NeedInternet | NeedTCP | NeedUDP | NeedLocal)},
		{"sendto", [6]uint64{0, 0, 0, fastOpen | high}, g.only(NeedInternet)},
		{"bind", [6]uint64{}, g.only(NeedListen | NeedLocalListen)},
		{"shmget", [6]uint64{}, g.only(NeedSystemV)},
		{"mq_open", [6]uint64{}, g.only(NeedQueues)},
		{"sched_setaffinity", [6]uint64{}, Allow},
		{"sched_setaffinity", [6]uint64{77}, g.only(NeedPeers)},
		{"truncate", [6]uint64{}, g.only(NeedTruncate)},
		{"fchownat", [6]uint64{}, g.only(NeedAttributes)},
		{"ioctl", [6]uint64{0, 0x40086602 | high}, g.only(NeedAttributes)},
		{"openat2", [6]uint64{}, Absent},
		{"openat", [6]uint64{0, 0, 0o100, 0o1755}, Allow},
		{"openat", [6]uint64{0, 0, 0o2, 0o4755}, Allow},
		{"openat", [6]uint64{0, 0, oTrunc | oWronly, 0}, Allow},
		{"openat", [6]uint64{0, 0, oTrunc | high, 0}, g.only(NeedTruncate)},
		{"openat", [6]uint64{0, 0, oTrunc | oAccmode, 0}, g.only(NeedTruncate)},
		{"openat", [6]uint64{0, 0, 0o100 | high, 0o4755 | high}, g.deny()},
		{"openat", [6]uint64{0, 0, 0o20000000, 0o2755}, g.deny()},
		{"fchmod", [6]uint64{0, 0o1777}, g.only(NeedAttributes)},
		{"fchmod", [6]uint64{0, 0o4755 | high}, g.deny()},
		{"fchmodat", [6]uint64{0, 0, 0o2755}, g.deny()},
		{"fchmodat2", [6]uint64{0, 0, 0o4755}, g.deny()},
		{"mknodat", [6]uint64{0, 0, sIFREG | 0o4755}, g.deny()},
		{"mknodat", [6]uint64{0, 0, sIFIFO | 0o600}, g.only(NeedPipes)},
		{"ioctl", [6]uint64{0, 0x5401}, Allow},
		{"clone", [6]uint64{cloneThread | cloneVM | cloneFiles}, Allow},
		{"clone", [6]uint64{cloneThread | cloneVM | high}, g.only(NeedUnmapped | NeedProcesses)},
		{"mmap", [6]uint64{0, 0, 0, mapPrivate | mapAnonymous}, Allow},
		{"mmap", [6]uint64{0, 0, 0, 1}, Allow},
		{"mmap", [6]uint64{0, 0, 0, 1 | mapAnonymous | high}, g.only(NeedUnmapped)},
		{"close_range", [6]uint64{3, 9, 1 << 2}, Allow},
		{"close_range", [6]uint64{3, 9, 1<<1 | high}, g.only(NeedUnmapped)},
		{"memfd_create", [6]uint64{0, 0x08}, g.only(NeedUnmapped)},
		{"clone", [6]uint64{cloneThread | cloneVM | 0x10000000 | high}, g.deny()},
	}
	for _, r := range refused {
		want := g.deny()
		if r.unless != 0 {
			want = g.only(r.unless)
		}
		tries = append(tries, try{"ioctl", [6]uint64{0, uint64(r.command) | high}, want})
	}
	for _, t := range tries {
		nr, ok := number(t.name)
		if !ok {
			return fmt.Errorf("libseccomp does not know %s", t.name)
		}
		if err := expect(f, t.name, Call{m.audit, int32(nr), t.args}, t.want); err != nil {
			return err
		}
	}
	if err := expect(f, "a foreign architecture", Call{m.audit ^ 1, 0, [6]uint64{}}, KillProcess); err != nil {
		return err
	}
	if m.x32 {
		if err := expect(f, "the x32 ABI", Call{m.audit, x32Bit, [6]uint64{}}, KillProcess); err != nil {
			return err
		}
	}
	return expect(f, "a call newer than the table", Call{m.audit, int32(a.newest + 1), [6]uint64{}}, Absent)
}

// only is the answer to what one of n must grant.
func (g Grants) only(n Need) uint32 {
	if g.meets(n) {
		return Allow
	}
	return g.deny()
}

func expect(f []plan.Instruction, what string, c Call, want uint32) error {
	got, err := Simulate(f, c)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s: %s instead of %s", what, verdictName(got), verdictName(want))
	}
	return nil
}
