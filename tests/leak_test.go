//go:build linux && cgo

// These tests compare what this process holds before and after many commands of each kind: descriptors, children, mounts, goroutines,
// threads, temporary files. Then they let gaol run out of things, in a helper, since what fails halfway is where leaks are made.

package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/outside"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

const spawns = 200

// keepsNothing runs f many times; afterwards this process must hold what it held before.
func keepsNothing(f func()) {
	GinkgoHelper()
	for range 5 { // what is made once and kept: the init's image, pooled memory, threads
		f()
	}
	GinkgoT().Setenv("TMPDIR", tempDir()) // nobody else's
	settled()
	before := outside.Holding()
	for range spawns {
		f()
	}
	Eventually(func(g Gomega) { // goroutines and threads end a moment after what they did
		now := outside.Holding()
		g.Expect(now.FDs).To(Equal(before.FDs))
		g.Expect(now.Children).To(Equal(before.Children))
		g.Expect(now.Mounts).To(Equal(before.Mounts))
		g.Expect(now.Temporary).To(Equal(before.Temporary))
		g.Expect(now.Goroutines).To(BeNumerically("<=", before.Goroutines))
		g.Expect(now.Threads).To(BeNumerically("<=", before.Threads+spawns/10), "the Go runtime may keep some")
	}).WithTimeout(10 * time.Second).Should(Succeed())
}

// settled waits until the number of goroutines does not change any more, and frees what finalizers would.
func settled() {
	runtime.GC()
	for last := -1; last != runtime.NumGoroutine(); time.Sleep(50 * time.Millisecond) {
		last = runtime.NumGoroutine()
	}
}

var _ = Describe("many commands", func() {
	It("leave nothing behind when they succeed", func() {
		s := sandbox(gaol.System())
		keepsNothing(func() { Expect(s.Command(context.Background(), "true").Run()).To(Succeed()) })
	})

	It("leave nothing behind when they fail", func() {
		s := sandbox(gaol.System())
		keepsNothing(func() { Expect(s.Command(context.Background(), "false").Run()).To(MatchError("exit status 1")) })
	})

	It("leave nothing behind with readers, writers, pipes and files", func() {
		s := sandbox(gaol.System())
		keepsNothing(func() {
			c := s.Command(context.Background(), "cat")
			c.Stdin = strings.NewReader("x")
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			f, err := os.Open(os.DevNull)
			Expect(err).NotTo(HaveOccurred())
			c.ExtraFiles = []*os.File{f, f}
			Expect(c.Run()).To(Succeed())
			Expect(f.Close()).To(Succeed(), "the caller's files stay the caller's")
			c = s.Command(context.Background(), "cat")
			in, _ := c.StdinPipe()
			pipe, _ := c.StdoutPipe()
			_, _ = c.StderrPipe()
			Expect(c.Start()).To(Succeed())
			_ = in.Close()
			_, _ = io.ReadAll(pipe)
			Expect(c.Wait()).To(Succeed())
		})
	})

	It("leave nothing behind when they are never executed", func() {
		s := sandbox(gaol.System())
		keepsNothing(func() {
			c := s.Command(context.Background(), "/no/such/program")
			c.Stdin, c.Stdout, c.Stderr = strings.NewReader("x"), &bytes.Buffer{}, &bytes.Buffer{}
			Expect(c.Run()).To(BeAssignableToTypeOf(&gaol.SetupError{}))
			c = s.Command(context.Background(), "/no/such/program")
			_, _ = c.StdinPipe()
			_, _ = c.StdoutPipe()
			_, _ = c.StderrPipe()
			Expect(c.Start()).To(BeAssignableToTypeOf(&gaol.SetupError{}))
			c = s.Command(context.Background(), "")
			_, _ = c.StdinPipe()
			Expect(c.Start()).NotTo(Succeed())
		})
	})

	It("leave nothing behind when a step fails", func() {
		dir := tempDir()
		at := makeDir(dir, "at")
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.Private(at))
		Expect(os.Remove(at)).To(Succeed())
		keepsNothing(func() {
			Expect(s.Command(context.Background(), "true").Run()).To(BeAssignableToTypeOf(&gaol.SetupError{}))
			c := s.Command(context.Background(), "true")
			c.Dir = "/nowhere"
			Expect(c.Run()).To(BeAssignableToTypeOf(&gaol.SetupError{}))
		})
	})

	It("leave nothing behind when they are cancelled or killed", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		keepsNothing(func() {
			ctx, cancel := context.WithCancel(context.Background())
			c := s.Command(ctx, "sh", "-c", "sleep 60 & sleep 60")
			c.WaitDelay = time.Minute
			Expect(c.Start()).To(Succeed())
			cancel()
			Expect(c.Wait()).To(MatchError("signal: killed"))
			Expect(s.Command(ctx, "true").Run()).To(MatchError(context.Canceled))
			c = s.Command(context.Background(), "sh", "-c", "setsid sleep 60 & sleep 60")
			Expect(c.Start()).To(Succeed())
			Expect(c.Process.Kill()).To(Succeed())
			Expect(c.Wait()).To(MatchError("signal: killed"))
		})
	})

	It("leave nothing behind when many run at once", func() {
		s := sandbox(gaol.System())
		keepsNothing(func() {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() { _ = s.Command(context.Background(), "true").Run() })
			}
			all.Wait()
		})
	})
})

