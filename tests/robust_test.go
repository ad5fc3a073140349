//go:build linux && cgo

// These tests harm what a command hangs on: the caller's signals, its other waits and forks, process 1 from inside and from outside, the
// order in which a Cmd is used, values that were never made. Nothing may hang, panic, be reported wrongly or stay behind. What changes
// this process as a whole is done in a helper.

package tests

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// promptly is what Wait may last on a machine that does much else; what it must not wait for lasts longer.
const promptly = 5 * time.Second

var _ = helpersAre(map[string]func(string) error{"ignore-children": ignoreChildren, "steal-children": stealChildren, "fork-meanwhile": forkMeanwhile,
	"busy-init": busyInit, "starve-first": starveFirst, "two-profiles": twoProfiles, "umask": umaskOfStart})

// wrongEnds runs commands that end in each way and says what came of it that should not have.
func wrongEnds(s *gaol.Sandbox, times int) error {
	for range times {
		out, err := s.Command(nil, "/bin/sh", "-c", "echo out; exit 0").Output()
		if err != nil || string(out) != "out\n" {
			return fmt.Errorf("success: %q, %v", out, err)
		}
		err = s.Command(nil, "/bin/sh", "-c", "exit 3").Run()
		var exit *gaol.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 3 {
			return fmt.Errorf("exit 3: %v", err)
		}
		if err := s.Command(nil, "/bin/sh", "-c", "kill -TERM $$").Run(); fmt.Sprint(err) != "signal: terminated" {
			return fmt.Errorf("SIGTERM: %v", err)
		}
		c := s.Command(nil, "/bin/sleep", "60")
		if err := c.Start(); err != nil {
			return err
		}
		started := time.Now()
		if err := c.Process.Kill(); err != nil {
			return fmt.Errorf("Kill: %w", err)
		}
		if err := c.Wait(); fmt.Sprint(err) != "signal: killed" || c.ProcessState.Signal() != unix.SIGKILL {
			return fmt.Errorf("SIGKILL: %v", err)
		}
		if d := time.Since(started); d > promptly {
			return fmt.Errorf("Wait lasted %v", d)
		}
		if err := c.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("Kill afterwards: %v", err)
		}
		err = s.Command(nil, "/no/such/program").Run()
		var setup *gaol.SetupError
		if !errors.As(err, &setup) || !errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("not found: %v", err)
		}
	}
	return s.Close()
}

func ignoreChildren(string) error {
	signal.Ignore(syscall.SIGCHLD)
	s, err := compiled(gaol.System(), gaol.ProcessCreate())
	if err != nil {
		return err
	}
	return wrongEnds(s, 20)
}

func stealChildren(options string) error {
	o, err := strconv.Atoi(options)
	if err != nil {
		return err
	}
	var stolen atomic.Int64
	go func() {
		runtime.LockOSThread()
		for {
			var ws unix.WaitStatus
			if pid, _ := unix.Wait4(-1, &ws, o, nil); pid > 0 {
				stolen.Add(1)
			} else {
				time.Sleep(20 * time.Microsecond)
			}
		}
	}()
	s, err := compiled(gaol.System(), gaol.ProcessCreate())
	if err != nil {
		return err
	}
	if err := wrongEnds(s, 20); err != nil {
		return fmt.Errorf("%w (%d stolen)", err, stolen.Load())
	}
	return nil
}

// forkedSleep makes a process that holds all descriptors of this one and executes nothing, as a fork in C would. In it no Go may run.
//
//go:norace
//go:nosplit
func forkedSleep(seconds *unix.Timespec) uintptr {
	pid, _, _ := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	for pid == 0 {
		syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, uintptr(unsafe.Pointer(seconds)), 0, 0, 0)
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return pid
}

