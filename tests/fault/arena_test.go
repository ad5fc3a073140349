//go:build linux && cgo && gaolfault

package fault

// The memory that the children run on is kept once it is there, so that its first use alone can fail. This is the first test of the process.

import (
	"errors"
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/plan"
)

func TestAnArenaThatCannotBeHadIsAnError(t *testing.T) {
	b, err := plan.Plan{Namespaces: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS, Fresh: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | 0x02000000,
		Steps: []plan.Step{{Op: plan.Hostname, Text: "x"}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	csrc.FaultSome(1, 1, syscall.ENOMEM) // each
	_, err = csrc.Build(b)
	calls, hits := csrc.FaultStop()
	var f *plan.Failure
	if !errors.As(err, &f) || f.Op != plan.Arena || f.Errno != syscall.ENOMEM || hits != 1 {
		t.Errorf("%v, %d failures", err, hits)
	}
	record(calls)
}
