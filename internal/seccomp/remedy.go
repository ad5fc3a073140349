// This file says of a call that was denied what would have allowed it, by the table and the call's arguments. It is advice, and must never
// be what decides.

package seccomp

import (
	"runtime"
	"slices"
	"strings"
)

// Remedy is what in a profile allows the call, of which one is enough; "" is that nothing does, or that it is allowed and another filter
// denies it. never then says why, if gaol knows.
func (c Call) Remedy() (allows, never string) {
	name := c.Name()
	if c.foreign() {
		return "", "always forbidden: a call of another machine"
	}
	var out []string
	add := func(n Need) {
		for _, op := range n.entries() {
			if !slices.Contains(out, op) {
				out = append(out, op)
			}
		}
	}
	for _, r := range refused {
		if name == "ioctl" && uint32(c.Args[1]) == r.command {
			if add(r.unless); out == nil {
				never = r.why
			}
			return strings.Join(out, " or "), never
		}
	}
	for _, g := range Groups() {
		if !slices.Contains(g.Calls, name) || !c.meets(g.any) {
			continue
		}
		if g.Need == 0 {
			return "", ""
		}
		add(g.Need)
	}
	for _, a := range additions {
		if slices.Contains(strings.Fields(a.names), name) && c.meets(a.any) {
			out = append(out, `Syscall("`+name+`")`)
		}
	}
	if out == nil {
		never = "not with these arguments"
		if standing, why := Judge(name); standing == Never || standing == Unknown {
			never = why
		}
	}
	return strings.Join(out, " or "), never
}

// foreign is whether it is a call of another machine than this one.
func (c Call) foreign() bool {
	m := machines[runtime.GOARCH]
	return c.Arch != m.audit || m.x32 && c.Nr&x32Bit != 0
}

// meets is whether one of the alternatives holds; none are no condition.
func (c Call) meets(any []checks) bool {
	return any == nil || slices.ContainsFunc(any, func(all checks) bool {
		return !slices.ContainsFunc(all, func(x check) bool { return c.Args[x.arg]&x.mask != x.value })
	})
}

// entries are operations, as a caller writes those that need no more said.
func (n Need) entries() []string {
	if n == 0 {
		return nil
	}
	out := strings.Split(n.operations(), " or ")
	for i, op := range out {
		if whole, ok := map[string]string{"ProcessCreate": "ProcessCreate()", "Trace": "Trace()", "NetworkInbound": "NetworkInbound(All)"}[op]; ok {
			out[i] = whole
		}
	}
	return out
}
