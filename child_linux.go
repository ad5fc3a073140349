//go:build linux && cgo

package gaol

import (
	"bytes"
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
	pid   int
	mu    sync.Mutex // guards pidfd: -1 after the end
	pidfd int
	records
	dying *counter // of the sandbox: inits that are ending
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

// kind is no affair of Linux's engines.
func (c *child) kind() string { return "" }

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

// wait takes in the end. Everything that the program left behind has then been killed and reaped, and all that
// the init still does is to end: to take down the mounts takes it as long as a whole exec, so nobody waits for that but Close.
func (c *child) wait(stopped func(syscall.Signal)) (*ProcessState, error) {
	state := c.last(stopped)
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
