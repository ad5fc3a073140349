//go:build linux && cgo

package parity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/either"
)

// wrapped are commands that are prepared for os/exec; each must do the same when it is wrapped instead.
var wrapped = []struct {
	name string
	make func(ctx context.Context, x *run) *exec.Cmd
}{
	{"a path and arguments", func(_ context.Context, x *run) *exec.Cmd {
		return exec.Command("/bin/sh", "-c", `echo "$0" "$@"`, "a", "b")
	}},
	{"a name that was looked up outside", func(_ context.Context, x *run) *exec.Cmd { return exec.Command("sh", "-c", `echo "$0"; exit 3`) }},
	{"an environment, a directory and files", func(_ context.Context, x *run) *exec.Cmd {
		c := exec.Command("/bin/sh", "-c", "cat; cat <&3; pwd; echo $A; echo err >&2; exit 4")
		c.Env, c.Dir, c.Stdin, c.ExtraFiles = []string{"A=1", "PATH=/usr/bin:/bin"}, x.dir, strings.NewReader("in\n"), []*os.File{x.open("text", os.O_RDONLY)}
		return c
	}},
	{"a program in its directory", func(_ context.Context, x *run) *exec.Cmd { return &exec.Cmd{Path: "script", Dir: x.dir} }},
	{"a context that lasts", func(ctx context.Context, x *run) *exec.Cmd {
		return exec.CommandContext(ctx, "/bin/sh", "-c", "exit 5")
	}},
	{"a context that has ended", func(ctx context.Context, x *run) *exec.Cmd {
		x.cancel()
		return exec.CommandContext(ctx, "/bin/sh", "-c", "exit 5")
	}},
	{"attributes that a sandbox has", func(_ context.Context, x *run) *exec.Cmd {
		c := exec.Command("/bin/sh", "-c", "exit 6")
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Noctty: false}
		return c
	}},
	{"a group of its own", func(_ context.Context, x *run) *exec.Cmd {
		c := exec.Command("/bin/sh", "-c", "kill -TERM 0; exit 6")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return c
	}},
	{"another user", func(_ context.Context, x *run) *exec.Cmd {
		if os.Geteuid() != 0 {
			x.t.Skip("root is missing: nobody else may choose a user")
		}
		c := exec.Command("/bin/sh", "-c", "id -u; id -g; id -G")
		c.Dir, c.SysProcAttr = "/", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54322, Groups: []uint32{54323}}}
		return c
	}},
	{"a name that is nowhere", func(_ context.Context, x *run) *exec.Cmd { return exec.Command("no-such-program") }},
	{"a path that is nowhere", func(_ context.Context, x *run) *exec.Cmd { return exec.Command("/no/such/program") }},
}

func TestAWrappedCommandDoesTheSame(t *testing.T) {
	dir := directory(t)
	have, missing := engines(t, dir)
	for _, w := range wrapped {
		for _, engine := range []string{"namespace", "landlock"} {
			t.Run(w.name+"/"+engine, func(t *testing.T) {
				s := have[engine]
				if s == nil {
					t.Skip(missing[engine])
				}
				see := func(output func(context.Context, *exec.Cmd) ([]byte, error)) string {
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					defer cancel()
					x := &run{t: t, dir: dir, cancel: cancel}
					defer x.close()
					out, err := output(ctx, w.make(ctx, x))
					_, stderr, _ := either.Exit(err)
					return fmt.Sprintf("%s %s %q %q", either.Text(err), kinds(err), out, stderr)
				}
				outside := see(func(_ context.Context, c *exec.Cmd) ([]byte, error) { return c.Output() })
				inside := see(func(ctx context.Context, c *exec.Cmd) ([]byte, error) {
					g, err := gaol.Wrap(ctx, s, c)
					must(t, err)
					if err := c.Start(); err == nil {
						t.Error("it runs outside")
					}
					return g.Output()
				})
				if inside != outside {
					t.Errorf("os/exec: %s\ngaol:    %s", outside, inside)
				}
			})
		}
	}
}

func TestAWrappedCommandHasNotTheCallersEnvironment(t *testing.T) {
	t.Setenv("GAOL_SECRET", "secret")
	have, _ := engines(t, directory(t))
	for _, s := range have {
		see := func(c *exec.Cmd) string {
			w, err := gaol.Wrap(nil, s, c)
			must(t, err)
			out, err := w.Output()
			must(t, err)
			return string(out)
		}
		if out := see(exec.Command(environ)); strings.Contains(out, "secret") {
			t.Errorf("it has: %s", out)
		}
		c := exec.Command(environ)
		c.Env = c.Environ()
		if out := see(c); !strings.Contains(out, "GAOL_SECRET=secret") {
			t.Errorf("it was given the environment, and has: %s", out)
		}
	}
}

func TestAWrappedCommandEndsWithItsContextAndHasPipes(t *testing.T) {
	have, _ := engines(t, directory(t))
	for _, s := range have {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		w, err := gaol.Wrap(ctx, s, exec.CommandContext(ctx, "/bin/sh", "-c", resist))
		must(t, err)
		var errs bytes.Buffer
		w.Stderr = &errs
		out, err := w.StdoutPipe()
		must(t, err)
		must(t, w.Start())
		_, err = io.ReadFull(out, make([]byte, 1))
		must(t, err)
		cancel()
		var exit *gaol.ExitError
		if err := w.Wait(); !errors.As(err, &exit) || exit.Signal() != syscall.SIGKILL {
			t.Errorf("%v", err)
		}
	}
}
