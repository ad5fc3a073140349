package gaol

// This file is the kinds of programs, which matter where a program has to take what it is given by itself: in FreeBSD's capability mode.

import (
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// ProgramKind is how a program takes the descriptors of what its profile grants, in FreeBSD's capability mode. What it can never reach is the same for
// each kind; other engines do not ask.
type ProgramKind = policy.ProgramKind

// The kinds. Start looks at the program, and tells the first two apart; the third it is told.
const (
	// DynamicProgram: the run-time linker loads gaol's preload library into it, which turns paths to descriptors.
	DynamicProgram = policy.Dynamic
	// StaticProgram: nothing can be loaded into it, as into most that are written in Go. It has the descriptors that it is given as Stdin, Stdout,
	// Stderr and ExtraFiles, and a profile that grants it a path is refused.
	StaticProgram = policy.Static
	// CooperatingProgram: it reads the table of descriptors by itself, however it is linked, from its environment. GAOL_FDS is, one behind another,
	// for each granted path: d (a directory) or f (a file), the descriptor's number, a comma, the length of the path in bytes, a colon, the path. Before
	// them there can be a k (a denied call ends the program) and lNUMBER, (the run-time linker's descriptor). GAOL_CWD is the working directory.
	CooperatingProgram = policy.Cooperating
)

// WithProgram says for which kind of program the profile is. Without it, that is one that is dynamically linked; a static one is known when it is
// started. It confines nothing: a program that does not cooperate, after all, reaches less. Profile files have no word for it.
func WithProgram(kind ProgramKind) Option {
	return setting(func(p *profile.Profile) error {
		p.Program = kind
		return nil
	})
}

// Program is h for programs of that kind.
func (h Probed) Program(kind ProgramKind) Probed {
	h.h.Program = kind
	return h
}
