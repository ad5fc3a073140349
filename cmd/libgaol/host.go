//go:build cgo && (linux || darwin || freebsd)

package main

// This file is hosts and sandboxes.

// #include "gaol.h"
import "C"

import (
	"github.com/gaol-sandbox/gaol"
)

// host is a gaol_host.
type host struct {
	texts
	gaol.Probed
	checks  []gaol.Check
	engines []gaol.Engine
}

//export goHostProbe
func goHostProbe(out, fault *handle) C.int {
	return call(fault, func() error {
		h := gaol.Probe()
		*out = put(&host{Probed: h, checks: h.Checks(), engines: h.Engines()})
		return nil
	})
}

//export goHostSystem
func goHostSystem(h handle) *C.char {
	p, err := get[host](h)
	if err != nil {
		return empty
	}
	return p.text(p.System())
}

//export goHostCheck
func goHostCheck(h handle, index C.size_t, out *C.gaol_check) C.int {
	return call(nil, func() error {
		p, err := get[host](h)
		if err != nil {
			return err
		}
		c, err := at(p.checks, index)
		if err != nil {
			return err
		}
		return outStruct(out, C.gaol_check{mechanism: p.text(c.Mechanism), detail: p.text(c.Detail), fix: p.text(c.Fix), ok: flag(c.OK)}, "out")
	})
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

//export goHostEngine
func goHostEngine(h handle, index C.size_t) C.int {
	return number(nil, func() (int, error) {
		p, err := get[host](h)
		if err != nil {
			return 0, err
		}
		e, err := at(p.engines, index)
		if err != nil {
			return 0, err
		}
		for n, engine := range engines {
			if engine == e {
				return int(n), nil
			}
		}
		return 0, unknown("engine", uint32(e))
	})
}

var levels = map[gaol.Level]int{
	gaol.NeverAllowed: C.GAOL_NEVER_ALLOWED, gaol.CannotBeAllowedPrecisely: C.GAOL_CANNOT_BE_ALLOWED_PRECISELY,
	gaol.CanBeAllowed: C.GAOL_CAN_BE_ALLOWED, gaol.AlwaysAllowed: C.GAOL_ALWAYS_ALLOWED,
}

//export goHostSupport
func goHostSupport(h, profile handle, index C.size_t, engine C.unsigned, mechanism **C.char) C.int {
	return number(nil, func() (int, error) {
		if mechanism != nil {
			*mechanism = nil
		}
		host, err := get[host](h)
		if err != nil {
			return 0, err
		}
		op, err := operation(profile, index)
		if err != nil {
			return 0, err
		}
		e, err := engineOf(engine)
		if err != nil {
			return 0, err
		}
		level, how := op.Support(host.Force(e))
		if mechanism != nil {
			err = giveText(mechanism, how)
		}
		return levels[level], err
	})
}

//export goHostFree
func goHostFree(h handle) C.int { return release(h, func(h *host) { h.free() }) }

// sandbox is a gaol_sandbox.
type sandbox struct {
	*gaol.Sandbox
	output bool // what commands write is limited
}

//export goSandboxNew
func goSandboxNew(profile handle, out, fault *handle) C.int {
	return call(fault, func() error {
		p, err := built(profile)
		if err != nil {
			return err
		}
		s, err := gaol.New(p)
		if err == nil {
			*out = put(&sandbox{s, p.Limits().Output > 0})
		}
		return err
	})
}

//export goSandboxExplain
func goSandboxExplain(h handle, out **C.char) C.int {
	return call(nil, func() error {
		s, err := get[sandbox](h)
		if err != nil {
			return err
		}
		return giveText(out, s.Explain())
	})
}

//export goSandboxReport
func goSandboxReport(h handle, out, fault *handle) C.int {
	return call(fault, func() error {
		s, err := get[sandbox](h)
		if err == nil {
			*out = put(&report{Report: s.Report()})
		}
		return err
	})
}

//export goSandboxFree
func goSandboxFree(h handle) C.int { return release(h, func(s *sandbox) { _ = s.Close() }) }
