//go:build linux && cgo

// These tests are about the processes of a command of another user: that they end as others do, although process 1 is of one user and they are
// of another; that nothing of a command is left; and that the user's processes outside get at nothing that was the caller's.

package tests

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// trees are the sandboxes whose programs make processes, of both engines; lone one whose program cannot.
var trees = map[string]func() *gaol.Sandbox{
	"namespace": func() *gaol.Sandbox { return sandbox(gaol.System(), gaol.ProcessCreate()) },
	"landlock":  several,
	"lone":      alone,
}

func inEachTree(text string, f func(s func() *gaol.Sandbox, name string)) {
	for name, s := range trees {
		var labels []any
		if name != "namespace" {
			labels = append(labels, Label(withoutNamespaces))
		}
		It(text+" ("+name+")", append(labels, func() { needRoot(); f(s, name) })...)
	}
}

// familyOf starts a program, with two processes beside it unless it is alone, that have the word among their arguments and ignore SIGTERM.
func familyOf(s *gaol.Sandbox, name string, c *gaol.Credential, ctx context.Context, word string) (*gaol.Cmd, []int) {
	GinkgoHelper()
	text, n := `trap '' TERM; setsid sh -c 'while :; do sleep 0.1; done' "$0" & sh -c 'kill -STOP $$' "$0" & while :; do sleep 0.1; done`, 3
	if name == "lone" {
		text, n = `trap '' TERM; while :; do :; done`, 1
	}
	cmd := s.Command(ctx, "/bin/sh", "-c", text, word)
	cmd.Credential, cmd.Dir = c, "/"
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		_ = cmd.Process.Kill()
		if cmd.ProcessState == nil {
			_ = cmd.Wait()
		}
	})
	Eventually(func() []int { return having(word) }).WithTimeout(10 * time.Second).Should(HaveLen(n))
	pids := having(word)
	for _, pid := range pids {
		Expect(ownerOf(fmt.Sprintf("/proc/%d", pid))).To(Equal(fmt.Sprintf("%d:%d", c.Uid, c.Gid)))
	}
	Expect(pids).NotTo(ContainElement(cmd.Process.Pid))
	Expect(ownerOf(fmt.Sprintf("/proc/%d", cmd.Process.Pid))).To(Equal("0:0"), "process 1 stays the caller's user")
	return cmd, pids
}

