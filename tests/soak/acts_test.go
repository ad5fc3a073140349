//go:build linux && cgo

package soak

// What the commands of a soak are: each act runs one, in its own way, and says what of its outcome was wrong. Under a shortage a command may
// also not start, with an error that names it; nothing else is different then.

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
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
)

// cell is what the acts of one engine share.
type cell struct {
	engine  gaol.Engine
	plain   *gaol.Sandbox // one process
	several *gaol.Sandbox // any number
	broken  *gaol.Sandbox // a step fails; nil: none of this engine's depends on the host
	dir     string        // readable inside
	marker  string        // among the arguments of what would last
}

const patience = 2 * time.Minute

func (c *cell) options(more ...gaol.Option) []gaol.Option {
	if c.engine == gaol.EngineLandlock {
		return append(more, gaol.BestEffort(gaol.System()), gaol.BestEffort(gaol.FileRead(gaol.Subpath(c.dir))), gaol.WithEngine(c.engine), gaol.FileReadMetadata(gaol.Subpath("/")))
	}
	return append(more, gaol.System(), gaol.FileRead(gaol.Subpath(c.dir)), gaol.WithEngine(c.engine), gaol.Private("/tmp"))
}

func build(options ...gaol.Option) (*gaol.Sandbox, error) {
	p, err := gaol.NewProfile(options...)
	if err != nil {
		return nil, err
	}
	return gaol.New(p)
}

