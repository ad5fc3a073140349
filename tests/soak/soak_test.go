//go:build linux && cgo

// Package soak runs many thousands of commands from many goroutines at once, that succeed, fail, are cancelled and killed in every way, and
// compares what this process and the host hold before and after. GAOL_SOAK is how many commands each goroutine starts; `make soak` has the
// full number.
package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/outside"
)

const goroutines = 64

// each is how many commands a goroutine starts, for a part of the whole.
func each(part int) int {
	n, err := strconv.Atoi(os.Getenv("GAOL_SOAK"))
	if err != nil {
		n = 10
	}
	return max(n/part, 2)
}

var engines = map[string]gaol.Engine{"namespace": gaol.EngineNamespace, "landlock": gaol.EngineLandlock}

// open makes the sandboxes of an engine. They are closed at the end of the test.
func open(t *testing.T, engine gaol.Engine) *cell {
	t.Helper()
	base, err := os.MkdirTemp("/var/tmp", "gaol-soak-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	_ = os.Chmod(base, 0o755)
	c := &cell{engine: engine, dir: filepath.Join(base, "granted"), marker: fmt.Sprintf("7778%d", os.Getpid())}
	temporary, moved := filepath.Join(base, "tmp"), filepath.Join(c.dir, "moved")
	for _, d := range []string{c.dir, temporary, moved} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(c.dir, "file"), []byte("#!/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", temporary) // nobody else's
	make := func(s **gaol.Sandbox, options ...gaol.Option) {
		var err error
		if *s, err = build(options...); errors.Is(err, gaol.ErrUnsupported) {
			t.Skipf("a mechanism is missing: %v", err)
		} else if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = (*s).Close() })
	}
	make(&c.plain, c.options()...)
	make(&c.several, c.options(gaol.ProcessCreate())...)
	if engine == gaol.EngineNamespace {
		make(&c.broken, c.options(gaol.Private(moved))...)
		if err := os.Remove(moved); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// tally counts what came of the acts.
type tally struct {
	started, refused atomic.Int64
	mu               sync.Mutex
	wrong            map[string]int
	short            map[string]int // errors that a shortage explains, by their text
}

// load lets every goroutine do n acts. shortage are the errors with which a command may not start; nil: none.
func load(c *cell, n int, seed uint64, shortage []syscall.Errno) *tally {
	t := &tally{wrong: map[string]int{}, short: map[string]int{}}
	names := make([]string, 0, len(acts))
	for name := range acts {
		names = append(names, name)
	}
	slices.Sort(names)
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(g)))
			for range n {
				name := names[r.IntN(len(names))]
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				hangs := time.AfterFunc(2*patience, func() { panic(name + " hangs") })
				err := acts[name](c, ctx, r)
				hangs.Stop()
				late := ctx.Err()
				cancel()
				t.count(name, err, late, shortage)
			}
		})
	}
	all.Wait()
	return t
}

func (t *tally) count(name string, err, late error, shortage []syscall.Errno) {
	t.started.Add(1)
	if err == nil && late == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var w wrongError
	var setup *gaol.SetupError
	// a pipe or a file that the test itself could not have is no SetupError, as with os/exec
	own := !errors.As(err, &setup) && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE))
	if err != nil && late == nil && !errors.As(err, &w) && (setup != nil && setup.Step != "" || own) &&
		slices.ContainsFunc(shortage, func(e syscall.Errno) bool { return errors.Is(err, e) }) {
		t.refused.Add(1)
		if setup != nil {
			t.short[setup.Step+": "+setup.Err.Error()]++
		}
		return
	}
	t.wrong[fmt.Sprintf("%s: %T %v (late: %v)", name, err, err, late)]++
}

// right fails the test for what was wrong.
func (t *tally) right(tb testing.TB) {
	tb.Helper()
	for what, n := range t.wrong {
		tb.Errorf("%d times %s", n, what)
	}
}

// held is what has to be as before.
type held struct {
	outside.Holdings
	cgroups, marked []string
	memory          int // resident
}

