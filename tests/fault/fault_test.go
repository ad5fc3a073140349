//go:build linux && cgo && gaolfault

// Package fault lets each system call that the core makes on the way to a program fail once, with each of several errors. What comes of it
// must be the error, by the name of a step, or a program that is confined as if nothing had been; and nothing may stay behind or hang.
// It takes the build tag gaolfault: what is shipped cannot do this.
package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/once"
	"github.com/gaol-sandbox/gaol/tests/outside"
	seccomp "github.com/seccomp/libseccomp-golang"
)

// dir holds the victim and what the profiles grant.
var dir, victim string

func TestMain(m *testing.M) {
	if err := withTerminal(); err != nil {
		fmt.Println("no terminal:", err)
	}
	var err error
	if dir, err = os.MkdirTemp("/var/tmp", "gaol-fault-"); err != nil {
		panic(err)
	}
	_ = os.Chmod(dir, 0o755)
	for _, d := range []string{"read", "write/private/in", "write/pinned/read", "read/none", "map", "place", "private"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			panic(err)
		}
	}
	for _, f := range []string{"read/file", "write/private/file", "secret", "read/denied", "map/file"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("x"), 0o644); err != nil {
			panic(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "map/file"), filepath.Join(dir, "private/link")); err != nil {
		panic(err)
	}
	victim = filepath.Join(dir, "victim")
	if built := os.Getenv("GAOL_VICTIM"); built != "" {
		b, err := os.ReadFile(built)
		if err == nil {
			err = os.WriteFile(victim, b, 0o755)
		}
		if err != nil {
			panic(err)
		}
	} else {
		_, here, _, _ := runtime.Caller(0)
		build := exec.Command("go", "build", "-buildvcs=false", "-o", victim, "../victim")
		build.Dir, build.Env = filepath.Dir(here), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v: %s", err, out))
		}
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// variant is a way to a program.
type variant struct {
	name     string
	engine   gaol.Engine
	once     bool // without a template
	options  []gaol.Option
	program  string           // "": the victim
	terminal bool             // it is given one
	denies   bool             // and ends the victim for what is denied
	user     *gaol.Credential // and limits of the command's own
	first    string           // a call that always fails, so that what comes of that can fail, too
	ends     syscall.Errno    // what comes of it when nothing else fails; 0: the program runs
}

