//go:build linux && cgo

package csrc

// One row for each thing that the check of a plan refuses, beside a twin that it accepts, so that no row passes for a reason of its
// own. A text of plan.c that no row expects fails the test.

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// row is one change of a valid plan or command; want is empty where it stays valid.
type row struct {
	name, want string
	change     func([]byte) []byte
}

// steps makes a row's bytes of a plan of its own.
func steps(t *testing.T, s ...plan.Step) func([]byte) []byte {
	return func([]byte) []byte { return encoded(t, small(s...)) }
}

func longFilter(n int) []plan.Instruction { return make([]plan.Instruction, n) }

// Of linux/sched.h; what a template and a spawn can have.
const (
	cloneVM, cloneFiles, cloneTime          = 0x100, 0x400, 0x80
	cloneNS, cloneCgroup, cloneUTS          = 0x00020000, 0x02000000, 0x04000000
	cloneIPC, cloneUser, clonePID, cloneNet = 0x08000000, 0x10000000, 0x20000000, 0x40000000
	template                                = cloneUser | cloneNS | cloneIPC | cloneUTS | cloneNet
	fresh                                   = cloneNS | clonePID | cloneCgroup | cloneIPC // and net
)

func planRows(t *testing.T) []row {
	const namespaces = "namespaces that the steps cannot do with, or without"
	ruleset := plan.Step{Op: plan.LandlockRuleset, Ruleset: plan.Ruleset{Size: 8}}
	path, enforce := plan.Step{Op: plan.LandlockPath, Path: "/a"}, plan.Step{Op: plan.LandlockEnforce}
	lift := func(n uint32) plan.Step { return plan.Step{Op: plan.Lift, Path: "/a", N: n} }
	drop := func(n uint32) plan.Step { return plan.Step{Op: plan.Drop, Path: "/a", N: n} }
	end := func(less uint32) func(b []byte, field int) []byte {
		return func(b []byte, field int) []byte { set(b, field, uint32(len(b))-less); return b }
	}
	self := func(n int) plan.Step { return plan.Step{Op: plan.SeccompSelf, Filter: longFilter(n)} }
	keep := plan.Step{Op: plan.KeepRuleset, Ruleset: plan.Ruleset{Size: 8}}
	keepPath := plan.Step{Op: plan.KeepPath, Path: "/a", N: 1}
	without := func(s ...plan.Step) func([]byte) []byte {
		return func([]byte) []byte { return encoded(t, plan.Plan{Steps: s}) }
	}
	return []row{
		{"nothing changed", "", func(b []byte) []byte { return b }},
		{"a step of macOS", "a step of another system", without(plan.Step{Op: plan.Seatbelt, Text: "(version 1)"})},
		{"no bytes", "no plan, or one that is not aligned to 8", func([]byte) []byte { return nil }},
		{"bytes that are not aligned", "no plan, or one that is not aligned to 8", func(b []byte) []byte {
			return append(alignedCopy(make([]byte, 4)), b...)[4:]
		}},
		{"a header cut short", "a size outside of the limits", func(b []byte) []byte { return b[:headerSize-1] }},
		{"more than 64 MiB", "a size outside of the limits", func(b []byte) []byte { return alignedCopy(make([]byte, 64<<20+1)) }},
		{"a header alone that says so", "", func([]byte) []byte { return encoded(t, small()) }},
		{"another magic", "not a plan", setAt(atMagic, 0x444d4347)},
		{"version 0", "a plan of another version", setAt(atVersion, 0)},
		{"version 2", "a plan of another version", setAt(atVersion, 2)},
		{"a size that is too small", "a header that contradicts itself", func(b []byte) []byte { set(b, atSize, uint32(len(b))-1); return b }},
		{"bytes behind the plan", "a header that contradicts itself", func(b []byte) []byte { return alignedCopy(append(b, 0)) }},
		{"a reserved field in use", "a header that contradicts itself", setAt(atReserved, 1)},
		{"no namespaces and steps of a view", "a step that needs namespaces, without any", func(b []byte) []byte { set(b, atNamespaces, 0); set(b, atFresh, 0); return b }},
		{"no namespaces and a tmpfs", "a step that needs namespaces, without any", without(plan.Step{Op: plan.Tmpfs, Path: "/tmp", Text: "mode=0755"})},
		{"no namespaces and none of that", "", without(plan.Step{Op: plan.Scope}, plan.Step{Op: plan.NoNewPrivs}, self(64))},
		{"no namespaces and no steps", "", without()},
		{"namespaces of a template alone", namespaces, setAt(atFresh, 0)},
		{"namespaces of a spawn alone", namespaces, setAt(atNamespaces, 0)},
		{"no namespaces and a ruleset to keep", "", without(keep, keepPath, plan.Step{Op: plan.KeepPort, Port: 1, N: 1}, plan.Step{Op: plan.LandlockKept})},
		{"two rulesets to keep", "a second ruleset to keep", without(keep, keep)},
		{"two pools", "a second pool", steps(t, plan.Step{Op: plan.Pool, Path: "/a"}, plan.Step{Op: plan.Pool, Path: "/b"})},
		{"a pool without shares", "", steps(t, plan.Step{Op: plan.Pool, Path: "/a"})},
		{"a share before the pool", "a share without a pool", steps(t, plan.Step{Op: plan.Share, Path: "/a"}, plan.Step{Op: plan.Pool, Path: "/a"})},
		{"a path to keep before the ruleset", "a rule to keep without a ruleset", without(keepPath, keep)},
		{"a port to keep before the ruleset", "a rule to keep without a ruleset", without(plan.Step{Op: plan.KeepPort, Port: 1}, keep)},
		{"a ruleset to keep in namespaces", "a step for the caller's namespaces, in others", steps(t, keep)},
		{"a kept ruleset in namespaces", "a step for the caller's namespaces, in others", steps(t, plan.Step{Op: plan.LandlockKept})},
		{"a scope in a pid namespace", "a step for the caller's namespaces, in others", steps(t, plan.Step{Op: plan.Scope})},
		{"a filter for the process itself in a pid namespace", "", steps(t, self(1))},
		{"a filter for the process itself of 65", "a filter for the process itself that is too long", without(self(65))},
		{"a filter for the process itself of nothing", "a filter of a length that the kernel refuses", without(self(0))},
		{"a template without a user namespace", namespaces, setAt(atNamespaces, template&^cloneUser)},
		{"a template without a mount namespace", namespaces, setAt(atNamespaces, template&^cloneNS)},
		{"a template that needs nothing more", "", setAt(atNamespaces, cloneUser|cloneNS)},
		{"a template of all that it can have", "", setAt(atNamespaces, template)},
		{"a template of a pid namespace", namespaces, setAt(atNamespaces, template|clonePID)},
		{"a template of a cgroup namespace", namespaces, setAt(atNamespaces, template|cloneCgroup)},
		{"a template of a time namespace", namespaces, setAt(atNamespaces, template|cloneTime)},
		{"a template that shares memory", namespaces, setAt(atNamespaces, template|cloneVM)},
		{"a template of a signal on its end", namespaces, setAt(atNamespaces, template|17)},
		{"a spawn without a mount namespace of its own", namespaces, setAt(atFresh, fresh&^cloneNS)},
		{"a spawn without a pid namespace of its own", namespaces, setAt(atFresh, fresh&^clonePID)},
		{"a spawn that needs nothing more", "", setAt(atFresh, cloneNS|clonePID)},
		{"a spawn of all that it can have", "", setAt(atFresh, fresh|cloneNet)},
		{"a spawn of a user namespace", namespaces, setAt(atFresh, fresh|cloneUser)},
		{"a spawn of a uts namespace", namespaces, setAt(atFresh, fresh|cloneUTS)},
		{"a spawn of a net namespace", "", setAt(atFresh, cloneNS|clonePID|cloneNet)},
		{"a spawn that shares files", namespaces, setAt(atFresh, fresh|cloneFiles)},
		{"a spawn of 2^32-1", namespaces, setAt(atFresh, 1<<32-1)},
		{"a first step that is not 0", "stages that do not start at the first step", setAt(atFirst, 1)},
		{"stages in reverse", "stages out of order", setAt(atFirst+4, 29)},
		{"a last stage that ends early", "stages out of order", setAt(atFirst+16, 0)},
		{"one step too many", "an unknown step", func(b []byte) []byte { set(b, atFirst+16, ne.Uint32(b[atFirst+16:])+1); return b }},
		{"2^32-1 steps", "steps outside of the plan", setAt(atFirst+16, 1<<32-1)},
		{"steps that wrap around 32 bits", "steps outside of the plan", setAt(atFirst+16, 1<<32/stepSize+1)},
		{"steps at an odd offset", "steps outside of the plan", setAt(atSteps, headerSize+4)},
		{"steps past the end", "steps outside of the plan", setAt(atSteps, 1<<31)},
		{"steps that end past the end", "steps outside of the plan", func(b []byte) []byte { set(b, atSteps, uint32(len(b))&^7-8); return b }},
		{"op 0", "an unknown step", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Detach):], 0); return b }},
		{"the op past the last", "an unknown step", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Detach):], uint16(plan.JailConfine)+1); return b }},
		{"op 65535", "an unknown step", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Detach):], 65535); return b }},
		{"an op of no plan", "an unknown step", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Detach):], uint16(plan.Exec)); return b }},
		{"init among build", "a step in another stage than its own", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Detach):], uint16(plan.Mask)); return b }},
		{"a stage that swallows the next", "a step in another stage than its own", setAt(atFirst+4, 13)},
		{"confine among program", "a step in another stage than its own", func(b []byte) []byte {
			ne.PutUint16(b[where(b, plan.DropCaps):], uint16(plan.LandlockEnforce))
			return b
		}},
		{"a bind's flag of 256", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Bind)+2:], 256); return b }},
		{"a bind's flag of 32768", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Bind)+2:], 1<<15); return b }},
		{"a bind's flags of 255", "", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Bind)+2:], 255); return b }},
		{"a read-only tmpfs", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Tmpfs)+2:], 1); return b }},
		{"a flag of what takes none", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Proc)+2:], 2); return b }},
		{"a rule's flag of 4", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.LandlockPath)+2:], 4); return b }},
		{"a rule's flags of 3", "", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.LandlockPath)+2:], 3); return b }},
		{"a flag of 2 of what drops capabilities", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.DropCaps)+2:], 2); return b }},
		{"a flag of 1 of what drops capabilities", "", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.DropCaps)+2:], 1); return b }},
		{"any flag of enforce", "", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.LandlockEnforce)+2:], 0xffff); return b }},
		{"a first string at the end", "a string outside of the plan", func(b []byte) []byte { return end(0)(b, where(b, plan.Dir)+aArg) }},
		{"a second string at the end", "a string outside of the plan", func(b []byte) []byte { return end(0)(b, where(b, plan.Link)+bArg) }},
		{"a string at 2^32-1", "a string outside of the plan", setStep(plan.Hostname, aArg, 1<<32-1)},
		{"a path at the end", "a string outside of the plan", func(b []byte) []byte { return end(0)(b, where(b, plan.Skeleton)+aArg) }},
		{"a path at the last byte, which is NUL", "a path that is not absolute", func([]byte) []byte {
			b := encoded(t, small(plan.Step{Op: plan.Skeleton, Path: "/tmp", Text: "mode=0755"}))
			return end(1)(b, where(b, plan.Skeleton)+aArg)
		}},
		{"a path inside that is not absolute", "a path that is not absolute", steps(t, plan.Step{Op: plan.Skeleton, Path: "tmp"})},
		{"a path inside that is absolute", "", steps(t, plan.Step{Op: plan.Skeleton, Path: "/tmp"})},
		{"a path of the host that is not absolute", "a path that is not absolute", steps(t, plan.Step{Op: plan.Bind, Path: "/usr", Text: "usr"})},
		{"a path of the host that is absolute", "", steps(t, plan.Step{Op: plan.Bind, Path: "/usr", Text: "/usr"})},
		{"a link's target that is not absolute", "", steps(t, plan.Step{Op: plan.Link, Path: "/bin", Text: "usr/bin"})},
		{"a flag of a skeleton", "unknown flags", func(b []byte) []byte { ne.PutUint16(b[where(b, plan.Skeleton)+2:], 2); return b }},
		{"a string without an end", "a string outside of the plan", func([]byte) []byte {
			b := encoded(t, small(plan.Step{Op: plan.Hostname, Text: "gaol"}))
			b[len(b)-1] = 'x'
			return b
		}},
		{"an argument of what takes none", "an argument that the step does not take", setStep(plan.Detach, aArg, 1)},
		{"a second argument of what takes one", "an argument that the step does not take", setStep(plan.File, bArg, 1)},
		{"slot 64", "a slot past the last one", setStep(plan.Lift, bArg, 64)},
		{"dropping slot 64", "a slot past the last one", setStep(plan.Drop, bArg, 64)},
		{"slot 2^32-1", "a slot past the last one", setStep(plan.Lift, bArg, 1<<32-1)},
		{"a ruleset at an odd offset", "a ruleset outside of the plan", func(b []byte) []byte {
			at := where(b, plan.LandlockRuleset) + aArg
			set(b, at, ne.Uint32(b[at:])+4)
			return b
		}},
		{"a ruleset past the end", "a ruleset outside of the plan", func(b []byte) []byte { return end(8)(alignedTail(b), where(b, plan.LandlockRuleset)+aArg) }},
		{"a ruleset of 25 bytes", "a ruleset of unknown size", func(b []byte) []byte {
			set(b, int(ne.Uint32(b[where(b, plan.LandlockRuleset)+aArg:]))+24, 25)
			return b
		}},
		{"a limit at an odd offset", "a limit outside of the plan", func(b []byte) []byte {
			at := where(b, plan.Rlimit) + bArg
			set(b, at, ne.Uint32(b[at:])+1)
			return b
		}},
		{"a limit past the end", "a limit outside of the plan", func(b []byte) []byte { return end(8)(alignedTail(b), where(b, plan.Rlimit)+bArg) }},
		{"a filter of nothing", "a filter of a length that the kernel refuses", steps(t, plan.Step{Op: plan.Seccomp})},
		{"a filter of 4097", "a filter of a length that the kernel refuses", steps(t, plan.Step{Op: plan.Seccomp, Filter: longFilter(4097)})},
		{"a filter of 4096", "", steps(t, plan.Step{Op: plan.Seccomp, Filter: longFilter(4096)})},
		{"a filter of 1025 that is told of", "a filter that the child has no room to change", steps(t, plan.Step{Op: plan.Seccomp, Flags: plan.Told, Filter: longFilter(1025)})},
		{"a filter of 1024 that is told of", "", steps(t, plan.Step{Op: plan.Seccomp, Flags: plan.Told, Filter: longFilter(1024)})},
		{"a filter of 2^29+1", "a filter of a length that the kernel refuses", setStep(plan.Seccomp, bArg, 1<<29+1)},
		{"a filter that ends past the end", "a filter outside of the plan", setStep(plan.Seccomp, bArg, 4096)},
		{"a filter at an odd offset", "a filter outside of the plan", func(b []byte) []byte {
			at := where(b, plan.Seccomp) + aArg
			set(b, at, ne.Uint32(b[at:])+4)
			return b
		}},
		{"lifting into a full slot", "a slot that is filled twice", steps(t, lift(5), lift(5), drop(5))},
		{"lifting into a slot that was emptied", "", steps(t, lift(5), drop(5), lift(5), drop(5))},
		{"dropping what was not lifted", "a slot that is empty", steps(t, lift(5), drop(6), drop(5))},
		{"dropping twice", "a slot that is empty", steps(t, lift(5), drop(5), drop(5))},
		{"lifting and not dropping", "a tree that is lifted and not put down", steps(t, lift(0), lift(63), drop(0))},
		{"all 64 slots", "", func([]byte) []byte {
			var s []plan.Step
			for i := range uint32(64) {
				s = append(s, lift(i))
			}
			for i := range uint32(64) {
				s = append(s, drop(63-i))
			}
			return encoded(t, small(s...))
		}},
		{"a rule for port 65536", "a port past the last one", func([]byte) []byte {
			b := encoded(t, small(ruleset, plan.Step{Op: plan.LandlockPort, Port: 65535, N: 1}, enforce))
			set(b, where(b, plan.LandlockPort)+aArg, 65536)
			return b
		}},
		{"a rule for port 65535", "", steps(t, ruleset, plan.Step{Op: plan.LandlockPort, Port: 65535, N: 1}, enforce)},
		{"a port before the ruleset", "a rule without a ruleset", steps(t, plan.Step{Op: plan.LandlockPort, Port: 1}, ruleset, enforce)},
		{"two rulesets", "a second ruleset", steps(t, ruleset, ruleset, enforce)},
		{"a ruleset after another was enforced", "a second ruleset", steps(t, ruleset, enforce, ruleset, enforce)},
		{"a rule before the ruleset", "a rule without a ruleset", steps(t, path, ruleset, enforce)},
		{"a rule after it was enforced", "a rule without a ruleset", steps(t, ruleset, enforce, path)},
		{"enforcing nothing", "a rule without a ruleset", steps(t, enforce)},
		{"enforcing twice", "a rule without a ruleset", steps(t, ruleset, enforce, enforce)},
		{"not enforcing", "a ruleset that is not enforced", steps(t, ruleset, path)},
		{"enforcing without rules", "", steps(t, ruleset, enforce)},
	}
}

