//go:build linux

// This file holds the operations on sockets. Addresses are IP:PORT, a path of a Unix socket, or @NAME for an abstract one.

package main

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"socket":     socket,                                                                      // FAMILY TYPE [PROTOCOL]
		"socketpair": pair,                                                                        // FAMILY TYPE
		"connect":    func(a []string) error { return opened(a, unix.SOCK_STREAM, unix.Connect) }, // ADDRESS
		"udp":        func(a []string) error { return opened(a, unix.SOCK_DGRAM, send) },          // ADDRESS: a datagram, and its echo
		"udpconnect": func(a []string) error { return opened(a, unix.SOCK_DGRAM, unix.Connect) },
		"fastopen":   func(a []string) error { return opened(a, unix.SOCK_STREAM, fastOpen) }, // ADDRESS: sendto that connects
		"bind":       func(a []string) error { return opened(a, unix.SOCK_STREAM, unix.Bind) },
		"bindudp":    func(a []string) error { return opened(a, unix.SOCK_DGRAM, unix.Bind) },
		"listen":     listen,                                                      // nothing bound: the kernel chooses a port
		"serve":      serve,                                                       // ADDRESS: notes its address, accepts one connection, echoes one message
		"echoudp":    echoUDP,                                                     // ADDRESS: notes its address, answers one datagram
		"named":      named,                                                       // notes the abstract name that the kernel gives, waits for one datagram
		"sendfd":     sendTo,                                                      // FD ADDRESS: by a socket that is there
		"fastopenfd": func(a []string) error { return onSocket(a, fastOpen) },     // FD ADDRESS
		"connectfd":  func(a []string) error { return onSocket(a, unix.Connect) }, // FD ADDRESS
		"listenfd":   func(a []string) error { return withFD(a, func(fd int, _ []string) error { return unix.Listen(fd, 1) }) },
		"acceptfd":   func(a []string) error { return withFD(a, func(fd int, _ []string) error { return acceptOn(fd) }) }, // FD
		"interfaces": interfaces,
		"ifconf":     func(a []string) error { return withFD(a, ifConf) }, // FD: is SIOCGIFCONF answered?
	})
}

var families = map[string]int{"unix": unix.AF_UNIX, "inet": unix.AF_INET, "inet6": unix.AF_INET6, "netlink": unix.AF_NETLINK,
	"packet": unix.AF_PACKET, "vsock": unix.AF_VSOCK, "alg": unix.AF_ALG, "bluetooth": unix.AF_BLUETOOTH, "can": unix.AF_CAN,
	"key": unix.AF_KEY, "xdp": unix.AF_XDP, "tipc": unix.AF_TIPC, "kcm": unix.AF_KCM, "rds": unix.AF_RDS, "smc": unix.AF_SMC,
	"ax25": unix.AF_AX25, "appletalk": unix.AF_APPLETALK, "rxrpc": unix.AF_RXRPC, "qipcrtr": unix.AF_QIPCRTR, "unspec": unix.AF_UNSPEC}

var kinds = map[string]int{"stream": unix.SOCK_STREAM, "dgram": unix.SOCK_DGRAM, "raw": unix.SOCK_RAW, "seqpacket": unix.SOCK_SEQPACKET,
	"rdm": unix.SOCK_RDM, "dccp": unix.SOCK_DCCP, "packet": unix.SOCK_PACKET}

func socket(a []string) error {
	if err := need(a, 2); err != nil {
		return err
	}
	protocol := 0
	if len(a) > 2 {
		protocol, _ = strconv.Atoi(a[2])
	}
	family, ok := families[a[0]]
	if kind, found := kinds[a[1]]; ok && found {
		fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}
	return fmt.Errorf("no socket %v", a)
}

// pair makes one and sends a byte through it.
func pair(a []string) error {
	if err := need(a, 2); err != nil {
		return err
	}
	fds, err := unix.Socketpair(families[a[0]], kinds[a[1]]|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if _, err := unix.Write(fds[0], []byte("x")); err != nil {
		return err
	}
	_, err = unix.Read(fds[1], make([]byte, 1))
	return err
}

func address(text string) (int, unix.Sockaddr, error) {
	if strings.HasPrefix(text, "@") || strings.HasPrefix(text, "/") {
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: text}, nil
	}
	ap, err := netip.ParseAddrPort(text)
	if err != nil {
		return 0, nil, err
	}
	if ap.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}, nil
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}, nil
}

