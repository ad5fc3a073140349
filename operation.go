package gaol

import (
	"fmt"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Pattern says which paths an operation covers. The paths are those that the program sees. A path that is a symbolic link, or that
// leads through one, grants the link and the target that it has when the profile is compiled.
type Pattern struct{ p profile.Pattern }

// Literal covers one path; a directory cannot be granted without what is in it and is refused.
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

// Operation is one thing that a profile allows. The zero value is refused.
type Operation struct{ op profile.Operation }

func (o Operation) apply(p *profile.Profile) error {
	p.Operations = append(p.Operations, o.op)
	return nil
}

// String is the operation as it is written in Go.
func (o Operation) String() string { return o.op.String() }

func kind(k profile.Kind) Operation { return Operation{profile.Operation{Kind: k}} }

func file(k profile.Kind, pattern Pattern) Operation {
	return Operation{profile.Operation{Kind: k, Pattern: pattern.p}}
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
// dynamically linked, needs FileRead too.
func FileExecute(pattern Pattern) Operation { return file(profile.FileExecute, pattern) }

// Address says which peers a network operation reaches.
type Address struct{ a profile.Address }

// All is every internet address, over IPv4 and IPv6.
func All() Address { return Address{profile.All} }

// NetworkOutbound allows reaching the address by TCP and UDP, from the host's network, and reading the files that looking up names
// and checking certificates need. The host's own loopback services are reachable, too.
func NetworkOutbound(address Address) Operation {
	return Operation{profile.Operation{Kind: profile.NetworkOutbound, Address: address.a}}
}

// NetworkInbound allows listening on any port of the host's network: TCP and, where NetworkOutbound is granted too (an answer to a
// datagram is an outbound one), UDP.
func NetworkInbound(address Address) Operation {
	return Operation{profile.Operation{Kind: profile.NetworkInbound, Address: address.a}}
}

// SystemInfoRead allows reading the system files of /proc; those that are dangerous stay covered.
func SystemInfoRead() Operation { return kind(profile.SystemInfoRead) }

// ProcessCreate allows making processes; threads are always allowed. They all end with the program.
func ProcessCreate() Operation { return kind(profile.ProcessCreate) }

// Private puts an empty, writable directory of the command's own at path. What is in it is lost when the command ends; nothing in it
// can be executed unless FileExecute(Subpath(path)) says so. "/dev/shm" serves POSIX semaphores and shared memory, and "/dev/pts" brings
// pseudo-terminals.
func Private(path string) Operation {
	return Operation{profile.Operation{Kind: profile.Private, Path: path}}
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
	return Operation{profile.Operation{Kind: profile.Map, Path: inside, Host: host, Mode: profile.Mode(mode)}}
}

// setting is an Option that is no operation.
type setting func(*profile.Profile) error

func (s setting) apply(p *profile.Profile) error { return s(p) }

// Action is what a denied system call ends in.
type Action uint8

// Errno makes a denied system call fail with EPERM, which is the default; Kill ends the program with SIGSYS.
const (
	Errno = Action(profile.Errno)
	Kill  = Action(profile.Kill)
)

// OnDenied sets what a denied system call ends in. clone3 and calls newer than gaol's table fail with ENOSYS either way, since
// programs then use the older ones.
func OnDenied(action Action) Option {
	return setting(func(p *profile.Profile) error {
		p.OnDenied = profile.OnDenied(action)
		return nil
	})
}

// Env adds a variable to the environment of commands that bring none of their own.
func Env(name, value string) Option {
	return setting(func(p *profile.Profile) error {
		if strings.Contains(name, "=") {
			return &ProfileError{Operation: "Env", Err: fmt.Errorf("%q is not a variable's name", name)}
		}
		p.Env = append(p.Env, name+"="+value)
		return nil
	})
}

// PassEnv does the same with variables of the calling process, those of them that are set when a command starts.
func PassEnv(names ...string) Option {
	return setting(func(p *profile.Profile) error {
		p.PassEnv = append(p.PassEnv, names...)
		return nil
	})
}

// Dir sets the working directory, inside, of commands that name none.
func Dir(path string) Option {
	return setting(func(p *profile.Profile) error {
		p.Dir = path
		return nil
	})
}
