//go:build linux && cgo

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	gaol "github.com/gaol-sandbox/gaol"
)

// rules is a sandbox of the landlock engine with a rule for each of n files more than a program needs to start.
func rules(b *testing.B, n int) *gaol.Sandbox {
	b.Helper()
	dir := visible(b)
	options := []gaol.Option{gaol.WithEngine(gaol.EngineLandlock), gaol.System(), gaol.FileReadMetadata(gaol.Subpath("/"))}
	for i := range n {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			b.Fatal(err)
		}
		options = append(options, gaol.BestEffort(gaol.FileRead(gaol.Literal(name))))
	}
	p, err := gaol.NewProfile(options...)
	if err != nil {
		b.Fatal(err)
	}
	s, err := gaol.New(p)
	if err != nil {
		b.Skipf("the landlock engine is missing: %v", err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkLandlock compares spawns of the landlock engine: × is the median ratio to posix_spawn.
func BenchmarkLandlock(b *testing.B) {
	few, many := rules(b, 10), rules(b, 1000)
	base, ratios := rounds(b, max(b.N, 500), []contender{{"10 rules", spawn(few)}, {"1,000 rules", spawn(many)}})
	b.ReportMetric(float64(base.Microseconds()), "posix_spawn-µs")
	b.ReportMetric(ratios[0], "10-rules-×")
	b.ReportMetric(ratios[1], "1000-rules-×")
}
