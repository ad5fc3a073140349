//go:build linux

// This file has the tests of Servo's gaol, by their names: file-read-all, file-read-metadata, forbidden-syscalls, network-outbound and
// system-info-read, each with the allowed and the prohibited case.

package escape

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/seccomp"
	"golang.org/x/sys/unix"
)

func servo() []Attack {
	return []Attack{
		{
			Name:  "file-read-all",
			About: "reads a file that FileRead does not grant, beside one that it does",
			Want:  "ENOENT|EACCES",
			Prepare: func(w *World) {
				granted := w.File("granted/file", "content")
				w.Grant(gaol.FileRead(gaol.Literal(granted)))
				w.Arg("file", w.Secret())
			},
			Inside: func(in *In) { in.Read(in.Arg("file")) },
		},
		{
			Name:  "file-read-metadata",
			About: "reads a file of which FileReadMetadata alone is granted; the twin asks for its metadata",
			Want:  "EACCES",
			Prepare: func(w *World) {
				secret := w.File("outside/secret", "secret")
				w.Grant(gaol.FileReadMetadata(gaol.Literal(secret)))
				w.Arg("file", secret)
			},
			Inside: func(in *In) {
				var st unix.Stat_t
				if in.Twin {
					in.Try("stat", unix.Stat(in.Arg("file"), &st))
					return
				}
				in.Read(in.Arg("file"))
			},
		},
		{
			Name:  "file-read-metadata-hidden",
			About: "asks for the metadata of a file of which nothing is granted",
			Want:  "ENOENT|EACCES",
			Prepare: func(w *World) {
				w.exact = true // the landlock engine takes no profile but one that grants all metadata, or accepts that
				secret := w.File("outside/secret", "secret")
				w.IfTwin(gaol.FileReadMetadata(gaol.Literal(secret)))
				w.Arg("file", secret)
			},
			Inside: func(in *In) {
				var st unix.Stat_t
				in.Try("stat", unix.Stat(in.Arg("file"), &st))
				in.Try("access", unix.Access(in.Arg("file"), unix.F_OK))
			},
		},
		forbidden("forbidden-syscalls", "makes every system call of number 0 to 511 that no profile grants", "EPERM|ENOSYS", nil),
		{
			Name:  "forbidden-syscalls-kill",
			About: "makes each of them in a child of its own, where the profile says that a denied call kills",
			Want:  "SIGSYS|ENOSYS",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				w.GrantExactly(gaol.OnDenied(gaol.Kill))
				w.needStart("asks the kernel about filters when it starts (libseccomp does), and is killed for it", w.grants...)
				w.Arg("numbers", ungranted(w, "fork vfork"))
			},
			Inside: func(in *In) {
				for _, nr := range numbers(in) {
					in.Is(inChild(nr), fmt.Sprint(nr))
				}
			},
		},
		{
			Name:  "network-outbound",
			About: "connects to a server on this machine by TCP, where NetworkOutbound is not granted",
			Want:  "EPERM",
			Prepare: func(w *World) {
				w.IfTwin(gaol.NetworkOutbound(gaol.All()))
				w.Arg("address", w.Listen("tcp", "127.0.0.1:0"))
			},
			Inside: func(in *In) { in.Connect(unix.SOCK_STREAM, 0, in.Arg("address")) },
		},
		{
			Name:  "system-info-read",
			About: "reads what /proc tells about the system, where SystemInfoRead is not granted",
			Want:  "ENOENT|EACCES",
			Prepare: func(w *World) {
				w.Grant(gaol.System())
				w.IfTwin(gaol.SystemInfoRead())
			},
			Inside: func(in *In) {
				for _, name := range []string{"sys/kernel/ostype", "cpuinfo", "meminfo", "version", "stat", "loadavg"} {
					in.Read("/proc/" + name)
				}
			},
		},
	}
}

// everyones are the calls that a profile which grants nothing allows, at least for some arguments. It is written down anew, so that
// the library's table is not its own judge: a call that it grants besides is one that the attack gets through.
const everyones = `accept accept4 access alarm arch_prctl brk capget capset chdir chmod chown clock_getres clock_gettime
	clock_nanosleep clone close close_range copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
	epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod
	fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate
	futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_mempolicy get_robust_list getcpu getcwd getdents getdents64
	getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid
	getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr getxattrat inotify_init inotify_init1
	inotify_add_watch inotify_rm_watch ioctl ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr
	link linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack mbind membarrier
	memfd_create mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock munlockall munmap
	nanosleep newfstatat open openat pause personality pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl
	pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg
	recvmsg removexattr removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
	rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
	sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr
	sched_setparam sched_setscheduler sched_yield seccomp select sendfile sendmmsg sendmsg sendto set_mempolicy
	set_mempolicy_home_node set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid
	setresgid setresuid setreuid setsid setsockopt setuid setxattr setxattrat shutdown sigaltstack signalfd signalfd4 socketpair
	splice stat statfs statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete
	timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname
	unlink unlinkat utime utimensat utimes wait4 waitid write writev riscv_flush_icache riscv_hwprobe`

// ungranted are the numbers from 0 to 511 that are none of everyones' calls, nor of those that are granted besides.
func ungranted(w *World, besides string) string {
	if w.Twin {
		return fmt.Sprint(unix.SYS_GETPID)
	}
	granted := strings.Fields(besides + " " + everyones)
	var out []string
	for nr := range 512 {
		if runtime.GOARCH == "amd64" && (nr == 335 || nr == 336) {
			// uretprobe and uprobe, which no filter sees from Linux 6.14 on, and which raise a signal from anywhere but the kernel's trampoline
			continue
		}
		if !slices.Contains(granted, seccomp.SyscallName(nr)) {
			out = append(out, strconv.Itoa(nr))
		}
	}
	return strings.Join(out, ",")
}

func numbers(in *In) (out []uintptr) {
	for word := range strings.SplitSeq(in.Arg("numbers"), ",") {
		nr, _ := strconv.Atoi(word)
		out = append(out, uintptr(nr))
	}
	return out
}

// forbidden makes them all with zeros for arguments, which does no harm even where one is let through.
func forbidden(name, about, want string, options []gaol.Option) Attack {
	return Attack{
		Name: name, About: about, Want: want,
		Prepare: func(w *World) {
			w.Grant(options...)
			w.Arg("numbers", ungranted(w, ""))
		},
		Inside: func(in *In) {
			for _, nr := range numbers(in) {
				in.Call(fmt.Sprint(nr), nr)
			}
		},
	}
}

// inChild makes the call in a child and says how that ended: the signal, the errno, or "ok".
func inChild(nr uintptr) string {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return "clone: " + wordOf(errno)
	}
	for pid == 0 {
		_, _, errno := unix.RawSyscall6(nr, 0, 0, 0, 0, 0, 0)
		unix.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(errno), 0, 0)
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(int(pid), &ws, unix.WALL, nil); err != nil {
		return "wait: " + wordOf(err)
	}
	switch {
	case ws.Signaled():
		return unix.SignalName(ws.Signal())
	case ws.ExitStatus() == 0:
		return "ok"
	}
	return wordOf(unix.Errno(ws.ExitStatus()))
}
