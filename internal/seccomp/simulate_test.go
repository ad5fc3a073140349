// This file checks Simulate and Text against small programs written by hand: what is tested with them must not be what tests them.

package seccomp

import (
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

func TestSimulateDoesWhatTheKernelDoesForEachInstruction(t *testing.T) {
	const yes, no = 1, 0
	call := Call{Arch: 0xc000003e, Nr: 42, Args: [6]uint64{0x11111111_22222222, 0, 0, 0, 0, 0x33333333_44444444}}
	branch := func(op uint16, k uint32) []plan.Instruction {
		return []plan.Instruction{{Code: opLoad, K: offNr}, {Code: op, Jt: 1, Jf: 0, K: k}, {Code: opRet, K: no}, {Code: opRet, K: yes}}
	}
	arith := func(op uint16, k uint32) []plan.Instruction {
		return []plan.Instruction{{Code: opLoad, K: offNr}, {Code: op, K: k}, {Code: opRetA}}
	}
	load := func(off uint32) []plan.Instruction { return []plan.Instruction{{Code: opLoad, K: off}, {Code: opRetA}} }
	for _, c := range []struct {
		name string
		f    []plan.Instruction
		want uint32
	}{
		{"ret k", []plan.Instruction{{Code: opRet, K: 7}}, 7},
		{"ret a of an accumulator that starts as 0", []plan.Instruction{{Code: opRetA}}, 0},
		{"ld nr", load(offNr), 42},
		{"ld arch", load(offArch), 0xc000003e},
		{"ld the instruction pointer, which is 0", load(offIP), 0},
		{"ld the low half of the first argument", load(offLow(0)), 0x22222222},
		{"ld the high half of the first argument", load(offLow(0) ^ 4), 0x11111111},
		{"ld the low half of the last argument", load(offLow(5)), 0x44444444},
		{"ld the high half of the last argument", load(offLow(5) ^ 4), 0x33333333},
		{"ld imm", []plan.Instruction{{Code: opImm, K: 9}, {Code: opRetA}}, 9},
		{"jeq equal", branch(opJeq, 42), yes},
		{"jeq less", branch(opJeq, 43), no},
		{"jgt greater", branch(opJgt, 41), yes},
		{"jgt equal", branch(opJgt, 42), no},
		{"jge equal", branch(opJge, 42), yes},
		{"jge less", branch(opJge, 43), no},
		{"jset common bit", branch(opJset, 2), yes},
		{"jset no common bit", branch(opJset, 4), no},
		{"ja", []plan.Instruction{{Code: opJa, K: 1}, {Code: opRet, K: no}, {Code: opRet, K: yes}}, yes},
		{"ja to the next", []plan.Instruction{{Code: opJa}, {Code: opRet, K: yes}}, yes},
		{"add", arith(0x04, 0xffffffff), 41},
		{"sub", arith(0x14, 43), 0xffffffff},
		{"mul", arith(0x24, 2), 84},
		{"div", arith(0x34, 5), 8},
		{"or", arith(0x44, 0x80), 0xaa},
		{"and", arith(0x54, 0xf), 10},
		{"lsh", arith(0x64, 31), 0},
		{"rsh", arith(0x74, 1), 21},
		{"neg", arith(0x84, 0), ^uint32(41)},
		{"xor", arith(0xa4, 42), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Simulate(c.f, call)
			if err != nil || got != c.want {
				t.Errorf("got %#x, %v; want %#x", got, err, c.want)
			}
		})
	}
}

func TestJumpsCompareWithoutSign(t *testing.T) {
	f := []plan.Instruction{{Code: opLoad, K: offNr}, {Code: opJgt, Jf: 1, K: 5}, {Code: opRet, K: 1}, {Code: opRet, K: 2}}
	if got, err := Simulate(f, Call{Nr: -1}); err != nil || got != 1 {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestSimulateFailsOnWhatTheKernelWouldNotLoad(t *testing.T) {
	ret := plan.Instruction{Code: opRet, K: Allow}
	for name, f := range map[string][]plan.Instruction{
		"nothing":                     nil,
		"no ret":                      {{Code: opImm}},
		"a load behind the data":      {{Code: opLoad, K: dataLen}, ret},
		"a load across fields":        {{Code: opLoad, K: 2}, ret},
		"a load of a byte":            {{Code: 0x30}, ret},
		"a jump over the end":         {{Code: opJeq, Jt: 1, K: 0}, ret},
		"ja over the end":             {{Code: opJa, K: 1}, ret},
		"ja that would wrap around":   {{Code: opJa, K: 0xffffffff}, ret},
		"division by zero":            {{Code: 0x34}, ret},
		"a shift by the whole":        {{Code: 0x64, K: 32}, ret},
		"an operation that is none":   {{Code: 0xffff}, ret},
		"the index register, unused":  {{Code: 0x07}, ret},
		"a comparison with the index": {{Code: 0x1d}, ret},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Simulate(f, Call{}); err == nil {
				t.Errorf("got %#x and no error", got)
			}
		})
	}
}

