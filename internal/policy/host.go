// Package policy resolves a profile for a host: which paths the program sees and with which rights, which mechanisms hold them,
// and what cannot be held. It is pure: whatever it knows of the host comes in through Host, and it must never change anything.
package policy

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// FS is what resolve asks about paths. The calls do not follow a link in the last element, and are given only paths whose other
// elements are no links.
type FS interface {
	Lstat(path string) (fs.FileMode, error)
	Readlink(path string) (string, error)
	Links(path string) (uint64, error) // how many names a file has
}

// Mount is a mount point of the host and the type of the file system on it, as /proc/thread-self/mountinfo has them; of several at one
// place, all.
type Mount struct {
	Path, Type string
	// Device is the number of the file system, and Root the path in it that is mounted: the same can be mounted at several places.
	Device, Root string
}

// Check is the outcome of really trying something. The zero value is a failure without a reason.
type Check struct {
	OK     bool
	Reason string // what stood in the way
	Fix    string // what the person in charge of the host can do about it; may be empty
}

// Host is what a host can enforce, as probed. It is a value; resolve reads it and nothing else.
type Host struct {
	System     string // operating system and kernel release, for people
	Platform   Platform
	Seatbelt   Check // macOS: a profile is compiled and applied
	Marks      Check // macOS: the processes of a sandbox can be told from others
	Namespaces Check // namespaces, mounts, the init and the exec: the namespace engine as a whole
	Proc       Check // a proc of a new pid namespace can be mounted
	Seccomp    Check
	Landlock   int // ABI; 0: none
	// LandlockReason says why Landlock is 0; LandlockFix, if not empty, what would help other than a kernel that has it.
	LandlockReason, LandlockFix string
	// Barred, if it has a mechanism, is what every engine needs and this process cannot have.
	Barred         Unsupported
	UIDMap, GIDMap string // for the user namespace: /proc/PID/uid_map
	// CPULimited says that the calling process, and what it starts, is killed after so much processor time (RLIMIT_CPU).
	CPULimited bool
	// Nofile is the soft and hard limit of open files that a program is given.
	Nofile [2]uint64
	// Core is the limit of cores where none are asked for: 1, not 0, since a helper that core_pattern names, outside, gets the core of a process
	// with any limit but this (fs/coredump.c); or 0, where the caller's hard limit is. CoreHard is that limit.
	Core, CoreHard uint64
	// Cgroup says that a cgroup can be made for each command, below one of version 2 that is delegated to the caller, and Controllers which
	// controllers such a cgroup can have: "memory", "pids", "cpu", "io". Reason and Fix are of a person who wants a limit.
	Cgroup      Check
	Controllers []string
	// Counter says that retired instructions can be counted, by the processor, of the program and all that it starts.
	Counter Check
	// Cores says that a core is a file that the program itself could have written. Where core_pattern names a helper or a socket, it gets
	// the core of whoever crashes, whole, outside of the sandbox (man 5 core).
	Cores  Check
	FS     FS
	Mounts []Mount
	// Of FreeBSD: capability mode with descriptors; the preload library, at PreloadPath; jails. Program is the kind of program that is meant.
	Capsicum, Preload, Jail Check
	PreloadPath             string
	// JailParameters are those of a jail that the kernel knows, of the ones that package jail has.
	JailParameters []string
	Program        ProgramKind
	// Force is the engine that a profile gets which forces none itself.
	Force profile.Engine
}

// missing tells a path that is not there from one that cannot be looked at.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
