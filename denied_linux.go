//go:build linux && cgo

package gaol

// This file is what the init was told of the call that ended a program. It must believe nothing of it but numbers: they are the program's
// to choose.

import (
	"encoding/binary"
	"syscall"

	"github.com/gaol-sandbox/gaol/internal/seccomp"
	"golang.org/x/sys/unix"
)

// The record of csrc/plan.h, struct gaol_told.
const (
	statusTold = 4

	toldCall = 1
	toldNone = 3
)

// told takes in what the init says of a denied call, before it says how the program ended.
func (s *ProcessState) told(b []byte) {
	ne := binary.NativeEndian
	what := ne.Uint32(b[12:])
	s.own, s.denied = what == toldNone, what != toldNone
	if what != toldCall {
		return
	}
	c := seccomp.Call{Nr: int32(ne.Uint32(b[4:])), Arch: ne.Uint32(b[8:])}
	for i := range c.Args {
		c.Args[i] = ne.Uint64(b[16+i*8:])
	}
	s.call = deniedCall{name: c.Name(), number: int(c.Nr), known: true}
	if allows, never := c.Remedy(); allows != "" {
		s.call.advice = allows + " allows it"
	} else if never != "" {
		s.call.advice = "no profile allows it (" + never + "); " + goOn
	}
}

// deny makes the end what the kernel's own would have been: the init, once told, kills all with SIGKILL. Where it could not be told, the
// kernel has killed with SIGSYS, and nothing tells that from a SIGSYS that the program has sent.
func (s *ProcessState) deny() {
	if s.denied {
		s.code, s.sig, s.core, s.sys = -1, unix.SIGSYS, false, syscall.WaitStatus(unix.SIGSYS)
	}
	s.denied = s.denied || s.sig == unix.SIGSYS && !s.own
}
