package gaol

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/internal/environ"
	"github.com/gaol-sandbox/gaol/internal/perf"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Cmd is a command to be run in a sandbox. Fields and methods are those of os/exec.Cmd, and mean the same but for what is said
// here; docs/OSEXEC.md lists every difference. A Cmd cannot be used again after Start.
type Cmd struct {
	// Path is the program: a path inside, relative to Dir if it is not absolute; or a name without a slash, which Start looks up in the
	// PATH of the environment, inside. Directories of PATH that are relative are left out.
	Path string
	// Args holds the arguments, the name first. If empty, it is Path alone.
	Args []string
	// Env is the whole environment, "K=V"; of what is there twice, the last holds. If nil, it is a minimal one (PATH, HOME=/, LANG=C.UTF-8,
	// and PWD if there is a Dir) and what the profile adds; never the caller's.
	Env []string
	// Dir is the working directory, an absolute path inside. If empty: the profile's; else this process's, where the program sees it; else "/".
	Dir string
	// Stdin, Stdout and Stderr are as in os/exec: an *os.File is handed over, nil is the null device, all else is copied. A file that
	// is closed is an error, and so is a directory.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// ExtraFiles[i] becomes descriptor 3+i; entries may not be nil. No other descriptor is open inside.
	ExtraFiles []*os.File
	// Process is set by Start where it succeeds.
	Process *Process
	// ProcessState is set by Wait, Run, Output and CombinedOutput.
	ProcessState *ProcessState
	// Err is what Start returns at once, as in os/exec.
	Err error
	// Limits narrow those of the profile for this command: of each, the smaller holds. Nil leaves them as they are. With a limit of output, its own or
	// the profile's, an *os.File for Stdout or Stderr is written by gaol, and the program has a pipe.
	Limits *Limits
	// Credential is the user that the program runs as; nil is the caller. Another takes a caller that is root.
	Credential *Credential
	// Umask is the program's file mode creation mask, of 0 to 0777, which it can change itself; nil is this process's, as it is at Start. It counts
	// inside: which files the program can make at all, the profile says.
	Umask *int
	// Denials asks for what the program was denied, in the Report, as far as the system keeps a log of that: on macOS, where reading the log takes
	// an administrator. On other systems it is an *[UnsupportedError].
	Denials bool
	// Cancel is called when the context ends before the program. Command sets it to kill everything in the sandbox; if it is set to nil,
	// the context's end does nothing by itself, but WaitDelay runs from there.
	Cancel func() error
	// WaitDelay bounds the time between the end of the program, or of the context, and the return of Wait, as in os/exec.
	WaitDelay time.Duration
	// Terminal, if set, is the caller's controlling terminal, and one of Stdin, Stdout and Stderr: the program becomes its foreground
	// job, in the caller's session, so that its keys send signals to the program alone. It takes the namespace engine. If nil, the program has a session of its own
	// and no controlling terminal. Who sets it must take the terminal's foreground back afterwards.
	Terminal *os.File
	// Background, with Terminal, leaves the terminal's foreground as it is: the program is a background job, which the kernel stops
	// when it reads from the terminal. Without Terminal it would read what is typed for others.
	Background bool
	// Stopped, with Terminal, is called by Wait (or Process.Ended) when the program has been stopped; the program goes on when it returns.
	Stopped func(syscall.Signal)

	sandbox  *Sandbox
	ctx      context.Context
	streams  streams
	report   atomic.Pointer[Report]
	called   atomic.Bool // Start was
	waited   atomic.Bool
	started  time.Time
	watch    *watch
	narrowed *policy.Policy // by Limits; nil: they say nothing
	counter  perf.Counter   // of instructions, where they are limited
	limits   policy.Limits  // of the narrowed policy
	guards   []guard
	release  func()     // what a Credential holds
	log      *logReader // of denials; nil: none is read
}

// String is the command as a person would write it, with Path as it was given: it is looked up inside, by Start.
func (c *Cmd) String() string {
	if c.Err != nil {
		return strings.Join(c.Args, " ")
	}
	return strings.Join(append([]string{c.Path}, c.Args[min(1, len(c.Args)):]...), " ")
}

// Environ is the environment as the program will see it.
func (c *Cmd) Environ() []string {
	env, _ := c.environ()
	return env
}

