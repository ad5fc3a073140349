//go:build linux

package main

// This file is a person at a terminal: bash with job control in a pseudo-terminal, keys, and what comes to the screen. It must
// never take an old prompt for a new one.

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// session is bash at a terminal. Its prompt counts the commands, so that an old prompt is not taken for a new one.
type session struct {
	t    *testing.T
	keys *os.File
	cmd  *exec.Cmd

	mu     sync.Mutex
	seen   strings.Builder
	from   int    // what expect has not gone past yet
	before string // what expect has gone past before the text that it was to find
	jobs   int
}

func openPty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	m, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("/dev/ptmx: %v", err)
	}
	n, err := unix.IoctlGetInt(m, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(m, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(m, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := unix.Open("/dev/pts/"+strconv.Itoa(n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("/dev/pts/%d: %v", n, err)
	}
	return os.NewFile(uintptr(m), "ptmx"), os.NewFile(uintptr(s), "pts")
}

func atBash(t *testing.T) *session {
	needSandbox(t)
	t.Helper()
	master, slave := openPty(t)
	s := &session{t: t, keys: master}
	s.cmd = exec.Command("bash", "--norc", "--noprofile", "--noediting", "-i")
	s.cmd.Env = append(os.Environ(), "TERM=xterm", "PS1=<\\#:$?>", "HISTFILE=", "PROMPT_COMMAND=")
	s.cmd.Dir = t.TempDir()
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.seen.Write(b[:n])
			s.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		master.Close()
	})
	s.jobs = 1
	s.expect("<1:0>")
	return s
}

func (s *session) typed(keys string) {
	s.t.Helper()
	if _, err := s.keys.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// expect waits for the text, after what it has found before.
func (s *session) expect(text string) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		all := s.seen.String()
		if i := strings.Index(all[s.from:], text); i >= 0 {
			s.before = all[s.from : s.from+i]
			s.from += i + len(text)
			s.mu.Unlock()
			return
		}
		rest := all[s.from:]
		s.mu.Unlock()
		if time.Now().After(end) {
			s.t.Fatalf("%q did not come; seen after the last: %q", text, rest)
		}
	}
}

// prompt waits for the next prompt and the status that it shows.
func (s *session) prompt(status int) {
	s.t.Helper()
	s.jobs++
	s.expect(fmt.Sprintf("<%d:%d>", s.jobs, status))
}

// usable checks that the shell has its terminal.
func (s *session) usable() {
	s.t.Helper()
	s.typed("read x; echo got-$x\n")
	time.Sleep(50 * time.Millisecond)
	s.typed("input\n")
	s.expect("got-input")
	s.prompt(0)
}

const ctrlC, ctrlZ, ctrlD, ctrlBackslash = "\x03", "\x1a", "\x04", "\x1c"

// asleep waits until the sleep with the argument runs and has the terminal's foreground, if it is to have it.
func (s *session) asleep(arg string) {
	s.t.Helper()
	eventually(s.t, "the sleep runs", func() bool { return running(arg) })
	time.Sleep(50 * time.Millisecond)
}
