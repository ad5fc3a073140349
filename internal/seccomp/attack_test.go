//go:build linux && cgo

// This file tries to get past the checks of arguments, each time beside what must still be allowed. An attack that is closed must
// stay in the list.

package seccomp

import (
	"slices"
	"testing"
)

const high = 0xdeadbeef << 32

type attack struct {
	name   string
	call   string
	args   [6]uint64
	grants Grants
	want   uint32
}

// strict is what nothing was granted to; the others are those of sandboxes with a view.
var (
	strict    = Grants{}
	none      = Grants{Pipes: true, Attributes: true, Truncate: true, Peers: true, Unmapped: true}
	processes = none.with(NeedProcesses)
	internet  = none.with(NeedInternet)
	listen    = none.with(NeedListen)
	all       = none.with(NeedProcesses | NeedInternet | NeedListen)
)

func TestAttacksOnArgumentsFailAndTheirTwinsPass(t *testing.T) {
	m := native(t)
	list := []attack{
		{"TCGETS", "ioctl", [6]uint64{0, 0x5401}, none, Allow},
		{"TCGETS with high bits", "ioctl", [6]uint64{0, 0x5401 | high}, none, Allow},
		{"TIOCSTI", "ioctl", [6]uint64{0, 0x5412}, all, DenyEPERM},
		{"TIOCSTI with high bits", "ioctl", [6]uint64{0, 0x5412 | high}, all, DenyEPERM},
		{"TIOCLINUX with high bits", "ioctl", [6]uint64{0, 0x541c | high}, all, DenyEPERM},
		{"TIOCCONS with high bits", "ioctl", [6]uint64{0, 0x541d | high}, all, DenyEPERM},
		{"TIOCSETD with high bits", "ioctl", [6]uint64{0, 0x5423 | high}, all, DenyEPERM},

		{"a thread as glibc makes it", "clone", [6]uint64{0x3d0f00}, none, Allow},
		{"a process as glibc makes it", "clone", [6]uint64{0x1200011}, none, DenyEPERM},
		{"a process as glibc makes it", "clone", [6]uint64{0x1200011}, processes, Allow},
		{"posix_spawn", "clone", [6]uint64{0x4111}, none, DenyEPERM},
		{"posix_spawn", "clone", [6]uint64{0x4111}, processes, Allow},
		{"CLONE_THREAD without CLONE_VM", "clone", [6]uint64{cloneThread}, none, DenyEPERM},
		{"CLONE_VM without CLONE_THREAD", "clone", [6]uint64{cloneVM}, none, DenyEPERM},
		{"a thread's flags in the high half", "clone", [6]uint64{0x3d0f00 << 32}, none, DenyEPERM},
		{"a thread with high bits", "clone", [6]uint64{0x3d0f00 | high}, none, Allow},
		{"clone3", "clone3", [6]uint64{}, none, Absent},
		{"clone3", "clone3", [6]uint64{}, all, Absent},
		{"clone3 when killing", "clone3", [6]uint64{}, Grants{Kill: true}, Absent},
		{"unshare when killing", "unshare", [6]uint64{}, Grants{Kill: true}, KillProcess},
		{"TIOCSTI when killing", "ioctl", [6]uint64{0, 0x5412}, Grants{Kill: true}, KillProcess},

		{"a relative path", "execveat", [6]uint64{3, 1}, none, Allow},
		{"AT_SYMLINK_NOFOLLOW", "execveat", [6]uint64{3, 1, 0, 0, 0x100}, none, Allow},
		{"AT_EMPTY_PATH", "execveat", [6]uint64{3, 1, 0, 0, 0x1000}, all, DenyEPERM},
		{"AT_EMPTY_PATH and more", "execveat", [6]uint64{3, 1, 0, 0, 0x1100 | high}, all, DenyEPERM},

		{"MFD_NOEXEC_SEAL", "memfd_create", [6]uint64{1, 0x8}, none, Allow},
		{"MFD_NOEXEC_SEAL|CLOEXEC|ALLOW_SEALING", "memfd_create", [6]uint64{1, 0xb | high}, none, Allow},
		{"no flag", "memfd_create", [6]uint64{1, 0}, all, DenyEPERM},
		{"MFD_EXEC", "memfd_create", [6]uint64{1, 0x10}, all, DenyEPERM},
		{"both", "memfd_create", [6]uint64{1, 0x18}, all, DenyEPERM},
		{"MFD_NOEXEC_SEAL in the high half", "memfd_create", [6]uint64{1, 0x8 << 32}, all, DenyEPERM},

		{"own limits", "prlimit64", [6]uint64{0, 7, 0x7fff00000000}, none, Allow},
		{"reading another's", "prlimit64", [6]uint64{77, 7, 0, 0x7fff00000000}, none, Allow},
		{"setting another's", "prlimit64", [6]uint64{77, 7, 0x7fff00000000}, all, DenyEPERM},
		{"setting another's from a high address", "prlimit64", [6]uint64{77, 7, 1 << 32}, all, DenyEPERM},

		{"a query", "personality", [6]uint64{0xffffffff}, none, Allow},
		{"a query with high bits", "personality", [6]uint64{^uint64(0)}, none, Allow},
		{"PER_LINUX", "personality", [6]uint64{0}, none, Allow},
		{"ADDR_NO_RANDOMIZE", "personality", [6]uint64{0x40000}, none, Allow},
		{"READ_IMPLIES_EXEC", "personality", [6]uint64{0x0400000}, all, DenyEPERM},
		{"READ_IMPLIES_EXEC with high bits", "personality", [6]uint64{0x0400000 | high}, all, DenyEPERM},
		{"PER_LINUX32", "personality", [6]uint64{8}, all, DenyEPERM},

		{"a filter", "seccomp", [6]uint64{1, 0}, none, Allow},
		{"a filter for all threads", "seccomp", [6]uint64{1, 1}, none, Allow},
		{"a listener", "seccomp", [6]uint64{1, 8}, all, DenyEPERM},
		{"a listener and more", "seccomp", [6]uint64{1, 9 | high}, all, DenyEPERM},

		{"streams", "socketpair", [6]uint64{1, 1}, none, Allow},
		{"streams, close on exec", "socketpair", [6]uint64{1, 0o2004001}, none, Allow},
		{"packets in sequence", "socketpair", [6]uint64{1, 5}, none, Allow},
		{"datagrams", "socketpair", [6]uint64{1, 2}, all, DenyEPERM},
		{"datagrams, close on exec, with high bits", "socketpair", [6]uint64{1, 0o2000002 | high}, all, DenyEPERM},
		{"raw, which AF_UNIX makes datagrams", "socketpair", [6]uint64{1, 3}, all, DenyEPERM},
		{"another family", "socketpair", [6]uint64{30, 1}, all, DenyEPERM},

		{"bind", "bind", [6]uint64{}, internet, DenyEPERM},
		{"bind", "bind", [6]uint64{}, listen, Allow},
		{"listen", "listen", [6]uint64{}, internet, DenyEPERM},
		{"listen", "listen", [6]uint64{}, listen, Allow},
		{"accept from a socket handed over", "accept4", [6]uint64{}, none, Allow},
		{"connect a socket handed over", "connect", [6]uint64{}, none, DenyEPERM},
		{"connect with the network", "connect", [6]uint64{}, Grants{Internet: true}, Allow},
		{"connect", "connect", [6]uint64{}, internet, Allow},
		{"connect", "connect", [6]uint64{}, listen, DenyEPERM},
		{"connect when processes are granted too", "connect", [6]uint64{}, Grants{Processes: true, Listen: true}, DenyEPERM},
		{"connect when killing", "connect", [6]uint64{}, Grants{Listen: true, Kill: true}, KillProcess},
		{"connect", "connect", [6]uint64{}, Grants{Internet: true, Listen: true}, Allow},
		{"UDP", "socket", [6]uint64{2, 2}, listen, DenyEPERM},
		{"UDP, close on exec, with high bits", "socket", [6]uint64{10, 0o2000002 | high, 17}, listen, DenyEPERM},
		{"UDP", "socket", [6]uint64{2, 2}, internet, Allow},
		{"TCP", "socket", [6]uint64{10, 0o2000001, 6}, listen, Allow},
		{"MPTCP", "socket", [6]uint64{2, 1, 262}, listen, DenyEPERM},
		{"a library written for io_uring", "io_uring_setup", [6]uint64{}, all, DenyEPERM},
	}
	for bit := range 32 {
		flag := uint64(1) << bit
		if flag&cloneNew == 0 {
			continue
		}
		list = append(list,
			attack{"a thread in a namespace of its own", "clone", [6]uint64{0x3d0f00 | flag}, all, DenyEPERM},
			attack{"a process in a namespace of its own", "clone", [6]uint64{0x11 | flag}, all, DenyEPERM},
			attack{"a namespace with high bits", "clone", [6]uint64{0x11 | flag | high}, all, DenyEPERM},
			attack{"a namespace in the high half only", "clone", [6]uint64{0x11 | flag<<32}, processes, Allow})
	}
	for call, arg := range map[string]int{"sendto": 3, "sendmsg": 2, "sendmmsg": 3} {
		for _, f := range []struct {
			name  string
			flags uint64
			open  bool
		}{
			{"no flags", 0, false},
			{"MSG_NOSIGNAL with high bits", 0x4000 | high, false},
			{"all flags but MSG_FASTOPEN", ^uint64(fastOpen), false},
			{"MSG_FASTOPEN in the high half only", fastOpen << 32, false},
			{"MSG_FASTOPEN", fastOpen, true},
			{"MSG_FASTOPEN and more, with high bits", fastOpen | 0x4000 | high, true},
			{"all flags", ^uint64(0), true},
		} {
			a := attack{f.name, call, [6]uint64{fastOpen, fastOpen, fastOpen, fastOpen, fastOpen, fastOpen}, none, Allow}
			a.args[arg] = f.flags
			for _, a.grants = range everyGrants() {
				a.want = Allow
				if f.open && !a.grants.Internet {
					a.want = a.grants.deny()
				}
				list = append(list, a)
			}
		}
	}
	for arg, call := range map[int]string{1: "mknod", 2: "mknodat"} {
		for kind := range uint64(16) {
			want := DenyEPERM
			if kind == 0 || kind == 1 || kind == 8 { // none, FIFO, regular
				want = Allow
			}
			for _, mode := range []uint64{0, 0o1777, 0o1777 | high, 0o4000, 0o2000, 0o6755, 0o4755 | high} {
				a := attack{"a kind of file", call, [6]uint64{}, none, want}
				a.args[arg] = kind<<12 | mode
				if mode&0o6000 != 0 {
					a.want = DenyEPERM
				}
				list = append(list, a)
			}
		}
	}
	list = append(list, modes()...)
	for _, a := range list {
		nr, ok := number(a.call)
		if !ok {
			continue // mknod is not everywhere
		}
		if got := verdict(t, compile(t, a.grants), Call{m.audit, int32(nr), a.args}); got != a.want {
			t.Errorf("%s: %s(%#x) with %s: got %s, want %s", a.name, a.call, a.args, a.grants.name(), verdictName(got), verdictName(a.want))
		}
	}
}

