//go:build linux

// This file runs attacks: a sandbox for the attack, one for its twin, and the verdict. It leaves nothing behind, neither files nor
// processes, whatever an attack does.

package escape

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// patience bounds a run that hangs.
const patience = 30 * time.Second

// argv0 is the name by which the program inside is called: some, such as a test binary, are gaol by that alone.
const argv0 = "gaol"

// Runner runs attacks. Close ends what it holds.
type Runner struct {
	program string
	dir     string
	witness *witness
	page    *page
}

// NewRunner makes one whose program inside is the file at this path, which must call Main.
func NewRunner(program string) (*Runner, error) {
	program, err := filepath.EvalSymlinks(program)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gaol-verify-")
	if err != nil {
		return nil, err
	}
	r := &Runner{program: program, dir: dir}
	if r.dir, err = filepath.EvalSymlinks(dir); err == nil {
		err = os.Chmod(r.dir, 0o755)
	}
	if err == nil {
		r.page, err = newPage("the caller's memory")
	}
	if err == nil {
		r.witness, err = startWitness(program)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close ends the processes that the Runner has started and removes its files.
func (r *Runner) Close() {
	if r.witness != nil {
		r.witness.stop()
	}
	if r.page != nil {
		r.page.free()
	}
	_ = unchained(r.dir)
}

// Run runs an attack and its twin on an engine.
func (r *Runner) Run(ctx context.Context, a Attack, e Engine) Result {
	begin := time.Now()
	attack := r.side(ctx, &a, e, false)
	twin := side{}
	if attack.skip == "" {
		twin = r.side(ctx, &a, e, true)
	}
	result := judge(&a, e, attack, twin)
	result.Seconds = time.Since(begin).Seconds()
	return result
}

// side runs the attack, or the twin.
func (r *Runner) side(ctx context.Context, a *Attack, e Engine, twin bool) (s side) {
	dir, err := os.MkdirTemp(r.dir, "")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		return side{broken: err.Error()}
	}
	w := &World{Engine: e, Twin: twin, Dir: dir, runner: r, runs: 1, cwd: "/"}
	defer w.close()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case errSkip:
			s = side{skip: string(p)}
		case errBroken:
			s = side{broken: "preparing: " + string(p)}
		default:
			panic(p)
		}
	}()
	if a.Prepare != nil {
		a.Prepare(w)
	}
	if s = w.allRuns(ctx, a); s.broken != "" || s.refused != "" {
		return s
	}
	for _, check := range w.checks {
		if err := check(); err != nil {
			s.outcomes = append(s.outcomes, Outcome{touched, err.Error()})
		}
	}
	return s
}

// allRuns makes the runs that Prepare asked for, in one sandbox or each in its own.
func (w *World) allRuns(ctx context.Context, a *Attack) (s side) {
	var sandbox *gaol.Sandbox
	for run := range w.runs {
		if sandbox == nil || w.fresh {
			var err error
			sandbox, err = w.sandbox(w.grants...)
			var unsupported *gaol.UnsupportedError
			switch {
			case errors.As(err, &unsupported):
				return side{refused: unsupported.Operations[0].String()}
			case err != nil && w.fresh:
				s.outcomes = append(s.outcomes, newFailed(err))
				continue
			case err != nil:
				return side{broken: "New: " + err.Error()}
			}
			defer sandbox.Close()
			if w.afterNew != nil {
				w.sandboxed = sandbox
				w.afterNew()
			}
		}
		outcomes, err := w.run(ctx, sandbox, a, run)
		if err != nil {
			return side{broken: err.Error()}
		}
		s.outcomes = append(s.outcomes, outcomes...)
	}
	return s
}

// newFailed is the outcome of a profile that was refused while others changed what it names.
func newFailed(err error) Outcome {
	var bad *gaol.ProfileError
	var setup *gaol.SetupError
	switch {
	case errors.As(err, &bad):
		return Outcome{"New: ProfileError", bad.Error()}
	case errors.As(err, &setup):
		return Outcome{"New: SetupError", setup.Error()}
	}
	return Outcome{"error: " + err.Error(), "New"}
}