func holding(c *cell) held {
	for range 4 { // what finalizers give back takes more than one
		runtime.GC()
		time.Sleep(20 * time.Millisecond)
	}
	debug.FreeOSMemory()
	h := held{Holdings: outside.Holding()}
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), "gaol") {
			h.cgroups = append(h.cgroups, path)
		}
		return nil
	})
	for _, pid := range outside.Having(c.marker) {
		h.marked = append(h.marked, strconv.Itoa(pid))
	}
	b, _ := os.ReadFile("/proc/self/statm")
	if f := strings.Fields(string(b)); len(f) > 1 {
		pages, _ := strconv.Atoi(f[1])
		h.memory = pages * os.Getpagesize()
	}
	if raced { // the detector's notes on each address that was ever used are most of it
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		h.memory = int(m.HeapAlloc + m.StackInuse)
	}
	return h
}

// grown is the difference that memory makes.
const grown = "memory\n"

// as compares two pictures; empty if nothing is left over.
func (h held) as(before held) string {
	var out string
	same := func(what string, was, now []string) {
		if !slices.Equal(was, now) {
			out += fmt.Sprintf("%s: %q, then %q\n", what, was, now)
		}
	}
	same("descriptors", before.FDs, h.FDs)
	same("children", before.Children, h.Children)
	same("temporary files", before.Temporary, h.Temporary)
	same("processes", nil, h.marked)
	if len(h.Mounts) != len(before.Mounts) { // those of the host, which others change, too
		out += fmt.Sprintf("mounts: %d, then %d\n", len(before.Mounts), len(h.Mounts))
	}
	if len(h.cgroups) > len(before.cgroups) {
		out += fmt.Sprintf("cgroups: %q, then %q\n", before.cgroups, h.cgroups)
	}
	if h.Goroutines > before.Goroutines {
		out += fmt.Sprintf("%d goroutines, then %d\n", before.Goroutines, h.Goroutines)
	}
	allowed := 11 * before.memory / 10
	if raced {
		allowed += 1 << 20 // of so little, a tenth is nothing
	}
	if h.memory > allowed {
		out += grown
	}
	return out
}

// threads makes that many at once. The runtime keeps them: so what they take is there before, and none has to be made when there is no more
// to be had, which the runtime does not survive.
func threads(n int) {
	var there, done sync.WaitGroup
	there.Add(n)
	for range n {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			there.Done()
			there.Wait()
		})
	}
	done.Wait()
}

// soak warms up, loads, and compares. around, if any, makes the shortage and returns what ends it.
func soak(t *testing.T, c *cell, n int, shortage []syscall.Errno, around func() func()) *tally {
	t.Helper()
	if around == nil {
		around = func() func() { return func() {} }
	}
	threads(4 * goroutines)
	end := around()
	warm := load(c, max(n/3, 2), 1, shortage)
	end()
	warm.right(t)
	before := holding(c)
	started := time.Now()
	var all *tally
	var after held
	left := "not looked at"
	// what memory the first thousand take, more or less, is theirs to keep: a leak takes as much again each time
	for round := uint64(0); round < 3 && left != ""; round++ {
		if left == grown {
			before = after
		}
		end = around()
		all = load(c, n, 2+round, shortage)
		end()
		all.right(t)
		left = "not looked at"
		for i := 0; i < 60 && left != "" && left != grown; i++ { // inits end a moment after their commands
			after = holding(c)
			left = after.as(before)
		}
		if left != grown {
			break
		}
	}
	lasted := time.Since(started)
	if left != "" {
		t.Errorf("after %d commands there is left:\n%s", all.started.Load(), left)
	}
	t.Logf("%d commands in %.1f s, of which %d did not start for the shortage; memory %d KiB, then %d KiB; %d threads, then %d",
		all.started.Load(), lasted.Seconds(), all.refused.Load(), before.memory>>10, after.memory>>10, before.Threads, after.Threads)
	for what, n := range all.short {
		t.Logf("%6d %s", n, what)
	}
	return all
}

func TestNothingIsLeftOfThousandsOfCommands(t *testing.T) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) { soak(t, open(t, engine), each(1), nil, nil) })
	}
}
