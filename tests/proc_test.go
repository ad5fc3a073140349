//go:build linux && cgo

// These tests are about processes: who may make them, whom they reach, how they end, and that nothing of a sandbox outlives its program
// or its caller. A bystander, in the test's own process group and session, must see nothing of all this. What a program finds in /proc
// is in here, too, since it is how processes are looked at.

package tests

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

func nr(call int, words string) string { return strconv.Itoa(call) + " " + words }

// shell runs a script of sh in the sandbox, as victimWith runs the victim.
func shell(s *gaol.Sandbox, script string, arg ...string) result {
	GinkgoHelper()
	return victimWith(s, func(c *gaol.Cmd) {
		c.Path, c.Args = "/bin/sh", append([]string{"sh", "-c", script, "sh"}, arg...)
	})
}

// scoped is the outcome of a signal to a process outside of the sandbox's Landlock domain, the init: it arrives nowhere either way.
func scoped() string {
	if landlockABI() >= 6 {
		return "EPERM"
	}
	return "ok"
}

var _ = Describe("processes without ProcessCreate", func() {
	It("cannot be made by any of the calls", func() {
		s := sandbox(gaol.System())
		attempts := calls("EPERM", "clone 17", "clone 0", "clone 0x4111", "clone 0x100", "clone 0x8011")
		if runtime.GOARCH == "amd64" {
			attempts = append(attempts, calls("EPERM", "fork", "vfork")...)
		}
		try(s, append(attempts, call("ENOSYS", "clone3 @ 88"))...)
		Expect(shell(s, "/bin/true; echo not reached").Stdout).To(BeEmpty())
		Expect(shell(s, "exec /bin/true").Err).NotTo(HaveOccurred(), "becoming another program takes no new process")
	})

	It("are not needed for threads", func() {
		try(sandbox(), want("ok 64", "proc.threads", "64"))
		try(sandbox(gaol.System()), want("ok 64", "proc.threads", "64"))
	})
})

var _ = Describe("processes with ProcessCreate", func() {
	It("can be made by fork, vfork and clone, and waited for", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		try(s, want("ok 7", "proc.clone", "17"), want("ok 7", "proc.clone", "0x4011"), want("ok 64", "proc.threads", "64"), call("ENOSYS", "clone3 @ 88"))
		Expect(shell(s, "echo a | cat; (exit 3); echo $?").Stdout).To(Equal("a\n3\n"))
	})

	It("see themselves and no process of the host", func() {
		host := bystander()
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		try(s,
			want("ok 1 2|ok 2", "proc.list"),
			want("ok pid 2 parent 1 group 2 session 1", "proc.ids"),
			want("ESRCH", "proc.kill", strconv.Itoa(host.Process.Pid), "0"),
			want("ESRCH", "proc.kill", strconv.Itoa(os.Getpid()), "0"),
			want("ESRCH", "proc.kill", strconv.Itoa(-unix.Getpgrp()), "15"),
			want("ok", "proc.kill", "2", "0"))
	})

	It("do not read the arguments or the environment of processes of the host", func() {
		secret := "secret" + unique()
		outside := exec.Command("sleep", "60", "0."+strings.TrimPrefix(unique(), "7"))
		outside.Args[0], outside.Env = secret, []string{"SECRET=" + secret}
		Expect(outside.Start()).To(Succeed())
		DeferCleanup(func() { _ = outside.Process.Kill(); _ = outside.Wait() })
		for _, s := range []*gaol.Sandbox{sandbox(gaol.System()), sandbox(gaol.System(), gaol.SystemInfoRead(), gaol.ProcessCreate())} {
			try(s, want("ok", "proc.scan", secret), want("ok", "proc.scan", filepath.Base(os.Args[0])))
		}
	})

	It("reach nobody outside by signals to all, to the group or to the parent", func() {
		bystander()
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGCONT} {
			n := strconv.Itoa(int(sig))
			try(s, want("ok|ESRCH|EPERM", "proc.kill", "-1", n), want("ok", "proc.kill", "0", n), want(scoped(), "proc.kill", "1", n),
				want("ok killed", "proc.killall"))
		}
		// those that cannot be ignored come last
		Expect(victim(s, "proc.kill", "0", "9").State.Signal()).To(Equal(unix.SIGKILL))
		Expect(victim(s, "proc.kill", "-1", "9").Err).NotTo(HaveOccurred(), "-1 spares the sender")
	})
})

