//go:build linux && cgo

// This file holds the filters that gaol is built with against what the table and libseccomp give now.

package seccomp

import (
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// compileNow is Filter without what was compiled before.
func compileNow(t testing.TB, g Grants) []plan.Instruction {
	t.Helper()
	library.Lock()
	defer library.Unlock()
	a, err := assemble(g)
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.finish()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestThePrecompiledFiltersAreWhatTheTableCompilesTo(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("no precompiled filters for " + runtime.GOARCH)
	}
	le := binary.LittleEndian
	var kinds, filters []byte
	number := map[plan.Instruction]uint16{}
	offsets := make([]uint32, grantsCount)
	seen := map[int]bool{}
	for _, g := range everyGrants() {
		f := compileNow(t, g)
		at, ok := g.index()
		if !ok || seen[at] {
			t.Fatalf("%s has no index of its own", g.name())
		}
		seen[at] = true
		offsets[at] = uint32(len(filters))
		filters = le.AppendUint16(filters, uint16(len(f)))
		for _, i := range f {
			n, ok := number[i]
			if !ok {
				n = uint16(len(number))
				number[i] = n
				kinds = le.AppendUint32(append(le.AppendUint16(kinds, i.Code), i.Jt, i.Jf), i.K)
			}
			filters = le.AppendUint16(filters, n)
		}
		if *update {
			continue
		}
		if have, ok := precompiled(g); !ok || !slices.Equal(have, f) {
			t.Errorf("%s: not what was compiled when gaol was made; go test ./internal/seccomp -update", g.name())
		}
	}
	if len(seen) != grantsCount {
		t.Errorf("%d of %d filters", len(seen), grantsCount)
	}
	if *update {
		out := append(le.AppendUint32(nil, uint32(len(number))), kinds...)
		start := uint32(len(out) + 4*grantsCount)
		for _, at := range offsets {
			out = le.AppendUint32(out, start+at)
		}
		if err := os.WriteFile("precompiled_amd64.bin", append(out, filters...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyWhatWasCompiledBeforeIsBuiltIn(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("no precompiled filters for " + runtime.GOARCH)
	}
	for _, g := range everyGrants() {
		if !BuiltIn(g) {
			t.Errorf("%s is not built in", g.name())
		}
		for _, change := range []func(*Grants){
			func(g *Grants) { g.Attributes = false },
			func(g *Grants) { g.Truncate = false },
			func(g *Grants) { g.Peers = false },
			func(g *Grants) { g.TCP = true },
			func(g *Grants) { g.Trace = true },
			func(g *Grants) { g.Names = "personality" },
		} {
			other := g
			if change(&other); BuiltIn(other) {
				t.Errorf("%s is built in", other.name())
			}
		}
	}
}
