//go:build linux && cgo

package soak

// The same load where descriptors or processes run out: a command then does not start, and says so; afterwards everything works again.

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// recovered holds that a command of each sandbox starts.
func recovered(t *testing.T, c *cell) {
	t.Helper()
	for range 20 {
		if err := c.plain.Command(context.Background(), "true").Run(); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		if err := c.several.Command(context.Background(), "sh", "-c", "/bin/true & wait").Run(); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

// limited sets a soft limit, and returns what sets it back.
func limited(t *testing.T, resource int, soft uint64) func() {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(resource, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: soft, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(resource, &old); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACallerWithoutDescriptorsIsToldSoAndRecovers(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			c := open(t, engine)
			all := soak(t, c, each(3), []syscall.Errno{syscall.EMFILE}, func() func() { return limited(t, unix.RLIMIT_NOFILE, 150) })
			if all.refused.Load() == 0 || all.started.Load() == all.refused.Load() {
				t.Errorf("%d of %d did not start: this is no shortage, or nothing else", all.refused.Load(), all.started.Load())
			}
			recovered(t, c)
		})
	}
}

// tasks counts the threads of all processes of this user (man 2 getrlimit, RLIMIT_NPROC).
func tasks() (n uint64) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		var st unix.Stat_t
		if unix.Stat(dir, &st) == nil && int(st.Uid) == os.Geteuid() {
			threads, _ := filepath.Glob(dir + "/task/*")
			n += uint64(len(threads))
		}
	}
	return n
}

func TestACallerWithoutProcessesIsToldSoAndRecovers(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("an unprivileged user is missing: the kernel spares root (man 2 getrlimit)")
	}
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			c := open(t, engine)
			forks := map[string]bool{"daemons": true, "kill": true} // those whose shell may itself find no more
			for name, act := range acts {
				if forks[name] {
					delete(acts, name)
					defer func() { acts[name] = act }()
				}
			}
			all := soak(t, c, each(3), []syscall.Errno{syscall.EAGAIN}, func() func() { return limited(t, unix.RLIMIT_NPROC, tasks()+24) })
			if all.refused.Load() == 0 || all.started.Load() == all.refused.Load() {
				t.Errorf("%d of %d did not start: this is no shortage, or nothing else", all.refused.Load(), all.started.Load())
			}
			for what := range all.short {
				if !strings.Contains(what, "clone") && !strings.Contains(what, "create namespaces") && !strings.Contains(what, "execute") {
					t.Errorf("%q is not where processes are made", what)
				}
			}
			recovered(t, c)
		})
	}
}