func forkMeanwhile(string) error {
	s, err := compiled(gaol.System(), gaol.ProcessCreate())
	if err != nil {
		return err
	}
	long := &unix.Timespec{Sec: 40}
	var pids []uintptr
	defer func() {
		for _, pid := range pids {
			_ = unix.Kill(int(pid), unix.SIGKILL)
		}
	}()
	var forking sync.WaitGroup
	var stop atomic.Bool
	forking.Go(func() {
		runtime.LockOSThread()
		for !stop.Load() && len(pids) < 300 {
			if pid := forkedSleep(long); int(pid) > 0 {
				pids = append(pids, pid)
			}
			time.Sleep(700 * time.Microsecond)
		}
	})
	var waiting sync.WaitGroup
	var worst atomic.Int64
	var failed atomic.Value
	n := 0
	for end := time.Now().Add(600 * time.Millisecond); time.Now().Before(end); n++ {
		c := s.Command(nil, "/bin/sleep", "60")
		if err := c.Start(); err != nil {
			return err
		}
		waiting.Go(func() {
			started := time.Now()
			_ = c.Process.Kill()
			if err := c.Wait(); fmt.Sprint(err) != "signal: killed" {
				failed.Store(fmt.Sprint(err))
			}
			worst.Store(max(worst.Load(), int64(time.Since(started))))
		})
		if n%4 == 0 { // one that ends by itself
			if err := s.Command(nil, "/bin/true").Run(); err != nil {
				return err
			}
		}
	}
	stop.Store(true)
	forking.Wait()
	waiting.Wait()
	if len(pids) == 0 || n == 0 {
		return fmt.Errorf("%d forks, %d commands", len(pids), n)
	}
	if err := failed.Load(); err != nil {
		return fmt.Errorf("%v", err)
	}
	if d := time.Duration(worst.Load()); d > promptly {
		return fmt.Errorf("Wait lasted up to %v", d)
	}
	return nil
}

// busyInit runs the victim with what keeps its init busy, and is then killed.
func busyInit(arg string) error {
	words := strings.Fields(arg)
	s, err := compiled(gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Literal(words[0])), gaol.FileExecute(gaol.Literal(words[0])))
	if err != nil {
		return err
	}
	c := s.Command(nil, words[0], words[1:]...)
	c.Stdout, c.Stderr, c.Dir = os.Stdout, os.Stderr, "/"
	if err := c.Start(); err != nil {
		return err
	}
	time.Sleep(patience)
	return nil
}

// starveFirst lets descriptors run out in the very first New of a process.
func starveFirst(room string) error {
	n, err := strconv.Atoi(room)
	if err != nil {
		return err
	}
	p, err := gaol.NewProfile(gaol.System())
	if err != nil {
		return err
	}
	f, err := os.Open(os.DevNull) // so that the Go runtime has what it takes to poll
	if err != nil {
		return err
	}
	_ = f.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	_, _ = r.Close(), w.Close()
	lowest, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_ = unix.Close(lowest)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowest + n), Max: old.Max}); err != nil {
		return err
	}
	s, first := gaol.New(p)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return err
	}
	var setup *gaol.SetupError
	switch {
	case first == nil:
		defer s.Close()
	case errors.Is(first, gaol.ErrUnsupported) || !errors.Is(first, unix.EMFILE) || !errors.As(first, &setup):
		return fmt.Errorf("with %d descriptors: %T %w", n, first, first)
	}
	second, err := gaol.New(p)
	if err != nil {
		return fmt.Errorf("with enough, after %v: %w", first, err)
	}
	if err := second.Command(nil, "/bin/true").Run(); err != nil {
		return err
	}
	for _, c := range gaol.Probe().Checks() {
		if !c.OK && c.Mechanism != "Landlock" && c.Mechanism != "cgroup v2" && !strings.Contains(c.Mechanism, "PMU") {
			return fmt.Errorf("the probe after %v: %+v", first, c)
		}
	}
	fmt.Println(first == nil)
	return second.Close()
}

