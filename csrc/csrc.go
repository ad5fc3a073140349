//go:build linux && cgo

package csrc

// This file is the core on Linux: templates and the commands that are started in them.

/*
#include <stdlib.h>
#include <string.h>
#include "init.h"
#include "spawn.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Template is what the build stage of a plan has made: the descriptors of namespaces. With Load it also holds, in C memory, the plan
// that each spawn goes through. It is safe for many goroutines at once.
type Template struct {
	mu         sync.RWMutex
	plan       unsafe.Pointer // C memory; nil before Load and after Close
	ns         [C.GAOL_NS_COUNT]C.int
	kept       C.int // the ruleset, in the caller's namespaces; -1: none
	none       bool
	first      sync.Mutex              // guards ahead
	ahead      *C.struct_gaol_prepared // none: the first spawn's process 1, if it is made already
	namespaces uint32                  // that it has
}

// NoTemplate returns a Template that holds nothing: the plan that it is given has the build stage too, and each Spawn takes that along.
func NoTemplate() *Template {
	t := &Template{none: true, kept: -1}
	for i := range t.ns {
		t.ns[i] = -1
	}
	return t
}

// Ahead makes the process 1 of the first spawn now, with these namespaces; it waits for its plan. caller is a pidfd of this process. Only who
// starts a command at once may call it, before anything else has the Template: the process is the calling thread's, and ends with that.
// Where it fails, Spawn makes the process, as it does for the second spawn.
func (t *Template) Ahead(namespaces, fresh uint32, caller int) error {
	var failure C.struct_gaol_failure
	t.namespaces = namespaces | fresh
	if t.ahead = C.gaol_prepare(C.uint32_t(namespaces), C.uint32_t(fresh), C.int(caller), &failure); t.ahead == nil {
		return goFailure(&failure)
	}
	return nil
}

// Inherit takes over the process 1 that from has made ahead and not used, if any. Neither may be in use by others, and t not be loaded yet.
// It fails when from is closed.
func (t *Template) Inherit(from *Template) error {
	from.mu.RLock()
	defer from.mu.RUnlock()
	if from.plan == nil {
		return ErrClosed
	}
	t.ahead, t.namespaces = from.prepared(), from.namespaces
	return nil
}

// prepared hands the process 1 that was made ahead to one spawn.
func (t *Template) prepared() *C.struct_gaol_prepared {
	t.first.Lock()
	defer t.first.Unlock()
	p := t.ahead
	t.ahead = nil
	return p
}

// Build checks the plan and runs its build stage. A failure of a step is a *plan.Failure. The caller closes the Template.
func Build(b []byte) (*Template, error) {
	if err := Check(b); err != nil {
		return nil, fmt.Errorf("the plan is not valid: %w", err)
	}
	t := &Template{}
	var failure C.struct_gaol_failure
	if C.gaol_build(unsafe.Pointer(unsafe.SliceData(b)), &t.ns[0], &t.kept, &failure) < 0 {
		return nil, goFailure(&failure)
	}
	return t, nil
}

// Load checks the plan whose later stages (all, if there is no template) each spawn goes through, and keeps a copy. It is called once.
func (t *Template) Load(b []byte) error {
	if err := Check(b); err != nil {
		return fmt.Errorf("the plan is not valid: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plan = C.CBytes(b)
	if p := (*C.struct_gaol_plan)(t.plan); t.none && uint32(p.namespaces|p.fresh) != t.namespaces {
		C.gaol_unprepare(t.prepared())
	}
	return nil
}

// Close frees the memory and the descriptors, after the spawns that are under way. It may be called more than once.
func (t *Template) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	C.free(t.plan)
	t.plan = nil
	C.gaol_unprepare(t.prepared())
	if t.kept >= 0 {
		_ = unix.Close(int(t.kept))
		t.kept = -1
	}
	for i, fd := range t.ns {
		if fd >= 0 {
			_ = unix.Close(int(fd))
			t.ns[i] = -1
		}
	}
}

// Spawned is a running sandbox. The caller waits for Pidfd and closes both descriptors.
type Spawned struct {
	Pid    int // process 1 of the sandbox
	Pidfd  int
	Status int // read end of the status pipe
	// Program is the program's number; without a pid namespace it is the caller's, too, for as long as the program is not waited for.
	Program int
}

// Spawn runs an encoded command in the template and returns when the program has been executed. init is a descriptor from
// InitImage, caller a pidfd of this process, cgroup the directory of the cgroup that the program is born in, or -1. The bytes of command must not change meanwhile.
func (t *Template) Spawn(command []byte, init, caller, cgroup int) (Spawned, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.plan == nil {
		return Spawned{}, ErrClosed
	}
	if err := CheckCommand(command); err != nil {
		return Spawned{}, fmt.Errorf("the command is not valid: %w", err)
	}
	var out C.struct_gaol_spawned
	var failure C.struct_gaol_failure
	ns := &t.ns[0]
	if t.none {
		ns = nil
	}
	ahead := t.prepared()
	if cgroup >= 0 { // it has a cgroup namespace already, which the program must make in its cgroup
		C.gaol_unprepare(ahead)
		ahead = nil
	}
	r := C.gaol_spawn(t.plan, ns, t.kept, unsafe.Pointer(unsafe.SliceData(command)), C.int(init), C.int(caller), C.int(cgroup), ahead, &out, &failure)
	if r < 0 {
		return Spawned{}, goFailure(&failure)
	}
	return Spawned{Pid: int(out.pid), Pidfd: int(out.pidfd), Status: int(out.status), Program: int(out.program)}, nil
}

// InitImage makes the executable of process 1: a sealed memfd. The caller closes it.
func InitImage() (int, error) {
	fd := C.gaol_init_image()
	if fd < 0 {
		return -1, syscall.Errno(-fd)
	}
	return int(fd), nil
}

// End asks an init that lives in the caller's namespaces to kill everything in its sandbox, and to end. pidfd is its descriptor.
func End(pidfd int) error { return unix.PidfdSendSignal(pidfd, InitEnd, nil, 0) }

// InitEnd is the signal that End sends.
const InitEnd = unix.Signal(C.GAOL_INIT_END)
