package linuxplan

import (
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

const reads = landlock.ReadFile | landlock.ReadDir

// compileRules lays out the steps of the landlock engine: the program stays in the caller's namespaces. The ruleset is built once, so that
// what a spawn costs does not grow with the rules, and a path means what lay there then, as with the view of the other engine.
func compileRules(p policy.Policy, h policy.Host) plan.Plan {
	c := &compiler{}
	var rules []rule
	if p.Proc != policy.NoProc {
		rules = append(rules, rule{procPath, reads, "/proc", 0}) // see ownProc
	}
	for _, e := range p.Entries {
		if bits := landlockRights(e.Rights, e.Dir); bits != 0 {
			rules = append(rules, rule{e.Path, bits, e.Why, 0})
		}
	}
	c.rules(onceForAll, handled(h.Landlock, &p), &p, rules)
	if p.Processes {
		c.step(plan.Step{Op: plan.Scope, Why: "ProcessCreate()"})
	}
	c.limits(h)
	c.step(plan.Step{Op: plan.NoNewPrivs})
	c.step(plan.Step{Op: plan.DropCaps, Flags: plan.CapsHeld})
	c.step(plan.Step{Op: plan.LandlockKept})
	if p.Proc != policy.NoProc {
		c.ownProc(&p)
	}
	c.step(plan.Step{Op: plan.SeccompSelf})
	c.step(plan.Step{Op: plan.Seccomp})
	return c.plan
}

// ownProc leaves of /proc the program's own directory, whose number nobody knows before the spawn: a second ruleset, for reading alone,
// that has few rules. What it allows beside that it allows in whole directories below "/", since the first decides there. A move between
// directories every ruleset has to allow, also one that does not handle it (man 7 landlock, LANDLOCK_ACCESS_FS_REFER).
func (c *compiler) ownProc(p *policy.Policy) {
	rules := []rule{{procPath + "/self", reads, "/proc", plan.FollowSelf}}
	have := map[string]bool{}
	for _, e := range p.Entries {
		if e.Path == "/" && e.Rights&policy.Read != 0 {
			return // all of /proc is granted with it
		}
		r := rule{e.Path, landlock.ReadFile, e.Why, 0}
		top, _, deeper := strings.Cut(e.Path[1:], "/")
		if deeper && "/"+top != procPath {
			r.path = "/" + top
		}
		switch {
		case e.Path == "/":
			r.rights = landlock.Refer
		case e.Dir || r.path != e.Path:
			r.rights = reads | landlock.Refer
		}
		if !have[r.path] {
			have[r.path] = true
			rules = append(rules, r)
		}
	}
	slices.SortFunc(rules, func(a, b rule) int { return policy.ByPath(a.path, b.path) })
	c.rules(bySpawn, plan.Ruleset{FS: reads | landlock.Refer, Size: 8}, p, rules)
	c.step(plan.Step{Op: plan.LandlockEnforce})
}