// twoProfiles says which of two kinds of profile can be compiled, one after the other, and again.
func twoProfiles(kinds string) error {
	options := map[string][]gaol.Option{"files": {gaol.FileRead(gaol.Subpath("/usr"))}, "system": {gaol.System()}, "info": {gaol.SystemInfoRead()},
		"network": {gaol.NetworkOutbound(gaol.All())}, "nothing": nil, "root": {gaol.FileRead(gaol.Subpath("/"))}}
	for _, kind := range strings.Fields(kinds) {
		s, err := compiled(options[kind]...)
		var lacks *gaol.UnsupportedError
		switch {
		case err == nil:
			err = s.Command(nil, "/usr/bin/true").Run()
			var setup *gaol.SetupError
			if err != nil && (!errors.As(err, &setup) || setup.Step != "execute") {
				return fmt.Errorf("%s: started otherwise: %w", kind, err)
			}
			fmt.Print(kind, " ok, ")
		case errors.As(err, &lacks) && errors.Is(err, gaol.ErrUnsupported):
			fmt.Print(kind, " lacks ", lacks.Operations[0].Mechanism, ", ")
		default:
			return fmt.Errorf("%s: %T %w", kind, err, err)
		}
	}
	return nil
}

func umaskOfStart(string) error {
	unix.Umask(0o777) // what New makes must be of use all the same
	s, err := compiled(gaol.System(), gaol.ProcessCreate(), gaol.Private("/private"), gaol.FileRead(gaol.Subpath("/etc")))
	if err != nil {
		return err
	}
	for _, mask := range []int{0o022, 0, 0o077, 0o777, 0o027} {
		unix.Umask(mask)
		c := s.Command(nil, "/bin/sh", "-c", "umask; cd /private && mkdir x && ls -ld x | cut -c2-10; ls /etc >/dev/null")
		out, err := c.Output()
		if now := unix.Umask(mask); err == nil && now != mask {
			err = fmt.Errorf("the caller's umask has become %o", now)
		}
		if err != nil {
			return err
		}
		fmt.Print(strings.ReplaceAll(string(out), "\n", " "))
	}
	// which is as of Start, not of Command
	unix.Umask(0o022)
	c := s.Command(nil, "/bin/sh", "-c", "umask")
	c.Stdout = os.Stdout
	unix.Umask(0o037)
	if err := c.Start(); err != nil {
		return err
	}
	unix.Umask(0o002)
	return c.Wait()
}

