//go:build linux && cgo

package csrc

// The checks of plan.c under AddressSanitizer and UBSan: thousands of spoiled plans and commands go through a small C driver that the
// test builds. It sees reads inside C that a Go test cannot.

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// sanitized builds a driver, or skips where gcc or its sanitizers are not there.
func sanitized(t *testing.T, sources ...string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is missing")
	}
	dir := t.TempDir()
	flags := []string{"-std=gnu11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I."}
	empty := filepath.Join(dir, "empty.c")
	if err := os.WriteFile(empty, []byte("int main(void) { return 0; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gcc, append(flags, "-o", filepath.Join(dir, "empty"), empty)...).CombinedOutput(); err != nil {
		t.Skipf("gcc cannot link libasan and libubsan: %s", out)
	}
	driver := filepath.Join(dir, "driver")
	if out, err := exec.Command(gcc, append(append(flags, "-o", driver), sources...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return driver
}

// spoil changes a few words, bytes or the length; most of the results still have a right header, so that the check gets further.
func spoil(r *rand.Rand, b []byte, headerSize int) []byte {
	b = bytes.Clone(b)
	size := uint32(len(b))
	for range 1 + r.IntN(4) {
		switch r.IntN(8) {
		case 0:
			b[r.IntN(len(b))] ^= byte(1 << r.IntN(8))
		case 1: // an end right after what is used
			b = b[:max(headerSize, len(b)-r.IntN(64))]
		case 2:
			b = append(b, byte(r.IntN(256)))
		default:
			at := r.IntN(len(b)/4) * 4
			v := []uint32{0, 1, size, size - 1, size - 8, size + 1, 1 << 31, 1<<32 - 1, 1 << 29, uint32(r.IntN(int(size) + 8)), uint32(r.IntN(64))}[r.IntN(11)]
			set(b, at, v)
		}
	}
	return b
}

func TestTheChecksReadNothingOutsideOfWhatTheyAreGiven(t *testing.T) {
	driver := sanitized(t, "testdata/check_driver.c", "plan.c")
	r := rand.New(rand.NewPCG(1, 2))
	var in bytes.Buffer
	record := func(kind uint32, b []byte) {
		in.Write(ne.AppendUint32(ne.AppendUint32(nil, kind), uint32(len(b))))
		in.Write(b)
	}
	bases := [][]byte{encoded(t, fullPlan()), encoded(t, small(plan.Step{Op: plan.DropCaps}, plan.Step{Op: plan.Seccomp, Filter: filter}))}
	command := encodedCommand(t, fullCommand())
	good := 0
	for _, b := range bases {
		record(0, b)
		for n := range len(b) { // every truncation, with and without a right size
			record(0, b[:n])
			if n >= headerSize {
				short := bytes.Clone(b[:n])
				set(short, atSize, uint32(n))
				record(0, short)
			}
		}
	}
	record(1, command)
	for n := range len(command) {
		short := bytes.Clone(command[:n])
		if n >= 8 {
			set(short, cmdSize, uint32(n))
		}
		record(1, short)
	}
	for range 20000 {
		b := spoil(r, bases[r.IntN(len(bases))], headerSize)
		if r.IntN(8) != 0 {
			set(b, atMagic, 0x4c4f4147)
			set(b, atVersion, 1)
			set(b, atSize, uint32(len(b)))
			set(b, atNamespaces, 0x10020000)
			set(b, atFresh, 0x20020000)
			set(b, atReserved, 0)
		}
		record(0, b)
		c := spoil(r, command, commandHeaderBytes)
		if r.IntN(8) != 0 {
			set(c, cmdMagic, 0x444d4347)
			set(c, cmdSize, uint32(len(c)))
		}
		record(1, c)
		good++
	}
	cmd := exec.Command(driver)
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %.4000s", err, stderr.String())
	}
	var accepted, refused int
	if _, err := fmt.Sscan(string(out), &accepted, &refused); err != nil {
		t.Fatal(err)
	}
	// neither side may be empty: the mutations must get past the header and must not be harmless
	if accepted < 500 || refused < 5000 || accepted+refused < 2*good {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}

func TestAStepReadsNothingOutsideOfAPlanThatWasAccepted(t *testing.T) {
	driver := sanitized(t, "testdata/step_driver.c", "step_linux.c", "filter_linux.c", "plan.c")
	run := func(b []byte) string {
		cmd := exec.Command(driver)
		cmd.Stdin = bytes.NewReader(b)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %.1500s", err, out)
		}
		return string(out)
	}
	for _, op := range []plan.Op{plan.Dir, plan.Skeleton} {
		// the path is the last string: of a skeleton, it is that of its options, too
		of := func(path string) []byte {
			return encoded(t, small(plan.Step{Op: op, Path: path, Text: path, N: 0o755}))
		}
		if out := run(of("/usr")); strings.TrimSpace(out) != "-9" {
			t.Errorf("the twin, a %s, gives %q", op, out)
		}
		if out := run(of("")); out != "refused: a path that is not absolute\n" {
			t.Errorf("a %s with the empty path as the plan's last string was accepted and run: %.200s", op, out)
		}
	}
}

// A spawn by a driver that is all of the core but for the init, which is a program without a C library. The children share the driver's memory, and
// so what AddressSanitizer knows of it.
func TestASpawnReadsAndWritesNothingOutsideOfItsMemory(t *testing.T) {
	dir := t.TempDir()
	object := filepath.Join(dir, "init.o")
	if out, err := exec.Command("gcc", "-std=gnu11", "-O2", "-c", "init_linux.c", "-o", object).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sources := slices.DeleteFunc(linuxSources(t), func(s string) bool { return s == "init_linux.c" })
	// Where a function does not return, ASan clears what it knows of the stack, which it takes to be the thread's first; the children's is another.
	driver := sanitized(t, append(sources, "testdata/spawn_driver.c", object, "-D_Noreturn=", "-O0")...)
	write := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	command := func(path string, args ...string) plan.Command {
		return plan.Command{Argv: append([]string{path}, args...), Env: []string{"A=b"}, Candidates: []string{"/nowhere/" + path, path}, FDs: []int{0, 2, 2, 1}, Dir: "/", TTY: -1}
	}
	for _, c := range []struct {
		name    string
		command plan.Command
		want    string
	}{
		{"runs", command("/bin/sh", "-c", "exit 3"), "ended: 768\n"},
		{"kills itself", command("/bin/sh", "-c", "kill -9 $$"), "ended: 9\n"},
		{"is not there", command("/nowhere"), fmt.Sprintf("spawn: %d 2\n", plan.Exec)},
		{"has no directory", plan.Command{Argv: []string{"true"}, Candidates: []string{"/bin/true"}, FDs: []int{0, 1, 2}, Dir: "/nowhere", TTY: -1},
			fmt.Sprintf("spawn: %d 2\n", plan.Chdir)},
		{"has a closed descriptor", plan.Command{Argv: []string{"true"}, Candidates: []string{"/bin/true"}, FDs: []int{0, 1, 2, 99}, Dir: "/", TTY: -1},
			fmt.Sprintf("spawn: %d 9\n", plan.FD)},
	} {
		out, err := exec.Command(driver, write("plan", encoded(t, sharedPlan(false))), write("command", encodedCommand(t, c.command))).CombinedOutput()
		if err != nil || string(out) != strings.Repeat(c.want, 3) {
			t.Errorf("a program that %s: %v: %.4000s", c.name, err, out)
		}
	}
}