// alignedTail lengthens a plan to a multiple of 8, so that an offset near its end is aligned.
func alignedTail(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	b = alignedCopy(b)
	set(b, atSize, uint32(len(b)))
	return b
}

func tryRows(t *testing.T, good func() []byte, check func([]byte) error, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			got := ""
			if err := check(r.change(good())); err != nil {
				got = err.Error()
			}
			if got != r.want {
				t.Errorf("got %q, want %q", got, r.want)
			}
		})
	}
}

func TestThePlanCheckRefuses(t *testing.T) {
	tryRows(t, func() []byte { return encoded(t, fullPlan()) }, Check, planRows(t))
}

func TestEveryTextOfTheChecksHasARow(t *testing.T) {
	src, err := os.ReadFile("plan.c")
	if err != nil {
		t.Fatal(err)
	}
	of := func(rows []row) (out []string) {
		for _, r := range rows {
			out = append(out, r.want)
		}
		return out
	}
	inPlan, inCommand, found := strings.Cut(string(src), "static int somebody")
	if !found {
		t.Fatal("nothing of a command's check")
	}
	texts := regexp.MustCompile(`(?:return|:) "([^"]+)"`)
	for _, c := range []struct {
		src  string
		have []string
	}{{inPlan, append(of(planRows(t)), of(posixRows(t))...)}, {inCommand, of(commandRows(t))}} {
		found := texts.FindAllStringSubmatch(c.src, -1)
		if len(found) < 8 {
			t.Fatalf("only %d texts", len(found))
		}
		for _, m := range found {
			if !slices.Contains(c.have, m[1]) {
				t.Errorf("no row expects %q", m[1])
			}
		}
	}
}

