// This file lists the options of prctl that act on nothing but the caller and open nothing. An option that is not here is denied;
// none may be added that names another process or changes what a tracer, the scheduler or the memory map of others sees.

package seccomp

import "strings"

// prctls are the options of linux/prctl.h. Where second is set, the second argument must be one of it.
var prctls = []struct {
	option uint32
	name   string
	second []uint32
}{
	{option: 1, name: "SET_PDEATHSIG"},
	{option: 2, name: "GET_PDEATHSIG"},
	{option: 3, name: "GET_DUMPABLE"},
	{option: 4, name: "SET_DUMPABLE"},
	{option: 7, name: "GET_KEEPCAPS"},
	{option: 15, name: "SET_NAME"},
	{option: 16, name: "GET_NAME"},
	{option: 21, name: "GET_SECCOMP"},
	{option: 22, name: "SET_SECCOMP to a filter", second: []uint32{2}},
	{option: 23, name: "CAPBSET_READ"},
	{option: 25, name: "GET_TSC"},
	{option: 27, name: "GET_SECUREBITS"},
	{option: 29, name: "SET_TIMERSLACK"},
	{option: 30, name: "GET_TIMERSLACK"},
	{option: 36, name: "SET_CHILD_SUBREAPER"},
	{option: 37, name: "GET_CHILD_SUBREAPER"},
	{option: 38, name: "SET_NO_NEW_PRIVS"},
	{option: 39, name: "GET_NO_NEW_PRIVS"},
	{option: 40, name: "GET_TID_ADDRESS"},
	{option: 41, name: "SET_THP_DISABLE"},
	{option: 42, name: "GET_THP_DISABLE"},
	{option: 47, name: "CAP_AMBIENT to ask or clear", second: []uint32{1, 4}}, // IS_SET, CLEAR_ALL
	{option: 50, name: "SVE_SET_VL"},
	{option: 51, name: "SVE_GET_VL"},
	{option: 52, name: "GET_SPECULATION_CTRL"}, // setting it could turn mitigations off
	{option: 54, name: "PAC_RESET_KEYS"},
	{option: 55, name: "SET_TAGGED_ADDR_CTRL"},
	{option: 56, name: "GET_TAGGED_ADDR_CTRL"},
	{option: 60, name: "PAC_SET_ENABLED_KEYS"},
	{option: 61, name: "PAC_GET_ENABLED_KEYS"},
	{option: 63, name: "SME_SET_VL"},
	{option: 64, name: "SME_GET_VL"},
	{option: 65, name: "SET_MDWE"},
	{option: 66, name: "GET_MDWE"},
	{option: 68, name: "GET_MEMORY_MERGE"}, // setting it shares pages with others, whose write times then tell their content
	{option: 69, name: "RISCV_V_SET_CONTROL"},
	{option: 70, name: "RISCV_V_GET_CONTROL"},
	{option: 71, name: "RISCV_SET_ICACHE_FLUSH_CTX"},
	{option: 74, name: "GET_SHADOW_STACK_STATUS"},
	{option: 75, name: "SET_SHADOW_STACK_STATUS"},
	{option: 76, name: "LOCK_SHADOW_STACK_STATUS"},
	{option: 0x53564d41, name: "SET_VMA"},
}

func prctlChecks() []checks {
	var out []checks
	for _, p := range prctls {
		if p.second == nil {
			out = append(out, checks{is(0, p.option)})
		}
		for _, v := range p.second {
			out = append(out, checks{is(0, p.option), is(1, v)})
		}
	}
	return out
}

func prctlNames() string {
	var out []string
	for _, p := range prctls {
		out = append(out, p.name)
	}
	return strings.Join(out, ", ")
}
