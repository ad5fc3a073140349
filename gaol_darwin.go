//go:build cgo

package gaol

// This file is macOS: what the host can enforce, and Seatbelt's profile as a plan.

import (
	"errors"
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/sbpl"
	"golang.org/x/sys/unix"
)

const maxRSSUnit = 1 // of ru_maxrss (man 2 getrusage): bytes

var probe = sync.OnceValues(func() (h policy.Host, sure bool) {
	h = policy.Host{System: "macOS", Platform: policy.Darwin, FS: macFS{}}
	if release, err := unix.Sysctl("kern.osproductversion"); err == nil {
		h.System += " " + release
	}
	h.Seatbelt = seatbelt()
	h.Marks = policy.Check{OK: csrc.SandboxCheck(), Reason: "this system has no sandbox_check"}
	return h, true
})

func seatbelt() policy.Check {
	reason, fix := csrc.TrySeatbelt()
	return policy.Check{OK: reason == "", Reason: reason, Fix: fix}
}

// compile has the profile as the last step: what it denies, the steps before it may need.
func compile(p *policy.Policy, _ policy.Host, mark string, log bool) (plan.Plan, error) {
	o := sbpl.Options{Mark: mark}
	if log {
		o.Tag = mark
	}
	text, err := sbpl.Compile(p, o)
	if long := (*sbpl.TooLongError)(nil); errors.As(err, &long) {
		return plan.Plan{}, &UnsupportedError{[]Unsupported{{Operation: "the profile", Mechanism: "a compiler for so many rules", Detail: long.Error(), Fix: "directories in place of single files"}}}
	}
	if err != nil {
		return plan.Plan{}, err
	}
	return plan.Plan{Steps: []plan.Step{
		{Op: plan.Rlimit, N: rlimitCore}, // cores are written to /cores, which is no place of the program's
		{Op: plan.Limits},
		{Op: plan.Seatbelt, Text: text.Text, Params: text.Params},
	}}, nil
}

// marked: a program that makes no processes is found by its number.
func marked(p *policy.Policy) bool { return p.Processes }

func adapt(*Sandbox, *plan.Command) (func(), string, error) { return func() {}, "", nil }

// others lists the processes that carry the command's mark. A sandbox stays on a process and all that it makes, whatever group, session or
// parent they have, and only this command's sandbox allows looking up a service that is named like the mark.
func (c *child) others() (out []int) {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all") // with a Credential they are another user's
	if err != nil {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL) // the group at least, unlisted
		return nil
	}
	for _, p := range all {
		pid := int(p.Proc.P_pid)
		if pid == c.pid || p.Proc.P_stat == zombie {
			continue
		}
		if int(p.Eproc.Pgid) == c.pid || csrc.CarriesMark(pid, c.mark) {
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
