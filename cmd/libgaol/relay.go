//go:build cgo && (linux || darwin || freebsd)

package main

// This file copies what a program writes into a descriptor of the caller's, where a limit of output has gaol count it. It must not wait for a
// reader longer than the caller wants the program, and must change nothing of a descriptor that others have, too: not even that it blocks.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// relay is closed when the copying is over, so that who reads at the other end sees that as soon as without a limit.
type relay struct {
	f      *os.File
	killed *atomic.Bool // the command is: what it has written is taken soon, or lost
	once   sync.Once
}

const (
	room     = 4096 // PIPE_BUF: what a pipe takes without blocking where poll(2) says that it can be written
	tick     = 100 * time.Millisecond
	patience = time.Second
)

var errUnread = errors.New("nobody reads what the program has written")

func (r *relay) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		if err = r.ready(); err == nil {
			var k int
			k, err = r.f.Write(b[n:min(n+room, len(b))])
			n += k
		}
	}
	if pe, ok := errors.AsType[*os.PathError](err); ok { // the file has no name
		err = fmt.Errorf("gaol: hand on what the program wrote: %w", pe.Err)
	}
	return n, err
}

// ready waits until the file can be written; after a kill, only for as long as somebody may be on the way to read it.
func (r *relay) ready() error {
	raw, err := r.f.SyscallConn()
	if err != nil {
		return err
	}
	var last time.Time
	for {
		var n int
		var poll error
		err := raw.Control(func(fd uintptr) {
			n, poll = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(tick/time.Millisecond))
		})
		if err != nil || n > 0 || poll != nil && poll != unix.EINTR { // the write says what is wrong
			return err
		}
		switch {
		case !r.killed.Load():
		case last.IsZero():
			last = time.Now().Add(patience)
		case time.Now().After(last):
			return errUnread
		}
	}
}

func (r *relay) ReadFrom(from io.Reader) (int64, error) {
	defer r.close()
	n, err := io.Copy(struct{ io.Writer }{r}, from)
	if errors.Is(err, errUnread) {
		err = nil // who kills a program has asked for no more
	}
	return n, err
}

func (r *relay) close() { r.once.Do(func() { _ = r.f.Close() }) }

func (c *command) closeRelays() {
	for _, r := range c.relays {
		r.close()
	}
}
