//go:build linux && cgo

package gaol

// This file reads what the init tells. Any number of threads may wait for that at once; one at a time reads, in its own thread, and whoever stops
// waiting leaves the next one what has been read so far. The descriptors must not be closed while somebody reads, nor read afterwards.

import (
	"encoding/binary"
	"math"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// records are the init's, and what they have told.
type records struct {
	turn   chan struct{} // is full while somebody reads; whose turn it is has the rest
	status int           // the pipe that they come from; closed by last
	over   bool          // there are no more
	state  *ProcessState
}

func newRecords(pid, status int) records {
	return records{turn: make(chan struct{}, 1), status: status,
		state: &ProcessState{pid: pid, code: -1, sig: unix.SIGKILL, lost: true, sys: syscall.WaitStatus(unix.SIGKILL), rusage: &syscall.Rusage{}}}
}

// take waits until it is the caller's turn, for so long at most.
func (r *records) take(limit time.Duration) bool {
	select {
	case r.turn <- struct{}{}:
		return true
	default:
	}
	if limit <= 0 {
		return false
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r.turn <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (r *records) leave() { <-r.turn }

// last reads all of them.
func (c *child) last(stopped func(syscall.Signal)) *ProcessState {
	c.turn <- struct{}{}
	defer c.leave()
	c.read(time.Time{}, stopped)
	_ = unix.Close(c.status)
	return c.state
}

// ended reads them for so long at most, and says whether that were all.
func (c *child) ended(limit time.Duration, stopped func(syscall.Signal)) (bool, error) {
	if limit < 0 {
		limit = math.MaxInt64
	}
	until := time.Now().Add(limit)
	if !c.take(limit) { // who reads may not have run since the init ended
		return c.gone(), nil
	}
	defer c.leave()
	c.read(until, stopped)
	return c.over, nil
}

// gone says whether the init has ended, or all that is left for it to do is that.
func (c *child) gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pidfd < 0 {
		return true
	}
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(c.pidfd), Events: unix.POLLIN}}, 0)
	return n > 0
}

// read reads until the init has told how the program ended, or has ended itself, or the time has come; the zero time never does. A record is
// one write below PIPE_BUF. The end of the pipe alone does not tell: a process that this one forked meanwhile holds the other end, too.
func (c *child) read(until time.Time, stopped func(syscall.Signal)) {
	var buf []byte
	for !c.over {
		var left *unix.Timespec
		if !until.IsZero() {
			t := unix.NsecToTimespec(int64(max(0, time.Until(until))))
			left = &t
		}
		// in this order: what the kernel finds ended first had written before
		p := []unix.PollFd{{Fd: int32(c.pidfd), Events: unix.POLLIN}, {Fd: int32(c.status), Events: unix.POLLIN}}
		n, err := unix.Ppoll(p, left, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err == nil && n == 0:
			return
		case err != nil || p[1].Revents == 0:
			c.over = true
			return
		}
		if buf == nil {
			buf = make([]byte, statusSize)
		}
		n, err = unix.Read(c.status, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n < statusSize {
			c.over = true
			return
		}
		c.told(buf, stopped)
	}
}

// The record of csrc/plan.h, struct gaol_status.
const (
	statusSize = 16 + 9*8

	statusExited    = 1
	statusStopped   = 2
	statusContinued = 3

	blockUnit = 512 // of ru_inblock and ru_oublock (linux/task_io_accounting_ops.h)
)

// told takes a record in.
func (c *child) told(record []byte, stopped func(syscall.Signal)) {
	ws := unix.WaitStatus(binary.NativeEndian.Uint32(record[4:]))
	switch binary.NativeEndian.Uint32(record) {
	case statusStopped:
		if stopped != nil {
			stopped(ws.StopSignal())
			_ = c.signal(unix.SIGCONT)
		}
	case statusTold:
		c.state.told(record)
	case statusExited:
		c.state.decode(record, ws)
		c.over = true
	}
}

func (s *ProcessState) decode(b []byte, ws unix.WaitStatus) {
	s.lost = false
	if ws.Exited() {
		s.code, s.sig = ws.ExitStatus(), 0
	} else {
		s.sig, s.core = ws.Signal(), ws.CoreDump()
	}
	s.sys = syscall.WaitStatus(ws)
	s.deny()
	ne := binary.NativeEndian
	word := func(i int) int64 { return int64(ne.Uint64(b[16+i*8:])) }
	s.killed, s.by = int(ne.Uint32(b[8:])), by(ne.Uint32(b[12:]))
	s.usage = Usage{
		User: time.Duration(word(0)) * time.Microsecond, System: time.Duration(word(1)) * time.Microsecond, MaxRSS: word(2) * 1024,
		MinorFaults: word(3), MajorFaults: word(4), BlockRead: word(5) * blockUnit, BlockWritten: word(6) * blockUnit,
		VoluntarySwitches: word(7), InvoluntarySwitches: word(8),
	}
	s.rusage = &syscall.Rusage{Utime: syscall.NsecToTimeval(word(0) * 1000), Stime: syscall.NsecToTimeval(word(1) * 1000), Maxrss: word(2), Minflt: word(3), Majflt: word(4),
		Inblock: word(5), Oublock: word(6), Nvcsw: word(7), Nivcsw: word(8)}
}
