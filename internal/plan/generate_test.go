package plan

// Random plans for the properties of this package: every op with every field that it has, strings of odd bytes, and nothing in a
// field that the op does not have, so that a plan which comes back must come back whole.

import (
	"slices"

	"pgregory.net/rapid"
)

// oddString is anything but NUL: no UTF-8, line breaks, spaces, long ones, the empty one.
var oddString = rapid.OneOf(
	rapid.SampledFrom([]string{"", "/", "/a", "/a b", "/\xff\xfe", "/new\nline", "\x01", "0 0 1", "/é\u202e", "/a"}),
	rapid.Map(rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 40), func(b []byte) string { return string(b) }),
	rapid.Map(rapid.IntRange(4000, 5000), func(n int) string { return string(slices.Repeat([]byte{'x'}, n)) }),
)

var anyInstruction = rapid.Custom(func(t *rapid.T) Instruction {
	return Instruction{rapid.Uint16().Draw(t, "code"), rapid.Byte().Draw(t, "jt"), rapid.Byte().Draw(t, "jf"), rapid.Uint32().Draw(t, "k")}
})

var anyStep = rapid.Custom(func(t *rapid.T) Step {
	s := Step{Op: Op(rapid.IntRange(int(IDMap), int(ops)-1).Draw(t, "op")), Flags: rapid.Uint16().Draw(t, "flags")}
	d := info[s.Op]
	for i, kind := range []arg{d.a, d.b} {
		switch kind {
		case path:
			s.Path = oddString.Draw(t, "path")
		case text, host, target:
			if i == 0 && d.b == text {
				s.Path = oddString.Draw(t, "first text")
			} else {
				s.Text = oddString.Draw(t, "text")
			}
		case port:
			s.Port = rapid.Uint16().Draw(t, "port")
		case mode, slot, rights, netRights, resource:
			s.N = rapid.Uint32().Draw(t, "n")
		case ruleset:
			s.Ruleset = Ruleset{rapid.Uint64().Draw(t, "fs"), rapid.Uint64().Draw(t, "net"), rapid.Uint64().Draw(t, "scoped"), rapid.Uint64().Draw(t, "size")}
		case limit:
			s.Limit = Limit{rapid.Uint64().Draw(t, "soft"), rapid.Uint64().Draw(t, "hard")}
		case capRights:
			s.Rights = [2]uint64{rapid.Uint64().Draw(t, "rights"), rapid.Uint64().Draw(t, "more rights")}
		case parameters:
			for range rapid.IntRange(0, 5).Draw(t, "parameters") {
				s.Params = append(s.Params, oddString.Draw(t, "key"), oddString.Draw(t, "value"))
			}
		case others:
			for range rapid.IntRange(0, 5).Draw(t, "others") {
				s.Others = append(s.Others, oddString.Draw(t, "key"), oddString.Draw(t, "value"))
			}
		case filter:
			s.Filter = rapid.SliceOfN(anyInstruction, 0, 20).Draw(t, "filter")
		}
	}
	return s
})

// byStage makes steps a plan's.
func byStage(steps []Step) []Step {
	slices.SortStableFunc(steps, func(a, b Step) int { return int(a.Op.Stage()) - int(b.Op.Stage()) })
	return steps
}

var anyPlan = rapid.Custom(func(t *rapid.T) Plan {
	return Plan{
		Namespaces: rapid.Uint32().Draw(t, "namespaces"),
		Fresh:      rapid.Uint32().Draw(t, "fresh"),
		Steps:      byStage(rapid.SliceOfN(anyStep, 0, 24).Draw(t, "steps")),
	}
})

// plain drops what is not encoded and tells no empty list from none.
func plain(p Plan) Plan {
	var steps []Step
	for _, s := range p.Steps {
		s.Why = ""
		if len(s.Filter) == 0 {
			s.Filter = nil
		}
		steps = append(steps, s)
	}
	p.Steps = steps
	return p
}