func variants() []variant {
	in := func(name string) gaol.Pattern { return gaol.Subpath(filepath.Join(dir, name)) }
	plain := []gaol.Option{gaol.System(), gaol.FileRead(in("read"))}
	rich := []gaol.Option{gaol.System(), gaol.SystemInfoRead(), gaol.ProcessCreate(), gaol.FileRead(in("read")), gaol.FileWrite(in("write")), gaol.FileRead(in("write")),
		gaol.Private(filepath.Join(dir, "write/private")), gaol.FileRead(gaol.Literal(filepath.Join(dir, "write/private/file"))), gaol.BestEffort(gaol.FileRead(in("write/private/in"))),
		gaol.Private(filepath.Join(dir, "private")), gaol.FileRead(gaol.Literal(filepath.Join(dir, "private/link"))),
		gaol.Map(filepath.Join(dir, "place"), filepath.Join(dir, "map"), gaol.ReadOnly), gaol.Private("/tmp"), gaol.IPC(gaol.NamedPipes), gaol.IPC(gaol.POSIXQueues), gaol.IPC(gaol.SystemV),
		gaol.NetworkOutbound(gaol.All()), gaol.Deny(gaol.FileRead(gaol.Literal(filepath.Join(dir, "read/denied")))), gaol.Deny(gaol.FileRead(in("read/none")))}
	alone := []gaol.Option{gaol.BestEffort(gaol.System()), gaol.BestEffort(gaol.FileRead(in("read"))), gaol.FileReadMetadata(gaol.Subpath("/"))}
	several := append(slices.Clone(alone), gaol.ProcessCreate(), gaol.BestEffort(gaol.NetworkOutbound(gaol.TCP(443))))
	user := &gaol.Credential{Uid: 4001, Gid: 4002, Groups: []uint32{4003}}
	const view, rules, none = gaol.EngineNamespace, gaol.EngineLandlock, "/dev/null/none"
	return []variant{
		{name: "namespace", engine: view, options: plain},
		{name: "namespace, everything", engine: view, options: rich},
		{name: "namespace, a terminal", engine: view, options: plain, terminal: true},
		{name: "namespace, no program", engine: view, options: plain, program: none, ends: syscall.ENOTDIR},
		{name: "namespace, no init", engine: view, options: plain, first: "gaol_process1: execveat", ends: syscall.ENOEXEC},
		{name: "namespace, a cgroup", engine: view, options: append(slices.Clone(plain), gaol.Limit(gaol.Limits{Processes: 64}))},
		{name: "namespace, once", engine: view, once: true, options: plain},
		{name: "namespace, once, everything", engine: view, once: true, options: rich},
		{name: "namespace, once, no network of another process", engine: view, once: true, options: plain, first: "hold_net: unshare"},
		{name: "namespace, once, no program", engine: view, once: true, options: plain, program: none, ends: syscall.ENOTDIR},
		{name: "landlock, alone", engine: rules, options: alone},
		{name: "landlock, alone, no init", engine: rules, options: alone, first: "gaol_process1: execveat", ends: syscall.ENOEXEC},
		{name: "namespace, told of what is denied", engine: view, options: append(slices.Clone(plain), gaol.OnDenied(gaol.Kill)), denies: true},
		{name: "landlock, told of what is denied", engine: rules, options: append(slices.Clone(alone), gaol.OnDenied(gaol.Kill)), denies: true},
		{name: "namespace, another user", engine: view, options: plain, user: user},
		{name: "namespace, once, another user", engine: view, once: true, options: plain, user: user},
		{name: "landlock, alone, another user", engine: rules, options: alone, user: user},
		{name: "landlock, processes, another user", engine: rules, options: several, user: user},
		{name: "landlock, processes", engine: rules, options: several},
		{name: "landlock, processes, no program", engine: rules, options: several, program: none, ends: syscall.ENOTDIR},
		{name: "landlock, processes, no init", engine: rules, options: several, first: "gaol_process1: execveat", ends: syscall.ENOEXEC},
	}
}

// run is New, one command and Close; it returns what the victim has seen of its confinement.
func (v variant) run() (string, error) {
	once.Only = v.once
	defer func() { once.Only = false }()
	p, err := gaol.NewProfile(append([]gaol.Option{gaol.WithEngine(v.engine), gaol.BestEffort(gaol.FileRead(gaol.Literal(victim))), gaol.FileExecute(gaol.Literal(victim))}, v.options...)...)
	if err != nil {
		return "", err
	}
	s, err := gaol.New(p)
	if err != nil {
		return "", err
	}
	defer s.Close()
	program := victim
	if v.program != "" {
		program = v.program
	}
	c := s.Command(context.Background(), program, "confined", "/etc/shadow", "/etc/passwd", "/", filepath.Join(dir, "secret"), filepath.Join(dir, "read/file"), filepath.Join(dir, "read/denied"), filepath.Join(dir, "read/none"), "/proc/1/environ", "/proc/kcore")
	c.Dir = "/usr"
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if v.user != nil {
		c.Credential, c.Limits = v.user, &gaol.Limits{Files: 64}
	}
	if v.terminal {
		c.Stdin, c.Terminal = terminal, terminal
	}
	err = c.Run()
	var exit *gaol.ExitError
	if errors.As(err, &exit) && exit.Signal() == syscall.SIGSYS && v.denies {
		// a filter that nobody could be told of has another on top
		return string(regexp.MustCompile(`(?m)^Seccomp_filters:.*\n`).ReplaceAll(out.Bytes(), nil)) + exit.Error(), nil
	}
	if errors.As(err, &exit) {
		return out.String(), fmt.Errorf("the program ran: %w: %s", err, out.String())
	}
	return out.String(), err
}

