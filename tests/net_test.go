//go:build linux && cgo

// These tests stand services up on the host and let the victim look for them: without the network none may be reached by any family,
// name or inherited trick; with outbound or inbound alone, only in that direction.

package tests

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// services are what the host offers for the length of a test: each answers with what it was sent, and remembers that it was reached.
type services struct {
	TCP, TCP6, UDP  string
	Abstract        string // @NAME, a stream
	AbstractDgram   string
	Named, NamedDgr string // paths in Dir
	Dir             string
	reached         chan string
}

func newServices() *services {
	GinkgoHelper()
	s := &services{Dir: tempDir(), reached: make(chan string, 100)}
	name := filepath.Base(s.Dir)
	s.TCP, s.TCP6 = s.stream("tcp", "127.0.0.1:0"), ""
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		Expect(l.Close()).To(Succeed())
		s.TCP6 = s.stream("tcp", "[::1]:0")
	}
	s.UDP = s.packets("udp", "127.0.0.1:0")
	s.Abstract = s.stream("unix", "@gaol-live-"+name)
	s.AbstractDgram = s.packets("unixgram", "@gaol-live-dgram-"+name)
	s.Named = s.stream("unix", filepath.Join(s.Dir, "stream"))
	s.NamedDgr = s.packets("unixgram", filepath.Join(s.Dir, "dgram"))
	return s
}

func (s *services) stream(network, address string) string {
	GinkgoHelper()
	l, err := net.Listen(network, address)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.reached <- network
			go func() {
				defer conn.Close()
				buf := make([]byte, 64)
				if n, err := conn.Read(buf); err == nil {
					_, _ = conn.Write(buf[:n])
				}
			}()
		}
	}()
	return l.Addr().String()
}

func (s *services) packets(network, address string) string {
	GinkgoHelper()
	c, err := net.ListenPacket(network, address)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(c.Close)
	go func() {
		buf := make([]byte, 64)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			s.reached <- network
			_, _ = c.WriteTo(buf[:n], from)
		}
	}()
	return c.LocalAddr().String()
}

// Untouched asserts that nobody came.
func (s *services) Untouched() {
	GinkgoHelper()
	Consistently(s.reached, "50ms").ShouldNot(Receive())
}

// everyFamily is each kind of socket that is not TCP or UDP, and must never be made.
func everyFamily() (out []attempt) {
	for _, words := range []string{
		"unix stream", "unix dgram", "unix seqpacket", "unix raw", "netlink raw 0", "netlink raw 4", "netlink raw 9", "netlink dgram 15",
		"packet raw 768", "packet dgram", "vsock stream", "alg seqpacket", "bluetooth raw 1", "can raw 1", "key raw 2", "xdp raw",
		"tipc stream", "kcm seqpacket", "rds seqpacket", "smc stream", "ax25 dgram", "appletalk dgram", "rxrpc dgram", "qipcrtr dgram", "unspec stream",
		"inet raw 1", "inet raw 255", "inet6 raw 58", "inet dgram 1", "inet6 dgram 58", "inet stream 262", "inet6 stream 262", "inet stream 132",
		"inet6 seqpacket 132", "inet seqpacket 132", "inet dgram 136", "inet stream 33", "inet dccp 33", "inet packet", "inet rdm",
	} {
		out = append(out, want("EPERM", append([]string{"socket"}, strings.Fields(words)...)...))
	}
	return out
}

var _ = Describe("Without the network", func() {
	It("no socket of any family can be made", func() {
		attempts := everyFamily()
		for _, words := range []string{"inet stream", "inet dgram", "inet6 stream", "inet6 dgram", "inet stream 6", "inet dgram 17"} {
			attempts = append(attempts, want("EPERM", append([]string{"socket"}, strings.Fields(words)...)...))
		}
		try(sandbox(), append(attempts,
			want("ok", "socketpair", "unix", "stream"), want("ok", "socketpair", "unix", "seqpacket"),
			want("EPERM", "socketpair", "unix", "dgram"), want("EPERM", "socketpair", "unix", "raw"), want("EPERM", "socketpair", "inet", "stream"),
			want("EPERM", "socketpair", "tipc", "stream"))...)
	})

	It("there is a loopback interface that is down, and no other", func() {
		try(sandbox(gaol.System()), want("ok lo", "interfaces"), want("ok", "read", "/proc/self/net/if_inet6"),
			want("ok", "read", "/proc/self/net/fib_trie"), want("ok 2", "getpid"))
	})

	It("nothing of the host is reached", func() {
		h := newServices()
		try(sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(h.Dir)), gaol.FileWrite(gaol.Subpath(h.Dir))),
			want("EPERM socket", "connect", h.TCP), want("EPERM socket", "udp", h.UDP), want("EPERM socket", "fastopen", h.TCP),
			want("EPERM socket", "connect", h.Abstract), want("EPERM socket", "connect", h.Named), want("EPERM socket", "udp", h.AbstractDgram),
			want("EPERM socket", "udp", h.NamedDgr), want("ok socket …", "lstat", h.Named))
		h.Untouched()
	})

	It("a named socket is reached through no grant", func() {
		h := newServices()
		read, write := gaol.FileRead(gaol.Subpath(h.Dir)), gaol.FileWrite(gaol.Subpath(h.Dir))
		for _, grants := range [][]gaol.Option{{read}, {read, write}, {gaol.Map("/map", h.Dir, gaol.ReadWrite)}} {
			try(sandbox(grants...), want("EPERM socket", "connect", h.Named), want("EPERM socket", "connect", "/map/stream"),
				want("EPERM|ENXIO|EACCES|ENOENT", "open", h.Named, "rw"), want("EPERM|ENXIO|EACCES|ENOENT", "open", "/map/stream", "rw"))
		}
		h.Untouched()
	})

	It("two commands of one Sandbox cannot meet", func() {
		s := sandbox(gaol.System(), gaol.Private("/private"))
		first := launch(s, "bind", "@meeting", "--", "mkdir", "/private/here", "--", "write", "/private/here/x", "x", "--", "readfd", "0")
		Expect([]string{first.Line(), first.Line(), first.Line()}).To(Equal([]string{"EPERM socket", "ok", "ENOENT"}))
		try(s, want("EPERM socket", "connect", "@meeting"), want("EPERM socket", "connect", "127.0.0.1:1"), want("ok", "list", "/private"),
			call("EPERM", "shmget 77 4096 0x3b6"), want("ok 2", "getpid"))
		Expect(first.Stdin.Close()).To(Succeed())
		Expect(first.Line()).To(Equal("ok"))
		Expect(first.Wait()).To(Succeed())
	})
})

