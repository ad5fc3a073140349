//go:build linux

package main

// These tests type at a shell with job control in a real pseudo-terminal. What the shell's user sees must never differ from
// what he would see without gaol.

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTerminalCtrlCEndsTheJobWith130(t *testing.T) {
	s := atBash(t)
	arg := unique()
	s.typed("gaol run --system sleep " + arg + "\n")
	s.asleep(arg)
	s.typed(ctrlC)
	s.prompt(130)
	s.usable()
}

func TestTerminalCtrlCReachesTheProgramAlone(t *testing.T) {
	s := atBash(t)
	s.typed("gaol run --system --process sh -c 'trap \"echo caug\"\"ht\" INT; echo rea\"\"dy; sleep 100; echo go\"\"ing on; exit 5'\n")
	s.expect("ready")
	time.Sleep(100 * time.Millisecond)
	s.typed(ctrlC)
	s.expect("caught")
	s.expect("going on")
	s.prompt(5)
	s.usable()
}

func TestTerminalCtrlBackslashEndsTheJobWith131(t *testing.T) {
	s := atBash(t)
	arg := unique()
	s.typed("gaol run --system sleep " + arg + "\n")
	s.asleep(arg)
	s.typed(ctrlBackslash)
	s.prompt(131)
	s.usable()
}

func TestTerminalCtrlZStopsAndFgResumes(t *testing.T) {
	s := atBash(t)
	s.typed("gaol run --system cat\n")
	s.typed("one\n")
	s.expect("one\r\none")
	for range 3 {
		s.typed(ctrlZ)
		s.expect("Stopped")
		s.prompt(148)
		s.usable()
		s.typed("fg\n")
		s.expect("gaol run --system cat")
		s.typed("two\n")
		s.expect("two\r\ntwo")
	}
	s.typed(ctrlD)
	s.prompt(0)
	s.usable()
}

func TestTerminalAStoppedJobMayBeKilled(t *testing.T) {
	s := atBash(t)
	arg := unique()
	s.typed("gaol run --system sleep " + arg + "\n")
	s.asleep(arg)
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.typed("kill %1; sleep 1\n") // not wait, which gives up on a job that bash still takes for stopped
	s.expect("Exit 143")
	s.prompt(0)
	if running(arg) {
		t.Fatal("the program is left")
	}
	s.usable()
}

func TestTerminalBgGoesOnAndAsksForTheTerminalWhenItReads(t *testing.T) {
	s := atBash(t)
	s.typed("gaol run --system --process sh -c 'sleep 1; echo run\"\"ning; read x; echo go\"\"t $x'\n")
	time.Sleep(300 * time.Millisecond)
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.typed("bg\n")
	s.prompt(0)
	s.expect("running")
	time.Sleep(200 * time.Millisecond)
	s.typed("jobs\n")
	s.expect("Stopped")
	s.prompt(0)
	s.usable()
	s.typed("fg\n")
	s.expect("gaol run")
	time.Sleep(200 * time.Millisecond)
	s.typed("this\n")
	s.expect("got this")
	s.prompt(0)
	s.usable()
}

func TestTerminalFgOfAJobThatRunsInTheBackground(t *testing.T) {
	s := atBash(t)
	arg := unique()
	s.typed("gaol run --system sleep " + arg + "\n")
	s.asleep(arg)
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.typed("bg\n")
	s.prompt(0)
	s.usable()
	s.typed("fg\n") // bash sends no SIGCONT to a job that runs
	s.expect("gaol run")
	time.Sleep(100 * time.Millisecond)
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.typed("fg\n")
	s.expect("gaol run")
	time.Sleep(100 * time.Millisecond)
	s.typed(ctrlC)
	s.prompt(130)
	s.usable()
}

func TestTerminalABackgroundJobDoesNotReadWhatIsTypedAtTheShell(t *testing.T) {
	s := atBash(t)
	for _, line := range []string{
		"gaol run --system --process sh -c 'READ' &\n",
		"bash -c 'gaol run --system --process sh -c \"READ\"; echo script-$?' &\n",
		"gaol run --system --process sh -c 'READ' | cat &\n",
	} {
		for _, read := range []string{"cat", "cat <&2"} {
			s.typed(strings.ReplaceAll(line, "READ", read+"; echo en\\d"))
			s.prompt(0)
			eventually(t, "the job is stopped", func() bool {
				s.typed("jobs\n")
				s.prompt(0)
				return strings.Contains(s.before, "Stopped")
			})
			s.usable()
			s.typed("fg\n")
			s.expect("gaol run")
			s.typed("to the job\n")
			s.expect("to the job") // the terminal's echo
			s.expect("to the job")
			s.typed(ctrlD)
			s.expect("end")
			s.prompt(0)
			s.usable()
		}
	}
}

