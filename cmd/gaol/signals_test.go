//go:build unix

package main

// These tests send signals to a gaol without a terminal, and look at what is left when it has ended.

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started runs a script that prints a line when it is ready.
func started(t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	c := command(append([]string{"run"}, args...)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q %v", line, err)
	}
	return c, r
}

func TestSignalsAreForwarded(t *testing.T) {
	needSandbox(t)
	for name, sig := range map[string]syscall.Signal{"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT,
		"TERM": syscall.SIGTERM, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH} {
		c, out := started(t, "--system", "--process", "sh", "-c", "trap 'echo got "+name+"; exit 5' "+name+"; echo ready; while :; do sleep 0.05; done")
		_ = c.Process.Signal(sig)
		if line, err := out.ReadString('\n'); line != "got "+name+"\n" {
			t.Errorf("%s: %q %v", name, line, err)
		}
		_ = c.Wait()
		if c.ProcessState.ExitCode() != 5 {
			t.Errorf("%s: %v", name, c.ProcessState)
		}
	}
}

func TestASignalThatEndsTheProgramIsItsStatus(t *testing.T) {
	needSandbox(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		c, _ := started(t, "--system", "sh", "-c", "echo ready; exec sleep 100")
		_ = c.Process.Signal(sig)
		_ = c.Wait()
		if got := c.ProcessState.ExitCode(); got != 128+int(sig) {
			t.Errorf("%v: %v", sig, c.ProcessState)
		}
	}
}

func TestASignalThatTheProgramIgnoresDoesNotEndGaol(t *testing.T) {
	needSandbox(t)
	c, out := started(t, "--system", "--process", "sh", "-c", "trap '' TERM; echo ready; sleep 0.5; echo on")
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Process.Signal(syscall.SIGTERM)
	if line, _ := out.ReadString('\n'); line != "on\n" {
		t.Fatal(line)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestASignalThatGaolsCallerIgnoresStaysIgnored(t *testing.T) {
	needSandbox(t)
	c := exec.Command("sh", "-c", "trap '' HUP; exec gaol run --system --process sh -c 'echo ready; sleep 0.5; echo on'")
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	_, _ = r.ReadString('\n')
	_ = c.Process.Signal(syscall.SIGHUP)
	if line, _ := r.ReadString('\n'); line != "on\n" {
		t.Fatal(line)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestAStopIsForwardedWithoutATerminalAndSoIsTheContinue(t *testing.T) {
	onLinux(t, "/proc tells whether a process is stopped")
	needSandbox(t)
	// In a session of its own gaol would be an orphaned group, which SIGTSTP does not stop.
	c := exec.Command(gaolPath, "run", "--system", "--process", "sh", "-c", "echo ready; while :; do echo tick; sleep 0.05; done")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	var ticks int
	lines := make(chan struct{}, 10000)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- struct{}{}
		}
	}()
	drain := func(d time.Duration) (n int) {
		for end := time.After(d); ; {
			select {
			case <-lines:
				n++
			case <-end:
				return n
			}
		}
	}
	<-lines
	_ = c.Process.Signal(syscall.SIGTSTP)
	eventually(t, "gaol is stopped", func() bool { return state(c.Process.Pid) == "T" })
	drain(200 * time.Millisecond)
	if ticks = drain(300 * time.Millisecond); ticks != 0 {
		t.Fatalf("the program goes on: %d", ticks)
	}
	_ = c.Process.Signal(syscall.SIGCONT)
	eventually(t, "the program goes on", func() bool { return drain(100*time.Millisecond) > 0 })
}

func TestAStopThatNobodyCouldEndDoesNotLast(t *testing.T) {
	needSandbox(t)
	c, out := started(t, "--system", "--process", "sh", "-c", "echo ready; while read x; do :; done; while :; do echo tick; sleep 0.05; done")
	_ = c.Process.Signal(syscall.SIGTSTP)
	time.Sleep(100 * time.Millisecond)
	if line, err := out.ReadString('\n'); line != "tick\n" {
		t.Fatal(line, err)
	}
}

// state is the letter of /proc/PID/stat.
func state(pid int) string {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest[:min(1, len(rest))]
}

func TestSIGKILLOfGaolLeavesNothing(t *testing.T) {
	onLinux(t, "a pid namespace ends with its init")
	needSandbox(t)
	arg := unique()
	c := command("run", "--system", "--process", "sh", "-c", "trap '' TERM HUP INT; setsid sleep "+arg+" & sleep "+arg+"9 & wait")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sleeps run", func() bool { return running(arg) && running(arg+"9") })
	_ = c.Process.Kill()
	_ = c.Wait()
	eventually(t, "the sleeps are gone", func() bool { return !running(arg) && !running(arg+"9") })
}

func TestTheEndOfTheProgramLeavesNothing(t *testing.T) {
	onLinux(t, "/proc tells what runs; tests/everywhere asks the same by a pipe")
	needSandbox(t)
	arg := unique()
	gaolRun(t, "--system", "--process", "sh", "-c", "setsid sleep "+arg+" & sleep 0.1").mustBe(t, 0, "")
	if running(arg) {
		t.Fatal("a process is left")
	}
}