// environ also says whether it left out what has a NUL byte, which Start does not take.
func (c *Cmd) environ() (env []string, nul bool) {
	if c.Env != nil {
		return dedup(c.Env)
	}
	env = []string{"PATH=" + defaultPath, "HOME=/", "LANG=C.UTF-8"}
	if c.Dir != "" {
		env = append(env, "PWD="+c.Dir)
	}
	if c.sandbox == nil {
		return env, false
	}
	for _, name := range c.sandbox.policy.PassEnv {
		if v, ok := environ.Lookup(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return dedup(append(env, c.sandbox.policy.Env...))
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// dedup keeps the last value of each name, and leaves out what is empty or has a NUL byte, as os/exec does.
func dedup(env []string) (out []string, nul bool) {
	seen := make(map[string]bool, len(env))
	out = make([]string, 0, len(env))
	for i := len(env) - 1; i >= 0; i-- {
		kv := env[i]
		end := strings.IndexByte(kv, '=')
		if end == 0 { // a name may begin with "=", as Windows has them
			end += 1 + strings.IndexByte(kv[1:], '=')
		}
		switch {
		case strings.IndexByte(kv, 0) >= 0:
			nul = true
		case kv == "":
		case end < 0: // an entry that is no variable is kept as it is, and hides none
			out = append(out, kv)
		case !seen[kv[:end]]:
			seen[kv[:end]] = true
			out = append(out, kv)
		}
	}
	slices.Reverse(out)
	return out, nul
}

// Start starts the program and returns when it has been executed. A program that never ran is a *[SetupError]. After the first call,
// whatever came of it, each further one is an error.
func (c *Cmd) Start() error {
	if c.called.Swap(true) {
		return errors.New("gaol: already started")
	}
	err := c.start()
	if err != nil { // as os/exec: a Cmd that did not start holds nothing
		c.streams.closeAll()
	}
	return err
}

func (c *Cmd) start() error {
	switch {
	case c.sandbox == nil:
		return errors.New("gaol: a Cmd is made by Sandbox.Command or Wrap")
	case c.Err != nil:
		return c.Err
	case c.Cancel != nil && c.ctx == nil:
		return errors.New("gaol: command with a non-nil Cancel was not created with a context")
	}
	c.started = time.Now()
	defer c.streams.closeChild()
	if err := c.startable(); err != nil {
		return err
	}
	if err := c.limit(); err != nil {
		return err
	}
	files, err := c.streams.open(c)
	if err != nil {
		return err
	}
	command, err := c.command(files)
	var started *child
	c.release = func() {}
	if err == nil {
		command.User, c.release, err = c.sandbox.user(c.Credential)
	}
	if err == nil {
		err = c.openLog(&command)
	}
	if err == nil {
		started, err = c.run(command)
	}
	runtime.KeepAlive(files)
	if err != nil {
		c.closeLog()
		c.release()
		return c.named(err)
	}
	c.Process = &Process{Pid: started.pid, child: started, cmd: c}
	c.guard()
	c.streams.copy()
	c.watch = watchContext(c)
	return nil
}

// named gives a program that was looked up and is nowhere the name that the caller gave it.
func (c *Cmd) named(err error) error {
	var setup *SetupError
	if errors.As(err, &setup) && setup.Step == stepExecute && errors.Is(err, exec.ErrNotFound) && !strings.Contains(c.Path, "/") {
		setup.Path = c.Path
	}
	return err
}

func (c *Cmd) startable() error {
	if c.ctx != nil {
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	if c.Path == "" {
		return &SetupError{Step: stepExecute, Err: syscall.ENOENT, Hint: "the program's name is empty"}
	}
	if c.Umask != nil && (*c.Umask < 0 || *c.Umask > 0o777) {
		return &SetupError{Step: stepExecute, Path: c.Path, Operation: "Cmd.Umask", Err: syscall.EINVAL, Hint: "a umask is of 0 to 0777"}
	}
	if c.Dir != "" {
		if err := profile.CheckPath(path.Clean(c.Dir)); err != nil {
			return &SetupError{Step: plan.Chdir.String(), Path: c.Dir, Err: err}
		}
	}
	return nil
}

// command encodes what this spawn adds to the plan.
func (c *Cmd) command(files []*os.File) (plan.Command, error) {
	env, nul := c.environ()
	p := plan.Command{Argv: c.Args, Env: env, Dir: c.dir(), TTY: -1, Foreground: !c.Background}
	if err := c.bring(&p); err != nil {
		return p, err
	}
	if len(p.Argv) == 0 {
		p.Argv = []string{c.Path}
	}
	if c.Umask != nil {
		p.Umask = new(uint32(*c.Umask))
	}
	if nul {
		return p, &SetupError{Step: stepExecute, Path: c.Path, Err: syscall.EINVAL, Hint: "a variable of the environment contains a NUL byte"}
	}
	for _, s := range append([]string{c.Path}, c.Args...) {
		if strings.IndexByte(s, 0) >= 0 {
			return p, &SetupError{Step: stepExecute, Path: c.Path, Err: syscall.EINVAL, Hint: "an argument contains a NUL byte"}
		}
	}
	p.Candidates = candidates(c.Path, p.Env)
	if len(p.Candidates) == 0 {
		return p, &SetupError{Step: stepExecute, Path: c.Path, Err: syscall.ENOENT, Hint: "PATH has no absolute directory, or the name is none"}
	}
	for i, f := range files {
		if f == nil {
			return p, &SetupError{Step: plan.FD.String(), Path: strconv.Itoa(i), Err: syscall.EBADF, Hint: "the file is nil"}
		}
		fd := int(f.Fd())
		if fd < 0 {
			return p, &SetupError{Step: plan.FD.String(), Path: f.Name(), Err: os.ErrClosed}
		}
		if c.Terminal != nil && p.TTY < 0 && f.Fd() == c.Terminal.Fd() {
			p.TTY = i
		}
		p.FDs = append(p.FDs, fd)
	}
	if why, ok := noTerminal[c.sandbox.policy.Engine]; ok && c.Terminal != nil {
		return p, &UnsupportedError{[]Unsupported{why}}
	}
	if c.Terminal != nil && p.TTY < 0 {
		return p, &SetupError{Step: plan.TTY.String(), Path: c.Terminal.Name(), Err: syscall.EINVAL, Hint: "it is not among the files that the program is given"}
	}
	return p, nil
}

const ownSession = "no Terminal: the program is then in a session of its own, and its caller hands on the signals"

// noTerminal are the engines whose programs cannot be given the caller's terminal to control, and why.
var noTerminal = map[string]Unsupported{
	policy.LandlockEngine: {Operation: "Cmd.Terminal", Mechanism: "a pid namespace",
		Detail: "the landlock engine has none, and with the terminal's keys the program could signal the caller's other jobs",
		Fix:    "the namespace engine, or " + ownSession},
	policy.SeatbeltEngine: {Operation: "Cmd.Terminal", Mechanism: "a process group that cannot be left",
		Detail: "a program that joins another group of the caller's session gets its keys, and is not found again when it is to be ended", Fix: ownSession},
	policy.CapsicumEngine: {Operation: "Cmd.Terminal", Mechanism: "tcsetpgrp in capability mode", Detail: "the session is the program's own", Fix: ownSession},
	policy.JailEngine:     {Operation: "Cmd.Terminal", Mechanism: "a session of the jail's own", Detail: "the session is the program's own", Fix: ownSession},
}

func (c *Cmd) dir() string {
	if c.Dir != "" {
		return c.Dir
	}
	if d := c.sandbox.policy.Dir; d != "" {
		return d
	}
	// the kernel's answer, not $PWD, which may lead through links that the view lacks
	if d, err := syscall.Getwd(); err == nil && c.sandbox.policy.Shows(d) {
		return d
	}
	return "/"
}

// candidates are the paths that execvp would try. A relative entry of PATH, the empty one too, is left out: what it names would
// depend on the working directory (os/exec refuses it as ErrDot).
func candidates(name string, env []string) []string {
	switch {
	case strings.Contains(name, "/"):
		return []string{name}
	case name == "." || name == "..": // in a directory of PATH it would be a directory
		return nil
	}
	search := defaultPath
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			search = v
		}
	}
	var out []string
	for _, dir := range strings.Split(search, ":") {
		if path.IsAbs(dir) {
			out = append(out, path.Join(dir, name))
		}
	}
	return out
}

// Run starts the program and waits for it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Wait waits for the program and for the copying to and from it. A program that ran and failed is an *[ExitError]. When it returns,
// every process that the program started is gone; the sandbox's own init is about to be, and [Sandbox.Close] waits for that.
func (c *Cmd) Wait() error {
	if c.Process == nil {
		return errors.New("gaol: not started")
	}
	if c.waited.Swap(true) {
		return errors.New("gaol: Wait was already called")
	}
	state, err := c.Process.Wait()
	interrupted, timer := c.watch.stop()
	c.streams.unread()
	copying := c.streams.wait(c.WaitDelay, timer)
	c.streams.closeAll()
	if state != nil {
		c.delivered(state)
		c.ProcessState = state
		if err == nil && (!state.Success() || state.end.limit()) {
			err = &ExitError{ProcessState: state}
		}
	}
	r := report(c.policy())
	if kind := c.Process.child.kind(); kind != "" {
		r.Program = kind
	}
	r.end(state)
	r.Denials = append(r.Denials, c.closeLog()...)
	c.report.Store(&r)
	if err == nil {
		err = interrupted
	}
	if err == nil {
		err = copying
	}
	return err
}

// Output runs the program and returns its standard output; if Stderr is nil, the end of an *[ExitError] holds what was written there.
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("gaol: Stdout already set")
	}
	var stdout bytes.Buffer
	c.Stdout = &stdout
	var collect *prefixSuffix
	if c.Stderr == nil {
		collect = &prefixSuffix{max: 32 << 10}
		c.Stderr = collect
	}
	err := c.Run()
	var exit *ExitError
	if collect != nil && errors.As(err, &exit) {
		exit.Stderr = collect.bytes()
	}
	return stdout.Bytes(), err
}

// CombinedOutput runs the program and returns its standard output and standard error together.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("gaol: Stdout already set")
	}
	if c.Stderr != nil {
		return nil, errors.New("gaol: Stderr already set")
	}
	var b bytes.Buffer
	c.Stdout, c.Stderr = &b, &b
	err := c.Run()
	return b.Bytes(), err
}

// Report says what was enforced, what was denied as far as is known, and how the program ended. Before Wait it is the sandbox's.
func (c *Cmd) Report() Report {
	if r := c.report.Load(); r != nil {
		return r.clone()
	}
	if c.sandbox == nil {
		return Report{}
	}
	return c.sandbox.Report()
}
