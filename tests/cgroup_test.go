//go:build linux && cgo

// Limits that a cgroup holds: what a program, with all that it starts, cannot get past, and cannot undo from inside; that the end says which limit
// it was; and that no cgroup is left. Where this host has no cgroup v2 that can do it, the limit must be refused.

package tests

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

var _ = helpersAre(map[string]func(string) error{"grouped": holdGrouped})

const grouping = "cgroup"

// byRules are what lets a shell start by the landlock engine.
func byRules() []gaol.Option {
	return []gaol.Option{gaol.WithEngine(gaol.EngineLandlock), gaol.BestEffort(gaol.System()), gaol.FileReadMetadata(gaol.Subpath("/"))}
}

// grouped is sandbox with limits that take a cgroup; where the host cannot hold one of them the test is skipped by its name.
func grouped(l gaol.Limits, options ...gaol.Option) *gaol.Sandbox {
	GinkgoHelper()
	return skipUngrouped(trySandbox(append(options, gaol.Limit(l))...))
}

func skipUngrouped(s *gaol.Sandbox, err error) *gaol.Sandbox {
	GinkgoHelper()
	var refused *gaol.UnsupportedError
	if errors.As(err, &refused) && refused.Operations[0].Mechanism == "cgroup v2" {
		Skip(refused.Operations[0].String())
	}
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(s.Close)
	return s
}

// cgroupDirs are this process's cgroup and those above it; none without cgroup v2.
func cgroupDirs() (dirs []string) {
	self, _ := os.ReadFile("/proc/self/cgroup")
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		head, tail, _ := strings.Cut(line, " - ")
		if f := strings.Fields(head); strings.HasPrefix(tail, "cgroup2 ") {
			for own := range strings.Lines(string(self)) {
				if p, ok := strings.CutPrefix(strings.TrimSpace(own), "0::"); ok {
					for dir := f[4] + strings.TrimSuffix(p, "/"); len(dir) >= len(f[4]); dir = filepath.Dir(dir) {
						dirs = append(dirs, dir)
					}
				}
			}
		}
	}
	return dirs
}

// leaves are the cgroups that a process has made for its commands.
func leaves(pid int) (found []string) {
	for _, dir := range cgroupDirs() {
		more, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("gaol-%d-*", pid)))
		found = append(found, more...)
	}
	return found
}

// leafSays reads a file of the one leaf that this process has now.
func leafSays(file string) string {
	GinkgoHelper()
	l := leaves(os.Getpid())
	Expect(l).To(HaveLen(1))
	b, err := os.ReadFile(filepath.Join(l[0], file))
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(b))
}

// byEach runs a case by both, with what lets a shell start.
func byEach(text string, body func(system ...gaol.Option)) {
	It(text, func() { body(gaol.System()) })
	It(text+", by the landlock engine", Label(withoutNamespaces), func() {
		needLandlock(6)
		body(byRules()...)
	})
}

