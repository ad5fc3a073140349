//go:build linux && cgo

// This file is what all live tests use: sandboxes that are closed again, the victim and what it answered, temporary directories, and
// canaries that show whether anything outside was touched. It asserts only that the machinery itself works.

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
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// patience bounds whatever could hang; no test may depend on its size.
const patience = 60 * time.Second

// sandbox compiles the options, and the victim to be executed, to a Sandbox that is closed at the end of the test.
func sandbox(options ...gaol.Option) *gaol.Sandbox {
	GinkgoHelper()
	s, err := trySandbox(options...)
	skipRefused(err)
	Expect(err).NotTo(HaveOccurred())
	return s
}

// trySandbox is sandbox for options that may be refused.
func trySandbox(options ...gaol.Option) (*gaol.Sandbox, error) {
	p, err := gaol.NewProfile(append([]gaol.Option{
		gaol.FileRead(gaol.Literal(victimPath)), gaol.FileExecute(gaol.Literal(victimPath)),
	}, options...)...)
	if err != nil {
		return nil, err
	}
	s, err := gaol.New(p)
	if err == nil {
		DeferCleanup(s.Close)
	}
	return s, err
}

// skipRefused skips the test where err is New's refusal for the want of nothing but mechanisms that this host lacks as a whole.
func skipRefused(err error) {
	GinkgoHelper()
	var refused *gaol.UnsupportedError
	if !errors.As(err, &refused) {
		return
	}
	lacks := map[string]string{}
	for _, c := range gaol.Probe().Checks() {
		if !c.OK {
			lacks[c.Mechanism] = c.Detail
		}
	}
	for _, o := range refused.Operations {
		if _, ok := lacks[o.Mechanism]; !ok {
			return
		}
	}
	o := refused.Operations[0]
	Skip(o.Mechanism + " is missing: " + lacks[o.Mechanism])
}

// result is what came of one run of the victim. Errno is the first word of the first line: "ok" or an errno's name.
type result struct {
	Errno          string
	Lines          []string // one for each operation
	Stdout, Stderr string
	State          *gaol.ProcessState
	Report         gaol.Report
	Err            error
}

// Said is what the i-th operation found, without the leading word.
func (r result) Said(i int) string {
	if i >= len(r.Lines) {
		return ""
	}
	_, said, _ := strings.Cut(r.Lines[i], " ")
	return said
}

// victim runs the victim to its end: victim(s, "open", path, "r", "--", "getpid").
func victim(s *gaol.Sandbox, args ...string) result {
	GinkgoHelper()
	return victimWith(s, nil, args...)
}

// victimWith is victim with a command that change has changed.
func victimWith(s *gaol.Sandbox, change func(*gaol.Cmd), args ...string) result {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := s.Command(ctx, victimPath, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", &stdout, &stderr
	if change != nil {
		change(cmd)
	}
	r := result{Err: cmd.Run(), State: cmd.ProcessState, Report: cmd.Report()}
	r.Stdout, r.Stderr = stdout.String(), stderr.String()
	if text := strings.TrimSuffix(r.Stdout, "\n"); text != "" {
		r.Lines = strings.Split(text, "\n")
		r.Errno, _, _ = strings.Cut(r.Lines[0], " ")
	}
	Expect(ctx.Err()).NotTo(HaveOccurred(), "the victim hangs: %v", args)
	return r
}

// handing makes a change for victimWith that hands over files as descriptors 3, 4, ….
func handing(files ...*os.File) func(*gaol.Cmd) {
	return func(c *gaol.Cmd) { c.ExtraFiles = append(c.ExtraFiles, files...) }
}

// running is a victim that has been started and not waited for.
type running struct {
	*gaol.Cmd
	Stdin io.WriteCloser
	out   *bufio.Reader
}

// launch starts the victim; at the end of the test it is killed if it still runs.
func launch(s *gaol.Sandbox, args ...string) *running {
	GinkgoHelper()
	return launchWith(s, nil, args...)
}

// launchProgram is launch for another program.
func launchProgram(s *gaol.Sandbox, name string, args ...string) *running {
	GinkgoHelper()
	return launchWith(s, func(c *gaol.Cmd) { c.Path, c.Args = name, append([]string{name}, args...) })
}

// launchWith is launch with a command that change has changed.
func launchWith(s *gaol.Sandbox, change func(*gaol.Cmd), args ...string) *running {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := s.Command(ctx, victimPath, args...)
	cmd.Dir = "/"
	in, err := cmd.StdinPipe()
	Expect(err).NotTo(HaveOccurred())
	out, err := cmd.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	if change != nil {
		change(cmd)
	}
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		cancel()
		if cmd.ProcessState == nil {
			_ = cmd.Wait()
		}
	})
	return &running{Cmd: cmd, Stdin: in, out: bufio.NewReader(out)}
}

// Line is the next line of output, without its end.
func (r *running) Line() string {
	GinkgoHelper()
	line, err := r.out.ReadString('\n')
	Expect(err).NotTo(HaveOccurred(), "the victim has ended, or hangs; it said %q", line)
	return strings.TrimSuffix(line, "\n")
}

