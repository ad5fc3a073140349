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
	offsets := make([]byte, grantsCount*4)
	var filters []byte
	seen := map[int]bool{}
	for _, g := range everyGrants() {
		f := compileNow(t, g)
		if seen[g.index()] {
			t.Fatalf("%s has the index of another", g.name())
		}
		seen[g.index()] = true
		le.PutUint32(offsets[g.index()*4:], uint32(len(offsets)+len(filters)))
		filters = le.AppendUint32(filters, uint32(len(f)))
		for _, i := range f {
			filters = le.AppendUint32(append(le.AppendUint16(filters, i.Code), i.Jt, i.Jf), i.K)
		}
		if *update {
			continue
		}
		if have, ok := precompiled(g); !ok || !slices.Equal(have, f) {
			t.Errorf("%s: not what was compiled when gaol was made; go test ./internal/seccomp -update", g.name())
		}
	}
	if *update {
		if err := os.WriteFile("precompiled_amd64.bin", append(offsets, filters...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
