//go:build linux

// This file has the attacks on the network and on sockets: servers outside, by every address that they can have, and kinds of sockets
// that no profile grants. The servers count who comes.

package escape

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// Listen makes a server, of a stream or of packets, and returns its address. Nobody may come but the twin, who must.
func (w *World) Listen(network, address string) string {
	var came atomic.Int64
	var at net.Addr
	switch network {
	case "udp", "unixgram":
		c, err := net.ListenPacket(network, address)
		w.must(err)
		w.onClose(func() { _ = c.Close() })
		at = c.LocalAddr()
		go func() {
			for {
				if _, _, err := c.ReadFrom(make([]byte, 64)); err != nil {
					return
				}
				came.Add(1)
			}
		}()
	default:
		l, err := net.Listen(network, address)
		w.must(err)
		w.onClose(func() { _ = l.Close() })
		at = l.Addr()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				came.Add(1)
				_ = c.Close()
			}
		}()
	}
	w.Check(func() error {
		if w.Twin {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
		if n := came.Load(); n > 0 {
			return fmt.Errorf("the server at %s %s was reached", network, at)
		}
		return nil
	})
	return at.String()
}

// sockaddr reads an address: IP:PORT, a path, or @NAME.
func sockaddr(text string) (family int, sa unix.Sockaddr) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		if ap.Addr().Is4() {
			return unix.AF_INET, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
		}
		return unix.AF_INET6, &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
	}
	return unix.AF_UNIX, &unix.SockaddrUnix{Name: text}
}

// withSocket calls f with a socket for the address, or says that there is none.
func (in *In) withSocket(kind, protocol int, address string, f func(fd int, sa unix.Sockaddr) error) {
	family, sa := sockaddr(address)
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		in.Try("socket for "+address, err)
		return
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: 5})
	in.Try(address, f(fd, sa))
}

// Connect tries to.
func (in *In) Connect(kind, protocol int, address string) {
	in.withSocket(kind, protocol, address, unix.Connect)
}

// Send sends a datagram.
func (in *In) Send(address string, flags int) {
	in.withSocket(unix.SOCK_DGRAM, 0, address, func(fd int, sa unix.Sockaddr) error { return unix.Sendto(fd, []byte("ping"), flags, sa) })
}

func network(w *World) { w.IfTwin(gaol.NetworkOutbound(gaol.All())) }

