package policy

// This file holds the levels in tests/cases.json: for each system, how far a good host of it enforces what a case and its twin ask for.

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/gaol-sandbox/gaol/tests/cases"
)

func TestTheTableOfCasesHasTheLevelOfEachSystem(t *testing.T) {
	text, err := os.ReadFile("../../tests/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	table, err := cases.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range goodSystems(t) {
		if s.word == "" {
			continue
		}
		h := s.h
		h.FS, h.Counter, h.Cores = table.On(h.FS), yes, yes
		for _, c := range table.Cases {
			want, ok := caseLevel(t, table, c, h)
			if got, there := c.Level[s.word]; got != want || there != ok {
				t.Errorf("%s on %s: the table says %q, and it is %q", c.Name, s.word, got, want)
			}
		}
	}
}

// caseLevel is the word for the lesser level of the two profiles of a case. A file that is no profile has none.
func caseLevel(t *testing.T, table cases.Table, c cases.Case, h Host) (word string, ok bool) {
	crutch := c.Operation != "FileReadMetadata"
	level, ok := profileLevel(t, table.Profile(c.Profile), crutch, h)
	if !ok {
		return "", false
	}
	if c.Twin != nil && c.Twin.Profile != nil {
		other, ok := profileLevel(t, table.Profile(c.Twin.Profile), crutch, h)
		if !ok {
			t.Errorf("%s: the twin is no profile", c.Name)
		}
		level = min(level, other)
	}
	return levelWords[level], true
}

// profileLevel is how far a host enforces the profile of a file, whatever it says of best effort: what Resolve says of the whole. What Support says of
// each operation must not be less, since the whole cannot be more than its parts; but a denial alone has another tree around it. With crutch, the
// metadata of the whole tree do not count: the case has them for Landlock alone, which cannot do without.
func profileLevel(t *testing.T, text []byte, crutch bool, h Host) (_ Level, ok bool) {
	p, err := profile.Parse("case.json", []byte(cases.Imagined.Replace(string(text))), profile.Vars{})
	if err != nil {
		return 0, false
	}
	p.Operations = slices.DeleteFunc(p.Operations, func(op profile.Operation) bool {
		return crutch && op.Kind == profile.FileReadMetadata && op.Pattern.Path == "/"
	})
	level := CanBeAllowed
	for _, effort := range []bool{false, true} {
		for i := range p.Operations {
			p.Operations[i].BestEffort = effort
		}
		_, err = Resolve(p, h)
		var lacks *UnsupportedError
		var bad *profile.Error
		switch {
		case errors.As(err, &bad):
			return 0, false
		case errors.As(err, &lacks):
			level--
			continue
		case err != nil:
			t.Fatal(err)
		}
		break
	}
	for _, op := range p.Operations {
		if each, _ := Support(op, h); each < level && !op.Deny {
			t.Errorf("%s: %s is %v, and the whole is %v", text, op, each, level)
		}
	}
	return level, true
}
