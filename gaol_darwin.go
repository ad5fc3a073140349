//go:build cgo

package gaol

// This file is macOS: what the host can enforce, and Seatbelt's profile as a plan.

import (
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

const maxRSSUnit = 1 // of ru_maxrss (man 2 getrusage): bytes

var probe = sync.OnceValues(func() (h policy.Host, sure bool) {
	h = policy.Host{System: "macOS", Platform: policy.Darwin, FS: hostFS{}}
	if release, err := unix.Sysctl("kern.osproductversion"); err == nil {
		h.System += " " + release
	}
	h.Seatbelt = seatbelt()
	return h, true
})

func seatbelt() policy.Check {
	reason, fix := csrc.TrySeatbelt()
	return policy.Check{OK: reason == "", Reason: reason, Fix: fix}
}

func compile(p *policy.Policy, h policy.Host, m mark) (plan.Plan, error) {
	return plan.Plan{}, ErrUnsupported
}

// marked: a program that makes no processes is found by its number.
func marked(p *policy.Policy) bool { return p.Processes }

func adapt(*Sandbox, *plan.Command) (func(), error) { return func() {}, nil }

func (c *Cmd) systemGuards() []guard { return nil }

// others lists the processes that carry the command's mark. A sandbox stays on a process and all that it makes, whatever group, session or
// parent they have, and only this command's sandbox allows looking up a service that is named like the mark.
func (c *child) others() (out []int) {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.uid", syscall.Getuid())
	if err != nil {
		return nil
	}
	for _, p := range all {
		pid := int(p.Proc.P_pid)
		if pid == c.pid || p.Proc.P_stat == zombie {
			continue
		}
		if int(p.Eproc.Pgid) == c.pid || csrc.CarriesMark(pid, string(c.mark)) {
			out = append(out, pid)
		}
	}
	return out
}

const zombie = 5 // SZOMB (sys/proc.h)

// advice is what an errno of the child does not say.
func advice(f *plan.Failure) string {
	if f.Op == plan.Seatbelt && f.Errno == syscall.EPERM && csrc.InSandbox() {
		return "this process is in a sandbox already, and macOS allows no second one inside of it"
	}
	return ""
}
