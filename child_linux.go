//go:build linux && cgo

package gaol

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a running sandbox: its init, and the pipe on which the init tells how the program ended.
type child struct {
	pid    int
	mu     sync.Mutex // guards pidfd: -1 after the end
	pidfd  int
	status int
}

func (c *child) signal(s syscall.Signal) error {
	if s == unix.SIGSTOP {
		return os.NewSyscallError("kill", errors.New("SIGSTOP would stop the init and not the program; send SIGTSTP"))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pidfd < 0 {
		return os.ErrProcessDone
	}
	err := unix.PidfdSendSignal(c.pidfd, s, nil, 0)
	if err == unix.ESRCH {
		return os.ErrProcessDone
	}
	return err
}

// The record of csrc/plan.h, struct gaol_status.
const (
	statusSize = 16 + 9*8

	statusExited    = 1
	statusStopped   = 2
	statusContinued = 3
)

// wait waits for the init and takes its last record. Only when the init is reaped is every process of the sandbox gone. The records
// are read as they come only for a caller that wants to know of stops: to wake twice at each end would cost every spawn.
func (c *child) wait(stopped func(syscall.Signal)) (*ProcessState, error) {
	state := &ProcessState{pid: c.pid, code: -1, sig: unix.SIGKILL, lost: true}
	if stopped != nil {
		c.records(state, stopped)
	}
	var ws unix.WaitStatus
	var err error
	for {
		_, err = unix.Wait4(c.pid, &ws, unix.WALL, nil)
		if err != unix.EINTR {
			break
		}
	}
	c.mu.Lock()
	_ = unix.Close(c.pidfd)
	c.pidfd = -1
	c.mu.Unlock()
	if state.lost {
		c.records(state, func(syscall.Signal) {})
	}
	_ = unix.Close(c.status)
	if err != nil {
		return state, os.NewSyscallError("wait4", err)
	}
	return state, nil
}

// records reads what the init writes until it has told how the program ended, or has ended itself. The init is the only writer, and
// a record is one write below PIPE_BUF.
func (c *child) records(state *ProcessState, stopped func(syscall.Signal)) {
	buf := make([]byte, statusSize)
	for state.lost {
		n, err := unix.Read(c.status, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n < statusSize {
			return
		}
		ws := unix.WaitStatus(binary.NativeEndian.Uint32(buf[4:]))
		switch binary.NativeEndian.Uint32(buf) {
		case statusStopped:
			stopped(ws.StopSignal())
			_ = c.signal(unix.SIGCONT)
		case statusExited:
			state.decode(buf, ws)
		}
	}
}

func (s *ProcessState) decode(b []byte, ws unix.WaitStatus) {
	s.lost = false
	if ws.Exited() {
		s.code, s.sig = ws.ExitStatus(), 0
	} else {
		s.sig, s.core = ws.Signal(), ws.CoreDump()
	}
	ne := binary.NativeEndian
	word := func(i int) int64 { return int64(ne.Uint64(b[16+i*8:])) }
	s.killed = int(ne.Uint32(b[8:]))
	s.usage = Usage{
		User: time.Duration(word(0)) * time.Microsecond, System: time.Duration(word(1)) * time.Microsecond, MaxRSS: word(2) * 1024,
		MinorFaults: word(3), MajorFaults: word(4), VoluntarySwitches: word(7), InvoluntarySwitches: word(8),
	}
}
