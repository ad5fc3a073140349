//go:build cgo && (linux || darwin || freebsd)

package main

// This file turns errors of Go into those of C: a code, an errno and the parts of the error. A panic is one of them.

// #include "gaol.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"

	"github.com/gaol-sandbox/gaol"
)

// fault is a gaol_error.
type fault struct {
	texts
	code                                            C.int
	errno                                           syscall.Errno
	message, step, operation, path, hint, file, key string
	line                                            int
	unsupported                                     []gaol.Unsupported
}

func (f *fault) Error() string { return f.message }

func made(code C.int, errno syscall.Errno, message string) *fault {
	return &fault{code: code, errno: errno, message: "gaol: " + message}
}

func argument(message string) error { return made(C.GAOL_ERROR_ARGUMENT, syscall.EINVAL, message) }
func tooLarge(message string) error { return made(C.GAOL_ERROR_ARGUMENT, syscall.E2BIG, message) }

// Those without an owner are copied before they are given out.
var (
	errNull    = made(C.GAOL_ERROR_HANDLE, syscall.EBADF, "the handle is NULL")
	errHandle  = made(C.GAOL_ERROR_HANDLE, syscall.EBADF, "the handle has been freed, or is of another kind")
	errMemory  = made(C.GAOL_ERROR_MEMORY, syscall.ENOMEM, "out of memory")
	errBehind  = made(C.GAOL_ERROR_ARGUMENT, syscall.ENOENT, "the index is behind the last")
	errStarted = made(C.GAOL_ERROR_STATE, syscall.EALREADY, "the command has been started already")
	errNoStart = made(C.GAOL_ERROR_STATE, syscall.ECHILD, "the command has not been started")
	errEnded   = made(C.GAOL_ERROR_STATE, syscall.ESRCH, "the program has ended")
	errTimeout = made(C.GAOL_ERROR_TIMEOUT, syscall.ETIMEDOUT, "the time is over")
)

// faultOf says what err is for C. The fault is a new one.
func faultOf(err error) *fault {
	var own *fault
	var unsupported *gaol.UnsupportedError
	var profile *gaol.ProfileError
	var setup *gaol.SetupError
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			errno = syscall.ENOENT
		case errors.Is(err, fs.ErrPermission):
			errno = syscall.EACCES
		}
	}
	f := &fault{message: err.Error(), errno: errno}
	switch {
	case errors.As(err, &own):
		return &fault{code: own.code, errno: own.errno, message: own.message, step: own.step, operation: own.operation, path: own.path, hint: own.hint}
	case errors.As(err, &unsupported):
		f.code, f.errno, f.unsupported = C.GAOL_ERROR_UNSUPPORTED, syscall.EOPNOTSUPP, unsupported.Operations
		if len(f.unsupported) > 0 {
			f.operation, f.hint = f.unsupported[0].Operation, f.unsupported[0].Fix
		}
	case errors.As(err, &profile):
		f.code, f.operation, f.path = C.GAOL_ERROR_PROFILE, profile.Operation, profile.Path
		f.file, f.line, f.key = profile.File, profile.Line, profile.Key
	case errors.As(err, &setup):
		f.code, f.step, f.operation, f.path, f.hint = C.GAOL_ERROR_SETUP, setup.Step, setup.Operation, setup.Path, setup.Hint
		if errors.Is(err, os.ErrClosed) {
			f.errno = syscall.EBADF
		}
	case errors.Is(err, gaol.ErrClosed):
		f.code, f.errno = C.GAOL_ERROR_CLOSED, syscall.ESHUTDOWN
	case errors.Is(err, os.ErrProcessDone):
		return faultOf(errEnded)
	case errors.Is(err, context.DeadlineExceeded):
		return faultOf(errTimeout)
	case errors.Is(err, exec.ErrWaitDelay):
		f.code, f.errno = C.GAOL_ERROR_WAIT_DELAY, errnoWaitDelay
		f.message = "gaol: the program has ended, and something else holds its output open"
	case f.errno != 0:
		f.code = C.GAOL_ERROR_SYSTEM
	default:
		f.code, f.errno = C.GAOL_ERROR_INTERNAL, syscall.ENOTRECOVERABLE
	}
	if f.errno == 0 {
		f.errno = syscall.EINVAL
	}
	return f
}

// call runs f and returns what C gets of it. No panic comes out.
func call(out *handle, f func() error) C.int {
	return number(out, func() (int, error) { return 0, f() })
}

// number is call for what returns one.
func number(out *handle, f func() (int, error)) (r C.int) {
	if out != nil {
		*out = 0
	}
	n, err := protected(f)
	if err == nil {
		return C.int(n)
	}
	fault := faultOf(err)
	if out != nil {
		*out = put(fault)
	}
	return -C.int(fault.errno)
}

func protected(f func() (int, error)) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = made(C.GAOL_ERROR_INTERNAL, syscall.ENOTRECOVERABLE, fmt.Sprintf("internal error: %v", v))
		}
	}()
	return f()
}

//export goErrorCode
func goErrorCode(h handle) C.int {
	f, err := get[fault](h)
	switch {
	case err == nil:
		return f.code
	case h == 0:
		return C.GAOL_ERROR_NONE
	}
	return C.GAOL_ERROR_HANDLE
}

//export goErrorNumber
func goErrorNumber(h handle) C.int {
	f, err := get[fault](h)
	switch {
	case err == nil:
		return C.int(f.errno)
	case h == 0:
		return 0
	}
	return C.int(syscall.EBADF)
}

//export goErrorLine
func goErrorLine(h handle) C.int {
	if f, err := get[fault](h); err == nil {
		return C.int(f.line)
	}
	return 0
}

// The texts of an error, as abi.c asks for them.
const (
	textMessage = iota
	textStep
	textOperation
	textPath
	textHint
	textFile
	textKey
)

//export goErrorText
func goErrorText(h handle, which C.int) *C.char {
	f, err := get[fault](h)
	if err != nil {
		return empty
	}
	return f.text([...]string{textMessage: f.message, textStep: f.step, textOperation: f.operation, textPath: f.path, textHint: f.hint,
		textFile: f.file, textKey: f.key}[which])
}

//export goErrorUnsupported
func goErrorUnsupported(h handle, index C.size_t, out *C.gaol_unsupported) C.int {
	return call(nil, func() error {
		f, err := get[fault](h)
		if err != nil {
			return err
		}
		u, err := at(f.unsupported, index)
		if err != nil {
			return err
		}
		return outStruct(out, C.gaol_unsupported{operation: f.text(u.Operation), mechanism: f.text(u.Mechanism), detail: f.text(u.Detail), fix: f.text(u.Fix),
			gap: f.text(u.Gap)}, "out")
	})
}

//export goErrorFree
func goErrorFree(h handle) C.int { return release(h, func(f *fault) { f.free() }) }

// at is the index-th of a list.
func at[T any](list []T, index C.size_t) (v T, err error) {
	if index >= C.size_t(len(list)) {
		return v, errBehind
	}
	return list[index], nil
}
