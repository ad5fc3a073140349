//go:build linux && cgo

package csrc

// The same table for a command: one row for each thing that its check refuses, and the accepted twins.

import (
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

func commandRows(t *testing.T) []row {
	of := func(change func(*plan.Command)) func([]byte) []byte {
		return func([]byte) []byte {
			c := fullCommand()
			change(&c)
			return encodedCommand(t, c)
		}
	}
	many := func(n int) func([]byte) []byte {
		return of(func(c *plan.Command) { c.FDs = make([]int, n) })
	}
	// word changes the n-th word of the array whose offset is in the header at field
	word := func(field, n int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { set(b, int(ne.Uint32(b[field:]))+4*n, v); return b }
	}
	toEnd := func(field int) func([]byte) []byte {
		return func(b []byte) []byte { set(b, field, uint32(len(b))); return b }
	}
	// user changes the n-th word of the credential
	user := func(n int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { set(b, int(ne.Uint32(b[cmdUser:]))+4*n, v); return b }
	}
	return []row{
		{"nothing changed", "", func(b []byte) []byte { return b }},
		{"no bytes", "no command, or one that is not aligned to 8", func([]byte) []byte { return nil }},
		{"bytes that are not aligned", "no command, or one that is not aligned to 8", func(b []byte) []byte {
			return append(alignedCopy(make([]byte, 4)), b...)[4:]
		}},
		{"a header cut short", "a size outside of the limits", func(b []byte) []byte { return b[:commandHeaderBytes-1] }},
		{"more than 64 MiB", "a size outside of the limits", func([]byte) []byte { return alignedCopy(make([]byte, 64<<20+1)) }},
		{"a plan's magic", "not a command", setAt(cmdMagic, 0x4c4f4147)},
		{"a size that is too small", "not a command", func(b []byte) []byte { set(b, cmdSize, uint32(len(b))-1); return b }},
		{"bytes behind the command", "not a command", func(b []byte) []byte { return alignedCopy(append(b, 0)) }},
		{"no arguments", "no arguments or no program", setAt(cmdArgv, 0)},
		{"no program", "no arguments or no program", setAt(cmdCandidates, 0)},
		{"no environment", "", of(func(c *plan.Command) { c.Env = nil })},
		{"2^32-1 arguments", "a table outside of the command", setAt(cmdArgv, 1<<32-1)},
		{"counts whose sum wraps around", "a table outside of the command", func(b []byte) []byte {
			set(b, cmdArgv, 1<<31)
			set(b, cmdEnv, 1<<31)
			return b
		}},
		{"counts whose bytes wrap around", "a table outside of the command", setAt(cmdEnv, 1<<30)},
		{"a table at an odd offset", "a table outside of the command", setAt(cmdTable, commandHeaderBytes+2)},
		{"a table past the end", "a table outside of the command", setAt(cmdTable, 1<<32-4)},
		{"two descriptors", "too few or too many descriptors", setAt(cmdNFDs, 2)},
		{"three descriptors", "", of(func(c *plan.Command) { c.FDs, c.TTY = c.FDs[:3], -1 })},
		{"4097 descriptors", "too few or too many descriptors", many(4097)},
		{"4096 descriptors", "", many(4096)},
		{"descriptors at an odd offset", "descriptors outside of the command", setAt(cmdFDs, commandHeaderBytes+1)},
		{"descriptors past the end", "descriptors outside of the command", setAt(cmdFDs, 1<<32-4)},
		{"descriptors that end past the end", "descriptors outside of the command", setAt(cmdNFDs, 64)},
		{"a terminal past the last", "a terminal that is not among the descriptors", setAt(cmdTTY, 4)},
		{"terminal -2", "a terminal that is not among the descriptors", setAt(cmdTTY, 1<<32-2)},
		{"a foreground of 2", "a header that contradicts itself", setAt(cmdForeground, 2)},
		{"no foreground", "", setAt(cmdForeground, 0)},
		{"a umask of 01000", "a umask that is none", setAt(cmdUmask, 0o1001)},
		{"a umask of 2^32-1", "a umask that is none", setAt(cmdUmask, 1<<32-1)},
		{"a umask of 0777", "", setAt(cmdUmask, 0o1000)},
		{"the caller's umask", "", setAt(cmdUmask, 0)},
		{"a place at the end", "options outside of the command", toEnd(cmdPlace)},
		{"a place past the end", "options outside of the command", setAt(cmdPlace, 1<<31)},
		{"17 limits", "limits outside of the command", of(func(c *plan.Command) { c.Limits = make([]plan.ResourceLimit, 17) })},
		{"16 limits", "", of(func(c *plan.Command) { c.Limits = make([]plan.ResourceLimit, 16) })},
		{"no limits", "", of(func(c *plan.Command) { c.Limits = nil })},
		{"limits that end past the end", "limits outside of the command", setAt(cmdNLimits, 16)},
		{"2^32-1 limits", "limits outside of the command", setAt(cmdNLimits, 1<<32-1)},
		{"limits at an odd offset", "limits outside of the command", setAt(cmdLimits, commandHeaderBytes+4)},
		{"limits past the end", "limits outside of the command", setAt(cmdLimits, 1<<32-8)},
		{"options at the end", "options outside of the command", toEnd(cmdDisk)},
		{"options at 2^32-1", "options outside of the command", setAt(cmdDisk, 1<<32-1)},
		{"no options", "", of(func(c *plan.Command) { c.Disk = "" })},
		{"processor time for no processor", "a limit of processor time that cannot be watched", setAt(cmdProcessors, 0)},
		{"more processor time than can be counted", "a limit of processor time that cannot be watched", setAt(cmdCPU+4, 1<<31)},
		{"no limit of processor time, and no processor", "", of(func(c *plan.Command) { c.CPU, c.Processors = 0, 0 })},
		{"no user", "", setAt(cmdUser, 0)},
		{"a user at an odd offset", "a credential outside of the command", setAt(cmdUser, commandHeaderBytes+1)},
		{"a user past the end", "a credential outside of the command", setAt(cmdUser, 1<<32-4)},
		{"a user that ends past the end", "a credential outside of the command", func(b []byte) []byte { set(b, cmdUser, uint32(len(b))&^3-4); return b }},
		{"root", "a credential of root or of nobody", user(0, 0)},
		{"uid 2^32-1", "a credential of root or of nobody", user(0, 1<<32-1)},
		{"uid 2^32-2", "", user(0, 1<<32-2)},
		{"root's group", "a credential of root or of nobody", user(1, 0)},
		{"gid 2^32-1", "a credential of root or of nobody", user(1, 1<<32-1)},
		{"root's group among the others", "a credential of root or of nobody", of(func(c *plan.Command) { c.User.Groups = []uint32{4, 0} })},
		{"no groups", "", of(func(c *plan.Command) { c.User.Groups = nil })},
		{"65536 groups", "", of(func(c *plan.Command) { c.User.Groups = slices.Repeat([]uint32{7}, 65536) })},
		{"65537 groups", "too many groups", of(func(c *plan.Command) { c.User.Groups = slices.Repeat([]uint32{7}, 65537) })},
		{"2^30 groups", "too many groups", user(2, 1<<30)},
		{"groups at an odd offset", "groups outside of the command", user(3, commandHeaderBytes+2)},
		{"groups that end past the end", "groups outside of the command", user(2, 4096)},
		{"a map at the end", "a map outside of the command", func(b []byte) []byte { return user(4, uint32(len(b)))(b) }},
		{"a map of groups at 2^32-1", "a map outside of the command", user(5, 1<<32-1)},
		{"no terminal", "", setAt(cmdTTY, 1<<32-1)},
		{"terminal 0", "", setAt(cmdTTY, 0)},
		{"a directory at the end", "a directory outside of the command", toEnd(cmdDir)},
		{"a directory at 2^32-1", "a directory outside of the command", setAt(cmdDir, 1<<32-1)},
		{"a directory without an end", "a directory outside of the command", func([]byte) []byte {
			c := fullCommand()
			c.Dir, c.User, c.Disk, c.Limits = "/only/here", nil, "", nil
			b := encodedCommand(t, c)
			at := len(b) // the last string, and the empty one, which is its end
			for at--; b[at] == 0; at-- {
				b[at] = 'x'
			}
			return b
		}},
		{"an argument outside", "a string outside of the command", word(cmdTable, 0, 1<<20)},
		{"the last candidate outside", "a string outside of the command", word(cmdTable, 4, 1<<32-1)},
		{"a descriptor below zero", "a descriptor below zero", word(cmdFDs, 0, 1<<32-1)},
		{"the last descriptor below zero", "a descriptor below zero", word(cmdFDs, 3, 1<<31)},
		{"descriptor 2^31-1", "", word(cmdFDs, 3, 1<<31-1)},
		{"a megabyte of argument", "", of(func(c *plan.Command) { c.Argv = []string{strings.Repeat("x", 1<<20)} })},
	}
}

func TestTheCommandCheckRefuses(t *testing.T) {
	tryRows(t, func() []byte { return encodedCommand(t, fullCommand()) }, CheckCommand, commandRows(t))
}

func TestABuildOfABadPlanSaysWhy(t *testing.T) {
	b := encoded(t, fullPlan())
	set(b, atVersion, 7)
	if _, err := Build(b); err == nil || err.Error() != "the plan is not valid: a plan of another version" {
		t.Errorf("got %v", err)
	}
}
