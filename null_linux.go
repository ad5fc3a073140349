package gaol

import (
	"os"

	"golang.org/x/sys/unix"
)

// openNull opens the null device without asking whether it can be polled, as os.OpenFile does for each file anew.
func openNull(mode int) (*os.File, error) {
	fd, err := unix.Open(os.DevNull, mode|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), os.DevNull), nil
}
