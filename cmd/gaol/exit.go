package main

// This file says what went wrong, in the words of the command line, and with which status gaol ends: those of env and timeout.
// It must never print the status of a program that ran: that one speaks for itself.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/plan"
)

const (
	statusLimit     = 124
	statusFailed    = 125
	statusCannotRun = 126
	statusNotFound  = 127
	statusSignal    = 128
)

// exitStatus is an error about which there is nothing more to say.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func statusOf(err error) int {
	var setup *gaol.SetupError
	switch {
	case !errors.As(err, &setup) || !atExec(setup):
		return statusFailed
	case errors.Is(setup, fs.ErrNotExist):
		return statusNotFound
	}
	return statusCannotRun
}

// atExec tells the program's own fault from the sandbox's.
func atExec(e *gaol.SetupError) bool { return e.Step == plan.Exec.String() }

func stateStatus(s *gaol.ProcessState) int {
	switch s.End() {
	case gaol.EndWall, gaol.EndCPU, gaol.EndMemory, gaol.EndOutput, gaol.EndInstructions:
		return statusLimit
	}
	if s.Exited() {
		return s.ExitCode()
	}
	return statusSignal + int(s.Signal())
}

// complain prints an error, each line of it short.
func complain(w io.Writer, err error) {
	var unsupported *gaol.UnsupportedError
	var bad *usageError
	switch {
	case errors.As(err, &unsupported):
		fmt.Fprintln(w, "gaol: this host cannot enforce the profile (gaol doctor tells more):")
		for _, u := range unsupported.Operations {
			fmt.Fprintln(w, "  "+u.String())
		}
		return
	case errors.As(err, &bad):
		fmt.Fprintf(w, "gaol: %v\nTry '%s --help'.\n", err, bad.command)
		return
	}
	fmt.Fprintln(w, "gaol: "+strings.TrimPrefix(err.Error(), "gaol: "))
}

// inWords puts the flags that were typed where the library names operations, and adds what to type.
func (p *profileFlags) inWords(err error) error {
	typed := func(op string) string {
		if w, ok := p.words[op]; ok {
			return w
		}
		return op
	}
	var bad *gaol.ProfileError
	var unsupported *gaol.UnsupportedError
	var setup *gaol.SetupError
	switch {
	case errors.As(err, &unsupported):
		e := &gaol.UnsupportedError{}
		for _, u := range unsupported.Operations {
			u.Operation, u.Fix = typed(u.Operation), flagWords(u.Fix)
			e.Operations = append(e.Operations, u)
		}
		return e
	case errors.As(err, &bad):
		e := *bad
		if e.File != "" || p.words[e.Operation] == "" {
			return err
		}
		e.Operation = typed(e.Operation)
		if strings.HasSuffix(e.Operation, " "+e.Path) || strings.HasSuffix(e.Operation, "="+e.Path) || strings.HasSuffix(e.Operation, ":"+e.Path) {
			e.Path = ""
		}
		if errors.Is(e.Err, fs.ErrNotExist) && !strings.HasPrefix(e.Operation, "--map") {
			e.Err = fmt.Errorf("%w (a ? at the end of the path makes it optional)", e.Err)
		}
		return &e
	case errors.As(err, &setup):
		e := *setup
		e.Operation, e.Hint = typed(e.Operation), flagWords(e.Hint)
		if atExec(&e) && !strings.Contains(e.Path, "/") && errors.Is(e.Err, fs.ErrNotExist) {
			if at, lookErr := exec.LookPath(e.Path); lookErr == nil {
				e.Hint = fmt.Sprintf("the host has %s: allow it with --system, or with --read and --exec of it and its libraries", at)
			}
		}
		return &e
	}
	return err
}
