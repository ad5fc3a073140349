package gaol

import "syscall"

// attribute is a field of syscall.SysProcAttr. It is refused where it is set, unless met says that a sandbox gives what it asks for.
type attribute struct {
	name   string
	set    func(*syscall.SysProcAttr) bool
	met    func(*syscall.SysProcAttr) bool
	reason string
}

const (
	ownNamespaces = "the sandbox has namespaces of its own, which the profile decides on"
	ownTerminal   = "set Terminal of the Cmd that Wrap returns"
	ownCgroup     = "set Limits in the profile, or of the Cmd that Wrap returns"
)

func always(*syscall.SysProcAttr) bool { return true }

// attributes are all fields that there are; a test holds this to Go's.
var attributes = []attribute{
	{"Chroot", func(a *syscall.SysProcAttr) bool { return a.Chroot != "" }, nil, "what the program sees is the profile's: grant or Map what is in there"},
	{"Credential", func(a *syscall.SysProcAttr) bool { return a.Credential != nil }, func(a *syscall.SysProcAttr) bool { return !a.Credential.NoSetGroups },
		"NoSetGroups would leave the program this process's groups; list them in Groups"},
	{"Ptrace", func(a *syscall.SysProcAttr) bool { return a.Ptrace }, nil, "nobody outside can trace a program inside"},
	{"Setsid", func(a *syscall.SysProcAttr) bool { return a.Setsid }, always, ""},
	{"Setpgid", func(a *syscall.SysProcAttr) bool { return a.Setpgid }, always, ""},
	{"Setctty", func(a *syscall.SysProcAttr) bool { return a.Setctty }, nil, ownTerminal},
	{"Noctty", func(a *syscall.SysProcAttr) bool { return a.Noctty }, always, ""},
	{"Ctty", func(a *syscall.SysProcAttr) bool { return a.Ctty != 0 }, nil, ownTerminal},
	{"Foreground", func(a *syscall.SysProcAttr) bool { return a.Foreground }, nil, ownTerminal},
	{"Pgid", func(a *syscall.SysProcAttr) bool { return a.Pgid != 0 }, nil, "a program inside joins no group outside"},
	{"Pdeathsig", func(a *syscall.SysProcAttr) bool { return a.Pdeathsig != 0 }, func(a *syscall.SysProcAttr) bool { return a.Pdeathsig == syscall.SIGKILL },
		"when this process ends all that is inside is killed, by no other signal"},
	{"Cloneflags", func(a *syscall.SysProcAttr) bool { return a.Cloneflags != 0 }, nil, ownNamespaces},
	{"Unshareflags", func(a *syscall.SysProcAttr) bool { return a.Unshareflags != 0 }, nil, ownNamespaces},
	{"UidMappings", func(a *syscall.SysProcAttr) bool { return a.UidMappings != nil }, nil, ownNamespaces},
	{"GidMappings", func(a *syscall.SysProcAttr) bool { return a.GidMappings != nil }, nil, ownNamespaces},
	{"GidMappingsEnableSetgroups", func(a *syscall.SysProcAttr) bool { return a.GidMappingsEnableSetgroups }, nil, ownNamespaces},
	{"AmbientCaps", func(a *syscall.SysProcAttr) bool { return a.AmbientCaps != nil }, nil, "a program inside has no capabilities"},
	{"UseCgroupFD", func(a *syscall.SysProcAttr) bool { return a.UseCgroupFD }, nil, ownCgroup},
	{"CgroupFD", func(a *syscall.SysProcAttr) bool { return a.CgroupFD != 0 }, nil, ownCgroup},
	{"PidFD", func(a *syscall.SysProcAttr) bool { return a.PidFD != nil }, nil, "the program's descriptor stays in the sandbox; Process has its signals"},
}

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