var _ = Describe("NetworkOutbound(All)", func() {
	It("reaches TCP and UDP of the host, and may not be reached", func() {
		h := newServices()
		attempts := []attempt{
			want("ok", "connect", h.TCP), want("ok ping", "udp", h.UDP), want("ok", "udpconnect", h.UDP), want("ok", "fastopen", h.TCP),
			want("EPERM", "bind", "127.0.0.1:0"), want("EPERM", "bindudp", "127.0.0.1:0"), want("EPERM", "serve", "0.0.0.0:0"), want("EPERM", "listen"),
			want("EPERM", "bind", "[::]:0"), want("EPERM", "bindudp", "[::]:0"),
		}
		if h.TCP6 != "" {
			_, port, _ := net.SplitHostPort(h.TCP)
			attempts = append(attempts, want("ok", "connect", h.TCP6), want("ok", "connect", "[::ffff:127.0.0.1]:"+port))
		}
		try(sandbox(gaol.NetworkOutbound(gaol.All())), attempts...)
	})

	It("is TCP and UDP only: no Unix socket, MPTCP, SCTP, raw, netlink or other socket", func() {
		h := newServices()
		s := sandbox(gaol.NetworkOutbound(gaol.All()), gaol.NetworkInbound(gaol.All()), gaol.FileRead(gaol.Subpath(h.Dir)), gaol.FileWrite(gaol.Subpath(h.Dir)))
		try(s, append(everyFamily(), want("EPERM socket", "connect", h.Abstract), want("EPERM socket", "udp", h.AbstractDgram),
			want("EPERM socket", "connect", h.Named), want("EPERM", "socketpair", "unix", "dgram"), want("ok", "socket", "inet", "stream"),
			want("ok", "socket", "inet6", "dgram", "17"))...)
		h.Untouched()
	})
})

// dial sends a word to the victim and expects it back.
func dial(network, address string) {
	GinkgoHelper()
	conn, err := net.Dial(network, address)
	Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	_, err = fmt.Fprint(conn, "hello")
	Expect(err).NotTo(HaveOccurred())
	buf := make([]byte, 64)
	n, err := conn.Read(buf)
	Expect(err).NotTo(HaveOccurred())
	Expect(string(buf[:n])).To(Equal("hello"))
}

func at(r *running) string {
	GinkgoHelper()
	address, ok := strings.CutPrefix(r.Line(), "at ")
	Expect(ok).To(BeTrue(), address)
	return address
}

var _ = Describe("NetworkInbound(All)", func() {
	It("alone is reached by TCP", func() {
		r := launch(sandbox(gaol.NetworkInbound(gaol.All())), "serve", "127.0.0.1:0")
		dial("tcp", at(r))
		Expect(r.Line()).To(Equal("ok"))
		Expect(r.Wait()).To(Succeed())
	})

	It("alone reaches nothing by connect", func() {
		h := newServices()
		try(sandbox(gaol.NetworkInbound(gaol.All())), want("EACCES|EPERM", "connect", h.TCP), want("EACCES|EPERM", "connect", "[::ffff:"+strings.Replace(h.TCP, ":", "]:", 1)),
			want("ok", "bind", "127.0.0.1:0"), want("ok", "listen"))
		h.Untouched()
	})

	It("alone reaches nothing by sendto with MSG_FASTOPEN, which connects", func() {
		h := newServices()
		try(sandbox(gaol.NetworkInbound(gaol.All())), want("EACCES|EPERM", "fastopen", h.TCP))
		h.Untouched()
	})

	It("alone reaches nothing by UDP", func() {
		h := newServices()
		try(sandbox(gaol.NetworkInbound(gaol.All())), want("EACCES|EPERM…", "udp", h.UDP))
		h.Untouched()
	})

	It("with NetworkOutbound is reached by UDP and TCP, and reaches", func() {
		h := newServices()
		s := sandbox(gaol.NetworkInbound(gaol.All()), gaol.NetworkOutbound(gaol.All()))
		r := launch(s, "serve", "127.0.0.1:0", "--", "echoudp", "127.0.0.1:0", "--", "connect", h.TCP, "--", "udp", h.UDP)
		dial("tcp", at(r))
		Expect(r.Line()).To(Equal("ok"))
		dial("udp", at(r))
		Expect([]string{r.Line(), r.Line(), r.Line()}).To(Equal([]string{"ok", "ok", "ok ping"}))
		Expect(r.Wait()).To(Succeed())
	})
})