func sockets() []Attack {
	return []Attack{
		{
			Name: "udp", About: "sends a datagram to a server on this machine, and connects a UDP socket to it", Want: "EPERM",
			Prepare: func(w *World) { network(w); w.Arg("address", w.Listen("udp", "127.0.0.1:0")) },
			Inside: func(in *In) {
				in.Send(in.Arg("address"), 0)
				in.Connect(unix.SOCK_DGRAM, 0, in.Arg("address"))
			},
		},
		{
			Name: "tcp-fast-open", About: "connects by sendto with MSG_FASTOPEN, where listening alone is granted", Want: "EPERM|EACCES",
			Prepare: func(w *World) {
				w.Grant(gaol.NetworkInbound(gaol.All()))
				network(w)
				w.Arg("address", w.Listen("tcp", "127.0.0.1:0"))
			},
			Inside: func(in *In) {
				in.withSocket(unix.SOCK_STREAM, 0, in.Arg("address"), func(fd int, sa unix.Sockaddr) error {
					return unix.Sendto(fd, []byte("ping"), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL, sa)
				})
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("address"))
			},
		},
		{
			Name: "listen", About: "listens for others to come, on a port of its choice and on one that the kernel chooses, where NetworkInbound is not granted",
			Want: "EPERM|EACCES",
			Prepare: func(w *World) {
				w.Grant(gaol.NetworkOutbound(gaol.All()))
				w.IfTwin(gaol.NetworkInbound(gaol.All()))
			},
			Inside: func(in *In) {
				in.withSocket(unix.SOCK_STREAM, 0, "127.0.0.1:0", unix.Bind)
				in.withSocket(unix.SOCK_DGRAM, 0, "127.0.0.1:0", unix.Bind)
				in.withSocket(unix.SOCK_STREAM, 0, "127.0.0.1:0", func(fd int, _ unix.Sockaddr) error { return unix.Listen(fd, 1) })
			},
		},
		{
			Name: "abstract-socket", About: "connects to a server by its abstract name, which no path protects; the twin has a pair of its own", Want: "EPERM",
			Prepare: func(w *World) {
				w.Grant(gaol.NetworkOutbound(gaol.All()))
				w.Arg("stream", w.Listen("unix", "@"+w.Token()))
				w.Arg("datagram", w.Listen("unixgram", "@"+w.Token()))
			},
			Inside: func(in *In) {
				if in.Twin {
					in.pair()
					return
				}
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("stream"))
				in.Connect(unix.SOCK_SEQPACKET, 0, in.Arg("stream"))
				in.Send(in.Arg("datagram"), 0)
			},
		},
		{
			Name: "docker-socket", About: "connects to a server's socket that lies in a tree granted for reading and writing", Want: "EPERM",
			Prepare: func(w *World) {
				dir := w.MakeDir("run")
				w.Grant(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.NetworkOutbound(gaol.All()))
				socket := w.Listen("unix", dir+"/docker.sock")
				w.IfTwin(gaol.BestEffort(gaol.NetworkOutbound(gaol.LocalSocket(socket))))
				w.Arg("socket", socket)
			},
			Inside: func(in *In) {
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("socket"))
				if in.Twin {
					return
				}
				in.withSocket(unix.SOCK_STREAM, 0, in.Arg("socket"), func(fd int, sa unix.Sockaddr) error {
					return unix.Sendto(fd, []byte("GET /containers/json HTTP/1.0\r\n\r\n"), unix.MSG_NOSIGNAL, sa)
				})
			},
		},
		{
			Name: "dbus", About: "finds a bus by the variables that the caller has, and connects to it by name and by path; the twin is passed the variable",
			Want: "EPERM|no variable",
			Prepare: func(w *World) {
				dir := w.MakeDir("run/user")
				socket := w.Listen("unix", dir+"/bus")
				abstract := w.Listen("unix", "@"+w.Token())
				w.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+socket)
				w.Setenv("XDG_RUNTIME_DIR", dir)
				if w.Twin {
					w.GrantExactly(gaol.PassEnv("DBUS_SESSION_BUS_ADDRESS"))
				}
				w.Arg("path", socket)
				w.Arg("abstract", abstract)
			},
			Inside: func(in *In) {
				for _, name := range []string{"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"} {
					if _, ok := os.LookupEnv(name); ok {
						in.Is("ok", name)
					} else if !in.Twin {
						in.Is("no variable", name)
					}
				}
				if !in.Twin {
					in.Connect(unix.SOCK_STREAM, 0, in.Arg("path"))
					in.Connect(unix.SOCK_STREAM, 0, in.Arg("abstract"))
				}
			},
		},
		{
			Name: "datagram-pair", About: "makes a pair of datagram sockets, one of which could be turned to any server; the twin one of streams", Want: "EPERM|ENOTCONN|EISCONN",
			Prepare: func(w *World) { w.Arg("datagram", w.Listen("unixgram", filepath.Join(w.MakeDir("run"), "log"))) },
			Inside: func(in *In) {
				if in.Twin {
					in.pair()
					return
				}
				_, sa := sockaddr(in.Arg("datagram"))
				for _, kind := range []int{unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET, unix.SOCK_STREAM} {
					fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
					if err != nil {
						in.Try("socketpair", err)
						continue
					}
					in.Try("connect", unix.Connect(fds[0], sa))
					if err := unix.Sendto(fds[0], []byte("x"), unix.MSG_NOSIGNAL, sa); err != nil {
						in.Try("sendto", err)
					}
				}
			},
		},
		{
			Name: "handed-socket", About: "connects a socket that it was handed, to a server that it was not; the twin writes to one that is connected", Want: "EPERM",
			Prepare: func(w *World) {
				address := w.Listen("tcp", "127.0.0.1:0")
				fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
				w.must(err)
				if w.Twin {
					_, sa := sockaddr(address)
					w.must(unix.Connect(fd, sa))
				}
				w.Hand(os.NewFile(uintptr(fd), "socket"))
				w.Arg("address", address)
			},
			Inside: func(in *In) {
				_, sa := sockaddr(in.Arg("address"))
				if in.Twin {
					in.Try("send", unix.Sendto(3, []byte("x"), unix.MSG_NOSIGNAL, nil))
					return
				}
				in.Try("connect", unix.Connect(3, sa))
				in.Try("fast open", unix.Sendto(3, []byte("x"), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL, sa))
				in.Try("bind", unix.Bind(3, &unix.SockaddrInet4{}))
				in.Try("listen", unix.Listen(3, 1))
			},
		},
	}
}

