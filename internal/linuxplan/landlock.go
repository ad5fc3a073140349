package linuxplan

import (
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// The file system rights of Landlock (linux/landlock.h), by the ABI that brought them.
const (
	llExecute    = 1 << 0
	llWriteFile  = 1 << 1
	llReadFile   = 1 << 2
	llReadDir    = 1 << 3
	llRemoveDir  = 1 << 4
	llRemoveFile = 1 << 5
	llMakeDir    = 1 << 7
	llMakeReg    = 1 << 8
	llMakeSock   = 1 << 9
	llMakeFifo   = 1 << 10
	llMakeSym    = 1 << 12
	llRefer      = 1 << 13 // ABI 2
	llTruncate   = 1 << 14 // ABI 3
	llIoctlDev   = 1 << 15 // ABI 5
	llResolve    = 1 << 16 // ABI 9: connect and send to a socket by its path

	llABI1 = 1<<13 - 1

	llScopeAbstractUnix = 1 << 0 // ABI 6
	llScopeSignal       = 1 << 1 // ABI 6
)

// handled is everything that the ABI knows and the profile does not leave alone: what is handled and not granted is denied.
func handled(abi int, p *policy.Policy) plan.Ruleset {
	r := plan.Ruleset{FS: llABI1, Size: 8}
	if abi >= 2 {
		r.FS |= llRefer
	}
	if abi >= 3 {
		r.FS |= llTruncate
	}
	if abi >= 4 {
		r.Size = 16
		r.Net = handledNet(abi, p)
	}
	if abi >= 5 {
		r.FS |= llIoctlDev
	}
	if abi >= 6 {
		r.Size = 24
		r.Scoped = llScopeAbstractUnix | llScopeSignal
	}
	if abi >= 9 {
		r.FS |= llResolve
	}
	return r
}

// landlockRights translates the rights of an entry. A rule for a file may not carry a right that only directories have.
func landlockRights(r policy.Rights, dir bool) uint64 {
	var bits uint64
	if r&policy.Read != 0 {
		bits |= llReadFile
		if dir {
			bits |= llReadDir
		}
	}
	if r&policy.Write != 0 {
		bits |= llWriteFile | llTruncate
		if dir {
			bits |= llRemoveDir | llRemoveFile | llMakeDir | llMakeReg | llMakeSock | llMakeFifo | llMakeSym | llRefer
		}
	}
	if r&policy.Execute != 0 {
		bits |= llExecute
	}
	if r&policy.Control != 0 {
		bits |= llIoctlDev
	}
	if r&policy.Connect != 0 {
		bits |= llResolve
	}
	return bits
}

// rule is one rule under way.
type rule struct {
	path   string
	rights uint64
	why    string
	mount  bool // something is mounted at path
}

// landlock adds a rule for each entry that grants more than what encloses it: rights add up on the way to the root, through mounts.
func (c *compiler) landlock(abi int, p *policy.Policy, places []*place) {
	ruleset := handled(abi, p)
	c.step(plan.Step{Op: plan.LandlockRuleset, Ruleset: ruleset})
	rules := group(places)
	if p.Proc != policy.NoProc {
		rules = append(rules, rule{procPath, llReadFile | llReadDir, "/proc", true})
	}
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
		s := plan.Step{Op: plan.LandlockPath, Path: r.path, N: uint32(r.rights), Why: r.why}
		if r.mount {
			s.Flags = plan.MustBeMount
		}
		c.step(s)
		r.rights |= have
		around = append(around, r)
	}
	c.ports(p, ruleset.Net)
	c.step(plan.Step{Op: plan.LandlockEnforce})
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
		case policy.Bind, policy.Private:
			rights = landlockRights(n.Rights, n.Dir)
		case policy.Ptys:
			rights = llReadFile | llWriteFile | llReadDir | llIoctlDev
		default:
			continue
		}
		rules = append(rules, rule{n.Path, rights, n.Why, n.Mount || n.Kind != policy.Bind})
		top, _, deeper := strings.Cut(n.Path[1:], "/")
		top = "/" + top
		if !deeper || n.Path == "/" {
			count[top] = -1 << 30 // the directory is an entry itself
			continue
		}
		if rights&llReadFile != 0 {
			rights |= llReadDir // the directory shows the names of what is granted in it, and no more
		}
		count[top]++
		if r := common[top]; r != nil {
			r.rights &= rights
		} else {
			common[top] = &rule{top, rights, n.Why, false}
		}
	}
	for top, r := range common {
		if count[top] > 1 && r.rights != 0 && !(len(places) > 0 && places[0].Path == "/") {
			rules = append(rules, *r)
		}
	}
	return rules
}
