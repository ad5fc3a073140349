package gaol

import "syscall"

const (
	ownTree       = "what the program sees is the profile's: grant or Map what is in there"
	ownTerminal   = "set Terminal of the Cmd that Wrap returns"
	ownNamespaces = "the sandbox has namespaces of its own, which the profile decides on"
	ownCgroup     = "set Limits in the profile, or of the Cmd that Wrap returns"
)

var systemAttributes = []attribute{
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
