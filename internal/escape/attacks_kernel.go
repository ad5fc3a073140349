//go:build linux

// This file has the attacks by the kernel's large, old or privileged interfaces. Each twin is the operation next to it that every
// program may make.

package escape

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// refusing is an attack that is system calls and nothing else.
func refusing(name, about, want string, attack func() []call, twin func() []call) Attack {
	return Attack{Name: name, About: about, Want: want, Inside: func(in *In) {
		if in.Twin {
			in.Calls(twin()...)
			return
		}
		in.Calls(attack()...)
	}}
}

func clock() []call { return []call{sys("clock_gettime", unix.SYS_CLOCK_GETTIME, 0, zeros(16))} }

func kernel() []Attack {
	return []Attack{
		{
			Name: "io-uring-open", About: "opens a file by io_uring, whose operations no filter sees; the twin by open", Want: "EPERM",
			Prepare: func(w *World) { w.Arg("file", w.Secret()) },
			Inside: func(in *In) {
				if in.Twin {
					in.Read(in.Arg("file"))
					return
				}
				in.ring(18, cstring(in.Arg("file")), minus(100)) // IORING_OP_OPENAT
			},
		},
		{
			Name: "io-uring-connect", About: "makes a socket and connects it by io_uring; the twin by connect", Want: "EPERM",
			Prepare: func(w *World) {
				network(w)
				w.Arg("address", w.Listen("tcp", "127.0.0.1:0"))
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Connect(unix.SOCK_STREAM, 0, in.Arg("address"))
					return
				}
				in.ring(45, 0, unix.AF_INET) // IORING_OP_SOCKET
			},
		},
		refusing("old-aio", "submits operations by the old asynchronous interface; the twin reads the clock", "EPERM", func() []call {
			return []call{sys("io_setup", unix.SYS_IO_SETUP, 1, zeros(8)), sys("io_submit", unix.SYS_IO_SUBMIT, 0, 0, 0)}
		}, clock),
		refusing("userfaultfd", "stalls the kernel in the middle of a copy by userfaultfd; the twin maps memory", "EPERM", func() []call {
			return []call{sys("userfaultfd", unix.SYS_USERFAULTFD, 0), sys("of user mode alone", unix.SYS_USERFAULTFD, unix.O_CLOEXEC|1),
				sys("memfd_secret", sysMemfdSecret, 0), sys("remap_file_pages", unix.SYS_REMAP_FILE_PAGES, 0, 0, 0, 0, 0)}
		}, func() []call {
			return []call{sys("mmap", unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, minus(1), 0)}
		}),
		refusing("bpf", "loads programs and makes maps by bpf; the twin has a filter of its own", "EPERM", func() []call {
			load := struct{ kind, n uint32 }{1, 2}
			return []call{sys("BPF_MAP_CREATE", unix.SYS_BPF, 0, zeros(128), 128), sys("BPF_PROG_LOAD", unix.SYS_BPF, 5, structAt(&load), 8),
				sys("BPF_OBJ_GET", unix.SYS_BPF, 7, zeros(128), 128)}
		}, func() []call {
			return []call{sys("seccomp", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, allowAll())}
		}),
		refusing("perf", "counts and samples by perf_event_open, itself and the machine; the twin asks for its usage", "EPERM", func() []call {
			attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
			return []call{sys("of itself", unix.SYS_PERF_EVENT_OPEN, structAt(&attr), 0, minus(1), minus(1), 0),
				sys("of processor 0", unix.SYS_PERF_EVENT_OPEN, structAt(&attr), minus(1), 0, minus(1), 0)}
		}, func() []call { return []call{sys("getrusage", unix.SYS_GETRUSAGE, 0, zeros(256))} }),
		refusing("keyrings", "reads, adds and asks for keys, of the session and the user; the twin takes random bytes", "EPERM", func() []call {
			return []call{sys("KEYCTL_GET_KEYRING_ID", unix.SYS_KEYCTL, unix.KEYCTL_GET_KEYRING_ID, minus(3), 1),
				sys("KEYCTL_READ", unix.SYS_KEYCTL, unix.KEYCTL_READ, minus(4), zeros(64), 64), sys("KEYCTL_DESCRIBE", unix.SYS_KEYCTL, unix.KEYCTL_DESCRIBE, minus(5), 0, 0),
				sys("add_key", unix.SYS_ADD_KEY, cstring("user"), cstring("gaol"), cstring("x"), 1, minus(1)),
				sys("request_key", unix.SYS_REQUEST_KEY, cstring("user"), cstring("gaol"), 0, minus(1))}
		}, func() []call { return []call{sys("getrandom", unix.SYS_GETRANDOM, zeros(16), 16, 0)} }),
		{
			Name: "system-v-ipc", About: "makes shared memory, semaphores and queues, which all of the user's programs share, where IPC is not granted", Want: "EPERM",
			Prepare: func(w *World) { w.IfTwin(gaol.IPC(gaol.SystemV), gaol.IPC(gaol.POSIXQueues)) },
			Inside: func(in *In) {
				in.Calls(sys("shmget", unix.SYS_SHMGET, 0, 4096, 0o1600), sys("semget", unix.SYS_SEMGET, 0, 1, 0o1600), sys("msgget", unix.SYS_MSGGET, 0, 0o1600),
					sys("mq_open", unix.SYS_MQ_OPEN, cstring("gaol"), unix.O_CREAT|unix.O_RDWR, 0o600, 0), sys("mq_unlink", unix.SYS_MQ_UNLINK, cstring("gaol")))
				if !in.Twin {
					in.Calls(sys("shmat", unix.SYS_SHMAT, 0, 0, 0), sys("msgctl", unix.SYS_MSGCTL, 0, 3, zeros(256)))
				}
			},
		},
		refusing("superuser", "asks for what the superuser may: modules, kexec, reboot, swap, quotas, accounting, the kernel's log; the twin for the system's name", "EPERM|ENOSYS", func() []call {
			none := cstring("/nowhere")
			return []call{sys("init_module", unix.SYS_INIT_MODULE, zeros(8), 8, cstring("")), sys("finit_module", unix.SYS_FINIT_MODULE, minus(1), cstring(""), 0),
				sys("delete_module", unix.SYS_DELETE_MODULE, cstring("nowhere"), 0), sys("kexec_load", unix.SYS_KEXEC_LOAD, 0, 0, 0, 0),
				sys("reboot", unix.SYS_REBOOT, 0xfee1dead, 672274793, 0, 0), sys("swapon", unix.SYS_SWAPON, none, 0), sys("swapoff", unix.SYS_SWAPOFF, none),
				sys("quotactl", unix.SYS_QUOTACTL, 0, 0, 0, 0), sys("acct", unix.SYS_ACCT, none), sys("syslog", unix.SYS_SYSLOG, 3, zeros(64), 64)}
		}, func() []call { return []call{sys("uname", unix.SYS_UNAME, zeros(512))} }),
		refusing("clock-and-names", "sets the clock, its rate and the names of the machine; the twin reads the clock", "EPERM", func() []call {
			return []call{sys("settimeofday", unix.SYS_SETTIMEOFDAY, zeros(16), 0), sys("clock_settime", unix.SYS_CLOCK_SETTIME, 0, zeros(16)),
				sys("clock_adjtime", unix.SYS_CLOCK_ADJTIME, 0, zeros(256)), sys("adjtimex", unix.SYS_ADJTIMEX, zeros(256)),
				sys("sethostname", unix.SYS_SETHOSTNAME, cstring("x"), 1), sys("setdomainname", unix.SYS_SETDOMAINNAME, cstring("x"), 1)}
		}, clock),
		{
			Name: "more-privilege", About: "takes other user and group ids, capabilities and securebits; the twin the ids that it has", Want: "EPERM|EINVAL",
			Inside: func(in *In) {
				uid, gid := uintptr(unix.Getuid()), uintptr(unix.Getgid())
				if in.Twin {
					in.Calls(sys("setuid", unix.SYS_SETUID, uid), sys("setgid", unix.SYS_SETGID, gid))
					return
				}
				other := uintptr(0)
				if uid == 0 {
					other = 1
				}
				all := struct{ a, b, c, d, e, f uint32 }{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}
				head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
				in.Calls(sys("setuid", unix.SYS_SETUID, other), sys("setgid", unix.SYS_SETGID, other), sys("setresuid", unix.SYS_SETRESUID, other, other, other),
					sys("setgroups", unix.SYS_SETGROUPS, 1, zeros(4)), sys("capset", unix.SYS_CAPSET, structAt(&head), structAt(&all)),
					sys("PR_CAP_AMBIENT_RAISE", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_SYS_ADMIN),
					sys("PR_SET_SECUREBITS", unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, 0), sys("PR_SET_KEEPCAPS", unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1),
					sys("PR_SET_NO_NEW_PRIVS 0", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 0))
			},
		},
		refusing("prctl", "lets others trace it, moves its memory's bounds, shares a core, leaves the filter by prctl; the twin names itself", "EPERM", func() []call {
			return []call{sys("PR_SET_PTRACER", unix.SYS_PRCTL, unix.PR_SET_PTRACER, minus(1)), sys("PR_SET_MM", unix.SYS_PRCTL, unix.PR_SET_MM, unix.PR_SET_MM_BRK, 0),
				sys("PR_SCHED_CORE", unix.SYS_PRCTL, unix.PR_SCHED_CORE, 1, 0, 1, 0), sys("PR_SET_SYSCALL_USER_DISPATCH", unix.SYS_PRCTL, 59, 1, 0, 0, 0),
				sys("PR_SET_SECCOMP strict", unix.SYS_PRCTL, unix.PR_SET_SECCOMP, 1), sys("PR_SET_SPECULATION_CTRL", unix.SYS_PRCTL, 53, 0, 2)}
		}, func() []call { return []call{sys("PR_SET_NAME", unix.SYS_PRCTL, unix.PR_SET_NAME, cstring("twin"))} }),
		refusing("seccomp-listener", "becomes the supervisor of its children by a filter with a listener; the twin has a filter without", "EPERM", func() []call {
			return []call{sys("NEW_LISTENER", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 8, allowAll()),
				sys("NEW_LISTENER with high bits", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 8|highBit, allowAll())}
		}, func() []call {
			return []call{sys("seccomp", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, allowAll())}
		}),
		refusing("personality", "turns on old behaviour by personality: executable data, page 0, 32 bit addresses; the twin asks", "EPERM", func() []call {
			return []call{sys("READ_IMPLIES_EXEC", unix.SYS_PERSONALITY, 0x400000), sys("MMAP_PAGE_ZERO", unix.SYS_PERSONALITY, 0x100000), sys("PER_LINUX32", unix.SYS_PERSONALITY, 8)}
		}, func() []call { return []call{sys("personality", unix.SYS_PERSONALITY, 0xffffffff)} }),
		{
			Name: "tiocsti", About: "types into the caller's terminal by TIOCSTI, also with bits that the kernel does not look at; the twin asks for its size", Want: "EPERM",
			Prepare: func(w *World) { w.terminal() },
			Inside:  func(in *In) { in.terminal(unix.TIOCSTI, bytesAt([]byte("x"))) },
		},
		{
			Name: "tioclinux", About: "pastes into the console by TIOCLINUX, takes the console's output, changes the line discipline; the twin asks for the size", Want: "EPERM",
			Prepare: func(w *World) { w.terminal() },
			Inside: func(in *In) {
				in.terminal(0x541c, bytesAt([]byte{3}))
				if !in.Twin {
					in.terminal(unix.TIOCCONS, 0)
					in.terminal(0x5423, zeros(4)) // TIOCSETD
				}
			},
		},
		{
			Name: "core-dump", About: "dies with a core in a writable directory, and asks for cores by its limit", Want: "EPERM|SIGABRT", WantTwin: "ok",
			Prepare: func(w *World) {
				dir := w.MakeDir("granted")
				w.Grant(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
				w.cwd = dir
				w.Guard(dir)
				w.after = func(cmd *gaol.Cmd, _ error) []Outcome {
					if cmd.ProcessState != nil && cmd.ProcessState.CoreDump() {
						return []Outcome{{touched, "a core was dumped"}}
					}
					return nil
				}
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Open("file", unix.O_CREAT|unix.O_WRONLY)
					return
				}
				unlimited := struct{ a, b uint64 }{^uint64(0), ^uint64(0)}
				in.Call("prlimit64", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, structAt(&unlimited), 0)
				var def [4]uintptr
				in.rawly(unix.SYS_RT_SIGACTION, uintptr(unix.SIGABRT), structAt(&def), 0, 8)
				in.rawly(unix.SYS_TGKILL, uintptr(unix.Getpid()), uintptr(unix.Gettid()), uintptr(unix.SIGABRT))
			},
		},
	}
}

