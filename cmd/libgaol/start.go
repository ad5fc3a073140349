//go:build cgo && (linux || darwin || freebsd)

package main

// This file starts commands. A command is started once; whatever comes of it, the duplicates of the caller's descriptors are closed then.

// #include "gaol.h"
import "C"

import (
	"context"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// plan is what gaol_cmd_capture adds to a command.
type plan struct {
	out, err *collector    // where streams 1 and 2 go that the caller has not directed
	input    *os.File      // for stream 0; closed after the start
	timeout  time.Duration // 0: none
}

// start starts the command. The caller holds no lock.
func (c *command) start(p plan) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.freed:
		return errHandle
	case c.started:
		return errStarted
	}
	c.started = true
	defer c.closeGiven()
	if c.fault != nil {
		return c.fault
	}
	var ctx context.Context
	cancel := func() {}
	if p.timeout > 0 {
		ctx, cancel = context.WithTimeout(context.Background(), p.timeout)
	}
	cmd := c.sandbox.Command(ctx, c.program)
	cmd.Args, cmd.Env, cmd.Dir, cmd.Limits, cmd.Credential, cmd.WaitDelay = c.argv, c.env, c.dir, c.limits, c.credential, c.delay
	if err := c.connect(p); err != nil {
		cancel()
		c.closePipes()
		return err
	}
	c.direct(cmd, p)
	cmd.ExtraFiles = c.extra
	if err := cmd.Start(); err != nil {
		cancel()
		c.closePipes()
		c.closeRelays()
		return err
	}
	c.run = running{cmd: cmd, ctx: ctx, cancel: cancel, done: make(chan struct{}), copied: p.out != nil || len(c.relays) > 0}
	return nil
}

// direct tells cmd where its streams lead.
func (c *command) direct(cmd *gaol.Cmd, p plan) {
	s := &c.streams
	if s[0].file != nil {
		cmd.Stdin = s[0].file
	}
	limited := c.sandbox.output || c.limits != nil && c.limits.Output > 0
	to := func(s *stream, rest *collector) io.Writer {
		switch {
		case s.file != nil && limited:
			r := &relay{f: s.file}
			if s.how == C.GAOL_STDIO_PIPE { // ours: then to close it ends a write that waits
				if fd, err := duplicateFD(int(s.file.Fd())); err == nil {
					_ = unix.SetNonblock(fd, true)
					r.f = os.NewFile(uintptr(fd), "")
					closeAll(s.file)
				}
			}
			c.relays, s.file = append(c.relays, r), nil
			return r
		case s.file != nil:
			return s.file
		case rest != nil && !s.set:
			return rest
		}
		return nil
	}
	cmd.Stdout = to(&s[1], p.out)
	if s[2].how == C.GAOL_STDIO_STDOUT {
		cmd.Stderr = cmd.Stdout
	} else {
		cmd.Stderr = to(&s[2], p.err)
	}
}

// relay is a file that gaol copies to, since it counts what the program writes. It is closed when that is over, so that who reads at the other
// end sees it as soon as without a limit.
type relay struct {
	f    *os.File
	once sync.Once
}

func (r *relay) Write(b []byte) (int, error) { return r.f.Write(b) }

func (r *relay) ReadFrom(from io.Reader) (int64, error) {
	defer r.close()
	return io.Copy(r.f, from)
}

func (r *relay) close() { r.once.Do(func() { _ = r.f.Close() }) }

// connect opens what the streams lead to.
func (c *command) connect(p plan) (err error) {
	for n := range c.streams {
		s := &c.streams[n]
		switch {
		case n == 0 && p.input != nil:
			closeAll(s.file)
			s.file, err = duplicate(int(p.input.Fd()))
		case s.how == C.GAOL_STDIO_INHERIT && s.set:
			s.file, err = duplicate(n)
		case s.how == C.GAOL_STDIO_PIPE && s.set:
			var r, w *os.File
			if r, w, err = pipe(); err != nil {
				return err
			}
			if s.file, s.ours = w, r; n == 0 {
				s.file, s.ours = r, w
			}
		}
		if err != nil {
			return err
		}
	}
	for i, f := range c.extra {
		if f == nil {
			if c.extra[i], err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// pipe is os.Pipe with ends that block, since programs get them, and out of the way of the standard descriptors, whose breaking Go takes for
// the end of the process (os/file_unix.go, epipecheck).
func pipe() (r, w *os.File, err error) {
	var fds [2]int
	if err := closedOnExec(&fds); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	for i, fd := range fds {
		if fd > 2 {
			continue
		}
		up, err := duplicateFD(fd)
		_ = unix.Close(fd)
		if fds[i] = up; err != nil {
			_ = unix.Close(fds[1-i])
			return nil, nil, err
		}
	}
	return os.NewFile(uintptr(fds[0]), ""), os.NewFile(uintptr(fds[1]), ""), nil
}

// closeRelays ends the copying; where that waits for somebody who does not read, only if it was to a pipe of ours.
func (c *command) closeRelays() {
	for _, r := range c.relays {
		r.close()
	}
}

// closeGiven closes the ends that are the program's.
func (c *command) closeGiven() {
	for n := range c.streams {
		closeAll(c.streams[n].file)
		c.streams[n].file = nil
	}
	closeAll(c.extra...)
	c.extra = nil
}

// closePipes closes the ends that nobody has taken.
func (c *command) closePipes() {
	for n := range c.streams {
		closeAll(c.streams[n].ours)
		c.streams[n].ours = nil
	}
}

//export goCmdStart
func goCmdStart(h handle, fault *handle) C.int {
	return call(fault, func() error {
		c, err := get[command](h)
		if err != nil {
			return err
		}
		return c.start(plan{})
	})
}

//export goCmdTakePipe
func goCmdTakePipe(h handle, n C.int) C.int {
	return number(nil, func() (int, error) {
		c, err := get[command](h)
		if err != nil {
			return 0, err
		}
		if n < 0 || n > 2 {
			return 0, argument("a standard stream is 0, 1 or 2")
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		f := c.streams[n].ours
		switch {
		case c.freed:
			return 0, errHandle
		case c.run.cmd == nil:
			return 0, errNoStart
		case f == nil:
			return 0, made(C.GAOL_ERROR_STATE, unix.ENOENT, "the stream has no pipe, or it has been taken")
		}
		// another descriptor, since what is an os.File ends with that
		fd, err := duplicateFD(int(f.Fd()))
		if err != nil {
			return 0, err
		}
		c.streams[n].ours = nil
		closeAll(f)
		return fd, nil
	})
}
