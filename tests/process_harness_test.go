//go:build linux && cgo

// This file is what the tests about processes and commands share: one face for the Cmd of os/exec and gaol's, so that a case runs through
// both; and this test binary started again as a helper that may be killed or starved.

package tests

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gaol-sandbox/gaol"
	faces "github.com/gaol-sandbox/gaol/tests/either"
	"github.com/gaol-sandbox/gaol/tests/outside"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// fields are those that a case may set.
type fields struct {
	Args       []string
	Env        []string
	Dir        string
	Stdin      io.Reader
	Stdout     io.Writer
	Stderr     io.Writer
	ExtraFiles []*os.File
	Cancel     func() error
	WaitDelay  time.Duration
}

// either is a command of the one or the other.
type either struct{ *faces.Cmd }

func osCommand(ctx context.Context, name string, arg ...string) *either {
	return plainly(faces.Outside(ctx, name, arg...))
}

func gaolCommand(s *gaol.Sandbox, ctx context.Context, name string, arg ...string) *either {
	return plainly(faces.Inside(s, ctx, name, arg...))
}

func plainly(c *faces.Cmd) *either {
	*c.Env, *c.Dir = plainEnv, "/"
	return &either{c}
}

func (c *either) set(f fields) {
	if f.Args != nil {
		*c.Args = f.Args
	}
	if f.Env != nil {
		*c.Env = f.Env
	}
	if f.Dir != "" {
		*c.Dir = f.Dir
	}
	if f.Cancel != nil {
		*c.Cancel = f.Cancel
	}
	*c.Stdin, *c.Stdout, *c.Stderr, *c.ExtraFiles, *c.WaitDelay = f.Stdin, f.Stdout, f.Stderr, f.ExtraFiles, f.WaitDelay
}

func (c *either) signal(sig os.Signal) error { return c.Process().Signal(sig) }

func (c *either) saw(err error, outputs ...any) string { return c.Saw(err, outputs...) }

var plainEnv = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C"}

// both runs the case through os/exec and through gaol. The case returns what it saw; gaol's must be the same, but for the package's name.
func both(s *gaol.Sandbox, see func(*either) string, name string, arg ...string) string {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	want := see(osCommand(ctx, name, arg...))
	got := see(gaolCommand(s, ctx, name, arg...))
	Expect(ctx.Err()).NotTo(HaveOccurred(), "%s hangs", name)
	Expect(got).To(Equal(renamed(want)), "os/exec does it otherwise")
	return got
}

func renamed(text string) string { return strings.ReplaceAll(text, "exec: ", "gaol: ") }

// ---- helpers: this binary, started again ----

const helperVariable = "GAOL_LIVE_HELPER"

// helpers are what a helper process can be; the word behind a space is its argument. Each ends the process by returning.
var helpers = map[string]func(arg string) error{}

func init() {
	helpers["hold"], helpers["hold-thread"] = hold, holdThread
	helpers["run"], helpers["limits"] = runOne, runLimited
	helpers["starve-start"], helpers["starve-new"] = starveStart, starveNew
	helpers["new"], helpers["no-namespaces"], helpers["starve-race"] = newOne, noNamespaces, starveRace
	if order, ok := os.LookupEnv(helperVariable); ok {
		_ = os.Unsetenv(helperVariable)
		name, arg, _ := strings.Cut(order, " ")
		if err := helpers[name](arg); err != nil {
			fmt.Println("helper:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// helper is this test binary as a helper; before, if any, is a command that starts it, such as unshare or a shell that sets limits.
func helper(order string, before ...string) *exec.Cmd {
	GinkgoHelper()
	self, err := os.Executable()
	Expect(err).NotTo(HaveOccurred())
	argv := append(slices.Clone(before), self)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	DeferCleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), helperVariable+"="+order)
	cmd.Dir = "/"
	return cmd
}

// helped runs a helper to its end and returns what it printed.
func helped(order string, before ...string) string {
	GinkgoHelper()
	out, err := helper(order, before...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "the helper said: %s", out)
	return string(out)
}

// compiled is gaol.New without the suite.
func compiled(options ...gaol.Option) (*gaol.Sandbox, error) {
	p, err := gaol.NewProfile(options...)
	if err != nil {
		return nil, err
	}
	return gaol.New(p)
}

// ---- processes of the host ----

var uniques atomic.Int64

// unique is a time for sleep that no other process of the machine has among its arguments.
func unique() string { return fmt.Sprintf("7777%d.%d", os.Getpid(), uniques.Add(1)) }

type holdings = outside.Holdings

// What is seen of processes from outside; see package outside.
var having, state, childrenOf, holding = outside.Having, outside.State, outside.Children, outside.Holding

// bystander is a process in this test's own group and session that ends when any signal but SIGCHLD reaches it.
func bystander(args ...string) *exec.Cmd {
	GinkgoHelper()
	cmd := exec.Command("sleep", append(args, unique())...)
	Expect(cmd.Start()).To(Succeed())
	DeferCleanup(func() {
		Expect(state(cmd.Process.Pid)).To(BeElementOf("S", "R", "D"), "a process outside was reached")
		Expect(cmd.Process.Kill()).To(Succeed())
		Expect(cmd.Wait()).To(MatchError("signal: killed"))
	})
	return cmd
}
