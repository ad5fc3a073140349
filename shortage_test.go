package gaol

// A shortage passes: it says nothing of what the host can enforce, and must not be taken for a lack.

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestAShortageIsNoLack(t *testing.T) {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR} {
		for _, err := range []error{e, &SetupError{Step: "bind", Path: "/srv", Err: e}, fmt.Errorf("make: %w", &os.PathError{Op: "open", Path: "/x", Err: e}), errors.Join(syscall.EPERM, e)} {
			if !short(err) {
				t.Errorf("%v (%T) is a shortage", err, err)
			}
		}
	}
	// ENOSPC is what user.max_user_namespaces ends in
	for _, e := range []error{nil, errors.New("other"), syscall.EPERM, syscall.EACCES, syscall.ENOSYS, syscall.EINVAL, syscall.ENOSPC, syscall.EUSERS, syscall.ENOENT, &SetupError{Step: "exec"}} {
		if short(e) || short(&SetupError{Step: "bind", Err: e}) {
			t.Errorf("%v (%T) is no shortage", e, e)
		}
	}
}
