//go:build cgo && (darwin || freebsd)

package gaol

// This file is a running program where there is no init of gaol's own: the program is this process's child, and leads a process group. Its number
// must be used only while it is its own: that is until wait4 has taken its end in, which happens under the lock that every use of it takes.

import (
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/tree"
	"golang.org/x/sys/unix"
)

type child struct {
	pid        int
	mark       string // by which its processes are found; empty: by its group alone
	processes  bool   // it may make some
	mu         sync.Mutex
	reaped     bool
	descriptor int      // of the program, closed by wait; -1: none
	ending     *os.File // see withHandle; closed by wait
	spawned    csrc.Spawned
	program    string // its kind; empty: nobody asked
	place      string // of a jail: where its keeper works
	cause      End    // why this process has ended it; EndUnknown: it has not
}

// kind is that of the program, where it was looked at.
func (c *child) kind() string { return c.program }

func (c *child) signal(s syscall.Signal) error {
	if s == syscall.SIGKILL {
		return c.end(EndCanceled)
	}
	return c.reach(func() error { return syscall.Kill(c.pid, s) })
}

// reach does something to the program while its number is its own.
func (c *child) reach(do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return os.ErrProcessDone
	}
	err := do()
	if err == syscall.ESRCH {
		return os.ErrProcessDone
	}
	return err
}

// end ends the program, and all that is in its group at once, and remembers why. What has left the group wait finds.
func (c *child) end(cause End) error {
	return c.reach(func() error {
		if c.cause == EndUnknown {
			c.cause = cause
		}
		_ = syscall.Kill(-c.pid, syscall.SIGKILL) // EPERM: one of them belongs to another user; the program is still to be killed
		return syscall.Kill(c.pid, syscall.SIGKILL)
	})
}

// withHandle lends a kqueue that becomes readable when the program has ended (man 2 kqueue, EVFILT_PROC), for as long as the caller has it or
// a copy. It does not wait for what the program leaves behind, as a pidfd of Linux's init does.
func (c *child) withHandle(f func(uintptr)) error {
	return c.reach(func() error {
		if c.ending == nil {
			queue, err := unix.Kqueue()
			if err != nil {
				return os.NewSyscallError("kqueue", err)
			}
			unix.CloseOnExec(queue)
			exit := make([]unix.Kevent_t, 1)
			unix.SetKevent(&exit[0], c.pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
			exit[0].Fflags = unix.NOTE_EXIT
			if _, err := unix.Kevent(queue, exit, nil, nil); err != nil { // ESRCH: it is a zombie
				_ = unix.Close(queue)
				return err
			}
			c.ending = os.NewFile(uintptr(queue), "")
		}
		f(c.ending.Fd())
		return nil
	})
}

// ended waits for the end of the program for so long at most, and says whether it has come.
func (c *child) ended(limit time.Duration, _ func(syscall.Signal)) (bool, error) {
	fd := -1
	var dup error
	err := c.withHandle(func(queue uintptr) { fd, dup = unix.FcntlInt(queue, unix.F_DUPFD_CLOEXEC, 0) })
	switch {
	case err == os.ErrProcessDone:
		return true, nil
	case err != nil:
		return false, err
	case dup != nil:
		return false, os.NewSyscallError("fcntl", dup)
	}
	defer unix.Close(fd)
	for until := time.Now().Add(limit); ; {
		left := -1
		if limit >= 0 {
			left = 0
			if d := time.Until(until); d > 0 {
				left = int(min((d-1)/time.Millisecond+1, math.MaxInt32))
			}
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, left)
		switch {
		case n > 0:
			return true, nil
		case err != nil && err != unix.EINTR:
			return false, os.NewSyscallError("poll", err)
		case err == nil && left < math.MaxInt32:
			return false, nil
		}
	}
}

// wait returns when the program has ended, and everything that it left behind, as far as it can be found, is gone. The program stays a zombie
// meanwhile, so that its group's number is nobody else's.
func (c *child) wait(func(syscall.Signal)) (*ProcessState, error) {
	if err := csrc.Await(c.pid); err != nil {
		// somebody else in this process has waited for it: a thread in wait4(-1), an ignored SIGCHLD
		_ = c.take()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.reaped = true
		c.closeDescriptors()
		return nil, os.NewSyscallError("waitid", err)
	}
	state := &ProcessState{pid: c.pid, code: -1}
	if c.processes {
		state.killed, _ = tree.Kill(c.others, kill)
	}
	// The program is a zombie still, and what confined it no other's by that. What could not be taken away is an error beside how it ended.
	left := c.take()
	c.mu.Lock()
	defer c.mu.Unlock()
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err := syscall.Wait4(c.pid, &status, 0, &usage); err == nil {
			break
		} else if err != syscall.EINTR {
			c.reaped = true
			c.closeDescriptors()
			return nil, os.NewSyscallError("wait4", err)
		}
	}
	c.reaped = true
	c.closeDescriptors()
	state.decode(status, &usage)
	if c.cause != EndUnknown && state.sig == syscall.SIGKILL {
		state.by = byCaller
	}
	state.end = endOf(state, c.cause)
	return state, left
}

// kill ends a process of a list; one that has ended meanwhile is no failure.
func kill(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != syscall.ESRCH {
		return err
	}
	return nil
}

// take has the keeper of a jail take away what it made.
func (c *child) take() error {
	if !c.spawned.Kept() {
		return nil
	}
	if err := c.spawned.Release(c.place); err != nil {
		return &SetupError{Step: "remove the jail", Path: c.place, Err: err, Hint: "the next command in a jail tries again"}
	}
	return nil
}

func (c *child) closeDescriptors() {
	if c.descriptor >= 0 {
		_ = syscall.Close(c.descriptor)
		c.descriptor = -1
	}
	if c.ending != nil {
		_ = c.ending.Close()
		c.ending = nil
	}
}

func (s *ProcessState) decode(ws syscall.WaitStatus, u *syscall.Rusage) {
	s.sys, s.rusage = ws, u
	if ws.Exited() {
		s.code = ws.ExitStatus()
	} else {
		s.sig, s.core = ws.Signal(), ws.CoreDump()
	}
	s.usage = Usage{
		User: time.Duration(u.Utime.Nano()), System: time.Duration(u.Stime.Nano()), MaxRSS: int64(u.Maxrss) * maxRSSUnit,
		MinorFaults: int64(u.Minflt), MajorFaults: int64(u.Majflt),
		VoluntarySwitches: int64(u.Nvcsw), InvoluntarySwitches: int64(u.Nivcsw),
	}
}
