//go:build !(unix && cgo)

package main

// This file catches signals where there is no C.

import (
	"os"
	"os/signal"
	"syscall"
)

func catch(all []syscall.Signal) (next func() syscall.Signal, err error) {
	ch := make(chan os.Signal, 64)
	for _, sig := range all {
		if !signal.Ignored(sig) {
			signal.Notify(ch, sig)
		}
	}
	return func() syscall.Signal { return (<-ch).(syscall.Signal) }, nil
}

func defaultAction(sig syscall.Signal) { signal.Reset(sig) }
