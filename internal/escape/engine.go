//go:build linux

// This file says which engines a host has and what every profile has on each. It is the one place that knows what an engine needs to
// take a profile at all.

package escape

import (
	"debug/elf"

	"github.com/gaol-sandbox/gaol"
)

// Engine is what a sandbox is made with.
type Engine string

const (
	Namespace Engine = "namespace"
	Landlock  Engine = "landlock"
)

// Engines lists those that this host has.
func Engines() (engines []Engine) {
	for _, c := range gaol.Probe().Checks() {
		if c.Mechanism == "namespaces" && c.OK {
			engines = append(engines, Namespace)
		}
	}
	return engines
}

// base is what every profile has: the engine, and the program to be executed. A program that is linked dynamically needs System, too,
// which weakens no attack but shows it more.
func base(e Engine, program string) []gaol.Option {
	options := []gaol.Option{gaol.FileRead(gaol.Literal(program)), gaol.FileExecute(gaol.Literal(program))}
	if dynamic(program) {
		options = append(options, gaol.System())
	}
	return options
}

// adapt is an operation as the engine takes it.
func adapt(e Engine, option gaol.Option) gaol.Option { return option }

// dynamic says whether a program needs a run-time linker.
func dynamic(program string) bool {
	f, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return true
		}
	}
	return false
}
