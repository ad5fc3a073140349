//go:build linux

// These tests hold the verdicts to what they say: nothing but what was expected is held, and what proves nothing is not. The attacks
// themselves are made by tests/escape.

package escape

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestOnlyWhatWasExpectedIsHeld(t *testing.T) {
	ok := side{outcomes: []Outcome{{"ok", "twin"}}}
	came := func(words ...string) (s side) {
		for _, w := range words {
			s.outcomes = append(s.outcomes, Outcome{w, "call"})
		}
		return s
	}
	for _, c := range []struct {
		name         string
		attack, twin side
		want         Verdict
		reason       string
	}{
		{"expected", came("EPERM"), ok, Held, ""},
		{"each expected", came("EPERM", "SIGSYS", "EPERM"), ok, Held, ""},
		{"one got through", came("EPERM", "ok"), ok, Escaped, "ok (call)"},
		{"a word that is no error", came("secret"), ok, Escaped, "secret (call)"},
		{"something outside was touched", came("EPERM", touched), ok, Escaped, "touched (call)"},
		{"ended by another signal", came("EPERM", "SIGSEGV"), ok, Escaped, "SIGSEGV (call)"},
		{"another errno", came("EINVAL"), ok, Broken, "EINVAL (call)"},
		{"an errno without a name", came("errno 521"), ok, Broken, "errno 521 (call)"},
		{"nothing was said", side{}, ok, Broken, "nothing (the program said nothing)"},
		{"it hung", came("EPERM", "timeout"), ok, Broken, "timeout (call)"},
		{"the twin failed", came("EPERM"), came("ok", "EACCES"), Broken, "the twin, which must succeed: EACCES (call)"},
		{"the twin said nothing", came("EPERM"), side{}, Broken, "the twin, which must succeed: nothing (the program said nothing)"},
		{"the twin broke", came("EPERM"), side{broken: "why"}, Broken, "the twin: why"},
		{"the attack broke", side{broken: "why"}, ok, Broken, "why"},
		{"the profile is refused", side{refused: "why"}, ok, Refused, "why"},
		{"the twin's profile is refused", came("EPERM"), side{refused: "why"}, Held, "the twin is refused: why"},
		{"the twin's profile is refused, and the attack got through", came("ok"), side{refused: "why"}, Escaped, "ok (call)"},
		{"the machine lacks something", side{skip: "why"}, side{}, Skipped, "why"},
		{"an attack that got through is no skip", came("ok"), side{skip: "why"}, Escaped, "ok (call)"},
	} {
		r := judge(&Attack{Name: "a", Want: "EPERM|SIGSYS"}, Namespace, c.attack, c.twin)
		if r.Verdict != c.want || r.Reason != c.reason {
			t.Errorf("%s: %s, %q; want %s, %q", c.name, r.Verdict, r.Reason, c.want, c.reason)
		}
	}
}

func TestAnEngineMayExpectSomethingElse(t *testing.T) {
	a := &Attack{Want: "ENOENT", OnLandlock: "EACCES"}
	if a.Expected(Namespace) != "ENOENT" || a.Expected(Landlock) != "EACCES" || (&Attack{Want: "EPERM"}).Expected(Landlock) != "EPERM" {
		t.Error("the engines are confused")
	}
}

func TestWhatTheProgramSaysIsRead(t *testing.T) {
	outcomes, done := parse("EPERM\tmount /\nok\ta\tb\nhalf")
	if len(outcomes) != 3 || outcomes[0] != (Outcome{"EPERM", "mount /"}) || outcomes[1] != (Outcome{"ok", "a\tb"}) || done {
		t.Errorf("%q %v", outcomes, done)
	}
	if _, done := parse("ok\t\ndone\t\n"); !done {
		t.Error("the end was not seen")
	}
}

func TestErrnosHaveTheirNames(t *testing.T) {
	for err, want := range map[error]string{nil: "ok", unix.EPERM: "EPERM", &os.PathError{Err: unix.ENOENT}: "ENOENT", unix.Errno(521): "errno 521",
		errors.New("none"): "error: none"} {
		if got := wordOf(err); got != want || err != nil && !isErrno(got) {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	for _, word := range []string{"ok", "own", "touched", "untouched", "SIGSYS", "", "E"} {
		if isErrno(word) {
			t.Errorf("%q is no errno", word)
		}
	}
}

func TestWhatIsGuardedIsMissedWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func() error
	}{
		{"content", func() error { return os.WriteFile(file, []byte("Content"), 0o644) }},
		{"mode", func() error { return os.Chmod(file, 0o600) }},
		{"times", func() error { return os.Chtimes(file, time.Unix(1, 0), time.Unix(2, 0)) }},
		{"links", func() error { return os.Link(file, filepath.Join(dir, "second")) }},
		{"removed", func() error { return os.Remove(file) }},
	} {
		w := &World{Dir: dir}
		w.Guard(file)
		if err := w.checks[0](); err != nil {
			t.Errorf("%s: nothing has changed, and yet %v", c.name, err)
		}
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if err := w.checks[0](); err == nil {
			t.Errorf("%s: the change is not seen", c.name)
		}
	}
}