func text(sa unix.Sockaddr) string {
	switch s := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(s.Addr), uint16(s.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(s.Addr), uint16(s.Port)).String()
	}
	return fmt.Sprint(sa)
}

// opened makes a socket for the address, with a bound on what could hang.
func opened(a []string, kind int, f func(int, unix.Sockaddr) error) error {
	if err := need(a, 1); err != nil {
		return err
	}
	family, sa, err := address(a[0])
	if err != nil {
		return err
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		say("socket")
		return err
	}
	defer unix.Close(fd)
	for _, o := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, o, &unix.Timeval{Sec: 10}); err != nil {
			return err
		}
	}
	return f(fd, sa)
}

func send(fd int, to unix.Sockaddr) error {
	if err := unix.Sendto(fd, []byte("ping"), 0, to); err != nil {
		return err
	}
	return reply(fd)
}

func reply(fd int) error {
	buf := make([]byte, 64)
	n, err := unix.Read(fd, buf)
	if err == nil {
		say("%s", buf[:n])
	}
	return err
}

func fastOpen(fd int, to unix.Sockaddr) error {
	return unix.Sendto(fd, []byte("ping"), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL, to)
}

func listen([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		say("socket")
		return err
	}
	defer unix.Close(fd)
	return unix.Listen(fd, 1)
}

// ready notes the address, once the socket can be reached.
func ready(fd int) error {
	sa, err := unix.Getsockname(fd)
	if err == nil {
		note("at %s", text(sa))
	}
	return err
}

func serve(a []string) error {
	return opened(a, unix.SOCK_STREAM, func(fd int, sa unix.Sockaddr) error {
		if err := unix.Bind(fd, sa); err != nil {
			return err
		}
		if err := unix.Listen(fd, 1); err != nil {
			return err
		}
		if err := ready(fd); err != nil {
			return err
		}
		return acceptOn(fd)
	})
}

func acceptOn(fd int) error {
	conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(conn)
	return echo(conn)
}

func echo(conn int) error {
	buf := make([]byte, 64)
	n, err := unix.Read(conn, buf)
	if err == nil {
		_, err = unix.Write(conn, buf[:n])
	}
	return err
}

func echoUDP(a []string) error {
	return opened(a, unix.SOCK_DGRAM, func(fd int, sa unix.Sockaddr) error {
		if err := unix.Bind(fd, sa); err != nil {
			return err
		}
		if err := ready(fd); err != nil {
			return err
		}
		buf := make([]byte, 64)
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return err
		}
		return unix.Sendto(fd, buf[:n], 0, from)
	})
}

// named needs no bind: with SO_PASSCRED a connect gives the socket a name, even one that fails.
func named([]string) error {
	return opened([]string{"@nobody"}, unix.SOCK_DGRAM, func(fd int, sa unix.Sockaddr) error {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
			return err
		}
		_ = unix.Connect(fd, sa)
		name, err := unix.Getsockname(fd)
		if err != nil {
			return err
		}
		note("at %s", name.(*unix.SockaddrUnix).Name)
		return reply(fd)
	})
}

func onSocket(a []string, f func(int, unix.Sockaddr) error) error {
	return withFD(a, func(fd int, a []string) error {
		if err := need(a, 1); err != nil {
			return err
		}
		_, sa, err := address(a[0])
		if err != nil {
			return err
		}
		return f(fd, sa)
	})
}

func sendTo(a []string) error {
	return onSocket(a, func(fd int, sa unix.Sockaddr) error { return unix.Sendto(fd, []byte("ping"), unix.MSG_NOSIGNAL, sa) })
}

// interfaces lists those of the network namespace that the program is in.
func interfaces([]string) error {
	b, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return err
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	say("%s", strings.Join(names, " "))
	return nil
}

// ifConf asks for the length of the list of interfaces.
func ifConf(fd int, _ []string) error {
	var conf [2]uint64 // struct ifconf
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCGIFCONF, uintptr(unsafe.Pointer(&conf)))
	if errno != 0 {
		return errno
	}
	say("%d", uint32(conf[0]))
	return nil
}
