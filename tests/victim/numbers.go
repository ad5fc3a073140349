//go:build linux

// This file names the numbers of the system calls that tests ask for. Those that amd64 alone has are in numbers_amd64.go.

package main

import "golang.org/x/sys/unix"

// makesProcess are the calls that could return twice.
var makesProcess = map[uintptr]bool{unix.SYS_CLONE: true, unix.SYS_CLONE3: true}

var numbers = map[string]uintptr{
	"acct": unix.SYS_ACCT, "add_key": unix.SYS_ADD_KEY, "adjtimex": unix.SYS_ADJTIMEX, "bind": unix.SYS_BIND, "bpf": unix.SYS_BPF,
	"chroot": unix.SYS_CHROOT, "clock_adjtime": unix.SYS_CLOCK_ADJTIME, "clock_gettime": unix.SYS_CLOCK_GETTIME,
	"clock_settime": unix.SYS_CLOCK_SETTIME, "clone": unix.SYS_CLONE, "clone3": unix.SYS_CLONE3, "delete_module": unix.SYS_DELETE_MODULE,
	"fanotify_init": unix.SYS_FANOTIFY_INIT, "finit_module": unix.SYS_FINIT_MODULE, "fsconfig": unix.SYS_FSCONFIG,
	"fsmount": unix.SYS_FSMOUNT, "fsopen": unix.SYS_FSOPEN, "fspick": unix.SYS_FSPICK, "getpid": unix.SYS_GETPID,
	"getrandom": unix.SYS_GETRANDOM, "init_module": unix.SYS_INIT_MODULE, "io_setup": unix.SYS_IO_SETUP,
	"io_uring_enter": unix.SYS_IO_URING_ENTER, "io_uring_register": unix.SYS_IO_URING_REGISTER, "io_uring_setup": unix.SYS_IO_URING_SETUP,
	"ioctl": unix.SYS_IOCTL, "kcmp": unix.SYS_KCMP, "kexec_file_load": unix.SYS_KEXEC_FILE_LOAD, "kexec_load": unix.SYS_KEXEC_LOAD,
	"keyctl": unix.SYS_KEYCTL, "listen": unix.SYS_LISTEN, "lookup_dcookie": unix.SYS_LOOKUP_DCOOKIE, "memfd_secret": 447,
	"migrate_pages": unix.SYS_MIGRATE_PAGES, "mmap": unix.SYS_MMAP, "mount": unix.SYS_MOUNT, "mount_setattr": unix.SYS_MOUNT_SETATTR,
	"move_mount": unix.SYS_MOVE_MOUNT, "move_pages": unix.SYS_MOVE_PAGES, "mq_open": unix.SYS_MQ_OPEN, "mq_unlink": unix.SYS_MQ_UNLINK,
	"msgctl": unix.SYS_MSGCTL, "msgget": unix.SYS_MSGGET, "name_to_handle_at": unix.SYS_NAME_TO_HANDLE_AT,
	"nfsservctl": unix.SYS_NFSSERVCTL, "open_by_handle_at": unix.SYS_OPEN_BY_HANDLE_AT, "open_tree": unix.SYS_OPEN_TREE,
	"perf_event_open": unix.SYS_PERF_EVENT_OPEN, "personality": unix.SYS_PERSONALITY, "pidfd_getfd": unix.SYS_PIDFD_GETFD,
	"pivot_root": unix.SYS_PIVOT_ROOT, "prctl": unix.SYS_PRCTL, "prlimit64": unix.SYS_PRLIMIT64,
	"process_madvise": unix.SYS_PROCESS_MADVISE, "process_mrelease": unix.SYS_PROCESS_MRELEASE,
	"process_vm_readv": unix.SYS_PROCESS_VM_READV, "process_vm_writev": unix.SYS_PROCESS_VM_WRITEV, "ptrace": unix.SYS_PTRACE,
	"quotactl": unix.SYS_QUOTACTL, "quotactl_fd": unix.SYS_QUOTACTL_FD, "reboot": unix.SYS_REBOOT,
	"remap_file_pages": unix.SYS_REMAP_FILE_PAGES, "request_key": unix.SYS_REQUEST_KEY, "seccomp": unix.SYS_SECCOMP,
	"semget": unix.SYS_SEMGET, "setdomainname": unix.SYS_SETDOMAINNAME, "sethostname": unix.SYS_SETHOSTNAME, "setns": unix.SYS_SETNS,
	"settimeofday": unix.SYS_SETTIMEOFDAY, "shmat": unix.SYS_SHMAT, "shmget": unix.SYS_SHMGET, "socketpair": unix.SYS_SOCKETPAIR,
	"swapoff": unix.SYS_SWAPOFF, "swapon": unix.SYS_SWAPON, "syslog": unix.SYS_SYSLOG, "umount2": unix.SYS_UMOUNT2,
	"unshare": unix.SYS_UNSHARE, "userfaultfd": unix.SYS_USERFAULTFD, "vhangup": unix.SYS_VHANGUP, "vmsplice": unix.SYS_VMSPLICE,
}