var _ = Describe("A command of another user", func() {
	inEachTree("ends as its program does, and its signals reach it", func(s func() *gaol.Sandbox, _ string) {
		for text, end := range map[string]string{"exit 0": "<nil>", "exit 7": "exit status 7", "kill -TERM $$": "signal: terminated"} {
			c := s().Command(context.Background(), "/bin/sh", "-c", text)
			c.Credential, c.Dir = somebody(), "/"
			Expect(fmt.Sprint(c.Run())).To(Equal(end))
		}
		r := launchWith(s(), by(somebody()), "proc.signals")
		Expect(r.Line()).To(Equal("ready"))
		for _, sig := range []syscall.Signal{unix.SIGUSR1, unix.SIGHUP, unix.SIGTERM} {
			Expect(r.Process.Signal(sig)).To(Succeed())
			Expect(r.Line()).To(Equal(strconv.Itoa(int(sig))))
		}
		Expect(r.Line()).To(Equal("ok"))
		Expect(r.Wait()).To(Succeed())
	})

	inEachTree("is killed whole, by Kill and by its context", func(s func() *gaol.Sandbox, name string) {
		word := unique()
		c, pids := familyOf(s(), name, somebody(), context.Background(), word)
		Expect(c.Process.Kill()).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		ended(pids)

		ctx, cancel := context.WithCancel(context.Background())
		c, pids = familyOf(s(), name, somebody(), ctx, unique())
		cancel()
		Expect(c.Wait()).To(MatchError("signal: killed"))
		ended(pids)
	})

	inEachTree("leaves nothing behind when its program ends", func(s func() *gaol.Sandbox, name string) {
		if name == "lone" {
			return // it makes nothing that it could leave
		}
		c := s().Command(context.Background(), "/bin/sh", "-c", "for i in 1 2 3; do setsid sleep 1000 & done; exit 5")
		c.Credential, c.Dir = somebody(), "/"
		Expect(c.Run()).To(MatchError("exit status 5"))
		Expect(c.Report().Killed).To(Equal(3))
	})

	inEachTree("ends with its caller", func(s func() *gaol.Sandbox, name string) {
		s() // or there is a mechanism missing
		word := unique()
		h := helper("hold-as " + name + " " + word)
		out, err := h.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(h.Start()).To(Succeed())
		line, _ := bufio.NewReader(out).ReadString('\n')
		Expect(line).To(Equal("ready\n"))
		var pids []int
		Eventually(func() []int { pids = having(word); return pids }).WithTimeout(10 * time.Second).ShouldNot(BeEmpty()) // the exec is not over when it cannot fail any more
		Expect(h.Process.Kill()).To(Succeed())
		_ = h.Wait()
		ended(pids)
		Eventually(func() []int { return having(word) }).WithTimeout(10 * time.Second).Should(BeEmpty()) // those made since, too
	})

	inEachTree("ends when process 1 is killed from outside, which its user cannot do", func(s func() *gaol.Sandbox, name string) {
		c, pids := familyOf(s(), name, somebody(), context.Background(), unique())
		kill := func(uid uint32, sig string, pid int) error {
			return outsider(context.Background(), uid, "/bin/kill", "-s", sig, strconv.Itoa(pid)).Run()
		}
		for _, sig := range []string{"KILL", "STOP", "STKFLT"} {
			Expect(kill(someUser, sig, c.Process.Pid)).NotTo(Succeed())
		}
		Expect(kill(someUser+1, "USR1", pids[0])).NotTo(Succeed())
		Expect(kill(someUser, "CONT", pids[0])).To(Succeed(), "the program is its own")
		if name == "landlock" {
			return // what the program made lives on there
		}
		Expect(unix.Kill(c.Process.Pid, unix.SIGKILL)).To(Succeed())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		ended(pids)
	})

	inEachTree("reaches no process of its user outside", func(s func() *gaol.Sandbox, _ string) {
		outside := outsider(context.Background(), someUser, "/bin/sleep", unique())
		Expect(outside.Start()).To(Succeed())
		defer func() {
			Expect(outside.Process.Kill()).To(Succeed())
			Expect(outside.Wait()).To(MatchError("signal: killed"))
		}()
		Eventually(func() string { return ownerOf(fmt.Sprintf("/proc/%d", outside.Process.Pid)) }).WithTimeout(10 * time.Second).Should(HavePrefix("4001"))
		pid := strconv.Itoa(outside.Process.Pid)
		attempts := []attempt{call("EPERM", "ptrace 16 "+pid)}
		for _, sig := range []string{"0", "15", "9", "19"} {
			attempts = append(attempts, want("EPERM|ESRCH", "proc.kill", pid, sig))
			for _, how := range []string{"tgkill", "tkill", "sigqueue", "pidfd"} {
				attempts = append(attempts, want("EPERM|ESRCH|EINVAL", "proc.send", how, pid, sig))
			}
		}
		for _, file := range []string{"mem", "maps", "environ", "exe", "root", "cwd", "fd/0"} {
			attempts = append(attempts, want("EACCES|ENOENT|EPERM", "open", "/proc/"+pid+"/"+file, "r"))
		}
		tryWith(s(), by(&gaol.Credential{Uid: someUser, Gid: someGroup}), attempts...)
		Expect(state(outside.Process.Pid)).To(BeElementOf("S", "R", "D"))
	})

	inEach("is told by its denied call, and held by its limits", func(make func(...gaol.Option) *gaol.Sandbox) {
		r := victimWith(make(gaol.OnDenied(gaol.Kill)), by(somebody()), "ids", "--", "syscall", "ptrace", "0")
		Expect(r.Errno).To(Equal("ok"), "%v", r.Err)
		Expect(r.State.End()).To(Equal(gaol.EndDenied))
		if name, _, ok := r.State.Syscall(); ok || ownFilters() == 0 {
			Expect(name).To(Equal("ptrace"))
		}
		r = victimWith(make(), func(c *gaol.Cmd) { c.Credential, c.Limits = somebody(), &gaol.Limits{Files: 17, Wall: time.Second} }, "proc.rlimit", "7", "--", "proc.pause")
		Expect(r.Lines[0]).To(Equal("ok 17 17"))
		Expect(r.State.End()).To(Equal(gaol.EndWall))
		c := make().Command(context.Background(), "/bin/sh", "-c", "while :; do :; done")
		c.Credential, c.Dir, c.Limits = somebody(), "/", &gaol.Limits{CPU: 300 * time.Millisecond}
		Expect(c.Run()).NotTo(Succeed())
		Expect(c.ProcessState.End()).To(Equal(gaol.EndCPU), "its clock is another user's for process 1")
	})

	for name, options := range map[string][]gaol.Option{"namespace": {gaol.System()}, "landlock": byRules()} {
		It("is held by its cgroup, in the "+name+" engine", Label(withoutNamespaces), func() {
			needRoot()
			if name == "namespace" && barred != "" {
				Skip("the namespace engine is missing: " + barred)
			}
			if name == "landlock" {
				needLandlock(6)
			}
			s := grouped(gaol.Limits{Processes: 3, Memory: 256 << 20}, append(options, gaol.ProcessCreate())...)
			for _, c := range []*gaol.Credential{somebody(), nil, {Dynamic: true}} {
				cmd := s.Command(context.Background(), "/bin/sh", "-c", "for i in 1 2 3 4 5; do sleep 1000 & done; exit 0")
				cmd.Credential, cmd.Dir = c, "/"
				out, err := cmd.CombinedOutput()
				Expect(err).To(HaveOccurred(), "%s", out)
				Expect(string(out)).To(ContainSubstring("fork"))
				Expect(cmd.Report().Killed).To(Equal(2))
			}
		})
	}

	inEach("leaves nothing of it in the caller", func(make func(...gaol.Option) *gaol.Sandbox) {
		s := make()
		run := func(c *gaol.Credential, name string) error {
			cmd := s.Command(context.Background(), name)
			cmd.Credential, cmd.Dir = c, "/"
			return cmd.Run()
		}
		keepsNothing(func() {
			Expect(run(somebody(), "true")).To(Succeed())
			Expect(run(somebody(), "/nowhere")).NotTo(Succeed())
			Expect(run(&gaol.Credential{Uid: 1}, "true")).NotTo(Succeed())
		})
	})

	It("does not start after its sandbox was closed", func() {
		needRoot()
		s, err := compiled(gaol.System())
		Expect(err).NotTo(HaveOccurred())
		run := func() error {
			c := s.Command(context.Background(), "true")
			c.Credential, c.Dir = somebody(), "/"
			return c.Run()
		}
		Expect(run()).To(Succeed())
		Expect(s.Close()).To(Succeed())
		Expect(run()).To(MatchError(gaol.ErrClosed))
		if s, err = compiled(gaol.System()); err == nil {
			err = s.Close()
		}
		Expect(err).NotTo(HaveOccurred())
		Expect(run()).To(MatchError(gaol.ErrClosed), "the first that asks for a user")
	})
})

