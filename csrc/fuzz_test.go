//go:build linux && cgo

package csrc

// Fuzzing of the two checks. What the check of a plan accepts must decode in Go, and come out of a second encoding accepted and with
// the same steps: else parent and child would not agree on what a plan says.

import (
	"reflect"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

func FuzzPlanCheck(f *testing.F) {
	f.Add(encoded(f, fullPlan()))
	f.Add(encoded(f, small()))
	for _, s := range fullPlan().Steps {
		f.Add(encoded(f, small(s)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = alignedCopy(b)
		if Check(b) != nil {
			return
		}
		p, err := plan.Decode(b)
		if err != nil {
			t.Fatalf("the core accepts what Decode refuses: %v", err)
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		if err := Check(again); err != nil {
			t.Fatalf("the core refuses the second encoding: %v", err)
		}
		if q, err := plan.Decode(again); err != nil || !reflect.DeepEqual(p, q) {
			t.Fatalf("the second encoding says something else (%v):\n%s\n%s", err, p, q)
		}
	})
}

func FuzzCommandCheck(f *testing.F) {
	f.Add(encodedCommand(f, fullCommand()))
	f.Add(encodedCommand(f, plan.Command{Argv: []string{""}, Candidates: []string{""}, FDs: []int{0, 0, 0}, TTY: -1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = alignedCopy(b)
		if CheckCommand(b) != nil {
			return
		}
		// what the spawn will read (spawn.c: expand; child.c: set_fds)
		strings := uint64(ne.Uint32(b[cmdArgv:])) + uint64(ne.Uint32(b[cmdEnv:])) + uint64(ne.Uint32(b[cmdCandidates:]))
		table := uint64(ne.Uint32(b[cmdTable:]))
		str := func(at uint32) {
			for b[at] != 0 { // an index out of range is the failure
				at++
			}
		}
		for i := range strings {
			str(ne.Uint32(b[table+4*i:]))
		}
		str(ne.Uint32(b[cmdDir:]))
		str(ne.Uint32(b[cmdDisk:]))
		for i := range ne.Uint32(b[cmdNLimits:]) {
			_ = b[ne.Uint32(b[cmdLimits:])+24*i+23]
		}
		n := ne.Uint32(b[cmdNFDs:])
		for i := range n {
			if int32(ne.Uint32(b[ne.Uint32(b[cmdFDs:])+4*i:])) < 0 {
				t.Fatal("a descriptor below zero")
			}
		}
		if tty := int32(ne.Uint32(b[cmdTTY:])); n < 3 || tty < -1 || tty >= int32(n) {
			t.Fatalf("%d descriptors, terminal %d", n, tty)
		}
	})
}