var _ = Describe("limits by a cgroup", Label(grouping), func() {
	before := func() []string { return leaves(os.Getpid()) }
	BeforeEach(func() { Expect(before()).To(BeEmpty()) })
	AfterEach(func() { Expect(before()).To(BeEmpty(), "cgroups are left") })

	by := func(l gaol.Limits, system ...gaol.Option) *gaol.Sandbox {
		return grouped(l, append(system, gaol.ProcessCreate())...)
	}
	shells := func(l gaol.Limits, more ...gaol.Option) *gaol.Sandbox { return by(l, append(more, gaol.System())...) }

	It("are refused, each by its name and with a way out, where the host cannot hold them", func() {
		all := gaol.Limits{Memory: 64 << 20, Processes: 8, CPU: time.Hour, Processors: 1, ReadRate: 1 << 20, WriteRate: 1 << 20}
		_, err := trySandbox(gaol.System(), gaol.ProcessCreate(), gaol.Limit(all))
		if err == nil {
			Skip("this host holds all of them")
		}
		var refused *gaol.UnsupportedError
		Expect(errors.As(err, &refused)).To(BeTrue(), "%v", err)
		for _, u := range refused.Operations {
			Expect(u.Operation).To(HavePrefix("Limits."))
			Expect(u.Mechanism).To(Equal("cgroup v2"))
			Expect(u.Detail).NotTo(BeEmpty())
			Expect(u.Fix).NotTo(BeEmpty())
		}
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		Expect(shell(s, "true & wait").Err).NotTo(HaveOccurred(), "nothing else is refused")
	})

	byEach("end all of a program that takes more memory", func(system ...gaol.Option) {
		s := by(gaol.Limits{Memory: 32 << 20}, system...)
		word := unique()
		r := shell(s, "sleep "+word+" & dd if=/dev/zero of=/dev/null bs=8M count=1 2>/dev/null && echo within; dd if=/dev/zero of=/dev/null bs=64M count=1; echo past")
		Expect(r.Stdout).To(Equal("within\n"))
		Expect(r.State.End()).To(Equal(gaol.EndMemory))
		Expect(r.State.Signal()).To(Equal(syscall.SIGKILL), "also what has taken nothing: one cannot go on without the others")
		Expect(having(word)).To(BeEmpty())
		Expect(r.Report.Usage.PeakMemory).To(BeNumerically("<=", 32<<20))
	})

	It("count what many small processes take together", func() {
		s := shells(gaol.Limits{Memory: 32 << 20})
		r := shell(s, "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero bs=8M count=1 2>/dev/null | (read x; sleep 5) & done; wait; echo past")
		Expect(r.Stdout).To(BeEmpty())
		Expect(r.State.End()).To(Equal(gaol.EndMemory))
	})

	It("count what lies in private directories", func() {
		s := shells(gaol.Limits{Memory: 32 << 20}, gaol.Private("/tmp"))
		r := shell(s, "dd if=/dev/zero of=/tmp/a bs=1M count=8 2>/dev/null && rm /tmp/a && echo within; dd if=/dev/zero of=/tmp/b bs=1M count=64; echo past")
		Expect(r.Stdout).To(Equal("within\n"))
		Expect(r.State.End()).To(Equal(gaol.EndMemory))
	})

	It("let nothing be swapped out, and are there before the program", func() {
		s := shells(gaol.Limits{Memory: 32 << 20, Processes: 64, Processors: 0.5})
		v := launch(s, "getpid", "--", "readfd", "0")
		Expect(leafSays("memory.max")).To(Equal(strconv.Itoa(32 << 20)))
		Expect(leafSays("memory.swap.max")).To(Equal("0"))
		Expect(leafSays("memory.oom.group")).To(Equal("1"))
		Expect(leafSays("pids.max")).To(Equal("64"))
		Expect(leafSays("cpu.max")).To(Equal("50000 100000"))
		Expect(leafSays("cgroup.procs")).NotTo(ContainSubstring("\n"), "the program is alone there, without the init")
		Expect(leafSays("cgroup.procs")).NotTo(Equal(strconv.Itoa(v.Process.Pid)))
		Expect(v.Stdin.Close()).To(Succeed())
		Expect(v.Wait()).To(Succeed())
	})

	It("leave the caller alone where too little memory is left for an exec", func() {
		// until it has execed the program's process shares the caller's memory, and who shares an OOM victim's is killed, too
		s := shells(gaol.Limits{Memory: 1 << 20})
		for range 3 {
			cmd := s.Command(context.Background(), "/bin/true")
			for i := range 15 {
				cmd.Env = append(cmd.Env, fmt.Sprintf("V%d=%s", i, strings.Repeat("x", 100<<10)))
			}
			cmd.Dir = "/"
			var setup *gaol.SetupError
			err := cmd.Run()
			Expect(errors.As(err, &setup)).To(BeTrue(), "%v", err)
			Expect(setup.Err).To(Or(MatchError(unix.ENOMEM), MatchError(unix.E2BIG)), "the kernel says either when it cannot get a page for an argument")
			Expect(setup.Hint).To(ContainSubstring("Limits.Memory"))
			Expect(leaves(os.Getpid())).To(BeEmpty())
		}
		Expect(s.Command(context.Background(), "/bin/true").Run()).To(Or(Succeed(), MatchError(ContainSubstring("memory limit"))))
	})

	byEach("hold the number of processes exactly", func(system ...gaol.Option) {
		for _, n := range []int64{1, 2, 5} {
			s := by(gaol.Limits{Processes: n}, system...)
			r := shell(s, "i=1; while [ $i -lt 9 ]; do sleep 30 & echo $i; i=$((i+1)); done")
			Expect(strings.Fields(r.Stdout)).To(HaveLen(int(n-1)), "with the shell itself: %d; %s", n, r.Stderr)
			Expect(r.Report.Usage.PeakProcesses).To(BeNumerically("<=", n))
		}
	})

	It("count threads", func() {
		s := grouped(gaol.Limits{Processes: 16})
		r := victim(s, "proc.threads", "64")
		Expect(r.Stdout).NotTo(ContainSubstring("ok 64"))
		Expect(victim(grouped(gaol.Limits{Processes: 200}), "proc.threads", "64").Stdout).To(ContainSubstring("ok 64"))
	})

	byEach("leave nothing of a fork bomb", func(system ...gaol.Option) {
		s := by(gaol.Limits{Processes: 32}, system...)
		word := unique()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		cmd := s.Command(ctx, "/bin/sh", "-c", "b() { while :; do b & sleep "+word+" & done; }; b 2>/dev/null & exec sleep "+word)
		cmd.Dir = "/"
		Expect(cmd.Run()).To(HaveOccurred())
		Expect(cmd.ProcessState.Signal()).To(Equal(syscall.SIGKILL))
		Expect(having(word)).To(BeEmpty())
		Expect(s.Close()).To(Succeed())
	})

	byEach("end a program whose processes together use more processor time", func(system ...gaol.Option) {
		s := by(gaol.Limits{CPU: 400 * time.Millisecond}, system...)
		r := shell(s, "for i in 1 2 3 4; do (while :; do :; done) & done; wait")
		Expect(r.State.End()).To(Equal(gaol.EndCPU))
		Expect(r.State.Signal()).To(Equal(syscall.SIGKILL))
		Expect(r.Report.Usage.User + r.Report.Usage.System).To(BeNumerically(">=", 400*time.Millisecond))
		r = shell(by(gaol.Limits{CPU: time.Hour}, system...), "true & wait; exit 3")
		Expect(r.State.End()).NotTo(Equal(gaol.EndCPU))
		Expect(r.State.ExitCode()).To(Equal(3))
	})

	It("end a program that has many processes wait and one after the other work", func() {
		s := shells(gaol.Limits{CPU: 300 * time.Millisecond})
		r := shell(s, "while :; do (i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done); done")
		Expect(r.State.End()).To(Equal(gaol.EndCPU))
	})

	It("throttle by the share of processors", func() {
		s := shells(gaol.Limits{Processors: 0.1, CPU: time.Second})
		v := launchProgram(s, "/bin/sh", "-c", "echo on; (while :; do :; done) & while :; do :; done")
		Expect(v.Line()).To(Equal("on"))
		Eventually(func() string { return leafSays("cpu.stat") }).WithTimeout(patience).ShouldNot(ContainSubstring("nr_throttled 0\n"))
		Expect(v.Process.Kill()).To(Succeed())
		Expect(v.Wait()).NotTo(Succeed())
	})

	It("set rates for every block device", func() {
		s := shells(gaol.Limits{ReadRate: 3 << 20, WriteRate: 5 << 20})
		devices := blockDevices()
		v := launch(s, "getpid", "--", "readfd", "0")
		for _, d := range devices {
			Expect(leafSays("io.max")).To(ContainSubstring(d + " rbps=3145728 wbps=5242880"))
		}
		Expect(v.Stdin.Close()).To(Succeed())
		Expect(v.Wait()).To(Succeed())
		if len(devices) == 0 {
			Skip("a block device is missing")
		}
	})

	It("hold the rate of writing", func() {
		if !root() {
			Skip("a block device of its own is missing: only root can make one")
		}
		s := mountedDisk()
		out := makeDir(s, "out")
		const rate = 1 << 20
		slow := shells(gaol.Limits{WriteRate: rate}, gaol.FileWrite(gaol.Subpath(out)))
		start := time.Now()
		r := shell(slow, "dd if=/dev/zero of="+out+"/slow bs=256k count=12 oflag=direct conv=fsync")
		Expect(r.Err).NotTo(HaveOccurred(), r.Stderr)
		Expect(time.Since(start)).To(BeNumerically(">", time.Second), "3 MiB at 1 MiB/s: what the kernel lets through at once is less than the half")
		late := time.Now()
		r = shell(slow, "dd if=/dev/zero of="+out+"/late bs=256k count=12 conv=fsync")
		Expect(r.Err).NotTo(HaveOccurred(), r.Stderr)
		Expect(time.Since(late)).To(BeNumerically(">", time.Second), "what the page cache writes later is the program's, too")
	})

	It("tell nothing of a program that stays within all of them", func() {
		s := shells(gaol.Limits{Memory: 256 << 20, Processes: 64, CPU: time.Hour, Processors: 64})
		r := shell(s, "cat /proc/self/cgroup; echo a | cat >/dev/null; exit 7")
		Expect(r.State.ExitCode()).To(Equal(7))
		Expect(r.Stdout).To(ContainSubstring("0::/\n"), "where it is on the host is not told")
		Expect(r.Report.Usage.PeakMemory).To(BeNumerically(">", 0))
		for _, name := range []string{"Limits.Memory", "Limits.Processes", "Limits.CPU", "Limits.Processors"} {
			Expect(slices.ContainsFunc(r.Report.Enforced, func(e gaol.Enforcement) bool {
				return e.Operation == name && strings.HasPrefix(e.Mechanism, "cgroup v2")
			})).To(BeTrue(), name)
		}
	})

	It("of one command hold for that alone", func() {
		s := shells(gaol.Limits{})
		free := s.Command(context.Background(), "/bin/sh", "-c", "true & wait")
		Expect(free.Run()).To(Succeed())
		skipUngrouped(trySandbox(gaol.System(), gaol.ProcessCreate(), gaol.Limit(gaol.Limits{CPU: time.Hour})))
		r := victimWith(s, func(c *gaol.Cmd) {
			c.Path, c.Args, c.Limits = "/bin/sh", []string{"sh", "-c", "(while :; do :; done) & wait"}, &gaol.Limits{CPU: 200 * time.Millisecond}
		})
		Expect(r.State.End()).To(Equal(gaol.EndCPU))
		Expect(r.State.String()).To(Equal("signal: killed"))
		v := launch(s, "getpid", "--", "readfd", "0")
		Expect(leaves(os.Getpid())).To(BeEmpty(), "a command without such a limit has no cgroup")
		Expect(v.Stdin.Close()).To(Succeed())
		Expect(v.Wait()).To(Succeed())
	})

	It("hold for another user's program", func() {
		if !root() {
			Skip("root is missing: nobody else chooses another user")
		}
		s := shells(gaol.Limits{CPU: 2 * time.Second})
		as := func(script string) result {
			return victimWith(s, func(c *gaol.Cmd) {
				c.Path, c.Args, c.Credential = "/bin/sh", []string{"sh", "-c", script}, &gaol.Credential{Uid: 54321, Gid: 54321}
			})
		}
		r := as("id -u; grep ^0: /proc/self/cgroup")
		Expect(r.Stdout).To(Equal("54321\n0::/\n"), r.Stderr)
		Expect(as("(while :; do :; done) & wait").State.End()).To(Equal(gaol.EndCPU))
	})

	It("hold for the command that gaol run starts", func() {
		grouped(gaol.Limits{CPU: time.Hour}, gaol.System(), gaol.ProcessCreate())
		run := exec.Command(gaolBinary(), "run", "--system", "--process", "--cpu", "2s", "--", "/bin/sh", "-c", "grep ^0: /proc/self/cgroup; (while :; do :; done) & wait")
		run.Dir = "/"
		out, err := run.CombinedOutput()
		var exit *exec.ExitError
		Expect(errors.As(err, &exit)).To(BeTrue(), "%v: %s", err, out)
		Expect(exit.ExitCode()).To(Equal(124), "%s", out)
		Expect(string(out)).To(And(HavePrefix("0::/\n"), ContainSubstring("CPU limit")))
		Expect(leaves(run.Process.Pid)).To(BeEmpty())
	})

	It("cannot be undone from inside", func() {
		s := shells(gaol.Limits{CPU: time.Hour}, gaol.Private("/tmp"))
		for _, dir := range cgroupDirs() {
			try(s, want("ENOENT", "open", filepath.Join(dir, "cgroup.procs"), "w"), want("ENOENT", "mkdir", filepath.Join(dir, "out")))
		}
		attempts := calls("EPERM", nr(unix.SYS_UNSHARE, "0x2000000"), nr(unix.SYS_UNSHARE, "0x12000000"), nr(unix.SYS_MOUNT, "s:none s:/tmp s:cgroup2 0 0"),
			nr(unix.SYS_FSOPEN, "s:cgroup2 0"))
		try(s, append(attempts, call("ENOSYS", "clone3 @ 88"))...)
	})

	It("are not let be undone by a grant of the cgroup's files", func() {
		dirs := cgroupDirs()
		if len(dirs) == 0 {
			Skip("cgroup v2 is missing")
		}
		top := dirs[len(dirs)-1]
		grouped(gaol.Limits{CPU: time.Hour}, gaol.System(), gaol.ProcessCreate())
		_, err := trySandbox(gaol.System(), gaol.ProcessCreate(), gaol.FileWrite(gaol.Subpath(top)), gaol.Limit(gaol.Limits{CPU: time.Hour}))
		Expect(err).To(MatchError(gaol.ErrUnsupported))
		Expect(err).To(MatchError(ContainSubstring("the files of its cgroup")))
		s := shells(gaol.Limits{CPU: time.Hour}, gaol.FileRead(gaol.Subpath(top)))
		v := launch(s, "getpid", "--", "readfd", "0")
		leaf := leaves(os.Getpid())
		Expect(leaf).To(HaveLen(1))
		Expect(v.Stdin.Close()).To(Succeed())
		Expect(v.Wait()).To(Succeed())
		for _, file := range []string{"cgroup.procs", "cgroup.max.descendants", "cgroup.freeze"} {
			r := shell(s, "for f in "+top+"/gaol-*/"+file+" "+filepath.Dir(leaf[0])+"/gaol-*/"+file+"; do echo 1 >$f && echo written; done")
			Expect(r.Stdout).To(BeEmpty())
			Expect(r.Stderr).To(Or(ContainSubstring("Read-only file system"), ContainSubstring("Permission denied")))
		}
	})

	It("leave no cgroup after a command that never ran, at whatever step", func() {
		s := shells(gaol.Limits{CPU: time.Hour})
		for _, change := range []func(*gaol.Cmd){
			func(c *gaol.Cmd) { c.Path = "/nowhere/none" },
			func(c *gaol.Cmd) { c.Path = "/" },
			func(c *gaol.Cmd) { c.Dir = "/nowhere" },
			func(c *gaol.Cmd) { c.Env = []string{"A=" + strings.Repeat("x", 1<<20)} },
		} {
			cmd := s.Command(context.Background(), "/bin/true")
			change(cmd)
			var setup *gaol.SetupError
			Expect(errors.As(cmd.Run(), &setup)).To(BeTrue())
			Expect(leaves(os.Getpid())).To(BeEmpty())
		}
		Expect(s.Close()).To(Succeed())
		Expect(s.Command(context.Background(), "/bin/true").Run()).To(MatchError(gaol.ErrClosed))
	})

	byEach("leave no cgroup and no process when the command is killed", func(system ...gaol.Option) {
		s := by(gaol.Limits{CPU: time.Hour}, system...)
		word := unique()
		v := launchProgram(s, "/bin/sh", "-c", "(setsid sleep "+word+" &) ; (trap '' TERM HUP INT; sleep "+word+") & echo on; wait")
		Expect(v.Line()).To(Equal("on"))
		Expect(v.Process.Kill()).To(Succeed())
		Expect(v.Wait()).NotTo(Succeed())
		Expect(leaves(os.Getpid())).To(BeEmpty())
		Expect(having(word)).To(BeEmpty())
	})

	byEach("leave no cgroup and no process when the init is killed from outside", func(system ...gaol.Option) {
		s := by(gaol.Limits{CPU: time.Hour}, system...)
		word := unique()
		v := launchProgram(s, "/bin/sh", "-c", "(setsid sleep "+word+" &) ; echo on; sleep "+word)
		Expect(v.Line()).To(Equal("on"))
		Expect(unix.Kill(v.Process.Pid, unix.SIGKILL)).To(Succeed())
		Expect(v.Wait()).NotTo(Succeed())
		Expect(leaves(os.Getpid())).To(BeEmpty())
		Expect(having(word)).To(BeEmpty())
	})

	byEach("leave only an empty cgroup when the caller is killed, until gaol is used again", func(system ...gaol.Option) {
		by(gaol.Limits{CPU: time.Hour}, system...)
		order, word := "grouped ", unique()
		if len(system) > 1 {
			order += "landlock "
		}
		caller := helper(order + word)
		out, err := caller.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(caller.Start()).To(Succeed())
		line := make([]byte, 3)
		_, err = out.Read(line)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(line)).To(Equal("on\n"))
		pid := caller.Process.Pid
		Expect(leaves(pid)).To(HaveLen(1))
		helped(order) // while the owner lives
		Expect(leaves(pid)).To(HaveLen(1), "another process's cgroup")
		Expect(caller.Process.Kill()).To(Succeed())
		_ = caller.Wait()
		Eventually(func() []int { return having(word) }).WithTimeout(patience).Should(BeEmpty())
		helped(order)
		Expect(leaves(pid)).To(BeEmpty())
	})

	It("hold for many commands at once", func() {
		s := shells(gaol.Limits{CPU: time.Hour})
		errs := make(chan error, 16)
		for range cap(errs) {
			go func() { errs <- s.Command(context.Background(), "/bin/sh", "-c", "true & wait").Run() }()
		}
		for range cap(errs) {
			Eventually(errs).WithTimeout(patience).Should(Receive(BeNil()))
		}
	})
})