func TestTextShowsEachInstructionAsOneLine(t *testing.T) {
	f := []plan.Instruction{
		{Code: opLoad, K: offArch}, {Code: opJeq, Jt: 0, Jf: 4, K: 0xc000003e}, {Code: opLoad, K: offLow(1)}, {Code: 0x54, K: 0xf},
		{Code: opJa, K: 0}, {Code: opRet, K: Allow}, {Code: opRet, K: KillProcess}, {Code: opRet, K: 0x50000 | 13}, {Code: 0x1234, K: 1},
		{Code: opLoad, K: 99}, {Code: opLoad, K: offLow(5) ^ 4}, {Code: opRetA},
	}
	const want = `   0  ld arch
   1  jeq 0xc000003e, 2, 6
   2  ld args[1].low
   3  and 0xf
   4  ja 5
   5  ret ALLOW
   6  ret KILL
   7  ret ERRNO(13)
   8  invalid code 0x1234 jt 0 jf 0 k 0x1
   9  ld [99]
  10  ld args[5].high
  11  ret a
`
	if got := Text(f); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// The preamble is small enough to be read by hand, on every architecture and without libseccomp.
func TestThePreambleOnlyDenies(t *testing.T) {
	const on, newest = 0x12345678, 450
	for arch, m := range machines {
		f := append(preamble(m, newest, Grants{}), plan.Instruction{Code: opRet, K: on})
		ioctl := int32(m.ioctl)
		cases := []struct {
			name string
			call Call
			want uint32
		}{
			{"an old call", Call{Arch: m.audit, Nr: 1}, on},
			{"the newest call", Call{Arch: m.audit, Nr: newest}, on},
			{"one newer", Call{Arch: m.audit, Nr: newest + 1}, Absent},
			{"one newer of a foreign architecture", Call{Arch: m.audit ^ 1, Nr: newest + 1}, on},
			{"another ioctl", Call{Arch: m.audit, Nr: ioctl, Args: [6]uint64{0, 0x5413}}, on},
			{"a command in the high half", Call{Arch: m.audit, Nr: ioctl, Args: [6]uint64{0, 0x5412 << 32}}, on},
			{"a command as another argument", Call{Arch: m.audit, Nr: ioctl, Args: [6]uint64{0x5412, 0, 0x5412}}, on},
		}
		for _, r := range refused {
			cases = append(cases,
				struct {
					name string
					call Call
					want uint32
				}{r.name, Call{Arch: m.audit, Nr: ioctl, Args: [6]uint64{0, uint64(r.command)}}, DenyEPERM},
				struct {
					name string
					call Call
					want uint32
				}{r.name + " of a foreign architecture", Call{Arch: m.audit ^ 1, Nr: ioctl, Args: [6]uint64{0, uint64(r.command)}}, on},
			)
		}
		if m.x32 {
			cases = append(cases, struct {
				name string
				call Call
				want uint32
			}{"the x32 ABI", Call{Arch: m.audit, Nr: x32Bit | 1}, on})
		}
		for _, c := range cases {
			t.Run(arch+" "+c.name, func(t *testing.T) {
				if got, err := Simulate(f, c.call); err != nil || got != c.want {
					t.Errorf("got %s, %v; want %s", verdictName(got), err, verdictName(c.want))
				}
			})
		}
	}
}

func TestEveryGroupIsComplete(t *testing.T) {
	seen := map[string]string{}
	for _, g := range Groups() {
		if g.Name == "" || g.Why == "" || len(g.Calls) == 0 {
			t.Errorf("%q lacks its name, reason or calls", g.Name)
		}
		if (g.any != nil) && g.Condition == "" {
			t.Errorf("%q checks arguments and does not say so", g.Name)
		}
		for _, c := range g.Calls {
			// a grant may let pass unchecked what is checked without it
			if other, ok := seen[c]; ok && g.any == nil && g.Need == 0 {
				t.Errorf("%s is in %q and in %q: the latter lets it pass unchecked", c, other, g.Name)
			}
			seen[c] = g.Name
		}
	}
	Groups()[0].Calls[0] = "ptrace"
	if Groups()[0].Calls[0] == "ptrace" {
		t.Error("the table can be changed through Groups")
	}
}

func TestNeedsReadAsWords(t *testing.T) {
	for need, want := range map[Need]string{0: "always", NeedProcesses: "Processes", NeedInternet | NeedListen: "Internet or Listen",
		NeedWatch: "Watch", NeedTCP | NeedPeers: "TCP or Peers", needEnd - 1: "Processes or Internet or Listen or Watch or TCP or UDP or Local or " +
			"LocalListen or Trace or Pipes or SystemV or Queues or Attributes or Truncate or Peers or Unmapped"} {
		if got := need.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !strings.Contains(refusedNames(), "TIOCSTI") || !strings.Contains(refusedNames(), "btrfs") {
		t.Error("the reasons of ioctl do not name TIOCSTI and btrfs")
	}
}
