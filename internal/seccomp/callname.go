//go:build linux && cgo

// This file names a call by its number and the machine that it is of.

package seccomp

import (
	"fmt"
	"runtime"

	libseccomp "github.com/seccomp/libseccomp-golang"
)

// foreign are the machines whose calls a kernel of this one may take, by AUDIT_ARCH_* (linux/audit.h).
var foreign = map[uint32]struct {
	name string
	arch libseccomp.ScmpArch
}{
	0x40000003: {"i386", libseccomp.ArchX86},
	0x40000028: {"arm", libseccomp.ArchARM},
}

// Name is the call's name; "" is that there is none for its number. That of another machine's call has the machine's name in front.
func (c Call) Name() string {
	if !c.foreign() {
		return nativeName(c.Nr)
	}
	f, ok := foreign[c.Arch]
	if c.Arch == machines[runtime.GOARCH].audit {
		f.name, f.arch, ok = "x32", libseccomp.ArchX32, true
	}
	if name, err := libseccomp.ScmpSyscall(c.Nr).GetNameByArch(f.arch); ok && err == nil && c.Nr >= 0 {
		return f.name + " " + name
	}
	return ""
}

func nativeName(nr int32) string {
	if nr < 0 {
		return ""
	}
	if name, err := libseccomp.ScmpSyscall(nr).GetName(); err == nil {
		return name
	}
	for name, n := range unified {
		if n == nr {
			return name
		}
	}
	return ""
}

// SyscallName returns the name of a call of this architecture, or "system call N".
func SyscallName(nr int) string {
	if name := nativeName(int32(nr)); name != "" {
		return name
	}
	return fmt.Sprintf("system call %d", nr)
}
