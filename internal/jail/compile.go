// Package jail compiles a policy for FreeBSD's jail to the plan that the C core executes: what the keeper mounts, the parameters of the jail, and
// the limits of the program. It is pure and builds everywhere, so that its golden files are checked on any machine. It must never look at the host.
// Nothing in here has been run on FreeBSD by its tests.
package jail

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/capsicum"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

const (
	copyMax   = 4 << 20   // bytes of a file that is copied: COPY_MAX of csrc/jail_view_freebsd.c
	rootSize  = 1 << 20   // of the root without them
	privateOf = 512 << 20 // bytes of all private directories, if no limit says otherwise
)

// Needed are parameters without which no jail confines what it is to (13.0 has them): that root is nobody in it, and that nobody traces.
var Needed = []string{"allow.suser", "allow.unprivileged_proc_debug"}

// off are the permissions that no jail of gaol's has; those that a kernel does not know are left out, since it would refuse them. They are named
// each, because security.jail of the host may turn them on for every jail.
var off = []string{"allow.set_hostname", "allow.sysvipc", "allow.raw_sockets", "allow.chflags", "allow.mount", "allow.quotas", "allow.socket_af", "allow.mlock",
	"allow.reserved_ports", "allow.read_msgbuf", "allow.extattr", "allow.adjtime", "allow.settime", "allow.routing", "allow.setaudit", "allow.nfsd", "allow.vmm",
	"allow.unprivileged_parent_tampering", "allow.mount.devfs", "allow.mount.fdescfs", "allow.mount.fusefs", "allow.mount.linprocfs", "allow.mount.linsysfs",
	"allow.mount.nullfs", "allow.mount.procfs", "allow.mount.tmpfs", "allow.mount.zfs"}

// others are parameters that a kernel may lack: without IPv4, IPv6 or System V IPC there is nothing to disable.
var others = []string{"ip4", "ip6", "sysvmsg", "sysvsem", "sysvshm"}

// Parameters lists those that Compile wants to know of, whether the kernel has them.
func Parameters() []string { return slices.Concat(Needed, off, others) }

// Compile lays out the steps for p on h, whose JailParameters are those of Parameters that the kernel has.
func Compile(p *policy.Policy, h policy.Host) plan.Plan {
	c := &compiler{made: map[string]bool{"/": true}}
	copies := 0
	for _, e := range p.Entries {
		if e.Kind == policy.Bind && !e.Dir && e.Mount {
			copies++
		}
	}
	c.add(plan.Step{Op: plan.JailRoot, Text: strconv.Itoa(rootSize + copies*copyMax)})
	if p.Jail.Dir {
		c.add(plan.Step{Op: plan.JailPool, Text: strconv.FormatInt(cmp.Or(p.Limits.Disk, privateOf), 10)})
	}
	private := uint32(0)
	for i := range p.Entries {
		e := &p.Entries[i]
		if e.Kind != policy.Link && !e.Mount && e.Kind == policy.Bind {
			continue // what is around it shows it
		}
		inside := c.in(p.Entries[:i], e.Path)
		at := path.Dir(e.Path)
		if e.Dir {
			at = e.Path
		}
		if !inside {
			c.dirs(at)
		}
		s := plan.Step{Path: e.Path, Text: e.Host, Why: e.Why}
		switch {
		case e.Kind == policy.Link:
			s.Op = plan.JailLink
		case e.Kind == policy.Private:
			s.Op, s.Text, s.N, s.Flags = plan.JailPrivate, "", private, flags(e.Rights)
			private++
		case e.Kind == policy.Cover:
			s.Op, s.Text = plan.JailEmpty, ""
		case e.Dir:
			s.Op, s.Flags = plan.JailNullfs, flags(e.Rights)
		default:
			s.Op = plan.JailCopy
		}
		c.add(s)
	}
	if p.Jail.Devices {
		c.dirs("/dev")
		c.add(plan.Step{Op: plan.JailDevfs, Path: "/dev"})
	}
	c.add(plan.Step{Op: plan.JailSeal})
	c.add(plan.Step{Op: plan.JailAttach, Params: parameters(p, h, "allow.nosuser"), Others: parameters(p, h, "allow.suser")})
	c.steps = append(c.steps, capsicum.Limits(p, h, p.Jail.Sockets)...)
	c.add(plan.Step{Op: plan.Limits})
	c.add(plan.Step{Op: plan.JailConfine})
	return plan.Plan{Steps: c.steps}
}

type compiler struct {
	steps []plan.Step
	made  map[string]bool
}

func (c *compiler) add(s plan.Step) { c.steps = append(c.steps, s) }

// dirs makes a directory of the root, and those above it.
func (c *compiler) dirs(p string) {
	if c.made[p] {
		return
	}
	c.dirs(path.Dir(p))
	c.made[p] = true
	c.add(plan.Step{Op: plan.JailDir, Path: p, N: 0o755})
}

// in says that a path lies in what is mounted: its place is there.
func (c *compiler) in(before []policy.Entry, p string) bool {
	return slices.ContainsFunc(before, func(e policy.Entry) bool {
		return e.Kind != policy.Link && e.Dir && e.Mount && strings.HasPrefix(p, e.Path+"/")
	})
}

func flags(r policy.Rights) (f uint16) {
	if r&policy.Write == 0 {
		f |= plan.ReadOnly
	}
	if r&policy.Execute == 0 {
		f |= plan.NoExec
	}
	return f
}

// parameters of the jail, by their names in jail(8); a value is a number behind "#" or a text behind "$". The path and the name are of each command.
func parameters(p *policy.Policy, h policy.Host, root string) []string {
	out := []string{"children.max", "#0", "enforce_statfs", "#2", "securelevel", "#3", "host", "#1", "host.hostname", "$gaol", "nopersist", "", root, ""}
	has := func(name string) bool { return slices.Contains(h.JailParameters, name) }
	for _, name := range off {
		if has(name) {
			at := strings.LastIndexByte(name, '.') + 1
			out = append(out, name[:at]+"no"+name[at:], "")
		}
	}
	if p.Jail.Trace {
		out = append(out, "allow.unprivileged_proc_debug", "")
	} else {
		out = append(out, "allow.nounprivileged_proc_debug", "")
	}
	// JAIL_SYS_DISABLE, JAIL_SYS_NEW, JAIL_SYS_INHERIT (sys/jail.h)
	ip, ipc := "#0", "#0"
	if p.Jail.Internet {
		ip = "#2"
	}
	if p.Jail.SystemV {
		ipc = "#1"
	}
	for _, name := range others {
		if !has(name) {
			continue
		}
		if strings.HasPrefix(name, "ip") {
			out = append(out, name, ip)
		} else {
			out = append(out, name, ipc)
		}
	}
	return out
}
