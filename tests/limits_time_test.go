//go:build linux && cgo

// These tests run programs until their time is over, by the clock and by the processor's time: whatever they do about it, they end there, all that they
// started with them, and what is told is which limit it was. How late a limit is is not asserted, but for what the program has used.

package tests

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

const blink = 200 * time.Millisecond

var _ = Describe("the limit of wall time", func() {
	onBothEngines("ends a program that is busy, asleep or stopped, and leaves one alone that is in time", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		s := sandbox(gaol.System())
		for _, script := range []string{"while :; do :; done", "exec sleep 60", "kill -STOP $$", `trap "" HUP INT TERM XCPU; while :; do :; done`} {
			c := limited(s, gaol.Limits{Wall: blink}, "/bin/sh", "-c", script)
			err := c.Run()
			Expect(howEnded(c, err)).To(Equal("wall limit"), script)
			Expect(err).To(MatchError("signal: killed (wall limit 200ms)"), script)
			Expect(c.Report().Usage.Wall).To(BeNumerically(">=", blink), script)
		}
		c := limited(s, gaol.Limits{Wall: time.Hour}, "/bin/sh", "-c", "exit 3")
		Expect(howEnded(c, c.Run())).To(Equal("exited"))
		c = limited(s, gaol.Limits{Wall: time.Hour}, "/bin/true")
		Expect(howEnded(c, c.Run())).To(Equal("exited"))
	})

	onBothEngines("ends all that the program has started", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		needLandlock(6)
		s := sandbox(gaol.BestEffort(gaol.System()), gaol.ProcessCreate())
		script := `sleep 60 & (setsid sleep 60 &) & sh -c 'kill -STOP $$' & sh -c 'trap "" TERM; while :; do sleep 1; done' & echo up; wait`
		c := limited(s, gaol.Limits{Wall: time.Second}, "/bin/sh", "-c", script)
		out, err := c.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Start()).To(Succeed())
		line, err := bufio.NewReader(out).ReadString('\n')
		Expect(err).NotTo(HaveOccurred())
		Expect(line).To(Equal("up\n"))
		Expect(howEnded(c, c.Wait())).To(Equal("wall limit"))
		_, err = out.Read(make([]byte, 1)) // it is closed, which it is when nobody holds the other end
		Expect(err).To(HaveOccurred())
	})

	It("decides once about a program that ends at the same time", Label(withoutNamespaces), func() {
		s := rules(gaol.System())
		for i := range 60 {
			wall := time.Duration(500+i*50) * time.Microsecond
			c := limited(s, gaol.Limits{Wall: wall}, "/bin/sh", "-c", "exit 0")
			err := c.Run()
			Expect(howEnded(c, err)).To(BeElementOf("exited", "wall limit"), "%v", wall)
			Expect(err == nil).To(Equal(c.ProcessState.End() == gaol.EndExited))
			Expect(c.ProcessState.Exited()).To(Equal(err == nil))
		}
	})

	It("is told from a cancelled context, from Kill and from a kill from outside", func() {
		s := sandbox(gaol.System())
		start := func(ctx context.Context) *gaol.Cmd {
			c := s.Command(ctx, "/bin/sleep", "60")
			c.Limits = &gaol.Limits{Wall: time.Hour}
			Expect(c.Start()).To(Succeed())
			return c
		}
		ctx, cancel := context.WithCancel(context.Background())
		c := start(ctx)
		cancel()
		Expect(c.Wait()).To(MatchError("signal: killed"))
		Expect(c.ProcessState.End()).To(Equal(gaol.EndCanceled))
		c = start(context.Background())
		Expect(c.Process.Kill()).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		Expect(c.ProcessState.End()).To(Equal(gaol.EndCanceled))
		c = start(context.Background())
		Expect(unix.Kill(c.Process.Pid, unix.SIGKILL)).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		Expect(c.ProcessState.End()).To(Equal(gaol.EndLost))
	})

	It("holds where the init is stopped from outside", func() {
		c := limited(sandbox(gaol.System()), gaol.Limits{Wall: blink}, "/bin/sleep", "60")
		Expect(c.Start()).To(Succeed())
		Expect(unix.Kill(c.Process.Pid, unix.SIGSTOP)).To(Succeed())
		Expect(howEnded(c, c.Wait())).To(Equal("wall limit"))
	})

	It("leaves nothing behind in this process", func() {
		s := sandbox(gaol.System())
		run := func(n int) {
			for range n {
				c := limited(s, gaol.Limits{Wall: time.Hour, Output: 100}, "/bin/echo", "x")
				out, err := c.Output()
				Expect(err).NotTo(HaveOccurred())
				Expect(string(out)).To(Equal("x\n"))
			}
		}
		run(3)
		before := descriptorsOf("self")
		run(30)
		Eventually(func() int { return descriptorsOf("self") }).WithTimeout(promptly).Should(BeNumerically("<=", before))
	})
})

// descriptorsOf counts the open descriptors of a process.
func descriptorsOf(pid string) int {
	GinkgoHelper()
	list, err := os.ReadDir("/proc/" + pid + "/fd")
	Expect(err).NotTo(HaveOccurred())
	return len(list)
}

