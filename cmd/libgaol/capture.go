//go:build cgo && (linux || darwin || freebsd)

package main

// This file runs a command and collects what it writes. The output grows in C memory, so that there being no more of it is an error and not the
// end of the host. The input is read where the caller has it, only until gaol_cmd_capture returns.

/*
#include <stdlib.h>
#include "gaol.h"
#include "quiet.h"
*/
import "C"

import (
	"errors"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// collector is an io.Writer.
type collector struct {
	p          unsafe.Pointer
	size, room int
}

func (b *collector) Write(from []byte) (int, error) {
	if need := b.size + len(from) + 1; need > b.room { // 1: the NUL
		room := max(need, 2*b.room, 4096)
		p := C.realloc(b.p, C.size_t(room))
		if p == nil {
			return 0, errMemory
		}
		b.p, b.room = p, room
	}
	copy(unsafe.Slice((*byte)(b.p), b.room)[b.size:], from)
	b.size += len(from)
	return len(from), nil
}

// give hands what was collected to the caller.
func (b *collector) give(p **C.char, size *C.size_t) error {
	if b.p == nil {
		if b.p = C.malloc(1); b.p == nil {
			return errMemory
		}
		b.room = 1
	}
	unsafe.Slice((*byte)(b.p), b.room)[b.size] = 0
	*p, *size = give(b.p), C.size_t(b.size)
	return nil
}

//export goCmdCapture
func goCmdCapture(h handle, options *C.gaol_run_options, output *C.gaol_output, fault *handle) C.int {
	return call(fault, func() (err error) {
		got := C.gaol_output{status: -1}
		if err := outStruct(output, got, "output"); err != nil {
			return err
		}
		if uintptr(output.size) < unsafe.Sizeof(got) {
			return argument("output->size is too small for what is captured")
		}
		var o C.gaol_run_options
		if options != nil {
			if o, err = inStruct(options, unsafe.Offsetof(options.timeout_ns)+unsafe.Sizeof(options.timeout_ns), "options"); err != nil {
				return err
			}
		}
		switch {
		case o.input == nil && o.input_size > 0:
			return argument("options->input is NULL")
		case uint64(o.input_size) > 1<<46:
			return tooLarge("options->input_size is larger than any memory")
		case o.timeout_ns < 0:
			return argument("options->timeout_ns is below zero")
		}
		c, err := get[command](h)
		if err != nil {
			return err
		}
		p := plan{out: &collector{}, err: &collector{}, timeout: time.Duration(o.timeout_ns)}
		var feed feeder
		if o.input != nil {
			if feed, err = newFeeder(unsafe.Slice((*byte)(o.input), int(o.input_size))); err != nil {
				return err
			}
			p.input = feed.theirs
		}
		err = c.start(p)
		feed.started(err == nil)
		if err != nil {
			feed.stop()
			return err
		}
		err = c.finish(forever, &got.status)
		if ferr := feed.stop(); err == nil {
			err = ferr
		}
		for _, s := range []struct {
			n    int
			from *collector
			p    **C.char
			size *C.size_t
		}{{1, p.out, &got.out, &got.out_size}, {2, p.err, &got.err, &got.err_size}} {
			if c.streams[s.n].set {
				continue
			}
			if gerr := s.from.give(s.p, s.size); err == nil {
				err = gerr
			}
		}
		return errors.Join(err, outStruct(output, got, "output"))
	})
}

// feeder writes the input into a pipe.
type feeder struct {
	theirs *os.File // the program's end
	ours   *os.File
	bytes  []byte
	halt   [2]*os.File // a pipe: its second end is closed to end it
	result chan error
}

func newFeeder(b []byte) (f feeder, err error) {
	f.bytes = b
	if f.theirs, f.ours, err = pipe(); err != nil {
		return f, err
	}
	if f.halt[0], f.halt[1], err = pipe(); err == nil {
		err = os.NewSyscallError("fcntl", unix.SetNonblock(int(f.ours.Fd()), true))
	}
	if err != nil {
		f.stop()
		return f, err
	}
	return f, nil
}

// started writes what the pipe has room for, and leaves the rest to a goroutine.
func (f *feeder) started(ok bool) {
	closeAll(f.theirs)
	f.theirs = nil
	if !ok || f.ours == nil {
		return
	}
	if done, _ := f.write(); done {
		closeAll(f.ours)
		f.ours = nil
		return
	}
	f.result = make(chan error, 1)
	go func() { f.result <- f.feed() }()
}

// write says whether there is nothing more to write: all is written, or nobody reads it, which is no fault.
func (f *feeder) write() (done bool, err error) {
	for len(f.bytes) > 0 {
		n := C.quiet_write(C.int(f.ours.Fd()), unsafe.Pointer(unsafe.SliceData(f.bytes)), C.size_t(len(f.bytes)))
		switch errno := unix.Errno(-n); {
		case n >= 0:
			f.bytes = f.bytes[n:]
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return false, nil
		case errno == unix.EPIPE:
			return true, nil
		default:
			return true, os.NewSyscallError("write", errno)
		}
	}
	return true, nil
}

func (f *feeder) feed() error {
	defer f.ours.Close()
	for {
		p := []unix.PollFd{{Fd: int32(f.ours.Fd()), Events: unix.POLLOUT}, {Fd: int32(f.halt[0].Fd()), Events: unix.POLLIN}}
		if _, err := unix.Poll(p, -1); err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
		if p[1].Revents != 0 {
			return nil
		}
		if done, err := f.write(); done || err != nil {
			return err
		}
	}
}

// stop ends the writing, and returns when the caller's memory is not read any more.
func (f *feeder) stop() (err error) {
	if f.result != nil {
		closeAll(f.halt[1])
		f.halt[1] = nil
		err = <-f.result
	} else {
		closeAll(f.ours)
	}
	closeAll(f.theirs, f.halt[0], f.halt[1])
	return err
}
