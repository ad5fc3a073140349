package policy

// This file resolves a profile for macOS: the host's tree, and for each right the patterns that give it or take it. The kernel matches a path as
// it is without links, so that nothing here may name one by another way.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Seatbelt is what the engine of macOS grants. What is not in it is denied.
type Seatbelt struct {
	// Grants are sorted by path. Of those that match a path and have a right, the one with the longest path decides; at the same length, one
	// that denies.
	Grants []Grant
	// Pins are paths that may be neither renamed nor removed, wherever else that is allowed: what leads to them would lead elsewhere.
	Pins []string
	// Held are paths below which nothing may be renamed or removed, since it could be moved to where it can be read.
	Held     []string
	Sockets  []SocketRule
	Ports    []PortRule
	Services []string // Mach services that may be looked up; sorted
	// Names is the socket of the resolver: whoever reaches it can send any name to anywhere.
	Names        bool
	SystemInfo   bool
	Signal       bool // of other processes of the sandbox; its own a process may always send
	SystemV      bool
	SharedMemory bool
}

// Grant gives rights at a path or, with Subpath, at it and below, or takes them. Metadata comes with every other right.
type Grant struct {
	Path    string // without links
	Subpath bool
	Rights  Rights // Metadata, Read, Write, Execute, Ioctl, and Device: writing what is in it, and nothing else
	Deny    bool
	Why     string
}

// Matches says that the grant is about the path.
func (g *Grant) Matches(p string) bool { return p == g.Path || g.Subpath && below(p, g.Path) }

// SocketRule is a Unix socket that may be connected to or, with Listen, made.
type SocketRule struct {
	Path   string
	Listen bool
	Why    string
}

// PortRule is what of the internet may be reached or, with Listen, listened on.
type PortRule struct {
	Protocol string // "ip", "tcp", "udp"
	Port     int    // 0: all
	Loopback bool
	Listen   bool
	Why      string
}

// Allows says whether a right is given at a path: what the profile has to come to.
func (s *Seatbelt) Allows(right Rights, p string) bool {
	_, allowed := s.decide(right, p)
	return allowed
}

// decide also says which grant it was; nil: none matches.
func (s *Seatbelt) decide(right Rights, p string) (by *Grant, allowed bool) {
	for i := range s.Grants {
		g := &s.Grants[i]
		if g.Rights&right == 0 || !g.Matches(p) || by != nil && (len(g.Path) < len(by.Path) || len(g.Path) == len(by.Path) && !g.Deny) {
			continue
		}
		by = g
	}
	return by, by != nil && !by.Deny
}

// belt resolves.
type belt struct {
	findings
	host   Host
	policy Policy
	rules  *Seatbelt
	paths  pathCache
	asked  []asking
	why    map[string]string // mechanisms by operation
	// datagrams says that all of the network may be reached: an answer to a datagram is an outbound one, so that without it listening is TCP alone.
	datagrams bool
}

// asking is an operation of files that names a path, without links.
type asking struct {
	op   profile.Operation
	path string
}

func init() {
	platforms[Darwin] = platform{
		name:    "darwin",
		engines: []profile.Engine{profile.EngineSeatbelt},
		engine: func(h Host, _ profile.Engine) (Unsupported, bool) {
			return Unsupported{Mechanism: SeatbeltMechanism, Detail: h.Seatbelt.Reason, Fix: h.Seatbelt.Fix}, h.Seatbelt.OK
		},
		resolve: resolveSeatbelt,
		checks: func(h Host) []NamedCheck {
			return []NamedCheck{check(SeatbeltMechanism, h.Seatbelt, "a profile is compiled and applied"),
				check("sandbox_check", h.Marks, "the processes of a sandbox are found")}
		},
		limits: seatbeltLimits,
		held:   seatbeltHeld,
		text:   seatbeltText,
		shows:  func(p *Policy, at string) bool { return p.Seatbelt.Allows(Metadata, at) },
	}
}

// SeatbeltMechanism is the sandbox of macOS, by the name that it has among people.
const SeatbeltMechanism = "Seatbelt"

const noMach = "Mach services are of macOS"

func resolveSeatbelt(p profile.Profile, h Host) (Policy, error) {
	r := &belt{host: h, paths: pathCache{fs: h.FS, seen: map[string]status{}}, why: map[string]string{}}
	r.policy = Policy{Platform: Darwin, Engine: SeatbeltEngine, Env: p.Env, PassEnv: p.PassEnv, Dir: p.Dir, Mechanisms: []string{SeatbeltMechanism, "resource limits"}}
	r.rules = &r.policy.Seatbelt
	if !h.Seatbelt.OK {
		return Policy{}, r.absent(p.Operations, SeatbeltMechanism, h.Seatbelt)
	}
	if p.OnDenied == profile.Kill {
		r.unsupported = append(r.unsupported, Unsupported{Operation: "OnDenied(Kill)", Mechanism: "a filter of system calls",
			Detail: "macOS has none: what is denied fails with EPERM", Fix: "OnDenied(Errno)"})
	}
	r.datagrams = slices.ContainsFunc(p.Operations, func(op profile.Operation) bool {
		return op.Kind == profile.NetworkOutbound && op.Address.Form == profile.FormAll
	})
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
	r.devices()
	r.sort()
	if err := r.denials(); err != nil {
		return Policy{}, err
	}
	r.pins()
	r.moves()
	r.ancestors()
	return r.conclude(&r.policy, p, h, seatbeltMechanism)
}

