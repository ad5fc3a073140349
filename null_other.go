//go:build !linux

package gaol

import "os"

func openNull(mode int) (*os.File, error) { return os.OpenFile(os.DevNull, mode, 0) }
