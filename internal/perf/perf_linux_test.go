package perf

import (
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// pageFaults are counted by every kernel, so that all but the processor's part is tried where the processor has no counters.
var pageFaults = Event{unix.PERF_TYPE_SOFTWARE, unix.PERF_COUNT_SW_PAGE_FAULTS}

func TestWhatAThreadStartsIsCountedAndNothingElse(t *testing.T) {
	if reason, _ := pageFaults.Check(); reason != "" {
		t.Skip(reason)
	}
	started := make(chan *exec.Cmd)
	counted := make(chan Counter)
	go func() {
		runtime.LockOSThread()
		c, err := pageFaults.Open()
		if err != nil {
			t.Error(err)
		}
		cmd := exec.Command("sh", "-c", "read x; (true); ls / >/dev/null")
		stdin, _ := cmd.StdinPipe()
		if err := cmd.Start(); err != nil {
			t.Error(err)
		}
		counted <- c
		started <- cmd
		_, _ = stdin.Write([]byte("x\n"))
	}()
	c, cmd := <-counted, <-started
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read()
	if err != nil || n < 100 {
		t.Errorf("%d page faults of three programs, %v", n, err)
	}
	if err := exec.Command("ls", "/").Run(); err != nil {
		t.Fatal(err)
	}
	if again, _ := c.Read(); again != n {
		t.Errorf("%d, and %d after another program that the thread did not start", n, again)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for _, c := range []struct {
		err              error
		paranoid         string
		reason, fix, not string
	}{
		{unix.ENOENT, "2", "no such counter in this processor", "virtual PMU", "paranoid"},
		{unix.ENODEV, "2", "no such counter in this processor", "virtual PMU", "paranoid"},
		{unix.EOPNOTSUPP, "2", "no such counter in this processor", "virtual PMU", "paranoid"},
		{unix.ENOSYS, "", "no perf_event_open", "CONFIG_PERF_EVENTS", "PMU"},
		{unix.EACCES, "3", "perf_event_paranoid is 3", "perf_event_paranoid=2", "container"},
		{unix.EPERM, "4", "perf_event_paranoid is 4", "perf_event_paranoid=2", "container"},
		{unix.EACCES, "2", "permission denied", "a seccomp profile", "paranoid"},
		{unix.EPERM, "-1", "not permitted", "a seccomp profile", "paranoid"},
		{unix.EMFILE, "2", "too many open files", "", "PMU"},
	} {
		reason, fix := explain(c.err, c.paranoid)
		if !strings.Contains(reason, c.reason) || !strings.Contains(fix, c.fix) || strings.Contains(reason+fix, c.not) {
			t.Errorf("%v with %q: %q, %q", c.err, c.paranoid, reason, fix)
		}
	}
	if reason, fix := Instructions.Check(); (reason == "") != (fix == "") {
		t.Errorf("of this host: %q, %q", reason, fix)
	}
}

func TestTimeThatWasLentIsMadeUpFor(t *testing.T) {
	for _, c := range []struct{ count, enabled, running, want uint64 }{
		{7, 0, 0, 7}, {7, 5, 5, 7}, {10, 4, 2, 20}, {1 << 62, 3, 2, 1<<62 + 1<<61},
	} {
		if n, err := scale(c.count, c.enabled, c.running); n != c.want || err != nil {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
	}
	for _, c := range []struct{ count, enabled, running uint64 }{{0, 5, 0}, {1, 2, 3}, {1 << 63, 1 << 63, 1}} {
		if _, err := scale(c.count, c.enabled, c.running); !errors.Is(err, ErrLost) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
