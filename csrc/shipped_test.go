//go:build linux && cgo

package csrc

// What lets system calls fail is for tests: a program that is built as every user builds it must have nothing of it, neither as code nor as
// text. A build with the tag shows that the look would find it.

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestNothingThatIsShippedCanBeMadeToFail(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is missing")
	}
	sources := linuxSources(t)
	has := func(flags ...string) bool { // as one file, of all that a build compiles
		t.Helper()
		o := filepath.Join(t.TempDir(), "all.o")
		args := append([]string{"-std=gnu11", "-O2", "-g0", "-r", "-nostdlib", "-o", o}, flags...)
		if out, err := exec.Command(gcc, append(args, sources...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b, err := os.ReadFile(o)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(b, []byte("gaol_spawn")) {
			t.Fatal("there are no symbols to look at")
		}
		return bytes.Contains(b, []byte("gaol_fault"))
	}
	if has() {
		t.Error("a build without GAOL_FAULT has what makes calls fail")
	}
	if !has("-DGAOL_FAULT") {
		t.Error("a build with it has not, so that this test shows nothing")
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(self, append([]byte("no memory "), "for the faults"...)) != faulty { // in two, so that the test has not the text itself
		t.Errorf("this binary, whose tag gaolfault is %v, is otherwise", faulty)
	}
	if defined, err := exec.Command("go", "list", "-f", "{{.CgoCFLAGS}}", ".").Output(); err == nil && bytes.Contains(defined, []byte("FAULT")) {
		t.Errorf("the flags of every build are %s", defined)
	}
}
