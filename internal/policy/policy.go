package policy

import (
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
	Control // ioctl on it
	Connect // a socket that can be connected to
)

func (r Rights) String() string {
	var words []string
	for i, w := range []string{"metadata", "read", "write", "execute", "device", "control", "connect"} {
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

// Gap is something that an operation with BestEffort left open.
type Gap struct{ Operation, Detail string }

// Policy is a profile, resolved. Entries are sorted by path, so that what encloses comes first.
type Policy struct {
	Entries                                  []Entry
	Proc                                     Proc
	Outbound                                 bool     // every address
	Inbound                                  bool     // every port
	TCPConnect, TCPBind, UDPConnect, UDPBind []uint16 // ports, sorted; empty where all are granted
	Local                                    bool     // Unix sockets may be made, and connected to where the view shows any
	LocalListen                              bool     // they may be bound and listened on
	Processes                                bool
	Trace                                    bool // processes of the sandbox may be traced
	Pipes                                    bool // FIFOs may be made
	SystemV                                  bool
	Queues                                   bool   // of POSIX
	Syscalls                                 string // the names of calls that are allowed besides; sorted
	Landlock                                 bool   // it is used
	Watch                                    bool   // nothing is visible that may not be listed
	Kill                                     bool
	Env                                      []string
	PassEnv                                  []string
	Dir                                      string

	Engine     string
	Mechanisms []string
	Enforced   []Enforcement
	Gaps       []Gap
}

// Network says that the program uses the host's network.
func (p *Policy) Network() bool {
	return p.Outbound || p.Inbound || len(p.TCPConnect)+len(p.TCPBind)+len(p.UDPConnect)+len(p.UDPBind) > 0
}

// Unsupported is one operation that the host cannot enforce.
type Unsupported struct {
	Operation string
	Mechanism string // what is missing
	Detail    string // why it is, as probed
	Fix       string // what would provide it
}

// UnsupportedError lists every operation of a profile that the host cannot enforce.
type UnsupportedError struct{ Operations []Unsupported }

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	b.WriteString("gaol: this host cannot enforce the profile: ")
	for i, u := range e.Operations {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(u.String())
	}
	return b.String()
}

// String is one line: the operation, what is missing, why, and the way out.
func (u Unsupported) String() string {
	s := u.Operation + " needs " + u.Mechanism
	if u.Detail != "" {
		s += " (" + u.Detail + ")"
	}
	if u.Fix != "" {
		s += ": " + u.Fix
	}
	return s
}

func problem(op profile.Operation, path string, err error) error {
	return &profile.Error{Operation: op.String(), Path: path, Err: err}
}

// below reports whether path is dir or lies below it.
func below(path, dir string) bool {
	return dir == "/" || path == dir || (strings.HasPrefix(path, dir) && path[len(dir)] == '/')
}
