// This file is the part of the table that every program needs and that no argument makes dangerous: its memory, threads, time,
// signals, descriptors and files. A call belongs here only if it reaches nothing but the program itself, what it already holds, or
// what the view, Landlock or a namespace bounds; where only one of these does, the call has a need.

package seccomp

import "strings"

func base() []Group {
	return []Group{
		{
			Name: "memory",
			Why: "the program's own address space. PROT_EXEC is allowed for JITs; noexec mounts bound mappings of files. Not " +
				"remap_file_pages and modify_ldt (unused since decades, a past of holes), userfaultfd (stalls the kernel in the middle of a " +
				"copy, the helper of many exploits), memfd_secret (memory that no supervisor can see) and the calls on other processes' memory",
			Calls: strings.Fields(`brk munmap mprotect mremap madvise mincore msync mlock mlock2 munlock mlockall munlockall
			pkey_alloc pkey_free pkey_mprotect get_mempolicy set_mempolicy mbind set_mempolicy_home_node map_shadow_stack mseal`),
		},
		{
			Name:  "any mapping",
			Why:   "as memory",
			Calls: []string{"mmap"},
			Need:  NeedUnmapped,
		},
		{
			Name: "threads",
			Why:  "synchronisation of the program's own threads",
			Calls: strings.Fields(`futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list set_tid_address rseq
			membarrier sched_yield getcpu`),
		},
		{
			Name: "machine",
			Why:  "registers and caches of the calling thread; each exists on one architecture only",
			// ARCH_* of arch_prctl act on the caller alone (arch_prctl(2))
			Calls: strings.Fields(`arch_prctl riscv_flush_icache riscv_hwprobe`),
		},
		{
			Name: "time",
			Why:  "reading clocks, sleeping, own timers; setting a clock stays denied, adjtimex and clock_adjtime with it",
			Calls: strings.Fields(`clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times alarm getitimer setitimer
			timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime`),
		},
		{
			Name: "signals",
			Why:  "own handlers, and sending: the pid namespace, or Landlock's signal scope, bounds whom a signal reaches",
			Calls: strings.Fields(`rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo
			rt_tgsigqueueinfo sigaltstack pause kill tkill tgkill signalfd signalfd4 pidfd_open pidfd_send_signal restart_syscall`),
		},
		{
			Name: "descriptors",
			Why: "input and output on what the program already holds. Not vmsplice: it lends pages to a pipe that the lender can still " +
				"change after a reader outside has checked them, and let a child read its parent's memory (CVE-2020-29374). Not io_uring " +
				"(its operations pass by this filter) and not the old io_submit family, which next to nothing uses",
			Calls: strings.Fields(`read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close lseek
			dup dup2 dup3 flock poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
			eventfd eventfd2 pipe pipe2 inotify_init inotify_init1 inotify_rm_watch splice tee sendfile copy_file_range
			sync_file_range readahead fadvise64`),
		},
		{
			Name:  "closing a range in a table of one's own",
			Why:   "as descriptors; with CLOSE_RANGE_UNSHARE the calling thread leaves the table of the others",
			Calls: []string{"close_range"},
			Need:  NeedUnmapped,
		},
		{
			Name:  "watching",
			Why:   "no other mechanism bounds it to what may be listed: Landlock has no right for it",
			Calls: []string{"inotify_add_watch"},
			Need:  NeedWatch,
		},
	}
}

func files() []Group {
	return []Group{
		{
			Name: "files",
			Why: "the view and Landlock decide about paths. None of these gives a file a mode; the calls that do are checked (see modes). " +
				"ftruncate and fallocate need a descriptor that is open for writing. Not open_by_handle_at (it reaches files that no path of " +
				"the view does) and fanotify (it watches whole file systems)",
			Calls: strings.Fields(`access faccessat faccessat2 stat fstat lstat newfstatat statx statfs fstatfs getcwd chdir fchdir getdents
			getdents64 rmdir link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2 umask
			ftruncate fallocate fsync fdatasync sync syncfs getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr getxattrat
			listxattrat`),
		},
		{
			Name: "owners and times",
			Why: "a read-only mount refuses them, Landlock has no right for them: without a view any file of the user could be given away " +
				"or made to look old. chown only clears set-ID bits",
			Calls: strings.Fields(`chown fchown lchown fchownat utime utimes utimensat futimesat`),
			Need:  NeedAttributes,
		},
		{
			Name: "removing extended attributes",
			Why: "as owners and times; the trusted and security names need capabilities, which are gone (xattr(7)). That holds for " +
				"security.capability too, which needs CAP_SETFCAP and would be a set-user-ID bit by another name; access lists do not reach " +
				"those bits (acl(5))",
			Calls: strings.Fields(`removexattr lremovexattr fremovexattr removexattrat`),
			Need:  NeedAttributes,
		},
		{
			Name:  "truncate by path",
			Why:   "it opens nothing, so that Landlock does not see it before ABI 3",
			Calls: []string{"truncate"},
			Need:  NeedTruncate,
		},
	}
}

