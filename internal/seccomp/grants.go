// Package seccomp compiles the system call filter of a program: an allowlist that grows with what the profile grants. It compiles
// and explains filters; it must never install one, and never decide about paths, addresses or processes - the view, Landlock and
// the pid namespace do. What the table does not name is denied.
package seccomp

import (
	"math/bits"
	"strings"
)

// Grants is what of a policy the filter depends on. The zero value is the strictest filter. Each grant only adds; what two of them
// mean together is said where it is more than either.
//
// A filter sees no addresses and no families but those of socket itself. So connect, bind and listen, once granted for one kind of
// socket, act on each socket that the program can make or was handed: with Local or LocalListen beside Internet, TCP, UDP or Listen
// the grants of one are those of the other too, and only Landlock or a network namespace can tell them apart.
type Grants struct {
	Processes bool // fork, vfork, clone without CLONE_THREAD
	Internet  bool // socket(AF_INET/AF_INET6, SOCK_STREAM|SOCK_DGRAM), connect, MSG_FASTOPEN
	Listen    bool // socket(AF_INET/AF_INET6, SOCK_STREAM), bind, listen
	Watch     bool // inotify_add_watch, which shows the names in a directory to who may not list it
	Kill      bool // a denied call ends the program (SECCOMP_RET_KILL_PROCESS) instead of EPERM

	TCP         bool // socket(AF_INET/AF_INET6, SOCK_STREAM), connect; the ports are Landlock's to check, so there is no MSG_FASTOPEN
	UDP         bool // socket(AF_INET/AF_INET6, SOCK_DGRAM), connect; sendto has an address, so that it needs Landlock's UDP rights
	Local       bool // socket and socketpair(AF_UNIX) with datagrams too, connect
	LocalListen bool // socket(AF_UNIX, SOCK_STREAM|SOCK_SEQPACKET), bind, listen

	Trace   bool // ptrace, process_vm_readv, process_vm_writev, pidfd_getfd, kcmp: needs a pid namespace or a Landlock domain
	Pipes   bool // mknod(S_IFIFO)
	SystemV bool // shm*, sem*, msg*: needs an ipc namespace
	Queues  bool // mq_*: needs an ipc namespace

	// What the view bounds and Landlock alone does not. With a mount namespace these are always granted.
	Attributes bool // chmod, chown, utime, setxattr, leases and the like of what is there already, by path or descriptor
	Truncate   bool // truncate, and O_TRUNC of a file that is not opened for writing: Landlock knows neither before ABI 3
	Peers      bool // sched_set*, setpriority and ioprio_set of other processes than the caller: needs a pid namespace

	// Without it all that the program holds as memory is in its address space, so that RLIMIT_AS bounds it, and all threads share one table
	// of descriptors, so that RLIMIT_NOFILE bounds what those hold. Sandboxes have it, but for those with such a limit.
	Unmapped bool // memfd_create, shared anonymous mmap, threads with a table of their own

	Names string // calls added by their names, with spaces between; Filter fails on one that Judge does not call Addable or Always
}

// Need is a set of grants of which any one adds a group of calls; the empty set is a group that every filter has.
type Need uint32

// The grants that add calls.
const (
	NeedProcesses Need = 1 << iota
	NeedInternet
	NeedListen
	NeedWatch
	NeedTCP
	NeedUDP
	NeedLocal
	NeedLocalListen
	NeedTrace
	NeedPipes
	NeedSystemV
	NeedQueues
	NeedAttributes
	NeedTruncate
	NeedPeers
	NeedUnmapped
	needEnd
)

// needs says for each bit of a Need the grant and what a caller of gaol writes to have it.
var needs = [...]struct {
	name, operation string
	of              func(*Grants) *bool
}{
	{"Processes", "ProcessCreate", func(g *Grants) *bool { return &g.Processes }},
	{"Internet", "NetworkOutbound(All)", func(g *Grants) *bool { return &g.Internet }},
	{"Listen", "NetworkInbound", func(g *Grants) *bool { return &g.Listen }},
	{"Watch", "FileRead of all that is visible", func(g *Grants) *bool { return &g.Watch }},
	{"TCP", "NetworkOutbound(TCP)", func(g *Grants) *bool { return &g.TCP }},
	{"UDP", "NetworkOutbound(UDP)", func(g *Grants) *bool { return &g.UDP }},
	{"Local", "NetworkOutbound(LocalSocket)", func(g *Grants) *bool { return &g.Local }},
	{"LocalListen", "NetworkInbound(LocalSocket)", func(g *Grants) *bool { return &g.LocalListen }},
	{"Trace", "Trace", func(g *Grants) *bool { return &g.Trace }},
	{"Pipes", "IPC(NamedPipes)", func(g *Grants) *bool { return &g.Pipes }},
	{"SystemV", "IPC(SystemV)", func(g *Grants) *bool { return &g.SystemV }},
	{"Queues", "IPC(POSIXQueues)", func(g *Grants) *bool { return &g.Queues }},
	{"Attributes", "FileWrite", func(g *Grants) *bool { return &g.Attributes }},
	{"Truncate", "FileWrite", func(g *Grants) *bool { return &g.Truncate }},
	{"Peers", "a pid namespace", func(g *Grants) *bool { return &g.Peers }},
	{"Unmapped", "a Limits.Memory that is not held by RLIMIT_AS", func(g *Grants) *bool { return &g.Unmapped }},
}

// String is the need in words.
func (n Need) String() string {
	if n == 0 {
		return "always"
	}
	var out []string
	for ; n != 0; n &= n - 1 {
		out = append(out, needs[bits.TrailingZeros32(uint32(n))].name)
	}
	return strings.Join(out, " or ")
}

// operations are those of which each brings n.
func (n Need) operations() string {
	var out []string
	for ; n != 0; n &= n - 1 {
		out = append(out, needs[bits.TrailingZeros32(uint32(n))].operation)
	}
	return strings.Join(out, " or ")
}

// has is the set of grants that add calls.
func (g Grants) has() Need {
	var have Need
	for i, n := range needs {
		if *n.of(&g) {
			have |= 1 << i
		}
	}
	return have
}

func (g Grants) meets(n Need) bool { return n == 0 || g.has()&n != 0 }

// What a filter answers (linux/seccomp.h). The errnos are those of every architecture of Linux.
const (
	Allow       uint32 = 0x7fff0000
	DenyEPERM   uint32 = 0x00050000 | 1
	Absent      uint32 = 0x00050000 | 38
	KillProcess uint32 = 0x80000000
)

// deny is the answer to what the policy does not grant.
func (g Grants) deny() uint32 {
	if g.Kill {
		return KillProcess
	}
	return DenyEPERM
}
