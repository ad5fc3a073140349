//go:build linux && cgo

package linuxplan

// What is compiled is what the core accepts: every golden plan and many random ones go through Encode and the check of csrc, whole and
// split into the stages that are encoded apart.

import (
	"testing"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"pgregory.net/rapid"
)

func accepted(t interface {
	Helper()
	Fatalf(string, ...any)
}, p plan.Plan) {
	t.Helper()
	for _, part := range []plan.Plan{p, p.Only(plan.Build), p.Only(plan.Init, plan.Program, plan.Confine)} {
		b, err := part.Encode()
		if err == nil {
			err = csrc.Check(b)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, part)
		}
	}
}

func TestTheCoreAcceptsTheGoldenPlans(t *testing.T) {
	for _, c := range goldenProfiles {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(hostLines), c.landlock)
			h.Mounts = c.mounts
			accepted(t, compile(t, resolve(t, h, c.ops...), h))
		})
	}
}

func TestTheCoreAcceptsARandomPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		h := host(f, rapid.IntRange(0, 7).Draw(t, "landlock"))
		h.Mounts = anyMounts(t, f)
		p, err := policy.Resolve(anyProfile(t, f), h)
		if err != nil {
			return
		}
		accepted(t, compile(t, p, h))
	})
}

func TestTheCoreAcceptsRandomRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		f["/run"], f["/run/s"] = "/", "socket"
		h := rulesHost(f, rapid.IntRange(2, 11).Draw(t, "ABI"))
		h.Mounts = anyMounts(t, f)
		p, err := policy.Resolve(anyRuledProfile(t, f), h)
		if err != nil {
			return
		}
		accepted(t, compile(t, p, h))
	})
}
