//go:build linux && !amd64

// This file stands for the i386 entry where there is none.

package main

import "errors"

func compat(uintptr) error { return errors.New("this machine has no int 0x80") }