// The steps look paths up without their leading slash, or split them at the last one (step_linux.c: relative, open_parent), so one that is
// empty would be read one byte past its end, and "abc" would be "bc".
func TestAPathInsideMustStartWithASlash(t *testing.T) {
	for _, op := range []plan.Op{plan.Dir, plan.File, plan.Link, plan.Bind, plan.Skeleton, plan.ProcBase, plan.Lift, plan.Tmpfs, plan.Devpts,
		plan.Proc, plan.Mkdir, plan.Touch, plan.Drop, plan.Symlink, plan.Mask, plan.LandlockPath} {
		with := func(path string) []byte {
			s := []plan.Step{{Op: op, Path: path, Text: "/x"}}
			switch op {
			case plan.Lift:
				s = append(s, plan.Step{Op: plan.Drop, Path: "/a"})
			case plan.Drop:
				s = append([]plan.Step{{Op: plan.Lift, Path: "/a"}}, s...)
			case plan.LandlockPath:
				s = []plan.Step{{Op: plan.LandlockRuleset}, s[0], {Op: plan.LandlockEnforce}}
			}
			return encoded(t, small(s...))
		}
		for _, path := range []string{"", "usr", "./usr"} {
			if err := Check(with(path)); err == nil || err.Error() != "a path that is not absolute" {
				t.Errorf("%s of %q: %v", op, path, err)
			}
		}
		if err := Check(with("/usr")); err != nil {
			t.Errorf("%s of /usr: %v", op, err)
		}
	}
}
