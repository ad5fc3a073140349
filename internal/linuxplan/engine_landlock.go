package linuxplan

import (
	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// compileRules lays out the steps of the landlock engine: nothing is built, the program stays in the caller's namespaces, and all that
// is done is done by each spawn, in the program's own process.
func compileRules(p policy.Policy, h policy.Host) plan.Plan {
	c := &compiler{}
	if p.Processes {
		c.step(plan.Step{Op: plan.Scope, Why: "ProcessCreate()"})
	}
	c.limits(h)
	c.step(plan.Step{Op: plan.NoNewPrivs})
	c.step(plan.Step{Op: plan.DropCaps, Flags: plan.CapsHeld})
	var rules []rule
	if p.Proc != policy.NoProc {
		rules = append(rules, rule{procPath + "/self", landlock.ReadFile | landlock.ReadDir, "/proc", plan.FollowSelf})
	}
	for _, e := range p.Entries {
		if bits := landlockRights(e.Rights, e.Dir); bits != 0 {
			rules = append(rules, rule{e.Path, bits, e.Why, 0})
		}
	}
	c.rules(h.Landlock, &p, rules)
	c.step(plan.Step{Op: plan.SeccompSelf})
	c.step(plan.Step{Op: plan.Seccomp})
	return c.plan
}
