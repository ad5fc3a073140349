package policy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// procFiles are what SystemInfoRead grants of the host's /proc: what the namespace engine leaves uncovered, without what shows the
// objects of other programs (locks, sysvipc) and what is a link to the process itself (net, mounts).
var procFiles = strings.Fields(`buddyinfo cgroups cmdline config.gz consoles cpuinfo crypto devices diskstats dma driver execdomains fb filesystems
	iomem ioports loadavg mdstat meminfo misc modules mtrr pagetypeinfo partitions pressure schedstat slabinfo softirqs stat swaps sys tty
	uptime version version_signature vmstat zoneinfo`)

// device grants one node, with the commands that it takes.
func (r *ruler) device(op profile.Operation) error {
	p, st, err := r.walk(op, op.Pattern.Path)
	switch {
	case err != nil && missing(err) && op.Pattern.Optional:
		return nil
	case err != nil:
		return problem(op, op.Pattern.Path, err)
	case p == ptmxPath || below(p, ptsPath):
		return problem(op, op.Pattern.Path, errors.New("is a terminal of the host's"))
	case !st.device():
		return problem(op, op.Pattern.Path, errors.New("is not a device"))
	}
	r.add(op, p, st, Read|Write|Device|Ioctl)
	return nil
}

// socket grants a socket by its path; local decides whether the host can.
func (r *ruler) socket(op profile.Operation) error {
	if op.Kind == profile.NetworkInbound {
		r.policy.LocalListen = true
		return nil
	}
	r.policy.Local = true
	p, st, err := socketAt(op, r.walk)
	if err == nil && r.host.Landlock >= abiUnix {
		r.add(op, p, st, Connect)
	}
	return err
}

// local: sockets without a path are out of reach by the scope alone, those with one by a right.
func (r *ruler) local(op profile.Operation) error {
	if r.host.Landlock < abiScope {
		r.lack(op, "Landlock ABI 6, whose scope keeps sockets with abstract names out of reach", r.host.landlockDetail(), r.host.landlockFrom(abiScope))
		return nil
	}
	r.binds(&r.policy, r.host, op)
	if op.Kind == profile.NetworkInbound {
		dir := path.Dir(op.Address.Name)
		to, _, err := r.walk(op, dir)
		if err != nil {
			return problem(op, dir, err)
		}
		if t := r.at(to); t == nil || t.Rights&Write == 0 {
			return problem(op, op.Address.Name, fmt.Errorf("no operation lets the program make it; FileWrite(Subpath(%q)) would", dir))
		}
		r.inexact(op, "a mechanism that tells the names of new sockets apart", "bind names a socket by what a filter cannot read", "",
			"a socket of any name can be made wherever the program may write")
		r.inexact(op, "a net namespace", "Landlock's scope bounds whom the program reaches, not who reaches it", "the namespace engine, without the internet", abstractGap)
	}
	if r.host.Landlock < abiUnix && (op.Kind == profile.NetworkOutbound || r.policy.Outbound || r.policy.Has(landlock.ConnectTCP|landlock.ConnectUDP)) {
		r.inexact(op, "Landlock ABI 9", r.host.landlockDetail(), r.host.landlockFrom(abiUnix), "every Unix socket that has a path can be reached")
	}
	return nil
}

// enforced names the mechanisms, and which of them hold each operation.
func (r *ruler) enforced(ops []profile.Operation) {
	p := &r.policy
	landlock := fmt.Sprintf("Landlock ABI %d", r.host.Landlock)
	p.Mechanisms = []string{"no capabilities, no_new_privs", landlock, "seccomp allowlist"}
	if p.Self {
		p.Mechanisms = append(p.Mechanisms, "seccomp filter of its own process for signals")
	}
	tree := "one process, which ends with process 1" // what ends everything
	if p.Processes {
		tree = "kill(-1) in Landlock's signal scope, for all processes at once"
	}
	p.Mechanisms = append(p.Mechanisms, tree)
	for _, op := range ops {
		m := landlock
		switch op.Kind {
		case profile.System:
			m = landlock + ", and of /proc the first process's own"
		case profile.FileReadMetadata:
			m = "none: it is always allowed"
		case profile.FileWrite:
			m = landlock + " + seccomp"
		case profile.NetworkOutbound, profile.NetworkInbound:
			m = "seccomp"
			if op.Address != profile.All || r.host.Landlock >= abiTCP {
				m = "seccomp + " + landlock
			}
		case profile.ProcessCreate:
			m = "seccomp + Landlock's signal scope"
		case profile.Signal:
			m = "Landlock's signal scope"
			if p.Self {
				m = "seccomp"
			}
		case profile.Trace:
			m = "seccomp + " + landlock
		case profile.IPC, profile.Syscall:
			m = "seccomp"
		}
		p.Enforced = append(p.Enforced, Enforcement{op.String(), m})
	}
}

// joinNames merges two lists of system calls.
func joinNames(a, b string) string {
	list := strings.Fields(a + " " + b)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}
