package policy

import (
	"fmt"
	"strings"
)

// jailText is a policy for a jail as text: the form of the golden files.
func jailText(p *Policy) string {
	var b strings.Builder
	j := &p.Jail
	fmt.Fprintf(&b, "engine: %s\n", p.Engine)
	for _, m := range p.Mechanisms {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	b.WriteString("view:\n")
	for _, e := range p.Entries {
		switch e.Kind {
		case Link:
			fmt.Fprintf(&b, "  %q -> %q\n", e.Path, e.Host)
			continue
		case Private:
			fmt.Fprintf(&b, "  %q: private, %s", e.Path, e.Rights)
		case Cover:
			fmt.Fprintf(&b, "  %q: denied", e.Path)
		default:
			fmt.Fprintf(&b, "  %q: %s", e.Path, e.Rights)
			if e.Host != e.Path {
				fmt.Fprintf(&b, ", from %q", e.Host)
			}
			if !e.Dir {
				b.WriteString(", a copy")
			}
			if !e.Mount {
				b.WriteString(", by what is around it")
			}
		}
		fmt.Fprintf(&b, "  (%s)\n", e.Why)
	}
	yes := func(what string, ok bool, no, words string) {
		if !ok {
			words = no
		}
		fmt.Fprintf(&b, "%s: %s\n", what, words)
	}
	yes("devices", j.Devices, "none", "null, zero, random, urandom")
	yes("addresses", j.Internet, "none", "the host's")
	yes("sockets", j.Sockets, "none can be made", "can be made")
	yes("System V IPC", j.SystemV, "none", "of the jail's own")
	yes("tracing", j.Trace, "none", "of each other")
	yes("processes", p.Processes, "threads only", "may be created")
	for _, f := range p.Limits.held() {
		fmt.Fprintf(&b, "limit: %s %s  (%s)\n", f.Key, f.Text, f.by)
	}
	for _, g := range p.Gaps {
		fmt.Fprintf(&b, "gap: %s: %s\n", g.Operation, g.Detail)
	}
	return b.String()
}
