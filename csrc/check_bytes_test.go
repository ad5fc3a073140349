//go:build linux && cgo

package csrc

// Plans and commands as bytes to be spoiled: valid ones, with the places of their fields, and a way to change a word of them. The
// bytes are always in memory aligned to 8, as the core wants them.

import (
	"encoding/binary"
	"testing"
	"unsafe"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

var ne = binary.NativeEndian

// Offsets in struct gaol_plan, struct gaol_step and struct gaol_command.
const (
	atMagic, atVersion, atSize, atSteps, atFirst          = 0, 4, 8, 12, 16
	atNamespaces, atFresh, atReserved                     = 36, 40, 44
	headerSize, stepSize                                  = 48, 12
	cmdMagic, cmdSize, cmdArgv, cmdEnv, cmdCandidates     = 0, 4, 8, 12, 16
	cmdNFDs, cmdTable, cmdFDs, cmdDir                     = 20, 24, 28, 32
	cmdTTY, cmdForeground, cmdUser, cmdNLimits, cmdLimits = 36, 40, 44, 48, 52
	cmdDisk, cmdProcessors, cmdCPU                        = 56, 60, 64
	cmdUmask, cmdPlace, commandHeaderBytes                = 72, 76, 80
)

// alignedCopy puts b where the core takes it.
func alignedCopy(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8+1)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)[:len(b):len(b)]
	copy(out, b)
	return out
}

func encoded(t testing.TB, p plan.Plan) []byte {
	t.Helper()
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return alignedCopy(b)
}

func encodedCommand(t testing.TB, c plan.Command) []byte {
	t.Helper()
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return alignedCopy(b)
}

var filter = []plan.Instruction{{Code: 0x20, K: 4}, {Code: 0x06, K: 0x7fff0000}}

// small is a plan of these steps, with the least namespaces that there must be.
func small(s ...plan.Step) plan.Plan {
	return plan.Plan{Namespaces: 0x10020000, Fresh: 0x20020000, Steps: s}
}

// fullPlan has each step at least once.
func fullPlan() plan.Plan {
	return plan.Plan{Namespaces: 0x10020000, Fresh: 0x20020000, Steps: []plan.Step{
		{Op: plan.IDMap, Path: "0 0 1", Text: "0 0 1"}, {Op: plan.Hostname, Text: "gaol"}, {Op: plan.Detach},
		{Op: plan.Root, Text: "mode=0755"}, {Op: plan.Dir, Path: "/usr", N: 0o755}, {Op: plan.File, Path: "/f"},
		{Op: plan.Link, Path: "/bin", Text: "usr/bin"}, {Op: plan.Bind, Path: "/usr", Text: "/usr", Flags: plan.ReadOnly | plan.NoExec | plan.Dev | plan.IsDir},
		{Op: plan.Skeleton, Path: "/tmp", Text: "mode=0755"}, {Op: plan.ProcBase, Path: "/proc"}, {Op: plan.Pivot}, {Op: plan.Seal, Path: "/"},
		{Op: plan.Lift, Path: "/tmp/in", N: 63}, {Op: plan.Tmpfs, Path: "/tmp", Text: "mode=1777", Flags: plan.NoExec},
		{Op: plan.Pool, Path: "/a", Text: "size=1m"}, {Op: plan.Share, Path: "/a", Flags: plan.NoExec}, {Op: plan.Share, Path: "/b", N: 1},
		{Op: plan.Devpts, Path: "/dev/pts", Text: "newinstance"}, {Op: plan.Proc, Path: "/proc", Text: "hidepid=2"},
		{Op: plan.Mkdir, Path: "/tmp/in", N: 0o755}, {Op: plan.Touch, Path: "/tmp/f"}, {Op: plan.Drop, Path: "/tmp/in", N: 63},
		{Op: plan.Symlink, Path: "/tmp/l", Text: "f"}, {Op: plan.Mask, Path: "/proc/kcore"},
		{Op: plan.NoNewPrivs}, {Op: plan.DropCaps},
		{Op: plan.Rlimit, N: 7, Limit: plan.Limit{Soft: 1, Hard: 2}},
		{Op: plan.LandlockRuleset, Ruleset: plan.Ruleset{FS: 1, Size: 24}}, {Op: plan.LandlockPath, Path: "/usr", N: 1},
		{Op: plan.LandlockEnforce}, {Op: plan.Limits}, {Op: plan.Seccomp, Filter: filter},
	}}
}

func fullCommand() plan.Command {
	return plan.Command{Argv: []string{"a", "b"}, Env: []string{"A=b"}, Candidates: []string{"/bin/a", "/usr/bin/a"},
		FDs: []int{0, 1, 2, 9}, Dir: "/", TTY: 3, Foreground: true,
		User:   &plan.User{Uid: 1000, Gid: 100, Groups: []uint32{4, 24}, UIDMap: "0 0 1\n1000 1000 1\n", GIDMap: "0 0 1\n4 4 1\n"},
		Limits: []plan.ResourceLimit{{Resource: 7, Limit: plan.Limit{Soft: 1, Hard: 2}}, {Resource: 9, Limit: plan.Limit{Soft: 3, Hard: 3}}},
		Disk:   ",size=4096", CPU: 1e9, Processors: 2, Umask: new(uint32(0o27))}
}

// where is the offset of the first step of op.
func where(b []byte, op plan.Op) int {
	at := int(ne.Uint32(b[atSteps:]))
	for ; ; at += stepSize {
		if plan.Op(ne.Uint16(b[at:])) == op {
			return at
		}
	}
}

func set(b []byte, at int, v uint32) { ne.PutUint32(b[at:], v) }

func setStep(op plan.Op, field int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte { set(b, where(b, op)+field, v); return b }
}

func setAt(at int, v uint32) func([]byte) []byte {
	return func(b []byte) []byte { set(b, at, v); return b }
}

// aArg and bArg are the places of a step's arguments.
const aArg, bArg = 4, 8