// pair makes a pair of streams and sends a byte through it.
func (in *In) pair() {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(fds[0], []byte("x"))
	}
	in.Try("socketpair", err)
}

// families are the kinds of sockets that no profile grants. The network is granted, so that what is left is the kind.
func families() (out []Attack) {
	for _, f := range []struct {
		name, about string
		kinds       [][3]int
	}{
		{"netlink", "netlink, which changes interfaces, routes and the audit", [][3]int{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT}, {unix.AF_NETLINK, unix.SOCK_DGRAM, unix.NETLINK_KOBJECT_UEVENT},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}, {unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG}}},
		{"af-alg", "AF_ALG, the kernel's ciphers, with a past of holes", [][3]int{{unix.AF_ALG, unix.SOCK_SEQPACKET, 0}}},
		{"af-vsock", "AF_VSOCK, which reaches the machine that this one runs in", [][3]int{{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, {unix.AF_VSOCK, unix.SOCK_DGRAM, 0}}},
		{"af-packet", "AF_PACKET, which reads all that comes and goes", [][3]int{{unix.AF_PACKET, unix.SOCK_RAW, 0x0300}, {unix.AF_PACKET, unix.SOCK_DGRAM, 0},
			{unix.AF_INET, unix.SOCK_PACKET, 0}}},
		{"raw-socket", "raw sockets and ping sockets", [][3]int{{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP}, {unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW},
			{unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6}, {unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP}}},
		{"mptcp", "MPTCP, which goes round the rules for TCP", [][3]int{{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, {unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}}},
		{"sctp", "SCTP, DCCP and UDP-Lite, which go round the rules for TCP and UDP", [][3]int{{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP},
			{unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP}, {unix.AF_INET6, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP},
			{unix.AF_INET, unix.SOCK_DCCP, unix.IPPROTO_DCCP}, {unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE}, {unix.AF_SMC, unix.SOCK_STREAM, 0}}},
		{"rare-families", "families that next to nothing uses: Bluetooth, CAN, keys, XDP, TIPC, KCM, RDS, RxRPC and more", [][3]int{
			{unix.AF_BLUETOOTH, unix.SOCK_RAW, 1}, {unix.AF_CAN, unix.SOCK_RAW, 1}, {unix.AF_KEY, unix.SOCK_RAW, 2}, {unix.AF_XDP, unix.SOCK_RAW, 0},
			{unix.AF_TIPC, unix.SOCK_STREAM, 0}, {unix.AF_KCM, unix.SOCK_SEQPACKET, 0}, {unix.AF_RDS, unix.SOCK_SEQPACKET, 0}, {unix.AF_RXRPC, unix.SOCK_DGRAM, 0},
			{unix.AF_AX25, unix.SOCK_DGRAM, 0}, {unix.AF_APPLETALK, unix.SOCK_DGRAM, 0}, {unix.AF_QIPCRTR, unix.SOCK_DGRAM, 0}, {unix.AF_X25, unix.SOCK_SEQPACKET, 0},
			{unix.AF_PPPOX, unix.SOCK_STREAM, 0}, {unix.AF_NFC, unix.SOCK_RAW, 0}, {unix.AF_UNSPEC, unix.SOCK_STREAM, 0}}},
	} {
		out = append(out, Attack{
			Name: f.name, About: "makes sockets of " + strings.TrimPrefix(f.about, "families that ") + "; the twin of TCP", Want: "EPERM",
			Prepare: func(w *World) { w.Grant(gaol.NetworkOutbound(gaol.All()), gaol.NetworkInbound(gaol.All())) },
			Inside: func(in *In) {
				if in.Twin {
					in.Call("TCP", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0)
					return
				}
				for _, k := range f.kinds {
					in.Call(fmt.Sprintf("socket(%d, %d, %d)", k[0], k[1], k[2]), unix.SYS_SOCKET, uintptr(k[0]), uintptr(k[1]), uintptr(k[2]))
					in.Call(fmt.Sprintf("socket(%d, %d|SOCK_CLOEXEC, %d)", k[0], k[1], k[2]), unix.SYS_SOCKET, uintptr(k[0]), uintptr(k[1]|unix.SOCK_CLOEXEC), uintptr(k[2]))
				}
			},
		})
	}
	return out
}
