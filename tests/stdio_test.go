//go:build linux && cgo

// These tests are about what goes in and out of a command, and how its waiting ends: standard streams, pipes, ExtraFiles, contexts, Cancel
// and WaitDelay. Each case that os/exec promises runs through os/exec and through gaol, and the two transcripts must be equal.

package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol"
	faces "github.com/gaol-sandbox/gaol/tests/either"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// plain hides that a reader is a file.
type plain struct{ io.Reader }

func theFile(path string, flags int) *os.File {
	GinkgoHelper()
	f, err := os.OpenFile(path, flags, 0o644)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { _ = f.Close() })
	return f
}

var _ = Describe("standard streams", func() {
	var s *gaol.Sandbox
	BeforeEach(func() { s = sandbox(gaol.System(), gaol.ProcessCreate()) })

	It("take standard input from a reader, a file or nothing", func() {
		needLandlock(2)
		file := writeFile("from a file", tempDir(), "in")
		for _, stdin := range []func() io.Reader{
			func() io.Reader { return strings.NewReader("from a reader") },
			func() io.Reader { return theFile(file, os.O_RDONLY) },
			func() io.Reader { return plain{theFile(file, os.O_RDONLY)} },
			func() io.Reader { return nil },
			func() io.Reader { return bytes.NewReader(make([]byte, 3<<20)) },
			func() io.Reader { return &faces.Faulty{After: 1000} },
		} {
			programs := []string{"cat", "wc -c", "true", "head -c 3", "exec <&-; exit 4"}
			if _, is := stdin().(*faces.Faulty); is {
				programs = programs[:2] // the others may end first, and then its error counts for nothing
			}
			for _, program := range programs {
				both(s, func(c *either) string {
					c.set(fields{Stdin: stdin()})
					out, err := c.Output()
					return c.saw(err, out)
				}, "/bin/sh", "-c", program)
			}
		}
	})

	It("write standard output and error to writers, files, the same writer or nothing", func() {
		needLandlock(2)
		const script = "i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; exit 1"
		dir := tempDir()
		for n, to := range []func(a, b *bytes.Buffer) (io.Writer, io.Writer){
			func(a, b *bytes.Buffer) (io.Writer, io.Writer) { return a, b },
			func(a, b *bytes.Buffer) (io.Writer, io.Writer) { return a, a },
			func(a, b *bytes.Buffer) (io.Writer, io.Writer) { return a, nil },
			func(a, b *bytes.Buffer) (io.Writer, io.Writer) { return nil, b },
			func(a, b *bytes.Buffer) (io.Writer, io.Writer) { return nil, nil },
			func(a, b *bytes.Buffer) (io.Writer, io.Writer) {
				return faces.Uncomparable{To: a}, faces.Uncomparable{To: b}
			},
		} {
			both(s, func(c *either) string {
				var a, b bytes.Buffer
				stdout, stderr := to(&a, &b)
				c.set(fields{Stdout: stdout, Stderr: stderr})
				return c.saw(c.Run(), &a, &b)
			}, "/bin/sh", "-c", script)
			path := filepath.Join(dir, fmt.Sprint(n))
			both(s, func(c *either) string {
				f := theFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
				c.set(fields{Stdout: f, Stderr: f})
				err := c.Run()
				b, _ := os.ReadFile(path)
				return c.saw(err, b)
			}, "/bin/sh", "-c", script)
		}
		both(s, func(c *either) string {
			c.set(fields{Stdout: &faces.Faulty{}})
			return c.saw(c.Run())
		}, "/bin/sh", "-c", "echo once")
	})

	It("are collected by Output and CombinedOutput", func() {
		for _, script := range []string{"echo a; echo b >&2", "echo a; echo b >&2; exit 3", "kill -9 $$", "seq 1 100000 >&2; exit 1",
			"head -c 65536 /dev/zero >&2; exit 1", "head -c 65537 /dev/zero >&2; exit 1"} {
			both(s, func(c *either) string { out, err := c.Output(); return c.saw(err, out) }, "/bin/sh", "-c", script)
		}
		for _, script := range []string{"echo a; echo b >&2; echo c; exit 3", "seq 1 100000"} {
			both(s, func(c *either) string { out, err := c.CombinedOutput(); return c.saw(err, out) }, "/bin/sh", "-c", script)
		}
		both(s, func(c *either) string {
			var stderr bytes.Buffer
			c.set(fields{Stderr: &stderr})
			out, err := c.Output()
			return c.saw(err, out, &stderr)
		}, "/bin/sh", "-c", "echo a; echo b >&2; exit 1")
	})

	It("cannot be set twice", func() {
		for _, use := range []func(*either) error{
			func(c *either) error { _, err := c.Output(); return err },
			func(c *either) error { _, err := c.CombinedOutput(); return err },
			func(c *either) error { _, err := c.StdinPipe(); return err },
			func(c *either) error { _, err := c.StdoutPipe(); return err },
			func(c *either) error { _, err := c.StderrPipe(); return err },
		} {
			both(s, func(c *either) string {
				c.set(fields{Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
				return fmt.Sprint(use(c))
			}, "true")
		}
	})

	It("can be pipes", func() {
		both(s, func(c *either) string {
			in, e1 := c.StdinPipe()
			out, e2 := c.StdoutPipe()
			errs, e3 := c.StderrPipe()
			e4 := c.Start()
			_, e5 := io.WriteString(in, "one\ntwo\n")
			e6 := in.Close()
			a, e7 := io.ReadAll(out)
			b, e8 := io.ReadAll(errs)
			err := c.Wait()
			_, after := out.Read(make([]byte, 1))
			return c.saw(err, a, b, fmt.Sprint(e1, e2, e3, e4, e5, e6, e7, e8, after != nil))
		}, "/bin/sh", "-c", "cat; echo err >&2; exit 2")
		both(s, func(c *either) string { // a program that does not read, and one whose caller does not
			in, _ := c.StdinPipe()
			out, _ := c.StdoutPipe()
			_ = c.Start()
			_ = out.Close()
			_, _ = io.WriteString(in, "go\n")
			err := c.Wait()
			_, late := in.Write([]byte("x"))
			return c.saw(err, late != nil)
		}, "/bin/sh", "-c", "read line; echo x; exit 6")
	})

	It("move much data", func() {
		big := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
		cmd := s.Command(context.Background(), "cat")
		cmd.Stdin = bytes.NewReader(big)
		out, err := cmd.Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(bytes.Equal(out, big)).To(BeTrue())
	})
})

var _ = Describe("ExtraFiles", func() {
	It("are numbered from 3 on, in any order and more than once", func() {
		needLandlock(2)
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		dir := tempDir()
		for range 5 {
			var files []*os.File
			script := ""
			for i := range 30 {
				files = append(files, theFile(writeFile(fmt.Sprint("file ", i, "\n"), dir, fmt.Sprint(i)), os.O_RDONLY))
			}
			rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			files = append(files, os.NewFile(uintptr(dup(1)), "stdout"), os.NewFile(uintptr(dup(2)), "stderr"))
			for i, f := range files[:30] {
				script += fmt.Sprintf("read -r line <&%d; echo %s $line; ", i+3, filepath.Base(f.Name()))
			}
			lines := strings.Split(strings.TrimSpace(both(s, func(c *either) string {
				for _, f := range files[:30] {
					_, _ = f.Seek(0, io.SeekStart)
				}
				c.set(fields{ExtraFiles: files})
				out, err := c.Output()
				Expect(err).NotTo(HaveOccurred())
				return string(out)
			}, "bash", "-c", script)), "\n")
			Expect(lines).To(HaveLen(30))
			for _, l := range lines {
				name, content, _ := strings.Cut(l, " ")
				Expect(content).To(Equal("file " + name))
			}
			_ = files[30].Close()
			_ = files[31].Close()
		}
		f := theFile(writeFile("shared", dir, "shared"), os.O_RDONLY)
		tryWith(s, handing(f, f, f), want("ok 0 1 2 3 4 5", "proc.fds"))
	})

	It("can be the caller's own standard streams, swapped", func() {
		s := sandbox(gaol.System())
		dir := tempDir()
		// numbers that stand where other copies go: 0, 1 and 2 of this process become 5, 4 and 3 inside
		both(s, func(c *either) string {
			out := theFile(filepath.Join(dir, "out"), os.O_RDWR|os.O_CREATE|os.O_TRUNC)
			c.set(fields{Stdin: os.Stderr, Stdout: out, Stderr: os.Stdin, ExtraFiles: []*os.File{os.Stderr, os.Stdout, os.Stdin}})
			err := c.Run()
			b, _ := os.ReadFile(out.Name())
			return c.saw(err, b)
		}, "/bin/sh", "-c", "echo here")
	})
})

func dup(fd int) int {
	GinkgoHelper()
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	Expect(err).NotTo(HaveOccurred())
	return n
}

// ends runs a case with a context of its own through both.
func ends(s *gaol.Sandbox, see func(c *either, cancel func()) string, name string, arg ...string) {
	GinkgoHelper()
	run := func(f func(context.Context) *either) string {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return see(f(ctx), cancel)
	}
	want := run(func(ctx context.Context) *either { return osCommand(ctx, name, arg...) })
	got := run(func(ctx context.Context) *either { return gaolCommand(s, ctx, name, arg...) })
	Expect(got).To(Equal(renamed(want)), "os/exec does it otherwise")
}

var _ = Describe("the end of a context", func() {
	var s *gaol.Sandbox
	BeforeEach(func() { s = sandbox(gaol.System(), gaol.ProcessCreate()) })

	It("keeps a command from starting, kills it, or comes too late", func() {
		ends(s, func(c *either, cancel func()) string { cancel(); return c.saw(c.Run()) }, "true")
		ends(s, func(c *either, cancel func()) string {
			Expect(c.Start()).To(Succeed())
			cancel()
			return c.saw(c.Wait())
		}, "sleep", unique())
		ends(s, func(c *either, cancel func()) string { err := c.Run(); cancel(); return c.saw(err) }, "true")
	})

	It("is a deadline, too", func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		word := unique()
		Expect(s.Command(ctx, "sh", "-c", "setsid sleep $0 & sleep $0", word).Run()).To(MatchError("signal: killed"))
		Expect(having(word)).To(BeEmpty())
		Expect(s.Command(ctx, "true").Run()).To(MatchError(context.DeadlineExceeded))
	})

	It("calls Cancel, whose error comes out where the program did not fail", func() {
		for _, cancelled := range []error{nil, os.ErrProcessDone, errors.New("cannot")} {
			for _, script := range []string{"trap 'exit 0' TERM; echo; while :; do sleep 0.01; done", "trap 'exit 5' TERM; echo; while :; do sleep 0.01; done",
				"echo; exec sleep 60"} {
				ends(s, func(c *either, cancel func()) string {
					c.set(fields{Cancel: func() error { _ = c.signal(unix.SIGTERM); return cancelled }})
					out, _ := c.StdoutPipe()
					Expect(c.Start()).To(Succeed())
					_, err := out.Read(make([]byte, 1))
					Expect(err).NotTo(HaveOccurred())
					cancel()
					return c.saw(c.Wait())
				}, "/bin/sh", "-c", script)
			}
		}
	})

	It("is followed by death after WaitDelay", func() {
		ends(s, func(c *either, cancel func()) string {
			c.set(fields{Cancel: func() error { return nil }, WaitDelay: 50 * time.Millisecond})
			Expect(c.Start()).To(Succeed())
			cancel()
			return c.saw(c.Wait())
		}, "sleep", unique())
	})

	It("needs a context", func() {
		c := s.Command(nil, "true")
		c.Cancel = func() error { return nil }
		Expect(c.Run()).To(MatchError(ContainSubstring("Cancel")))
		Expect(s.Command(nil, "true").Run()).To(Succeed())
	})
})

var _ = Describe("WaitDelay", func() {
	It("is not needed for what a program leaves behind, since nothing is left", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		word := unique()
		c := s.Command(context.Background(), "sh", "-c", "echo out; sleep $0 & exit 0", word)
		var out bytes.Buffer
		c.Stdout, c.WaitDelay = &out, patience
		started := time.Now()
		Expect(c.Run()).To(Succeed())
		Expect(time.Since(started)).To(BeNumerically("<", patience))
		Expect(out.String()).To(Equal("out\n"))
		Expect(having(word)).To(BeEmpty())

		outside := exec.Command("sh", "-c", "echo out; sleep 5 & exit 0") // os/exec, for comparison, has to cut it off
		outside.Stdout, outside.WaitDelay = &bytes.Buffer{}, 10*time.Millisecond
		Expect(outside.Run()).To(MatchError(exec.ErrWaitDelay))
	})

	It("cuts off a pipe that something else holds", func() {
		s := sandbox(gaol.System())
		c := s.Command(context.Background(), "cat")
		c.Stdout, c.WaitDelay = &bytes.Buffer{}, 50*time.Millisecond
		in, err := c.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Start()).To(Succeed())
		program := childrenOf(c.Process.Pid)
		Expect(program).To(HaveLen(1))
		held := theFile(fmt.Sprintf("/proc/%d/fd/1", program[0]), os.O_WRONLY)
		Expect(in.Close()).To(Succeed())
		Expect(c.Wait()).To(MatchError(exec.ErrWaitDelay))
		Expect(c.ProcessState.Success()).To(BeTrue())
		Expect(held.Write([]byte("x"))).Error().To(MatchError(unix.EPIPE))
	})
})