func (r *belt) operation(op profile.Operation) error {
	switch op.Kind {
	case profile.System:
		return r.system(op)
	case profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute:
		return r.file(op, granted(op))
	case profile.Device:
		return r.device(op)
	case profile.NetworkOutbound, profile.NetworkInbound:
		return r.network(op)
	case profile.MachLookup:
		r.rules.Services = insert(r.rules.Services, op.Names)
	case profile.SystemInfoRead:
		r.rules.SystemInfo = true
	case profile.Signal:
		r.rules.Signal = true
	case profile.ProcessCreate:
		r.policy.Processes = true
		if !r.host.Marks.OK {
			r.inexact(op, "sandbox_check", r.host.Marks.Reason, r.host.Marks.Fix, "a process that leaves the program's group is not ended with it")
		}
	case profile.IPC:
		r.ipc(op)
	case profile.Trace:
		r.lack(op, "a task port of another process", "the system gives it to programs alone that it trusts as debuggers", "")
	case profile.Syscall:
		r.lack(op, "a filter of system calls", "macOS has none", "")
	case profile.Private:
		r.lack(op, "a view of its own", "macOS shows every program the same tree", "FileRead and FileWrite of a directory that is made for the command")
	case profile.Map:
		r.lack(op, "a view of its own", "macOS shows every program the same tree", "the file or directory at its own path")
	}
	return nil
}

// ipc: names of both kinds are the whole system's.
func (r *belt) ipc(op profile.Operation) {
	const own = "names of the sandbox's own"
	switch op.IPC {
	case profile.NamedPipes:
		r.inexact(op, "a rule for named pipes alone", "macOS takes them for files that are made", "", "named pipes can be made wherever files can be, whether the profile says so or not")
	case profile.SystemV:
		r.rules.SystemV = r.inexact(op, own, "the keys of System V are the whole system's", "", "objects of other processes of the same user are reached, too") || r.rules.SystemV
	case profile.POSIXSharedMemory:
		r.rules.SharedMemory = r.inexact(op, own, "the names of shared memory and semaphores are the whole system's", "",
			"shared memory and semaphores of other processes of the same user are reached, too") || r.rules.SharedMemory
	case profile.POSIXQueues:
		r.lack(op, "POSIX message queues", "macOS has none", "")
	}
}

func (r *belt) network(op profile.Operation) error {
	in := op.Kind == profile.NetworkInbound
	a := op.Address
	rule := PortRule{Protocol: "tcp", Port: a.Port, Listen: in, Why: op.String()}
	const names = "a filter of addresses"
	everyPort := func(protocol string) bool {
		return r.inexact(op, "a filter of the port that is bound", "macOS has none", "", "every port of "+protocol+" can be listened on")
	}
	switch a.Form {
	case profile.FormLocalSocket:
		return r.socket(op)
	case profile.FormAll:
		if !in || r.datagrams {
			rule.Protocol = "ip"
		}
		r.rules.Names = r.rules.Names || !in
	case profile.FormTCP, profile.FormUDP:
		if a.Form == profile.FormUDP {
			rule.Protocol = "udp"
		}
		if in && !everyPort(rule.Protocol) {
			return nil
		}
		if in {
			rule.Port = 0
		}
		r.rules.Names = r.rules.Names || !in && a.Port == 53 // whoever may ask a server can as well ask the system
	case profile.FormLoopback:
		// in a rule of what is local, localhost is any address of this host, and that of all of them
		if !r.inexact(op, "a filter of the address and the port that are bound", "macOS has none", "", "every port of tcp can be listened on, at every address of this host") {
			return nil
		}
		rule.Port, rule.Loopback = 0, true
	case profile.FormHost:
		r.lack(op, names, "macOS knows of hosts only all, and this one", "")
		return nil
	case profile.FormCIDR:
		r.lack(op, names, "macOS knows of hosts only all, and this one", "TCP(port) of every host")
		return nil
	}
	r.rules.Ports = append(r.rules.Ports, rule)
	if !in {
		return r.bring(op, networkPaths)
	}
	return nil
}

// socket is a Unix socket: one that is there to be connected to, or a place for one to listen on.
func (r *belt) socket(op profile.Operation) error {
	name := op.Address.Name
	if op.Kind == profile.NetworkInbound {
		dir, _, err := r.lead(op, parent(name))
		if err != nil {
			return problem(op, name, err)
		}
		r.rules.Sockets = append(r.rules.Sockets, SocketRule{strings.TrimSuffix(dir, "/") + name[strings.LastIndexByte(name, '/'):], true, op.String()})
		return nil
	}
	at, _, err := socketAt(op, r.lead)
	if err != nil {
		return err
	}
	r.rules.Sockets = append(r.rules.Sockets, SocketRule{at, false, op.String()})
	return r.within(op, at)
}

// seatbeltMechanism names the rules that hold an operation.
func seatbeltMechanism(op profile.Operation) string {
	rules := map[profile.Kind]string{
		profile.System: "file-read*, process-exec*, file-map-executable", profile.FileRead: "file-read*", profile.FileReadMetadata: "file-read-metadata",
		profile.FileWrite: "file-write*", profile.FileExecute: "process-exec*, file-map-executable", profile.NetworkOutbound: "network-outbound",
		profile.NetworkInbound: "network-bind, network-inbound", profile.SystemInfoRead: "sysctl-read", profile.ProcessCreate: "process-fork",
		profile.Signal: "signal", profile.IPC: "ipc-*", profile.Device: "file-read*, file-write*, file-ioctl", profile.MachLookup: "mach-lookup",
	}
	if op.Kind == profile.IPC && op.IPC == profile.NamedPipes {
		return SeatbeltMechanism + ": file-write*"
	}
	return fmt.Sprintf("%s: %s", SeatbeltMechanism, rules[op.Kind])
}
