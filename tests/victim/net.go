//go:build unix

// This file holds the operations on sockets. Addresses are IP:PORT, a path of a Unix socket, or @NAME for an abstract one.

package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"socket":     socket,                                                                      // FAMILY TYPE [PROTOCOL]
		"socketpair": pair,                                                                        // FAMILY TYPE
		"connect":    func(a []string) error { return opened(a, unix.SOCK_STREAM, unix.Connect) }, // ADDRESS
		"udp":        func(a []string) error { return opened(a, unix.SOCK_DGRAM, send) },          // ADDRESS: a datagram, and its echo
		"udpconnect": func(a []string) error { return opened(a, unix.SOCK_DGRAM, unix.Connect) },
		"bind":       func(a []string) error { return opened(a, unix.SOCK_STREAM, unix.Bind) },
		"bindudp":    func(a []string) error { return opened(a, unix.SOCK_DGRAM, unix.Bind) },
		"listen":     listen,                                                      // nothing bound: the kernel chooses a port
		"serve":      serve,                                                       // ADDRESS: notes its address, accepts one connection, echoes one message
		"echoudp":    echoUDP,                                                     // ADDRESS: notes its address, answers one datagram
		"sendfd":     sendTo,                                                      // FD ADDRESS: by a socket that is there
		"connectfd":  func(a []string) error { return onSocket(a, unix.Connect) }, // FD ADDRESS
		"listenfd":   func(a []string) error { return withFD(a, func(fd int, _ []string) error { return unix.Listen(fd, 1) }) },
		"acceptfd":   func(a []string) error { return withFD(a, func(fd int, _ []string) error { return acceptOn(fd) }) }, // FD
	})
}

// families and kinds are those of every system; Linux adds its own.
var families = map[string]int{"unix": unix.AF_UNIX, "inet": unix.AF_INET, "inet6": unix.AF_INET6, "unspec": unix.AF_UNSPEC}

var kinds = map[string]int{"stream": unix.SOCK_STREAM, "dgram": unix.SOCK_DGRAM, "raw": unix.SOCK_RAW, "seqpacket": unix.SOCK_SEQPACKET,
	"rdm": unix.SOCK_RDM}

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
		fd, err := unix.Socket(family, kind, protocol)
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
	fds, err := unix.Socketpair(families[a[0]], kinds[a[1]], 0)
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
	fd, err := unix.Socket(family, kind, 0)
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

func listen([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
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
	conn, _, err := unix.Accept(fd)
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
