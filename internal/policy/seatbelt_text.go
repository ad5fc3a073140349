package policy

import (
	"fmt"
	"strings"
)

// seatbeltText is a policy for macOS as text: the form of the golden files.
func seatbeltText(p *Policy) string {
	var b strings.Builder
	s := &p.Seatbelt
	fmt.Fprintf(&b, "engine: %s\n", p.Engine)
	for _, m := range p.Mechanisms {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	b.WriteString("paths: the host's, with rules:\n")
	for _, g := range s.Grants {
		sign, below := "", ""
		if g.Deny {
			sign = "not "
		}
		if g.Subpath {
			below = " and below"
		}
		fmt.Fprintf(&b, "  %q%s: %s%s  (%s)\n", g.Path, below, sign, g.Rights, g.Why)
	}
	for _, p := range s.Pins {
		fmt.Fprintf(&b, "stays where it is: %q\n", p)
	}
	for _, p := range s.Held {
		fmt.Fprintf(&b, "stays where it is, with what is below: %q\n", p)
	}
	direction := map[bool]string{false: "reached", true: "listened on"}
	for _, c := range s.Sockets {
		fmt.Fprintf(&b, "socket %q: %s  (%s)\n", c.Path, direction[c.Listen], c.Why)
	}
	for _, n := range s.Ports {
		what := n.Protocol
		if n.Loopback {
			what += " at this host's addresses"
		}
		if n.Port != 0 {
			what += fmt.Sprint(" port ", n.Port)
		}
		fmt.Fprintf(&b, "network, %s: %s  (%s)\n", what, direction[n.Listen], n.Why)
	}
	for _, name := range s.Services {
		fmt.Fprintf(&b, "service: %s\n", name)
	}
	for _, w := range []struct {
		ok   bool
		text string
	}{{s.Names, "names: asked of the system"}, {s.SystemInfo, "system information: read"}, {s.Signal, "signals: within the sandbox"},
		{s.SystemV, "ipc: system-v, of the whole system"}, {s.SharedMemory, "ipc: posix-shared-memory, of the whole system"}} {
		if w.ok {
			b.WriteString(w.text + "\n")
		}
	}
	fmt.Fprintf(&b, "processes: %s\n", [...]string{"threads only", "may be created"}[b2i(p.Processes)])
	for _, f := range p.Limits.held() {
		fmt.Fprintf(&b, "limit: %s %s  (%s)\n", f.Key, f.Text, f.by)
	}
	for _, g := range p.Gaps {
		fmt.Fprintf(&b, "gap: %s: %s\n", g.Operation, g.Detail)
	}
	return b.String()
}