// rawly makes a call whose end is not told.
func (in *In) rawly(nr uintptr, args ...uintptr) { _ = rawCall(nr, args...) }

// ring sets an io_uring up and, if there is one, submits an operation by it.
func (in *In) ring(op uint8, addr, fd uintptr) {
	params := structAt(&[120]byte{})
	r, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 8, params, 0)
	if errno != 0 {
		in.Try("io_uring_setup", errno)
		in.Call("io_uring_enter", unix.SYS_IO_URING_ENTER, minus(1), 1, 0, 0, 0, 0)
		in.Call("io_uring_register", unix.SYS_IO_URING_REGISTER, minus(1), 0, 0, 0)
		return
	}
	in.Is("ok", fmt.Sprintf("io_uring_setup gave %d, with which operation %d can be had", r, op))
}

// allowAll is a filter that allows everything.
func allowAll() uintptr {
	filter := structAt(&unix.SockFilter{Code: 6, K: 0x7fff0000})
	return structAt(&struct {
		n  uint16
		at uintptr
	}{1, filter})
}

// terminal hands the program a terminal, as 3, into which nothing may be typed.
func (w *World) terminal() {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		w.Skip("there are no pseudo-terminals: %v", err)
	}
	w.onClose(func() { _ = master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	w.must(err)
	w.must(unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		w.Skip("the pseudo-terminal cannot be opened: %v", err)
	}
	w.Hand(slave)
	w.Check(func() error {
		if n, err := unix.IoctlGetInt(int(slave.Fd()), unix.TIOCINQ); err != nil || n > 0 {
			return fmt.Errorf("the terminal has %d bytes of input (%v)", n, err)
		}
		return nil
	})
}

func (in *In) terminal(command, arg uintptr) {
	if in.Twin {
		in.Call("TIOCGWINSZ", unix.SYS_IOCTL, 3, unix.TIOCGWINSZ, zeros(64))
		return
	}
	in.rawly(unix.SYS_SETSID)
	in.rawly(unix.SYS_IOCTL, 3, unix.TIOCSCTTY, 0) // an unprivileged program types into its controlling terminal alone
	for _, high := range []uintptr{0, highBit, highBit >> 31, highWords} {
		in.Call(fmt.Sprintf("ioctl %#x", command|high), unix.SYS_IOCTL, 3, command|high, arg)
	}
}
