//go:build linux && cgo

// These tests are about how a command starts: its environment, its directory, what it inherits from the caller and what not, and the
// rules of Start, Wait and Close. What os/exec promises is tried through os/exec, too, and must come out the same.

package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// in changes this process's directory, and PWD with it, until the test ends.
func in(dir string) {
	GinkgoHelper()
	old, err := os.Getwd()
	Expect(err).NotTo(HaveOccurred())
	pwd := os.Getenv("PWD")
	Expect(os.Chdir(dir)).To(Succeed())
	Expect(os.Setenv("PWD", dir)).To(Succeed())
	DeferCleanup(func() {
		Expect(os.Chdir(old)).To(Succeed())
		Expect(os.Setenv("PWD", pwd)).To(Succeed())
	})
}

func output(c *gaol.Cmd) string {
	GinkgoHelper()
	out, err := c.Output()
	Expect(err).NotTo(HaveOccurred())
	return string(out)
}

var _ = Describe("the environment of a command", func() {
	for name, list := range map[string][][]string{
		"is what the caller gives, the last of duplicates": {{}, {"A=1"}, {"A=1", "B=2", "A=3"}, {"A=", "A=1"}, {"A=1\n2"}, {"A=\xff", "a=1", "A=2"}, {"A=b=c", "A=d"}},
		"may have entries that are no variables":           {{"A=1", "A"}, {"A", "A"}, {"A", "A=1"}, {"=x"}, {"=x", "=y"}, {"A=", "B"}, {""}, {"A=1", ""}},
	} {
		It(name, func() {
			s := sandbox(gaol.System())
			for _, env := range list {
				both(s, func(c *either) string {
					c.set(fields{Env: env})
					out, err := c.Output()
					return c.saw(err, out)
				}, "/usr/bin/env")
			}
		})
	}

	It("is a minimal one by default, never the caller's", func() {
		Expect(os.Setenv("GAOL_SECRET", "secret")).To(Succeed())
		DeferCleanup(os.Unsetenv, "GAOL_SECRET")
		minimal := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LANG=C.UTF-8"}
		env := func(options ...gaol.Option) []string {
			return strings.Split(strings.TrimSuffix(output(sandbox(append(options, gaol.System())...).Command(context.Background(), "env")), "\n"), "\n")
		}
		Expect(env()).To(ConsistOf(minimal))
		Expect(env(gaol.Env("A", "1"), gaol.PassEnv("GAOL_SECRET", "GAOL_NOT_SET"))).To(ConsistOf(append(minimal, "A=1", "GAOL_SECRET=secret")))
		Expect(env(gaol.Env("HOME", "/x"), gaol.Env("A", "1"), gaol.Env("A", "2"))).To(ConsistOf(minimal[0], "HOME=/x", minimal[2], "A=2"))
		Expect(env(gaol.Env("GAOL_SECRET", "public"), gaol.PassEnv("GAOL_SECRET"))).To(ContainElement("GAOL_SECRET=public"))

		cmd := sandbox(gaol.System(), gaol.Env("A", "1")).Command(context.Background(), "env")
		cmd.Env = []string{"PATH=/usr/bin"}
		Expect(output(cmd)).To(Equal("PATH=/usr/bin\n"), "a command's own environment is the whole")
	})

	It("has the PATH in which the name is looked up", func() {
		s := sandbox(gaol.System())
		cmd := s.Command(context.Background(), "env")
		cmd.Env = []string{"PATH=relative::/nowhere:/usr/bin"}
		Expect(cmd.Run()).To(Succeed())
		for _, path := range []string{"PATH=/nowhere", "PATH=", "PATH=relative:.", "PATH=/nowhere:/dev/null"} {
			cmd = s.Command(context.Background(), "env")
			cmd.Env = []string{path}
			Expect(cmd.Run()).To(MatchError(exec.ErrNotFound), path)
		}
	})
})

var _ = Describe("the directory of a command", func() {
	It("is Dir, else the profile's, else the caller's where it is visible, else /", func() {
		visible, hidden := tempDir(), tempDir()
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(visible)))
		pwd := func(s *gaol.Sandbox, dir string) string {
			cmd := s.Command(context.Background(), "/bin/pwd")
			cmd.Dir = dir
			return strings.TrimSuffix(output(cmd), "\n")
		}
		sub := makeDir(visible, "sub")
		Expect(pwd(s, sub)).To(Equal(sub))
		in(hidden)
		Expect(pwd(s, "")).To(Equal("/"))
		in(sub)
		Expect(pwd(s, "")).To(Equal(sub))
		in(suiteDir)
		Expect(pwd(s, "")).To(Equal(suiteDir), "a directory on the way to a granted path is visible")
		Expect(pwd(sandbox(gaol.System(), gaol.Dir("/usr")), "")).To(Equal("/usr"))
		Expect(pwd(sandbox(gaol.System(), gaol.Dir("/usr")), "/bin")).To(BeElementOf("/bin", "/usr/bin"))
		Expect(pwd(sandbox(gaol.System(), gaol.Private(visible)), "")).To(BeElementOf("/", suiteDir))
		gone := makeDir(visible, "gone")
		in(gone)
		Expect(os.Remove(gone)).To(Succeed())
		Expect(pwd(s, "")).To(Equal("/"))
	})

	It("is a visible one even if the caller came there through a link", func() {
		visible, hidden := tempDir(), tempDir()
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(visible)))
		pwd := func() string {
			return strings.TrimSuffix(output(s.Command(context.Background(), "/bin/pwd", "-P")), "\n")
		}
		in(link(hidden, visible, "leads-out"))
		Expect(pwd()).To(Equal("/"), "what the link leads to is not visible")
		in(link(visible, hidden, "leads-in"))
		Expect(pwd()).To(Equal(visible))
	})
})

