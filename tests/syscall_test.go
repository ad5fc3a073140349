//go:build linux && cgo

// These tests try the system calls that no profile grants, each with the errno that it must end in, and beside them the calls that
// every program may make. The simulated filter is tested in internal/seccomp; here the kernel answers.

package tests

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// call is an attempt at a system call with the arguments as words.
func call(outcome, words string) attempt {
	return want(outcome, append([]string{"syscall"}, strings.Fields(words)...)...)
}

func calls(outcome string, list ...string) (out []attempt) {
	for _, words := range list {
		out = append(out, call(outcome, words))
	}
	return out
}

// newNamespaces are the CLONE_NEW* flags of clone and unshare (man 2 clone), and CLONE_NEWTIME, which only unshare knows.
var newNamespaces = map[string]uint32{"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
	"pid": 0x20000000, "net": 0x40000000}

const (
	cloneThread = 0x00010000 | 0x00000800 | 0x00000100 // CLONE_THREAD|CLONE_SIGHAND|CLONE_VM
	newTime     = 0x80
)

var _ = Describe("A system call", func() {
	// what holds even with everything that a profile can grant
	var s *gaol.Sandbox
	BeforeEach(func() {
		s = sandbox(gaol.System(), gaol.ProcessCreate(), gaol.SystemInfoRead(), gaol.NetworkOutbound(gaol.All()), gaol.NetworkInbound(gaol.All()))
	})

	It("that looks into other processes is denied", func() {
		try(s, calls("EPERM",
			"ptrace 0",        // PTRACE_TRACEME
			"ptrace 16 1",     // PTRACE_ATTACH to the init
			"ptrace 0x4206 1", // PTRACE_SEIZE
			"process_vm_readv 2 @ 1 @ 1 0", "process_vm_writev 2 @ 1 @ 1 0", "process_vm_readv 1 @ 1 @ 1 0",
			"kcmp 1 2 0 0 0", "pidfd_getfd 0 0 0", "process_madvise 0 @ 1 21 0", "process_mrelease 0 0",
			"move_pages 1 1 @ 0 @ 0", "migrate_pages 1 64 @ @", "prlimit64 1 7 @ 0",
		)...)
	})

	It("that reads or sets its own limits is allowed", func() {
		var attempts []attempt
		for resource := range 16 {
			outcome := "ok"
			if resource == 4 { // RLIMIT_CORE
				outcome = "EPERM"
			}
			attempts = append(attempts, call("ok", fmt.Sprintf("prlimit64 0 %d 0 @", resource)), want(outcome, "limit.same", fmt.Sprint(resource)))
		}
		try(s, append(attempts, want("ok 1 1", "proc.rlimit", "4"), call("ok", "prlimit64 0 7 u64:64,64 0"), call("EPERM|EINVAL", "prlimit64 0 16 u64:1,1 0"))...)
	})

	It("that sets the limit of cores is denied, since a helper outside gets one with any but 1", func() {
		attempts := calls("EPERM", "prlimit64 0 4 u64:0,0 0", "prlimit64 0 4 u64:1,1 0", "prlimit64 0 4 u64:0,1 0", "prlimit64 0 0x100000004 u64:0,0 0",
			"prlimit64 2 4 u64:0,0 0", "prlimit64 0x100000000 4 u64:0,0 0", "prlimit64 0 4 u64:0,0 @")
		if runtime.GOARCH == "amd64" {
			attempts = append(attempts, call("EPERM", "160 4 u64:0,0"), call("EPERM", "160 7 u64:64,64")) // setrlimit, which prlimit64 replaces
		}
		try(s, append(attempts, want("ok 1 1", "proc.rlimit", "4"))...)
	})

	It("that changes mounts or the root is denied", func() {
		try(s, calls("EPERM",
			"mount s:none s:/tmp s:tmpfs 0 0", "mount s:/ s:/ 0 0x5020 0", "umount2 s:/proc 2", "umount2 s:/ 2", "pivot_root s:/ s:/", "chroot s:/",
			"open_tree -100 s:/ 1", "move_mount -100 s:/ -100 s:/ 0", "fsopen s:tmpfs 0", "fsconfig 3 6 0 0 0", "fsmount 3 0 0",
			"fspick -100 s:/ 0", "mount_setattr -100 s:/ 0 @ 32",
		)...)
	})

	It("that makes or enters a namespace is denied", func() {
		attempts := calls("EPERM", fmt.Sprintf("unshare %d", newTime), "setns 0 0", "setns 3 0x10000000")
		for _, flag := range newNamespaces {
			attempts = append(attempts, calls("EPERM",
				fmt.Sprintf("unshare %d", flag),
				fmt.Sprintf("clone %d", flag|uint32(syscall.SIGCHLD)),
				fmt.Sprintf("clone %d", flag|cloneThread),
				fmt.Sprintf("clone %d", uint64(flag|uint32(syscall.SIGCHLD))|1<<63), // the upper half is not looked at by the kernel
			)...)
		}
		try(s, append(attempts, want("ok", "thread"), call("ENOSYS", "clone3 @ 88"), call("ENOSYS", "clone3 0 0"), call("EPERM", "unshare 0"))...)
	})

	It("that makes a process is denied without ProcessCreate", func() {
		attempts := calls("EPERM", fmt.Sprintf("clone %d", syscall.SIGCHLD), fmt.Sprintf("clone %d", 0x100|0x4000|int(syscall.SIGCHLD)),
			fmt.Sprintf("clone %d", 0x100), "clone 0", fmt.Sprintf("clone %d", 0x00010000))
		if runtime.GOARCH == "amd64" {
			attempts = append(attempts, calls("EPERM", "fork", "vfork")...)
		}
		try(sandbox(), append(attempts, want("ok", "thread"))...)
		try(s, call("ok", fmt.Sprintf("clone %d", syscall.SIGCHLD)), want("ok", "thread"))
	})

	It("of the kernel's large or old interfaces is denied", func() {
		attempts := calls("EPERM",
			"bpf 0 @ 72", "perf_event_open @ 0 -1 -1 0", "userfaultfd 0", "userfaultfd 1", "memfd_secret 0",
			"keyctl 0 -3 1", "add_key s:user s:a s:b 1 -3", "request_key s:user s:a 0 -3",
			"io_uring_setup 8 @", "io_uring_enter 3 1 0 0 0 0", "io_uring_register 3 0 0 0", "io_setup 1 @",
			"open_by_handle_at -100 @ 0", "name_to_handle_at -100 s:/ @ @ 0", "fanotify_init 0 0", "lookup_dcookie 0 @ 8",
			"remap_file_pages 0 0 0 0 0", "vmsplice 1 @ 1 0", "quotactl_fd 3 0 0 0", "nfsservctl 0 0 0",
		)
		if runtime.GOARCH == "amd64" {
			attempts = append(attempts, calls("EPERM", "iopl 3", "ioperm 0 1 1", "modify_ldt 0 @ 16", "modify_ldt 1 @ 16", "uselib s:/usr", "ustat 0 @",
				"sysfs 3", "_sysctl @")...)
		}
		try(s, attempts...)
	})

	It("of the superuser is denied", func() {
		try(s, calls("EPERM",
			"kexec_load 0 0 0 0", "kexec_file_load 0 0 0 0 0", "init_module @ 8 s:", "finit_module 0 s: 0", "delete_module s:none 0",
			"reboot 0xfee1dead 672274793 0 0", "swapon s:/nowhere 0", "swapoff s:/nowhere", "quotactl 0 0 0 0", "acct s:/nowhere", "acct 0",
			"syslog 3 @ 16", "syslog 10 0 0", "settimeofday @ 0", "clock_settime 0 @", "clock_adjtime 0 @", "adjtimex @",
			"sethostname s:x 1", "setdomainname s:x 1", "vhangup",
		)...)
	})

	It("of System V and POSIX IPC is denied", func() {
		try(s, calls("EPERM", "shmget 0 4096 0x3b6", "shmat 0 0 0", "semget 0 1 0x3b6", "msgget 0 0x3b6", "msgctl 0 3 @", "mq_open s:q 0x42 0x180 0",
			"mq_unlink s:q")...)
	})

	It("that only asks or acts on the program itself is allowed", func() {
		try(s, want("ok 2", "getpid"), want("ok", "thread"), want("ok", "jit"),
			call("ok", "clock_gettime 0 @"), call("ok", "getrandom @ 16 0"), call("ok", "mmap 0 4096 3 0x22 -1 0"),
			want("ok", "socketpair", "unix", "stream"), want("ok", "socketpair", "unix", "seqpacket"),
			call("ok", "seccomp 2 0 u32:0x7fff0000")) // SECCOMP_GET_ACTION_AVAIL
	})

	It("personality takes a query and no randomisation, and nothing else", func() {
		try(s, call("ok", "personality 0xffffffff"), call("ok", "personality 0x40000"), call("ok", "personality 0"),
			call("EPERM", "personality 0x400000"), // READ_IMPLIES_EXEC
			call("EPERM", "personality 0x440000"), call("EPERM", "personality 0x100000"), call("EPERM", "personality 8"),
			call("ok 0|ok", "personality 0xffffffff"))
	})

	It("ioctl reaches a descriptor, but never a terminal's input", func() {
		attempts := calls("ENOTTY", "ioctl 1 0x5413 @", "ioctl 1 0x5401 @") // TIOCGWINSZ and TCGETS of a pipe
		for _, command := range []uint64{0x5412, 0x541c, 0x541d, 0x5423} {  // TIOCSTI TIOCLINUX TIOCCONS TIOCSETD
			for _, high := range []uint64{0, 1 << 32, 1 << 63, 0xffffffff << 32} { // the kernel's command has 32 bits (CVE-2019-7303)
				attempts = append(attempts, call("EPERM", fmt.Sprintf("ioctl 1 %d @", high|command)))
			}
		}
		try(s, attempts...)
	})

	It("prctl is allowed for the program's own harmless attributes", func() {
		try(s, append(calls("EPERM",
			"prctl 35 1 @ 0 0", "prctl 35 14 @ 104 0", // PR_SET_MM
			"prctl 0x59616d61 1 0 0 0", "prctl 0x59616d61 -1 0 0 0", // PR_SET_PTRACER
			"prctl 62 1 0 1 0", "prctl 59 1 0 0 0", // PR_SCHED_CORE, PR_SET_SYSCALL_USER_DISPATCH
			"prctl 24 0 0 0 0", "prctl 28 0 0 0 0", "prctl 8 1 0 0 0", // PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_KEEPCAPS
			"prctl 26 2 0 0 0", "prctl 33 0 0 0 0", // PR_SET_TSC, PR_MCE_KILL
			"prctl 47 2 0 0 0", "prctl 47 3 0 0 0", // PR_CAP_AMBIENT: raise, lower
			"prctl 53 0 0 0 0", "prctl 22 1 0 0 0", "prctl 67 1 0 0 0", // PR_SET_SPECULATION_CTRL, strict seccomp, PR_SET_MEMORY_MERGE
		), append(calls("ok",
			"prctl 15 s:name 0 0 0", "prctl 16 @ 0 0 0", "prctl 39 0 0 0 0", "prctl 38 1 0 0 0", "prctl 3 0 0 0 0", "prctl 27 0 0 0 0",
			"prctl 21 0 0 0 0", "prctl 47 4 0 0 0", "prctl 1 9 0 0 0", "prctl 23 0 0 0 0",
		), call("EINVAL", "prctl 38 0 0 0 0"))...)...) // no_new_privs stays
	})

	It("that is newer than the table does not exist", func() {
		try(s, calls("ENOSYS", "467 -100 s:/ 1", "468 -100 s:/ @ 24 0", "470", "500", "600", "1000", "0x3fffffff", "451 0 0 0 0", "457 0 0 0 0", "458 0 0 0 0")...)
	})
})

