//go:build linux && cgo

// These tests grant single ports: those of TCP by Landlock's rules, and no other by any trick that the kernel has for going round them.

package tests

import (
	"net"
	"strconv"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func portOf(address string) int {
	GinkgoHelper()
	_, port, err := net.SplitHostPort(address)
	Expect(err).NotTo(HaveOccurred())
	n, err := strconv.Atoi(port)
	Expect(err).NotTo(HaveOccurred())
	return n
}

var _ = Describe("NetworkOutbound(TCP(port))", func() {
	BeforeEach(func() { needLandlock(4) })

	It("reaches that port, and no other, by IPv4, IPv6 and what maps one to the other", func() {
		h, other := newServices(), newServices()
		port := strconv.Itoa(portOf(h.TCP))
		attempts := []attempt{want("ok", "connect", h.TCP), want("ok", "connect", "[::ffff:127.0.0.1]:"+port), want("ok", "connect", "127.0.0.2:"+port+""),
			want("EACCES", "connect", other.TCP), want("EACCES", "connect", "[::ffff:127.0.0.1]:"+strconv.Itoa(portOf(other.TCP))), want("EACCES", "connect", "127.0.0.1:1"), want("EACCES", "connect", "127.0.0.1:0"),
			want("EPERM", "fastopen", h.TCP), want("EPERM", "fastopen", other.TCP), want("EPERM socket", "udp", h.UDP), want("EPERM socket", "udpconnect", h.UDP),
			want("EPERM", "socket", "inet", "stream", "262"), want("EPERM", "socket", "inet", "stream", "132"), want("EPERM", "socket", "inet", "seqpacket", "132"), want("EPERM", "socket", "inet", "dgram"),
			want("EPERM", "bind", "127.0.0.1:0"), want("EPERM", "bind", "127.0.0.1:"+port), want("EPERM", "listen"), want("EPERM", "serve", "127.0.0.1:0"),
			want("EPERM socket", "connect", h.Abstract), want("EPERM socket", "connect", h.Named)}
		attempts[2] = want("ECONNREFUSED", "connect", "127.0.0.2:"+port)
		if other.TCP6 != "" {
			attempts = append(attempts, want("EACCES", "connect", other.TCP6))
		}
		s := sandbox(gaol.NetworkOutbound(gaol.TCP(portOf(h.TCP))))
		try(s, attempts...)
		other.Untouched()
		Expect(s.Explain()).To(ContainSubstring("landlock-port " + port + " connect-tcp"))
	})

	It("twice reaches both, and beside All makes no difference", func() {
		h, other, third := newServices(), newServices(), newServices()
		two := []gaol.Option{gaol.NetworkOutbound(gaol.TCP(portOf(h.TCP))), gaol.NetworkOutbound(gaol.TCP(portOf(other.TCP)))}
		try(sandbox(two...), want("ok", "connect", h.TCP), want("ok", "connect", other.TCP), want("EACCES", "connect", third.TCP))
		try(sandbox(append(two, gaol.NetworkOutbound(gaol.All()))...), want("ok", "connect", third.TCP), want("ok ping", "udp", third.UDP), want("ok", "connect", h.TCP))
	})

	It("brings the files that looking up names needs", func() {
		try(sandbox(gaol.NetworkOutbound(gaol.TCP(443))), want("ok …", "read", "/etc/hosts"))
		try(sandbox(), want("ENOENT", "read", "/etc/hosts"))
	})

	It("does not listen with NetworkInbound(All) beside it, on what it may not reach", func() {
		h, other := newServices(), newServices()
		s := sandbox(gaol.NetworkOutbound(gaol.TCP(portOf(h.TCP))), gaol.NetworkInbound(gaol.All()))
		try(s, want("ok", "connect", h.TCP), want("EACCES", "connect", other.TCP), want("ok", "bind", "127.0.0.1:0"), want("ok", "listen"), want("EPERM", "socket", "inet", "dgram"))
		other.Untouched()
	})
})

var _ = Describe("NetworkInbound(TCP(port))", func() {
	BeforeEach(func() { needLandlock(4) })

	It("is refused, since listen takes a port that nothing sees, and accepted as best effort", func() {
		port := freePort()
		lacking("listen", gaol.NetworkInbound(gaol.TCP(port)))
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		s := sandbox(gaol.BestEffort(gaol.NetworkInbound(gaol.TCP(port))))
		r := launch(s, "serve", address, "--", "bind", "127.0.0.1:0", "--", "serve", "127.0.0.1:0", "--", "listen", "--", "connect", address, "--", "socket", "inet", "dgram")
		Expect(at(r)).To(Equal(address))
		dial("tcp", address)
		Expect([]string{r.Line(), r.Line(), r.Line(), r.Line(), r.Line(), r.Line()}).To(Equal([]string{"ok", "EACCES", "EACCES", "ok", "EPERM", "EPERM"}))
		Expect(r.Wait()).To(Succeed())
		Expect(r.Report().Gaps).To(ContainElement(HaveField("Detail", ContainSubstring("port that the kernel chooses"))))
	})
})

// freePort is one that nobody listens on now.
func freePort() int {
	GinkgoHelper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer l.Close()
	return portOf(l.Addr().String())
}

var _ = Describe("An address that the kernel cannot tell apart", func() {
	It("is refused with what it needs, all of them at once", func() {
		_, err := trySandbox(gaol.NetworkOutbound(gaol.Host("example.com", 443)), gaol.NetworkOutbound(gaol.CIDR("10.0.0.0/8", 80)), gaol.NetworkInbound(gaol.Loopback(8080)))
		Expect(err).To(MatchError(gaol.ErrUnsupported))
		for _, text := range []string{`Host("example.com", 443)`, `CIDR("10.0.0.0/8", 80)`, "Loopback(8080)", "broker"} {
			Expect(err).To(MatchError(ContainSubstring(text)))
		}
	})

	It("is a port of UDP before Landlock ABI 10", func() {
		h, other := newServices(), newServices()
		udp := gaol.NetworkOutbound(gaol.UDP(portOf(h.UDP)))
		if landlockABI() < 10 {
			lacking("Landlock ABI 10", udp)
			return
		}
		try(sandbox(udp), want("ok ping", "udp", h.UDP), want("EACCES", "udp", other.UDP), want("EPERM socket", "connect", h.TCP), want("EPERM", "bindudp", "127.0.0.1:0"))
		other.Untouched()
	})
})
