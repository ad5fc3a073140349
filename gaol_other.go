//go:build !cgo || (!linux && !darwin && !freebsd)

package gaol

import (
	"os"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/internal/perf"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

func facts() (policy.Host, error) {
	h, _ := probe()
	return h, nil
}

// probe finds nothing here: New refuses every profile, and nothing runs unconfined.
func probe() (h policy.Host, sure bool) {
	no := policy.Check{Reason: "this build of gaol has no mechanism for this platform", Fix: "build with cgo, for Linux, macOS or FreeBSD"}
	return policy.Host{System: "unsupported", Namespaces: no, Proc: no, Seccomp: no, LandlockReason: no.Reason, FS: hostFS{}}, true
}

type template struct{}

func (t *template) build(policy.Policy, policy.Host) error { return ErrUnsupported }
func (t *template) ahead(bool)                             {}
func (t *template) close()                                 {}
func (t *template) String() string                         { return "" }

func (s *Sandbox) try() error { return ErrUnsupported }

func (s *Sandbox) user(c *Credential) (*plan.User, func(), error) {
	if c != nil {
		return nil, func() {}, ErrUnsupported
	}
	return nil, func() {}, nil
}

func (s *Sandbox) start(plan.Command, policy.Limits) (*child, error) { return nil, ErrUnsupported }

func ids() (uids, gids [3]int) { return uids, gids }

func groupShape(policy.Limits) string { return "" }

type child struct{ pid int }

func (c *child) signal(syscall.Signal) error { return os.ErrProcessDone }

func (c *child) withHandle(func(uintptr)) error { return os.ErrNoHandle }

func (c *child) end(End) error { return os.ErrProcessDone }

func held(uint32) plan.Limit { return plan.Limit{} }

func online() uint32 { return 1 }

func openCounter() (perf.Counter, error) { return nil, ErrUnsupported }

func limitFacts(profile.Limits, *policy.Host) {}

func (c *child) wait(func(syscall.Signal)) (*ProcessState, error) { return nil, ErrUnsupported }

func (c *child) ended(time.Duration, func(syscall.Signal)) (bool, error) { return true, nil }

func (c *Cmd) systemGuards() []guard { return nil }