// everyStep is a step of each op, sorted by stage, with a Why and plausible arguments.
func everyStep() []Step {
	rules := uint64(1)<<17 - 1
	return byStage([]Step{
		{Op: IDMap, Path: "1000 1000 1", Text: "100 100 1"},
		{Op: Hostname, Text: "gaol"},
		{Op: Detach},
		{Op: Root, Text: "mode=0755,size=16m"},
		{Op: Dir, Path: "/usr", N: 0o755},
		{Op: File, Path: "/etc/os-release"},
		{Op: Link, Path: "/bin", Text: "usr/bin"},
		{Op: Bind, Path: "/usr", Text: "/usr", Flags: ReadOnly | IsDir},
		{Op: Bind, Path: "/srv", Text: "/srv", Flags: NoExec | IsFile},
		{Op: Bind, Path: "/srv/pipe", Text: "/srv/pipe", Flags: IsFifo},
		{Op: Bind, Path: "/run/sock", Text: "/run/sock", Flags: ReadOnly | NoExec | IsSock},
		{Op: Bind, Path: "/dev/null", Text: "/dev/null", Flags: ReadOnly | NoExec | Dev | IsNode, Why: "System()"},
		{Op: Bind, Path: "/opt", Text: "/opt"},
		{Op: Skeleton, Path: "/srv/new", Text: "mode=0755,size=1m"},
		{Op: ProcBase, Path: "/proc"},
		{Op: Pivot},
		{Op: Seal, Path: "/srv/keys"},
		{Op: Seal, Path: "/"},
		{Op: KeepRuleset, Ruleset: Ruleset{FS: rules, Net: 3, Scoped: 3, Size: 24}},
		{Op: KeepPath, Path: "/usr", N: 1 | 4 | 8},
		{Op: KeepPort, Port: 443, N: 2},
		{Op: Lift, Path: "/tmp/in", N: 63},
		{Op: Tmpfs, Path: "/tmp", Text: "mode=1777", Flags: NoExec},
		{Op: Tmpfs, Path: "/tmp/x", Text: "mode=1777"},
		{Op: Pool, Path: "/srv/a", Text: "mode=1777,size=1m"},
		{Op: Share, Path: "/srv/a", N: 0, Flags: NoExec},
		{Op: Share, Path: "/srv/b", N: 1<<32 - 1},
		{Op: Devpts, Path: "/dev/pts", Text: "newinstance"},
		{Op: Mqueue, Path: "/dev/mqueue"},
		{Op: Proc, Path: "/proc", Text: "hidepid=2"},
		{Op: Mkdir, Path: "/tmp/in", N: 0o1777},
		{Op: Touch, Path: "/tmp/file"},
		{Op: Drop, Path: "/tmp/in", N: 63},
		{Op: Symlink, Path: "/tmp/l", Text: "../a b"},
		{Op: Mask, Path: "/proc/kcore"},
		{Op: Mounted, Path: "/srv/keys"},
		{Op: Scope},
		{Op: Rlimit, N: 4},
		{Op: Rlimit, N: 7, Limit: Limit{1024, 1<<64 - 1}},
		{Op: NoNewPrivs},
		{Op: DropCaps},
		{Op: DropCaps, Flags: CapsHeld},
		{Op: LandlockKept},
		{Op: LandlockRuleset, Ruleset: Ruleset{FS: rules, Net: 3, Scoped: 3, Size: 24}},
		{Op: LandlockPath, Path: "/", N: 0},
		{Op: LandlockPath, Path: "/usr", N: 1 | 4 | 8},
		{Op: LandlockPath, Path: "/srv", N: 4, Flags: MustBeMount},
		{Op: LandlockPath, Path: "/x", N: 1<<17 | 1<<31},
		{Op: LandlockPath, Path: "/proc/self", N: 4, Flags: FollowSelf},
		{Op: LandlockPort, Port: 443, N: 2},
		{Op: LandlockEnforce},
		{Op: Limits},
		{Op: SeccompSelf, Filter: []Instruction{{Code: 6, K: 0x7fff0000}, {Code: 6, K: 0x7fff0000}}},
		{Op: Seccomp, Filter: []Instruction{{Code: 6, K: 0x7fff0000}}},
		{Op: Seccomp, Filter: []Instruction{{Code: 6, K: 0x7fff0000}}, Flags: Told},
		{Op: CapOpen, Path: "/srv/in", Flags: CapDir, Rights: [2]uint64{0x80d, 0x20}},
		{Op: CapOpen, Path: "/libexec/ld-elf.so.1", Flags: CapFile | CapRead | CapLoader, Rights: [2]uint64{1 << 7, 0}},
		{Op: CapEnter, Flags: CapTrap},
		{Op: JailRoot, Text: "1048576"},
		{Op: JailPool, Text: "536870912"},
		{Op: JailDir, Path: "/srv", N: 0o755},
		{Op: JailLink, Path: "/home", Text: "usr/home"},
		{Op: JailCopy, Path: "/etc/localtime", Text: "/etc/localtime"},
		{Op: JailNullfs, Path: "/usr", Text: "/usr", Flags: ReadOnly},
		{Op: JailNullfs, Path: "/srv/out", Text: "/srv/out", Flags: NoExec},
		{Op: JailPrivate, Path: "/tmp", N: 3, Flags: NoExec},
		{Op: JailEmpty, Path: "/srv/keys"},
		{Op: JailDevfs, Path: "/dev"},
		{Op: JailSeal},
		{Op: JailAttach, Params: []string{"allow.nosuser", "", "children.max", "#0"}, Others: []string{"allow.suser", ""}},
		{Op: JailConfine},
		{Op: Seatbelt, Text: "(version 1)(deny default)", Params: []string{"R0", "/srv/a b", "R1", "/private/tmp"}},
	})
}