var _ = Describe("many sandboxes", func() {
	It("leave nothing behind when they are closed", func() {
		dir := tempDir()
		keepsNothing(func() {
			s, err := compiled(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.Private("/tmp"))
			Expect(err).NotTo(HaveOccurred())
			Expect(s.Close()).To(Succeed())
		})
	})

	It("leave nothing behind when they cannot be made", func() {
		missing := filepath.Join(tempDir(), "missing")
		keepsNothing(func() {
			_, err := compiled(gaol.System(), gaol.FileRead(gaol.Literal(missing)))
			Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}))
			_, err = compiled(gaol.System(), gaol.FileRead(gaol.Literal("/dev/tty")))
			Expect(err).To(MatchError(gaol.ErrUnsupported))
		})
	})

	It("leave nothing behind when the host refuses a step", func() {
		if !root() {
			Skip("root is missing: only its profiles can name what the builder cannot reach")
		}
		dir := makeDir(tempDir(), "of-another-user")
		sub := makeDir(dir, "sub")
		Expect(os.Chown(dir, 2000, 2000)).To(Succeed())
		Expect(os.Chmod(dir, 0o700)).To(Succeed())
		op := gaol.FileRead(gaol.Subpath(sub))
		keepsNothing(func() {
			_, err := compiled(gaol.System(), op)
			var setup *gaol.SetupError
			Expect(errors.As(err, &setup)).To(BeTrue(), "%v", err)
			Expect([]string{setup.Step, setup.Path, setup.Operation}).To(Equal([]string{"bind", sub, op.String()}))
			Expect(err).To(MatchError(os.ErrPermission))
		})
	})
})

var _ = Describe("a caller without enough", func() {
	It("is told at which step descriptors ran out, keeps those that it has, and can go on", func() {
		for order, steps := range map[string][]string{
			"starve-start": {"create pipe", "clone init"},
			"starve-new":   {"keep namespaces"},
		} {
			said := helped(order)
			for _, step := range steps {
				Expect(said).To(ContainSubstring("EMFILE "+step), "%s:\n%s", order, said)
			}
			Expect(said).To(HavePrefix("0 EMFILE"))
			Expect(strings.Split(strings.TrimSpace(said), "\n")).To(HaveEach(MatchRegexp(`^\d+ (ok|EMFILE .+)$`)))
			Expect(said).To(HaveSuffix(" ok\n"))
		}
	})

	It("gets a whole sandbox or none when descriptors run out in the middle, and keeps its own", func() {
		Expect(helped("starve-race")).To(Equal("<nil> <nil>\n"))
	})

	It("is told what the host does not allow, and what would", func() {
		needUnshare()
		Expect(helped("new", "unshare", "-Urm")).To(Equal("<nil> <nil>\n"))
		Expect(helped("new", "unshare", "-Urm", "sh", "-c", `mount -t tmpfs none /proc/fs && exec "$0"`)).To(And(HavePrefix("*gaol.UnsupportedError"),
			ContainSubstring("System() needs a /proc of its own"), ContainSubstring("unmasked /proc")))
		Expect(helped("new", "unshare", "-Ur", "sh", "-c", `echo 0 >/proc/sys/user/max_user_namespaces && exec "$0"`)).To(And(
			HavePrefix("*gaol.UnsupportedError"), ContainSubstring("create namespaces: no space left on device"), ContainSubstring("sysctl user.max_user_namespaces=")))
		said := strings.Split(helped("no-namespaces", "unshare", "-Ur"), "\n")
		Expect(said[:2]).To(HaveEach(And(HavePrefix("gaol: this host cannot enforce the profile"), ContainSubstring("no space left on device"))),
			"also where it was possible before")
		Expect(said[2:]).To(Equal([]string{"<nil>", ""}), "and again when it is possible again")
	})
})

func needUnshare() {
	GinkgoHelper()
	for _, program := range []string{"unshare", "mount"} {
		if _, err := lookPath(program); err != nil {
			Skip(fmt.Sprintf("%s is missing", program))
		}
	}
}

