//go:build linux && cgo

// These tests hand sockets over. What is connected is the caller's grant and works without any network in the profile; what is not
// connected could be led elsewhere, and the tests state how far.

package tests

import (
	"net"
	"os"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// socketFile makes a socket that is connected to nothing.
func socketFile(family, kind int) *os.File {
	GinkgoHelper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	Expect(err).NotTo(HaveOccurred())
	f := os.NewFile(uintptr(fd), "socket")
	DeferCleanup(f.Close)
	return f
}

// connected dials and gives the connection as a file.
func connected(network, address string) *os.File {
	GinkgoHelper()
	conn, err := net.Dial(network, address)
	Expect(err).NotTo(HaveOccurred())
	defer conn.Close()
	f, err := conn.(interface{ File() (*os.File, error) }).File()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(f.Close)
	return f
}

var _ = Describe("A socket that is handed over", func() {
	It("and connected works both ways", func() {
		h := newServices()
		for _, f := range []*os.File{connected("tcp", h.TCP), connected("unix", h.Named), connected("unix", h.Abstract), connected("udp", h.UDP)} {
			Expect(unix.SetNonblock(int(f.Fd()), false)).To(Succeed())
			tryWith(sandbox(), handing(f), want("ok", "writefd", "3", "hello"), want("ok hello", "readfd", "3"))
		}
	})

	It("and listening can be accepted from", func() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		Expect(err).NotTo(HaveOccurred())
		defer f.Close()
		Expect(unix.SetNonblock(int(f.Fd()), false)).To(Succeed())
		go func() {
			defer GinkgoRecover()
			dial("tcp", l.Addr().String())
		}()
		tryWith(sandbox(), handing(f), want("ok", "acceptfd", "3"))
	})

	It("and unconnected TCP cannot be connected, bound or made to listen", func() {
		h := newServices()
		tryWith(sandbox(), handing(socketFile(unix.AF_INET, unix.SOCK_STREAM)), want("EACCES|EPERM", "connectfd", "3", h.TCP),
			want("EPERM", "listenfd", "3"), call("EPERM", "bind 3 @ 16"))
		h.Untouched()
	})

	It("and unconnected TCP cannot be connected by MSG_FASTOPEN either", func() {
		h := newServices()
		tryWith(sandbox(), handing(socketFile(unix.AF_INET, unix.SOCK_STREAM)), want("EACCES|EPERM", "fastopenfd", "3", h.TCP))
		h.Untouched()
	})

	// UDP has no rule in Landlock: a datagram socket that is handed over reaches what its caller's network does.
	It("and unconnected UDP sends wherever the caller's network reaches, unless Landlock has rights for UDP", func() {
		h := newServices()
		sends := "ok"
		if landlockABI() >= 10 { // which has rights for UDP, and they hold for what is handed over, too
			sends = "EACCES"
		}
		tryWith(sandbox(), handing(socketFile(unix.AF_INET, unix.SOCK_DGRAM)), want(sends, "sendfd", "3", h.UDP), call("EPERM", "bind 3 @ 16"))
		if sends != "ok" {
			h.Untouched()
			return
		}
		Eventually(h.reached).Should(Receive(Equal("udp")))
	})

	// A Unix datagram socket takes an address with each message. Landlock keeps it from the host's abstract names, and the view from
	// paths that are not granted; a socket in a granted directory is reached, even where the grant is to read (unix(7): it is the inode's
	// write permission that counts, not the mount's). Who hands over an unconnected socket gives that.
	It("and an unconnected Unix one cannot reach the host's abstract names", func() {
		needLandlock(6)
		h := newServices()
		s := sandbox()
		tryWith(s, handing(socketFile(unix.AF_UNIX, unix.SOCK_DGRAM)), want("EPERM", "sendfd", "3", h.AbstractDgram), want("EPERM", "connectfd", "3", h.AbstractDgram))
		tryWith(s, handing(socketFile(unix.AF_UNIX, unix.SOCK_STREAM)), want("EPERM", "connectfd", "3", h.Abstract))
		h.Untouched()
	})

	It("and an unconnected Unix one reaches named sockets of the view, unless Landlock has a right for these, and no others", func() {
		h := newServices()
		tryWith(sandbox(), handing(socketFile(unix.AF_UNIX, unix.SOCK_DGRAM)), want("ENOENT", "sendfd", "3", h.NamedDgr))
		tryWith(sandbox(), handing(socketFile(unix.AF_UNIX, unix.SOCK_STREAM)), want("EPERM", "connectfd", "3", h.Named))
		h.Untouched()
		sends := "ok"
		if landlockABI() >= 9 { // LANDLOCK_ACCESS_FS_RESOLVE_UNIX, which only LocalSocket brings
			sends = "EACCES"
		}
		tryWith(sandbox(gaol.FileRead(gaol.Subpath(h.Dir))), handing(socketFile(unix.AF_UNIX, unix.SOCK_DGRAM)), want(sends, "sendfd", "3", h.NamedDgr))
		if sends != "ok" {
			h.Untouched()
			return
		}
		Eventually(h.reached).Should(Receive(Equal("unixgram")))
	})
})
