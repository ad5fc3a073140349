//go:build linux && cgo

// This file holds the filters against golden lists: what each grant changes is the diff of two files under testdata. The lists must
// be read when they change; -update writes whatever the filter does.

package seccomp

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

var update = flag.Bool("update", false, "write the golden lists anew")

// everyGrants are those of every sandbox with a view: what is compiled beforehand.
func everyGrants() []Grants {
	var out []Grants
	for i := range grantsCount {
		out = append(out, Grants{Processes: i&1 != 0, Internet: i&2 != 0, Listen: i&4 != 0, Watch: i&8 != 0, Kill: i&16 != 0, Pipes: i&32 == 0,
			Attributes: true, Truncate: true, Peers: true, Unmapped: true})
	}
	return out
}

// with is g with the grants of n too.
func (g Grants) with(n Need) Grants {
	for i := range needs {
		if n>>i&1 != 0 {
			*needs[i].of(&g) = true
		}
	}
	return g
}

// name leaves out what every sandbox with a view has.
func (g Grants) name() string {
	var out []string
	view := Need(NeedPipes | NeedAttributes | NeedTruncate | NeedPeers | NeedUnmapped)
	if without := view &^ g.has(); without == view {
		out = append(out, "strict")
	} else if without != 0 {
		out = append(out, "without "+strings.ToLower(without.String()))
	}
	shown := g.has()
	if len(out) == 0 || out[0] != "strict" {
		shown &^= view
	}
	if shown != 0 {
		out = append(out, strings.ToLower(strings.ReplaceAll(shown.String(), " or ", "-")))
	}
	if g.Kill {
		out = append(out, "kill")
	}
	out = append(out, g.names()...)
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, "-")
}

func compile(t testing.TB, g Grants) []plan.Instruction {
	t.Helper()
	if *update {
		return compileNow(t, g) // what is built in is written anew
	}
	f, err := Filter(g)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var assemblies sync.Map

// original is the filter for g before it is optimized; nobody may change it.
func original(t testing.TB, g Grants) assembled {
	t.Helper()
	if a, ok := assemblies.Load(g); ok {
		return a.(assembled)
	}
	library.Lock()
	defer library.Unlock()
	a, err := assemble(g)
	if err != nil {
		t.Fatal(err)
	}
	assemblies.Store(g, a)
	return a
}

func native(t testing.TB) machine {
	t.Helper()
	m, ok := machines[runtime.GOARCH]
	if !ok {
		t.Skip("no filter for " + runtime.GOARCH)
	}
	return m
}

func verdict(t testing.TB, f []plan.Instruction, c Call) uint32 {
	t.Helper()
	v, err := Simulate(f, c)
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	return v
}

// probes are arguments of which some pass and some fail each check of the table.
var probes = [][6]uint64{
	{},
	{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)},
	{0x10100},                   // a thread
	{0x10500},                   // with the same descriptors
	{0x11},                      // fork by clone
	{1, 1},                      // socketpair of streams
	{2, 1},                      // TCP
	{1, 0x08},                   // MFD_NOEXEC_SEAL
	{0, 0x5412},                 // TIOCSTI
	{0, 0o060000},               // a block device
	{0, 0, 0o060000},            // the same, at
	{0, 0o4755, 0o4755, 0o4755}, // set-user-ID; as flags, with O_CREAT
	{0, 8},                      // a listener
	{0, 0, 0, 0, 0x1000},        // AT_EMPTY_PATH
	{8},                         // PER_LINUX32
	{1, 0, 0x7fff00000000},      // limits of another process
	{2, 2},                      // UDP
	{0, 0, fastOpen},            // sendmsg
	{0, 0, 0, fastOpen},         // sendto
}

