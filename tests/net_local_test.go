//go:build linux && cgo

// These tests grant Unix sockets by their paths: the one that is named is reached, and no other that lies beside it, has an abstract name,
// or comes with a directory.

package tests

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("NetworkOutbound(LocalSocket(path))", func() {
	It("reaches that socket, and none beside it or of an abstract name, and no network", func() {
		h, other := newServices(), newServices()
		s := sandbox(gaol.System(), gaol.NetworkOutbound(gaol.LocalSocket(h.Named)))
		try(s, want("ok", "connect", h.Named), want("ENOENT", "connect", other.Named), want("ENOENT", "udp", h.NamedDgr), want("ECONNREFUSED|EPERM", "connect", h.Abstract),
			want("ECONNREFUSED|EPERM", "udp", h.AbstractDgram), want("EPERM socket", "connect", h.TCP), want("EPERM socket", "udp", h.UDP), want("EPERM", "bind", "@name"), want("EPERM", "bind", h.Named),
			want("EPERM", "serve", h.Dir+"/mine"), want("EPERM", "socket", "netlink", "raw"), want("EPERM", "socket", "vsock", "stream"), want("ok lo", "interfaces"),
			want("ok socket …", "lstat", h.Named), want("EROFS", "chmod", h.Named, "777"), want("EBUSY|EROFS|EACCES", "unlink", h.Named), want("ENXIO|EACCES", "open", h.Named, "rw"))
		other.Untouched()
		try(sandbox(gaol.System()), want("EPERM socket", "connect", h.Named))
	})

	It("reaches a datagram socket, without the network of the host or with a port of it", func() {
		needLandlock(6)
		h, other := newServices(), newServices()
		try(sandbox(gaol.NetworkOutbound(gaol.LocalSocket(h.NamedDgr))), want("ok", "udpconnect", h.NamedDgr), want("ENOENT", "udpconnect", h.Named))
		s := sandbox(gaol.NetworkOutbound(gaol.LocalSocket(h.Named)), gaol.NetworkOutbound(gaol.TCP(portOf(h.TCP))))
		try(s, want("ok", "connect", h.Named), want("ok", "connect", h.TCP), want("EPERM", "connect", h.Abstract), want("EPERM", "udp", h.AbstractDgram), want("EACCES", "connect", other.TCP), want("EPERM socket", "udp", h.UDP))
		other.Untouched()
	})

	It("is shown through links, by a mapped directory and in a private one", func() {
		h := newServices()
		l := link(h.Named, tempDir(), "link")
		try(sandbox(gaol.NetworkOutbound(gaol.LocalSocket(l))), want("ok", "connect", l), want("ok", "connect", h.Named))
		private := sandbox(gaol.Private(h.Dir), gaol.NetworkOutbound(gaol.LocalSocket(h.Named)))
		try(private, want("ok", "connect", h.Named), want("ENOENT", "connect", h.NamedDgr), want("ok", "mkdir", h.Dir+"/new"))
	})

	It("is refused beside a directory that may hold other sockets, and says as best effort which are reached", func() {
		needLandlock(2)
		h, other := newServices(), newServices()
		op, dir := gaol.NetworkOutbound(gaol.LocalSocket(h.Named)), gaol.FileRead(gaol.Subpath(other.Dir))
		if landlockABI() >= 9 {
			try(sandbox(op, dir), want("ok", "connect", h.Named), want("EACCES", "connect", other.Named))
			other.Untouched()
			return
		}
		lacking(other.Dir, op, dir)
		lacking(other.Dir, op, gaol.Map("/map", other.Dir, gaol.ReadOnly))
		r := try(sandbox(gaol.BestEffort(op), dir), want("ok", "connect", h.Named), want("ok", "connect", other.Named))
		Expect(r.Report.Gaps).To(ContainElement(HaveField("Detail", ContainSubstring(other.Dir))))
		file := writeFile("file", tempDir(), "file")
		try(sandbox(gaol.System(), op, gaol.FileRead(gaol.Literal(file))), want("ok", "connect", h.Named), want("ok file", "read", file))
	})

	It("keeps two commands of a sandbox apart, though their sockets have names", func() {
		h := newServices()
		s := sandbox(gaol.NetworkOutbound(gaol.LocalSocket(h.Named)))
		r := launch(s, "named")
		name := strings.TrimPrefix(r.Line(), "at ")
		Expect(name).To(HavePrefix("@"))
		for range 3 {
			try(s, want("ECONNREFUSED|EPERM", "udp", name), want("ECONNREFUSED|EPERM", "udpconnect", name), want("ok", "connect", h.Named))
		}
		Expect(r.Line()).To(Equal("EAGAIN")) // nothing came
		Expect(r.Wait()).To(Succeed())
	})

	It("reaches no port of the internet by a socket that was granted to listen", func() {
		h := newServices()
		local, in := gaol.NetworkOutbound(gaol.LocalSocket(h.Named)), gaol.NetworkInbound(gaol.All())
		if landlockABI() < 4 {
			lacking("Landlock ABI 4", gaol.BestEffort(local), in)
			try(sandbox(gaol.BestEffort(local), in, gaol.NetworkOutbound(gaol.All())), want("ok", "connect", h.TCP))
			return
		}
		try(sandbox(gaol.BestEffort(local), in), want("EACCES", "connect", h.TCP), want("ok", "connect", h.Named), want("ok", "bind", "127.0.0.1:0"))
	})

	It("is refused where there is no socket", func() {
		dir := tempDir()
		refusedAs("no such file", gaol.NetworkOutbound(gaol.LocalSocket(dir+"/missing")))
		refusedAs("is not a socket", gaol.NetworkOutbound(gaol.LocalSocket(dir)))
		refusedAs("is not a socket", gaol.NetworkOutbound(gaol.LocalSocket(writeFile("", dir, "file"))))
		refusedAs("is not a socket", gaol.NetworkOutbound(gaol.LocalSocket("/dev/null")))
	})

	It("does not reach what the host makes in its place", func() {
		dir := tempDir()
		path := filepath.Join(dir, "socket")
		first, err := net.Listen("unix", path)
		Expect(err).NotTo(HaveOccurred())
		s := sandbox(gaol.System(), gaol.NetworkOutbound(gaol.LocalSocket(path)))
		try(s, want("ok", "connect", path))
		Expect(first.Close()).To(Succeed())
		second, err := net.Listen("unix", path)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(second.Close)
		try(s, want("ECONNREFUSED", "connect", path))
		Expect(os.Remove(path)).To(Succeed())
	})
})

