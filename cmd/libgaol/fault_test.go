//go:build linux && cgo

package main

// What becomes of errors and panics of Go on their way to C. The numbers are those of gaol.h.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol"
)

func TestAnErrorOfGoHasACodeAndAnErrno(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  int
		errno syscall.Errno
	}{
		{errNull, 2, syscall.EBADF},
		{fmt.Errorf("wrapped: %w", errStarted), 7, syscall.EALREADY},
		{&gaol.ProfileError{Err: errors.New("x")}, 3, syscall.EINVAL},
		{&gaol.ProfileError{Err: fs.ErrNotExist}, 3, syscall.ENOENT},
		{&gaol.ProfileError{Err: syscall.ENOENT}, 3, syscall.ENOENT},
		{&gaol.UnsupportedError{}, 4, syscall.EOPNOTSUPP},
		{&gaol.UnsupportedError{Operations: []gaol.Unsupported{{Operation: "X()"}}}, 4, syscall.EOPNOTSUPP},
		{&gaol.SetupError{Step: "mount", Err: syscall.EACCES}, 5, syscall.EACCES},
		{&gaol.SetupError{Step: "mount", Err: os.ErrClosed}, 5, syscall.EBADF},
		{&gaol.SetupError{Step: "mount"}, 5, syscall.EINVAL},
		{gaol.ErrClosed, 6, syscall.ESHUTDOWN},
		{os.ErrProcessDone, 7, syscall.ESRCH},
		{context.DeadlineExceeded, 8, syscall.ETIMEDOUT},
		{exec.ErrWaitDelay, 9, syscall.ETIME},
		{os.NewSyscallError("pipe2", syscall.EMFILE), 10, syscall.EMFILE},
		{&fs.PathError{Op: "write", Err: syscall.EPIPE}, 10, syscall.EPIPE},
		{errMemory, 11, syscall.ENOMEM},
		{errors.New("nobody knows"), 13, syscall.ENOTRECOVERABLE},
	} {
		f := faultOf(c.err)
		if int(f.code) != c.code || f.errno != c.errno || f.message == "" && c.err.Error() != "" {
			t.Errorf("%v: code %d, errno %v, %q", c.err, f.code, f.errno, f.message)
		}
		if f == errNull || f == errMemory || f == errStarted {
			t.Errorf("%v: the error that all share is given out", c.err)
		}
	}
}

func TestNoPanicLeavesGo(t *testing.T) {
	var none *command
	for _, f := range []func(){
		func() { panic("words") },
		func() { panic(errors.New("an error")) },
		func() { _ = none.argv },
		func() { var list []int; _ = list[len(os.Args)] },
		func() { var m map[int]int; m[1] = 2 },
	} {
		var h handle
		if r := call(&h, func() error { f(); return nil }); int(r) != -int(syscall.ENOTRECOVERABLE) || h == 0 {
			t.Errorf("%d, %d", r, h)
		}
		fault, err := get[fault](h)
		if err != nil || fault.code != 13 || !strings.HasPrefix(fault.message, "gaol: internal error: ") {
			t.Errorf("%v, %+v", err, fault)
		}
		if goErrorFree(h) != 0 {
			t.Error("the error cannot be freed")
		}
	}
}

func TestAHandleIsGivenOutOnce(t *testing.T) {
	seen := map[handle]bool{}
	for range 1000 {
		h := put(&profile{})
		if seen[h] || h&1 == 0 || uintptr(h)&mark == 0 {
			t.Fatalf("%x", h)
		}
		seen[h] = true
		if goProfileFree(h) != 0 || goProfileFree(h) == 0 {
			t.Fatal("freed twice, or not at all")
		}
	}
}
