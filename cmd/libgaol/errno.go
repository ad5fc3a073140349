//go:build cgo && (linux || darwin)

package main

import "syscall"

const errnoWaitDelay = syscall.ETIME
