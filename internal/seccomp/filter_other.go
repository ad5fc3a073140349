//go:build !linux || !cgo

// This file stands in where there is no libseccomp. It must never return a filter: an empty one would allow everything.

package seccomp

import (
	"errors"
	"fmt"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

var errNoLibrary = errors.New("seccomp: this build has no libseccomp; it needs Linux and cgo")

// Filter fails.
func Filter(Grants) ([]plan.Instruction, error) { return nil, errNoLibrary }

// SyscallName returns "system call N".
func SyscallName(nr int) string { return fmt.Sprintf("system call %d", nr) }
