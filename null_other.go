//go:build !linux

package gaol

import "os"

func openNull() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) }
