//go:build linux && cgo

// This file tries to get past the grants of single operations: a port, a local socket, tracing, IPC, and what a sandbox without a
// view has to deny. As in attack_test.go each attack stands beside its twin, and stays in the list.

package seccomp

import "testing"

var (
	tcp         = none.with(NeedTCP)
	udp         = none.with(NeedUDP)
	local       = none.with(NeedLocal)
	localListen = none.with(NeedLocalListen)
	mapped      = Grants{Pipes: true, Attributes: true, Truncate: true, Peers: true, Names: "remap_file_pages"} // of a limit of memory
)

func TestAttacksOnSingleGrantsFailAndTheirTwinsPass(t *testing.T) {
	m := native(t)
	list := []attack{
		{"TCP", "socket", [6]uint64{2, 1}, tcp, Allow},
		{"TCP, close on exec, with high bits", "socket", [6]uint64{10 | high, 0o2000001 | high, 6 | high}, tcp, Allow},
		{"UDP", "socket", [6]uint64{2, 2}, tcp, DenyEPERM},
		{"MPTCP", "socket", [6]uint64{2, 1, 262}, tcp, DenyEPERM},
		{"MPTCP with high bits", "socket", [6]uint64{2, 1, 262 | high}, tcp, DenyEPERM},
		{"SCTP", "socket", [6]uint64{2, 1, 132}, tcp, DenyEPERM},
		{"SMC by its protocol", "socket", [6]uint64{2, 1, 256}, tcp, DenyEPERM},
		{"SMC by its family", "socket", [6]uint64{43, 1}, tcp, DenyEPERM},
		{"a raw socket", "socket", [6]uint64{2, 3, 6}, tcp, DenyEPERM},
		{"a local socket", "socket", [6]uint64{1, 1}, tcp, DenyEPERM},
		{"connect", "connect", [6]uint64{}, tcp, Allow},
		{"sendto", "sendto", [6]uint64{0, 0, 0, 0x4000}, tcp, Allow},
		{"a fast open by sendto", "sendto", [6]uint64{0, 0, 0, fastOpen}, tcp, DenyEPERM},
		{"a fast open by sendmsg", "sendmsg", [6]uint64{0, 0, fastOpen | high}, tcp, DenyEPERM},
		{"a fast open by sendmmsg", "sendmmsg", [6]uint64{0, 0, 0, fastOpen | 0x40}, tcp, DenyEPERM},
		{"a fast open", "sendto", [6]uint64{0, 0, 0, fastOpen}, tcp.with(NeedUDP | NeedLocal | NeedLocalListen | NeedListen), DenyEPERM},
		{"a fast open", "sendto", [6]uint64{0, 0, 0, fastOpen}, tcp.with(NeedInternet), Allow},
		{"a port of its own", "bind", [6]uint64{}, tcp, DenyEPERM},
		{"any port", "listen", [6]uint64{}, tcp, DenyEPERM},
		{"a port of its own", "bind", [6]uint64{}, tcp.with(NeedListen), Allow},

		{"UDP", "socket", [6]uint64{2, 2}, udp, Allow},
		{"UDP, close on exec, with high bits", "socket", [6]uint64{10 | high, 0o2000002 | high, 17 | high}, udp, Allow},
		{"UDP-Lite", "socket", [6]uint64{2, 2, 136}, udp, DenyEPERM},
		{"ICMP", "socket", [6]uint64{2, 2, 1}, udp, DenyEPERM},
		{"L2TP", "socket", [6]uint64{2, 2, 115}, udp, DenyEPERM},
		{"a raw socket", "socket", [6]uint64{2, 3, 17}, udp, DenyEPERM},
		{"TCP", "socket", [6]uint64{2, 1}, udp, DenyEPERM},
		{"connect", "connect", [6]uint64{}, udp, Allow},
		{"a port of its own", "bind", [6]uint64{}, udp, DenyEPERM},
		{"a fast open", "sendto", [6]uint64{0, 0, 0, fastOpen}, udp, DenyEPERM},

		{"a stream", "socket", [6]uint64{1, 1}, local, Allow},
		{"a stream, close on exec, not blocking, with high bits", "socket", [6]uint64{1 | high, 0o2004001 | high}, local, Allow},
		{"packets in sequence", "socket", [6]uint64{1, 5}, local, Allow},
		{"datagrams", "socket", [6]uint64{1, 2}, local, Allow},
		{"raw, which AF_UNIX makes datagrams", "socket", [6]uint64{1, 3}, local, DenyEPERM},
		{"PF_UNIX as the protocol", "socket", [6]uint64{1, 1, 1}, local, Allow},
		{"datagram pairs", "socketpair", [6]uint64{1, 0o2000002}, local, Allow},
		{"raw pairs", "socketpair", [6]uint64{1, 3}, local, DenyEPERM},
		{"pairs of another family", "socketpair", [6]uint64{30, 2}, local, DenyEPERM},
		{"TCP", "socket", [6]uint64{2, 1}, local, DenyEPERM},
		{"UDP", "socket", [6]uint64{2, 2}, local, DenyEPERM},
		{"netlink", "socket", [6]uint64{16, 3}, local, DenyEPERM},
		{"vsock", "socket", [6]uint64{40, 1}, local, DenyEPERM},
		{"AF_ALG", "socket", [6]uint64{38, 5}, local, DenyEPERM},
		{"connect", "connect", [6]uint64{}, local, Allow},
		{"a name of its own", "bind", [6]uint64{}, local, DenyEPERM},
		{"listen", "listen", [6]uint64{}, local, DenyEPERM},
		{"a fast open", "sendto", [6]uint64{0, 0, 0, fastOpen}, local, DenyEPERM},

		{"a stream to listen on", "socket", [6]uint64{1, 1}, localListen, Allow},
		{"packets in sequence to listen on", "socket", [6]uint64{1, 5}, localListen, Allow},
		{"datagrams, which go anywhere", "socket", [6]uint64{1, 2}, localListen, DenyEPERM},
		{"datagrams", "socket", [6]uint64{1, 2}, localListen.with(NeedLocal), Allow},
		{"datagram pairs", "socketpair", [6]uint64{1, 2}, localListen, DenyEPERM},
		{"a name of its own", "bind", [6]uint64{}, localListen, Allow},
		{"listen", "listen", [6]uint64{}, localListen, Allow},
		{"accept4", "accept4", [6]uint64{}, localListen, Allow},
		{"connect", "connect", [6]uint64{}, localListen, DenyEPERM},
		{"TCP", "socket", [6]uint64{2, 1}, localListen, DenyEPERM},

		{"strace", "ptrace", [6]uint64{0x4206, 77}, none.with(NeedTrace), Allow},
		{"strace", "ptrace", [6]uint64{0x4206, 77}, none.with((needEnd - 1) &^ NeedTrace), DenyEPERM},
		{"reading memory", "process_vm_readv", [6]uint64{77}, none.with((needEnd - 1) &^ NeedTrace), DenyEPERM},
		{"writing memory", "process_vm_writev", [6]uint64{77}, none.with(NeedTrace), Allow},
		{"taking descriptors", "pidfd_getfd", [6]uint64{3}, none.with((needEnd - 1) &^ NeedTrace), DenyEPERM},
		{"comparing processes", "kcmp", [6]uint64{1, 1}, none.with((needEnd - 1) &^ NeedTrace), DenyEPERM},
		{"tracing when killing", "ptrace", [6]uint64{}, Grants{Kill: true}, KillProcess},

		{"a FIFO", "mknodat", [6]uint64{0, 0, sIFIFO | 0o644}, strict, DenyEPERM},
		{"a FIFO with high bits", "mknodat", [6]uint64{0, 0, sIFIFO | 0o644 | high}, strict, DenyEPERM},
		{"a FIFO", "mknodat", [6]uint64{0, 0, sIFIFO | 0o644 | high}, Grants{Pipes: true}, Allow},
		{"a set-user-ID FIFO", "mknodat", [6]uint64{0, 0, sIFIFO | 0o4644}, Grants{Pipes: true}, DenyEPERM},
		{"a character device, which has a FIFO's bit and more", "mknodat", [6]uint64{0, 0, 0o020000 | sIFIFO}, Grants{Pipes: true}, DenyEPERM},
		{"a file", "mknodat", [6]uint64{0, 0, sIFREG | 0o644}, strict, Allow},
		{"a socket", "mknodat", [6]uint64{0, 0, 0o140644}, Grants{Pipes: true}, DenyEPERM},

		{"shared memory", "shmget", [6]uint64{}, none.with((needEnd - 1) &^ NeedSystemV), DenyEPERM},
		{"shared memory", "shmat", [6]uint64{}, Grants{SystemV: true}, Allow},
		{"a queue of System V", "msgsnd", [6]uint64{}, Grants{Queues: true}, DenyEPERM},
		{"a queue of POSIX", "mq_timedsend", [6]uint64{}, Grants{SystemV: true}, DenyEPERM},
		{"a queue of POSIX", "mq_timedsend", [6]uint64{}, Grants{Queues: true}, Allow},

		{"chmod", "fchmodat", [6]uint64{0, 0, 0o644}, strict, DenyEPERM},
		{"chmod", "fchmodat", [6]uint64{0, 0, 0o644}, Grants{Attributes: true}, Allow},
		{"chmod with flags", "fchmodat2", [6]uint64{0, 0, 0o644}, strict, DenyEPERM},
		{"set-user-ID", "fchmodat2", [6]uint64{0, 0, 0o4755}, Grants{Attributes: true}, DenyEPERM},
		{"a mode when making a directory", "mkdirat", [6]uint64{0, 0, 0o755}, strict, Allow},
		{"a mode when making a file", "openat", [6]uint64{0, 0, 0o101, 0o755}, strict, Allow},
		{"giving a file away", "fchownat", [6]uint64{}, strict, DenyEPERM},
		{"touch", "utimensat", [6]uint64{}, strict, DenyEPERM},
		{"touch", "utimensat", [6]uint64{}, Grants{Attributes: true}, Allow},
		{"an access list", "fsetxattr", [6]uint64{}, strict, DenyEPERM},
		{"an access list", "fsetxattr", [6]uint64{3: 1023}, Grants{Attributes: true}, Allow},
		{"a long access list", "fsetxattr", [6]uint64{3: 1024}, Grants{Attributes: true}, DenyEPERM},
		{"the longest", "setxattr", [6]uint64{3: 65532}, none.with(needEnd - 1), DenyEPERM},
		{"the longest of a link", "lsetxattr", [6]uint64{3: 65532}, Grants{Attributes: true}, DenyEPERM},
		{"an access list at a directory", "setxattrat", [6]uint64{}, strict, Absent},
		{"an access list at a directory", "setxattrat", [6]uint64{}, none.with(needEnd - 1), Absent},
		{"reading it", "fgetxattr", [6]uint64{}, strict, Allow},
		{"attributes of a file, of Linux 6.17", "file_setattr", [6]uint64{}, none.with(needEnd - 1), Absent},

		// what RLIMIT_AS does not see: mmap's flags are MAP_SHARED 1, MAP_PRIVATE 2, MAP_SHARED_VALIDATE 3, MAP_DROPPABLE 8, MAP_ANONYMOUS 0x20
		{"a memfd", "memfd_create", [6]uint64{0, 0x08}, none.with(needEnd - 1), Allow},
		{"a memfd", "memfd_create", [6]uint64{0, 0x08}, mapped, DenyEPERM},
		{"a memfd that can be executed", "memfd_create", [6]uint64{0, 0x10}, none, DenyEPERM},
		{"a secret memfd", "memfd_secret", [6]uint64{}, none.with(needEnd - 1), DenyEPERM},
		{"malloc", "mmap", [6]uint64{0, 4096, 3, 0x22, ^uint64(0)}, mapped, Allow},
		{"a stack", "mmap", [6]uint64{0, 4096, 3, 0x20022 | high, ^uint64(0)}, mapped, Allow},
		{"a shared file", "mmap", [6]uint64{0, 4096, 3, 1, 3}, mapped, Allow},
		{"a shared file, its flags checked", "mmap", [6]uint64{0, 4096, 3, 3, 3}, mapped, Allow},
		{"shared memory that stays when most of it is unmapped", "mmap", [6]uint64{0, 4096, 3, 0x21, ^uint64(0)}, mapped, DenyEPERM},
		{"the same with high bits", "mmap", [6]uint64{0, 4096, 3, 0x21 | 2<<32, ^uint64(0)}, mapped, DenyEPERM},
		{"the same, its flags checked", "mmap", [6]uint64{0, 4096, 3, 0x23, ^uint64(0)}, mapped, DenyEPERM},
		{"the same in large pages", "mmap", [6]uint64{0, 4096, 3, 0x40021, ^uint64(0)}, mapped, DenyEPERM},
		{"memory that is dropped", "mmap", [6]uint64{0, 4096, 3, 0x28, ^uint64(0)}, mapped, DenyEPERM},
		{"shared memory", "mmap", [6]uint64{0, 4096, 3, 0x21, ^uint64(0)}, none, Allow},
		{"a thread as glibc makes it", "clone", [6]uint64{0x3d0f00}, mapped, Allow},
		{"a thread with descriptors of its own", "clone", [6]uint64{0x3d0b00}, mapped, DenyEPERM},
		{"a thread with descriptors of its own", "clone", [6]uint64{0x3d0b00}, none, Allow},
		{"a thread that leaves the descriptors of the others", "close_range", [6]uint64{3, 9, 2}, mapped, DenyEPERM},
		{"the same, to close on exec", "close_range", [6]uint64{3, 9, 6 | high}, mapped, DenyEPERM},
		{"closing all from 3 on", "close_range", [6]uint64{3, 0xffffffff, 0}, mapped, Allow},
		{"all from 3 on, to close on exec", "close_range", [6]uint64{3, 0xffffffff, 4 | high}, mapped, Allow},
		{"leaving the descriptors of the others", "close_range", [6]uint64{3, 9, 2}, none, Allow},
		{"the same by unshare", "unshare", [6]uint64{0x400}, none, DenyEPERM},

		{"truncate", "truncate", [6]uint64{}, strict, DenyEPERM},
		{"ftruncate", "ftruncate", [6]uint64{}, strict, Allow},
		{"creat, which opens for writing", "creat", [6]uint64{0, 0o644}, strict, Allow},
		{"a mode behind a pointer", "openat2", [6]uint64{}, strict, Absent},

		{"F_DUPFD_CLOEXEC", "fcntl", [6]uint64{0, 1030 | high}, strict, Allow},
		{"F_SETLKW", "fcntl", [6]uint64{0, 7}, strict, Allow},
		{"F_OFD_SETLKW", "fcntl", [6]uint64{0, 38}, strict, Allow},
		{"F_GETLEASE", "fcntl", [6]uint64{0, 1025}, strict, Allow},
		{"F_SETLEASE", "fcntl", [6]uint64{0, 1024}, strict, DenyEPERM},
		{"F_SETLEASE with high bits", "fcntl", [6]uint64{0, 1024 | high}, strict, DenyEPERM},
		{"F_SETDELEG", "fcntl", [6]uint64{0, 1040}, strict, DenyEPERM},
		{"what is no command yet", "fcntl", [6]uint64{0, 64}, strict, DenyEPERM},
		{"F_SETLEASE", "fcntl", [6]uint64{0, 1024}, Grants{Attributes: true}, DenyEPERM},

		{"own processor", "sched_setaffinity", [6]uint64{0, 8, 1}, strict, Allow},
		{"own processor with high bits", "sched_setaffinity", [6]uint64{high, 8, 1}, strict, Allow},
		{"another's processor", "sched_setaffinity", [6]uint64{77, 8, 1}, strict, DenyEPERM},
		{"another's processor", "sched_setaffinity", [6]uint64{77, 8, 1}, Grants{Peers: true}, Allow},
		{"another's scheduler", "sched_setattr", [6]uint64{77}, strict, DenyEPERM},
		{"another's scheduler", "sched_setscheduler", [6]uint64{77}, strict, DenyEPERM},
		{"another's priority", "sched_setparam", [6]uint64{77}, strict, DenyEPERM},
		{"nice", "setpriority", [6]uint64{0, 0, 5}, strict, Allow},
		{"nice of another", "setpriority", [6]uint64{0, 77, 5}, strict, DenyEPERM},
		{"nice of the group", "setpriority", [6]uint64{1, 0, 5}, strict, DenyEPERM},
		{"nice of the user", "setpriority", [6]uint64{2, 0, 5}, strict, DenyEPERM},
		{"nice of the user", "setpriority", [6]uint64{2, 0, 5}, Grants{Peers: true}, Allow},
		{"ionice", "ioprio_set", [6]uint64{1, 0, 0x4007}, strict, Allow},
		{"ionice of another", "ioprio_set", [6]uint64{1, 77, 0x4007}, strict, DenyEPERM},
		{"ionice of the group", "ioprio_set", [6]uint64{2, 0, 0x4007}, strict, DenyEPERM},
		{"ionice of the user", "ioprio_set", [6]uint64{3, 0, 0x4007}, strict, DenyEPERM},
		{"ionice of none", "ioprio_set", [6]uint64{0, 0, 0x4007}, strict, DenyEPERM},
		{"limits of another", "prlimit64", [6]uint64{77, 7, 1}, strict, DenyEPERM},
		{"own limits", "prlimit64", [6]uint64{0, 7, 1}, strict, Allow},
		{"a child into a group", "setpgid", [6]uint64{77, 77}, strict, Allow},

		{"a query", "personality", [6]uint64{0xffffffff}, Grants{Names: "personality"}, Allow},
		{"PER_LINUX32", "personality", [6]uint64{8}, Grants{Names: "personality"}, Allow},
		{"PER_LINUX32", "personality", [6]uint64{8}, Grants{Names: "io_submit"}, DenyEPERM},
		{"own pages", "move_pages", [6]uint64{high}, Grants{Names: "move_pages"}, Allow},
		{"another's pages", "move_pages", [6]uint64{77}, Grants{Names: "move_pages"}, DenyEPERM},
		{"another's pages", "migrate_pages", [6]uint64{77, 1}, Grants{Names: "move_pages migrate_pages"}, DenyEPERM},
		{"the way back", "open_by_handle_at", [6]uint64{}, Grants{Names: "name_to_handle_at"}, DenyEPERM},
		{"another's pages when killing", "move_pages", [6]uint64{77}, Grants{Names: "move_pages", Kill: true}, KillProcess},
	}
	for _, call := range []string{"mq_open", "shmget", "ptrace", "bpf", "keyctl", "memfd_secret", "userfaultfd", "io_uring_setup", "unshare",
		"setns", "mount", "open_tree", "perf_event_open", "vmsplice", "kexec_load", "fanotify_init", "process_mrelease", "setrlimit"} {
		for _, g := range []Grants{strict, none, {Names: "personality modify_ldt"}} {
			list = append(list, attack{"what is never there", call, [6]uint64{}, g, DenyEPERM})
		}
	}
	list = append(list, truncations()...)
	list = append(list, commands()...)
	for _, a := range list {
		nr, ok := number(a.call)
		if a.call == "file_setattr" {
			nr, ok = 469, true
		}
		if !ok {
			continue // mknod is not everywhere
		}
		if got := verdict(t, compile(t, a.grants), Call{m.audit, int32(nr), a.args}); got != a.want {
			t.Errorf("%s: %s(%#x) with %s: got %s, want %s", a.name, a.call, a.args, a.grants.name(), verdictName(got), verdictName(a.want))
		}
	}
}

