package policy

import (
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Rights are what the program may do with a path and, for a directory, with everything below it.
type Rights uint8

// The rights. Metadata is implied by being visible at all; it stands for itself where nothing else is granted.
const (
	Metadata Rights = 1 << iota
	Read
	Write
	Execute
	Device  // a device node that works
	Ioctl   // and takes commands
	Connect // a socket that can be reached
)

func (r Rights) String() string {
	var words []string
	for i, w := range []string{"metadata", "read", "write", "execute", "device", "ioctl", "connect"} {
		if r>>i&1 != 0 {
			words = append(words, w)
		}
	}
	if words == nil {
		return "nothing"
	}
	return strings.Join(words, " ")
}

// Kind says what an entry of the view is.
type Kind uint8

// The kinds of entries.
const (
	Bind    Kind = iota + 1 // a file or directory of the host
	Link                    // a symbolic link, made anew
	Private                 // an empty directory of each command's own
	Ptys                    // pseudo-terminals of each command's own
	Mqueue                  // the POSIX queues of each command's own
	Empty                   // nothing: it covers a /proc of the host
	Cover                   // what cannot be opened: it covers a path that is denied
)

// Entry is one path of the view.
type Entry struct {
	Path   string // inside
	Kind   Kind
	Host   string // Bind, Cover: where it is on the host, without links; Link: what it points to
	Dir    bool
	Fifo   bool
	Rights Rights // own and inherited
	Why    string // the operation that asked for it first
	// Mount says that the entry needs a mount of its own; else what encloses it shows it already, with the same flags.
	Mount bool
	// Hole says that a Deny asked for the mount: without it the path must not be shown.
	Hole bool
}

// Proc says how much of /proc there is.
type Proc uint8

// The degrees of /proc.
const (
	NoProc   Proc = iota
	ProcPids      // the program's own processes
	ProcFull      // and the system's files, read-only, without the dangerous ones
)

// Enforcement pairs an operation with what holds it.
type Enforcement struct{ Operation, Mechanism string }

// Policy is a profile, resolved. Entries are sorted by path, so that what encloses comes first.
type Policy struct {
	Platform  Platform
	Entries   []Entry
	Proc      Proc
	Outbound  bool
	Inbound   bool
	Processes bool
	Ports     []Port // reached or served by TCP or UDP where not all are
	Landlock  bool   // it is used
	Watch     bool   // nothing is visible that may not be listed
	Kill      bool
	// Self says that nothing but the filter keeps signals in: they reach the program's own process alone.
	Self bool
	Calls
	Env     []string
	PassEnv []string
	Dir     string
	Limits  Limits

	Seatbelt Seatbelt // of the engine of macOS

	Capsicum Capsicum // of the first engine of FreeBSD
	Jail     Jail     // and of the second, which has Entries, too

	Engine     string
	Mechanisms []string
	Enforced   []Enforcement
	Gaps       []Gap
}

// Port is one port and what may be done with it, as Landlock has it.
type Port struct {
	Number uint16
	Rights uint64 // of package landlock
	Why    string
}

// Has says that some port has one of the rights. What an unbound socket that sends is given, port 0, counts for nothing.
func (p *Policy) Has(rights uint64) bool {
	return slices.ContainsFunc(p.Ports, func(p Port) bool { return p.Number != 0 && p.Rights&rights != 0 })
}

// Calls are what only the filter decides about; the zero value is the strictest.
type Calls struct {
	Local       bool   // sockets of AF_UNIX, connect
	LocalListen bool   // and bind, listen
	Trace       bool   // ptrace and its like
	Pipes       bool   // named pipes are made
	SystemV     bool   // System V IPC
	Queues      bool   // POSIX message queues
	Attributes  bool   // modes, owners, times, extended attributes are changed
	Truncate    bool   // files are truncated
	Peers       bool   // priorities, limits and groups of other processes are changed
	Unmapped    bool   // memory is held that is no part of the address space: see Limits.AddressSpace
	Names       string // of calls that are granted by name
}

// Network says that the program uses the host's network.
func (p *Policy) Network() bool { return p.Outbound || p.Inbound || len(p.Ports) > 0 }

func problem(op profile.Operation, path string, err error) error {
	return &profile.Error{Operation: op.String(), Path: path, Err: err}
}

// below reports whether path is dir or lies below it.
func below(path, dir string) bool {
	return dir == "/" || path == dir || (strings.HasPrefix(path, dir) && path[len(dir)] == '/')
}
