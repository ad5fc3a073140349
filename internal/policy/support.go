package policy

import (
	"fmt"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// support refuses what a probed part of the host stands in the way of.
func (r *resolver) support(ops []profile.Operation) {
	needs := func(c Check, mechanism string, filter func(profile.Operation) bool) {
		if c.OK {
			return
		}
		found := false
		for _, op := range ops {
			if filter(op) {
				found = true
				r.lack(op, mechanism, c.Reason, c.Fix)
			}
		}
		if !found && len(ops) == 0 {
			r.unsupported = append(r.unsupported, Unsupported{Operation: "an empty profile", Mechanism: mechanism, Detail: c.Reason, Fix: c.Fix})
		}
	}
	all := func(profile.Operation) bool { return true }
	needs(r.host.Seccomp, "seccomp", all)
	namespaces := r.host.Namespaces
	if r.host.LandlockReason != "" {
		namespaces.Reason += "; and there is no Landlock to do without them: " + r.host.LandlockReason
	}
	needs(namespaces, "namespaces", all)
	root := r.entries["/"]
	if r.policy.Proc != NoProc && r.host.Namespaces.OK {
		needs(r.host.Proc, "a /proc of its own", func(op profile.Operation) bool {
			return op.Kind == profile.System || op.Kind == profile.SystemInfoRead || root != nil && op == root.op
		})
	}
}

// enforced names the mechanisms, and which of them hold each operation.
func (r *resolver) enforced(ops []profile.Operation) {
	p := &r.policy
	namespaces := "user, mount, pid, ipc, uts and cgroup namespaces"
	if !p.Network() {
		namespaces = "user, mount, pid, ipc, uts, cgroup and net namespaces"
	}
	p.Mechanisms = []string{namespaces, "no capabilities, no_new_privs"}
	landlock := ""
	if r.host.Landlock > 0 {
		landlock = fmt.Sprintf("Landlock ABI %d", r.host.Landlock)
		p.Mechanisms = append(p.Mechanisms, landlock)
	}
	p.Mechanisms = append(p.Mechanisms, "seccomp allowlist")
	with := func(words ...string) string {
		var out []string
		for _, w := range words {
			if w != "" {
				out = append(out, w)
			}
		}
		return strings.Join(out, " + ")
	}
	for _, op := range ops {
		m := r.mechanism(op)
		switch op.Kind {
		case profile.FileRead, profile.FileWrite, profile.FileReadMetadata, profile.FileExecute:
			if !op.Deny {
				m = with("mounts", landlock)
			}
		case profile.System:
			m = with("mounts", landlock, "own /proc")
		case profile.Map:
			m = with("mounts", landlock)
		case profile.Private:
			m = "tmpfs of its own"
			if op.Path == ptsPath {
				m = "devpts of its own"
			}
		case profile.NetworkOutbound, profile.NetworkInbound:
			if op.Address.Form == profile.FormLocalSocket {
				break
			}
			m = "seccomp"
			if r.host.Landlock >= 4 {
				m = with("seccomp", landlock)
			}
		case profile.SystemInfoRead:
			m = "own /proc, read-only and masked"
		case profile.ProcessCreate:
			m = "seccomp + pid namespace"
		}
		p.Enforced = append(p.Enforced, Enforcement{op.String(), m})
	}
}