// A program that has been given the terminal's foreground by a script, and one that has not asked for it, are stopped and ended
// with the script.
func TestTerminalAScriptAndItsProgramAreOneJob(t *testing.T) {
	s := atBash(t)
	for _, line := range []string{
		"bash -c 'gaol run --system --process sh -c \"echo rea\\dy; exec sleep ARG\"; echo not\"\" reached'\n",
		"bash -c 'gaol run --system --process bash -c \"echo rea\\dy; sleep ARG; :\"; echo not\"\" reached'\n",
		"bash -c 'gaol run --system --process sh -c \"read x; echo rea\\dy; exec sleep ARG\"; echo not\"\" reached'\n",
		"bash -c 'gaol run --system --process sh -c \"read x; echo rea\\dy; exec sleep ARG\" | cat; echo not\"\" reached'\n",
	} {
		arg := unique()
		s.typed(strings.ReplaceAll(line, "ARG", arg))
		if strings.Contains(line, "read x") {
			s.typed("x\n")
		}
		s.expect("ready")
		s.asleep(arg)
		for range 2 {
			s.typed(ctrlZ)
			s.expect("Stopped")
			s.prompt(148)
			s.usable()
			s.typed("fg\n")
			s.expect("bash -c")
			time.Sleep(200 * time.Millisecond)
		}
		s.typed(ctrlC)
		s.prompt(130)
		s.usable()
		if running(arg) {
			t.Fatal("the program is left")
		}
	}
}

func TestTerminalAStoppedScriptsProgramDoesNotReadWhatIsTypedAtTheShell(t *testing.T) {
	s := atBash(t)
	s.typed("bash -c 'gaol run --system --read . sh -c \"trap : TSTP; echo rea\\dy; until [ -e go ]; do :; done; while :; do read x && echo RE\\AD-\\$x; done\"; :'\n")
	s.expect("ready")
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.typed(">go\n")
	s.prompt(0)
	for range 5 {
		s.usable()
		if strings.Contains(s.before, "READ") {
			t.Fatal(s.before)
		}
	}
	s.typed("fg\n")
	s.expect("bash -c")
	s.typed("1\n")
	s.expect("READ-1")
	s.typed(ctrlZ) // the terminal is the program's now, and so is the decision
	s.typed("2\n")
	s.expect("READ-2")
	s.typed(ctrlC)
	s.prompt(130)
	s.usable()
}

func TestTerminalCtrlBackslashEndsAScriptWhoseProgramReads(t *testing.T) {
	s := atBash(t)
	s.typed("sh -c 'gaol run --system cat; echo not\"\" reached; exit 7'\n") // bash ignores SIGQUIT
	s.typed("1\n")
	s.expect("1\r\n1")
	s.typed(ctrlBackslash)
	s.prompt(131)
	s.usable()
}

func TestTerminalASignalForGaolAloneDoesNotEndTheScript(t *testing.T) {
	s := atBash(t)
	s.typed("bash -c 'gaol run --system cat; echo after-$?'\n")
	s.typed("1\n")
	s.expect("1\r\n1")
	kill := exec.Command("sh", "-c", "kill -INT $(pgrep -n -s "+fmt.Sprint(s.cmd.Process.Pid)+" -x gaol)")
	if o := finish(t, kill); o.code != 0 {
		t.Fatal(o)
	}
	s.expect("after-130")
	s.prompt(0)
	s.usable()
}

func TestTerminalThePagerOfAPipelineKeepsItsTerminal(t *testing.T) {
	if _, err := exec.LookPath("less"); err != nil {
		t.Skip("less is missing")
	}
	s := atBash(t)
	s.typed("gaol run --system --process sh -c 'seq 100; sleep 0.5; read x </dev/null; sleep 100' | less\n")
	s.expect("20")
	time.Sleep(300 * time.Millisecond)
	s.typed("q")
	time.Sleep(300 * time.Millisecond)
	s.typed(ctrlC)
	s.prompt(0)
	s.usable()
}

func TestTerminalABackgroundJobEndsWithoutTakingTheTerminal(t *testing.T) {
	s := atBash(t)
	s.typed("gaol run --system sleep 0.3 & cat\n")
	s.expect("[1]")
	s.typed("still\n") // the echo may come into the shell's own line
	s.expect("still")
	s.expect("still\r\n")
	time.Sleep(500 * time.Millisecond)
	s.typed("here\n")
	s.expect("here\r\nhere")
	s.typed(ctrlD)
	s.prompt(0)
	s.usable()
}

func TestTerminalAPipelineSharesTheTerminal(t *testing.T) {
	s := atBash(t)
	// the second of the pipeline reads the terminal while gaol runs, as a pager does
	s.typed("gaol run --system --process sh -c 'echo a; sleep 1' | (read x </dev/tty; cat; echo key-$x)\n")
	time.Sleep(400 * time.Millisecond)
	s.typed("q\n")
	s.expect("key-q")
	s.prompt(0)
	arg := unique()
	s.typed("gaol run --system sleep " + arg + " | cat; echo status-${PIPESTATUS[0]}\n")
	s.asleep(arg)
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.jobs++
	s.expect(fmt.Sprintf("<%d:", s.jobs))
	s.typed("fg\n")
	s.expect("gaol run")
	time.Sleep(100 * time.Millisecond)
	s.typed(ctrlC)
	s.prompt(130)
	s.usable()
}