// attempt is an operation and what should come of it: "ok", "ok and what is said", an errno, or several of these with "|" between. A
// trailing "…" leaves the rest of the line open.
type attempt struct {
	want string
	op   []string
}

func want(outcome string, op ...string) attempt { return attempt{outcome, op} }

func (a attempt) met(line string) bool {
	for w := range strings.SplitSeq(a.want, "|") {
		if start, open := strings.CutSuffix(w, "…"); line == w || open && strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

// try makes all attempts in one run of the victim, in this order, and lists those that came out otherwise.
func try(s *gaol.Sandbox, attempts ...attempt) result {
	GinkgoHelper()
	return tryWith(s, nil, attempts...)
}

func tryWith(s *gaol.Sandbox, change func(*gaol.Cmd), attempts ...attempt) result {
	GinkgoHelper()
	var args []string
	for i, a := range attempts {
		if i > 0 {
			args = append(args, "--")
		}
		args = append(args, a.op...)
	}
	r := victimWith(s, change, args...)
	var wrong []string
	for i, a := range attempts {
		got := "nothing"
		if i < len(r.Lines) {
			got = r.Lines[i]
		}
		if !a.met(got) {
			wrong = append(wrong, fmt.Sprintf("%s: %s, want %s", strings.Join(a.op, " "), got, a.want))
		}
	}
	Expect(wrong).To(BeEmpty(), "stderr: %s", r.Stderr)
	Expect(r.Err).NotTo(HaveOccurred(), "stderr: %s", r.Stderr)
	return r
}

// needLandlock skips the test where the kernel's Landlock is older.
func needLandlock(abi int) {
	GinkgoHelper()
	if have := landlockABI(); have < abi {
		Skip(fmt.Sprintf("Landlock ABI %d is missing; this host has %d", abi, have))
	}
}

func landlockABI() int {
	for _, c := range gaol.Probe().Checks() {
		if c.Mechanism == "Landlock" && c.OK {
			n, err := strconv.Atoi(strings.TrimPrefix(c.Detail, "ABI "))
			Expect(err).NotTo(HaveOccurred(), "%q", c.Detail)
			return n
		}
	}
	return 0
}

// covered is what writing a covered file of /proc may come to: it is /dev/null, which takes what is written where no Landlock denies it.
func covered(errnos string) string {
	if landlockABI() == 0 {
		return errnos + "|ok"
	}
	return errnos
}

func root() bool { return os.Geteuid() == 0 }

// tempDir makes a directory that everyone may read, removed at the end of the test.
func tempDir() string {
	GinkgoHelper()
	dir, err := os.MkdirTemp(suiteDir, "")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	return dir
}

// makeDir makes directories below tempDir's; writeFile a file; link a symbolic link. They return the path.
func makeDir(elem ...string) string {
	GinkgoHelper()
	dir := filepath.Join(elem...)
	Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	return dir
}

func writeFile(content string, elem ...string) string {
	GinkgoHelper()
	path := filepath.Join(elem...)
	Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	return path
}

func link(target string, elem ...string) string {
	GinkgoHelper()
	path := filepath.Join(elem...)
	Expect(os.Symlink(target, path)).To(Succeed())
	return path
}

func copyFile(from, to string, mode fs.FileMode) string {
	GinkgoHelper()
	data, err := os.ReadFile(from)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(to, data, mode)).To(Succeed())
	Expect(os.Chmod(to, mode)).To(Succeed())
	return to
}

// canaries is a small tree that no sandbox may touch: a file, a directory with a file, and a link to the file.
type canaries struct {
	Dir, Secret, Sub, SubSecret, Link string
	before                            []string
}

// newCanaries makes them in a directory of their own; at the end of the test they must be as they were.
func newCanaries() *canaries {
	GinkgoHelper()
	c := &canaries{Dir: tempDir()}
	c.Secret = writeFile("secret", c.Dir, "secret")
	c.Sub = makeDir(c.Dir, "sub")
	c.SubSecret = writeFile("secret too", c.Sub, "secret")
	c.Link = link("secret", c.Dir, "link")
	c.before = fingerprint(c.Dir)
	DeferCleanup(func() { Expect(fingerprint(c.Dir)).To(Equal(c.before), "something outside was touched") })
	return c
}

// fingerprint is everything about a tree that a program could have changed.
func fingerprint(dir string) []string {
	GinkgoHelper()
	var out []string
	Expect(filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := os.Lstat(path)
		if err != nil {
			return err
		}
		content := ""
		switch {
		case st.Mode()&fs.ModeSymlink != 0:
			content, err = os.Readlink(path)
		case st.Mode().IsRegular():
			var b []byte
			b, err = os.ReadFile(path)
			content = string(b)
		}
		out = append(out, fmt.Sprintf("%s %v %d %v %q %s", path, st.Mode(), st.Size(), st.ModTime(), content, owner(st)))
		return err
	})).To(Succeed())
	slices.Sort(out)
	return out
}

func owner(st fs.FileInfo) string {
	sys := st.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%d:%d inode %d, %d links", sys.Uid, sys.Gid, sys.Ino, sys.Nlink)
}
