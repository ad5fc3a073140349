// Package profile is the portable model of what a caller allows: an ordered list of operations and a few settings.
// It knows no host and no mechanism; it must never look at the file system, except to read a profile file.
package profile

import (
	"fmt"
	"path"
	"strings"
)

// Kind names an operation. The text forms are the keys of a profile file and the flags of `gaol run`.
type Kind uint8

// The operations. The zero Kind is none of them and is refused everywhere.
const (
	System Kind = iota + 1
	FileRead
	FileReadMetadata
	FileWrite
	FileExecute
	NetworkOutbound
	NetworkInbound
	SystemInfoRead
	ProcessCreate
	Signal
	Trace
	IPC
	Device
	Syscall
	Private
	Map
	MachLookup
)

// names pairs each kind with its Go name and its key in files and flags.
var names = [...]struct{ name, key string }{
	System:           {"System", "system"},
	FileRead:         {"FileRead", "read"},
	FileReadMetadata: {"FileReadMetadata", "metadata"},
	FileWrite:        {"FileWrite", "write"},
	FileExecute:      {"FileExecute", "exec"},
	NetworkOutbound:  {"NetworkOutbound", "connect"},
	NetworkInbound:   {"NetworkInbound", "listen"},
	SystemInfoRead:   {"SystemInfoRead", "sysinfo"},
	ProcessCreate:    {"ProcessCreate", "process"},
	Signal:           {"Signal", "signal"},
	Trace:            {"Trace", "trace"},
	IPC:              {"IPC", "ipc"},
	Device:           {"Device", "device"},
	Syscall:          {"Syscall", "syscall"},
	Private:          {"Private", "private"},
	Map:              {"Map", "map"},
	MachLookup:       {"MachLookup", "mach-lookup"},
}

// Kinds lists every kind in the order of the constants.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(names)-1)
	for k := System; int(k) < len(names); k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// file tells whether an operation of this kind has a Pattern of files, so that it can be denied.
func (k Kind) file() bool { return k >= FileRead && k <= FileExecute }

func (k Kind) valid() bool { return k >= System && int(k) < len(names) }

