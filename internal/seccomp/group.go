// This file is the shape of the table: groups of calls, each with its reason, and checks of arguments. The table is data and only
// ever adds; nothing here may take away what another group allows, so that a filter can be read group by group.

package seccomp

import "slices"

// Group is one entry of the table: calls that stand or fall together.
type Group struct {
	Name      string
	Why       string
	Calls     []string // by name; those an architecture does not have are left out
	Condition string   // on the arguments, in words; "" is none
	Need      Need
	Absent    bool // answered with ENOSYS, under Kill too, instead of allowed
	any       []checks
}

// check holds when argument arg, masked, is value.
type check struct {
	arg         uint
	mask, value uint64
}

// checks must all hold; libseccomp takes each argument once at most.
type checks []check

// is compares what the kernel takes for an int. The upper half of the register is the program's to choose and the kernel drops it,
// so a comparison of 64 bits is evaded by setting it (CVE-2019-10063 of Flatpak).
func is(arg uint, value uint32) check { return masked(arg, 0xffffffff, value) }

func masked(arg uint, mask, value uint32) check { return check{arg, uint64(mask), uint64(value)} }

// imply is whether other holds wherever c does, as far as the bits of single arguments say.
func (c checks) imply(other checks) bool {
	for _, o := range other {
		implied := false
		for _, x := range c {
			implied = implied || x.arg == o.arg && x.mask&o.mask == o.mask && x.value&o.mask == o.value
		}
		if !implied {
			return false
		}
	}
	return true
}

// oneOf is one alternative for each value of an argument.
func oneOf(arg uint, values ...uint32) []checks {
	var out []checks
	for _, v := range values {
		out = append(out, checks{is(arg, v)})
	}
	return out
}

// Groups returns the table, for documentation; the copy is the caller's.
func Groups() []Group {
	var out []Group
	for _, part := range [][]Group{base(), files(), running(), conditional(), network(), absent()} {
		for _, g := range part {
			g.Calls = slices.Clone(g.Calls)
			out = append(out, g)
		}
	}
	return out
}

// unified numbers the calls that libseccomp 2.5.4 does not know. All architectures number alike from 424 on (Linux 5.1,
// scripts/syscall.tbl), so what a filter allows does not hang on the libseccomp it was compiled with.
var unified = map[string]int32{
	"cachestat": 451, "fchmodat2": 452, "map_shadow_stack": 453, "futex_wake": 454, "futex_wait": 455, "futex_requeue": 456,
	"statmount": 457, "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460, "lsm_list_modules": 461, "mseal": 462,
	"setxattrat": 463, "getxattrat": 464, "listxattrat": 465, "removexattrat": 466,
}
