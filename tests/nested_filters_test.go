//go:build linux && cgo

// This file puts something around a process before it starts gaol: filters as containers and other sandboxes have them, and rules of
// Landlock. Each only takes away.

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	libseccomp "github.com/seccomp/libseccomp-golang"
	"golang.org/x/sys/unix"
)

var _ = helpersAre(map[string]func(string) error{"behind": behind, "stacked": stacked})

// rule is what a filter does with calls.
type rule struct {
	calls string
	errno syscall.Errno
	flag  uint64 // of the argument that is looked at, if not 0
	arg   uint
}

// What the default profile of Docker (moby's profiles/seccomp/default.json) refuses a container without capabilities, as far as it
// matters here, and what others do.
var filters = map[string][]rule{
	"docker": append(namespaceFlags, rule{calls: "clone3", errno: unix.ENOSYS}, rule{calls: `unshare setns mount umount2 pivot_root chroot move_mount open_tree
		mount_setattr fsopen fsconfig fsmount fspick keyctl add_key request_key bpf perf_event_open userfaultfd open_by_handle_at init_module finit_module
		delete_module kexec_load kexec_file_load reboot swapon swapoff settimeofday clock_settime quotactl acct io_uring_setup io_uring_enter
		io_uring_register`, errno: unix.EPERM}),
	// between Linux 5.13 and what Docker learnt of it: a call that libseccomp knows and no list allows; or one that it does not know
	"landlock-eperm":  {{calls: landlockCalls, errno: unix.EPERM}},
	"landlock-enosys": {{calls: landlockCalls, errno: unix.ENOSYS}},
	"rules-eperm":     {{calls: "landlock_add_rule", errno: unix.EPERM}},
	// as AppArmor's restriction does: user namespaces can be made, and give no capabilities
	"mounts-eacces": {{calls: mountCalls, errno: unix.EACCES}},
	"mounts-eperm":  {{calls: mountCalls, errno: unix.EPERM}},
	"new-mounts":    {{calls: "open_tree move_mount mount_setattr", errno: unix.ENOSYS}},
	"keys":          {{calls: "keyctl", errno: unix.EPERM}},
	"openat2":       {{calls: "openat2", errno: unix.ENOSYS}},
	"memfd":         {{calls: "memfd_create", errno: unix.EPERM, flag: unix.MFD_EXEC, arg: 1}},
	"memfd-noexec":  {{calls: "memfd_create", errno: unix.EACCES, flag: unix.MFD_EXEC, arg: 1}}, // as vm.memfd_noexec=2
	"pidfd":         {{calls: "pidfd_open", errno: unix.ENOSYS}},
}

const (
	landlockCalls = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
	mountCalls    = "mount umount2 pivot_root move_mount open_tree mount_setattr"
)

var namespaceFlags = func() (out []rule) {
	for _, flag := range []uint64{unix.CLONE_NEWNS, unix.CLONE_NEWCGROUP, unix.CLONE_NEWUTS, unix.CLONE_NEWIPC, unix.CLONE_NEWUSER, unix.CLONE_NEWPID, unix.CLONE_NEWNET} {
		out = append(out, rule{calls: "clone", errno: unix.EPERM, flag: flag})
	}
	return out
}()

// behind puts filters around this process and executes what its arguments name.
func behind(names string) error {
	runtime.LockOSThread()
	f, err := libseccomp.NewFilter(libseccomp.ActAllow)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(names, "+") {
		for _, r := range filters[name] {
			for _, call := range strings.Fields(r.calls) {
				number, err := libseccomp.GetSyscallFromName(call)
				if err != nil {
					continue // the library is older than the call
				}
				action := libseccomp.ActErrno.SetReturnCode(int16(r.errno))
				if r.flag == 0 {
					err = f.AddRule(number, action)
				} else {
					err = f.AddRuleConditional(number, action, []libseccomp.ScmpCondition{
						{Argument: r.arg, Op: libseccomp.CompareMaskedEqual, Operand1: r.flag, Operand2: r.flag}})
				}
				if err != nil {
					return fmt.Errorf("%s: %w", call, err)
				}
			}
		}
	}
	if err := f.Load(); err != nil {
		return err
	}
	return execute(os.Args[1:])
}

// stacked puts as many rulesets of Landlock around this process as can be, less some, and executes what its arguments name.
func stacked(fewer string) error {
	runtime.LockOSThread()
	var less int
	if _, err := fmt.Sscan(fewer, &less); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	attr := uint64(unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK) // struct landlock_ruleset_attr of ABI 1
	for range 16 - less {
		fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 8, 0)
		if errno != 0 {
			return errno
		}
		if _, _, errno = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
			return errno
		}
		_ = unix.Close(int(fd))
	}
	return execute(os.Args[1:])
}

func execute(argv []string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, argv, os.Environ())
}
