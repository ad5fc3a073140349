package linuxplan

import (
	"maps"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// compileRules lays out the steps of the landlock engine: the program stays in the caller's namespaces. The ruleset is built once, by the
// caller; each spawn enforces it, in the program's own process.
func compileRules(p policy.Policy, h policy.Host) plan.Plan {
	c := &compiler{}
	ops := ruleOps{plan.KeepRuleset, plan.KeepPath, plan.KeepPort}
	var rules []rule
	for _, e := range p.Entries {
		if bits := landlockRights(e.Rights, e.Dir); bits != 0 {
			rules = append(rules, rule{e.Path, bits, e.Why, 0})
		}
	}
	if p.Proc != policy.NoProc {
		rules = append(rules, rule{procPath, reading, "/proc", 0})
	}
	c.rules(ops, handled(h.Landlock, &p), &p, rules)
	if p.Processes {
		c.step(plan.Step{Op: plan.Scope, Why: "ProcessCreate()"})
	}
	c.limits(&p, h)
	c.step(plan.Step{Op: plan.NoNewPrivs})
	c.step(plan.Step{Op: plan.DropCaps, Flags: plan.CapsHeld})
	if p.Proc != policy.NoProc {
		c.narrow(&p, h.Mounts)
	}
	c.step(plan.Step{Op: plan.LandlockKept}) // the last: a domain holds a copy of all rules of the one before
	c.step(plan.Step{Op: plan.Limits})
	c.filters(&p, h)
	return c.plan
}

const reading = landlock.ReadFile | landlock.ReadDir

// narrow adds a second ruleset, which takes away what the first gives of /proc but for the process's own directory: that is there only
// when the process is. A ruleset grants what it does not take, so this one grants the directories right below "/" that anything is granted
// in; how many those are does not grow with the rules. REFER has to be granted, too: what a ruleset leaves out of that, it denies.
func (c *compiler) narrow(p *policy.Policy, mounts []policy.Mount) {
	tops := map[string]rule{}
	for _, e := range p.Entries {
		var bits uint64
		if e.Rights&policy.Read != 0 {
			bits |= reading
		}
		if e.Rights&policy.Write != 0 {
			bits |= landlock.Refer
		}
		at := top(e.Path, mounts)
		if at == e.Path && !e.Dir {
			bits &= landlock.FileRights
		}
		if bits |= tops[at].rights; bits != 0 {
			tops[at] = rule{at, bits, e.Why, 0}
		}
	}
	rules := slices.Collect(maps.Values(tops))
	for _, f := range ownProc {
		rules = append(rules, rule{procPath + "/self/" + f.name, f.rights, "/proc", plan.FollowSelf})
	}
	c.rules(ruleOps{plan.LandlockRuleset, plan.LandlockPath, plan.LandlockPort}, plan.Ruleset{FS: reading | landlock.Refer, Size: landlock.Size(policy.MinLandlock)}, &policy.Policy{}, rules)
	c.step(plan.Step{Op: plan.LandlockEnforce})
}

// ownProc is what a program may read of itself. Not the directory as a whole, nor task: the host's network, its mounts and its cgroups are
// in there.
var ownProc = []struct {
	name   string
	rights uint64
}{
	{"auxv", landlock.ReadFile}, {"cmdline", landlock.ReadFile}, {"comm", landlock.ReadFile}, {"environ", landlock.ReadFile},
	{"fd", reading}, {"fdinfo", reading}, {"limits", landlock.ReadFile}, {"maps", landlock.ReadFile},
	{"stat", landlock.ReadFile}, {"statm", landlock.ReadFile}, {"status", landlock.ReadFile},
}

// top is the first directory on the way to a path that holds no proc: the rule for /proc is for its root, wherever else that is mounted, as it
// is in many a chroot.
func top(p string, mounts []policy.Mount) string {
	for i := 1; i < len(p); i++ {
		if p[i] == '/' && !below(p[:i], procPath) && !slices.ContainsFunc(mounts, func(m policy.Mount) bool { return m.Type == "proc" && below(m.Path, p[:i]) }) {
			return p[:i]
		}
	}
	return p
}