var _ = Describe("what a program inherits", func() {
	It("are no other descriptors, default signals, and no core dumps", func() {
		var secret [2]int
		Expect(unix.Pipe(secret[:])).To(Succeed()) // without CLOEXEC
		DeferCleanup(func() { _ = unix.Close(secret[0]); _ = unix.Close(secret[1]) })
		s := sandbox(gaol.System())
		try(s, want("ok 0 1 2", "proc.fds"), want("ok 1 1", "proc.rlimit", fmt.Sprint(unix.RLIMIT_CORE)))
		status := output(s.Command(context.Background(), "cat", "/proc/self/status"))
		Expect(status).To(MatchRegexp(`SigBlk:\t0{16}\nSigIgn:\t0{16}\n`))
		Expect(status).To(MatchRegexp(`NoNewPrivs:\t1`))
		Expect(status).To(MatchRegexp(`Cap(Inh|Prm|Eff|Bnd|Amb):\t0{16}\n`))
	})

	It("are the limit of open files, the umask and the nice value, as in os/exec", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		see := func(c *either) string { out, err := c.Output(); return c.saw(err, out) }
		both(s, see, "/bin/sh", "-c", "ulimit -Sn; ulimit -Hn; umask; nice")
		try(s, want("ok 0", "proc.nice"), want("ok 0", "proc.nice", "5"), want("EPERM|EACCES ok 5…|EACCES 5|EPERM 5", "proc.nice", "-5"))
		Expect(helped("run ulimit -Sn; umask; nice", "/bin/sh", "-c", `ulimit -Sn 777; umask 027; exec nice -n 3 "$0"`)).To(Equal("777\n0027\n3\n"),
			"Go raises its own limit; a program must not see that")
	})

	It("are the limit of open files and the umask that the caller has now, not those it had at first", func() {
		Expect(helped("limits")).To(Equal("0077\n256\n512\n"))
	})

	It("is no terminal, no session and no host name of the caller's", func() {
		s := sandbox(gaol.System())
		Expect(shell(s, "exec uname -n").Stdout).To(Equal("gaol\n"))
		try(s, want("ENXIO|ENOENT", "proc.read", "/dev/tty"), want("ok pid 2 parent 1 group 2 session 1", "proc.ids"))
		Expect(shell(sandbox(gaol.System(), gaol.Private("/dev/pts")), ": </dev/tty").Err).To(HaveOccurred())
	})
})

// runOne prints what a script says in a sandbox of a fresh process.
func runOne(script string) error {
	s, err := compiled(gaol.System(), gaol.ProcessCreate())
	if err != nil {
		return err
	}
	cmd := s.Command(nil, "/bin/sh", "-c", script)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// runLimited changes its umask and its limits after it has used gaol.
func runLimited(string) error {
	if err := runOne("exit 0"); err != nil {
		return err
	}
	unix.Umask(0o077)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 256, Max: 512}); err != nil {
		return err
	}
	return runOne("umask; ulimit -Sn; ulimit -Hn")
}

var _ = Describe("a command", func() {
	It("starts once and is waited for once", func() {
		s := sandbox(gaol.System())
		both(s, func(c *either) string {
			text := fmt.Sprint(c.Wait())
			text += fmt.Sprint("; ", c.Start(), "; ", c.Start())
			_, in := c.StdinPipe()
			_, out := c.StdoutPipe()
			_, errs := c.StderrPipe()
			text += fmt.Sprint("; ", in, "; ", out, "; ", errs, "; ", c.Wait(), "; ", c.Wait(), "; ", c.Start())
			return text
		}, "true")
	})

	It("that was not made by a Sandbox is an error, and no more", func() {
		var c gaol.Cmd
		Expect(c.Start()).To(MatchError(ContainSubstring("Sandbox.Command")))
		Expect((&gaol.Cmd{Path: "/bin/true"}).Run()).NotTo(Succeed())
		Expect((&gaol.Cmd{}).Wait()).NotTo(Succeed())
	})

	It("can have another name than its path", func() {
		both(sandbox(gaol.System()), func(c *either) string {
			c.set(fields{Args: []string{"other name", "-c", `echo "$0" "$@"`}})
			out, err := c.Output()
			return c.saw(err, out)
		}, "/bin/sh")
	})

	It("returns Err at once", func() {
		s := sandbox(gaol.System())
		c := s.Command(context.Background(), "true")
		c.Err = errors.New("no")
		Expect(c.Run()).To(MatchError("no"))
	})

	It("tells how it ended, what it used and what was enforced", func() {
		s := sandbox(gaol.System())
		c := s.Command(context.Background(), "sh", "-c", "i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done")
		Expect(c.Report().State).To(BeNil())
		Expect(c.Run()).To(Succeed())
		r := c.Report()
		Expect(r.State).To(Equal(c.ProcessState))
		Expect(r.Engine).To(Equal("namespace"))
		Expect(r.Enforced).NotTo(BeEmpty())
		Expect(r.Gaps).To(BeEmpty())
		Expect(r.Usage.User + r.Usage.System).To(BeNumerically(">", 0))
		Expect(r.Usage.Wall).To(BeNumerically(">", 0))
		Expect(r.Usage.MaxRSS).To(BeNumerically(">", 100<<10))
		Expect(c.ProcessState.Pid()).To(Equal(c.Process.Pid))
	})
})

