// Package everywhere is the part of the live tier that is the same on every system: ordinary programs in real sandboxes, by the public interface
// alone. What it asks is whether a thing is done, not by which errno it is refused: that differs, and the suite of Linux (package tests) asks
// it. It must run without edits wherever gaol has a back end, and says why where it cannot.
package everywhere

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// toolName is a copy of this program that says "done": macOS starts no copy of its own.
const toolName = "tool"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == toolName {
		fmt.Println("done")
		return
	}
	os.Exit(m.Run())
}

func TestEverywhere(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "gaol, on every system")
}

// patience bounds whatever could hang; no test may depend on its size.
const patience = time.Minute

// refused skips the test where this host cannot enforce what the test asks for.
func refused(err error) {
	GinkgoHelper()
	if errors.Is(err, gaol.ErrUnsupported) {
		Skip(err.Error())
	}
	Expect(err).NotTo(HaveOccurred())
}

// newSandbox has what programs need to start, and the options.
func newSandbox(options ...gaol.Option) *gaol.Sandbox {
	GinkgoHelper()
	p, err := gaol.NewProfile(append([]gaol.Option{gaol.System()}, options...)...)
	Expect(err).NotTo(HaveOccurred())
	s, err := gaol.New(p)
	refused(err)
	DeferCleanup(s.Close)
	return s
}

// result is what a program has written, and how it ended.
type result struct {
	out, err string
	state    *gaol.ProcessState
}

func (r result) ok() bool { return r.state.Success() }

// run starts a program of the system, and waits.
func run(s *gaol.Sandbox, name string, args ...string) result {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return finish(ctx, command(ctx, s, name, args...))
}

func command(ctx context.Context, s *gaol.Sandbox, name string, args ...string) *gaol.Cmd {
	GinkgoHelper()
	cmd := s.Command(ctx, program(name), args...)
	cmd.Dir = "/"
	return cmd
}

func finish(ctx context.Context, cmd *gaol.Cmd) result {
	GinkgoHelper()
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	ended := cmd.Run()
	var exit *gaol.ExitError
	if ended != nil && !errors.As(ended, &exit) {
		refused(ended)
	}
	Expect(ctx.Err()).NotTo(HaveOccurred(), "%s hangs: %s", cmd, err.String())
	return result{out.String(), err.String(), cmd.ProcessState}
}

// program is where the system has it.
func program(name string) string {
	GinkgoHelper()
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(name + " is missing")
	}
	path, err = filepath.Abs(path)
	Expect(err).NotTo(HaveOccurred())
	return path
}

// tempDir is in the home, if that can be: /tmp may be one of each process's own.
func tempDir() string {
	GinkgoHelper()
	base, err := os.UserHomeDir()
	if err != nil || !writable(base) {
		base = os.TempDir()
	}
	dir, err := os.MkdirTemp(base, ".gaol-everywhere-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	dir, err = filepath.EvalSymlinks(dir)
	Expect(err).NotTo(HaveOccurred())
	return dir
}

func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".gaol-everywhere-")
	if err != nil {
		return false
	}
	_ = f.Close()
	return os.Remove(f.Name()) == nil
}

// place is a directory with three others: in and secret have files, out has none.
type place struct{ in, out, secret string }

func newPlace() place {
	GinkgoHelper()
	root := tempDir()
	p := place{filepath.Join(root, "in"), filepath.Join(root, "out"), filepath.Join(root, "secret")}
	for _, dir := range []string{p.in, p.out, p.secret, filepath.Join(p.in, "sub")} {
		Expect(os.Mkdir(dir, 0o755)).To(Succeed())
	}
	put("granted", p.in, "file")
	put("below", p.in, "sub", "file")
	put("secret", p.secret, "file")
	return p
}

func put(text string, path ...string) string {
	GinkgoHelper()
	name := filepath.Join(path...)
	Expect(os.WriteFile(name, []byte(text), 0o644)).To(Succeed())
	return name
}

func content(path ...string) string {
	GinkgoHelper()
	b, err := os.ReadFile(filepath.Join(path...))
	Expect(err).NotTo(HaveOccurred())
	return string(b)
}

func read(path ...string) gaol.Option  { return gaol.FileRead(gaol.Subpath(filepath.Join(path...))) }
func write(path ...string) gaol.Option { return gaol.FileWrite(gaol.Subpath(filepath.Join(path...))) }
