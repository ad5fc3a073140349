//go:build cgo && (linux || darwin || freebsd)

package main

// This file is what a profile has beside operations, what it gives back, and limits, which commands have too.

// #include "gaol.h"
import "C"

import (
	"math"
	"time"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
)

//export goProfileOnDenied
func goProfileOnDenied(h handle, action C.unsigned) C.int {
	return add(h, func() (gaol.Option, error) {
		switch action {
		case C.GAOL_ERRNO:
			return gaol.OnDenied(gaol.Errno), nil
		case C.GAOL_KILL:
			return gaol.OnDenied(gaol.Kill), nil
		}
		return nil, unknown("action", uint32(action))
	})
}

//export goProfileEnv
func goProfileEnv(h handle, name, value *C.char) C.int {
	return add(h, func() (gaol.Option, error) {
		n, err := in(name, "name")
		if err != nil {
			return nil, err
		}
		v, err := in(value, "value")
		return gaol.Env(n, v), err
	})
}

//export goProfilePassEnv
func goProfilePassEnv(h handle, name *C.char) C.int {
	return add(h, func() (gaol.Option, error) {
		n, err := in(name, "name")
		return gaol.PassEnv(n), err
	})
}

//export goProfileDir
func goProfileDir(h handle, path *C.char) C.int {
	return add(h, func() (gaol.Option, error) {
		p, err := in(path, "path")
		if err == nil && p == "" {
			err = argument("path is empty")
		}
		return gaol.Dir(p), err
	})
}

var engines = map[uint32]gaol.Engine{C.GAOL_ENGINE_NAMESPACE: gaol.EngineNamespace, C.GAOL_ENGINE_LANDLOCK: gaol.EngineLandlock,
	C.GAOL_ENGINE_SEATBELT: gaol.EngineSeatbelt, C.GAOL_ENGINE_CAPSICUM: gaol.EngineCapsicum, C.GAOL_ENGINE_JAIL: gaol.EngineJail}

func engineOf(n C.unsigned) (e gaol.Engine, err error) {
	if n == C.GAOL_ENGINE_ANY {
		return e, nil
	}
	e, ok := engines[uint32(n)]
	if !ok {
		err = unknown("engine", uint32(n))
	}
	return e, err
}

//export goProfileEngine
func goProfileEngine(h handle, engine C.unsigned) C.int {
	return add(h, func() (gaol.Option, error) {
		e, err := engineOf(engine)
		return gaol.WithEngine(e), err
	})
}

//export goProfileLimit
func goProfileLimit(h handle, limits *C.gaol_limits) C.int {
	return add(h, func() (gaol.Option, error) {
		l, err := limitsOf(limits)
		return gaol.Limit(l), err
	})
}

// limitsOf copies the caller's limits. What a number means, and which are refused, the profile says; a time that is none must not get there.
func limitsOf(p *C.gaol_limits) (gaol.Limits, error) {
	l, err := inStruct(p, unsafe.Offsetof(p.per_process)+unsafe.Sizeof(p.per_process), "limits")
	if f := float64(l.processors); err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = argument("limits->processors is no number")
	}
	for _, n := range []C.int64_t{l.wall_ns, l.cpu_ns, l.memory, l.processes, l.files, l.file_size, l.stack, l.core, l.output, l.disk, l.instructions,
		l.read_rate, l.write_rate} {
		if err == nil && n < 0 {
			err = argument("a limit is below zero")
		}
	}
	if err == nil && l.processors < 0 {
		err = argument("a limit is below zero")
	}
	return gaol.Limits{
		Wall: time.Duration(l.wall_ns), CPU: time.Duration(l.cpu_ns), Memory: int64(l.memory), Processes: int64(l.processes),
		Files: int64(l.files), FileSize: int64(l.file_size), Stack: int64(l.stack), Core: int64(l.core), Output: int64(l.output),
		Disk: int64(l.disk), Instructions: int64(l.instructions), Processors: float64(l.processors),
		ReadRate: int64(l.read_rate), WriteRate: int64(l.write_rate), PerProcess: l.per_process != 0,
	}, err
}

//export goProfileCheck
func goProfileCheck(h handle, fault *handle) C.int {
	return call(fault, func() error {
		_, err := built(h)
		return err
	})
}

func built(h handle) (gaol.Profile, error) {
	p, err := get[profile](h)
	if err != nil {
		return gaol.Profile{}, err
	}
	return p.build()
}

// operation is the index-th of a profile.
func operation(h handle, index C.size_t) (op gaol.Operation, err error) {
	p, err := get[profile](h)
	if err != nil {
		return op, err
	}
	ops, err := p.operations()
	if err != nil {
		return op, err
	}
	return at(ops, index)
}

//export goProfileTOML
func goProfileTOML(h handle, out **C.char, fault *handle) C.int {
	return call(fault, func() error {
		p, err := built(h)
		if err != nil {
			return err
		}
		return giveText(out, p.TOML())
	})
}

//export goProfileOperation
func goProfileOperation(h handle, index C.size_t, out **C.char) C.int {
	return call(nil, func() error {
		op, err := operation(h, index)
		if err != nil {
			return err
		}
		return giveText(out, op.String())
	})
}

//export goProfileFree
func goProfileFree(h handle) C.int { return release(h, func(*profile) {}) }