var _ = Describe("the limit of processor time", func() {
	onBothEngines("ends a program at its limit, however it uses the time", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		s := sandbox(gaol.System())
		for _, row := range [][]string{
			{victimPath, "burn", "100000"}, {victimPath, "burn", "100000", "4"}, {victimPath, "dodge", "100000"},
			{"/bin/sh", "-c", `trap "" XCPU PROF VTALRM TERM; while :; do :; done`},
		} {
			c := limited(s, gaol.Limits{CPU: blink, Wall: patience}, row...)
			Expect(howEnded(c, c.Run())).To(Equal("CPU limit"), "%v", row)
			u := c.Report().Usage
			Expect(u.User+u.System).To(And(BeNumerically(">=", blink), BeNumerically("<", blink+time.Second)), "%v", row)
		}
		for _, row := range [][]string{{victimPath, "burn", "50"}, {victimPath, "sleep", "300"}, {victimPath, "dodge", "50"}} {
			c := limited(s, gaol.Limits{CPU: 3 * blink}, row...) // an emulated machine takes a blink to start it
			Expect(howEnded(c, c.Run())).To(Equal("exited"), "%v", row)
		}
	})

	It("is not what a signal tells that the program sends to itself", func() {
		s := sandbox(gaol.System())
		for _, signal := range []unix.Signal{unix.SIGKILL, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGSEGV, unix.SIGALRM} {
			c := limited(s, gaol.Limits{CPU: time.Second, Wall: time.Hour, Output: 1 << 30}, victimPath, "raise", strconv.Itoa(int(signal)), "--", "proc.exit", "3")
			Expect(howEnded(c, c.Run())).To(BeElementOf("signal", "exited"), "%v", signal)
		}
		c := limited(s, gaol.Limits{CPU: time.Second}, "/bin/sh", "-c", "kill -XCPU $$")
		Expect(c.Run()).To(MatchError("signal: CPU time limit exceeded"))
		Expect(c.ProcessState.End()).To(Equal(gaol.EndSignaled))
	})

	It("holds for each process by itself where that is asked for", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Limit(gaol.Limits{CPU: blink, PerProcess: true}))
		c := limited(s, gaol.Limits{}, "/bin/sh", "-c", `sh -c "while :; do :; done"; echo $?`)
		out, err := c.Output()
		Expect(howEnded(c, err)).To(Equal("exited"))
		Expect(string(out)).To(Equal("137\n"), "the kernel ends what the program starts")
		c = limited(s, gaol.Limits{}, "/bin/sh", "-c", "while :; do :; done")
		Expect(howEnded(c, c.Run())).To(Equal("CPU limit"))
	})

	It("is refused for many processes together where no cgroup counts it", func() {
		_, err := trySandbox(gaol.System(), gaol.ProcessCreate(), gaol.Limit(gaol.Limits{CPU: time.Second}))
		if err == nil {
			return // a cgroup does
		}
		Expect(err).To(MatchError(gaol.ErrUnsupported))
		Expect(err).To(MatchError(And(ContainSubstring("Limits.CPU"), ContainSubstring("PerProcess"))))
	})

	It("can be so short that nothing comes of the program", func() {
		s := sandbox(gaol.System())
		for _, cpu := range []time.Duration{1, time.Microsecond, time.Millisecond} {
			c := limited(s, gaol.Limits{CPU: cpu}, victimPath, "burn", "100000")
			Expect(howEnded(c, c.Run())).To(Equal("CPU limit"), "%v", cpu)
		}
	})
})

var _ = Describe("what a command has used", func() {
	onBothEngines("is what the program says, whether it ended by itself or was ended", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		s := sandbox(gaol.System())
		used := func(l gaol.Limits, args ...string) gaol.Usage {
			c := limited(s, l, append([]string{victimPath}, args...)...)
			var out strings.Builder
			c.Stdout = &out
			howEnded(c, c.Run())
			u := c.Report().Usage
			Expect(u.Output).To(Equal(int64(out.Len())))
			Expect(u.Wall).To(BeNumerically(">", 0))
			return u
		}
		for _, l := range []gaol.Limits{{}, {Wall: 2 * time.Second}} {
			after := func(args ...string) gaol.Usage {
				if l.Wall > 0 {
					args = append(args, "--", "sleep", "60000")
				}
				return used(l, args...)
			}
			u := after("burn", "150")
			Expect(u.User+u.System).To(BeNumerically(">=", 150*time.Millisecond), "%v", l)
			Expect(after("touch", "200").MaxRSS).To(BeNumerically(">=", 200<<20), "%v", l)
			Expect(after("touch", "64").MinorFaults).To(BeNumerically(">=", 30), "%v: pages come in folios, of up to 2 MiB", l)
			Expect(after("sleep", "10", "--", "sleep", "10").VoluntarySwitches).To(BeNumerically(">=", 2), "%v", l)
		}
		Expect(used(gaol.Limits{}, "print", "1", "5000").Output).To(BeNumerically(">=", 5000))
	})

	It("counts the children that were waited for", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		c := limited(s, gaol.Limits{}, "/bin/sh", "-c", fmt.Sprintf("%s burn 150 >/dev/null; exit 0", victimPath))
		Expect(howEnded(c, c.Run())).To(Equal("exited"))
		u := c.Report().Usage
		Expect(u.User + u.System).To(BeNumerically(">=", 150*time.Millisecond))
	})
})
