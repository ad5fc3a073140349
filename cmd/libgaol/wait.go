//go:build cgo && (linux || darwin || freebsd)

package main

// This file waits for commands and ends them. gaol.Cmd.Wait is called once, by the first thread that does not mind how long it takes, in that
// thread, which costs no switch to another: one without a timeout, or one that knows that the program has ended. All others wait for that.

// #include "gaol.h"
import "C"

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// running is a command that was started.
type running struct {
	cmd     *gaol.Cmd       // nil: it was not
	ctx     context.Context // nil: without a timeout
	cancel  context.CancelFunc
	copied  bool // gaol copies what it writes, so that Wait may last longer than the program
	waiting bool // somebody is in Wait
	done    chan struct{}
	err     error // of Wait, once done
	poll    int   // for gaol_cmd_poll_fd, if polled
	polled  bool
}

// reap calls Wait. Who set waiting does.
func (c *command) reap() {
	_, err := protected(func() (int, error) { return 0, c.run.cmd.Wait() })
	var exit *gaol.ExitError
	if errors.As(err, &exit) {
		err = nil
		if c.run.ctx != nil && exit.ProcessState.Signal() == unix.SIGKILL {
			err = c.run.ctx.Err() // as os/exec has it, Wait prefers to say how the program ended
		}
	}
	c.run.cancel()
	c.closeRelays()
	c.run.err = err
	close(c.run.done)
}

const forever = time.Duration(-1)

// settling is how long a wait that is to end goes on after the end of the program, for copies that nobody holds up.
const settling = time.Millisecond

// wait waits for the end; 0 only looks.
func (c *command) wait(limit time.Duration) error {
	c.mu.Lock()
	run, freed := &c.run, c.freed
	started := run.cmd != nil
	c.mu.Unlock()
	switch {
	case !started && freed:
		return errHandle
	case !started:
		return errNoStart
	}
	until := time.Now().Add(limit)
	if limit >= 0 {
		ended, err := run.cmd.Process.Ended(limit)
		if err == nil && !ended {
			err = errTimeout
		}
		if err != nil {
			return err
		}
	}
	c.mu.Lock()
	first := !run.waiting
	run.waiting = true
	c.mu.Unlock()
	switch {
	case first && limit >= 0 && run.copied:
		go c.reap()
	case first:
		c.reap()
	}
	if limit < 0 || !run.copied {
		<-run.done
		return run.err
	}
	timer := time.NewTimer(max(time.Until(until), settling))
	defer timer.Stop()
	select {
	case <-run.done:
		return run.err
	case <-timer.C:
		return errTimeout
	}
}

// pollFD opens the descriptor that becomes readable at the end. The caller holds the lock.
func (c *command) pollFD() (int, error) {
	r := &c.run
	if r.polled {
		return r.poll, nil
	}
	fd, dup := -1, error(nil)
	err := r.cmd.Process.WithHandle(func(h uintptr) { fd, dup = duplicateFD(int(h)) })
	if err == nil {
		err = dup
	}
	if errors.Is(err, os.ErrProcessDone) { // readable at once
		fd, err = readable()
	}
	if err == nil {
		r.poll, r.polled = fd, true
	}
	return fd, err
}

// readable is a descriptor that is so forever.
func readable() (int, error) {
	r, w, err := pipe()
	if err != nil {
		return -1, err
	}
	defer closeAll(r, w)
	if _, err = unix.Write(int(w.Fd()), []byte{1}); err != nil {
		return -1, os.NewSyscallError("write", err)
	}
	return duplicateFD(int(r.Fd()))
}

// status is how it ended, as wait(2) writes it.
func (c *command) status() C.int {
	if s := c.run.cmd.ProcessState; s != nil {
		if w, ok := s.Sys().(syscall.WaitStatus); ok {
			return C.int(w)
		}
		return C.int(s.Signal()) // nobody has told: the init was killed
	}
	return -1
}

