//go:build cgo && (linux || darwin || freebsd)

package main

// This file is reports.

// #include "gaol.h"
import "C"

import (
	"encoding/json"

	"github.com/gaol-sandbox/gaol"
)

// report is a gaol_report.
type report struct {
	texts
	gaol.Report
}

var ends = map[gaol.End]C.int{
	gaol.EndUnknown: C.GAOL_END_UNKNOWN, gaol.EndExited: C.GAOL_END_EXITED, gaol.EndSignaled: C.GAOL_END_SIGNALED, gaol.EndCanceled: C.GAOL_END_CANCELED,
	gaol.EndWall: C.GAOL_END_WALL, gaol.EndCPU: C.GAOL_END_CPU, gaol.EndMemory: C.GAOL_END_MEMORY, gaol.EndOutput: C.GAOL_END_OUTPUT,
	gaol.EndInstructions: C.GAOL_END_INSTRUCTIONS, gaol.EndDenied: C.GAOL_END_DENIED, gaol.EndLost: C.GAOL_END_LOST,
}

//export goReportJSON
func goReportJSON(h handle, out **C.char) C.int {
	return call(nil, func() error {
		r, err := get[report](h)
		if err != nil {
			return err
		}
		b, err := json.Marshal(r.Report)
		if err != nil {
			return err
		}
		return giveText(out, string(b))
	})
}

//export goReportEngine
func goReportEngine(h handle) *C.char {
	r, err := get[report](h)
	if err != nil {
		return empty
	}
	return r.text(r.Engine)
}

//export goReportMechanism
func goReportMechanism(h handle, index C.size_t) *C.char {
	r, err := get[report](h)
	if err != nil {
		return empty
	}
	m, _ := at(r.Mechanisms, index)
	return r.text(m)
}

//export goReportEnforced
func goReportEnforced(h handle, index C.size_t, out *C.gaol_enforcement) C.int {
	return entry(h, index, func(r *report) []gaol.Enforcement { return r.Enforced }, func(r *report, e gaol.Enforcement) error {
		return outStruct(out, C.gaol_enforcement{operation: r.text(e.Operation), mechanism: r.text(e.Mechanism)}, "out")
	})
}

//export goReportGap
func goReportGap(h handle, index C.size_t, out *C.gaol_gap) C.int {
	return entry(h, index, func(r *report) []gaol.Gap { return r.Gaps }, func(r *report, g gaol.Gap) error {
		return outStruct(out, C.gaol_gap{operation: r.text(g.Operation), detail: r.text(g.Detail)}, "out")
	})
}

//export goReportDenial
func goReportDenial(h handle, index C.size_t, out *C.gaol_denial) C.int {
	return entry(h, index, func(r *report) []gaol.Denial { return r.Denials }, func(r *report, d gaol.Denial) error {
		return outStruct(out, C.gaol_denial{operation: r.text(d.Operation), path: r.text(d.Path), syscall: r.text(d.Syscall), number: C.int(d.Number),
			suggestion: r.text(d.Suggestion)}, "out")
	})
}

// entry looks an entry of a report up.
func entry[T any](h handle, index C.size_t, list func(*report) []T, f func(*report, T) error) C.int {
	return call(nil, func() error {
		r, err := get[report](h)
		if err != nil {
			return err
		}
		v, err := at(list(r), index)
		if err != nil {
			return err
		}
		return f(r, v)
	})
}

//export goReportEnding
func goReportEnding(h handle, out *C.gaol_ending) C.int {
	return call(nil, func() error {
		r, err := get[report](h)
		if err != nil {
			return err
		}
		e := C.gaol_ending{code: -1, syscall: -1, syscall_name: empty, killed: C.int(r.Killed)}
		if s := r.State; s != nil {
			e.end, e.code, e.signal, e.core = ends[s.End()], C.int(s.ExitCode()), C.int(s.Signal()), flag(s.CoreDump())
			if name, n, ok := s.Syscall(); ok {
				e.syscall, e.syscall_name = C.int(n), r.text(name)
			}
		}
		return outStruct(out, e, "out")
	})
}

//export goReportUsage
func goReportUsage(h handle, out *C.gaol_usage) C.int {
	return call(nil, func() error {
		r, err := get[report](h)
		if err != nil {
			return err
		}
		u := r.Usage
		return outStruct(out, C.gaol_usage{wall_ns: C.int64_t(u.Wall), user_ns: C.int64_t(u.User), system_ns: C.int64_t(u.System), max_rss: C.int64_t(u.MaxRSS),
			minor_faults: C.int64_t(u.MinorFaults), major_faults: C.int64_t(u.MajorFaults),
			voluntary_switches: C.int64_t(u.VoluntarySwitches), involuntary_switches: C.int64_t(u.InvoluntarySwitches),
			block_read: C.int64_t(u.BlockRead), block_written: C.int64_t(u.BlockWritten), instructions: C.int64_t(u.Instructions), output: C.int64_t(u.Output)}, "out")
	})
}

//export goReportFree
func goReportFree(h handle) C.int { return release(h, func(r *report) { r.free() }) }
