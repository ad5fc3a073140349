//go:build linux && cgo

package seccomp

// What a filter is turned into where process 1 is told of what it denies (csrc/filter_linux.c), and what is said of a denied call, on paper.

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

const notify uint32 = 0x7fc00000 // SECCOMP_RET_USER_NOTIF

// told does what the core does.
func told(f []plan.Instruction) []plan.Instruction {
	f = slices.Clone(f)
	for i := range f {
		if f[i].Code == opRet && f[i].K == KillProcess {
			f[i].K = notify
		}
		if f[i].K == plan.SelfPID {
			f[i].K = 4711
		}
	}
	return f
}

// killing are grants with Kill: none, all, and each alone.
func killing() []Grants {
	out := []Grants{{Kill: true}, Grants{Kill: true}.with(needEnd - 1)}
	for n := Need(1); n < needEnd; n <<= 1 {
		out = append(out, Grants{Kill: true}.with(n))
	}
	return out
}

// tries are calls with arguments that tell checks apart.
func tries(t *testing.T) []Call {
	m := native(t)
	var out []Call
	for nr := range int32(600) {
		for _, arch := range []uint32{m.audit, 0x40000003} {
			for _, args := range [][6]uint64{{}, {1, 1, 1, 1}, {2, 1, 6, 0x20000000}, {0, 4, 0o20000}, {1, 8, 3}, {1, 0x5412}, {0x10000, 8}, {4711, 9}, {10, 3, 3}} {
				out = append(out, Call{arch, nr, args}, Call{arch, nr | x32Bit, args})
			}
		}
	}
	return out
}

func TestAFilterThatIsToldOfDeniesWhatItDenied(t *testing.T) {
	calls := tries(t)
	for _, g := range killing() {
		for _, self := range [][]plan.Instruction{{{Code: opRet, K: Allow}}, Self(true, g.Processes, true), Self(false, g.Processes, true)} {
			own, f := told(self), compile(t, g)
			both := Both(self, f)
			if len(both) > 1024 {
				t.Fatalf("%s: %d instructions; the core takes 1024", g.name(), len(both))
			}
			if slices.ContainsFunc(both, func(i plan.Instruction) bool { return i.Code == opRetA }) {
				t.Fatalf("%s: an answer that is worked out", g.name())
			}
			if slices.ContainsFunc(f, func(i plan.Instruction) bool { return i.K == plan.SelfPID }) {
				t.Fatalf("%s: it is about the number that stands for the process's", g.name())
			}
			both = told(both)
			for _, c := range calls {
				first, err := Simulate(own, c)
				if err != nil {
					t.Fatal(err)
				}
				second, err := Simulate(f, c)
				if err != nil {
					t.Fatal(err)
				}
				want := second
				if first != Allow {
					want = first
				}
				if want == KillProcess {
					want = notify
				}
				if got, err := Simulate(both, c); err != nil || got != want {
					t.Fatalf("%s: %+v: %s, %v; want %s", g.name(), c, verdictName(got), err, verdictName(want))
				}
			}
		}
	}
}

// Of two filters with the same answer the newer one's listener is asked (kernel/seccomp.c, seccomp_run_filters), and a program can have
// filters of its own. So it must not have a listener, not even when process 1 has ended and there is none.
func TestNoGrantGivesAListener(t *testing.T) {
	nr, _ := number("seccomp")
	for _, g := range append(killing(), everyGrants()...) {
		for _, flags := range []uint64{8, 8 | 1, 8 | 16, 8 | 1<<32, 0xff} {
			if got, err := Simulate(compile(t, g), Call{native(t).audit, int32(nr), [6]uint64{1, flags}}); err != nil || got != g.deny() {
				t.Errorf("%s: seccomp with flags %#x: %s, %v", g.name(), flags, verdictName(got), err)
			}
		}
	}
}

// What the core calls behind the filter would wait for ever, if it were denied.
func TestWhatTheCoreCallsBehindTheFilterIsAllowed(t *testing.T) {
	for _, g := range append(killing(), everyGrants()...) {
		f := told(Both(Self(true, g.Processes, true), compile(t, g)))
		for name, args := range map[string][6]uint64{"sendmsg": {3, 0, 0x4000}, "close": {3}, "getpid": {}, "seccomp": {1}, "rt_sigaction": {20}, "rt_sigprocmask": {2},
			"execve": {}, "futex": {}, "exit_group": {127}, "exit": {}} {
			nr, _ := number(name)
			if got, err := Simulate(f, Call{native(t).audit, int32(nr), args}); err != nil || got != Allow {
				t.Errorf("%s: %s: %s, %v", g.name(), name, verdictName(got), err)
			}
		}
	}
}