// sandbox compiles a profile of the engine's base and the options.
func (w *World) sandbox(options ...gaol.Option) (*gaol.Sandbox, error) {
	profile, err := gaol.NewProfile(append(base(w.Engine, w.runner.program, w.exact), options...)...)
	if err != nil {
		return nil, err
	}
	return gaol.New(profile)
}

// run runs the program once and reads what it said.
func (w *World) run(ctx context.Context, s *gaol.Sandbox, a *Attack, run int) ([]Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	word := "attack"
	if w.Twin {
		word = "twin"
	}
	var stdout, stderr bytes.Buffer
	cmd := s.Command(ctx, w.runner.program, append([]string{Word, a.Name, word, string(w.Engine), strconv.Itoa(run)}, w.args...)...)
	cmd.Args[0] = argv0
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = w.cwd, w.env, &stdout, &stderr, w.files
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var setup *gaol.SetupError
	if errors.As(err, &setup) {
		if w.after != nil {
			return w.after(cmd, err), nil
		}
		return []Outcome{{"start:" + wordOf(setup.Err), setup.Error()}}, nil
	}
	outcomes, done := parse(stdout.String())
	state := cmd.ProcessState
	switch {
	case ctx.Err() != nil:
		outcomes = append(outcomes, Outcome{"timeout", "the program hangs"})
	case state == nil:
		return nil, err
	case !state.Exited():
		outcomes = append(outcomes, Outcome{unix.SignalName(state.Signal()), "how the program ended"})
	case !done:
		return nil, fmt.Errorf("the program inside ended early: %v: %s", state, tail(stderr.String()))
	}
	if w.after != nil {
		outcomes = append(outcomes, w.after(cmd, nil)...)
	}
	return outcomes, nil
}

func parse(stdout string) (outcomes []Outcome, done bool) {
	for line := range strings.Lines(stdout) {
		word, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if word == "done" {
			done = true
			continue
		}
		outcomes = append(outcomes, Outcome{word, what})
	}
	return outcomes, done
}

// tail is the end of what a program wrote, in one line.
func tail(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}

// other is another sandbox with a program that runs until the World is closed.
type other struct {
	pids []int
	line string // the first that it printed
}

// Other starts a role in another sandbox with the engine's base and the options, and waits for its first line.
func (w *World) Other(role string, args []string, options ...gaol.Option) *other {
	for i := range options {
		options[i] = adapt(w.Engine, options[i])
	}
	s, err := w.sandbox(options...)
	var unsupported *gaol.UnsupportedError
	if errors.As(err, &unsupported) {
		w.Skip("another sandbox: %s", unsupported.Operations[0])
	}
	w.must(err)
	w.onClose(func() { _ = s.Close() })
	return w.start(s, role, args)
}

// start starts a role in a sandbox.
func (w *World) start(s *gaol.Sandbox, role string, args []string) *other {
	cmd := s.Command(nil, w.runner.program, append([]string{Word, role}, args...)...)
	cmd.Args[0], cmd.Dir = argv0, "/"
	in, err := cmd.StdinPipe()
	w.must(err)
	out, err := cmd.StdoutPipe()
	w.must(err)
	w.must(cmd.Start())
	w.onClose(func() {
		_ = in.Close()
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
	o := &other{pids: append(childrenOf(cmd.Process.Pid), cmd.Process.Pid)}
	o.line = firstLine(out)
	if o.line == "" {
		panic(errBroken("the other sandbox says nothing"))
	}
	if more := childrenOf(cmd.Process.Pid); len(more) > 0 {
		o.pids = append(more, cmd.Process.Pid)
	}
	o.pids = slices.Compact(o.pids)
	return o
}

// childrenOf lists the children of a process; /proc may not have the file (CONFIG_PROC_CHILDREN).
func childrenOf(pid int) (pids []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}