// modes are tries to make a set-ID file by each call that gives a file a mode.
func modes() (list []attack) {
	type mode struct {
		name  string
		bits  uint64
		setID bool
	}
	tries := []mode{
		{"none", 0, false},
		{"0644", 0o644, false},
		{"0755", 0o755, false},
		{"sticky", 0o1777, false},
		{"0755 with high bits", 0o755 | high, false},
		{"set-ID bits in the high half only", 0o6000 << 32, false},
		{"all bits but those", ^uint64(0o6000), false},
		{"set-user-ID", 0o4000, true},
		{"set-group-ID", 0o2000, true},
		{"chmod 4755", 0o4755, true},
		{"chmod 2755", 0o2755, true},
		{"both", 0o6755, true},
		{"all of a mode", 0o7777, true},
		{"set-user-ID with high bits", 0o4755 | high, true},
		{"set-group-ID with high bits", 0o2755 | high, true},
		{"set-user-ID with the bits of a type", 0o104755, true},
		{"all bits", ^uint64(0), true},
	}
	add := func(name, call string, args [6]uint64, denied bool) {
		for _, g := range everyGrants() {
			want := Allow
			if denied {
				want = g.deny()
			}
			list = append(list, attack{name, call, args, g, want})
		}
	}
	for call, arg := range map[string]int{"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2, "mkdir": 1, "mkdirat": 2, "creat": 1} {
		for _, m := range tries {
			for _, others := range []uint64{0, 0o755, ^uint64(0)} {
				args := [6]uint64{others, others, others, others, others, others}
				args[arg] = m.bits
				add(m.name, call, args, m.setID)
			}
		}
	}
	for call, arg := range map[string]int{"open": 1, "openat": 2} {
		for _, f := range []struct {
			name    string
			flags   uint64
			creates bool
		}{
			{"reading", 0, false},
			{"writing, close on exec", 0o2000001, false},
			{"truncating", 0o1001, false},
			{"O_CREAT in the high half only", 0o100 << 32, false},
			{"all flags but those that create", ^uint64(0o20000100), false},
			{"O_CREAT", 0o101, true},
			{"O_CREAT with high bits", 0o1101 | high, true},
			{"O_TMPFILE", 0o20200002, true},
			{"O_TMPFILE of arm64", 0o20040002, true},
			{"O_TMPFILE without O_DIRECTORY", 0o20000002, true},
			{"O_TMPFILE with high bits", 0o20200002 | high, true},
			{"all flags", ^uint64(0), true},
		} {
			for _, m := range tries {
				args := [6]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
				args[arg], args[arg+1] = f.flags, m.bits
				add(f.name+", "+m.name, call, args, f.creates && m.setID)
			}
		}
	}
	for _, g := range everyGrants() {
		list = append(list, attack{"a mode behind a pointer", "openat2", [6]uint64{3, 1 << 40, 1 << 40, 24}, g, Absent})
	}
	return list
}

