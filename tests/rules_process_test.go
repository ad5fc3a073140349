//go:build linux && cgo

// These tests are about the end of what runs in the landlock engine: its process 1 is a process of the host, and no namespace ends with
// it, so that each way to end has to be seen to reach everything inside and nothing else.

package tests

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// alone is a sandbox whose program makes no processes; several one whose program may, where Landlock has a scope for signals.
func alone() *gaol.Sandbox { return rules(gaol.System()) }

func several() *gaol.Sandbox {
	GinkgoHelper()
	needLandlock(6)
	return rules(gaol.BestEffort(gaol.System()), gaol.ProcessCreate())
}

// script is a shell's command whose output can be read while it runs.
func script(s *gaol.Sandbox, ctx context.Context, text string) (*gaol.Cmd, *os.File) {
	GinkgoHelper()
	out, in, err := os.Pipe()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(out.Close)
	Expect(out.SetReadDeadline(time.Now().Add(patience))).To(Succeed())
	c := s.Command(ctx, "/bin/sh", "-c", text)
	c.Stdout, c.Dir = in, "/"
	Expect(c.Start()).To(Succeed())
	Expect(in.Close()).To(Succeed())
	return c, out
}

// numbers reads n lines with a number each.
func numbers(f *os.File, n int) (all []int) {
	GinkgoHelper()
	for range n {
		var line []byte
		for b := make([]byte, 1); ; {
			if _, err := f.Read(b); err != nil || b[0] == '\n' {
				break
			}
			line = append(line, b[0])
		}
		pid, err := strconv.Atoi(string(line))
		Expect(err).NotTo(HaveOccurred())
		all = append(all, pid)
	}
	return all
}

// ended are processes that are gone, or wait for whoever reaps them.
func ended(pids []int) {
	GinkgoHelper()
	for _, pid := range pids {
		Eventually(func() string { return state(pid) }).WithTimeout(10*time.Second).Should(BeElementOf("", "Z"), "process %d", pid)
	}
}

var _ = Describe("a command of the landlock engine", Label(withoutNamespaces), func() {
	It("ends as its program does", func() {
		for text, want := range map[string]string{"exit 0": "<nil>", "exit 7": "exit status 7", "kill -TERM $$": "signal: terminated", "kill -KILL $$": "signal: killed"} {
			c, _ := script(alone(), context.Background(), text)
			err := c.Wait()
			if want == "<nil>" {
				Expect(err).NotTo(HaveOccurred())
				continue
			}
			Expect(err).To(MatchError(want))
		}
	})

	It("passes signals on, and ends when it is killed, whatever the program ignores", func() {
		c, out := script(alone(), context.Background(), `trap 'echo 15; exit 3' TERM; echo $$; while :; do :; done`)
		numbers(out, 1)
		Expect(c.Process.Signal(unix.SIGTERM)).To(Succeed())
		numbers(out, 1)
		Expect(c.Wait()).To(MatchError("exit status 3"))

		c, out = script(alone(), context.Background(), `trap '' HUP INT QUIT TERM STKFLT; echo $$; while :; do :; done`)
		pids := numbers(out, 1)
		Expect(c.Process.Signal(unix.SIGSTKFLT)).NotTo(Succeed())
		Expect(c.Process.Kill()).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		ended(pids)
		Expect(c.Process.Kill()).To(MatchError(os.ErrProcessDone))
	})

	It("ends with its context, with all that it has made", func() {
		ctx, cancel := context.WithCancel(context.Background())
		c, out := script(several(), ctx, `trap '' TERM; sleep 1000 & echo $!; (setsid sleep 1000 & echo $!); kill -STOP $! 2>/dev/null; echo $$; sleep 1000`)
		pids := numbers(out, 3)
		cancel()
		Expect(c.Wait()).To(MatchError("signal: killed"))
		ended(pids)
	})

	It("leaves nothing behind when its program ends, and says how much there was", func() {
		c, out := script(several(), context.Background(), `for i in 1 2 3; do setsid sleep 1000 & echo $!; done; exit 5`)
		pids := numbers(out, 3)
		Expect(c.Wait()).To(MatchError("exit status 5"))
		Expect(c.Report().Killed).To(Equal(3))
		ended(pids)
	})

	It("ends when process 1 is killed from outside", func() {
		c, out := script(alone(), context.Background(), `echo $$; while :; do :; done`)
		pids := numbers(out, 1)
		Expect(unix.Kill(c.Process.Pid, unix.SIGKILL)).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		ended(pids)
	})

	It("is killed although its user's queue of signals is full", func() {
		r := launch(rules(gaol.System()), "queue") // RLIMIT_SIGPENDING counts all of the user's, whoever sends them (man 2 getrlimit)
		Expect(r.Line()).To(Equal("full"))
		Expect(r.Process.Kill()).To(Succeed())
		Expect(r.Wait()).To(MatchError("signal: killed"))
	})

	It("refuses a terminal, by name", func() {
		c := alone().Command(context.Background(), "/bin/true")
		c.Stdin, c.Terminal = os.Stdin, os.Stdin
		var u *gaol.UnsupportedError
		Expect(errors.As(c.Start(), &u)).To(BeTrue())
		Expect(u.Error()).To(ContainSubstring("Cmd.Terminal"))
	})

	It("keeps nothing of many commands, of those that fail, and of those that are killed", func() {
		s := alone()
		keepsNothing(func() {
			Expect(s.Command(context.Background(), "/bin/true").Run()).To(Succeed())
			Expect(s.Command(context.Background(), "/nowhere").Run()).NotTo(Succeed())
		})
		keepsNothing(func() {
			c := s.Command(context.Background(), "/bin/sleep", "1000")
			Expect(c.Start()).To(Succeed())
			Expect(c.Process.Kill()).To(Succeed())
			Expect(c.Wait()).NotTo(Succeed())
		})
	})

	It("runs beside others, and ends alone", func() {
		s := several()
		long, out := script(s, context.Background(), `sleep 1000 & echo $!; wait`)
		pids := numbers(out, 1)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				defer GinkgoRecover()
				for range 10 {
					c := s.Command(context.Background(), "/bin/sh", "-c", "sleep 1000 & kill -9 -1")
					c.Dir = "/"
					_ = c.Run()
				}
			})
		}
		all.Wait()
		Expect(state(pids[0])).NotTo(BeElementOf("", "Z"))
		Expect(long.Process.Kill()).To(Succeed())
		Expect(long.Wait()).NotTo(Succeed())
		ended(pids)
	})

	It("reaches nothing of the host's processes", func() {
		other := bystander()
		pid := strconv.Itoa(other.Process.Pid)
		for _, s := range []*gaol.Sandbox{alone(), rules(gaol.System(), gaol.Trace())} {
			try(s, want("EPERM", "proc.kill", pid, "0"), want("EPERM", "proc.kill", pid, "9"))
		}
		Expect(other.Process.Signal(syscall.Signal(0))).To(Succeed())
	})
})