var _ = Describe("the init", func() {
	It("cannot be signalled, looked into or changed", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		var attempts []attempt
		for _, sig := range []string{"0", "9", "15", "19", "11", "6", "18", "35"} {
			attempts = append(attempts, want(scoped(), "proc.kill", "1", sig))
			for _, how := range []string{"tkill", "tgkill", "sigqueue", "pidfd"} {
				attempts = append(attempts, want(scoped(), "proc.send", how, "1", sig))
			}
		}
		attempts = append(attempts, calls("EPERM", "ptrace 16 1", "ptrace 0x4206 1", "process_vm_readv 1 @ 1 @ 1 0", "process_vm_writev 1 @ 1 @ 1 0",
			"kcmp 1 2 1", "prlimit64 1 7 u64:0,0 0", "migrate_pages 1 8 @ @", "move_pages 1 0 0 0 0 0", "process_madvise 1 @ 1 9 0")...)
		attempts = append(attempts, want("EPERM", "proc.getfd", "1"))
		attempts = append(attempts, calls("EPERM", nr(unix.SYS_SETPRIORITY, "0 1 19"), nr(unix.SYS_SETPRIORITY, "1 1 19"), nr(unix.SYS_IOPRIO_SET, "2 1 0x6000"),
			nr(unix.SYS_SCHED_SETAFFINITY, "1 8 u64:1"),
			nr(unix.SYS_SCHED_SETSCHEDULER, "1 5 u32:0"), nr(unix.SYS_SCHED_SETATTR, "1 u32:48,5,0,0,0,0,0,0,0,0,0,0 0"), nr(unix.SYS_IOPRIO_SET, "1 1 0x6000"))...)
		attempts = append(attempts, calls("EPERM|ESRCH", nr(unix.SYS_SETPGID, "1 2"))...)
		try(s, attempts...)
	})

	It("shows nothing of itself in /proc", func() {
		for _, s := range []*gaol.Sandbox{sandbox(gaol.System()), sandbox(gaol.System(), gaol.SystemInfoRead())} {
			var attempts []attempt
			for _, name := range []string{"mem", "environ", "maps", "smaps", "auxv", "stack", "syscall", "pagemap", "personality", "io",
				"task/1/mem", "task/1/environ", "fdinfo/0", "fd/0", "fd/1", "root/etc/passwd", "cwd/etc/passwd", "exe"} {
				attempts = append(attempts, want("EACCES|EPERM|ENOENT", "proc.read", "/proc/1/"+name))
			}
			for _, name := range []string{"fd", "fdinfo", "root", "cwd", "map_files"} {
				attempts = append(attempts, want("EACCES|EPERM|ENOENT", "proc.ls", "/proc/1/"+name))
			}
			for _, name := range []string{"exe", "root", "cwd", "ns/user", "ns/mnt", "ns/pid", "fd/0"} {
				attempts = append(attempts, want("EACCES|EPERM|ENOENT", "proc.readlink", "/proc/1/"+name))
			}
			for _, name := range []string{"mem", "comm", "oom_score_adj", "autogroup", "timerslack_ns", "clear_refs", "coredump_filter"} {
				attempts = append(attempts, want("EACCES|EPERM|ENOENT|EROFS", "proc.write", "/proc/1/"+name, "1"))
			}
			try(s, attempts...)
		}
	})

	It("never shows its caller's arguments, not even to a program that looks at once", func() {
		gcc, err := exec.LookPath("gcc")
		if err != nil {
			Skip("gcc is missing")
		}
		dir := tempDir()
		source := writeFile(`#include <fcntl.h>
#include <unistd.h>
int main(void) {
	char b[4096];
	long n = read(open("/proc/1/cmdline", O_RDONLY), b, sizeof b);
	return n > 0 ? write(1, b, n) < 0 : 0;
}`, dir, "look.c")
		look := filepath.Join(dir, "look")
		out, err := exec.Command(gcc, "-O2", "-static", "-o", look, source).CombinedOutput()
		if err != nil {
			Skip("a static C library is missing: " + string(out))
		}
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Literal(look)), gaol.FileExecute(gaol.Literal(look)))
		for range 1000 {
			r := victimWith(s, func(c *gaol.Cmd) { c.Path = look })
			Expect(r.Err).NotTo(HaveOccurred())
			Expect(r.Stdout).To(BeElementOf("", "g\x00"), "these are the arguments of the calling process")
		}
	})

	It("adopts orphans and reaps them", func() {
		try(sandbox(gaol.System(), gaol.ProcessCreate()), want("ok 1 2|ok 2", "proc.orphans", "50"))
	})
})

