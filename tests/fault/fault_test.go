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
	var err error
	if dir, err = os.MkdirTemp("/var/tmp", "gaol-fault-"); err != nil {
		panic(err)
	}
	_ = os.Chmod(dir, 0o755)
	for _, d := range []string{"read", "write/private/in", "write/pinned/read", "read/none", "map", "place"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			panic(err)
		}
	}
	for _, f := range []string{"read/file", "write/private/file", "secret", "read/denied", "map/file"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("x"), 0o644); err != nil {
			panic(err)
		}
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
	name    string
	engine  gaol.Engine
	once    bool // without a template
	options []gaol.Option
	denies  bool // and ends the victim for what is denied
}

func variants() []variant {
	in := func(name string) gaol.Pattern { return gaol.Subpath(filepath.Join(dir, name)) }
	plain := []gaol.Option{gaol.System(), gaol.FileRead(in("read"))}
	rich := []gaol.Option{gaol.System(), gaol.SystemInfoRead(), gaol.ProcessCreate(), gaol.FileRead(in("read")), gaol.FileWrite(in("write")), gaol.FileRead(in("write")),
		gaol.Private(filepath.Join(dir, "write/private")), gaol.FileRead(gaol.Literal(filepath.Join(dir, "write/private/file"))), gaol.BestEffort(gaol.FileRead(in("write/private/in"))),
		gaol.Map(filepath.Join(dir, "place"), filepath.Join(dir, "map"), gaol.ReadOnly), gaol.Private("/tmp"), gaol.IPC(gaol.NamedPipes), gaol.IPC(gaol.POSIXQueues), gaol.IPC(gaol.SystemV),
		gaol.NetworkOutbound(gaol.All()), gaol.Deny(gaol.FileRead(gaol.Literal(filepath.Join(dir, "read/denied")))), gaol.Deny(gaol.FileRead(in("read/none")))}
	metadata := gaol.FileReadMetadata(gaol.Subpath("/"))
	alone := []gaol.Option{gaol.BestEffort(gaol.System()), gaol.BestEffort(gaol.FileRead(in("read"))), metadata}
	return []variant{
		{"namespace", gaol.EngineNamespace, false, plain, false},
		{"namespace, everything", gaol.EngineNamespace, false, rich, false},
		{"namespace without a template", gaol.EngineNamespace, true, plain, false},
		{"namespace without a template, everything", gaol.EngineNamespace, true, rich, false},
		{"landlock, alone", gaol.EngineLandlock, false, alone, false},
		{"namespace, told of what is denied", gaol.EngineNamespace, false, append(slices.Clone(plain), gaol.OnDenied(gaol.Kill)), true},
		{"landlock, told of what is denied", gaol.EngineLandlock, false, append(slices.Clone(alone), gaol.OnDenied(gaol.Kill)), true},
		{"landlock, processes", gaol.EngineLandlock, false, append(slices.Clone(alone), gaol.ProcessCreate(), gaol.BestEffort(gaol.NetworkOutbound(gaol.TCP(443)))), false},
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
	c := s.Command(context.Background(), victim, "confined", "/etc/shadow", "/etc/passwd", "/", filepath.Join(dir, "secret"), filepath.Join(dir, "read/file"), filepath.Join(dir, "read/denied"), filepath.Join(dir, "read/none"), "/proc/1/environ", "/proc/kcore")
	c.Dir = "/usr"
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
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
		t.Run(v.name, func(t *testing.T) {
			want, err := v.bounded(t, "nothing fails")
			if errors.Is(err, gaol.ErrUnsupported) {
				t.Skipf("a mechanism is missing: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if again, err := v.bounded(t, "nothing fails"); err != nil || again != want {
				t.Fatalf("the victim does not find the same twice: %v\n%s", err, difference(want, again))
			}
			csrc.FaultRecord()
			_, err = v.bounded(t, "recording")
			calls := csrc.FaultStop()
			if err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			before, mounts := held(), outside.Holding().Mounts
			goroutines := runtime.NumGoroutine()
			_, allocated := csrc.FaultLive()
			seen := map[csrc.FaultCall]int{}
			failed, harmless, missed := 0, 0, 0
			for _, c := range calls {
				nth := seen[c]
				seen[c]++
				for _, errno := range errnos {
					what := fmt.Sprintf("%s (line %d) for the %d. time with %v", name(c), c.Line, nth+1, errno)
					csrc.FaultOne(c, nth, errno)
					got, err := v.bounded(t, what)
					hit := len(csrc.FaultStop()) > 0
					var setup *gaol.SetupError
					switch {
					case !hit && err != nil:
						t.Errorf("%s: did not fail, but: %v", what, err)
					case !hit: // a wait that is not always there, or one that only EINTR ends
						missed++
					case errors.As(err, &setup) && errors.Is(err, errno) && steps[setup.Step]:
						failed++
						if matters := harmlessly(c, errno); matters != "" {
							t.Errorf("%s: is said to be harmless (%s), but: %v", what, matters, err)
						}
					case err != nil:
						t.Errorf("%s: %T %v", what, err, err)
					case got != want:
						t.Errorf("%s: the program ran, confined otherwise:\n%s", what, difference(want, got))
					case harmlessly(c, errno) == "":
						t.Errorf("%s: the program ran, and no reason is given here why that is right", what)
					default:
						harmless++
					}
					if now := held(); now != before {
						t.Fatalf("%s: it has left\n%s\nof\n%s", what, now, before)
					}
				}
			}
			t.Logf("%d calls; %d times an error, %d times harmless, %d times not reached", len(calls), failed, harmless, missed)
			if failed < 3*len(calls) {
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
			if got, err := v.bounded(t, "nothing fails, afterwards"); err != nil || got != want {
				t.Errorf("afterwards: %v\n%s", err, difference(want, got))
			}
		})
	}
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
