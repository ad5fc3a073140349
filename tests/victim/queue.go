//go:build linux

package main

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"queue": func([]string) error { return fillQueue() }, // signals to itself, until no more can be queued; then it stays
	})
}

// fillQueue blocks a real-time signal and sends it to its own thread until the limit of the user's queued signals is reached.
func fillQueue() error {
	const signal = 40
	set := unix.Sigset_t{Val: [16]uint64{1 << (signal - 1)}}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, nil); err != nil {
		return err
	}
	var info struct {
		signo, errno, code, _ int32
		_                     [112]byte
	}
	info.signo, info.code = signal, -1 // SI_QUEUE
	for {
		_, _, errno := unix.Syscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(os.Getpid()), uintptr(unix.Gettid()), signal, uintptr(unsafe.Pointer(&info)), 0, 0)
		if errno == unix.EAGAIN {
			note("full")
			time.Sleep(time.Hour)
		}
		if errno != 0 {
			return errno
		}
	}
}