var _ = Describe("A caller", func() {
	It("that ignores SIGCHLD learns how commands end", func() { Expect(helped("ignore-children")).To(BeEmpty()) })

	It("that waits for any child in another thread learns how commands end", func() {
		Expect(helped("steal-children 0")).To(BeEmpty())
	})

	It("that waits for any child and any clone in another thread learns how commands end", func() {
		Expect(helped(fmt.Sprint("steal-children ", unix.WALL))).To(BeEmpty())
	})

	It("that forks while it starts commands does not wait for its forks", func() { Expect(helped("fork-meanwhile")).To(BeEmpty()) })

	for _, how := range []string{"flood", "storm"} {
		It("that is killed takes along what keeps process 1 busy: a "+how, func() {
			word := unique()
			h := helper(strings.Join([]string{"busy-init", victimPath, how, "3", word}, " "))
			h.Stderr = GinkgoWriter
			out, err := h.StdoutPipe()
			Expect(err).NotTo(HaveOccurred())
			Expect(h.Start()).To(Succeed())
			Expect(bufio.NewReader(out).ReadString('\n')).To(Equal("ready\n"))
			Eventually(func() int { return len(having(word)) }).WithTimeout(patience).Should(BeNumerically(">=", 4))
			time.Sleep(100 * time.Millisecond)
			Expect(h.Process.Kill()).To(Succeed())
			Expect(h.Wait()).To(MatchError("signal: killed"))
			Eventually(func() []int { return having(word) }).WithTimeout(10 * time.Second).Should(BeEmpty())
		})
	}

	It("whose descriptors run out in its first New is told so, and is none the worse afterwards", func() {
		var each []string
		for room := -1; room <= 24; room += 2 {
			each = append(each, helped(fmt.Sprint("starve-first ", room)))
		}
		Expect(each[0]).To(Equal("false\n"))
		Expect(each[len(each)-1]).To(Equal("true\n"))
	})

	It("is told by New what the host lacks for a profile, whatever worked before", func() {
		needLandlock(2)
		needUnshare()
		masked := []string{"unshare", "-Urm", "sh", "-c", `mount -t tmpfs none /proc/fs && exec "$0"`}
		Expect(helped("two-profiles files system files info nothing root system", masked...)).To(Equal("files ok, system lacks a /proc of its own, files ok, " +
			"info lacks a /proc of its own, nothing ok, root lacks a /proc of its own, system lacks a /proc of its own, "))
		Expect(helped("two-profiles system files", masked...)).To(Equal("system lacks a /proc of its own, files ok, "))
		Expect(helped("two-profiles files system files info nothing root", "unshare", "-Urm")).To(Equal("files ok, system ok, files ok, info ok, nothing ok, root ok, "))
		alone := []string{"unshare", "-Ur", "sh", "-c", `echo 0 >/proc/sys/user/max_net_namespaces && exec "$0"`}
		Expect(helped("two-profiles network nothing network", alone...)).To(Equal("network ok, nothing lacks namespaces, network ok, "))
		Expect(helped("two-profiles nothing network", alone...)).To(Equal("nothing lacks namespaces, network ok, "))
	})

	onBothEngines("gives a command the umask that it is told to, and keeps its own", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		dir := tempDir()
		s := sandbox(gaol.System(), gaol.BestEffort(gaol.FileWrite(gaol.Subpath(dir))))
		before := unix.Umask(0o022)
		defer unix.Umask(before)
		for i, mask := range []int{0, 0o027, 0o777} {
			made := fmt.Sprint(dir, "/", i)
			c := s.Command(nil, "/bin/sh", "-c", "umask; : >"+made)
			c.Umask = &mask
			out, err := c.CombinedOutput()
			Expect(string(out), err).To(Equal(fmt.Sprintf("%04o\n", mask)))
			info, err := os.Stat(made)
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Mode()).To(Equal(os.FileMode(0o666 &^ mask)))
		}
		now := unix.Umask(0o022)
		Expect(now).To(Equal(0o022))
		for _, mask := range []int{-1, 0o1000} {
			c := s.Command(nil, "/bin/true")
			c.Umask = &mask
			err := c.Run()
			Expect(err).To(MatchError(unix.EINVAL))
			Expect(err).To(MatchError(ContainSubstring("Cmd.Umask")))
		}
	})

	It("gives a command the umask that it has at Start", func() {
		needLandlock(2)
		Expect(helped("umask")).To(Equal("0022 rwxr-xr-x 0000 rwxrwxrwx 0077 rwx------ 0777 --------- 0027 rwxr-x--- 0037\n"))
	})
})

var _ = Describe("Process 1", func() {
	var s *gaol.Sandbox
	BeforeEach(func() { s = sandbox(gaol.System(), gaol.ProcessCreate()) })
	quick := func(f func()) {
		GinkgoHelper()
		started := time.Now()
		f()
		Expect(time.Since(started)).To(BeNumerically("<", promptly))
	}

	It("that is killed from outside ends everything, and the state says killed", func() {
		word := unique()
		r := launch(s, "proc.bomb", "20", "0", word)
		Expect(r.Line()).To(Equal("ok"))
		Eventually(func() []int { return having(word) }).WithTimeout(patience).Should(HaveLen(21))
		Expect(unix.Kill(r.Process.Pid, unix.SIGKILL)).To(Succeed())
		quick(func() { Expect(r.Wait()).To(MatchError("signal: killed")) })
		Expect(r.ProcessState.Signal()).To(Equal(unix.SIGKILL))
		Expect(r.ProcessState.Exited()).To(BeFalse())
		Expect(r.ProcessState.ExitCode()).To(Equal(-1))
		Expect(r.Report().State).To(Equal(r.ProcessState))
		Expect(having(word)).To(BeEmpty())
		Expect(r.Process.Kill()).To(MatchError(os.ErrProcessDone))
		quick(func() { Expect(s.Close()).To(Succeed()) })
	})

	It("tells of a program that is killed from outside, and can be stopped there and still be ended", func() {
		r := launch(s, "proc.pause")
		Expect(r.Line()).To(Equal("ok"))
		inside := childrenOf(r.Process.Pid)
		Expect(inside).To(HaveLen(1))
		Expect(unix.Kill(inside[0], unix.SIGKILL)).To(Succeed())
		quick(func() { Expect(r.Wait()).To(MatchError("signal: killed")) })

		r = launch(s, "proc.pause")
		Expect(r.Line()).To(Equal("ok"))
		Expect(unix.Kill(r.Process.Pid, unix.SIGSTOP)).To(Succeed())
		Eventually(state).WithArguments(r.Process.Pid).WithTimeout(patience).Should(Equal("T"))
		Expect(r.Process.Kill()).To(Succeed())
		quick(func() { Expect(r.Wait()).To(MatchError("signal: killed")) })
		Expect(victim(s, "getpid").Lines).To(Equal([]string{"ok 2"}), "the sandbox is none the worse")
	})

	for _, how := range []string{"flood", "storm"} {
		It("passes signals on and ends at once in a "+how, func() {
			try(s, want(scoped(), "killable")) // where Landlock scopes signals, a flood ends there
			word := unique()
			r := launch(s, how, "3", word)
			Expect(r.Line()).To(Equal("ready"))
			time.Sleep(100 * time.Millisecond)
			quick(func() {
				Expect(r.Process.Signal(unix.SIGTERM)).To(Succeed())
				Expect(r.Wait()).To(MatchError("signal: terminated"))
			})
			Expect(r.Report().Killed).To(BeNumerically(">=", 3))
			Expect(having(word)).To(BeEmpty())

			r = launch(s, how, "3", word)
			Expect(r.Line()).To(Equal("ready"))
			quick(func() {
				Expect(r.Process.Kill()).To(Succeed())
				Expect(r.Wait()).To(MatchError("signal: killed"))
			})
			Expect(having(word)).To(BeEmpty())
			quick(func() { Expect(s.Close()).To(Succeed()) })
		})
	}
})

