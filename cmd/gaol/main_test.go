//go:build unix

package main

// This file lets the test binary be gaol, by the name that it is called by, and holds what the tests share. Nothing in it may
// need the Go tool: the tests are also run by an unprivileged user who has none.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gaolPath is the command; its directory is in PATH.
var gaolPath string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "gaol" {
		main()
	}
	os.Exit(withGaol(m))
}

func withGaol(m *testing.M) int {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	bin, err := os.MkdirTemp("", "gaol-bin-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(bin)
	gaolPath = filepath.Join(bin, "gaol")
	if err := os.Symlink(self, gaolPath); err != nil {
		panic(err)
	}
	os.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) { // as in a shell's background; what is caught begins anew in a program that is executed, what is ignored stays so
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	return m.Run()
}

// needSandbox skips where no profile can be enforced, naming what is missing.
func needSandbox(t *testing.T) {
	t.Helper()
	if d := diagnose(); !d.Enforceable {
		t.Skipf("this host cannot enforce profiles: %v %s", d.Unsupported, d.Error)
	}
}

type outcome struct {
	code           int
	stdout, stderr string
}

// command is gaol without a terminal.
func command(args ...string) *exec.Cmd {
	c := exec.Command(gaolPath, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

func finish(t *testing.T, c *exec.Cmd) outcome {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

func gaolRun(t *testing.T, args ...string) outcome {
	t.Helper()
	return finish(t, command(append([]string{"run"}, args...)...))
}

func (o outcome) mustBe(t *testing.T, code int, stdout string) {
	t.Helper()
	if o.code != code || o.stdout != stdout {
		t.Fatalf("exit status %d, stdout %q; want %d, %q; stderr %q", o.code, o.stdout, code, stdout, o.stderr)
	}
}

func mustContain(t *testing.T, s string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(s, part) {
			t.Fatalf("%q is not in %q", part, s)
		}
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// unique is an argument of sleep that no other process has.
func unique() string { return fmt.Sprintf("1234.%d%d", os.Getpid(), time.Now().UnixNano()) }

// running says that a process other than gaol has the argument last.
func running(arg string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		if args := strings.Split(strings.TrimRight(string(b), "\x00"), "\x00"); len(args) == 2 && args[1] == arg {
			return true
		}
	}
	return false
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 10 seconds: %s", what)
		}
	}
}
