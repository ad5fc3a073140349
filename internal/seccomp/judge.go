// This file says of a system call, by its name, whether a profile could have it: it needs no libseccomp, so that a profile is judged
// on any machine. It must know each call of Linux that the table does not name, with the reason.

package seccomp

import (
	"slices"
	"strings"
)

// Standing is how a system call stands to profiles.
type Standing int

// The standings. Of these Syscall takes Addable, and Always as what changes nothing.
const (
	Unknown     Standing = iota // no call of x86-64, arm64 or riscv64, or one that is newer than the table
	Never                       // no profile has it, or none without the checks of its arguments
	ByOperation                 // another operation, or another ability of the host, brings it
	Always                      // every filter allows it
	Addable                     // Syscall adds it
)

// Judge says how the call of that name stands, and why in words that can follow its name.
func Judge(name string) (Standing, string) {
	for _, a := range additions {
		if slices.Contains(strings.Fields(a.names), name) {
			return Addable, a.why
		}
	}
	var need Need
	condition := ""
	for _, g := range Groups() {
		if g.Need == NeedUnmapped { // a limit takes it away, no operation brings it
			g.Need = 0
		}
		switch {
		case !slices.Contains(g.Calls, name):
		case g.Absent:
			return Never, "answered as if the kernel did not have it: " + g.Why
		case g.Need == 0 && g.Condition == "":
			return Always, "every program has it: " + g.Why
		case g.Need == 0:
			condition = g.Condition
		default:
			need |= g.Need
		}
	}
	switch {
	case condition != "" && need != 0:
		return ByOperation, "allowed where " + condition + "; beyond that only with " + need.operations()
	case condition != "":
		return Never, "only ever allowed where " + condition
	case need != 0:
		return ByOperation, "only with " + need.operations()
	}
	for _, f := range forbidden {
		if slices.Contains(strings.Fields(f.names), name) {
			return Never, f.why
		}
	}
	return Unknown, "no system call that gaol knows"
}

// forbidden are the calls that no profile has, with the reason.
var forbidden = []struct{ names, why string }{
	{"io_uring_setup io_uring_enter io_uring_register", "always forbidden: its operations pass by the filter"},
	{"bpf", "always forbidden: programs in the kernel"},
	{"userfaultfd", "always forbidden: it stalls the kernel in the middle of a copy, the helper of many exploits"},
	{"add_key request_key keyctl", "always forbidden: keyrings outlive the sandbox and are shared with the user's other programs"},
	{"perf_event_open", "always forbidden: it measures what other programs and the kernel do"},
	{"fanotify_init fanotify_mark", "always forbidden: it watches whole file systems"},
	{"mount umount2 pivot_root chroot open_tree open_tree_attr move_mount mount_setattr fsopen fsconfig fsmount fspick",
		"always forbidden: what is visible is gaol's to say"},
	{"unshare setns", "always forbidden: a namespace hands out capabilities and much of the kernel"},
	{"init_module finit_module delete_module create_module query_module get_kernel_syms", "always forbidden: modules of the kernel"},
	{"kexec_load kexec_file_load reboot swapon swapoff acct settimeofday clock_settime stime sethostname setdomainname iopl ioperm vhangup " +
		"nfsservctl lookup_dcookie", "needs superuser rights"},
	{"open_by_handle_at", "needs superuser rights, and reaches files that no path of the view does"},
	{"quotactl quotactl_fd", "needs superuser rights but for reading what the user has used on the whole of a file system"},
	{"syslog", "the kernel's log tells of the whole machine, where its addresses lie among it"},
	{"vmsplice", "it lends pages that the lender can still change after a reader outside has checked them (CVE-2020-29374)"},
	{"memfd_secret", "memory that no supervisor can see"},
	{"process_mrelease", "it acts on processes that end, whosever they are"},
	{"file_getattr file_setattr", "newer than the table; FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR do the same"},
	{"listns", "newer than the table; it lists namespaces of the machine"},
	{"rseq_slice_yield uprobe uretprobe", "newer than the table"},
	{"ustat sysfs uselib _sysctl setrlimit", "an old form of what statfs, /proc/filesystems, dlopen, /proc/sys and prlimit64 do"},
	{"set_thread_area get_thread_area epoll_ctl_old epoll_wait_old getpmsg putpmsg afs_syscall tuxcall security vserver",
		"the kernel does not have it"},
}
