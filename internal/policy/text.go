package policy

import (
	"fmt"
	"path"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
)

// NamedCheck is one mechanism of a host, for people.
type NamedCheck struct {
	Name   string
	OK     bool
	Detail string
	Fix    string
}

// Checks lists what was probed.
func (h Host) Checks() []NamedCheck {
	if checks := platforms[h.Platform].checks; checks != nil {
		return checks(h)
	}
	group, count := h.limitChecks()
	l := Check{OK: h.Landlock > 0, Reason: h.LandlockReason, Fix: h.landlockFrom(MinLandlock)}
	return []NamedCheck{
		check("namespaces", h.Namespaces, "user, mount, pid, ipc, uts, cgroup, net; the init and the exec work"),
		check("/proc", h.Proc, "a new one can be mounted"),
		check("Landlock", l, fmt.Sprintf("ABI %d", h.Landlock)),
		check("seccomp", h.Seccomp, "filters work"),
		check(cgroupV2, group, h.controllers()),
		check(counter, count, "instructions can be counted"),
	}
}

func check(name string, c Check, ok string) NamedCheck {
	n := NamedCheck{Name: name, OK: c.OK, Detail: ok}
	if !c.OK {
		n.Detail, n.Fix = c.Reason, c.Fix
	}
	return n
}

// String is the policy as text: the view, what else is granted, and the mechanisms. Golden files have this form.
func (p Policy) String() string {
	if text := platforms[p.Platform].text; text != nil {
		return text(&p)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "engine: %s\n", p.Engine)
	for _, m := range p.Mechanisms {
		fmt.Fprintf(&b, "  %s\n", m)
	}
	if p.Engine == LandlockEngine {
		b.WriteString("view: the host's, with rules:\n")
	} else {
		b.WriteString("view:\n")
	}
	for _, e := range p.Entries {
		switch e.Kind {
		case Link:
			fmt.Fprintf(&b, "  %s -> %s\n", e.Path, e.Host)
			continue
		case Private:
			fmt.Fprintf(&b, "  %s: private, %s", e.Path, e.Rights)
		case Mqueue:
			fmt.Fprintf(&b, "  %s: queues", e.Path)
		case Ptys:
			fmt.Fprintf(&b, "  %s: pseudo-terminals", e.Path)
		case Cover:
			fmt.Fprintf(&b, "  %s: denied", e.Path)
		case Empty:
			fmt.Fprintf(&b, "  %s: empty", e.Path)
		default:
			fmt.Fprintf(&b, "  %s: %s", e.Path, e.Rights)
			if e.Host != e.Path {
				fmt.Fprintf(&b, ", from %s", e.Host)
			}
		}
		fmt.Fprintf(&b, "  (%s)\n", e.Why)
	}
	words := func(list ...string) string {
		var out []string
		for _, w := range list {
			if w != "" {
				out = append(out, w)
			}
		}
		if out == nil {
			return "nothing"
		}
		return strings.Join(out, " ")
	}
	when := func(ok bool, word string) string {
		if ok {
			return word
		}
		return ""
	}
	fmt.Fprintf(&b, "proc: %s\n", [...]string{"none", "own processes", "own processes and system files"}[p.Proc])
	fmt.Fprintf(&b, "network: %s\n", words(when(p.Outbound, "outbound"), when(p.Inbound, "inbound"), when(p.Local, "connect-unix"), when(p.LocalListen, "listen-unix")))
	for _, port := range p.Ports {
		fmt.Fprintf(&b, "port %d: %s  (%s)\n", port.Number, words(landlock.NetNames(port.Rights)...), port.Why)
	}
	fmt.Fprintf(&b, "processes: %s\n", [...]string{"threads only", "may be created"}[b2i(p.Processes)])
	if p.Trace {
		b.WriteString("tracing: allowed\n")
	}
	if ipc := words(when(p.Pipes, "named-pipes"), when(p.SystemV, "system-v"), when(p.Queues, "posix-queues")); p.Pipes || p.SystemV || p.Queues {
		fmt.Fprintf(&b, "ipc: %s\n", ipc)
	}
	if p.Names != "" {
		fmt.Fprintf(&b, "system calls: %s\n", p.Names)
	}
	for _, f := range p.Limits.held() {
		fmt.Fprintf(&b, "limit: %s %s  (%s)\n", f.Key, f.Text, f.by)
	}
	fmt.Fprintf(&b, "denied system call: %s\n", [...]string{"errno", "kill"}[b2i(p.Kill)])
	for _, g := range p.Gaps {
		fmt.Fprintf(&b, "gap: %s: %s\n", g.Operation, g.Detail)
	}
	return b.String()
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// enclosing is the entry that shows p: the innermost bind or private directory at or above it.
func (p *Policy) enclosing(at string) *Entry {
	var best *Entry
	for i := range p.Entries {
		if e := &p.Entries[i]; e.Kind != Link && below(at, e.Path) && (best == nil || len(e.Path) >= len(best.Path)) {
			best = e
		}
	}
	return best
}

// Shows reports whether the program sees the path, as far as the policy alone can tell: links are not followed.
func (p *Policy) Shows(at string) bool {
	if shows := platforms[p.Platform].shows; shows != nil {
		return shows(p, at)
	}
	return p.Engine != NamespaceEngine || p.shown(at)
}

// shown is Shows, for a view of entries.
func (p *Policy) shown(at string) bool {
	for i := range p.Entries {
		if below(p.Entries[i].Path, at) {
			return true // a directory on the way to an entry
		}
	}
	e := p.enclosing(at)
	return e != nil && e.Kind == Bind && e.Host == e.Path
}

// HostPath is where a path inside lies on the host, following the links of the view; false if the view does not show it or it is
// the program's own.
func (p *Policy) HostPath(at string) (string, bool) {
	if p.Engine != NamespaceEngine && p.Engine != JailEngine {
		return at, true
	}
	for range maxLinks {
		moved := false
		for i := range p.Entries {
			e := &p.Entries[i]
			if e.Kind != Link || !below(at, e.Path) {
				continue
			}
			to := e.Host
			if !path.IsAbs(to) {
				to = path.Join(path.Dir(e.Path), to)
			}
			at, moved = path.Join(to, strings.TrimPrefix(at, e.Path)), true
			break
		}
		if !moved {
			break
		}
	}
	e := p.enclosing(at)
	if e == nil || e.Kind != Bind {
		return "", false
	}
	return path.Join(e.Host, strings.TrimPrefix(at, e.Path)), true
}