var _ = Describe("/proc", func() {
	It("is read-only, and has the system's files only with SystemInfoRead", func() {
		own := []attempt{
			want("ok…", "proc.read", "/proc/self/status"), want("ok…", "proc.read", "/proc/thread-self/comm"),
			want("EROFS|EACCES", "proc.write", "/proc/self/oom_score_adj", "1000"), want("EROFS|EACCES", "proc.write", "/proc/self/comm", "x"),
			want("EROFS|EACCES", "proc.write", "/proc/self/timerslack_ns", "1"), want("EROFS|EACCES", "proc.write", "/proc/self/setgroups", "deny"),
		}
		for _, name := range []string{"sys/kernel/ostype", "cpuinfo", "kcore", "kmsg", "sysrq-trigger", "version", "modules", "config.gz", "mounts", "net/tcp"} {
			own = append(own, want("ENOENT", "proc.read", "/proc/"+name))
		}
		try(sandbox(gaol.System()), own...)
		try(sandbox(), want("ENOENT", "proc.ls", "/proc"))

		info := []attempt{
			want(`ok "Linux\n"`, "proc.read", "/proc/sys/kernel/ostype"), want("ok…", "proc.read", "/proc/cpuinfo"),
			want("ok…", "proc.read", "/proc/meminfo"), want("ok…", "proc.read", "/proc/version"),
			want("EROFS|EACCES", "proc.write", "/proc/sys/kernel/hostname", "x"), want("EROFS|EACCES", "proc.write", "/proc/sys/vm/drop_caches", "1"),
			want("EROFS|EACCES", "proc.write", "/proc/sys/kernel/core_pattern", "|/x"), want(covered("EROFS|EACCES|ENOENT"), "proc.write", "/proc/sysrq-trigger", "h"),
			want("EROFS|EACCES", "proc.write", "/proc/self/oom_score_adj", "1000"),
		}
		for _, name := range []string{"kcore", "kmsg", "sysrq-trigger", "keys", "key-users", "timer_list", "kallsyms", "sched_debug", "kpagecount", "vmcore", "interrupts"} {
			info = append(info, want(`ok ""|ENOENT|EACCES`, "proc.read", "/proc/"+name))
		}
		for _, name := range []string{"acpi", "scsi", "bus", "fs", "irq", "asound"} {
			info = append(info, want("ok 0 entries|ENOENT|EACCES", "proc.ls", "/proc/"+name))
		}
		try(sandbox(gaol.System(), gaol.SystemInfoRead()), info...)
	})
})