// ---- helpers that lack something ----

// starving calls f with ever more free descriptors, until it has succeeded three times in a row. It prints what each time came of it.
func starving(f func() error) error {
	lowest, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_ = unix.Close(lowest)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return err
	}
	settled()
	before := outside.Holding().FDs
	for good, limit := 0, lowest; good < 3 && limit < lowest+64; limit++ {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(limit), Max: old.Max}); err != nil {
			return err
		}
		err := f()
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			return err
		}
		settled() // the init of a command that has been waited for ends a moment later, and so does what waits for it
		if now := outside.Holding().FDs; !slices.Equal(now, before) {
			return fmt.Errorf("%d free: %v has left %v of %v", limit-lowest, err, now, before)
		}
		var setup *gaol.SetupError
		switch {
		case err == nil:
			good++
			fmt.Println(limit-lowest, "ok")
		case errors.As(err, &setup) && errors.Is(err, unix.EMFILE):
			good = 0
			fmt.Println(limit-lowest, "EMFILE", setup.Step)
		default:
			return fmt.Errorf("%d free: %T %w", limit-lowest, err, err)
		}
	}
	return nil
}

func starveStart(string) error {
	s, err := compiled(gaol.System())
	if err != nil {
		return err
	}
	run := func() error {
		c := s.Command(nil, "/bin/true")
		c.Stdin, c.Stdout, c.Stderr, c.Dir = os.Stdin, os.Stdout, os.Stdout, "/"
		return c.Run()
	}
	if err := run(); err != nil {
		return err
	}
	return starving(run)
}

func starveNew(string) error {
	var s *gaol.Sandbox
	build := func() (err error) { // what New gives must hold all of its namespaces, however few numbers were free
		s, err = compiled(gaol.System())
		if err == nil {
			defer s.Close()
			c := s.Command(nil, "/bin/true")
			c.Stdin, c.Stdout, c.Stderr, c.Dir = os.Stdin, os.Stdout, os.Stdout, "/"
			err = c.Run()
		}
		return err
	}
	if err := build(); err != nil {
		return err
	}
	return starving(build)
}

// newOne prints what comes of New and of a command.
func newOne(string) error {
	s, err := compiled(gaol.System())
	if err == nil {
		err = s.Command(nil, "/bin/true").Run()
	}
	fmt.Printf("%T %v\n", err, err)
	return nil
}

// noNamespaces takes the right to make mount namespaces away when a sandbox is there already, and gives it back.
func noNamespaces(string) error {
	const knob = "/proc/sys/user/max_mnt_namespaces"
	s, err := compiled(gaol.System())
	if err != nil {
		return err
	}
	if err := os.WriteFile(knob, []byte("0"), 0); err != nil {
		return err
	}
	fmt.Println(s.Command(nil, "/bin/true").Run())
	_, err = compiled(gaol.System())
	fmt.Println(err)
	if err := os.WriteFile(knob, []byte("100"), 0); err != nil {
		return err
	}
	fmt.Println(s.Command(nil, "/bin/true").Run())
	return nil
}

// starveRace builds sandboxes while another thread takes and gives back descriptors, so that they run out at any moment of it.
func starveRace(string) error {
	if err := newOne(""); err != nil {
		return err
	}
	lowest, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_ = unix.Close(lowest)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return err
	}
	log, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 500) // where no stray close hits it
	if err != nil {
		return err
	}
	var stop atomic.Bool
	go func() {
		for !stop.Load() {
			var taken [9]int
			for i := range taken {
				taken[i], _ = unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			}
			time.Sleep(20 * time.Microsecond)
			for _, fd := range taken {
				if fd > 2 {
					_ = unix.Close(fd)
				}
			}
			time.Sleep(300 * time.Microsecond)
		}
	}()
	wrong := map[string]int{}
	for i := range 800 {
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowest + 6 + i%16), Max: old.Max})
		s, err := compiled(gaol.System())
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
		if err != nil {
			if !errors.Is(err, unix.EMFILE) {
				wrong["New: "+err.Error()]++
			}
			continue
		}
		c := s.Command(nil, "/bin/true")
		c.Stdin, c.Stdout, c.Stderr, c.Dir = os.Stdin, os.Stdout, os.Stderr, "/"
		if err := c.Run(); err != nil {
			wrong["Run: "+err.Error()]++
		}
		_ = s.Close()
	}
	stop.Store(true)
	for text, n := range wrong {
		_, _ = unix.Write(log, fmt.Appendf(nil, "%d times %s\n", n, text))
	}
	return nil
}
