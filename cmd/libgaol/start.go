//go:build cgo && (linux || darwin || freebsd)

package main

// This file starts commands. A command is started once; whatever comes of it, the duplicates of the caller's descriptors are closed then.

// #include "gaol.h"
import "C"

import (
	"context"
	"fmt"
	"io"
	"os"
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
	cmd.Umask = c.umask
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
	if ctx != nil {
		context.AfterFunc(ctx, func() { c.killed.Store(true) })
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
			r := &relay{f: s.file, killed: &c.killed}
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

// connect opens what the streams lead to.
func (c *command) connect(p plan) (err error) {
	for n := range c.streams {
		s := &c.streams[n]
		switch {
		case n == 0 && p.input != nil:
			closeAll(s.file)
			s.file, err = duplicate(int(p.input.Fd()))
		case s.how == C.GAOL_STDIO_INHERIT && s.set:
			s.file, err = inherited(n)
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

// inherited is what a program that this process executes would have as its stream n. What is closed on exec it would not; and where the host has closed
// one of its streams, something of gaol's or of the Go runtime's may have got its number, such as the epoll instance whose events that takes for addresses.
func inherited(n int) (*os.File, error) {
	f, err := duplicate(n)
	if flags, ferr := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0); ferr != nil || flags&unix.FD_CLOEXEC != 0 {
		closeAll(f)
		return nil, made(C.GAOL_ERROR_ARGUMENT, unix.EBADF, fmt.Sprintf("stream %d of this process is closed, or close-on-exec: no program inherits it", n))
	}
	return f, err
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