// truncations are all ways to open, of which some empty a file that Landlock before ABI 3 did not see opened for writing.
func truncations() (list []attack) {
	for call, arg := range map[string]int{"open": 1, "openat": 2} {
		for access := range uint64(4) {
			for _, flags := range []uint64{0, 0o100, 0o20200000, 0o2000000, 0o10000000} { // O_CREAT, O_TMPFILE, O_CLOEXEC, O_PATH
				for _, trunc := range []uint64{0, oTrunc} {
					for _, mode := range []uint64{0o644, 0o4755} {
						for _, up := range []uint64{0, high} {
							args := [6]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
							args[arg], args[arg+1] = access|flags|trunc|up, mode|up
							setID := flags&creates != 0 && mode&sISXID != 0
							blind := trunc != 0 && access != oWronly && access != oRdwr
							for _, g := range []Grants{strict, {Truncate: true}, {Kill: true}, none} {
								want := Allow
								if setID || blind && !g.Truncate {
									want = g.deny()
								}
								list = append(list, attack{"a way to open", call, args, g, want})
							}
						}
					}
				}
			}
		}
	}
	return list
}

// commands are those of ioctl that do more than the descriptor was opened for.
func commands() (list []attack) {
	add := func(name string, command uint64, g Grants, want uint32) {
		list = append(list, attack{name, "ioctl", [6]uint64{3, command}, g, want}, attack{name, "ioctl", [6]uint64{3, command | high}, g, want})
	}
	for name, command := range map[string]uint64{"BTRFS_IOC_SNAP_CREATE": 0x50009401, "BTRFS_IOC_SNAP_CREATE_V2": 0x50009417,
		"BTRFS_IOC_SUBVOL_CREATE": 0x5000940e, "BTRFS_IOC_SUBVOL_CREATE_V2": 0x50009418, "BTRFS_IOC_SNAP_DESTROY": 0x5000940f,
		"BTRFS_IOC_SNAP_DESTROY_V2": 0x5000943f, "BTRFS_IOC_INO_LOOKUP_USER": 0xd000943e, "BTRFS_IOC_GET_SUBVOL_ROOTREF": 0xd000943d,
		"BTRFS_IOC_INO_LOOKUP": 0xd0009412, "FS_IOC_REMOVE_ENCRYPTION_KEY": 0xc0406618} {
		for _, g := range []Grants{strict, none, none.with(needEnd - 1), {Kill: true}} {
			add(name, command, g, g.deny())
		}
	}
	for name, command := range map[string]uint64{"FICLONE": 0x40049409, "FICLONERANGE": 0x4020940d, "FIDEDUPERANGE": 0xc0189436,
		"FS_IOC_GETFLAGS": 0x80086601, "FS_IOC_FSGETXATTR": 0x801c581f, "FS_IOC_FIEMAP": 0xc020660b, "FIONREAD": 0x541b, "FIONBIO": 0x5421,
		"TIOCGWINSZ": 0x5413} {
		for _, g := range []Grants{strict, none} {
			add(name, command, g, Allow)
		}
	}
	for name, command := range map[string]uint64{"FS_IOC_SETFLAGS": 0x40086602, "FS_IOC_FSSETXATTR": 0x401c5820, "FS_IOC_SETVERSION": 0x40087602,
		"EXT4_IOC_SETVERSION": 0x40086604, "FAT_IOCTL_SET_ATTRIBUTES": 0x40047211, "FS_IOC_SET_ENCRYPTION_POLICY": 0x800c6613,
		"FS_IOC_ENABLE_VERITY": 0x40806685, "BTRFS_IOC_SUBVOL_SETFLAGS": 0x4008941a} {
		add(name, command, strict, DenyEPERM)
		add(name, command, Grants{Peers: true, Truncate: true}, DenyEPERM)
		add(name, command, Grants{Attributes: true}, Allow)
	}
	for name, command := range map[string]uint64{"OCFS2_IOC_REFLINK": 0x40186f04, "BCH_IOCTL_SUBVOLUME_CREATE": 0x4020bc10} {
		add(name, command, Grants{Attributes: true}, DenyEPERM)
		add(name, command, none, Allow)
	}
	return list
}

