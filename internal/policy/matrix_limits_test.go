package policy

// The matrix of limits: what holds each, by whether there is a cgroup and whether there are processes, the same with either engine. The table
// is the promise, and Resolve must agree.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// The signs: r an rlimit, c a cgroup, g gaol itself, t the tmpfs, h the hardware counter, - refused. On the left one process, on the right
// many; of each first with a cgroup, then without.
const limitMatrix = `
Wall             g g   g g
CPU              r r   c -
CPU each         r r   r r
Memory           c r   c -
Memory each      r r   r r
Processes        c -   c -
Files            r r   r r
FileSize         r r   r r
Stack            r r   r r
Core             r r   r r
Output           g g   g g
Disk             t t   t t
Instructions     h h   h h
Processors       c -   c -
ReadRate         c -   c -
WriteRate        c -   c -
`

var signs = map[byte][]string{
	'r': {"RLIMIT_", "process 1 and RLIMIT_CPU"}, 'c': {"cgroup v2, "}, 'g': {"gaol's timer", "gaol's pipes"}, 't': {"the size of their tmpfs"}, 'h': {"hardware counter (PMU)"},
}

// limitRow is a limit of the table's name.
func limitRow(name string) profile.Limits {
	name, each := strings.CutSuffix(name, " each")
	l := map[string]profile.Limits{
		"Wall": {Wall: time.Second}, "CPU": {CPU: time.Second}, "Memory": {Memory: 64 * mib}, "Processes": {Processes: 5}, "Files": {Files: 64},
		"FileSize": {FileSize: 1}, "Stack": {Stack: mib}, "Core": {Core: mib}, "Output": {Output: 1}, "Disk": {Disk: 1}, "Instructions": {Instructions: 1},
		"Processors": {Processors: 0.5}, "ReadRate": {ReadRate: 1}, "WriteRate": {WriteRate: 1},
	}[name]
	l.PerProcess = each
	return l
}

func TestTheMatrixOfLimitsHolds(t *testing.T) {
	controllers := strings.Fields("cpu io memory pids")
	rows := 0
	for _, line := range strings.Split(strings.TrimSpace(limitMatrix), "\n") {
		name, cells := strings.TrimSpace(line[:16]), strings.Fields(line[16:])
		rows++
		for i, cell := range cells {
			for _, engine := range []profile.Engine{profile.EngineNamespace, profile.EngineLandlock} {
				t.Run(fmt.Sprintf("%s/%s/processes %v/cgroup %v", name, engine, i >= 2, i%2 == 0), func(t *testing.T) {
					h := cgroupHost(t, map[bool]string{true: strings.Join(controllers, " ")}[i%2 == 0])
					h.Landlock, h.Counter, h.Cores = 10, yes, yes
					p := with(limitRow(name), execute("/usr"), meta("/"))
					p.Engine = engine
					if i >= 2 {
						p.Operations = append(p.Operations, process)
					}
					holds(t, p, h, name, cell[0])
					if cell[0] == 'c' {
						needsItsController(t, p, h, name)
					}
				})
			}
		}
	}
	if rows != len((profile.Limits{}).Fields())+2 {
		t.Errorf("%d rows", rows)
	}
}