// outsider is a process of a user outside of any sandbox. A change of user by os/exec would be made in this process's memory, and make it
// undumpable.
func outsider(ctx context.Context, uid uint32, argv ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "setpriv", append([]string{fmt.Sprint("--reuid=", uid), fmt.Sprint("--regid=", someGroup), "--clear-groups", "--inh-caps=-all"}, argv...)...)
}

// dumpable says whether another process may look into this one, if it is of its user (man 2 PR_SET_DUMPABLE).
func dumpable() int {
	GinkgoHelper()
	n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	Expect(err).NotTo(HaveOccurred())
	return n
}

// secret is what no process of another user may find in a copy of this process's memory.
var secret = [16]byte{1, 2, 3}

var _ = Describe("The processes of a user", func() {
	inEach("get at nothing of the caller's while a command of that user starts", func(make func(...gaol.Option) *gaol.Sandbox) {
		Expect(dumpable()).To(Equal(1), "this process lets nobody in, then, and its copies do not either")
		copy(secret[:], "of the caller's!")
		file, err := os.CreateTemp(tempDir(), "")
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		var st unix.Stat_t
		Expect(unix.Fstat(int(file.Fd()), &st)).To(Succeed())
		self, err := os.Executable()
		Expect(err).NotTo(HaveOccurred())
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		prowler := outsider(ctx, someUser, victimPath, "prowl", self, fmt.Sprint(uintptr(unsafe.Pointer(&secret))), hex.EncodeToString(secret[:]),
			fmt.Sprint(file.Fd()), fmt.Sprint(st.Ino))
		in, err := prowler.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		out, err := prowler.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(prowler.Start()).To(Succeed())
		lines := bufio.NewReader(out)
		Expect(lines.ReadString('\n')).To(Equal("ready\n"))
		sleeper := outsider(ctx, someUser, "/bin/sleep", unique()) // a process that lets it in
		Expect(sleeper.Start()).To(Succeed())
		defer func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() }()

		s := make()
		for start, n := time.Now(), 0; n < 300 && time.Since(start) < patience/3; n++ { // an emulated machine takes a tenth of a second for each
			c := s.Command(ctx, "true")
			c.Credential, c.Dir = &gaol.Credential{Uid: someUser, Gid: someGroup}, "/"
			Expect(c.Run()).To(Succeed())
		}
		Expect(in.Close()).To(Succeed())
		Expect(lines.ReadString('\n')).To(Equal("0 0 0 0, true true\n"))
		Expect(prowler.Wait()).To(Succeed())
		Expect(string(secret[:])).To(Equal("of the caller's!"))
	})
})

func init() {
	helpers["hold-as"] = func(arg string) error {
		name, word, _ := strings.Cut(arg, " ")
		options := []gaol.Option{gaol.System(), gaol.ProcessCreate()}
		if name != "namespace" {
			options = []gaol.Option{gaol.BestEffort(gaol.System()), gaol.FileReadMetadata(gaol.Subpath("/")), gaol.WithEngine(gaol.EngineLandlock)}
		}
		text := `exec sleep "$1"`
		if name == "landlock" {
			options = append(options, gaol.ProcessCreate())
		}
		if name != "lone" {
			text = `sleep "$1" & setsid sleep "$1" & ` + text
		}
		s, err := compiled(options...)
		if err != nil {
			return err
		}
		c := s.Command(nil, "sh", "-c", text, "sh", word)
		c.Credential, c.Dir = &gaol.Credential{Uid: someUser, Gid: someGroup}, "/"
		if err := c.Start(); err != nil {
			return err
		}
		fmt.Println("ready")
		time.Sleep(patience)
		return nil
	}
}