func TestOnlyGrantedSocketsCanBeMade(t *testing.T) {
	m := native(t)
	nr, _ := number("socket")
	pair, _ := number("socketpair")
	grants := []Need{NeedInternet, NeedListen, NeedTCP, NeedUDP, NeedLocal, NeedLocalListen}
	for set := range 1 << len(grants) {
		g := strict
		for i, n := range grants {
			if set>>i&1 != 0 {
				g = g.with(n)
			}
		}
		f := compile(t, g)
		for family := range uint64(50) {
			for kind := range uint64(16) {
				for _, protocol := range []uint64{0, 1, 6, 17, 132, 136, 256, 262} {
					inet := family == 2 || family == 10
					tcp := inet && kind == 1 && (protocol == 0 || protocol == 6) && (g.Internet || g.Listen || g.TCP)
					udp := inet && kind == 2 && (protocol == 0 || protocol == 17) && (g.Internet || g.UDP)
					sequence := family == 1 && (kind == 1 || kind == 5)
					datagrams := family == 1 && kind == 2 && g.Local
					args := [6]uint64{family | high, kind | 0o2004000 | high, protocol | high}
					for call, allowed := range map[int32]bool{int32(nr): tcp || udp || sequence && (g.Local || g.LocalListen) || datagrams,
						int32(pair): sequence || datagrams} {
						want := DenyEPERM
						if allowed {
							want = Allow
						}
						if got := verdict(t, f, Call{m.audit, call, args}); got != want {
							t.Fatalf("%s: %s(%#x): got %s, want %s", g.name(), SyscallName(int(call)), args, verdictName(got), verdictName(want))
						}
					}
				}
			}
		}
	}
}