func TestTheFilterAnswersAsTheGoldenListOfItsGrantsSays(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the golden lists are those of x86-64")
	}
	list := []Grants{strict, strict.with(needEnd - 1)}
	for _, g := range everyGrants() {
		if g.Pipes { // what that adds TestEachGrantAddsItsCallsAndNoOther says
			list = append(list, g)
		}
	}
	for _, g := range list {
		t.Run(g.name(), func(t *testing.T) {
			f := compile(t, g)
			var got bytes.Buffer
			for nr := range int32(512) {
				answers := map[uint32]bool{}
				for _, args := range probes {
					answers[verdict(t, f, Call{0xc000003e, nr, args})] = true
				}
				var parts []string
				for _, v := range []uint32{Allow, DenyEPERM, KillProcess, Absent} {
					if answers[v] {
						parts = append(parts, strings.ToLower(verdictName(v)))
						delete(answers, v)
					}
				}
				if len(answers) != 0 {
					t.Fatalf("%d has an answer that is none of the four: %v", nr, answers)
				}
				name := SyscallName(int(nr))
				if strings.HasPrefix(name, "system call") {
					name = "-" // libseccomp does not know it yet
				}
				fmt.Fprintf(&got, "%3d %s %s\n", nr, name, strings.Join(parts, " or "))
			}
			quiet := g
			quiet.Kill = false
			path := filepath.Join("testdata", quiet.name()+".txt")
			if *update && !g.Kill {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := string(golden)
			if g.Kill {
				want = strings.ReplaceAll(want, "eperm", "kill")
			}
			wants := strings.Split(want, "\n")
			for i, line := range strings.Split(got.String(), "\n") {
				if i >= len(wants) || answer(line) != answer(wants[i]) {
					t.Errorf("got %q, want %q", line, wants[min(i, len(wants)-1)])
				}
			}
		})
	}
}

// answer is a line without the name, which a newer libseccomp may know.
func answer(line string) string {
	parts := strings.Fields(line)
	if len(parts) < 3 {
		return line
	}
	return parts[0] + " " + strings.Join(parts[2:], " ")
}

func TestTheSameGrantsGiveTheSameFilterFromManyThreads(t *testing.T) {
	native(t)
	g := Grants{Processes: true, Internet: true}
	want := Text(compile(t, g))
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			f, err := Filter(g)
			if err != nil || Text(f) != want {
				t.Errorf("another filter, %v", err)
			}
		})
	}
	wg.Wait()
}

func TestAFilterIsTheCallersToChange(t *testing.T) {
	native(t)
	f := compile(t, none)
	want := Text(f)
	for i := range f {
		f[i] = plan.Instruction{Code: opRet, K: Allow}
	}
	if Text(compile(t, none)) != want {
		t.Error("the next caller got what this one changed")
	}
}

func TestCompilingAgainGivesTheSameFilter(t *testing.T) {
	native(t)
	for _, g := range everyGrants() {
		library.Lock()
		a, err := assemble(g)
		library.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		f, err := a.finish()
		if err != nil || Text(f) != Text(compile(t, g)) {
			t.Errorf("%s: another filter, %v", g.name(), err)
		}
	}
}

func TestVerifyRefusesFiltersThatAreNotOurs(t *testing.T) {
	native(t)
	a := original(t, none)
	if err := a.verify(); err != nil {
		t.Errorf("the filter itself: %v", err)
	}
	f, head := a.program, a.head
	allow := append(append([]plan.Instruction{}, head...), plan.Instruction{Code: opRet, K: Allow})
	for name, bad := range map[string][]plan.Instruction{
		"nothing":                nil,
		"the preamble alone":     head,
		"no preamble":            f[len(head):],
		"all allowed behind it":  allow,
		"one that is too long":   append(append([]plan.Instruction{}, f...), make([]plan.Instruction, maxInstructions)...),
		"one that is cut off":    f[:len(f)/2],
		"one for a louder grant": original(t, Grants{Kill: true}).program,
	} {
		t.Run(name, func(t *testing.T) {
			a := a
			a.program = bad
			if a.verify() == nil {
				t.Error("passed")
			}
			if _, err := a.finish(); err == nil {
				t.Error("finished")
			}
		})
	}
}

func TestSyscallNamesAreKnown(t *testing.T) {
	nr, ok := number("ptrace")
	if !ok || SyscallName(int(nr)) != "ptrace" {
		t.Errorf("ptrace is %d, which is %s", nr, SyscallName(int(nr)))
	}
	if got := SyscallName(452); got != "fchmodat2" {
		t.Errorf("452 is %s", got)
	}
	for _, nr := range []int{-1, 100000} {
		if got, want := SyscallName(nr), fmt.Sprintf("system call %d", nr); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func BenchmarkFirstFilter(b *testing.B) {
	for _, g := range []Grants{none, all} {
		b.Run(g.name(), func(b *testing.B) {
			for b.Loop() {
				a, err := assemble(g)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := a.finish(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOptimize(b *testing.B) {
	a := original(b, none)
	for b.Loop() {
		if _, err := optimize(a.program, a.machine.audit, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSame(b *testing.B) {
	a, f := original(b, none), compile(b, none)
	for b.Loop() {
		if err := a.same(f); err != nil {
			b.Fatal(err)
		}
	}
}
