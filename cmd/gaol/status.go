package main

// This file writes what --status-fd gives: one JSON object and a newline, once, when all is over. The descriptor must never
// reach the program.

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol"
)

// statusFD is the flag: a descriptor that the caller has opened for this; 0 stands for none.
type statusFD int

func (v *statusFD) String() string { return "" }
func (v *statusFD) Type() string   { return "int" }
func (v *statusFD) Set(s string) error {
	fd, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return errors.New("it is not the number of a descriptor")
	case fd < 3:
		return errors.New("the descriptors up to 2 are the program's; use one from 3 on")
	}
	if err := takeFD(fd); err != nil {
		return err
	}
	*v = statusFD(fd)
	return nil
}

type statusExit struct {
	Code   int  `json:"code"`   // -1: ended by a signal
	Signal int  `json:"signal"` // 0: ended by itself
	Core   bool `json:"core"`
}

type statusError struct {
	Step        string            `json:"step"`
	Operation   string            `json:"operation"`
	Path        string            `json:"path"`
	Error       string            `json:"error"`
	Hint        string            `json:"hint"`
	Unsupported []unsupportedJSON `json:"unsupported,omitempty"`
}

type unsupportedJSON struct {
	Operation string `json:"operation"`
	Mechanism string `json:"mechanism"`
	Detail    string `json:"detail"`
	Fix       string `json:"fix"`
	Gap       string `json:"gap,omitempty"`
}

// statusRecord: exit, end and pid are of a program that ran, error is of one that did not.
type statusRecord struct {
	Exit    *statusExit    `json:"exit"`
	End     string         `json:"end,omitempty"`     // the word of gaol.End
	Syscall *statusSyscall `json:"syscall,omitempty"` // that ended it, where end is "denied" and the call is known
	PID     int            `json:"pid,omitempty"`     // of the sandbox's init
	Error   *statusError   `json:"error,omitempty"`
	gaol.Report
}

type statusSyscall struct {
	Name   string `json:"name"` // "": no table has the number
	Number int    `json:"number"`
}

// write tells of a program that ran, with its state, or of one that did not, with the error.
func (v statusFD) write(report gaol.Report, state *gaol.ProcessState, err error) error {
	if v == 0 {
		return nil
	}
	r := statusRecord{Report: report}
	empty(&r.Mechanisms)
	empty(&r.Enforced)
	empty(&r.Gaps)
	empty(&r.Denials)
	if state != nil {
		r.PID, r.End = state.Pid(), state.End().String()
		if name, number, ok := state.Syscall(); ok {
			r.Syscall = &statusSyscall{name, number}
		}
		// ProcessState tells of a core in its text alone, as os.ProcessState does.
		core := strings.HasSuffix(state.String(), "(core dumped)")
		r.Exit = &statusExit{Code: state.ExitCode(), Signal: int(state.Signal()), Core: core}
	} else {
		r.Error = describe(err)
	}
	b, jerr := json.Marshal(r)
	if jerr != nil {
		return jerr
	}
	f := os.NewFile(uintptr(v), fmt.Sprintf("--status-fd %d", v))
	_, werr := f.Write(append(b, '\n'))
	return errors.Join(werr, f.Close())
}

// empty makes a list that is not there one that is empty, so that a reader finds a list in any case.
func empty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

func describe(err error) *statusError {
	var setup *gaol.SetupError
	var bad *gaol.ProfileError
	var unsupported *gaol.UnsupportedError
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return &statusError{Step: "usage", Error: err.Error()}
	case errors.As(err, &setup):
		return &statusError{Step: setup.Step, Operation: setup.Operation, Path: setup.Path, Error: setup.Err.Error(), Hint: setup.Hint}
	case errors.As(err, &bad):
		return &statusError{Step: "profile", Operation: bad.Operation, Path: bad.Path, Error: err.Error()}
	case errors.As(err, &unsupported):
		e := &statusError{Step: "resolve", Error: gaol.ErrUnsupported.Error(), Hint: "gaol doctor"}
		for _, u := range unsupported.Operations {
			e.Unsupported = append(e.Unsupported, unsupportedJSON(u))
		}
		return e
	}
	return &statusError{Step: "profile", Error: err.Error()}
}
