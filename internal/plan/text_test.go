package plan

// The text of every step, as a golden file: it is what people see in `gaol explain` and what the golden plans are made of. A line
// must stay one line, and must tell apart what differs.

import (
	"flag"
	"os"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

func TestTheTextOfEveryStepIsTheGoldenOne(t *testing.T) {
	golden(t, "steps.txt", Plan{Namespaces: 0x7e020000, Fresh: 0x20020000, Steps: everyStep()}.String())
}

func TestEveryFixedOpHasANameOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for op := CloneBuilder; op <= CloneKeeper; op++ {
		name := op.String()
		if seen[name] || strings.HasPrefix(name, "op ") {
			t.Errorf("%d is called %q", uint32(op), name)
		}
		seen[name] = true
	}
	if s := (CloneKeeper + 1).String(); s != "op 1021" {
		t.Errorf("got %q", s)
	}
	if s := (Step{Op: Exec}).String(); s != "execute" {
		t.Errorf("got %q", s)
	}
}

func TestALineStaysALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if s := anyStep.Draw(t, "step").String(); strings.ContainsAny(s, "\n\r\x00\x1b") {
			t.Fatalf("%q", s)
		}
	})
}

func TestAnUnknownLimitShowsItsNumber(t *testing.T) {
	if s := (Step{Op: Rlimit, N: 6}).String(); !strings.Contains(s, "6") && !strings.Contains(s, "nproc") {
		t.Errorf("%q does not tell which limit", s)
	}
}

func TestFlagsOfLandlockEnforceAreNotThoseOfAMount(t *testing.T) {
	if s := (Step{Op: LandlockEnforce, Flags: 1}).String(); strings.Contains(s, "read-only") {
		t.Errorf("%q: flag 1 is LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF here", s)
	}
}

// What is not shown is not reviewed: each flag of a bind changes its line, in a way of its own.
func TestEveryFlagOfABindIsInItsText(t *testing.T) {
	seen := map[string]uint16{}
	for flags := range ReadOnly | NoExec | Dev | IsDir | IsFile | IsNode | IsFifo | IsSock + 1 {
		s := Step{Op: Bind, Path: "/a", Text: "/b", Flags: flags}.String()
		if other, ok := seen[s]; ok {
			t.Fatalf("%q is the text of flags %#x and of %#x", s, other, flags)
		}
		seen[s] = flags
	}
	if len(seen) != 256 {
		t.Errorf("%d texts", len(seen))
	}
}

func TestTheLastStepOfThePlanIsTheFilter(t *testing.T) {
	for op := IDMap; op < Seccomp; op++ {
		if op.Stage() > Seccomp.Stage() {
			t.Errorf("%s runs under the filter", op)
		}
	}
	if Seccomp != Seatbelt-1 || Seccomp.Stage() != Confine {
		t.Errorf("seccomp is op %d of stage %s", uint32(Seccomp), Seccomp.Stage())
	}
}

func TestAFailureUnwrapsToItsErrno(t *testing.T) {
	f := &Failure{Op: Bind, Step: 3, Errno: syscall.EACCES}
	if f.Error() != "bind: permission denied" || f.Unwrap() != syscall.EACCES {
		t.Errorf("got %q, %v", f, f.Unwrap())
	}
}
