//go:build linux && cgo

// This file looks up the filters that were compiled when gaol was made: for a process that starts one command, compiling one is the
// longest part. They must be what compiling gives here and now; the tests compare every one of them, and -update writes them anew.

package seccomp

import (
	_ "embed"
	"encoding/binary"
	"runtime"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// precompiledBytes has the count of different instructions and these, then for each of the grants, by index, the offset of its filter,
// then the filters: a count and, by number, the instructions. Filters share most of them, so that the whole is a third of what it
// would be as it is.
//
//go:embed precompiled_amd64.bin
var precompiledBytes []byte

const grantsCount = 64

// index numbers the grants that have a filter: those of a sandbox with a view of its own.
func (g Grants) index() (int, bool) {
	n := 0
	for i, on := range []bool{g.Processes, g.Internet, g.Listen, g.Watch, g.Kill, g.Pipes} {
		if on {
			n |= 1 << i
		}
	}
	rest := g
	rest.Processes, rest.Internet, rest.Listen, rest.Watch, rest.Kill, rest.Pipes = false, false, false, false, false, false
	return n, rest == Grants{Attributes: true, Truncate: true, Peers: true, Unmapped: true}
}

// BuiltIn says that Filter need not compile anything for g.
func BuiltIn(g Grants) bool {
	_, ok := precompiled(g)
	return ok
}

func precompiled(g Grants) ([]plan.Instruction, bool) {
	b, le := precompiledBytes, binary.LittleEndian
	at, ok := g.index()
	if !ok || runtime.GOARCH != "amd64" || len(b) < 4 {
		return nil, false
	}
	kinds := b[4:]
	b = b[le.Uint32(b[4+le.Uint32(b)*instructionSize+uint32(at)*4:]):]
	f := make([]plan.Instruction, le.Uint16(b))
	for i := range f {
		k := kinds[int(le.Uint16(b[2+i*2:]))*instructionSize:]
		f[i] = plan.Instruction{Code: le.Uint16(k), Jt: k[2], Jf: k[3], K: le.Uint32(k[4:])}
	}
	return f, true
}
