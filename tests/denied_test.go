//go:build linux && cgo

// These tests are about profiles that end the program for a denied call: which call it was, wherever in the sandbox it was made, that no
// denied call is ever answered, and that nothing inside can have the answering. Where the kernel has to kill by itself, it does.

package tests

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// deniedBy runs the victim in s, which the named call must end.
func deniedBy(s *gaol.Sandbox, call string, args ...string) result {
	GinkgoHelper()
	r := victim(s, args...)
	Expect(r.State.Signal()).To(Equal(syscall.SIGSYS), "%v %v %s", args, r.Lines, r.Stderr)
	Expect(r.State.String()).To(Equal("signal: bad system call"))
	Expect(r.State.ExitCode()).To(Equal(-1))
	Expect(r.State.End()).To(Equal(gaol.EndDenied))
	name, number, ok := r.State.Syscall()
	Expect(fmt.Sprint(name, " ", ok)).To(Equal(call+" true"), "%v", args)
	Expect(r.Report.Denials).To(HaveLen(1))
	Expect(r.Report.Denials[0]).To(HaveField("Syscall", name))
	Expect(r.Report.Denials[0]).To(HaveField("Number", number))
	return r
}

var _ = Describe("a denied call of a profile with OnDenied(Kill)", func() {
	engines := map[string]func(...gaol.Option) *gaol.Sandbox{
		"namespace": func(o ...gaol.Option) *gaol.Sandbox {
			return sandbox(append(o, gaol.OnDenied(gaol.Kill), gaol.WithEngine(gaol.EngineNamespace))...)
		},
		"landlock": func(o ...gaol.Option) *gaol.Sandbox { return rules(append(o, gaol.OnDenied(gaol.Kill))...) },
	}
	for engine, killing := range engines {
		label := Label("namespaces")
		if engine == "landlock" {
			label = Label(withoutNamespaces)
		}
		needProcesses := func() {
			GinkgoHelper()
			if engine == "landlock" {
				needLandlock(6)
			}
		}
		Describe("in the "+engine+" engine", label, func() {
			It("is named, with its number, and what would allow it", func() {
				s := killing()
				for words, want := range map[string]string{
					"syscall mount s:none s:/tmp s:tmpfs 0 0": "mount", "syscall ptrace 0": "ptrace", "socket inet stream": "socket", "syscall unshare 0x10000000": "unshare",
					"syscall clone 17": "clone", "syscall ioctl 1 0x100005412 @": "ioctl", "syscall personality 8": "personality", "syscall shmget 0 4096 0x3b6": "shmget",
					"filter 8": "seccomp",
				} {
					deniedBy(s, want, strings.Fields(words)...)
				}
				r := victim(s, "syscall", "400")
				name, number, ok := r.State.Syscall()
				Expect(fmt.Sprintf("%s %d %v", name, number, ok)).To(Equal(" 400 true"), "a number that no table has")

				for words, want := range map[string]string{
					"syscall mount s:none s:/tmp s:tmpfs 0 0": "no profile allows it", "socket inet stream": "NetworkOutbound(All) or", "syscall clone 17": "ProcessCreate() allows it",
					"syscall ptrace 0": "Trace() allows it", "syscall personality 8": `Syscall("personality") allows it`, "syscall shmget 0 4096 0x3b6": "IPC(SystemV) allows it",
				} {
					Expect(victim(s, strings.Fields(words)...).Report.Denials[0].Suggestion).To(ContainSubstring(want), words)
				}
			})

			It("of another machine is named, too", func() {
				if runtime.GOARCH != "amd64" {
					Skip("x32 and int 0x80 are missing on " + runtime.GOARCH)
				}
				deniedBy(killing(), "i386 getpid", "int80")
				deniedBy(killing(), "x32 getpid", "syscall", "0x40000027")
			})

			It("ends everything, in whichever thread it is made", func() {
				s := killing()
				for _, op := range []string{"denied.thread", "denied.flood"} {
					r := deniedBy(s, "ptrace", "getpid", "--", op, "ptrace", "0", "--", "getpid")
					Expect(r.Lines).To(HaveLen(1), "what came before was allowed, what comes after is never reached")
				}
			})

			It("ends everything, in whichever process it is made", func() {
				needProcesses()
				s := killing(gaol.ProcessCreate())
				for _, op := range []string{"denied.child", "denied.orphan"} {
					for range 20 {
						deniedBy(s, "mount", op, "mount", "s:none", "s:/tmp", "s:tmpfs", "0", "0")
					}
				}
			})

			It("is named between signals", func() {
				s := killing()
				named := 0
				const most = 100 // of which some seven in ten are
				for range most {
					r := victim(s, "denied.alarms", "ptrace", "0")
					Expect(r.State.End()).To(Equal(gaol.EndDenied))
					if name, _, _ := r.State.Syscall(); name == "ptrace" {
						named++
					}
				}
				Expect(named).To(BeNumerically(">", most/2), "a signal takes the call back, so that there can be nothing to name")
			})

			It("leaves the allowed ones alone, and those that programs only probe", func() {
				needProcesses()
				s := killing(gaol.ProcessCreate())
				try(s, want("ok", "thread"), call("ENOSYS", "clone3 @ 88"), call("ENOSYS", "600"), call("ok", "getrandom @ 16 0"), want("ok", "denied.child", "getpid"),
					want("ok", "denied.thread", "getpid"), want("ok", "filter", "0"))
				Expect(victim(s, "proc.exit", "7").State.End()).To(Equal(gaol.EndExited))
			})

			It("is not what the program's own SIGSYS is", func() {
				r := victim(killing(), "proc.die", "31")
				Expect(r.State.Signal()).To(Equal(syscall.SIGSYS))
				_, _, ok := r.State.Syscall()
				Expect(ok).To(BeFalse())
				Expect(r.Report.Denials).To(BeEmpty())
				Expect(r.State.End()).To(Equal(gaol.EndSignaled))
			})

			It("is answered by nothing that the program can have", func() {
				needProcesses()
				options := []gaol.Option{gaol.Trace(), gaol.ProcessCreate()}
				if engine == "namespace" { // where the numbers are to be seen in /proc, too
					options = append(options, gaol.System())
				}
				s := killing(options...)
				try(s, want("ok", "denied.listener"))
				outside, _ := exec.Command(victimPath, "filter", "8", "--", "denied.listener").Output()
				Expect(string(outside)).To(ContainSubstring("seccomp"), "outside it can have one, and finds it")
				deniedBy(s, "seccomp", "denied.listener", "--", "filter", "8")
				// with a filter of its own the program can answer its own calls, but never has them made
				mount := []string{"mount", "s:none", "s:/tmp", "s:tmpfs", "0", "0"}
				try(s, want("ENODATA", append([]string{"denied.between", "errno"}, mount...)...))
				try(s, want("ENOSYS", append([]string{"denied.between", "notify"}, mount...)...))
				deniedBy(s, "mount", append([]string{"denied.between", "log"}, mount...)...)
				Expect(victim(s, append([]string{"denied.between", "kill"}, mount...)...).State.Signal()).To(Equal(syscall.SIGSYS))
			})

			It("ends the program while the caller stands still", func() {
				s := killing()
				c := launch(s, "syscall", "ptrace", "0")
				pid := c.Process.Pid
				Eventually(func() string { return state(pid) }).WithTimeout(patience).Should(BeElementOf("", "Z"), "the init is gone, and nobody has read what it says")
				Expect(c.Wait()).To(MatchError(HavePrefix("signal: bad system call")))
				name, _, _ := c.ProcessState.Syscall()
				Expect(name).To(Equal("ptrace"))
			})

			It("leaves nothing behind, whatever comes of the command", func() {
				s := killing()
				keepsNothing(func() {
					victim(s, "syscall", "ptrace", "0")
					victim(s, "getpid")
					Expect(s.Command(context.Background(), "/nowhere").Run()).NotTo(Succeed())
				})
			})

			It("costs the caller no descriptor while the command runs", func() {
				count := func(s *gaol.Sandbox) int {
					settled()
					before := len(holding().FDs)
					c := launch(s, "proc.pause")
					c.Line()
					n := len(holding().FDs) - before
					Expect(c.Process.Kill()).To(Succeed())
					_ = c.Wait()
					return n
				}
				killing, errno := killing(), sandbox(gaol.WithEngine(map[string]gaol.Engine{"namespace": gaol.EngineNamespace, "landlock": gaol.EngineLandlock}[engine]), gaol.FileReadMetadata(gaol.Subpath("/")))
				Expect(count(killing)).To(Equal(count(errno)))
			})

			It("ends the program where other descriptors take the numbers around", func() {
				s := killing()
				var files []*os.File
				for range 40 {
					f, err := os.Open("/dev/null")
					Expect(err).NotTo(HaveOccurred())
					defer f.Close()
					files = append(files, f)
				}
				r := victimWith(s, handing(files...), "syscall", "ptrace", "0")
				name, _, _ := r.State.Syscall()
				Expect(name).To(Equal("ptrace"))
				Expect(victimWith(s, handing(files...), "proc.fds").Said(0)).To(Equal(victimWith(sandbox(), handing(files...), "proc.fds").Said(0)))
			})
		})
	}

	It("ends the program behind somebody else's filter, whose errno would outrank a word, without its name", func() {
		for _, around := range []string{"docker", "keys"} {
			for call, end := range map[string]string{"keyctl 0 -3 1": "signal: bad system call", "ptrace 0": "signal: bad system call", "getpid": "<nil>"} {
				argv := append([]string{gaolBinary(), "run", "--system", "--metadata", "/", "--read", victimPath, "--exec", victimPath, "--on-denied", "kill", "--", victimPath, "syscall"}, strings.Fields(call)...)
				c := (place{}).filtered(around).inside(argv...)
				var out, errs bytes.Buffer
				c.Stdout, c.Stderr = &out, &errs
				_ = c.Run()
				code := map[string]int{"<nil>": 0, "signal: bad system call": 128 + int(unix.SIGSYS)}[end]
				Expect(c.ProcessState.ExitCode()).To(Equal(code), "%s in %s: %s%s", call, around, out.String(), errs.String())
				if code != 0 {
					Expect(errs.String()).To(ContainSubstring("gaol: denied: system call;"))
				}
			}
		}
	})
})