const patience = 20 * time.Second

// bounded is run, but for one that hangs: that ends the test binary, with all stacks.
func (v variant) bounded(t *testing.T, what string) (string, error) {
	t.Helper()
	watchdog := time.AfterFunc(patience, func() { panic(v.name + " hangs: " + what) })
	defer watchdog.Stop()
	return v.run()
}

// errnos are what calls fail with.
var errnos = []syscall.Errno{syscall.EPERM, syscall.ENOMEM, syscall.EMFILE, syscall.ENOSPC, syscall.EAGAIN, syscall.EINTR}

func name(c csrc.FaultCall) string {
	call, err := seccomp.ScmpSyscall(c.Nr).GetName()
	if err != nil {
		call = fmt.Sprint(c.Nr)
	}
	return c.Function + ": " + call
}

// held is what must not grow.
func held() string {
	h := outside.Holding()
	return fmt.Sprint(h.FDs, h.Children)
}

func TestEachCallThatFailsIsAnErrorOrDoesNotMatter(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.name, v.test)
	}
}

// expected says that a run without a failure of its own has come out as it always does.
func (v variant) expected(err error) bool {
	if v.ends == 0 {
		return err == nil
	}
	var setup *gaol.SetupError
	return errors.As(err, &setup) && errors.Is(err, v.ends) && steps[setup.Step]
}

func (v variant) test(t *testing.T) {
	if v.terminal && terminal == nil {
		t.Skip("a terminal is missing")
	}
	if v.user != nil && os.Geteuid() != 0 {
		t.Skip("root is missing: it alone may take another user")
	}
	want, err := v.bounded(t, "nothing fails")
	if errors.Is(err, gaol.ErrUnsupported) {
		t.Skipf("a mechanism is missing: %v", err)
	}
	// twice, since the first makes what is kept, and since the victim has to find the same each time
	if again, err := v.bounded(t, "nothing fails"); again != want || v.first == "" && !v.expected(err) {
		t.Fatalf("%v\n%s", err, difference(want, again))
	}
	calls, first := v.calls(t)
	ran++
	runtime.GC()
	before, mounts := held(), outside.Holding().Mounts
	goroutines := runtime.NumGoroutine()
	_, allocated := csrc.FaultLive()
	seen := map[csrc.FaultCall]int{}
	failed, passed, missed := 0, 0, 0
	for i, c := range calls {
		nth := seen[c]
		seen[c]++
		each := errnos
		if testing.Short() { // one that is another for each call, and the one that waits end with
			each = slices.Compact([]syscall.Errno{errnos[i%len(errnos)], syscall.EINTR})
		}
		for _, errno := range each {
			what := fmt.Sprintf("%s (line %d) for the %d. time with %v", name(c), c.Line, nth+1, errno)
			csrc.FaultStart(append(slices.Clone(first), csrc.Fault{FaultCall: c, Nth: nth, Errno: errno})...)
			got, err := v.bounded(t, what)
			_, hits := csrc.FaultStop()
			var setup *gaol.SetupError
			switch {
			case hits <= len(first) && v.expected(err) && got == want: // a wait that is not always there, or that only one errno ends
				missed++
			case errors.As(err, &setup) && errors.Is(err, errno) && steps[setup.Step]:
				failed++
				if why := v.harmlessly(c, errno); why != "" && !harmless[name(c)].held && v.ends == 0 && len(first) == 0 {
					t.Errorf("%s: is said to be harmless (%s), but: %v", what, why, err)
				}
			case v.ends != 0 && v.expected(err): // which of the two is told is not said
				passed++
			case err != nil:
				t.Errorf("%s: %T %v", what, err, err)
			case got != want:
				t.Errorf("%s: the program ran, confined otherwise:\n%s", what, difference(want, got))
			case v.harmlessly(c, errno) == "":
				t.Errorf("%s: the program ran, and no reason is given here why that is right", what)
			default:
				passed++
			}
			if now := held(); now != before {
				t.Fatalf("%s: it has left\n%s\nof\n%s", what, now, before)
			}
		}
	}
	t.Logf("%d calls; %d times an error, %d times harmless, %d times not reached", len(calls), failed, passed, missed)
	if failed < len(calls) && v.first == "" || failed+passed == 0 {
		t.Error("too few calls failed for a proof")
	}
	if now := outside.Holding().Mounts; !slices.Equal(now, mounts) {
		t.Errorf("mounts: %q, then %q", mounts, now)
	}
	for range 100 {
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, then %d", goroutines, n)
	}
	mapped, now := csrc.FaultLive()
	if mapped > pooled || now != allocated {
		t.Errorf("%d arenas are mapped, of which %d are kept; %d allocations, then %d", mapped, pooled, allocated, now)
	}
	if got, err := v.bounded(t, "nothing fails, afterwards"); v.first == "" && !v.expected(err) || got != want {
		t.Errorf("afterwards: %v\n%s", err, difference(want, got))
	}
}