func running() []Group {
	return []Group{
		{
			Name: "identity",
			Why: "without capabilities the set calls only choose among ids that the process has, and capset only gives up; shells call " +
				"them at their start",
			Calls: strings.Fields(`getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid
			setresgid setfsuid setfsgid setgroups capget capset`),
		},
		{
			Name: "process",
			Why: "own state and children, and what of others is no secret. setpgid moves the caller and its children only, and those only " +
				"until they execute (setpgid(2)). Not process_mrelease. setrlimit is prlimit64's old form",
			Calls: strings.Fields(`getpid getppid gettid getpgid getpgrp setpgid getsid setsid wait4 waitid exit exit_group getrlimit
			getrusage getpriority ioprio_get sched_getaffinity sched_getparam sched_getscheduler sched_getattr sched_get_priority_max
			sched_get_priority_min sched_rr_get_interval`),
		},
		{
			Name: "peers",
			Why: "they ask for no more than the same user id and Landlock has no rule for them; the pid namespace bounds whom they reach, " +
				"without one that is each of the user's processes",
			Calls: strings.Fields(`sched_setaffinity sched_setparam sched_setscheduler sched_setattr setpriority ioprio_set`),
			Need:  NeedPeers,
		},
		{
			Name: "trace",
			Why: "debuggers. The pid namespace or the domain of Landlock bounds whom they reach; the calls that a tracer makes another process " +
				"do pass that one's filter (ptrace(2), since Linux 4.8)",
			Calls: strings.Fields(`ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp`),
			Need:  NeedTrace,
		},
		{
			Name:  "System V",
			Why:   "memory, semaphores and queues under numbers that anybody can guess; the ipc namespace bounds whose they are",
			Calls: strings.Fields(`shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl`),
			Need:  NeedSystemV,
		},
		{
			Name: "message queues",
			Why: "queues under names; the ipc namespace bounds whose they are. To be told of messages in a thread needs a netlink socket, which " +
				"is denied (mq_notify(3))",
			Calls: strings.Fields(`mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr`),
			Need:  NeedQueues,
		},
		{
			Name:  "system",
			Why:   "what any program may know of the kernel, and random bytes",
			Calls: strings.Fields(`uname sysinfo getrandom`),
		},
		{
			Name:  "execute",
			Why:   "the view, noexec mounts and Landlock decide which files",
			Calls: []string{"execve"},
		},
		{
			Name:  "restrict further",
			Why:   "Landlock only ever takes away",
			Calls: strings.Fields(`landlock_create_ruleset landlock_add_rule landlock_restrict_self`),
		},
		{
			Name:  "new processes",
			Why:   "the profile grants processes; there are no flags to check",
			Calls: []string{"fork", "vfork"},
			Need:  NeedProcesses,
		},
	}
}

func absent() []Group {
	return []Group{
		{
			Name:   "clone3",
			Why:    "its flags lie behind a pointer, where no filter sees them; C libraries fall back to clone on ENOSYS only",
			Calls:  []string{"clone3"},
			Absent: true,
		},
		{
			Name:   "openat2",
			Why:    "its mode lies behind a pointer, as clone3's flags do, and could have the bits that openat refuses; callers fall back to openat",
			Calls:  []string{"openat2"},
			Absent: true,
		},
		{
			Name:   "setxattrat",
			Why:    "the size of the value lies behind a pointer, where no filter sees it (see extended attributes); callers fall back to setxattr",
			Calls:  []string{"setxattrat"},
			Absent: true,
		},
		{
			Name: "newer than Linux 6.5",
			Why: "not granted, and answered as an older kernel does, because callers fall back on ENOSYS only: page cache statistics (a " +
				"side channel on files of others, CVE-2025-21691), the mount table, attributes of security modules",
			Calls:  strings.Fields(`cachestat statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules`),
			Absent: true,
		},
	}
}
