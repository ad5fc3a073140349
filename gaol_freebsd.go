//go:build cgo

package gaol

// This file is FreeBSD.

import (
	"syscall"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

const maxRSSUnit = 1024 // of ru_maxrss (man 2 getrusage): KiB

func probe() (h policy.Host, sure bool) {
	no := policy.Check{Reason: "this build of gaol has no mechanism for this platform"}
	return policy.Host{System: "FreeBSD", Namespaces: no, Proc: no, Seccomp: no, LandlockReason: no.Reason, FS: hostFS{}}, true
}

func compile(*policy.Policy, policy.Host, string, bool) (plan.Plan, error) {
	return plan.Plan{}, ErrUnsupported
}

func marked(*policy.Policy) bool { return false }

func adapt(*Sandbox, *plan.Command) (func(), error) { return func() {}, nil }

func (c *Cmd) systemGuards() []guard { return nil }

// others is the group, by its negative number, while there is more in it than the zombie of the program.
func (c *child) others() []int {
	if syscall.Kill(-c.pid, 0) != nil {
		return nil
	}
	return []int{-c.pid}
}

func advice(*plan.Failure) string { return "" }