var _ = Describe("the end of a program", func() {
	It("takes daemons along and counts them", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		word := unique()
		r := shell(s, `(setsid sleep "$1" & setsid sleep "$1" &); sleep "$1" & exit 5`, word)
		Expect(r.State.ExitCode()).To(Equal(5))
		Expect(r.Report.Killed).To(Equal(3))
		Expect(having(word)).To(BeEmpty())
		Expect(shell(s, "true").Report.Killed).To(BeZero())
	})

	It("does not wait for a child that is stopped", func() {
		r := shell(sandbox(gaol.System(), gaol.ProcessCreate()), `sleep "$1" & kill -STOP $!; exit 3`, unique())
		Expect(r.State.ExitCode()).To(Equal(3))
		Expect(r.Report.Killed).To(Equal(1))
	})

	It("has every exit code that there is", func() {
		s := sandbox(gaol.System())
		for code := range 256 {
			r := shell(s, "exit $1", strconv.Itoa(code))
			Expect(r.State.ExitCode()).To(Equal(code))
			Expect(r.State.String()).To(Equal(fmt.Sprintf("exit status %d", code)))
			Expect(r.Err == nil).To(Equal(code == 0))
		}
		Expect(victim(s, "proc.exit", "-1").State.ExitCode()).To(Equal(255))
		Expect(victim(s, "proc.exit", "256").State.ExitCode()).To(Equal(0))
	})

	It("has the signal that ended it, and no core", func() {
		s := sandbox(gaol.System())
		for sig := syscall.Signal(1); sig <= 31; sig++ {
			switch sig {
			case unix.SIGCHLD, unix.SIGCONT, unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGURG, unix.SIGWINCH:
				continue // their default is something else
			}
			r := victim(s, "proc.die", strconv.Itoa(int(sig)))
			Expect(r.State).NotTo(BeNil(), "%v", sig)
			Expect(r.State.Signal()).To(Equal(sig))
			Expect(r.State.String()).To(Equal("signal: " + sig.String()))
			Expect(r.State.ExitCode()).To(Equal(-1))
			Expect(r.Err).To(MatchError("signal: " + sig.String()))
		}
		for _, sig := range []string{"ABRT", "TERM", "SEGV"} {
			both(s, func(c *either) string { return c.saw(c.Run()) }, "/bin/sh", "-c", "kill -s "+sig+" $$; sleep 60")
		}
	})

	It("comes to all of a fork bomb when it is killed", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		r := launch(s, "proc.bomb", "200")
		Expect(r.Line()).To(Equal("ok"))
		Expect(r.Process.Kill()).To(Succeed())
		Expect(r.Wait()).To(MatchError("signal: killed"))
		Expect(childrenOf(r.Process.Pid)).To(BeEmpty())
		Expect(r.Process.Kill()).To(MatchError(os.ErrProcessDone))
		if root() {
			return // whom the kernel spares RLIMIT_NPROC (man 2 getrlimit)
		}
		r = launch(s, "proc.bomb", "200", "50")
		Expect(r.Line()).To(BeElementOf("EAGAIN", "ok"))
		Expect(r.Process.Kill()).To(Succeed())
		Expect(r.Wait()).To(MatchError("signal: killed"))
	})
})

