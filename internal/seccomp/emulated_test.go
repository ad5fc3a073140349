//go:build linux && cgo

// This file is for a run under an emulator of another architecture (tests/cross/run), which has no seccomp(2): libseccomp must not ask it
// what a filter may answer, and nothing can be started under one. What the simulator says is tested there as everywhere.

package seccomp

import (
	"os"
	"testing"

	libseccomp "github.com/seccomp/libseccomp-golang"
)

var underEmulator = os.Getenv("GAOL_EMULATED") != ""

func init() {
	if !underEmulator {
		return
	}
	if err := libseccomp.SetAPI(6); err != nil { // man 3 seccomp_api_set: all that libseccomp 2.5 knows
		panic(err)
	}
}

func needsKernel(t *testing.T) {
	t.Helper()
	if underEmulator {
		t.Skip("an emulator of an architecture has no seccomp(2)")
	}
}