// acts are named for the messages.
var acts = map[string]func(c *cell, ctx context.Context, r *rand.Rand) error{
	"success": func(c *cell, ctx context.Context, r *rand.Rand) error { return c.plain.Command(ctx, "true").Run() },
	"failure": func(c *cell, ctx context.Context, r *rand.Rand) error {
		return exits(c.plain.Command(ctx, "false").Run(), 1)
	},
	"no program": func(c *cell, ctx context.Context, r *rand.Rand) error {
		return fails(c.plain.Command(ctx, "/no/such/program").Run(), "execute", syscall.ENOENT)
	},
	"no program in PATH": func(c *cell, ctx context.Context, r *rand.Rand) error {
		err := c.plain.Command(ctx, "no-such-program").Run()
		if errors.Is(err, exec.ErrNotFound) {
			return nil
		}
		return unwanted(err)
	},
	"no directory": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "true")
		cmd.Dir = "/no/such/directory"
		return fails(cmd.Run(), "change directory", syscall.ENOENT)
	},
	"not executable": func(c *cell, ctx context.Context, r *rand.Rand) error {
		return fails(c.plain.Command(ctx, filepath.Join(c.dir, "file")).Run(), "execute", syscall.EACCES)
	},
	"a closed file": func(c *cell, ctx context.Context, r *rand.Rand) error {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		_ = f.Close()
		cmd := c.plain.Command(ctx, "true")
		cmd.ExtraFiles = []*os.File{f}
		return fails(cmd.Run(), "pass descriptor", os.ErrClosed)
	},
	"a directory handed over": func(c *cell, ctx context.Context, r *rand.Rand) error {
		f, err := os.Open("/")
		if err != nil {
			return err
		}
		defer f.Close()
		cmd := c.plain.Command(ctx, "true")
		cmd.ExtraFiles = []*os.File{f}
		return fails(cmd.Run(), "pass descriptor", syscall.EISDIR)
	},
	"too many arguments": func(c *cell, ctx context.Context, r *rand.Rand) error {
		return fails(c.plain.Command(ctx, "true", strings.Repeat("x", 140<<10)).Run(), "execute", syscall.E2BIG)
	},
	"a step that fails": func(c *cell, ctx context.Context, r *rand.Rand) error {
		if c.broken == nil {
			return nil
		}
		return fails(c.broken.Command(ctx, "true").Run(), "", syscall.ENOENT)
	},
	"cancel": func(c *cell, ctx context.Context, r *rand.Rand) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		cmd := c.plain.Command(ctx, "sleep", c.marker)
		if err := cmd.Start(); err != nil {
			return err
		}
		time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
		return killed(cmd.Wait())
	},
	"deadline": func(c *cell, ctx context.Context, r *rand.Rand) error {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(20))*time.Millisecond)
		defer cancel()
		err := c.plain.Command(ctx, "sleep", c.marker).Run()
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		return killed(err)
	},
	"kill": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.several.Command(ctx, "sh", "-c", `sleep "$1" & exec sleep "$1"`, "sh", c.marker)
		if err := cmd.Start(); err != nil {
			return err
		}
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("kill: %w", err)
		}
		return killed(cmd.Wait())
	},
	"a signal": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "sleep", c.marker)
		if err := cmd.Start(); err != nil {
			return err
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return fmt.Errorf("signal: %w", err)
		}
		if err := cmd.Wait(); fmt.Sprint(err) != "signal: terminated" {
			return wrong(err)
		}
		return nil
	},
	"wall limit": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "sleep", c.marker)
		cmd.Limits = &gaol.Limits{Wall: time.Duration(1+r.IntN(20)) * time.Millisecond}
		err := cmd.Run()
		var exit *gaol.ExitError
		if errors.As(err, &exit) && exit.End() == gaol.EndWall {
			return nil
		}
		return unwanted(err)
	},
	"output limit": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "cat", "/dev/zero")
		cmd.Limits, cmd.Stdout = &gaol.Limits{Output: 100000}, io.Discard
		err := cmd.Run()
		var exit *gaol.ExitError
		if errors.As(err, &exit) && exit.End() == gaol.EndOutput {
			return nil
		}
		return unwanted(err)
	},
	"output": func(c *cell, ctx context.Context, r *rand.Rand) error {
		var out, errs bytes.Buffer
		cmd := c.plain.Command(ctx, "head", "-c", "200000", "/dev/zero")
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if err == nil && (out.Len() != 200000 || errs.Len() != 0) {
			return wrong(fmt.Errorf("%d bytes, %q", out.Len(), errs.String()))
		}
		return err
	},
	"copied both ways": func(c *cell, ctx context.Context, r *rand.Rand) error {
		text := strings.Repeat("0123456789", 5000)
		cmd := c.plain.Command(ctx, "cat")
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.Output()
		if err == nil && string(out) != text {
			return wrong(fmt.Errorf("%d bytes of %d", len(out), len(text)))
		}
		return err
	},
	"pipes": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "cat")
		in, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			cmd.Err = err // a start that fails closes what was made
			return cmd.Start()
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		_, err = in.Write([]byte("through"))
		_ = in.Close()
		got, _ := io.ReadAll(out)
		if ended := cmd.Wait(); ended != nil || err != nil || string(got) != "through" {
			return wrong(errors.Join(err, ended, fmt.Errorf("%q", got)))
		}
		return nil
	},
	"pipes that nobody uses": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "cat", "/dev/zero")
		for _, pipe := range []func() (io.ReadCloser, error){cmd.StdoutPipe, cmd.StderrPipe} {
			if _, err := pipe(); err != nil {
				cmd.Err = err
				return cmd.Start()
			}
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		if err := cmd.Process.Kill(); err != nil {
			return fmt.Errorf("kill: %w", err)
		}
		return killed(cmd.Wait())
	},
	"a pipe that is closed": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(ctx, "cat", "/dev/zero")
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		_ = out.Close()
		if err := cmd.Wait(); fmt.Sprint(err) != "signal: broken pipe" {
			return wrong(err)
		}
		return nil
	},
	"daemons": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.several.Command(ctx, "sh", "-c", `(setsid sleep "$1" &) ; sleep "$1" & exit 4`, "sh", c.marker)
		if err := exits(cmd.Run(), 4); err != nil {
			return err
		}
		if n := cmd.Report().Killed; n < 1 {
			return wrong(fmt.Errorf("%d were killed", n))
		}
		return nil
	},
	"released": func(c *cell, ctx context.Context, r *rand.Rand) error {
		cmd := c.plain.Command(nil, "true")
		if err := cmd.Start(); err != nil {
			return err
		}
		return cmd.Process.Release()
	},
	"another sandbox": func(c *cell, ctx context.Context, r *rand.Rand) error {
		s, err := build(c.options()...)
		if err != nil {
			return err
		}
		defer s.Close()
		return s.Command(ctx, "true").Run()
	},
	"closed while it runs": func(c *cell, ctx context.Context, r *rand.Rand) error {
		s, err := build(c.options()...)
		if err != nil {
			return err
		}
		defer s.Close()
		cmd := s.Command(ctx, "sleep", c.marker)
		if err := cmd.Start(); err != nil {
			return err
		}
		closed := s.Close()
		next := s.Command(ctx, "true").Run()
		if err := cmd.Process.Kill(); err != nil {
			return fmt.Errorf("kill: %w", err)
		}
		if err := killed(cmd.Wait()); err != nil || closed != nil {
			return wrong(errors.Join(closed, err))
		}
		if !errors.Is(next, gaol.ErrClosed) {
			return unwanted(next)
		}
		return nil
	},
}

// wrongError is an outcome that no shortage explains.
type wrongError struct{ error }

func (e wrongError) Unwrap() error { return e.error }

func wrong(err error) error { return wrongError{fmt.Errorf("wrong: %v", err)} }

// unwanted is an error as it is, and a success that should not have been.
func unwanted(err error) error {
	var setup *gaol.SetupError
	if errors.As(err, &setup) {
		return err
	}
	return wrong(err)
}

func exits(err error, code int) error {
	var exit *gaol.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == code {
		return nil
	}
	return unwanted(err)
}

func killed(err error) error {
	if fmt.Sprint(err) == "signal: killed" {
		return nil
	}
	return unwanted(err)
}

func fails(err error, step string, want error) error {
	var setup *gaol.SetupError
	if errors.As(err, &setup) && errors.Is(err, want) && (step == "" || setup.Step == step) {
		return nil
	}
	return unwanted(err)
}
