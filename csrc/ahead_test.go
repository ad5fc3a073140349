//go:build linux && cgo

package csrc

// A process 1 that is made ahead of its plan: it must wait without being waited for by anybody else, and end with its caller, with a
// plan for other namespaces, and with a template that is closed before it was used.

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"golang.org/x/sys/unix"
)

func ahead(t *testing.T, namespaces uint32) *Template {
	t.Helper()
	caller, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(caller) })
	template := NoTemplate()
	t.Cleanup(template.Close)
	if err := template.Ahead(namespaces, fresh, caller); err != nil {
		t.Skipf("a process 1 with namespaces of its own is missing: %v", err)
	}
	return template
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestWhatWasMadeAheadAndIsNotUsedIsGone(t *testing.T) {
	before := descriptors(t)
	for range 20 {
		caller, _ := unix.PidfdOpen(os.Getpid(), 0)
		made := NoTemplate()
		if err := made.Ahead(template, fresh, caller); err != nil {
			t.Skipf("a process 1 with namespaces of its own is missing: %v", err)
		}
		made.Close()
		made.Close()
		_ = unix.Close(caller)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, then %d", before, after)
	}
	if err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WALL, nil); err != unix.ECHILD {
		t.Errorf("there are children: %v", err)
	}
}

func TestAPlanForOtherNamespacesGetsAnotherProcess(t *testing.T) {
	made := ahead(t, template)
	b := encoded(t, plan.Plan{Namespaces: template &^ cloneNet, Fresh: fresh, Steps: []plan.Step{{Op: plan.Seccomp, Filter: []plan.Instruction{{Code: 6, K: allowAll}}}}})
	if err := made.Load(b); err != nil {
		t.Fatal(err)
	}
	if made.ahead != nil {
		t.Error("the process with a net namespace is kept")
	}
	for range 3 { // each makes its own
		if _, err := start(t, made, 2, "/nowhere"); !isExec(err) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAPlanIsRunByTheProcessThatWaitsForIt(t *testing.T) {
	r, w, err := os.Pipe() // the first pipe brings the runtime's poller, which stays
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Close(), w.Close()
	before := descriptors(t)
	made := ahead(t, template)
	b := encoded(t, plan.Plan{Namespaces: template, Fresh: fresh, Steps: []plan.Step{{Op: plan.Hostname, Text: "ahead"},
		{Op: plan.Seccomp, Filter: []plan.Instruction{{Code: 6, K: allowAll}}}}})
	if err := made.Load(b); err != nil {
		t.Fatal(err)
	}
	s, out := run(t, made, "uname -n; cat /proc/self/net/dev | grep -c :")
	if host, devices := line(t, out), line(t, out); host != "ahead" || devices != "1" {
		t.Errorf("host name %q, %s network devices", host, devices)
	}
	if ws, _, ok := record(t, s); !ok || ws != 0 {
		t.Errorf("%v", ws)
	}
	ended(t, s)
	if after := descriptors(t); after > before+5 { // the pidfd of this process, the pipe, what run returned
		t.Errorf("%d descriptors, then %d", before, after)
	}
	if _, err := start(t, made, 2, "/nowhere"); !isExec(err) {
		t.Errorf("a second command: %v", err)
	}
}

func isExec(err error) bool {
	var f *plan.Failure
	return errors.As(err, &f) && f.Op == plan.Exec && f.Errno == unix.ENOENT
}

// The test binary runs itself, as a caller that is killed while a process 1 waits.
func TestWhatWasMadeAheadEndsWithItsCaller(t *testing.T) {
	if os.Getenv("GAOL_TEST_AHEAD") != "" {
		caller, _ := unix.PidfdOpen(os.Getpid(), 0)
		if err := NoTemplate().Ahead(template, fresh, caller); err != nil {
			_, _ = os.Stdout.WriteString("none: " + err.Error() + "\n")
			return
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(os.Getpid()) + "\n")
		time.Sleep(time.Minute)
		return
	}
	c := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$")
	c.Env = append(os.Environ(), "GAOL_TEST_AHEAD=1")
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c.Stdout = in
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	if said := line(t, out); strings.HasPrefix(said, "none: ") {
		_ = c.Wait()
		t.Skipf("a process 1 with namespaces of its own is missing: %s", said)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	// the waiting processes hold the pipe's other end: they are gone when it ends
	_ = out.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := out.Read(make([]byte, 1)); !strings.Contains(err.Error(), "EOF") {
		t.Errorf("the process made ahead still holds the pipe: %v", err)
	}
}
