//go:build linux && cgo

package gaol

// This file puts into words what stands in the way of the engines, and what would help. It only ever looks: what works is tried, in
// probe_linux.go. Where several things refuse alike, all that can be meant are named.

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

// reason is the error without what every error begins with.
func reason(err error) string { return strings.TrimPrefix(err.Error(), "gaol: ") }

// sysctl is the text of a file of /proc/sys; empty if there is none.
func sysctl(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// filtered says that a seccomp filter is around this process already, as in a container or another sandbox (man 2 PR_GET_SECCOMP).
func filtered() bool {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err == nil && mode == 2 // SECCOMP_MODE_FILTER
}

// bar is what neither engine can do without and this process cannot have; facts is the error of facts. What has run out is no bar.
func bar(facts error) policy.Unsupported {
	var e *SetupError
	_, _, err := shared()
	switch {
	case errors.As(err, &e) && !short(err) && e.Step == plan.ExecInit.String():
		return policy.Unsupported{Mechanism: "executable memfds", Detail: "memfd_create: " + e.Err.Error(), Fix: noMemfd(e.Err)}
	case errors.As(err, &e) && !short(err):
		return policy.Unsupported{Mechanism: "pidfds", Detail: "pidfd_open: " + e.Err.Error(), Fix: "in a container, a seccomp profile that allows pidfd_open"}
	case errors.Is(facts, errNoRoot):
		return policy.Unsupported{Mechanism: "a mount table", Detail: reason(facts), Fix: "a root that is a mount point: for a chroot, mount --rbind DIR DIR first"}
	case facts != nil && !short(facts):
		return policy.Unsupported{Mechanism: "a mount table", Detail: reason(facts), Fix: "a /proc that this process may read"}
	}
	return policy.Unsupported{}
}

// noMemfd tells what refuses an executable memfd: a filter with EPERM as a rule, vm.memfd_noexec=2 with EACCES (man 2 memfd_create).
func noMemfd(err error) string {
	if errors.Is(err, unix.EACCES) {
		return "sysctl vm.memfd_noexec=0 or 1"
	}
	return "outside of a seccomp filter that forbids memfd_create with MFD_EXEC: a gaol sandbox has one, so that gaol does not work inside gaol"
}

// fix tells what commonly stands in the way of an engine's step, by looking at the settings that are known to.
func fix(e *SetupError, engine string) string {
	switch {
	case engine == policy.LandlockEngine && errors.Is(e, unix.E2BIG):
		return "fewer rulesets of Landlock around this process: 16 can be stacked (man 7 landlock)"
	case e.Step == plan.ExecInit.String():
		return "in a container, a seccomp profile that allows execveat"
	case engine == policy.LandlockEngine:
		return landlockFilter
	case errors.Is(e, unix.ENOSPC):
		return limits()
	case e.Step == plan.IDMap.String() && unmappable():
		return "CAP_SETFCAP, which root lacks here; in a container, --cap-add=SETFCAP"
	}
	for _, s := range []struct{ path, bad, fix string }{
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for this program that allows userns"},
	} {
		if sysctl(s.path) == s.bad {
			return s.fix
		}
	}
	const container = "in a container, a seccomp profile that allows clone with namespaces, mount, pivot_root and setns"
	made := e.Step == plan.CloneBuilder.String()
	switch {
	case filtered() && made:
		return container
	case filtered():
		return container + "; or outside of rules of Landlock or AppArmor that forbid mounts"
	case made:
		return "outside of a chroot, or of a security module's rules that forbid user namespaces"
	}
	return "outside of rules of Landlock or AppArmor that forbid mounts"
}

// unmappable says that this process is a root who may not map itself into a user namespace (man 7 user_namespaces, Linux 5.12).
func unmappable() bool {
	held, err := capabilities()
	return err == nil && os.Geteuid() == 0 && !held(unix.CAP_SETFCAP)
}

// limits tells which limit of namespaces is reached (man 7 namespaces). It counts in each user namespace around this one, too, and those
// cannot be looked at.
func limits() string {
	for _, kind := range []string{"user", "mnt", "pid", "ipc", "uts", "cgroup", "net"} {
		name := "user/max_" + kind + "_namespaces"
		if sysctl("/proc/sys/"+name) == "0" {
			return "sysctl " + strings.Replace(name, "/", ".", 1) + "=10000"
		}
	}
	return "a higher limit of namespaces (sysctl user.max_user_namespaces and its like), here or in a user namespace around this one; bwrap --disable-userns sets such a limit"
}

const landlockFilter = "in a container, a seccomp profile that allows openat2, close_range, landlock_create_ruleset, landlock_add_rule and landlock_restrict_self"

// landlock asks the kernel for its ABI (man 2 landlock_create_ruleset).
func landlock() (abi int, reason, fix string) {
	r, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
		if int(r) < policy.MinLandlock {
			return 0, fmt.Sprintf("ABI %d is too old", r), ""
		}
		return int(r), "", ""
	case unix.ENOSYS:
		if filtered() {
			return 0, "this kernel has none, or a seccomp filter hides it", "a kernel from 5.19 on with landlock in its lsm= list, and " + landlockFilter
		}
		return 0, "this kernel has none", ""
	case unix.EOPNOTSUPP:
		return 0, "it was switched off when this kernel started", ""
	}
	return 0, "landlock_create_ruleset: " + errno.Error(), landlockFilter
}
