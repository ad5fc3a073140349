//go:build linux && cgo

package csrc

// A program is born in the cgroup whose directory is given, or not at all.

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/cgroup"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"golang.org/x/sys/unix"
)

func TestAProgramIsNotBornWhereThereIsNoCgroup(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	template := shared(t, false)
	for name, fd := range map[string]int{"a directory": int(dir.Fd()), "a device": int(null.Fd()), "no descriptor": 1 << 20} {
		s, err := startIn(t, template, fd, int(null.Fd()), "/bin/true")
		var f *plan.Failure
		if !errors.As(err, &f) || f.Op != plan.Cgroup || f.Errno != unix.EBADF {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if _, err := startIn(t, template, -1, int(null.Fd()), "/bin/true"); err != nil {
		t.Errorf("without: %v", err)
	}
}

func TestAProgramIsBornInItsCgroup(t *testing.T) {
	tree, err := cgroup.Find()
	if err != nil {
		t.Skipf("a cgroup v2 for this process is missing: %v", err)
	}
	leaf, err := tree.Leaf(cgroup.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s, err := startIn(t, shared(t, false), leaf.FD(), int(in.Fd()), "/bin/sh", "-c", "grep ^0: /proc/self/cgroup; grep ^0: /proc/$PPID/cgroup")
	_ = in.Close()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(out)
	if ws, _, ok := record(t, s); !ok || ws != 0 {
		t.Errorf("%v, %v", ws, ok)
	}
	ended(t, s)
	_, _ = unix.Close(s.Pidfd), unix.Close(s.Status)
	program, init, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if !strings.HasSuffix(program, "/"+filepath.Base(leaf.Dir())) || strings.Contains(init, filepath.Base(leaf.Dir())) {
		t.Errorf("the program is in %q, the init in %q", program, init)
	}
	if err := leaf.Remove(); err != nil {
		t.Error(err)
	}
}
