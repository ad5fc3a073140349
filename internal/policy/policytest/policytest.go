// Package policytest is what the tests of FreeBSD's compilers have in common: a host's files in memory, and golden files.
package policytest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tree is a host's files by their paths: "" is a file, "dir", "char" and "socket" are what they say, "-> target" is a link. What lies above one of
// them is a directory.
type Tree map[string]string

// Lstat is [policy.FS]'s.
func (t Tree) Lstat(p string) (fs.FileMode, error) {
	what, ok := t[p]
	switch {
	case p == "/" || what == "dir":
		return fs.ModeDir | 0o755, nil
	case !ok:
		for q := range t {
			if strings.HasPrefix(q, p+"/") {
				return fs.ModeDir | 0o755, nil
			}
		}
		return 0, fs.ErrNotExist
	case what == "char":
		return fs.ModeDevice | fs.ModeCharDevice | 0o666, nil
	case what == "socket":
		return fs.ModeSocket | 0o666, nil
	case what != "":
		return fs.ModeSymlink | 0o777, nil
	}
	return 0o644, nil
}

// Readlink is [policy.FS]'s.
func (t Tree) Readlink(p string) (string, error) { return strings.TrimPrefix(t[p], "-> "), nil }

// Links is [policy.FS]'s: nothing has a second name.
func (Tree) Links(string) (uint64, error) { return 1, nil }

// Golden compares with testdata/NAME.txt, or writes that.
func Golden(t *testing.T, name, got string, update bool) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got {
		t.Errorf("%s: %v\n%s", name, err, got)
	}
}