func holds(t *testing.T, p profile.Profile, h Host, name string, sign byte) {
	t.Helper()
	operation := "Limits." + strings.TrimSuffix(name, " each")
	got, err := Resolve(p, h)
	if sign == '-' {
		var lacks *UnsupportedError
		if !errors.As(err, &lacks) || len(lacks.Operations) != 1 || lacks.Operations[0].Operation != operation || lacks.Operations[0].Mechanism != "cgroup v2" ||
			lacks.Operations[0].Fix == "" || lacks.Operations[0].Detail != "version 1 is mounted" {
			t.Errorf("not refused as it should be: %v", err)
		}
		// where a cgroup would only be for all processes together, there is a way without
		if each := strings.HasPrefix(lacks.Operations[0].Fix, "PerProcess"); each != (name == "CPU" || name == "Memory") {
			t.Errorf("the fix is %s", lacks.Operations[0].Fix)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	by := ""
	for _, e := range got.Enforced {
		if e.Operation == operation {
			by = e.Mechanism
		}
	}
	if !slices.ContainsFunc(signs[sign], func(prefix string) bool { return strings.HasPrefix(by, prefix) }) {
		t.Errorf("held by %q", by)
	}
	if got.Limits.Cgroup != (sign == 'c') || strings.HasSuffix(by, " of each process") != strings.HasSuffix(name, " each") {
		t.Errorf("%s, %+v", by, got.Limits)
	}
	if got.Limits.Limits != p.Limits || (got.Limits.AddressSpace != 0) != strings.HasPrefix(by, "RLIMIT_AS") || (got.Limits.Seconds != 0) != strings.Contains(by, "RLIMIT_CPU") {
		t.Errorf("%s, %+v", by, got.Limits)
	}
	// the same, narrowed for one command; but memory of one process takes a filter of its own
	late := p
	late.Limits = profile.Limits{}
	base, err := Resolve(late, h)
	if err != nil {
		t.Fatal(err)
	}
	narrowed, err := base.WithLimits(p.Limits, h)
	if got.Limits.AddressSpace != 0 && !got.Processes {
		var lacks *UnsupportedError
		if !errors.As(err, &lacks) {
			t.Errorf("narrowed: %v", err)
		}
		return
	}
	if err != nil || narrowed.Limits != got.Limits || !slices.Equal(narrowed.Enforced, got.Enforced) {
		t.Errorf("narrowed: %+v, %v", narrowed.Limits, err)
	}
}

// needsItsController takes away each controller, of which one is needed at most. The cgroup's time is there without any.
func needsItsController(t *testing.T, p profile.Profile, h Host, name string) {
	t.Helper()
	all := h.Controllers
	var needed []string
	for _, without := range all {
		h.Controllers = slices.DeleteFunc(slices.Clone(all), func(c string) bool { return c == without })
		got, err := Resolve(p, h)
		var lacks *UnsupportedError
		switch {
		case err == nil && got.Limits.Cgroup:
		case err == nil && name == "Memory" && got.Limits.AddressSpace != 0, errors.As(err, &lacks) && lacks.Operations[0].Detail == "the controller "+without+" is not delegated":
			needed = append(needed, without)
		default:
			t.Errorf("without %s: %+v, %v", without, got.Limits, err)
		}
	}
	want := map[string]string{"Memory": "memory", "Processes": "pids", "Processors": "cpu", "ReadRate": "io", "WriteRate": "io"}[name]
	if strings.Join(needed, " ") != want {
		t.Errorf("needs %s, want %s", needed, want)
	}
}

func TestALimitWithoutItsHardwareIsRefused(t *testing.T) {
	h := cgroupHost(t, "")
	h.Counter = Check{Reason: "perf_event_open: ENOENT", Fix: "a PMU"}
	h.Cores = Check{Reason: "core_pattern hands cores to |/usr/bin/apport", Fix: "sysctl"}
	_, err := Resolve(with(profile.Limits{Instructions: 1, Core: 2}, system), h)
	var lacks *UnsupportedError
	want := []Unsupported{
		{Operation: "Limits.Instructions", Mechanism: "hardware counter (PMU)", Detail: "perf_event_open: ENOENT", Fix: "a PMU"},
		{Operation: "Limits.Core", Mechanism: "cores that are files", Detail: "core_pattern hands cores to |/usr/bin/apport", Fix: "sysctl"},
	}
	if !errors.As(err, &lacks) || !slices.Equal(lacks.Operations, want) {
		t.Errorf("%v", err)
	}
	if _, err := Resolve(with(profile.Limits{Core: 1}, system), h); err != nil {
		t.Errorf("a limit of one byte is that there is no core: %v", err)
	}
}

func TestTheTextOfAPolicyHasItsLimits(t *testing.T) {
	h := cgroupHost(t, "")
	p, err := Resolve(with(profile.Limits{Memory: 64 * mib, CPU: 1500 * time.Millisecond, Wall: time.Minute, Processors: 0}, system), h)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"limit: wall 1m0s  (gaol's timer)\n", "limit: cpu 1.5s  (process 1 and RLIMIT_CPU of 2 s)\n", "limit: memory 64 MiB  (RLIMIT_AS of 67108864 bytes)\n"} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("%q is missing in\n%s", want, p)
		}
	}
}
