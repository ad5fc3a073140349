//go:build linux && cgo

package csrc

// Spawns without namespaces, of plans made by hand: what an init in its caller's namespaces tells, and that it ends everything that it
// has to, however it is asked to. That a program without namespaces is confined is for other tests.

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"golang.org/x/sys/unix"
)

const allowAll = 0x7fff0000 // SECCOMP_RET_ALLOW

// sharedPlan is a plan for the caller's namespaces; with scoped its init may kill what the program leaves behind.
func sharedPlan(scoped bool) plan.Plan {
	p := plan.Plan{}
	if scoped {
		p.Steps = append(p.Steps, plan.Step{Op: plan.Scope})
	}
	p.Steps = append(p.Steps, plan.Step{Op: plan.NoNewPrivs}, plan.Step{Op: plan.DropCaps, Flags: plan.CapsHeld},
		plan.Step{Op: plan.SeccompSelf, Filter: []plan.Instruction{{Code: 6, K: allowAll}}},
		plan.Step{Op: plan.Seccomp, Filter: []plan.Instruction{{Code: 6, K: allowAll}}})
	return p
}

// shared is that, built.
func shared(t *testing.T, scoped bool) *Template {
	t.Helper()
	b, err := sharedPlan(scoped).Encode()
	if err != nil {
		t.Fatal(err)
	}
	template, err := Build(b)
	if err == nil {
		err = template.Load(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(template.Close)
	return template
}

// needScope skips where the kernel's Landlock has no scope for signals.
func needScope(t *testing.T) {
	t.Helper()
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || abi < 6 {
		t.Skipf("Landlock ABI 6 is missing: %d, %v", abi, errno)
	}
}

// run starts a shell's script; what it prints comes from the file that is returned.
func run(t *testing.T, template *Template, script string) (Spawned, *os.File) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	t.Cleanup(func() { _ = out.Close() })
	s, err := start(t, template, int(in.Fd()), "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(s.Pidfd); _ = unix.Close(s.Status) })
	return s, out
}

func start(t *testing.T, template *Template, out int, argv ...string) (Spawned, error) {
	t.Helper()
	return startIn(t, template, -1, out, argv...)
}

func startIn(t *testing.T, template *Template, cgroup, out int, argv ...string) (Spawned, error) {
	t.Helper()
	c, err := plan.Command{Argv: argv, Env: []string{"PATH=/usr/bin:/bin"}, Candidates: argv[:1], FDs: []int{out, out, 2}, Dir: "/", TTY: -1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	caller, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(caller)
	return template.Spawn(c, int(image(t).Fd()), caller, cgroup)
}

// record reads the init's word about the program's end: how it ended, and how many were left. It is gone without a word: ok is false.
func record(t *testing.T, s Spawned) (ws unix.WaitStatus, left uint32, ok bool) {
	t.Helper()
	b := make([]byte, 256)
	n, err := unix.Read(s.Status, b)
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return 0, 0, false
	}
	return unix.WaitStatus(binary.NativeEndian.Uint32(b[4:])), binary.NativeEndian.Uint32(b[8:]), true
}

// ended waits for the init itself.
func ended(t *testing.T, s Spawned) {
	t.Helper()
	if err := unix.Waitid(unix.P_PIDFD, s.Pidfd, nil, unix.WEXITED|unix.WALL, nil); err != nil {
		t.Fatal(err)
	}
}

// gone says that no process has this number any more, or soon will not: a killed child waits for whoever reaps it.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 500 {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

func line(t *testing.T, f *os.File) string {
	t.Helper()
	var out []byte
	b := make([]byte, 1)
	for {
		n, err := f.Read(b)
		if n == 0 || err != nil || b[0] == '\n' {
			return string(out)
		}
		out = append(out, b[0])
	}
}

func TestAProgramInTheCallersNamespacesEndsAsItDoes(t *testing.T) {
	for _, scoped := range []bool{false, true} {
		if scoped {
			needScope(t)
		}
		template := shared(t, scoped)
		s, out := run(t, template, "echo $PPID; exit 3")
		text, _ := io.ReadAll(out)
		ws, left, ok := record(t, s)
		if strings.TrimSpace(string(text)) != strconv.Itoa(s.Pid) || !ok || ws.ExitStatus() != 3 || left != 0 {
			t.Errorf("scoped %v: %q, init %d, %v, %d left", scoped, text, s.Pid, ws, left)
		}
		ended(t, s)
	}
}

func TestWhatAProgramLeavesBehindIsKilled(t *testing.T) {
	needScope(t)
	// a child, one that lost its parent, and one in a session of its own
	s, out := run(t, shared(t, true), `sleep 1000 & echo $!; (sleep 1000 & echo $!); setsid sleep 1000 & sleep 0.1; echo $!`)
	var pids []int
	for range 3 {
		pid, err := strconv.Atoi(line(t, out))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if ws, left, ok := record(t, s); !ok || ws != 0 || left != 3 {
		t.Errorf("%v, %d left", ws, left)
	}
	ended(t, s)
	for _, pid := range pids {
		gone(t, pid)
	}
}

func TestAllEndsWhenTheCallerAsksForIt(t *testing.T) {
	for _, scoped := range []bool{false, true} {
		script := "echo $$; echo 1; exec sleep 1000"
		if scoped {
			needScope(t)
			script = `echo $$; setsid sleep 1000 & echo $!; trap "" TERM INT; kill -STOP $$`
		}
		s, out := run(t, shared(t, scoped), script)
		program, _ := strconv.Atoi(line(t, out))
		other, _ := strconv.Atoi(line(t, out))
		if err := End(s.Pidfd); err != nil {
			t.Fatal(err)
		}
		if ws, _, ok := record(t, s); !ok || !ws.Signaled() || ws.Signal() != unix.SIGKILL {
			t.Errorf("it told %v, %v", ws, ok)
		}
		ended(t, s)
		gone(t, program)
		if other > 1 {
			gone(t, other)
		}
		if err := End(s.Pidfd); err != unix.ESRCH {
			t.Errorf("asked again: %v", err)
		}
	}
}

func TestASignalReachesTheProgramAndNotTheInit(t *testing.T) {
	s, out := run(t, shared(t, false), `trap "echo got it; exit 4" TERM; echo ready; while :; do sleep 0.01; done`)
	line(t, out)
	if err := unix.PidfdSendSignal(s.Pidfd, unix.SIGTERM, nil, 0); err != nil {
		t.Fatal(err)
	}
	if got := line(t, out); got != "got it" {
		t.Errorf("got %q", got)
	}
	if ws, _, ok := record(t, s); !ok || ws.ExitStatus() != 4 {
		t.Errorf("%v", ws)
	}
	ended(t, s)
}

func TestAKilledInitTakesTheProgramAlong(t *testing.T) {
	s, out := run(t, shared(t, false), "echo $$; exec sleep 1000")
	program, _ := strconv.Atoi(line(t, out))
	if err := unix.PidfdSendSignal(s.Pidfd, unix.SIGKILL, nil, 0); err != nil {
		t.Fatal(err)
	}
	ended(t, s)
	gone(t, program)
}

// The proof that kill(-1) of such an init stops at its sandbox: it is made to kill, and a process beside it of the same user lives on.
func TestTheInitKillsNothingOutside(t *testing.T) {
	needScope(t)
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, unix.SIGUSR1)
	defer signal.Stop(ignored)
	bystander, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bystander.Kill(); _, _ = bystander.Wait() }()
	sibling, _ := run(t, shared(t, true), "exec sleep 1000")
	s, out := run(t, shared(t, true), `for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; kill -9 -1 2>/dev/null; echo $?`)
	line(t, out)
	record(t, s)
	ended(t, s)
	if err := bystander.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the bystander: %v", err)
	}
	if err := unix.Waitid(unix.P_PIDFD, sibling.Pidfd, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil); err != nil {
		t.Errorf("the sibling: %v", err)
	}
	if err := End(sibling.Pidfd); err != nil {
		t.Errorf("the sibling: %v", err)
	}
	ended(t, sibling)
}

func TestAProgramThatIsNotThereLeavesNothing(t *testing.T) {
	template := shared(t, false)
	_, err := start(t, template, 2, "/nowhere")
	var f *plan.Failure
	if !errors.As(err, &f) || f.Op != plan.Exec || f.Errno != unix.ENOENT {
		t.Errorf("got %v", err)
	}
}