// holdGrouped starts a command with a cgroup and holds it, if there is a word; else it runs one.
func holdGrouped(arg string) error {
	options := []gaol.Option{gaol.System()}
	word, rules := strings.CutPrefix(arg, "landlock ")
	if rules {
		options = byRules()
	}
	s, err := compiled(append(options, gaol.ProcessCreate(), gaol.Limit(gaol.Limits{CPU: time.Hour}))...)
	if err != nil {
		return err
	}
	script := "true"
	if word != "" {
		script = "(setsid sleep " + word + " &); echo on; sleep " + word
	}
	cmd := s.Command(context.Background(), "/bin/sh", "-c", script)
	cmd.Dir, cmd.Stdout = "/", os.Stdout
	return cmd.Run()
}

// mountedDisk is where a file system on a block device of its own is mounted, until the end of the test.
func mountedDisk() string {
	GinkgoHelper()
	dir := tempDir()
	image := filepath.Join(dir, "image")
	at := makeDir(dir, "disk")
	for _, argv := range [][]string{{"modprobe", "loop"}, {"truncate", "-s", "64M", image}, {"mkfs.ext4", "-q", "-F", image}, {"mount", "-o", "loop", image, at}} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil && argv[0] != "modprobe" {
			Skip(fmt.Sprintf("a block device of its own is missing: %s: %v: %s", argv[0], err, out))
		}
	}
	DeferCleanup(func() { Expect(exec.Command("umount", at).Run()).To(Succeed()) })
	return at
}

// blockDevices are those of /sys/block that have a size.
func blockDevices() (out []string) {
	sizes, _ := filepath.Glob("/sys/block/*/size")
	for _, f := range sizes {
		if b, _ := os.ReadFile(f); strings.TrimSpace(string(b)) != "0" {
			dev, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "dev"))
			out = append(out, strings.TrimSpace(string(dev)))
		}
	}
	return out
}
