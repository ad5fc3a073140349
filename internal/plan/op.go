// Package plan is the only Go that knows the layout of csrc/plan.h: it encodes steps to the flat bytes that the C core executes,
// decodes them again, and prints them. It must never touch the host.
package plan

import (
	"fmt"
	"syscall"
)

// Stage says who executes a step.
type Stage uint8

// The stages, in the order in which they run.
const (
	Build   Stage = iota // once per sandbox: the process that builds the template
	Init                 // each spawn: process 1, before it becomes the init
	Program              // each spawn: the process that becomes the program
	Confine              // the same process, once it is in its working directory
	stages
)

func (s Stage) String() string { return [...]string{"build", "init", "program", "confine"}[s] }

// Op is what a step does; the numbers are those of enum gaol_op.
type Op uint32

// The steps of a plan.
const (
	IDMap Op = iota + 1
	Hostname
	Detach
	Root
	Dir
	File
	Link
	Bind
	Skeleton
	ProcBase
	Pivot
	Seal
	KeepRuleset
	KeepPath
	KeepPort
	Lift
	Tmpfs
	Pool
	Share
	Devpts
	Mqueue
	Proc
	Mkdir
	Touch
	Drop
	Symlink
	Mask
	Mounted
	Scope
	NoNewPrivs
	DropCaps
	Rlimit
	LandlockKept
	LandlockRuleset
	LandlockPath
	LandlockPort
	LandlockEnforce
	Limits
	SeccompSelf
	Seccomp
	Seatbelt
	CapOpen
	CapEnter
	JailRoot
	JailPool
	JailDir
	JailLink
	JailCopy
	JailNullfs
	JailPrivate
	JailEmpty
	JailDevfs
	JailSeal
	JailAttach
	JailConfine
	ops
)

// What every spawn does besides the steps of its plan; only in a Failure.
const (
	CloneBuilder Op = iota + 1000
	SendTemplate
	CloneHelper
	Join
	CloneInit
	Session
	CloneProgram
	InitFDs
	InitCaps
	ExecInit
	FD
	TTY
	Chdir
	CloseFDs
	Exec
	Arena
	Pipe
	Credential
	Listen
	Cgroup
	CloneKeeper
)

// arg is what a step's a or b means.
type arg uint8

const (
	none       arg = iota
	path           // a path inside
	text           // a string
	host           // a path of the host
	target         // what a link points to
	mode           // permission bits
	slot           // a lifted tree
	number         // of a share
	rights         // of Landlock
	port           // of TCP or UDP
	netRights      // of Landlock
	ruleset        // struct gaol_landlock
	resource       // an RLIMIT_ number
	limit          // struct gaol_limit
	filter         // struct sock_filter[]
	count          // how many of them
	parameters     // struct gaol_parameters
	capRights      // struct gaol_rights
	others         // struct gaol_parameters, for another user
)

// info describes the steps: the word that String prints and errors use, the stage, the arguments.
var info = [ops]struct {
	name  string
	stage Stage
	a, b  arg
}{
	IDMap:           {"id-map", Build, text, text},
	Hostname:        {"hostname", Build, text, none},
	Detach:          {"detach", Build, none, none},
	Root:            {"root", Build, text, none},
	Dir:             {"dir", Build, path, mode},
	File:            {"file", Build, path, none},
	Link:            {"link", Build, path, target},
	Bind:            {"bind", Build, path, host},
	Skeleton:        {"skeleton", Build, path, text},
	ProcBase:        {"proc-base", Build, path, none},
	Pivot:           {"pivot", Build, none, none},
	Seal:            {"seal", Build, path, none},
	Lift:            {"lift", Init, path, slot},
	Tmpfs:           {"tmpfs", Init, path, text},
	Pool:            {"pool", Init, path, text},
	Share:           {"share", Init, path, number},
	Devpts:          {"devpts", Init, path, text},
	Mqueue:          {"mqueue", Init, path, none},
	Proc:            {"proc", Init, path, text},
	Mkdir:           {"mkdir", Init, path, mode},
	Touch:           {"touch", Init, path, none},
	Drop:            {"drop", Init, path, slot},
	Symlink:         {"symlink", Init, path, target},
	Mask:            {"mask", Init, path, none},
	Mounted:         {"mounted", Init, path, none},
	Scope:           {"scope", Init, none, none},
	NoNewPrivs:      {"no-new-privs", Program, none, none},
	KeepRuleset:     {"keep-ruleset", Build, ruleset, none},
	KeepPath:        {"keep-path", Build, path, rights},
	KeepPort:        {"keep-port", Build, port, netRights},
	LandlockKept:    {"landlock-kept", Confine, none, none},
	LandlockRuleset: {"landlock-ruleset", Confine, ruleset, none},
	LandlockPath:    {"landlock-path", Confine, path, rights},
	LandlockPort:    {"landlock-port", Confine, port, netRights},
	LandlockEnforce: {"landlock-enforce", Confine, none, none},
	DropCaps:        {"drop-capabilities", Program, none, none},
	Rlimit:          {"rlimit", Program, resource, limit},
	Limits:          {"limits", Confine, none, none},
	SeccompSelf:     {"seccomp-self", Confine, filter, count},
	Seccomp:         {"seccomp", Confine, filter, count},
	Seatbelt:        {"seatbelt", Confine, text, parameters},
	CapOpen:         {"cap-open", Confine, path, capRights},
	CapEnter:        {"cap-enter", Confine, none, none},
	JailRoot:        {"jail-root", Init, text, none},
	JailPool:        {"jail-pool", Init, text, none},
	JailDir:         {"jail-dir", Init, path, mode},
	JailLink:        {"jail-link", Init, path, target},
	JailCopy:        {"jail-copy", Init, path, host},
	JailNullfs:      {"jail-nullfs", Init, path, host},
	JailPrivate:     {"jail-private", Init, path, number},
	JailEmpty:       {"jail-empty", Init, path, none},
	JailDevfs:       {"jail-devfs", Init, path, none},
	JailSeal:        {"jail-seal", Init, none, none},
	JailAttach:      {"jail-attach", Program, parameters, others},
	JailConfine:     {"jail-confine", Confine, none, none},
}

