package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

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
	case st.mode&fs.ModeCharDevice == 0:
		return problem(op, op.Pattern.Path, errors.New("is not a character device"))
	}
	r.add(op, p, st, Read|Write|Device|Ioctl)
	return nil
}

// socket grants a socket by its path. Sockets without a path are out of reach by the scope alone.
func (r *ruler) socket(op profile.Operation) error {
	in := op.Kind == profile.NetworkInbound
	at := op.Address.Name
	if in {
		at = path.Dir(at)
	}
	p, st, err := r.walk(op, at)
	switch {
	case err != nil:
		return problem(op, at, err)
	case in && !st.mode.IsDir():
		return problem(op, at, errors.New("is not a directory"))
	case !in && st.mode&fs.ModeSocket == 0:
		return problem(op, at, errors.New("is not a socket"))
	}
	abi := r.host.Landlock
	switch {
	case abi < abiScope:
		r.lack(op, "Landlock ABI 6, whose scope keeps sockets with abstract names out of reach", r.host.landlockDetail(), landlockFrom(abiScope))
	case in:
		r.policy.LocalListen = true
		if r.inexact(op, "a mechanism that tells names in a directory apart", "Landlock has a right for all sockets of a directory", "",
			"sockets of any name can be made in "+p+", and with abstract names") {
			r.add(op, p, st, Socket)
		}
	case abi < abiUnix:
		r.policy.Local = true
		r.inexact(op, "Landlock ABI 9", r.host.landlockDetail(), landlockFrom(abiUnix), "every socket that has a path can be reached")
	default:
		r.policy.Local = true
		r.add(op, p, st, Connect)
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
