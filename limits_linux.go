//go:build linux && cgo

package gaol

import (
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/perf"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"golang.org/x/sys/unix"
)

// held is the limit that a program has without one of its own: this process's.
func held(resource uint32) plan.Limit {
	if resource == unix.RLIMIT_NOFILE {
		n := csrc.Nofile()
		return plan.Limit{Soft: n[0], Hard: n[1]}
	}
	var l unix.Rlimit
	if err := unix.Getrlimit(int(resource), &l); err != nil { // it has no reason to fail; then nothing may be raised
		return plan.Limit{}
	}
	return plan.Limit{Soft: l.Cur, Hard: l.Max}
}

// online is how many processors a program can use at once, which may be more than this process may: it can change its own affinity. Too many
// do no harm.
var online = sync.OnceValue(func() uint32 {
	const most = 8192 // CONFIG_NR_CPUS of x86
	b, err := os.ReadFile("/sys/devices/system/cpu/possible")
	if err != nil {
		return most
	}
	_, last, _ := strings.Cut(strings.TrimSpace(string(b)), "-")
	n, err := strconv.ParseUint(last, 10, 16)
	if err != nil && strings.TrimSpace(string(b)) != "0" {
		return most
	}
	return uint32(n) + 1
})

// retired is what Limits.Instructions counts.
var retired = perf.Instructions

func openCounter() (perf.Counter, error) { return retired.Open() }

// limitFacts finds out what only some limits need to know of the host, if they are asked for.
func limitFacts(l profile.Limits, h *policy.Host) {
	if l.Instructions != 0 {
		h.Counter = counterCheck()
	}
	if mayGroup(l) {
		groupFacts(h)
	}
}

func counterCheck() policy.Check {
	reason, fix := retired.Check()
	return policy.Check{OK: reason == "", Reason: reason, Fix: fix}
}

// systemGuards are none: process 1 watches over what the kernel does not.
func (c *Cmd) systemGuards() []guard { return nil }
