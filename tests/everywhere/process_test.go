package everywhere

// This file is programs: what they get from the caller, how they end, and what ends with them.

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A program", func() {
	It("ends as it wants to", func() {
		s := newSandbox()
		Expect(run(s, "sh", "-c", "exit 7").state.ExitCode()).To(Equal(7))
		r := run(s, "sh", "-c", "kill -9 $$")
		Expect(r.state.Signal()).To(Equal(syscall.SIGKILL))
		Expect(r.state.End()).To(Equal(gaol.EndSignaled))
	})
	It("reads and writes the caller's streams", func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := command(ctx, newSandbox(), "cat")
		cmd.Stdin = strings.NewReader("through")
		Expect(finish(ctx, cmd).out).To(Equal("through"))
	})
	It("has the environment that it was given, and nothing of the caller's", func() {
		GinkgoT().Setenv("GAOL_EVERYWHERE", "the caller's")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s := newSandbox()
		cmd := command(ctx, s, "env")
		cmd.Env = []string{"GIVEN=1"}
		Expect(finish(ctx, cmd).out).To(And(ContainSubstring("GIVEN=1\n"), Not(ContainSubstring("GAOL_EVERYWHERE"))))
		Expect(run(s, "env").out).NotTo(ContainSubstring("GAOL_EVERYWHERE"))
	})
	It("has the directory that it was given", func() {
		p := newPlace()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		cmd := command(ctx, newSandbox(read(p.in)), "cat", "sub/file")
		cmd.Dir = p.in
		r := finish(ctx, cmd)
		Expect(r.out).To(Equal("below"), r.err)
	})
	It("has the descriptors that it was given, and no other", func() {
		p := newPlace()
		f, err := os.Open(filepath.Join(p.secret, "file"))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(f.Close)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s := newSandbox()
		cmd := command(ctx, s, "sh", "-c", "read line <&3; echo $line")
		cmd.ExtraFiles = []*os.File{f}
		Expect(finish(ctx, cmd).out).To(Equal("secret\n"))
		_, err = f.Seek(0, io.SeekStart)
		Expect(err).NotTo(HaveOccurred())
		for _, fd := range []string{"3", "4", "5", "6", "7", "8", "9"} {
			Expect(run(s, "sh", "-c", "read line <&"+fd+"; echo $line").out).NotTo(ContainSubstring("secret"))
		}
	})
	It("makes processes where that was granted", func() {
		const twice = "(echo child); echo parent"
		Expect(run(newSandbox(gaol.ProcessCreate()), "sh", "-c", twice).out).To(Equal("child\nparent\n"))
		if level, _ := gaol.ProcessCreate().Support(gaol.Probe()); level == gaol.AlwaysAllowed {
			return
		}
		Expect(run(newSandbox(), "sh", "-c", twice).out).NotTo(ContainSubstring("child"))
	})
	It("takes all that it has made with it", func() {
		s := newSandbox(gaol.ProcessCreate())
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r, w, err := os.Pipe()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(r.Close)
		cmd := command(ctx, s, "sh", "-c", "(trap '' HUP TERM INT; sleep 1000) & echo started; exit 0")
		cmd.Stdout = w
		err = cmd.Run()
		_ = w.Close()
		refused(err)
		said := make(chan string, 1)
		go func() { b, _ := io.ReadAll(r); said <- string(b) }() // it ends when nobody has the pipe any more
		Eventually(said, patience).Should(Receive(Equal("started\n")))
	})
	It("is ended with its context, and all of it", func() {
		s := newSandbox(gaol.ProcessCreate())
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r, w, err := os.Pipe()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(r.Close)
		cmd := command(ctx, s, "sh", "-c", "sleep 1000 & echo started; wait")
		cmd.Stdout = w
		err = cmd.Start()
		_ = w.Close()
		refused(err)
		_, err = io.ReadFull(r, make([]byte, len("started\n")))
		Expect(err).NotTo(HaveOccurred())
		cancel()
		Expect(cmd.Wait()).To(HaveOccurred())
		gone := make(chan error, 1)
		go func() { _, err := io.ReadAll(r); gone <- err }()
		Eventually(gone, patience).Should(Receive(BeNil()))
	})
	It("is held to its limits", func() {
		s := newSandbox(gaol.Limit(gaol.Limits{Wall: 300 * time.Millisecond}))
		Expect(run(s, "sleep", "1000").state.End()).To(Equal(gaol.EndWall))
		p := newPlace()
		big := put(strings.Repeat("x", 10_000), p.in, "big")
		s = newSandbox(read(p.in), write(p.out), gaol.Limit(gaol.Limits{FileSize: 1000}))
		Expect(run(s, "cp", big, filepath.Join(p.out, "big")).ok()).To(BeFalse())
		info, err := os.Stat(filepath.Join(p.out, "big"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Size()).To(BeNumerically("<=", 1000))
		Expect(run(s, "cp", filepath.Join(p.in, "file"), filepath.Join(p.out, "small")).ok()).To(BeTrue())
	})
	It("reaches the network where that was granted", func() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		_, port, _ := net.SplitHostPort(l.Addr().String())
		met := make(chan bool, 9)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_ = c.Close()
				met <- true
			}
		}()
		dial := func(s *gaol.Sandbox) result { return run(s, "bash", "-c", "exec 5<>/dev/tcp/127.0.0.1/"+port) }
		Expect(dial(newSandbox()).ok()).To(BeFalse())
		Consistently(met, 200*time.Millisecond).ShouldNot(Receive())
		dial(newSandbox(gaol.NetworkOutbound(gaol.All())))
		Eventually(met, patience).Should(Receive())
	})
	It("is told of what was enforced", func() {
		p := newPlace()
		enforced := newSandbox(read(p.in)).Report().Enforced
		Expect(enforced).NotTo(BeEmpty())
		for _, e := range enforced {
			Expect(e.Mechanism).NotTo(BeEmpty(), e.Operation)
		}
	})
})