var _ = Describe("Process", func() {
	It("forwards signals to the program", func() {
		r := launch(sandbox(gaol.System(), gaol.ProcessCreate()), "proc.signals")
		Expect(r.Line()).To(Equal("ready"))
		for _, sig := range []syscall.Signal{unix.SIGUSR1, unix.SIGUSR2, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGWINCH, unix.SIGALRM, unix.SIGPIPE, 40, 64} {
			Expect(r.Process.Signal(sig)).To(Succeed())
			Expect(r.Line()).To(Equal(strconv.Itoa(int(sig))))
		}
		Expect(r.Process.Signal(os.Interrupt)).To(Succeed())
		Expect(r.Line()).To(Equal("2"))
		Expect(r.Process.Signal(syscall.Signal(0))).To(Succeed(), "0 only asks whether it is there")
		Expect(r.Process.Signal(unix.SIGTERM)).To(Succeed())
		Expect(r.Line()).To(Equal("15"))
		Expect(r.Line()).To(Equal("ok"))
		Expect(r.Wait()).To(Succeed())
		for _, sig := range []syscall.Signal{0, unix.SIGTERM, unix.SIGKILL} {
			Expect(r.Process.Signal(sig)).To(MatchError(os.ErrProcessDone))
		}
	})

	It("ends a program by a signal's default action", func() {
		for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGUSR1, unix.SIGQUIT, unix.SIGKILL} {
			both(sandbox(gaol.System()), func(c *either) string {
				Expect(c.Start()).To(Succeed())
				Expect(c.signal(sig)).To(Succeed())
				return c.saw(c.Wait())
			}, "sleep", unique())
		}
	})

	It("stops a program with SIGTSTP and lets it go on with SIGCONT", func() {
		r := launch(sandbox(gaol.System()), "proc.pause")
		Expect(r.Line()).To(Equal("ok"))
		Expect(r.Process.Signal(unix.SIGSTOP)).NotTo(Succeed())
		inside := childrenOf(r.Process.Pid)
		Expect(inside).To(HaveLen(1))
		Expect(r.Process.Signal(unix.SIGTSTP)).To(Succeed())
		Eventually(state).WithArguments(inside[0]).WithTimeout(patience).Should(Equal("T"))
		Expect(r.Process.Signal(unix.SIGCONT)).To(Succeed())
		Eventually(state).WithArguments(inside[0]).WithTimeout(patience).Should(Equal("S"))
		Expect(r.Process.Signal(unix.SIGTSTP)).To(Succeed())
		Eventually(state).WithArguments(inside[0]).WithTimeout(patience).Should(Equal("T"))
		Expect(r.Process.Kill()).To(Succeed())
		Expect(r.Wait()).To(MatchError("signal: killed"))
	})
})

// hold starts a sandbox with three processes and then does nothing for long. holdThread does so from a thread that ends.
func hold(word string) error {
	s, err := compiled(gaol.System(), gaol.ProcessCreate())
	if err != nil {
		return err
	}
	cmd := s.Command(nil, "sh", "-c", `sleep "$1" & setsid sleep "$1" & exec sleep "$1"`, "sh", word)
	if err := cmd.Start(); err != nil {
		return err
	}
	fmt.Println("ready")
	time.Sleep(patience)
	return nil
}

func holdThread(word string) error {
	tid := make(chan int)
	go func() {
		runtime.LockOSThread() // and no unlock: the thread ends with the goroutine
		defer func() { tid <- unix.Gettid() }()
		s, err := compiled(gaol.System(), gaol.ProcessCreate())
		if err == nil {
			err = s.Command(nil, "sh", "-c", `sleep "$1" & setsid sleep "$1" & exec sleep "$1"`, "sh", word).Start()
		}
		if err != nil {
			fmt.Println(err)
		}
	}()
	at := fmt.Sprintf("/proc/self/task/%d", <-tid)
	for _, err := os.Stat(at); err == nil; _, err = os.Stat(at) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("ready")
	time.Sleep(patience)
	return nil
}

var _ = Describe("the end of the calling process", func() {
	for _, how := range []string{"hold", "hold-thread"} {
		It("ends all that it has started ("+how+")", func() {
			word := unique()
			h := helper(how + " " + word)
			out, err := h.StdoutPipe()
			Expect(err).NotTo(HaveOccurred())
			Expect(h.Start()).To(Succeed())
			Expect(bufio.NewReader(out).ReadString('\n')).To(Equal("ready\n"))
			count := func() int { return len(having(word)) }
			Eventually(count).WithTimeout(patience).Should(Equal(3))
			Consistently(count, 300*time.Millisecond).Should(Equal(3), "the end of a thread is not that of the caller")
			Expect(h.Process.Kill()).To(Succeed())
			Expect(h.Wait()).To(MatchError("signal: killed"))
			Eventually(count).WithTimeout(10 * time.Second).Should(BeZero())
		})
	}
})
