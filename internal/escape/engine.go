//go:build linux

// This file says which engines a host has and what every profile has on each. It is the one place that knows what an engine needs to
// take a profile at all.

package escape

import (
	"debug/elf"
	"os"
	"strings"

	"github.com/gaol-sandbox/gaol"
)

// Engine is what a sandbox is made with.
type Engine string

const (
	Namespace Engine = "namespace"
	Landlock  Engine = "landlock"
)

var forced = map[Engine]gaol.Option{Namespace: gaol.WithEngine(gaol.EngineNamespace), Landlock: gaol.WithEngine(gaol.EngineLandlock)}

// Engines lists those that this host has: with which a profile of what every profile here has can be enforced.
func Engines() (engines []Engine) {
	program, err := os.Executable()
	if err != nil {
		return nil
	}
	for _, e := range []Engine{Namespace, Landlock} {
		p, err := gaol.NewProfile(base(e, program, false)...)
		if err != nil {
			continue
		}
		if s, err := gaol.New(p); err == nil {
			_ = s.Close()
			engines = append(engines, e)
		}
	}
	return engines
}

// base is what every profile has: the engine, and the program to be executed. A program that is linked dynamically needs System, too,
// which weakens no attack but shows it more. Landlock has no right for metadata, so that its engine takes no profile without all of it;
// exact leaves that out.
func base(e Engine, program string, exact bool) []gaol.Option {
	options := []gaol.Option{forced[e], gaol.FileRead(gaol.Literal(program)), gaol.FileExecute(gaol.Literal(program))}
	if e == Landlock && !exact {
		options = append(options, gaol.FileReadMetadata(gaol.Subpath("/")))
	}
	if dynamic(program) {
		options = append(options, adapt(e, gaol.System()))
	}
	return options
}

// adapt is an operation as the engine takes it: files with best effort where Landlock alone stands behind them, since it cannot bound
// what is mapped as code, nor attributes.
func adapt(e Engine, option gaol.Option) gaol.Option {
	op, ok := option.(gaol.Operation)
	if e == Landlock && ok && (strings.HasPrefix(op.String(), "File") || strings.HasPrefix(op.String(), "System()")) {
		return gaol.BestEffort(op)
	}
	return option
}

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
