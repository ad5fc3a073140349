package policy

// This file resolves a profile for FreeBSD's capability mode: the program is left with descriptors of what is granted, each limited to the rights
// that the grant means, and no path of the host leads anywhere. What a descriptor cannot say, such as a hole in a directory, is refused here.

import (
	"io/fs"
	"path"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// ProgramKind is how a program takes the descriptors.
type ProgramKind = profile.ProgramKind

// The kinds.
const (
	Dynamic     = profile.Dynamic
	Static      = profile.Static
	Cooperating = profile.Cooperating
)

// Capsicum is what the engine of capability mode grants.
type Capsicum struct {
	Program ProgramKind
	Grants  []CapGrant // sorted by Path: one descriptor each
	Loader  string     // the run-time linker, one of Grants; empty: none is granted, and nothing dynamically linked starts
	Preload string     // the preload library; empty: it is not used
	// Sockets says that sockets can be made. In capability mode listen(2) on one that was never bound takes a port of the kernel's choice
	// (capabilities.conf lists the call), so that without a grant none may be made at all.
	Sockets bool
}

// CapGrant is a descriptor that the program is left with.
type CapGrant struct {
	Path   string   // without links
	Names  []string // by which the program names it: what the profile says, sorted
	Dir    bool     // and all that is below
	Rights Rights   // Metadata, Read, Write, Execute, Device, Ioctl, Connect: its own and those of the directory that it lies in
	// Library says that only System granted it, to be mapped: nothing in it is executed by itself.
	Library bool
	Listen  bool // a socket may be bound in it
	// Fixed says that nothing may be moved or linked out of it: another grant would let it be read there.
	Fixed bool
	Why   string
}

const (
	capsicumMechanism = "Capsicum"
	jailMechanism     = "jail"
)

// caps resolves.
type caps struct {
	findings
	host   Host
	policy Policy
	paths  pathCache
	grants map[string]*capNode
	links  []linkAt
	sorted []*capNode
}

// capNode is a grant under way.
type capNode struct {
	CapGrant
	own    Rights
	mode   fs.FileMode
	system bool // nothing but System has asked for it
	lost   Rights
	in     *capNode
	asked  []ask
}

func init() {
	platforms[FreeBSD] = platform{
		name:    "freebsd",
		engines: []profile.Engine{profile.EngineCapsicum, profile.EngineJail},
		engine: func(h Host, e profile.Engine) (Unsupported, bool) {
			if e == profile.EngineJail {
				return Unsupported{Mechanism: jailMechanism, Detail: h.Jail.Reason, Fix: h.Jail.Fix}, h.Jail.OK
			}
			return Unsupported{Mechanism: capsicumMechanism, Detail: h.Capsicum.Reason, Fix: h.Capsicum.Fix}, h.Capsicum.OK
		},
		resolve: func(p profile.Profile, h Host) (Policy, error) {
			if p.Engine == profile.EngineJail {
				return resolveJail(p, h)
			}
			return resolveCapsicum(p, h)
		},
		checks: func(h Host) []NamedCheck {
			return []NamedCheck{check(capsicumMechanism, h.Capsicum, "a process enters capability mode and executes a program there"),
				check("preload library", h.Preload, "it is installed: granted paths reach dynamically linked programs"),
				check(jailMechanism, h.Jail, "one can be made")}
		},
		limits: capsicumLimits,
		held:   capsicumHeld,
		text: func(p *Policy) string {
			if p.Engine == JailEngine {
				return jailText(p)
			}
			return capsicumText(p)
		},
		shows: func(p *Policy, at string) bool {
			if p.Engine == JailEngine {
				return p.shown(at)
			}
			return slices.ContainsFunc(p.Capsicum.Table(), func(t InTable) bool { return at == t.Name || p.Capsicum.Grants[t.Grant].Dir && below(at, t.Name) })
		},
	}
}

func resolveCapsicum(p profile.Profile, h Host) (Policy, error) {
	r := &caps{host: h, grants: map[string]*capNode{}, paths: pathCache{fs: h.FS, seen: map[string]status{}}}
	r.policy = Policy{Platform: FreeBSD, Engine: CapsicumEngine, Kill: p.OnDenied == profile.Kill, Env: p.Env, PassEnv: p.PassEnv, Dir: p.Dir,
		Mechanisms: []string{"capability mode", "PROC_NO_NEW_PRIVS", "resource limits"}, Capsicum: Capsicum{Program: h.Program}}
	if p.Program != Dynamic {
		r.host.Program, r.policy.Capsicum.Program = p.Program, p.Program
	}
	if !h.Capsicum.OK {
		return Policy{}, r.absent(p.Operations, capsicumMechanism, h.Capsicum)
	}
	for _, deny := range []bool{false, true} { // first all that is given
		for _, op := range p.Operations {
			if op.Deny != deny {
				continue
			}
			if err := r.operation(op); err != nil {
				return Policy{}, err
			}
		}
	}
	r.arrange()
	if err := r.steady(); err != nil {
		return Policy{}, err
	}
	r.moves()
	r.finish()
	return r.conclude(&r.policy, p, h, capsicumHolds)
}

func (r *caps) operation(op profile.Operation) error {
	if op.Deny {
		return r.deny(op)
	}
	switch op.Kind {
	case profile.System:
		return r.system(op)
	case profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute:
		return r.file(op, granted(op))
	case profile.Map:
		return r.mapped(op)
	case profile.Device:
		return r.device(op)
	case profile.NetworkOutbound, profile.NetworkInbound:
		return r.network(op)
	case profile.ProcessCreate:
		r.policy.Processes = true
	case profile.SystemInfoRead: // a fixed list of the kernel's, which nothing takes away
	case profile.Signal:
		r.inexact(op, "kill(2) between processes", "in capability mode a process signals itself, and others by a descriptor of theirs alone", "",
			"a process is signalled only by whoever has made it with pdfork")
	case profile.IPC:
		r.ipc(op)
	case profile.Private:
		r.lack(op, "a view of its own", "capability mode shows no paths at all", "FileRead and FileWrite of a directory that is made for the command")
	case profile.Trace:
		r.lack(op, "ptrace", "capability mode denies it", "")
	case profile.Syscall:
		r.lack(op, "a choice of system calls", "those of capability mode are the kernel's list", "")
	default:
		r.lack(op, "another system", "FreeBSD has nothing of that kind", "")
	}
	return nil
}

func (r *caps) ipc(op profile.Operation) {
	switch op.IPC {
	case profile.NamedPipes: // made by mkfifoat in what may be written
	case profile.POSIXSharedMemory:
		r.lack(op, "names of the sandbox's own", "capability mode knows no names of shared memory; SHM_ANON is always allowed", "")
	default:
		r.lack(op, "names of the sandbox's own", "capability mode denies this kind", "")
	}
}

func (r *caps) network(op profile.Operation) error {
	const fix = "a socket that the caller has connected or bound, passed as a descriptor"
	if op.Address.Form != profile.FormLocalSocket {
		r.lack(op, "a broker", "capability mode denies connect(2), bind(2) and every address", fix)
		return nil
	}
	if !r.reach(op) {
		return nil
	}
	dir, st, err := r.lead(op, path.Dir(op.Address.Name))
	if err != nil {
		return problem(op, op.Address.Name, err)
	}
	listen := op.Kind == profile.NetworkInbound
	if !listen {
		at, _, err := socketAt(op, r.lead)
		if err != nil {
			return err
		}
		if err := within(op, at, pathOnly(op, r.lead)); err != nil {
			return err
		}
		dir, st = path.Dir(at), status{mode: fs.ModeDir}
	}
	what := "every socket in " + dir + " can be reached"
	if listen {
		what = "a socket of any name can be made in " + dir
	}
	if !r.inexact(op, "a right on one name of a directory", "connectat(2) and bindat(2) take the directory", fix, what+", and a port of the kernel's choice can be listened on") {
		return nil
	}
	r.policy.Capsicum.Sockets = true
	right := Connect
	if listen {
		right = Metadata
	}
	n := r.add(op, dir, path.Dir(op.Address.Name), st, right)
	n.Listen = n.Listen || listen
	return nil
}

// capsicumHolds names what holds an operation.
func capsicumHolds(op profile.Operation) string {
	switch op.Kind {
	case profile.System, profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute, profile.Device, profile.Map:
		if op.Deny {
			return "no descriptor of it"
		}
		return "Capsicum: a descriptor with limited rights"
	case profile.NetworkOutbound, profile.NetworkInbound:
		return "Capsicum: connectat, bindat on the directory"
	case profile.ProcessCreate:
		return "RLIMIT_NPROC, and the reaper ends what is left"
	case profile.SystemInfoRead:
		return "capability mode: the kernel's list of sysctls"
	case profile.IPC:
		return "Capsicum: mkfifoat"
	}
	return "capability mode"
}

// reach says whether the program can take a descriptor of a path at all.
func (r *caps) reach(op profile.Operation) bool {
	switch {
	case r.host.Program == Static && op.Kind == profile.System:
		return r.inexact(op, "a dynamically linked program", "nothing can be loaded into a static one that would turn paths to descriptors",
			"no System() for it", "it reaches none of the system's files")
	case r.host.Program == Static:
		r.lack(op, "a dynamically linked program", "nothing can be loaded into a static one that would turn paths to descriptors", "descriptors that the caller opens and passes on")
		return false
	case r.host.Program == Dynamic && !r.host.Preload.OK && op.Kind == profile.System:
		return r.inexact(op, "the preload library", r.host.Preload.Reason, r.host.Preload.Fix, "the run-time linker alone reaches the system's files")
	case r.host.Program == Dynamic && !r.host.Preload.OK:
		r.lack(op, "the preload library", r.host.Preload.Reason, r.host.Preload.Fix)
		return false
	}
	return true
}

// finish puts the grants into the policy.
func (r *caps) finish() {
	c := &r.policy.Capsicum
	for _, n := range r.sorted {
		n.Library = n.system && slices.Contains(libraryPaths, n.Path)
		slices.Sort(n.Names)
		n.Names = slices.Compact(n.Names)
		c.Grants = append(c.Grants, n.CapGrant)
		if n.Path == loaderPath && n.Rights&Execute != 0 {
			c.Loader = n.Path
		}
	}
	if r.host.Program == Dynamic && r.host.Preload.OK && len(c.Grants) > 0 {
		c.Preload = r.host.PreloadPath
	}
}