// calls records what one run makes, with the failure that comes first, if there is to be one.
func (v variant) calls(t *testing.T) (calls []csrc.FaultCall, first []csrc.Fault) {
	t.Helper()
	csrc.FaultStart()
	_, err := v.bounded(t, "recording")
	if calls, _ = csrc.FaultStop(); v.first == "" {
		record(calls)
		if !v.expected(err) {
			t.Fatal(err)
		}
		return calls, nil
	}
	at := slices.IndexFunc(calls, func(c csrc.FaultCall) bool { return name(c) == v.first })
	if at < 0 {
		t.Fatalf("%s is not called", v.first)
	}
	first = []csrc.Fault{{FaultCall: calls[at], Errno: syscall.ENOEXEC}}
	csrc.FaultStart(first...)
	_, err = v.bounded(t, "recording what comes of "+v.first)
	calls, _ = csrc.FaultStop()
	record(calls)
	if !v.expected(err) {
		t.Fatal(err)
	}
	// only what follows it is new
	at = slices.IndexFunc(calls, func(c csrc.FaultCall) bool { return name(c) == v.first })
	return slices.DeleteFunc(calls[at:], func(c csrc.FaultCall) bool { return name(c) == v.first }), first
}

// pooled is how many arenas the core keeps (csrc/spawn.c, POOL).
const pooled = 8

// difference is the lines that only one of two texts has.
func difference(a, b string) string {
	la, lb := bytes.Split([]byte(a), []byte("\n")), bytes.Split([]byte(b), []byte("\n"))
	var out string
	for side, l := range map[string][2][][]byte{"-": {la, lb}, "+": {lb, la}} {
		for _, x := range l[0] {
			if !slices.ContainsFunc(l[1], func(y []byte) bool { return bytes.Equal(x, y) }) {
				out += side + string(x) + "\n"
			}
		}
	}
	return out
}

// The executable of process 1 is made once for each process, before any of this.
func TestTheInitImageFailsByItsErrno(t *testing.T) {
	csrc.FaultStart()
	fd, err := csrc.InitImage()
	calls, _ := csrc.FaultStop()
	if err != nil {
		t.Fatal(err)
	}
	_ = syscall.Close(fd)
	record(calls)
	before := held()
	for i, c := range calls {
		for _, errno := range errnos {
			csrc.FaultStart(csrc.Fault{FaultCall: c, Nth: i - slices.Index(calls, c), Errno: errno}) // equal ones follow each other
			fd, err := csrc.InitImage()
			_, hit := csrc.FaultStop()
			if hit != 1 || fd != -1 || !errors.Is(err, errno) {
				t.Errorf("%s with %v: descriptor %d, %v, %d failed", name(c), errno, fd, err, hit)
			}
		}
	}
	if now := held(); now != before || len(calls) < 4 {
		t.Errorf("%d calls; holds %s, then %s", len(calls), before, now)
	}
}
