//go:build linux && cgo

package gaol

// Limits.Instructions with another event in the place of the processor's: page faults, which every kernel counts. All but the number of the event
// is then as it is with instructions.

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol/internal/perf"
	"golang.org/x/sys/unix"
)

func countingPageFaults(t *testing.T) {
	t.Helper()
	event := perf.Event{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_PAGE_FAULTS}
	if reason, _ := event.Check(); reason != "" {
		t.Skip(reason)
	}
	before := retired
	retired = event
	t.Cleanup(func() { retired = before })
}

// countedIn runs a shell in each engine that works here.
func countedIn(t *testing.T, limits Limits, script string, check func(t *testing.T, c *Cmd, err error)) {
	for engine, options := range map[string][]Option{
		"namespace": {WithEngine(EngineNamespace), System(), ProcessCreate()},
		"landlock":  {WithEngine(EngineLandlock), BestEffort(System()), FileReadMetadata(Subpath("/")), ProcessCreate()},
	} {
		t.Run(engine, func(t *testing.T) {
			p, err := NewProfile(options...)
			if err != nil {
				t.Fatal(err)
			}
			s, err := New(p)
			if errors.Is(err, ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			c := s.Command(t.Context(), "/bin/sh", "-c", script)
			c.Dir, c.Limits = "/", &limits
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			err = c.Run()
			check(t, c, err)
		})
	}
}

func TestAllThatACommandStartsIsCountedAndNothingOfOurs(t *testing.T) {
	countingPageFaults(t)
	var one int64
	countedIn(t, Limits{Instructions: 1 << 40}, "exit 0", func(t *testing.T, c *Cmd, err error) {
		if err != nil {
			t.Fatal(err)
		}
		u := c.Report().Usage
		if one = u.Instructions; one < 20 || one > u.MinorFaults+u.MajorFaults {
			t.Errorf("%d counted, %d faults: before its execve it has some, too", one, u.MinorFaults)
		}
	})
	countedIn(t, Limits{Instructions: 1 << 40}, "sh -c 'exit 0'; (sh -c 'exit 0' & sh -c 'exit 0' &) ; sleep 0.1", func(t *testing.T, c *Cmd, err error) {
		if n := c.Report().Usage.Instructions; err != nil || n < 3*one {
			t.Errorf("%d of five programs, %d of one; %v", n, one, err)
		}
	})
}

func TestAtItsLimitOfInstructionsACommandEnds(t *testing.T) {
	countingPageFaults(t)
	const limit = 3000
	fork := "while :; do (:); done"
	for _, script := range []string{fork, "(setsid sh -c '" + fork + "' &); sleep 60"} {
		countedIn(t, Limits{Instructions: limit, Wall: time.Minute}, script, func(t *testing.T, c *Cmd, err error) {
			n := c.Report().Usage.Instructions
			if c.ProcessState.End() != EndInstructions || err == nil || err.Error() != "signal: killed (instructions limit 3000)" || n <= limit {
				t.Errorf("%v, %v, %d counted", c.ProcessState.End(), err, n)
			}
		})
	}
	countedIn(t, Limits{Instructions: 1}, "exit 0", func(t *testing.T, c *Cmd, err error) {
		if c.ProcessState.End() != EndInstructions || err == nil {
			t.Errorf("one that ends before anybody looks: %v, %v", c.ProcessState.End(), err)
		}
	})
}

func TestInstructionsWithoutACounterAreRefused(t *testing.T) {
	if reason, _ := retired.Check(); reason == "" {
		t.Skip("this host counts instructions")
	}
	p, err := NewProfile(System())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(p)
	if err != nil {
		t.Skip(err)
	}
	defer s.Close()
	c := s.Command(t.Context(), "/bin/true")
	c.Limits = &Limits{Instructions: 1e9}
	var refused *UnsupportedError
	if err := c.Run(); !errors.As(err, &refused) || refused.Operations[0].Operation != "Limits.Instructions" || refused.Operations[0].Mechanism != "hardware counter (PMU)" || refused.Operations[0].Fix == "" {
		t.Errorf("got %v", err)
	}
	if p, err = p.With(Limit(Limits{Instructions: 1e9})); err != nil {
		t.Fatal(err)
	}
	if _, err := New(p); !errors.As(err, &refused) || refused.Operations[0].Mechanism != "hardware counter (PMU)" {
		t.Errorf("got %v", err)
	}
}