func TestARemedyIsWhatAllowsTheCall(t *testing.T) {
	m := native(t)
	for _, c := range []struct {
		call          string
		args          [6]uint64
		allows, never string
	}{
		{"mount", [6]uint64{}, "", "always forbidden: what is visible"},
		{"ptrace", [6]uint64{}, "Trace()", ""},
		{"clone", [6]uint64{17}, "ProcessCreate()", ""},
		{"clone", [6]uint64{0x10000000 | 17}, "", "not with these arguments"},
		{"socket", [6]uint64{afInet, sockStream}, "NetworkOutbound(All) or NetworkInbound(All) or NetworkOutbound(TCP)", ""},
		{"socket", [6]uint64{afInet, sockDgram}, "NetworkOutbound(All) or NetworkOutbound(UDP)", ""},
		{"socket", [6]uint64{16, 3}, "", "not with these arguments"},
		{"personality", [6]uint64{8}, `Syscall("personality")`, ""},
		{"ioctl", [6]uint64{1, 1<<32 | 0x5412}, "", "types into the terminal"},
		{"ioctl", [6]uint64{1, 0x40086602}, "FileWrite", ""},
		{"shmget", [6]uint64{}, "IPC(SystemV)", ""},
		{"kill", [6]uint64{5, 9}, "", ""}, // by the other filter
	} {
		nr, _ := number(c.call)
		allows, never := Call{m.audit, int32(nr), c.args}.Remedy()
		if allows != c.allows || !strings.HasPrefix(never, c.never) || c.never == "" && never != "" {
			t.Errorf("%s%v: %q, %q; want %q, %q", c.call, c.args, allows, never, c.allows, c.never)
		}
	}
	if allows, never := (Call{m.audit, 400, [6]uint64{}}).Remedy(); allows != "" || never == "" {
		t.Errorf("a number that no table has: %q, %q", allows, never)
	}
	if allows, never := (Call{0x40000003, 20, [6]uint64{}}).Remedy(); allows != "" || never != "always forbidden: a call of another machine" {
		t.Errorf("of i386: %q, %q", allows, never)
	}
}

// Each remedy is held against the filters: with the grants that it names the call is allowed.
func TestARemedyIsTrue(t *testing.T) {
	m := native(t)
	for _, c := range tries(t) {
		if c.foreign() {
			continue
		}
		allows, _ := c.Remedy()
		for i, n := range needs {
			if !slices.ContainsFunc(Need(1<<i).entries(), func(op string) bool { return slices.Contains(strings.Split(allows, " or "), op) }) {
				continue
			}
			// an operation may bring more than one grant
			g := Grants{Kill: true}
			for j, other := range needs {
				if other.operation == n.operation {
					g = g.with(1 << j)
				}
			}
			if got, err := Simulate(compile(t, g), Call{m.audit, c.Nr, c.Args}); err != nil || got != Allow {
				t.Errorf("%s%v: %q, but with %s it is %s, %v", c.Name(), c.Args, allows, g.name(), verdictName(got), err)
			}
		}
	}
}

func TestACallHasTheNameOfItsMachine(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("numbers are those of x86-64")
	}
	for want, c := range map[string]Call{"mount": {Arch: 0xc000003e, Nr: 165}, "fchmodat2": {Arch: 0xc000003e, Nr: 452}, "i386 open": {Arch: 0x40000003, Nr: 5},
		"x32 getpid": {Arch: 0xc000003e, Nr: x32Bit | 39}, "x32 ioctl": {Arch: 0xc000003e, Nr: x32Bit | 514}} {
		if got := c.Name(); got != want {
			t.Errorf("%+v is called %q, want %q", c, got, want)
		}
	}
	for _, c := range []Call{{Arch: 0xc000003e, Nr: 400}, {Arch: 0xc000003e, Nr: -1}, {Arch: 0x40000003, Nr: 100000}, {Arch: 7, Nr: 1}, {Arch: 0xc000003e, Nr: x32Bit | 100000}, {Arch: 0xc000003e, Nr: -2147483648}} {
		if got := c.Name(); got != "" {
			t.Errorf("%+v is called %q", c, got)
		}
	}
}
