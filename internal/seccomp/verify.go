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
		{"ptrace", [6]uint64{}, g.deny()},
		{"mount", [6]uint64{}, g.deny()},
		{"unshare", [6]uint64{}, g.deny()},
		{"bpf", [6]uint64{}, g.deny()},
		{"socket", [6]uint64{afUnix, sockStream}, g.deny()},
		{"openat2", [6]uint64{}, Absent},
		{"openat", [6]uint64{0, 0, 0o100, 0o1755}, Allow},
		{"openat", [6]uint64{0, 0, 0o2, 0o4755}, Allow},
		{"openat", [6]uint64{0, 0, 0o100 | high, 0o4755 | high}, g.deny()},
		{"openat", [6]uint64{0, 0, 0o20000000, 0o2755}, g.deny()},
		{"fchmod", [6]uint64{0, 0o1777}, Allow},
		{"fchmod", [6]uint64{0, 0o4755 | high}, g.deny()},
		{"fchmodat", [6]uint64{0, 0, 0o2755}, g.deny()},
		{"fchmodat2", [6]uint64{0, 0, 0o4755}, g.deny()},
		{"mknodat", [6]uint64{0, 0, sIFREG | 0o4755}, g.deny()},
		{"ioctl", [6]uint64{0, 0x5401}, Allow},
		{"clone", [6]uint64{cloneThread | cloneVM}, Allow},
		{"clone", [6]uint64{cloneThread | cloneVM | 0x10000000 | high}, g.deny()},
	}
	for _, r := range refused {
		tries = append(tries, try{"ioctl", [6]uint64{0, uint64(r.command) | high}, g.deny()})
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