// reader fails at once.
type reader struct{ err error }

func (r reader) Read([]byte) (int, error) { return 0, r.err }

var _ = Describe("A Cmd", func() {
	var s *gaol.Sandbox
	BeforeEach(func() { s = sandbox(gaol.System(), gaol.ProcessCreate()) })

	It("that fails to start closes its pipes, wherever it fails", func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		closed := sandbox(gaol.System())
		Expect(closed.Close()).To(Succeed())
		for name, make := range map[string]func() *gaol.Cmd{
			"Err":           func() *gaol.Cmd { c := s.Command(nil, "true"); c.Err = errors.New("no"); return c },
			"no name":       func() *gaol.Cmd { return s.Command(nil, "") },
			"Dir":           func() *gaol.Cmd { c := s.Command(nil, "true"); c.Dir = "relative"; return c },
			"Env":           func() *gaol.Cmd { c := s.Command(nil, "true"); c.Env = []string{"A=\x00"}; return c },
			"ExtraFiles":    func() *gaol.Cmd { c := s.Command(nil, "true"); c.ExtraFiles = []*os.File{nil}; return c },
			"not found":     func() *gaol.Cmd { return s.Command(nil, "no-such-program") },
			"Cancel":        func() *gaol.Cmd { c := s.Command(nil, "true"); c.Cancel = func() error { return nil }; return c },
			"the context":   func() *gaol.Cmd { return s.Command(ctx, "true") },
			"no sandbox":    func() *gaol.Cmd { return &gaol.Cmd{Path: "true", Args: []string{"true"}} },
			"zero":          func() *gaol.Cmd { return &gaol.Cmd{} },
			"its sandbox":   func() *gaol.Cmd { return closed.Command(nil, "true") },
			"zero sandbox":  func() *gaol.Cmd { return (&gaol.Sandbox{}).Command(nil, "true") },
			"PATH":          func() *gaol.Cmd { c := s.Command(nil, "true"); c.Env = []string{"PATH=.:x"}; return c },
			"a NUL":         func() *gaol.Cmd { return s.Command(nil, "true", "\x00") },
			"its arguments": func() *gaol.Cmd { return s.Command(nil, "true", strings.Repeat("x", 3<<20)) },
		} {
			c := make()
			in, err := c.StdinPipe()
			Expect(err).NotTo(HaveOccurred(), name)
			out, err := c.StdoutPipe()
			Expect(err).NotTo(HaveOccurred(), name)
			errs, err := c.StderrPipe()
			Expect(err).NotTo(HaveOccurred(), name)
			Expect(c.Start()).NotTo(Succeed(), name)
			Expect(c.Process).To(BeNil(), name)
			Expect(in.Write([]byte("x"))).Error().To(MatchError(os.ErrClosed), name)
			Expect(out.Read([]byte{0})).Error().To(MatchError(os.ErrClosed), name)
			Expect(errs.Read([]byte{0})).Error().To(MatchError(os.ErrClosed), name)
			Expect(c.Wait()).NotTo(Succeed(), name)
			Expect(c.Start()).NotTo(Succeed(), name)
		}
		c := s.Command(nil, "cat")
		in, _ := c.StdinPipe()
		out, _ := c.StdoutPipe()
		Expect(c.Start()).To(Succeed())
		Expect(c.Start()).NotTo(Succeed(), "twice, which must leave the pipes of the one that runs")
		Expect(in.Write([]byte("x"))).To(Equal(1))
		Expect(in.Close()).To(Succeed())
		Expect(io.ReadAll(out)).To(BeEquivalentTo("x"))
		Expect(c.Wait()).To(Succeed())
	})

	It("of a context has a Cancel from the start, which kills, as in os/exec", func() {
		Expect(s.Command(nil, "true").Cancel).To(BeNil())
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := s.Command(ctx, "sleep", unique())
		Expect(c.Cancel).NotTo(BeNil())
		Expect(exec.CommandContext(ctx, "true").Cancel).NotTo(BeNil())
		Expect(c.Start()).To(Succeed())
		Expect(c.Cancel()).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		Expect(c.Cancel()).To(MatchError(os.ErrProcessDone))

		called := false
		c = s.Command(ctx, "sleep", unique())
		kill := c.Cancel
		c.Cancel = func() error { called = true; return kill() }
		Expect(c.Start()).To(Succeed())
		cancel()
		Expect(c.Wait()).To(MatchError("signal: killed"))
		Expect(called).To(BeTrue())
		c = s.Command(context.Background(), "true")
		c.Cancel = nil
		Expect(c.Run()).To(Succeed())
	})

	It("can be asked for its report by others while it runs and is waited for", func() {
		for range 20 {
			c := s.Command(context.Background(), "sh", "-c", "exit 2")
			Expect(c.Start()).To(Succeed())
			var asking sync.WaitGroup
			var stop atomic.Bool
			for range 4 {
				asking.Go(func() {
					for !stop.Load() {
						r := c.Report()
						r.Mechanisms = append(r.Mechanisms[:0], "changed")
						r.Denials = append(r.Denials, gaol.Denial{})
						_ = r.State.ExitCode()
						_ = c.String()
					}
				})
			}
			Expect(c.Wait()).To(MatchError("exit status 2"))
			stop.Store(true)
			asking.Wait()
			r := c.Report()
			Expect(r.State).To(Equal(c.ProcessState))
			Expect(r.Denials).To(BeEmpty())
			Expect(r.Mechanisms).NotTo(ContainElement("changed"), "a report is a value")
			Expect(s.Report().Mechanisms).NotTo(ContainElement("changed"))
		}
	})

	It("takes no nil for a file, and does not panic", func() {
		var none *os.File
		for i, set := range []func(*gaol.Cmd){
			func(c *gaol.Cmd) { c.Stdin = none }, func(c *gaol.Cmd) { c.Stdout = none }, func(c *gaol.Cmd) { c.Stderr = none }, func(c *gaol.Cmd) { c.ExtraFiles = []*os.File{none} },
		} {
			c := s.Command(nil, "true")
			set(c)
			setup := failsToStart(c, "pass descriptor", strconv.Itoa(i), unix.EBADF)
			Expect(setup.Hint).To(ContainSubstring("nil"))
		}
		c := s.Command(nil, "true")
		c.Terminal = none
		Expect(c.Run()).To(Succeed())
		shut := theFile(os.DevNull, os.O_RDONLY)
		Expect(shut.Close()).To(Succeed())
		c = s.Command(nil, "true")
		c.Stdin = shut
		Expect(c.Run()).To(MatchError(os.ErrClosed))
	})

	It("reports a reader that fails with EPIPE, and not a program that does not read, as os/exec does", func() {
		for _, r := range []io.Reader{reader{syscall.EPIPE}, reader{&fs.PathError{Op: "read", Path: "|1", Err: syscall.EPIPE}}, reader{&fs.PathError{Op: "write", Path: "elsewhere", Err: syscall.EPIPE}},
			reader{&os.SyscallError{Syscall: "write", Err: syscall.EPIPE}}, reader{fmt.Errorf("wrapped: %w", syscall.EPIPE)}, reader{io.ErrClosedPipe}, reader{io.EOF}} {
			Expect(both(s, func(c *either) string {
				c.set(fields{Stdin: r})
				out, err := c.Output()
				return c.saw(err, out)
			}, "cat")).NotTo(BeEmpty())
		}
		c := s.Command(nil, "cat")
		c.Stdin = io.MultiReader(strings.NewReader("x"), reader{syscall.EPIPE})
		out, err := c.Output()
		Expect(err).To(MatchError(syscall.EPIPE))
		Expect(string(out)).To(Equal("x"))
		both(s, func(c *either) string {
			c.set(fields{Stdin: bytes.NewReader(make([]byte, 1<<20))})
			return c.saw(c.Run())
		}, "true")
	})
})

