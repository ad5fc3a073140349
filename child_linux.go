//go:build linux && cgo

package gaol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/csrc"
	"golang.org/x/sys/unix"
)

// child is a running sandbox: its init, and the pipe on which the init tells how the program ended.
type child struct {
	pid    int
	mu     sync.Mutex // guards pidfd: -1 after the end
	pidfd  int
	status int
	dying  *counter // of the sandbox: inits that are ending
	// shared says that the init lives in this process's namespaces: killing it alone would leave what it started.
	shared bool
	group  *group // nil: none
	// program is its descriptor, where shared; -1: none. It is for when the init is killed from outside.
	program int
	cause   End         // why this process has ended it; EndUnknown: it has not
	backup  *time.Timer // kills an init that does not end
}

// programOf opens the program of an init in this process's namespaces; -1 if it has ended, or its parent cannot be seen.
func programOf(s csrc.Spawned) int {
	fd, err := unix.PidfdOpen(s.Program, 0)
	if err != nil {
		return -1
	}
	// its parent tells that the number is not another's by now
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(s.Program) + "/stat")
	_, rest, ok := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	fields := strings.Fields(rest)
	if err != nil || !ok || len(fields) < 2 || fields[1] != strconv.Itoa(s.Pid) {
		_ = unix.Close(fd)
		return -1
	}
	return fd
}

func (c *child) signal(s syscall.Signal) error {
	if s == unix.SIGSTOP {
		return os.NewSyscallError("kill", errors.New("SIGSTOP would stop the init and not the program; send SIGTSTP"))
	}
	if s == unix.SIGKILL {
		return c.end(EndCanceled)
	}
	if s == csrc.InitEnd {
		return os.NewSyscallError("kill", errors.New("SIGSTKFLT asks the init to end everything; send SIGKILL"))
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

// stubborn is how long an init may take to end everything before it is killed itself, and with it what it knows of the program. Only one
// that was stopped from outside takes so long.
const stubborn = time.Second

// end ends everything in the sandbox and remembers why. The init does it, which then tells what the program has used.
func (c *child) end(cause End) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pidfd < 0 {
		return os.ErrProcessDone
	}
	if c.cause == EndUnknown {
		c.cause = cause
	}
	err := csrc.End(c.pidfd)
	if err == unix.ESRCH {
		return os.ErrProcessDone
	}
	if !c.shared && c.backup == nil { // else it would end alone
		c.backup = time.AfterFunc(stubborn, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.pidfd >= 0 {
				_ = unix.PidfdSendSignal(c.pidfd, unix.SIGKILL, nil, 0)
			}
		})
	}
	return err
}

// The record of csrc/plan.h, struct gaol_status.
const (
	statusSize = 16 + 9*8

	statusExited    = 1
	statusStopped   = 2
	statusContinued = 3

	blockUnit = 512 // of ru_inblock and ru_oublock (linux/task_io_accounting_ops.h)
)

// wait reads the init's records up to the last. Everything that the program left behind has then been killed and reaped, and all that
// the init still does is to end: to take down the mounts takes it as long as a whole exec, so nobody waits for that but Close.
func (c *child) wait(stopped func(syscall.Signal)) (*ProcessState, error) {
	state := &ProcessState{pid: c.pid, code: -1, sig: unix.SIGKILL, lost: true, sys: syscall.WaitStatus(unix.SIGKILL), rusage: &syscall.Rusage{}}
	c.records(state, stopped)
	_ = unix.Close(c.status)
	c.mu.Lock()
	pidfd := c.pidfd
	c.pidfd = -1
	if c.backup != nil {
		c.backup.Stop()
	}
	state.end = endOf(state, c.cause)
	c.mu.Unlock()
	over := c.group.end(state)
	options := unix.WNOHANG
	if state.lost { // killed from outside: its end is the end of what was in there, too
		options = 0
		if c.program >= 0 { // but for the program in these namespaces: that it ends with its parent it can undo (see self.go)
			_ = unix.PidfdSendSignal(c.program, unix.SIGKILL, nil, 0)
		}
	}
	if c.program >= 0 {
		_ = unix.Close(c.program)
		c.program = -1
	}
	err := reap(pidfd, options)
	if err == errDying {
		c.dying.add(1)
		go func() {
			_ = reap(pidfd, 0)
			_ = unix.Close(pidfd)
			c.dying.add(-1)
		}()
		return state, over
	}
	_ = unix.Close(pidfd)
	if err == nil {
		err = over
	}
	return state, err
}

var errDying = errors.New("still dying")

// reap waits for the init by its descriptor: its number may be another's, if something in this process waits for any child (a thread
// in wait4(-1), an ignored SIGCHLD) and has taken the init already.
func reap(pidfd, options int) error {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WALL|options, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ECHILD:
			return nil
		case err != nil:
			return os.NewSyscallError("waitid", err)
		case options&unix.WNOHANG != 0 && info.Signo == 0:
			return errDying
		}
		return nil
	}
}

// records reads what the init writes until it has told how the program ended, or has ended itself. A record is one write below
// PIPE_BUF. The end of the pipe alone does not tell: a process that this one forked meanwhile holds the other end, too.
func (c *child) records(state *ProcessState, stopped func(syscall.Signal)) {
	buf := make([]byte, statusSize)
	for state.lost {
		// in this order: what the kernel finds ended first had written before
		p := []unix.PollFd{{Fd: int32(c.pidfd), Events: unix.POLLIN}, {Fd: int32(c.status), Events: unix.POLLIN}}
		if _, err := unix.Poll(p, -1); err != nil {
			if err == unix.EINTR {
				continue
			}
			return
		}
		if p[1].Revents == 0 {
			return
		}
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
			if stopped != nil {
				stopped(ws.StopSignal())
				_ = c.signal(unix.SIGCONT)
			}
		case statusTold:
			state.told(buf)
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
