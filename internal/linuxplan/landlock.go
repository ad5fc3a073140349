package linuxplan

import (
	"maps"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// handled is everything that the ABI knows and the profile does not leave alone: what is handled and not granted is denied.
func handled(abi int, p *policy.Policy) plan.Ruleset {
	r := plan.Ruleset{Size: landlock.Size(abi)}
	r.FS, r.Net, r.Scoped = landlock.Known(abi)
	if p.Inbound {
		r.Net &^= landlock.BindTCP | landlock.BindUDP
	}
	if p.Outbound {
		r.Net &^= landlock.ConnectTCP | landlock.ConnectUDP
		if !p.Has(landlock.BindTCP|landlock.BindUDP) && !p.LocalListen {
			r.Net &^= landlock.BindUDP // the filter has no bind, and the kernel binds what sends
		}
	}
	return r
}

// landlockRights translates the rights of an entry. A rule for a file may not carry a right that only directories have.
func landlockRights(r policy.Rights, dir bool) uint64 {
	var bits uint64
	for _, t := range []struct {
		right        policy.Rights
		file, inside uint64
	}{
		{policy.Read, landlock.ReadFile, landlock.ReadDir},
		{policy.Write, landlock.WriteFile | landlock.Truncate, landlock.RemoveDir | landlock.RemoveFile | landlock.MakeDir | landlock.MakeReg |
			landlock.MakeSock | landlock.MakeFifo | landlock.MakeSym | landlock.Refer},
		{policy.Execute, landlock.Execute, 0},
		{policy.Ioctl, landlock.IoctlDev, 0},
		{policy.Connect, landlock.ResolveUnix, 0},
	} {
		if r&t.right != 0 {
			bits |= t.file
			if dir {
				bits |= t.inside
			}
		}
	}
	return bits
}

// rule is one rule under way.
type rule struct {
	path   string
	rights uint64
	why    string
	flags  uint16
}

// landlock makes the rules of a view.
func (c *compiler) landlock(abi int, p *policy.Policy, places []*place) {
	rules := group(places)
	if p.Proc != policy.NoProc {
		rules = append(rules, rule{procPath, landlock.ReadFile | landlock.ReadDir, "/proc", plan.MustBeMount})
	}
	c.rules(ruleOps{plan.LandlockRuleset, plan.LandlockPath, plan.LandlockPort}, handled(abi, p), p, rules)
	c.step(plan.Step{Op: plan.LandlockEnforce})
}

// ruleOps are the steps of a ruleset.
type ruleOps struct{ ruleset, path, port plan.Op }

// rules adds a step for each rule that grants more than what encloses it: rights add up on the way to the root, through mounts.
func (c *compiler) rules(ops ruleOps, ruleset plan.Ruleset, p *policy.Policy, rules []rule) {
	c.step(plan.Step{Op: ops.ruleset, Ruleset: ruleset})
	slices.SortStableFunc(rules, func(a, b rule) int { return policy.ByPath(a.path, b.path) })
	var around []rule // those that enclose the current one, each with the sum of rights
	for _, r := range rules {
		for len(around) > 0 && !below(r.path, around[len(around)-1].path) {
			around = around[:len(around)-1]
		}
		r.rights &= ruleset.FS
		var have uint64
		if len(around) > 0 {
			have = around[len(around)-1].rights
		}
		if r.rights&^have == 0 {
			continue
		}
		c.step(plan.Step{Op: ops.path, Path: r.path, N: uint32(r.rights), Flags: r.flags, Why: r.why})
		r.rights |= have
		around = append(around, r)
	}
	c.ports(ops.port, ruleset, p)
}

// ports adds a step for each port; rules of one port add up.
func (c *compiler) ports(op plan.Op, ruleset plan.Ruleset, p *policy.Policy) {
	rights, why := map[uint16]uint64{}, map[uint16]string{}
	if p.Outbound && ruleset.Net&landlock.BindUDP != 0 {
		rights[0] = landlock.BindUDP // what sends from no port yet is bound to one
	}
	for _, port := range p.Ports {
		if rights[port.Number] == 0 {
			why[port.Number] = port.Why
		}
		rights[port.Number] |= port.Rights & ruleset.Net
	}
	for _, number := range slices.Sorted(maps.Keys(rights)) {
		if rights[number] != 0 {
			c.step(plan.Step{Op: op, Port: number, N: uint32(rights[number]), Why: why[number]})
		}
	}
}

// group returns the rules, with one more for each directory of the plan's own root that lies right below "/" and holds several
// entries: what is granted to all of them is granted there once, since nothing else is in it. Every spawn builds its ruleset anew (a
// rule names an inode, and a private /tmp or a /proc has none before), so each rule saved is saved each time.
func group(places []*place) []rule {
	var rules []rule
	common := map[string]*rule{}
	count := map[string]int{}
	for _, n := range places {
		var rights uint64
		switch n.Kind {
		case policy.Bind, policy.Private, policy.Mqueue:
			rights = landlockRights(n.Rights, n.Dir)
		case policy.Ptys:
			rights = landlock.ReadFile | landlock.WriteFile | landlock.ReadDir | landlock.IoctlDev
		default:
			continue
		}
		var flags uint16
		if n.Mount || n.Kind != policy.Bind {
			flags = plan.MustBeMount
		}
		rules = append(rules, rule{n.Path, rights, n.Why, flags})
		top, _, deeper := strings.Cut(n.Path[1:], "/")
		top = "/" + top
		if !deeper || n.Path == "/" {
			count[top] = -1 << 30 // the directory is an entry itself
			continue
		}
		if rights&landlock.ReadFile != 0 {
			rights |= landlock.ReadDir // the directory shows the names of what is granted in it, and no more
		}
		count[top]++
		if r := common[top]; r != nil {
			r.rights &= rights
		} else {
			common[top] = &rule{top, rights, n.Why, 0}
		}
	}
	for top, r := range common {
		if count[top] > 1 && r.rights != 0 && !(len(places) > 0 && places[0].Path == "/") {
			rules = append(rules, *r)
		}
	}
	return rules
}