var _ = Describe("A zero value", func() {
	It("is an error or nothing, and no panic", func() {
		var none *gaol.Sandbox = &gaol.Sandbox{}
		Expect(none.Close()).To(Succeed())
		Expect(none.Close()).To(Succeed())
		Expect((&gaol.Sandbox{}).Command(nil, "x").Run()).To(MatchError(gaol.ErrClosed))
		Expect((&gaol.Sandbox{}).Command(context.Background(), "x").Run()).To(MatchError(gaol.ErrClosed))
		Expect((&gaol.Sandbox{}).Report().State).To(BeNil())
		_ = (&gaol.Sandbox{}).Explain()
		var c gaol.Cmd
		Expect(c.Run()).NotTo(Succeed())
		Expect(c.Wait()).NotTo(Succeed())
		Expect(c.Output()).Error().To(HaveOccurred())
		Expect((&gaol.Cmd{}).CombinedOutput()).Error().To(HaveOccurred())
		Expect((&gaol.Cmd{}).Environ()).NotTo(BeNil())
		Expect((&gaol.Cmd{}).String()).To(BeEmpty())
		Expect((&gaol.Cmd{}).Report().State).To(BeNil())
		var p gaol.Process
		Expect(p.Kill()).To(MatchError(os.ErrProcessDone))
		Expect(p.Signal(syscall.SIGTERM)).To(MatchError(os.ErrProcessDone))
		for _, err := range []error{&gaol.SetupError{}, &gaol.ProfileError{}, &gaol.ExitError{}, &gaol.UnsupportedError{}} {
			_ = err.Error()
			Expect(errors.Is(err, os.ErrNotExist)).To(BeFalse())
			var setup *gaol.SetupError
			_ = errors.As(err, &setup)
		}
		Expect((&gaol.SetupError{Step: "execute", Path: "x"}).Error()).To(Equal("gaol: execute x"))
		Expect((*gaol.ProcessState)(nil).ExitCode()).To(Equal(-1))
		Expect((*gaol.ProcessState)(nil).String()).To(Equal("<nil>"))
		_ = (&gaol.ProcessState{}).String()
		_ = gaol.Probed{}.Checks()
		_ = gaol.Probed{}.System()
		_ = gaol.Report{}.State.ExitCode()
		Expect(gaol.Profile{}.Operations()).To(BeEmpty())
		_ = gaol.Profile{}.TOML()
		Expect(gaol.NewProfile(gaol.Operation{})).Error().To(HaveOccurred())
		Expect(gaol.NewProfile(gaol.FileRead(gaol.Pattern{}))).Error().To(HaveOccurred())
		Expect(gaol.NewProfile(nil)).Error().NotTo(HaveOccurred())
		_ = gaol.Operation{}.String()
		s, err := gaol.New(gaol.Profile{})
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Command(nil, "/x").Run()).To(MatchError(exec.ErrNotFound))
		Expect(s.Close()).To(Succeed())
	})
})
