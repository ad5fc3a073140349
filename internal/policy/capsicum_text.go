package policy

import (
	"fmt"
	"strings"
)

// capsicumText is a policy for capability mode as text: the form of the golden files.
func capsicumText(p *Policy) string {
	var b strings.Builder
	c := &p.Capsicum
	fmt.Fprintf(&b, "engine: %s\n", p.Engine)
	for _, m := range p.Mechanisms {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	fmt.Fprintf(&b, "program: %s\n", c.Program)
	b.WriteString("descriptors:\n")
	for _, g := range c.Grants {
		fmt.Fprintf(&b, "  %q", g.Path)
		for _, n := range g.Names {
			if n != g.Path {
				fmt.Fprintf(&b, " as %q", n)
			}
		}
		fmt.Fprintf(&b, ": %s", g.Rights)
		for _, w := range []struct {
			ok   bool
			text string
		}{{g.Dir, "and below"}, {g.Library, "libraries"}, {g.Listen, "sockets bound"}, {g.Fixed, "nothing moved out"}} {
			if w.ok {
				b.WriteString(", " + w.text)
			}
		}
		fmt.Fprintf(&b, "  (%s)\n", g.Why)
	}
	if c.Preload != "" {
		fmt.Fprintf(&b, "preload: %q\n", c.Preload)
	}
	fmt.Fprintf(&b, "sockets: %s\n", [...]string{"none can be made", "can be made"}[b2i(c.Sockets)])
	fmt.Fprintf(&b, "processes: %s\n", [...]string{"threads only", "may be created"}[b2i(p.Processes)])
	for _, f := range p.Limits.held() {
		fmt.Fprintf(&b, "limit: %s %s  (%s)\n", f.Key, f.Text, f.by)
	}
	fmt.Fprintf(&b, "denied system call: %s\n", [...]string{"errno", "SIGTRAP"}[b2i(p.Kill)])
	for _, g := range p.Gaps {
		fmt.Fprintf(&b, "gap: %s: %s\n", g.Operation, g.Detail)
	}
	return b.String()
}
