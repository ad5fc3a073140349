//go:build linux && cgo

package csrc

// What the fuzzers of the C side start from: a plan of every step, commands, and each step by itself, some of which are refused so.

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

var seeds = flag.String("seeds", "", "the directory that the seeds are written to")

func TestTheSeedsOfFuzzersAreAccepted(t *testing.T) {
	dir := *seeds
	if dir == "" {
		dir = t.TempDir()
	}
	n := 0
	write := func(kind byte, b []byte, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		n++
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("seed-%d", n)), append([]byte{kind}, b...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []plan.Plan{fullPlan(), small()} {
		b := encoded(t, p)
		write(0, b, Check(b))
	}
	for _, s := range fullPlan().Steps {
		write(0, encoded(t, small(s)), nil)
	}
	for _, c := range []plan.Command{fullCommand(), {Argv: []string{""}, Candidates: []string{""}, FDs: []int{0, 0, 0}, TTY: -1}} {
		b := encodedCommand(t, c)
		write(1, b, CheckCommand(b))
	}
}
