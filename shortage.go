package gaol

import (
	"errors"
	"syscall"
)

// short says that an error is of something that runs out and comes back, which tells nothing about what the host can enforce. ENOSPC is
// not one: it is what a limit of user namespaces ends in (man 2 clone).
func short(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.EINTR, syscall.ETOOMANYREFS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
