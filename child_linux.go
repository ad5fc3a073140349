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

// wait reads the init's records up to the last, then reaps the init. Only then is every process of the sandbox gone.
func (c *child) wait(stopped func(syscall.Signal)) (*ProcessState, error) {
	state := &ProcessState{pid: c.pid, code: -1, sig: unix.SIGKILL, lost: true}
	buf := make([]byte, statusSize)
	for state.lost {
		n, err := unix.Read(c.status, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n < statusSize {
			break
		}
		ne := binary.NativeEndian
		ws := unix.WaitStatus(ne.Uint32(buf[4:]))
		switch ne.Uint32(buf) {
		case statusStopped:
			if stopped != nil {
				stopped(ws.StopSignal())
				_ = c.signal(unix.SIGCONT)
			}
		case statusExited:
			state.decode(buf, ws)
		}
	}
	_ = unix.Close(c.status)
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
	if err != nil {
		return state, os.NewSyscallError("wait4", err)
	}
	return state, nil
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