var _ = Describe("a sandbox", func() {
	It("starts nothing after Close, and may be closed twice and while commands run", func() {
		s := sandbox(gaol.System())
		running := s.Command(context.Background(), "sh", "-c", "read line; echo $line")
		in, err := running.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		var out bytes.Buffer
		running.Stdout = &out
		Expect(running.Start()).To(Succeed())
		Expect(s.Close()).To(Succeed())
		Expect(s.Close()).To(Succeed())
		late := s.Command(context.Background(), "true")
		Expect(late.Run()).To(MatchError(gaol.ErrClosed))
		Expect(late.Report().Engine).To(Equal("namespace"))
		_, err = in.Write([]byte("still here\n"))
		Expect(err).NotTo(HaveOccurred())
		Expect(running.Wait()).To(Succeed())
		Expect(out.String()).To(Equal("still here\n"))
	})

	It("serves 64 goroutines at once, whatever becomes of their commands", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		cases := []struct {
			want string
			run  func(i int) (string, error)
		}{
			{"<nil>", func(i int) (string, error) {
				word := fmt.Sprint("word ", i)
				out, err := s.Command(context.Background(), "echo", "-n", word).Output()
				return strings.TrimPrefix(string(out), word), err
			}},
			{"exit status 3", func(int) (string, error) { return "", s.Command(context.Background(), "sh", "-c", "exit 3").Run() }},
			{"gaol: execute no-such-program: no such file or directory", func(int) (string, error) {
				return "", s.Command(context.Background(), "no-such-program").Run()
			}},
			{"gaol: change directory /nowhere: no such file or directory", func(int) (string, error) {
				c := s.Command(context.Background(), "true")
				c.Dir = "/nowhere"
				return "", c.Run()
			}},
			{"signal: killed", func(int) (string, error) {
				c := s.Command(context.Background(), "sh", "-c", "sleep 60 & sleep 60")
				if err := c.Start(); err != nil {
					return "", err
				}
				_ = c.Process.Kill()
				return "", c.Wait()
			}},
			{"signal: segmentation fault", func(int) (string, error) {
				return "", s.Command(context.Background(), "sh", "-c", "kill -SEGV $$").Run()
			}},
			{"context canceled", func(int) (string, error) {
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				return "", s.Command(ctx, "true").Run()
			}},
		}
		var all sync.WaitGroup
		wrong := make(chan string, 64*8)
		for g := range 64 {
			all.Go(func() {
				if g%8 == 0 {
					runtime.LockOSThread() // and no unlock: the threads end, too
				}
				for i := range 8 {
					c := cases[(g+i)%len(cases)]
					rest, err := c.run(g*8 + i)
					if got := fmt.Sprint(err); got != c.want || rest != "" {
						wrong <- fmt.Sprintf("%s %q, want %s", got, rest, c.want)
					}
				}
			})
		}
		all.Wait()
		close(wrong)
		var list []string
		for w := range wrong {
			list = append(list, w)
		}
		Expect(list).To(BeEmpty())
	})

	It("can be closed while many spawn, which then succeed or are refused", func() {
		for range 20 {
			s := sandbox(gaol.System())
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					defer GinkgoRecover()
					for {
						err := s.Command(context.Background(), "true").Run()
						if errors.Is(err, gaol.ErrClosed) {
							return
						}
						Expect(err).NotTo(HaveOccurred())
					}
				})
			}
			Expect(s.Command(context.Background(), "true").Run()).To(Succeed())
			Expect(s.Close()).To(Succeed())
			all.Wait()
		}
	})

	It("keeps what it had granted when the host changes", func() {
		dir := tempDir()
		file := writeFile("old", dir, "file")
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Literal(file)))
		Expect(os.Rename(file, filepath.Join(dir, "moved"))).To(Succeed())
		Expect(os.Symlink("/etc/shadow", file)).To(Succeed())
		Expect(output(s.Command(context.Background(), "cat", file))).To(Equal("old"))
		Expect(syscall.Unlink(filepath.Join(dir, "moved"))).To(Succeed())
		Expect(output(s.Command(context.Background(), "cat", file))).To(Equal("old"))
	})
})