var _ = Describe("A foreign system call", func() {
	kills := func(args ...string) {
		GinkgoHelper()
		r := victim(sandbox(gaol.System()), args...)
		Expect(r.State.Signal()).To(Equal(syscall.SIGSYS), "%v", r.Lines)
		Expect(r.Stdout).To(BeEmpty())
	}
	BeforeEach(func() {
		if runtime.GOARCH != "amd64" {
			Skip("x32 and int 0x80 are missing on " + runtime.GOARCH)
		}
	})
	It("by int 0x80 kills", func() { kills("int80") })
	It("by an x32 number kills", func() { kills("syscall", "0x40000027") }) // getpid
	It("by an x32 number above the table kills", func() { kills("syscall", "0x40000fff") })
	It("by the first number of x32's own kills", func() { kills("syscall", "0x40000200") })
})

var _ = Describe("OnDenied(Kill)", func() {
	It("ends the program with SIGSYS, and error and report say so", func() {
		r := victim(sandbox(gaol.OnDenied(gaol.Kill)), "getpid", "--", "syscall", "ptrace", "0", "--", "getpid")
		Expect(r.Lines).To(Equal([]string{"ok 2"}), "what came before was allowed, what comes after is never reached")
		var exit *gaol.ExitError
		Expect(errors.As(r.Err, &exit)).To(BeTrue(), "%v", r.Err)
		Expect(exit.Signal()).To(Equal(syscall.SIGSYS))
		Expect(exit.Error()).To(HavePrefix("signal: bad system call"))
		Expect(r.State.Exited()).To(BeFalse())
		Expect(r.Report.Denials).To(ConsistOf(HaveField("Operation", "system call")))
		Expect(r.Report.State).To(Equal(r.State))
	})

	It("does not kill for calls that programs only probe", func() {
		try(sandbox(gaol.OnDenied(gaol.Kill)), call("ENOSYS", "clone3 @ 88"), call("ENOSYS", "600"), want("ok", "thread"))
	})

	It("kills for a namespace, a process, a terminal's input and a network", func() {
		s := sandbox(gaol.OnDenied(gaol.Kill))
		for _, words := range []string{"syscall unshare 0x10000000", "syscall clone 17", "syscall ioctl 1 0x100005412 @", "socket inet stream", "memfd 0"} {
			Expect(victim(s, strings.Fields(words)...).State.Signal()).To(Equal(syscall.SIGSYS), words)
		}
	})
})
