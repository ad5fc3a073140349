package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const full = `{"checks": [{"mechanism": "Landlock", "ok": true, "detail": "ABI 6"}], "engines": [
  {"engine": "namespace", "operations": [{"operation": "FileRead", "level": "CanBeAllowed"}, {"operation": "Map", "level": "CanBeAllowed"}]},
  {"engine": "landlock", "operations": [{"operation": "FileRead", "level": "CannotBeAllowedPrecisely"}, {"operation": "Map", "level": "NeverAllowed"}]}]}`

const alone = `{"checks": [{"mechanism": "Landlock", "ok": false, "detail": "off"}], "engines": [
  {"engine": "namespace", "operations": [{"operation": "FileRead", "level": "CanBeAllowed"}, {"operation": "Map", "level": "AlwaysAllowed"}]}]}`

// results lays out what test-kernels leaves; as root is not of the table, and the order is the matrix's.
func results(t *testing.T) string {
	dir := t.TempDir()
	for setup, text := range map[string]string{"7.3": full, "6.12": full, "6.12-without-landlock": alone, "6.12-as-root": full} {
		if err := os.Mkdir(filepath.Join(dir, setup), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, setup, "doctor"), text)
		write(t, filepath.Join(dir, setup, "facts"), "kernel 6.12.117+deb12-cloud-amd64\nuser 2000\n")
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const want = `|  | 6.12 | 7.3 | 6.12 without landlock |
|---|---|---|---|
| Debian's kernel | 6.12.117 | 6.12.117 | 6.12.117 |
| Landlock | ABI 6 | ABI 6 | – |
| FileRead | yes / partly | yes / partly | yes / – |
| Map | yes / no | yes / no | always / – |
`

func TestTheTableIsWrittenBetweenItsMarksAndThenPassesTheCheck(t *testing.T) {
	dir, readme := results(t), filepath.Join(t.TempDir(), "README.md")
	write(t, readme, "before\n"+begin+"old\n"+end+"after\n")
	if err := run(dir, readme, true); err == nil {
		t.Error("a README without a table passes the check")
	}
	if err := run(dir, readme, false); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != "before\n"+begin+want+end+"after\n" {
		t.Errorf("got\n%s", got)
	}
	if err := run(dir, readme, true); err != nil {
		t.Errorf("the check of what was just written: %v", err)
	}
}

func TestTheCheckIsForTheSetupsThatRanAndNamesEachDifference(t *testing.T) {
	dir, readme := results(t), filepath.Join(t.TempDir(), "README.md")
	write(t, readme, begin+strings.NewReplacer("6.12.117", "6.12.116", "always", "no").Replace(want)+end)
	err := run(dir, readme, true)
	if err == nil || err.Error() != `Map on 6.12 without landlock: the README says "no / –", the run "always / –"` {
		t.Errorf("got %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "6.12-without-landlock")); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, readme, true); err != nil {
		t.Errorf("without the setup that differs: %v", err)
	}
}

func TestMarksThatAreMissingAndDirectoriesWithoutRunsAreErrors(t *testing.T) {
	dir, readme := results(t), filepath.Join(t.TempDir(), "README.md")
	write(t, readme, begin)
	if err := run(dir, readme, false); err == nil {
		t.Error("a README without the second mark is written")
	}
	write(t, readme, begin+end)
	if err := run(t.TempDir(), readme, false); err == nil {
		t.Error("no runs make a table")
	}
	write(t, filepath.Join(dir, "7.3", "doctor"), "gaol: panic")
	if err := run(dir, readme, false); err == nil {
		t.Error("what is no JSON makes a table")
	}
}