// finish waits, and tells how it ended, also where something else went wrong.
func (c *command) finish(limit time.Duration, status *C.int) error {
	err := c.wait(limit)
	if status != nil && !errors.Is(err, errTimeout) && !errors.Is(err, errNoStart) && !errors.Is(err, errHandle) {
		*status = c.status()
	}
	return err
}

//export goCmdWait
func goCmdWait(h handle, status *C.int, fault *handle) C.int {
	return call(fault, func() error {
		c, err := get[command](h)
		if err != nil {
			return err
		}
		return c.finish(forever, status)
	})
}

//export goCmdWaitTimeout
func goCmdWaitTimeout(h handle, limit C.int64_t, status *C.int, fault *handle) C.int {
	return call(fault, func() error {
		c, err := get[command](h)
		if err != nil {
			return err
		}
		if limit < 0 {
			return argument("timeout_ns is below zero")
		}
		return c.finish(time.Duration(limit), status)
	})
}

//export goCmdRun
func goCmdRun(h handle, status *C.int, fault *handle) C.int {
	return call(fault, func() error {
		c, err := get[command](h)
		if err == nil {
			err = c.start(plan{})
		}
		if err != nil {
			return err
		}
		return c.finish(forever, status)
	})
}

// begun calls f with a command that was started.
func begun(h handle, f func(c *command) (int, error)) C.int {
	return number(nil, func() (int, error) {
		c, err := get[command](h)
		if err != nil {
			return 0, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case c.freed:
			return 0, errHandle
		case c.run.cmd == nil:
			return 0, errNoStart
		}
		return f(c)
	})
}

//export goCmdPollFD
func goCmdPollFD(h handle) C.int {
	return begun(h, func(c *command) (int, error) { return c.pollFD() })
}

//export goCmdPid
func goCmdPid(h handle) C.int {
	return begun(h, func(c *command) (int, error) { return c.run.cmd.Process.Pid, nil })
}

//export goCmdSignal
func goCmdSignal(h handle, signal C.int) C.int {
	return begun(h, func(c *command) (int, error) {
		if signal < 0 || signal > 64 || syscall.Signal(signal) == unix.SIGSTOP {
			return 0, argument("SIGSTOP cannot be passed on, and others than 0 to 64 are no signals")
		}
		return 0, c.signal(syscall.Signal(signal))
	})
}

// signal makes what is no errno of the kernel the caller's fault: a signal that is not passed on.
func (c *command) signal(s syscall.Signal) error {
	if s == unix.SIGKILL {
		c.killed.Store(true)
	}
	err := c.run.cmd.Process.Signal(s)
	var errno syscall.Errno
	if err == nil || errors.Is(err, os.ErrProcessDone) || errors.As(err, &errno) {
		return err
	}
	return argument(err.Error())
}

//export goCmdKill
func goCmdKill(h handle) C.int {
	return begun(h, func(c *command) (int, error) { return 0, c.signal(unix.SIGKILL) })
}

//export goCmdReport
func goCmdReport(h handle, out, fault *handle) C.int {
	return call(fault, func() error {
		c, err := get[command](h)
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		r := &report{}
		if r.Report = c.sandbox.Report(); c.run.cmd != nil {
			r.Report = c.run.cmd.Report()
		}
		*out = put(r)
		return nil
	})
}

//export goCmdFree
func goCmdFree(h handle) C.int {
	return release(h, func(c *command) {
		c.mu.Lock()
		c.freed = true
		c.closeGiven()
		started := c.run.cmd != nil
		if started {
			_ = c.run.cmd.Process.Kill()
		}
		c.closePipes()
		c.killed.Store(true)
		c.mu.Unlock()
		if !started {
			return
		}
		_ = c.wait(forever)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.run.polled {
			_ = unix.Close(c.run.poll)
			c.run.poll, c.run.polled = -1, false
		}
	})
}
