//go:build linux || darwin || freebsd

package gaol

// This file is what of a syscall.SysProcAttr a sandbox gives, and what is refused by name: the fields that every system has. A system's own are
// in wrap_linux.go, wrap_darwin.go and wrap_freebsd.go, as
//
//	systemAttributes []attribute
//	ownTerminal string    why a terminal is refused
//
// A test holds all of them to Go's, on any of these systems.

import (
	"slices"
	"syscall"
)

// attribute is a field of syscall.SysProcAttr. It is refused where it is set, unless met says that a sandbox gives what it asks for.
type attribute struct {
	name   string
	set    func(*syscall.SysProcAttr) bool
	met    func(*syscall.SysProcAttr) bool
	reason string
}

func always(*syscall.SysProcAttr) bool { return true }

var attributes = slices.Concat([]attribute{
	{"Chroot", func(a *syscall.SysProcAttr) bool { return a.Chroot != "" }, nil, ownTree},
	{"Credential", func(a *syscall.SysProcAttr) bool { return a.Credential != nil }, func(a *syscall.SysProcAttr) bool { return !a.Credential.NoSetGroups },
		"NoSetGroups would leave the program this process's groups; list them in Groups"},
	{"Ptrace", func(a *syscall.SysProcAttr) bool { return a.Ptrace }, nil, "nobody outside can trace a program inside"},
	{"Setsid", func(a *syscall.SysProcAttr) bool { return a.Setsid }, always, ""}, // the program leads a session, and so a group
	{"Setpgid", func(a *syscall.SysProcAttr) bool { return a.Setpgid }, always, ""},
	{"Setctty", func(a *syscall.SysProcAttr) bool { return a.Setctty }, nil, ownTerminal},
	{"Noctty", func(a *syscall.SysProcAttr) bool { return a.Noctty }, always, ""},
	{"Ctty", func(a *syscall.SysProcAttr) bool { return a.Ctty != 0 }, nil, ownTerminal},
	{"Foreground", func(a *syscall.SysProcAttr) bool { return a.Foreground }, nil, ownTerminal},
	{"Pgid", func(a *syscall.SysProcAttr) bool { return a.Pgid != 0 }, nil, "a program inside joins no group outside"},
}, systemAttributes)

// fromSysProcAttr is the credential in a, and what in a cannot be carried over.
func fromSysProcAttr(a *syscall.SysProcAttr) (credential *Credential, refused []Refused) {
	if a == nil {
		return nil, nil
	}
	for _, f := range attributes {
		if f.set(a) && (f.met == nil || !f.met(a)) {
			refused = append(refused, Refused{"SysProcAttr." + f.name, f.reason})
		}
	}
	if c := a.Credential; c != nil {
		credential = &Credential{Uid: c.Uid, Gid: c.Gid, Groups: c.Groups}
	}
	return credential, refused
}