// fixed names the ops that are not steps of a plan.
var fixed = map[Op]string{
	CloneBuilder: "create namespaces",
	SendTemplate: "keep namespaces",
	CloneHelper:  "clone helper",
	Join:         "join namespace",
	CloneInit:    "clone init",
	Session:      "new session",
	CloneProgram: "clone program",
	InitFDs:      "pass descriptors to the init",
	InitCaps:     "drop capabilities of the init",
	ExecInit:     "execute the init",
	FD:           "pass descriptor",
	TTY:          "foreground the terminal",
	Chdir:        "change directory",
	CloseFDs:     "close descriptors",
	Exec:         "execute",
	Arena:        "allocate memory",
	Pipe:         "create pipe",
	Credential:   "credential",
	Listen:       "listen for denied calls",
	Cgroup:       "enter the cgroup",
	CloneKeeper:  "clone keeper",
}

func (o Op) valid() bool { return o >= IDMap && o < ops }

// String is the step's name.
func (o Op) String() string {
	if o.valid() {
		return info[o].name
	}
	if s, ok := fixed[o]; ok {
		return s
	}
	return fmt.Sprintf("op %d", uint32(o))
}

// Stage returns the stage of a step; Build for what is not one.
func (o Op) Stage() Stage {
	if o.valid() {
		return info[o].stage
	}
	return Build
}

// The parts of Credential, as Failure.Step has them.
const (
	CredentialMaps uint32 = iota
	CredentialMemory
	CredentialGroups
	CredentialGid
	CredentialUid
	CredentialCaps
)

// Flags of LandlockPath.
const (
	MustBeMount uint16 = 1 // what lies below a writable tree can have been moved, but for a mount
	FollowSelf  uint16 = 2 // Path is a link of /proc to the process itself
)

// CapsHeld, of DropCaps: there is no user namespace, and the caller may lack the privilege to lock what it drops.
const CapsHeld uint16 = 1

// Told, of Seccomp: what the filter kills for, process 1 is told first, where that is as strict. SelfPID may stand in it.
const Told uint16 = 1

// SelfPID stands in the filter of SeccompSelf for the number of the process that installs it.
const SelfPID uint32 = 0x67616f6c

// Flags of Bind; Tmpfs and Share take NoExec.
const (
	ReadOnly uint16 = 1 << iota
	NoExec
	Dev // device nodes work
	// What a bound path must be, still.
	IsDir
	IsFile
	IsNode
	IsFifo
	IsSock
)

// Flags of CapOpen: what the path must be, and how it is opened.
const (
	CapDir uint16 = 1 << iota
	CapFile
	CapNode
	CapRead
	CapWrite
	CapLoader // the run-time linker
)

// CapTrap, of CapEnter: what capability mode denies ends the process with SIGTRAP.
const CapTrap uint16 = 1

// CapFirst is the least number of a descriptor that CapOpen opens, less one: that is the program's. CapMax is how many there can be.
const (
	CapFirst = 64
	CapMax   = 1024
)

// Failure is the child's one record: the step that failed and why. Step counts in the plan for its steps; for the others it is
// what csrc/plan.h says.
type Failure struct {
	Op    Op
	Step  uint32
	Errno syscall.Errno
	Text  string // the system's own words for it; mostly empty
}

func (f *Failure) Error() string {
	s := f.Op.String() + ": " + f.Errno.Error()
	if f.Text != "" {
		s += ": " + f.Text
	}
	return s
}

// Unwrap returns the errno, so that errors.Is(err, fs.ErrPermission) and the like hold.
func (f *Failure) Unwrap() error { return f.Errno }
