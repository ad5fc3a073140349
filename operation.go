package gaol

// This file is how operations are made. It must never judge one: NewProfile does, for it can say what is wrong.

import (
	"errors"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Pattern says which paths an operation covers. The paths are those that the program sees. A path that is a symbolic link, or that
// leads through one, grants the link and the target that it has when the profile is compiled.
type Pattern struct{ p profile.Pattern }

// Literal covers one path; a directory cannot be granted without what is in it and is refused, but on macOS, where it can.
func Literal(path string) Pattern {
	return Pattern{profile.Pattern{Path: path, Match: profile.Literal}}
}

// Subpath covers a path and everything below it.
func Subpath(path string) Pattern {
	return Pattern{profile.Pattern{Path: path, Match: profile.Subpath}}
}

// Optional makes a missing path grant nothing; without it, a missing path is an error of [New].
func Optional(pattern Pattern) Pattern {
	pattern.p.Optional = true
	return pattern
}

// Operation is one thing that a profile allows, or with [Deny] does not. The zero value is refused.
type Operation struct {
	op    profile.Operation
	fault error // what was wrong with how it was made
}

func (o Operation) apply(p *profile.Profile) error {
	if o.fault != nil {
		return &ProfileError{Operation: o.op.String(), Err: o.fault}
	}
	p.Operations = append(p.Operations, o.op)
	return nil
}

// String is the operation as it is written in Go.
func (o Operation) String() string { return o.op.String() }

func operation(op profile.Operation) Operation { return Operation{op: op} }

func kind(k profile.Kind) Operation { return operation(profile.Operation{Kind: k}) }

func file(k profile.Kind, pattern Pattern) Operation {
	return operation(profile.Operation{Kind: k, Pattern: pattern.p})
}

// System allows what a dynamically linked program needs to start: the system's programs and libraries, to be read and executed,
// the loader's files of /etc, a small /dev, and a /proc that shows the sandbox's own processes. It holds no user's data.
func System() Operation { return kind(profile.System) }

// FileRead allows reading, listing and asking for metadata.
func FileRead(pattern Pattern) Operation { return file(profile.FileRead, pattern) }

// FileReadMetadata allows stat, readlink and finding out what exists; not the contents, and not listing.
func FileReadMetadata(pattern Pattern) Operation { return file(profile.FileReadMetadata, pattern) }

// FileWrite allows creating, writing, truncating, renaming, removing and changing metadata; not reading. What is granted by its
// own path, rather than by that of a directory above, cannot itself be renamed or removed.
func FileWrite(pattern Pattern) Operation { return file(profile.FileWrite, pattern) }

// FileExecute allows execve and executable mappings. A program that a loader must read, such as a script or anything
// dynamically linked, needs FileRead too; with Landlock every program does, since the kernel opens it for reading.
func FileExecute(pattern Pattern) Operation { return file(profile.FileExecute, pattern) }

// Deny makes a hole in what other operations allow: what the file operation would allow is not allowed at its pattern. The more
// specific path wins, whichever way it goes, and Deny wins a tie. What nothing allows is denied anyway, and nothing but files can be.
//
// Closed is what lies at the path when [New] is called. The program cannot change that; a command does not start where the host has put
// something else there since. What the host puts there while a program runs is open to it, though, as by the rename with which an editor
// saves: the denial of the directory around it is the sturdier one. Other hard links of the files below a denied directory stay open.
// Where reading is denied, metadata goes with it, but for the name. To deny the writing of a directory takes [BestEffort]: a named
// pipe in it could be written even so; of a file it is exact.
func Deny(op Operation) Operation {
	if op.op.Deny {
		op.fault = errors.New("it is denied already; to allow something below what is denied, list that")
	}
	op.op.Deny = true
	return op
}

// BestEffort accepts less than exact enforcement of the one operation, where the host has no exact one. Each gap that it opens is in the
// [Report].
func BestEffort(op Operation) Operation {
	op.op.BestEffort = true
	return op
}

// SystemInfoRead allows reading the system files of /proc; those that are dangerous stay covered. On macOS it is the sysctls that tell of the machine.
func SystemInfoRead() Operation { return kind(profile.SystemInfoRead) }

// ProcessCreate allows making processes; threads are always allowed. They all end with the program.
func ProcessCreate() Operation { return kind(profile.ProcessCreate) }

// Signal allows sending signals to the other processes of the sandbox. A program may always signal itself, and never anything outside.
func Signal() Operation { return kind(profile.Signal) }

// Trace allows tracing the other processes of the sandbox and reading and writing their memory, as debuggers do; never anything outside.
func Trace() Operation { return kind(profile.Trace) }

// IPCKind is a way for the processes of one sandbox to talk.
type IPCKind uint8

// NamedPipes are made with mkfifo; one that exists is a file like others. SystemV is shared memory, semaphores and message queues by
// number. POSIXSharedMemory is /dev/shm, where POSIX semaphores live too. POSIXQueues are those of mq_open.
const (
	NamedPipes        = IPCKind(profile.NamedPipes)
	SystemV           = IPCKind(profile.SystemV)
	POSIXSharedMemory = IPCKind(profile.POSIXSharedMemory)
	POSIXQueues       = IPCKind(profile.POSIXQueues)
)

// IPC allows the processes of the sandbox to talk to each other that way; never to anything outside.
func IPC(kind IPCKind) Operation {
	return operation(profile.Operation{Kind: profile.IPC, IPC: profile.IPCKind(kind)})
}

// Device allows opening the device at path, for reading and writing, and its ioctls. What a device can be told to do, gaol does not know.
func Device(path string) Operation {
	return operation(profile.Operation{Kind: profile.Device, Pattern: Literal(path).p})
}

// Syscall allows system calls by their names, such as "personality", that no other operation brings. Those that lead out of the
// sandbox are refused by [New].
func Syscall(names ...string) Operation {
	return operation(profile.Operation{Kind: profile.Syscall, Names: profile.JoinNames(names...)})
}

// MachLookup allows looking up a Mach service of macOS by its name, such as "com.apple.trustd.agent". What a service does for whoever asks, gaol
// does not know. Other systems have none, and refuse it.
func MachLookup(name string) Operation {
	return operation(profile.Operation{Kind: profile.MachLookup, Names: name})
}

// Private puts an empty, writable directory of the command's own at path. What is in it is lost when the command ends; nothing in it
// can be executed unless FileExecute(Subpath(path)) says so. "/dev/shm" serves POSIX semaphores and shared memory, and "/dev/pts" brings
// pseudo-terminals. A directory of the host that is only read does not belong in it: see [Map] for a place elsewhere.
func Private(path string) Operation {
	return operation(profile.Operation{Kind: profile.Private, Path: path})
}

// Mode is how a mapped tree may be used.
type Mode uint8

// ReadOnly allows reading, ReadWrite reading and writing.
const (
	ReadOnly  = Mode(profile.ReadOnly)
	ReadWrite = Mode(profile.ReadWrite)
)

// Map shows a file or directory of the host at another path inside. Other operations' patterns see it there.
func Map(inside, host string, mode Mode) Operation {
	return operation(profile.Operation{Kind: profile.Map, Path: inside, Host: host, Mode: profile.Mode(mode)})
}
