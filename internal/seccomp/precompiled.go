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

// precompiledBytes has for each of the grants, by index, the offset of its filter, then the filters: a count and the instructions.
//
//go:embed precompiled_amd64.bin
var precompiledBytes []byte

const grantsCount = 32

// index numbers the grants.
func (g Grants) index() int {
	n := 0
	for i, on := range []bool{g.Processes, g.Internet, g.Listen, g.Watch, g.Kill} {
		if on {
			n |= 1 << i
		}
	}
	return n
}

// BuiltIn says that Filter need not compile anything for g.
func BuiltIn(g Grants) bool {
	_, ok := precompiled(g)
	return ok
}

func precompiled(g Grants) ([]plan.Instruction, bool) {
	b, le := precompiledBytes, binary.LittleEndian
	if runtime.GOARCH != "amd64" || len(b) < grantsCount*4 {
		return nil, false
	}
	b = b[le.Uint32(b[g.index()*4:]):]
	f := make([]plan.Instruction, le.Uint32(b))
	b = b[4:]
	for i := range f {
		f[i] = plan.Instruction{Code: le.Uint16(b[i*8:]), Jt: b[i*8+2], Jf: b[i*8+3], K: le.Uint32(b[i*8+4:])}
	}
	return f, true
}
