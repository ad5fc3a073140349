package policy

// This file resolves a profile for FreeBSD's jail: a root of its own, in which directories of the host are mounted, and nothing else is. What a mount
// cannot say, such as that a file is written and not read, is refused here, or accepted by BestEffort and reported.

import (
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Jail is what a policy of that engine has beside its entries.
type Jail struct {
	Devices  bool // /dev, with null, zero, random and urandom
	Sockets  bool // can be made: see networks
	Internet bool // the host's addresses, for all that can be done with them
	SystemV  bool // IPC of its own
	Trace    bool // debugging of each other
	Dir      bool // Private directories, or what is denied: a pool
}

// jails resolves.
type jails struct {
	findings
	host   Host
	policy Policy
	paths  pathCache
	nodes  map[string]*jailNode // by the path inside
	links  []linkAt
	views  map[string]Entry // the links of the view
	net    struct{ out, in, local []profile.Operation }
}

type jailNode struct {
	Entry
	own    Rights
	system bool // nothing but System has asked for it
	copied bool // a file
	// mounted says that it is a mount of the host's, which what is around it would not show
	mounted bool
	asked   []ask
	in      *jailNode
}

func resolveJail(p profile.Profile, h Host) (Policy, error) {
	r := &jails{host: h, nodes: map[string]*jailNode{}, views: map[string]Entry{}, paths: pathCache{fs: h.FS, seen: map[string]status{}}}
	r.policy = Policy{Platform: FreeBSD, Engine: JailEngine, Env: p.Env, PassEnv: p.PassEnv, Dir: p.Dir,
		Mechanisms: []string{"jail", "a root of its own: tmpfs, nullfs", "PROC_NO_NEW_PRIVS", "resource limits"}}
	// first what changes the view, then what is granted in it, then what is denied of that
	for turn := range 3 {
		for _, op := range p.Operations {
			if view := op.Kind == profile.Map || op.Kind == profile.Private; turn != 2*b2i(op.Deny)+b2i(!op.Deny && !view) {
				continue
			}
			if err := r.operation(op); err != nil {
				return Policy{}, err
			}
		}
	}
	r.mounts()
	if p.OnDenied == profile.Kill {
		r.unsupported = append(r.unsupported, Unsupported{Operation: "OnDenied(Kill)", Mechanism: "capability mode", Detail: "in a jail a denied call fails, and nobody is told", Fix: "EngineCapsicum"})
	}
	if err := r.layout(); err != nil {
		return Policy{}, err
	}
	r.networks()
	return r.conclude(&r.policy, p, h, jailHolds)
}

func (r *jails) operation(op profile.Operation) error {
	if op.Deny {
		return r.deny(op)
	}
	switch op.Kind {
	case profile.System:
		r.policy.Jail.Devices = true
		// no file is mounted: directories, with the linker's among them, and copies of small files
		for _, s := range slices.Concat([]pathRights{{path.Dir(loaderPath), Read | Execute}}, bsdSystem) {
			if err := r.brought(op, s.path, s.rights); err != nil {
				return err
			}
		}
	case profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute:
		return r.file(op, granted(op))
	case profile.Map:
		return r.mapped(op)
	case profile.Private:
		return r.private(op)
	case profile.NetworkOutbound, profile.NetworkInbound:
		return r.network(op)
	case profile.ProcessCreate:
		r.policy.Processes = true
	case profile.Trace:
		r.policy.Jail.Trace = true
	case profile.Signal, profile.SystemInfoRead: // in a jail everybody has them, and reaches nobody outside
	case profile.IPC:
		r.ipc(op)
	case profile.Device:
		r.lack(op, "a devfs ruleset for it", "a jail has null, zero, random and urandom", "EngineCapsicum")
	case profile.Syscall:
		r.lack(op, "a choice of system calls", "a jail has none", "")
	default:
		r.lack(op, "another system", "FreeBSD has nothing of that kind", "")
	}
	return nil
}

func (r *jails) ipc(op profile.Operation) {
	switch op.IPC {
	case profile.NamedPipes, profile.POSIXSharedMemory: // pipes in what may be written; names of shared memory begin with the jail's path
	case profile.SystemV:
		if r.policy.Jail.SystemV = slices.Contains(r.host.JailParameters, "sysvshm"); !r.policy.Jail.SystemV {
			r.lack(op, "System V IPC in the kernel", "it has none", "kldload sysvmsg sysvsem sysvshm")
		}
	default:
		r.lack(op, "queues of the jail's own", "mqueuefs is one for the host", "")
	}
}

// jailHolds names what holds an operation.
func jailHolds(op profile.Operation) string {
	switch op.Kind {
	case profile.System, profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute, profile.Map:
		if op.Deny {
			return "it is not in the jail's root"
		}
		return "nullfs in the jail's root"
	case profile.Private:
		return "a tmpfs of the command's own"
	case profile.NetworkOutbound, profile.NetworkInbound:
		return "ip4 and ip6 of the jail"
	case profile.ProcessCreate:
		return "RLIMIT_NPROC, and the end of the jail ends what is left"
	case profile.Trace:
		return "allow.unprivileged_proc_debug"
	case profile.IPC:
		if op.IPC == profile.SystemV {
			return "sysvmsg, sysvsem and sysvshm of the jail"
		}
	}
	return "jail"
}
