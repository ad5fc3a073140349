//go:build linux && cgo

// Package bench measures what a spawn costs, as ratios to posix_spawn in the same round. Nothing here asserts a time.
package bench

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	gaol "github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/bench/baseline"
)

const program = "/bin/true"

// contender is one way to run the program once.
type contender struct {
	name string
	run  func() error
}

func full(b *testing.B, more ...gaol.Option) *gaol.Sandbox {
	b.Helper()
	in, out := visible(b), visible(b)
	p, err := gaol.NewProfile(append(more, gaol.System(), gaol.FileRead(gaol.Subpath(in)), gaol.FileWrite(gaol.Subpath(out)), gaol.FileRead(gaol.Subpath(out)), gaol.Private("/tmp"))...)
	if err != nil {
		b.Fatal(err)
	}
	s, err := gaol.New(p)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// visible makes a directory outside of /tmp, which is private inside.
func visible(b *testing.B) string {
	b.Helper()
	d, err := os.MkdirTemp("/var/tmp", "gaol-bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(d) })
	return d
}

func spawn(s *gaol.Sandbox) func() error {
	return func() error {
		c := s.Command(context.Background(), program)
		c.Dir = "/"
		return c.Run()
	}
}

// rounds runs every contender once per round, in turn, and returns the medians in nanoseconds and of the ratios to posix_spawn.
func rounds(b *testing.B, n int, contenders []contender) (base time.Duration, ratios []float64) {
	b.Helper()
	var bases []time.Duration
	each := make([][]float64, len(contenders))
	for _, c := range contenders { // the first spawn of a sandbox is not what is measured
		if err := c.run(); err != nil {
			b.Fatalf("%s: %v", c.name, err)
		}
	}
	for range n {
		d, err := baseline.PosixSpawn(program)
		if err != nil {
			b.Fatal(err)
		}
		bases = append(bases, d)
		for i, c := range contenders {
			t := time.Now()
			if err := c.run(); err != nil {
				b.Fatalf("%s: %v", c.name, err)
			}
			each[i] = append(each[i], float64(time.Since(t))/float64(d))
		}
	}
	slices.Sort(bases)
	for _, e := range each {
		slices.Sort(e)
		ratios = append(ratios, e[len(e)/2])
	}
	return bases[len(bases)/2], ratios
}

// BenchmarkSpawn compares one spawn and wait of /bin/true: × is the median ratio to posix_spawn.
func BenchmarkSpawn(b *testing.B) {
	s := full(b)
	contenders := []contender{
		{"os/exec", func() error { return exec.Command(program).Run() }},
		{"gaol", spawn(s)},
	}
	n := max(b.N, 500)
	base, ratios := rounds(b, n, contenders)
	b.ReportMetric(float64(base.Microseconds()), "posix_spawn-µs")
	for i, c := range contenders {
		b.ReportMetric(ratios[i], c.name+"-×")
	}
}

// BenchmarkSpawnKill is what it costs that process 1 is told of denied calls.
func BenchmarkSpawnKill(b *testing.B) {
	contenders := []contender{{"errno", spawn(full(b))}, {"kill", spawn(full(b, gaol.OnDenied(gaol.Kill)))}}
	base, ratios := rounds(b, max(b.N, 500), contenders)
	b.ReportMetric(float64(base.Microseconds()), "posix_spawn-µs")
	for i, c := range contenders {
		b.ReportMetric(ratios[i], c.name+"-×")
	}
}