var _ = Describe("NetworkInbound(LocalSocket(path))", func() {
	It("is refused, since names cannot be told apart, and serves as best effort where the program may write", func() {
		dir := tempDir()
		path := filepath.Join(dir, "socket")
		write := []gaol.Option{gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))}
		op := gaol.NetworkInbound(gaol.LocalSocket(path))
		lacking("names", append(write, op)...)
		refusedAs("no operation lets the program make it", gaol.FileRead(gaol.Subpath(dir)), op)
		refusedAs("no operation lets the program make it", op)
		s := sandbox(append(write, gaol.BestEffort(op))...)
		r := launch(s, "serve", path, "--", "connect", path, "--", "serve", "127.0.0.1:0")
		Expect(r.Line()).To(HavePrefix("at "))
		dial("unix", path)
		Expect([]string{r.Line(), r.Line(), r.Line()}).To(Equal([]string{"ok", "EPERM", "EPERM socket"}))
		Expect(r.Wait()).To(Succeed())
		Expect(r.Report().Gaps).To(ContainElement(HaveField("Detail", ContainSubstring("any name"))))
		try(sandbox(write...), want("EPERM socket", "bind", dir+"/other"))
	})

	It("tells beside the internet which ports and names come with it", func() {
		dir := tempDir()
		op := gaol.NetworkInbound(gaol.LocalSocket(dir + "/socket"))
		write := []gaol.Option{gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))}
		tcp, udp := "EACCES", "ok"
		if landlockABI() < 4 {
			tcp = "ok"
		}
		if landlockABI() >= 10 {
			udp = "EACCES"
		}
		port, name := strconv.Itoa(20000+os.Getpid()%20000), "@gaol-live-"+filepath.Base(dir)
		s := sandbox(append(write, gaol.BestEffort(op), gaol.NetworkOutbound(gaol.All()))...)
		r := try(s, want(tcp, "bind", "127.0.0.1:"+port), want(udp, "bindudp", "127.0.0.1:"+port), want("ok", "bindudp", "127.0.0.1:0"), want("ok", "bind", dir+"/socket"))
		told := func(text string) bool {
			return slices.ContainsFunc(r.Report.Gaps, func(g gaol.Gap) bool { return strings.Contains(g.Detail, text) })
		}
		Expect(told("listen on any port")).To(Equal(tcp == "ok"))
		Expect(told("datagrams can be received on any")).To(Equal(udp == "ok"))
		Expect(told("any abstract name")).To(BeTrue())
		serving := launch(s, "serve", name)
		Expect(serving.Line()).To(HavePrefix("at "))
		dial("unix", name) // from outside
		Expect(serving.Line()).To(Equal("ok"))
		Expect(serving.Wait()).To(Succeed())
		// with a network of its own the name is nobody's outside
		serving = launch(sandbox(append(write, gaol.BestEffort(op))...), "serve", name)
		Expect(serving.Line()).To(HavePrefix("at "))
		_, err := net.Dial("unix", name)
		Expect(err).To(MatchError(syscall.ECONNREFUSED))
	})
})