func TestOnlyTCPAndUDPSocketsCanBeMadeAndOnlyWithTheirGrant(t *testing.T) {
	m := native(t)
	nr, _ := number("socket")
	protocols := []uint64{0, 1, 6, 17, 58, 132, 136, 255, 256, 262, 0x10006}
	for _, g := range everyGrants() {
		f := compile(t, g)
		for family := range uint64(50) {
			for kind := range uint64(16) {
				for _, protocol := range protocols {
					for _, up := range []uint64{0, high} {
						for _, flags := range []uint64{0, 0o2000000, 0o4000, 0o2004000} {
							want := g.deny()
							tcp := kind == 1 && (protocol == 0 || protocol == 6)
							udp := kind == 2 && (protocol == 0 || protocol == 17)
							granted := tcp && (g.Internet || g.Listen) || udp && g.Internet
							if (family == 2 || family == 10) && granted {
								want = Allow
							}
							args := [6]uint64{family | up, kind | flags | up, protocol | up}
							if got := verdict(t, f, Call{m.audit, int32(nr), args}); got != want {
								t.Fatalf("%s: socket(%#x): got %s, want %s", g.name(), args, verdictName(got), verdictName(want))
							}
						}
					}
				}
			}
		}
	}
}

func TestOnlyTheListedOptionsOfPrctlPass(t *testing.T) {
	m := native(t)
	nr, _ := number("prctl")
	f := compile(t, all)
	options := []uint64{0x53564d41, 0x59616d61, 0x41555856, 0xffffffff}
	for i := range uint64(128) {
		options = append(options, i)
	}
	// written down anew, so that the table is not its own judge
	free := []uint64{1, 2, 3, 4, 7, 15, 16, 21, 23, 25, 27, 29, 30, 36, 37, 38, 39, 40, 41, 42, 50, 51, 52, 54, 55, 56, 60, 61, 63, 64, 65, 66,
		68, 69, 70, 71, 74, 75, 76, 0x53564d41}
	for _, option := range options {
		for second := range uint64(6) {
			want := DenyEPERM
			if slices.Contains(free, option) || option == 22 && second == 2 || option == 47 && (second == 1 || second == 4) {
				want = Allow
			}
			for _, up := range []uint64{0, high} {
				if got := verdict(t, f, Call{m.audit, int32(nr), [6]uint64{option | up, second | up}}); got != want {
					t.Errorf("prctl(%#x, %d): got %s, want %s", option|up, second, verdictName(got), verdictName(want))
				}
			}
		}
	}
}