func TestTerminalCtrlCEndsAScriptAndALoop(t *testing.T) {
	s := atBash(t)
	arg := unique()
	for _, line := range []string{
		"bash -c 'for i in 1 2 3; do gaol run --system sleep ARG; done; echo not\"\" reached; exit 7'\n",
		"for i in 1 2 3; do gaol run --system sleep ARG; done\n",
	} {
		s.typed(strings.ReplaceAll(line, "ARG", arg))
		s.asleep(arg)
		s.typed(ctrlC)
		s.prompt(130)
		if running(arg) {
			t.Fatal("the loop goes on")
		}
	}
	s.usable()
}

func TestTerminalCtrlZStopsAScriptAndFgResumes(t *testing.T) {
	s := atBash(t)
	s.typed("bash -c 'gaol run --system --process sh -c \"while read x; do echo got-\\$x; done\"; echo en\"\"d'\n")
	s.typed("1\n")
	s.expect("got-1")
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.usable()
	s.typed("fg\n")
	s.expect("bash -c")
	time.Sleep(100 * time.Millisecond)
	s.typed("2\n")
	s.expect("got-2")
	s.typed(ctrlD)
	s.expect("end")
	s.prompt(0)
	s.usable()
}

func TestTerminalAProgramThatIsNotFoundLeavesTheTerminalToTheShell(t *testing.T) {
	s := atBash(t)
	s.typed("gaol run --system no-such-program\n")
	s.expect("gaol: execute no-such-program")
	s.prompt(127)
	s.usable()
}

func TestTerminalAKilledGaolLeavesTheTerminalToTheShell(t *testing.T) {
	s := atBash(t)
	arg := unique()
	s.typed("(sleep 0.5; kill -9 $(pgrep -f -x '" + gaolPath + " run --system sleep " + arg + "|gaol run --system sleep " + arg + "')) & gaol run --system sleep " + arg + "\n")
	s.expect("Killed")
	s.prompt(137)
	s.usable()
	eventually(t, "the sleep is gone", func() bool { return !running(arg) })
}

func TestTerminalAShellInsideHasJobControl(t *testing.T) {
	s := atBash(t)
	s.typed("PS1='in\\076 ' gaol run --system --process --pass-env PS1 bash --norc --noediting -i\n")
	s.expect("in> ")
	s.typed("sleep 1000\n")
	time.Sleep(300 * time.Millisecond)
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.expect("in> ")
	s.typed("fg\n")
	s.expect("sleep 1000")
	time.Sleep(200 * time.Millisecond)
	s.typed(ctrlC)
	s.expect("in> ")
	s.typed("suspend\n")
	s.expect("Stopped")
	s.prompt(148)
	s.usable()
	s.typed("fg\n")
	s.expect("gaol run")
	s.typed("\necho ba\"\"ck\n")
	s.expect("back")
	s.typed("exit 3\n")
	s.prompt(3)
	s.usable()
}

func TestTerminalGaolAsTheSessionLeaderIsNotStoppedForEver(t *testing.T) {
	needSandbox(t)
	master, slave := openPty(t)
	defer master.Close()
	c := exec.Command(gaolPath, "run", "--system", "cat")
	c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	s := &session{t: t, keys: master}
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
	s.typed("one\n")
	s.expect("one\r\none")
	s.typed(ctrlZ)
	time.Sleep(200 * time.Millisecond)
	s.typed("two\n")
	s.expect("two\r\ntwo")
	s.typed(ctrlC)
	_ = c.Wait()
	if ws := c.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() || ws.Signal() != syscall.SIGINT {
		t.Fatal(c.ProcessState)
	}
}

func TestTerminalTopStartsShowsAndQuits(t *testing.T) {
	s := atBash(t)
	s.typed("gaol run --system --sysinfo --process top\n")
	s.expect("load average")
	s.typed("q")
	s.prompt(0)
	s.usable()
}

func TestTerminalViStartsEditsStopsAndQuits(t *testing.T) {
	if _, err := exec.LookPath("vi"); err != nil {
		t.Skip("vi is missing")
	}
	s := atBash(t)
	write(t, s.cmd.Dir+"/file", "some text\n", 0o644)
	s.typed("gaol run --system --sysinfo --process --read . --write . vi file\n")
	s.expect("some text")
	time.Sleep(200 * time.Millisecond)
	s.typed("inew \x1b")
	s.expect("new")
	s.typed(ctrlZ)
	s.expect("Stopped")
	s.prompt(148)
	s.usable()
	s.typed("fg\n")
	s.expect("some text")
	time.Sleep(200 * time.Millisecond)
	s.typed(":wq\r")
	s.prompt(0)
	s.usable()
	if b, _ := os.ReadFile(s.cmd.Dir + "/file"); string(b) != "new some text\n" {
		t.Fatalf("%q", b)
	}
}
