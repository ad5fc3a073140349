package linuxplan

import (
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

	llABI1 = 1<<13 - 1

	llBindTCP    = 1 << 0 // ABI 4
	llConnectTCP = 1 << 1 // ABI 4

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
		if !p.Inbound {
			r.Net |= llBindTCP
		}
		if !p.Outbound {
			r.Net |= llConnectTCP
		}
	}
	if abi >= 5 {
		r.FS |= llIoctlDev
	}
	if abi >= 6 {
		r.Size = 24
		r.Scoped = llScopeAbstractUnix | llScopeSignal
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
	return bits
}

// landlock adds a rule for each entry that grants more than what encloses it: rights add up on the way to the root, through mounts.
func (c *compiler) landlock(abi int, p *policy.Policy) {
	ruleset := handled(abi, p)
	c.step(plan.Step{Op: plan.LandlockRuleset, Ruleset: ruleset})
	type held struct {
		path   string
		rights uint64
	}
	var around []held
	rule := func(path string, rights uint64, why string) {
		for len(around) > 0 && !below(path, around[len(around)-1].path) {
			around = around[:len(around)-1]
		}
		rights &= ruleset.FS
		var have uint64
		if len(around) > 0 {
			have = around[len(around)-1].rights
		}
		if rights&^have != 0 {
			c.step(plan.Step{Op: plan.LandlockPath, Path: path, N: uint32(rights), Why: why})
		}
		around = append(around, held{path, rights | have})
	}
	for _, e := range p.Entries {
		switch e.Kind {
		case policy.Bind, policy.Private:
			rule(e.Path, landlockRights(e.Rights, e.Dir), e.Why)
		case policy.Ptys:
			rule(e.Path, llReadFile|llWriteFile|llReadDir|llIoctlDev, e.Why)
		}
	}
	around = nil
	if p.Proc != policy.NoProc {
		rule(procPath, llReadFile|llReadDir, "/proc")
	}
	c.step(plan.Step{Op: plan.LandlockEnforce})
}