func TestForeignArchitecturesAndX32AreKilledWhateverTheCall(t *testing.T) {
	m := native(t)
	const i386, x32 = 0x40000003, x32Bit
	for _, g := range everyGrants() {
		f := compile(t, g)
		for nr := range int32(1024) {
			for _, args := range [][6]uint64{{}, {0, 0x5412}} {
				for _, arch := range []uint32{i386, 0x40000028, 0xc0000016, 0, ^uint32(0)} {
					if got := verdict(t, f, Call{arch, nr, args}); got != KillProcess {
						t.Fatalf("%s: %d of %#x: %s", g.name(), nr, arch, verdictName(got))
					}
				}
				if m.x32 {
					if got := verdict(t, f, Call{m.audit, nr | x32, args}); got != KillProcess {
						t.Fatalf("%s: %d of x32: %s", g.name(), nr, verdictName(got))
					}
				}
			}
		}
	}
}

func TestNumbersThatAreNoneAreNotAllowed(t *testing.T) {
	m := native(t)
	for _, g := range everyGrants() {
		f := compile(t, g)
		newest := int32(original(t, g).newest)
		for _, nr := range []int32{newest + 1, 511, 547, 1000, 0x3fffffff} {
			if got := verdict(t, f, Call{Arch: m.audit, Nr: nr}); got != Absent {
				t.Errorf("%s: %d: %s", g.name(), nr, verdictName(got))
			}
		}
		for _, nr := range []int32{-1, -2, -0x40000000, -0x7fffffff - 1} {
			if got := verdict(t, f, Call{Arch: m.audit, Nr: nr}); got == Allow {
				t.Errorf("%s: %d is allowed", g.name(), nr)
			}
		}
	}
}
