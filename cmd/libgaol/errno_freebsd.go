//go:build cgo

package main

import "syscall"

const errnoWaitDelay = syscall.ETIMEDOUT // there is no ETIME
