package main

// This file writes what --status-fd gives: one JSON object and a newline, once, when all is over. The descriptor must never
// reach the program.

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

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

// write tells of a program that ran by its report, or of one that did not by the error, which is one more key of the report.
func (v statusFD) write(report gaol.Report, err error) error {
	if v == 0 {
		return nil
	}
	line, jerr := json.Marshal(report)
	if jerr == nil && report.State == nil {
		var why []byte
		why, jerr = json.Marshal(struct {
			Error *statusError `json:"error"`
		}{describe(err)})
		line = append(append(line[:len(line)-1], ','), why[1:]...)
	}
	if jerr != nil {
		return jerr
	}
	f := os.NewFile(uintptr(v), fmt.Sprintf("--status-fd %d", v))
	_, werr := f.Write(append(line, '\n'))
	return errors.Join(werr, f.Close())
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
