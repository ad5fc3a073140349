//go:build cgo && (darwin || freebsd)

package csrc

// This file is the core on systems where a process confines itself, right before it executes the program: see spawn_posix.h.

/*
#include <stdlib.h>
#include "spawn_posix.h"

static int prepare(const void *plan, void **prepared, char **text) { return gaol_platform.prepare(plan, prepared, text); }
static void release(void *prepared) { gaol_platform.release(prepared); }
*/
import "C"

import (
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// Template is a plan with what could be made ready for its steps, in C memory. It is safe for many goroutines at once.
type Template struct {
	mu             sync.RWMutex
	plan, prepared unsafe.Pointer
	kept           bool // a keeper does steps of the plan, for each spawn
}

// Prepare checks the plan, keeps a copy, and makes ready what can be. What the system refuses is a *plan.Failure of the step ready, with the
// system's words. The caller closes the Template.
func Prepare(b []byte, ready plan.Op) (*Template, error) {
	if err := Check(b); err != nil {
		return nil, fmt.Errorf("the plan is not valid: %w", err)
	}
	t := &Template{plan: C.CBytes(b)}
	first := (*C.struct_gaol_plan)(t.plan).first
	t.kept = first[C.GAOL_STAGE_INIT] < first[C.GAOL_STAGE_INIT+1]
	var text *C.char
	if r := C.prepare(t.plan, &t.prepared, &text); r != 0 {
		f := &plan.Failure{Op: ready, Errno: syscall.Errno(r), Text: C.GoString(text)}
		C.free(unsafe.Pointer(text))
		C.free(t.plan)
		return nil, f
	}
	return t, nil
}

// Close frees what the template holds, after the spawns that are under way. It may be called more than once.
func (t *Template) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.plan != nil {
		C.release(t.prepared)
		C.free(t.plan)
		t.plan, t.prepared = nil, nil
	}
}

// Spawned is a running program, which leads a session and a process group of its own. The caller waits for it and closes Descriptor.
type Spawned struct {
	Pid        int
	Descriptor int // of the process; -1: the system has none
	keeper     C.int
	hold       C.int
}

// Release has the keeper of a spawn take away what it made in place, ends with that whatever still is in there, and returns when it has. It must
// be called once, behind the program's end, where Kept says so.
func (s Spawned) Release(place string) error {
	c := C.CString(place)
	defer C.free(unsafe.Pointer(c))
	if r := C.gaol_posix_release(s.keeper, s.hold, c); r < 0 {
		return syscall.Errno(-r)
	}
	return nil
}

// Kept says that a keeper holds something for the program.
func (s Spawned) Kept() bool { return s.keeper > 0 }

// Spawn runs an encoded command and returns when the program has been executed. The bytes of command must not change meanwhile.
func (t *Template) Spawn(command []byte) (Spawned, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.plan == nil {
		return Spawned{}, ErrClosed
	}
	if err := CheckCommand(command); err != nil {
		return Spawned{}, fmt.Errorf("the command is not valid: %w", err)
	}
	pipes := [6]C.int{-1, -1, -1, -1, -1, -1}
	for i := 0; i < len(pipes) && (i == 0 || t.kept); i += 2 {
		pipe, err := reportPipe()
		if err != nil {
			for _, fd := range pipes[:i] {
				_ = syscall.Close(int(fd))
			}
			return Spawned{}, &plan.Failure{Op: plan.Pipe, Errno: err.(syscall.Errno)}
		}
		pipes[i], pipes[i+1] = C.int(pipe[0]), C.int(pipe[1])
	}
	var out C.struct_gaol_posix_spawned
	var failure C.struct_gaol_failure
	text := (*C.char)(C.malloc(C.GAOL_TEXT_MAX))
	defer C.free(unsafe.Pointer(text))
	if C.gaol_posix_spawn(t.plan, t.prepared, unsafe.Pointer(unsafe.SliceData(command)), &pipes[0], &out, &failure, text) < 0 {
		f := goFailure(&failure).(*plan.Failure)
		f.Text = C.GoString(text)
		return Spawned{}, f
	}
	return Spawned{Pid: int(out.pid), Descriptor: int(out.pd), keeper: out.keeper, hold: out.hold}, nil
}

// reportPipe makes the pipe on which the child tells what failed. No pipe2 on macOS: what package os starts meanwhile must not have the
// ends, since the pipe ends with the last of them.
func reportPipe() (p [2]int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err = syscall.Pipe(p[:]); err == nil {
		syscall.CloseOnExec(p[0])
		syscall.CloseOnExec(p[1])
	}
	return p, err
}

// Await waits until the program has ended, and leaves it unreaped: until wait4, its number is nobody else's.
func Await(pid int) error {
	if r := C.gaol_posix_await(C.int(pid)); r < 0 {
		return syscall.Errno(-r)
	}
	return nil
}