// String returns the operation's Go name.
func (k Kind) String() string {
	if !k.valid() {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return names[k].name
}

// Key returns the operation's key in a profile file, which is also its flag.
func (k Kind) Key() string {
	if !k.valid() {
		return ""
	}
	return names[k].key
}

// Match tells how a pattern covers paths.
type Match uint8

// Literal covers the path alone; Subpath the path and everything below it.
const (
	Literal Match = iota + 1
	Subpath
)

// Pattern is a path and what it covers. An Optional pattern whose path is missing grants nothing and is no error.
type Pattern struct {
	Path     string
	Match    Match
	Optional bool
}

func (p Pattern) String() string {
	s := "Subpath"
	if p.Match == Literal {
		s = "Literal"
	}
	s = fmt.Sprintf("%s(%q)", s, p.Path)
	if p.Optional {
		s = "Optional(" + s + ")"
	}
	return s
}

// IPCKind is a way for the processes of one sandbox to talk.
type IPCKind uint8

// The kinds of IPC.
const (
	NamedPipes        IPCKind = iota + 1 // making them; an existing one is a file
	SystemV                              // shared memory, semaphores, queues
	POSIXSharedMemory                    // /dev/shm, which POSIX semaphores use too
	POSIXQueues
)

var ipcNames = [...]struct{ name, word string }{
	NamedPipes:        {"NamedPipes", "named-pipes"},
	SystemV:           {"SystemV", "system-v"},
	POSIXSharedMemory: {"POSIXSharedMemory", "posix-shared-memory"},
	POSIXQueues:       {"POSIXQueues", "posix-queues"},
}

func (k IPCKind) valid() bool { return k >= NamedPipes && int(k) < len(ipcNames) }

func (k IPCKind) String() string {
	if !k.valid() {
		return fmt.Sprintf("IPCKind(%d)", uint8(k))
	}
	return ipcNames[k].name
}

// Word is the kind in a profile file and on the command line.
func (k IPCKind) Word() string {
	if !k.valid() {
		return ""
	}
	return ipcNames[k].word
}

// IPCKinds lists every kind in the order of the constants.
func IPCKinds() []IPCKind { return []IPCKind{NamedPipes, SystemV, POSIXSharedMemory, POSIXQueues} }

// Mode is how a mapped tree may be used.
type Mode uint8

// ReadOnly grants reading; ReadWrite reading and writing.
const (
	ReadOnly Mode = iota + 1
	ReadWrite
)

func (m Mode) String() string {
	switch m {
	case ReadOnly:
		return "ReadOnly"
	case ReadWrite:
		return "ReadWrite"
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// Operation is one entry of a profile. Only the fields that its Kind names are meaningful:
// Pattern for the file operations and Device, Path for Private, Path (inside), Host and Mode for Map, Address for the network, IPC for
// IPC, Names for Syscall. It is comparable.
type Operation struct {
	Kind    Kind
	Pattern Pattern
	Path    string
	Host    string
	Mode    Mode
	Address Address
	IPC     IPCKind
	Names   string // of system calls: sorted, each once, a space between two: see JoinNames; of MachLookup: the service's
	// Deny makes a file operation a hole in what others allow: the more specific path wins, and this one wins a tie.
	Deny bool
	// Inherited is a Deny of a file that the profile's own extends: that nothing is left for it to take is no error.
	Inherited bool
	// BestEffort accepts less than exact enforcement of this operation; each gap that it opens is reported.
	BestEffort bool
	// Bound, if set, is what a file allows that this operation's extends: the pattern may not lead out of it, through links.
	Bound *Bound
}

// Bound is what a file allows of one kind. A pattern lies within it if its target lies within a target of Operations and no target
// of Denied that it lies within is as deep as the deepest of those, and no view is deeper: otherwise a link would lead back into a hole.
type Bound struct {
	Operations []Operation // of the same kind
	Denied     []Operation // each a Deny, of the kinds that take from this one
	Views      []Operation // the places where something else is shown than the host has there, as if of the same kind
}

// String is the operation as it is written in Go.
func (o Operation) String() string {
	s := o.plain()
	if o.Deny {
		s = "Deny(" + s + ")"
	}
	if o.BestEffort {
		s = "BestEffort(" + s + ")"
	}
	return s
}

func (o Operation) plain() string {
	switch o.Kind {
	case FileRead, FileReadMetadata, FileWrite, FileExecute:
		return fmt.Sprintf("%s(%s)", o.Kind, o.Pattern)
	case NetworkOutbound, NetworkInbound:
		return fmt.Sprintf("%s(%s)", o.Kind, o.Address)
	case IPC:
		return fmt.Sprintf("IPC(%s)", o.IPC)
	case Device:
		return fmt.Sprintf("Device(%q)", o.Pattern.Path)
	case Syscall:
		names := strings.Fields(o.Names)
		for i, name := range names {
			if !strings.HasPrefix(name, `"`) { // JoinNames has quoted what is none
				names[i] = fmt.Sprintf("%q", name)
			}
		}
		return "Syscall(" + strings.Join(names, ", ") + ")"
	case MachLookup:
		return fmt.Sprintf("MachLookup(%q)", o.Names)
	case Private:
		return fmt.Sprintf("Private(%q)", o.Path)
	case Map:
		return fmt.Sprintf("Map(%q, %q, %s)", o.Path, o.Host, o.Mode)
	}
	return o.Kind.String() + "()"
}

// OnDenied is what a denied system call ends in.
type OnDenied uint8

// Errno makes a denied system call fail with EPERM; Kill ends the whole program, as SIGSYS does. The zero value means Errno.
const (
	Errno OnDenied = iota
	Kill
)

func (d OnDenied) String() string {
	switch d {
	case Errno:
		return "errno"
	case Kill:
		return "kill"
	}
	return fmt.Sprintf("OnDenied(%d)", uint8(d))
}

// Profile is the list. It is a value: methods that change it return a copy.
type Profile struct {
	Operations []Operation
	OnDenied   OnDenied
	Env        []string // "K=V", added to the minimal environment
	PassEnv    []string // names copied from the caller's environment when they are set there
	Dir        string   // working directory inside; empty: see Cmd.Dir
	Limits     Limits
	// No part of files, since a profile is for any host:
	Engine  Engine
	Program ProgramKind
}

// ProgramKind is how a program takes descriptors where no path means anything. Capability mode is the same for all three, and so is what they
// can never reach.
type ProgramKind uint8

// The kinds. The zero value is what most programs are.
const (
	Dynamic     ProgramKind = iota // the run-time linker loads the preload library into it, which turns paths to descriptors
	Static                         // nothing can be loaded into it: it has what it inherits
	Cooperating                    // it reads the table of descriptors itself, however it is linked
)

func (k ProgramKind) String() string {
	if k > Cooperating {
		return "unknown"
	}
	return [...]string{"dynamically linked", "statically linked", "cooperating"}[k]
}

// Engine is the way in which a host confines: see internal/policy.
type Engine uint8

// AnyEngine leaves the choice to the host; the others are forced, or it is an error.
const (
	AnyEngine Engine = iota
	EngineNamespace
	EngineLandlock
	EngineSeatbelt
	EngineCapsicum
	EngineJail
)

var engineNames = [...]struct{ name, of string }{
	AnyEngine:       {"any", "AnyEngine"},
	EngineNamespace: {"namespace", "EngineNamespace"},
	EngineLandlock:  {"landlock", "EngineLandlock"},
	EngineSeatbelt:  {"seatbelt", "EngineSeatbelt"},
	EngineCapsicum:  {"capsicum", "EngineCapsicum"},
	EngineJail:      {"jail", "EngineJail"},
}

func (e Engine) String() string {
	if int(e) < len(engineNames) {
		return engineNames[e].name
	}
	return fmt.Sprintf("Engine(%d)", uint8(e))
}

// Go is the constant's name.
func (e Engine) Go() string {
	if int(e) < len(engineNames) {
		return engineNames[e].of
	}
	return e.String()
}

// Error is a profile that cannot mean anything: which operation, which path, and why.
// File, Line and Key are set when it came from a file; Line counts from 1.
type Error struct {
	File      string
	Line      int
	Key       string
	Operation string
	Path      string
	Err       error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	switch {
	case e.Key != "":
		b.WriteString(e.Key + ": ")
	case e.Operation != "":
		b.WriteString(e.Operation + ": ")
	}
	if e.Path != "" && !strings.Contains(e.Operation, fmt.Sprintf("%q", e.Path)) {
		fmt.Fprintf(&b, "%q: ", e.Path)
	}
	if e.Err == nil {
		return strings.TrimSuffix(b.String(), ": ")
	}
	b.WriteString(e.Err.Error())
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// CheckPath reports why p cannot stand in a profile: nil when it is absolute, clean and free of NUL.
func CheckPath(p string) error {
	switch {
	case p == "":
		return errEmptyPath
	case strings.IndexByte(p, 0) >= 0:
		return errNUL
	case !path.IsAbs(p):
		return errRelative
	case path.Clean(p) != p:
		return fmt.Errorf("%w: write %q", errUnclean, path.Clean(p))
	case len(p) >= maxPath:
		return errLongPath
	}
	return nil
}
