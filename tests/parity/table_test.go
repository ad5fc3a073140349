//go:build linux && cgo

// Package parity is the table of what os/exec does and what gaol does. Each row runs through os/exec once, and through gaol once for each
// engine; the rows' transcripts must be equal, to the word. Where gaol differs on purpose the row says why, and holds both to what they
// say; docs/OSEXEC.md has each of these reasons. After each row gaol must hold what it held before: no descriptor, child or goroutine more.
//
// It must work as root and as any other user, and from a compiled test binary.
package parity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/either"
	"github.com/gaol-sandbox/gaol/tests/outside"
)

// row is one case. It is a sentence, a command, and what is seen of it.
type row struct {
	name string
	cmd  []string
	see  func(*run) string
	// bare is a command without a context, of exec.Command.
	bare bool
	// differs is the reason for a difference on purpose; outside and inside are then what is seen.
	differs, outside, inside string
}

// run is a row's command, not yet started, of the one or the other.
type run struct {
	*either.Cmd
	t      *testing.T
	cancel context.CancelFunc
	dir    string // a directory that the program may read, with what rowFiles says
	files  []io.Closer
	// another makes a second command of the same kind.
	another func(name string, arg ...string) *either.Cmd
}

// patience bounds whatever could hang; no row may depend on its size.
const patience = 30 * time.Second

var plainEnv = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C"}

// rowFiles are in the directory of each row.
var rowFiles = []struct {
	name, content string
	mode          os.FileMode
}{
	{"text", "text\n", 0o644}, {"script", "#!/bin/sh\necho script \"$@\"\n", 0o755}, {"bare", "echo bare\n", 0o755}, {"orphan", "#!/no/interpreter\n", 0o755},
	{"sub/script", "#!/bin/sh\necho sub\n", 0o755}, {"plain/script", "#!/bin/sh\n", 0o644},
}

func directory(t *testing.T) string {
	base := os.Getenv("TMPDIR")
	if base == "" {
		base = "/var/tmp"
	}
	dir, err := os.MkdirTemp(base, "gaol-parity-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	dir, err = filepath.EvalSymlinks(dir)
	must(t, err)
	for _, f := range rowFiles {
		path := filepath.Join(dir, f.name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(f.content), 0o644))
		must(t, os.Chmod(path, f.mode))
	}
	must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// engines are those that this host has, each with its sandbox; missing says of the others what they lack.
func engines(t *testing.T, dir string) (have map[string]*gaol.Sandbox, missing map[string]string) {
	have, missing = map[string]*gaol.Sandbox{}, map[string]string{}
	for name, engine := range map[string]gaol.Engine{"namespace": gaol.EngineNamespace, "landlock": gaol.EngineLandlock} {
		p, err := gaol.NewProfile(gaol.WithEngine(engine), gaol.BestEffort(gaol.System()), gaol.ProcessCreate(), gaol.FileReadMetadata(gaol.Subpath("/")),
			gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)))
		must(t, err)
		s, err := gaol.New(p)
		var lacks *gaol.UnsupportedError
		if errors.As(err, &lacks) {
			missing[name] = lacks.Operations[0].Mechanism + " is missing: " + lacks.Operations[0].Detail
			continue
		}
		must(t, err)
		t.Cleanup(func() { _ = s.Close() })
		have[name] = s
	}
	return have, missing
}

func TestEachRowIsAsInOSExec(t *testing.T) {
	dir := directory(t)
	have, missing := engines(t, dir)
	for _, r := range rows() {
		for _, engine := range []string{"namespace", "landlock"} {
			t.Run(r.name+"/"+engine, func(t *testing.T) {
				s := have[engine]
				if s == nil {
					t.Skip(missing[engine])
				}
				theirs := r.run(t, dir, either.Outside)
				before := outside.Holding()
				ours := r.run(t, dir, func(ctx context.Context, name string, arg ...string) *either.Cmd {
					return either.Inside(s, ctx, name, arg...)
				})
				leaves(t, before)
				theirs, ours = strings.ReplaceAll(theirs, dir, "DIR"), strings.ReplaceAll(ours, dir, "DIR")
				if r.differs == "" {
					r.outside, r.inside = theirs, theirs
				}
				if theirs != r.outside || ours != r.inside {
					t.Errorf("os/exec: %s\ngaol:    %s\nwant:    %s\nand:     %s", theirs, ours, r.outside, r.inside)
				}
			})
		}
	}
}

// run runs the row once.
func (r row) run(t *testing.T, dir string, command func(context.Context, string, ...string) *either.Cmd) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	prepared := func(name string, arg ...string) *either.Cmd {
		of := ctx
		if r.bare {
			of = nil
		}
		c := command(of, name, arg...)
		*c.Env, *c.Dir = slices.Clone(plainEnv), "/"
		return c
	}
	x := &run{Cmd: prepared(strings.ReplaceAll(r.cmd[0], "DIR", dir), r.cmd[1:]...), t: t, cancel: cancel, dir: dir, another: prepared}
	defer x.close()
	saw := make(chan string, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				saw <- fmt.Sprint("panic: ", p)
			}
		}()
		saw <- r.see(x)
	}()
	select {
	case s := <-saw:
		return s
	case <-time.After(patience):
		cancel()
		t.Fatal("hangs")
		return ""
	}
}

// leaves fails where this process holds more than before.
func leaves(t *testing.T, before outside.Holdings) {
	t.Helper()
	var now outside.Holdings
	for end := time.Now().Add(patience / 3); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		now = outside.Holding()
		if within(now.FDs, before.FDs) && within(now.Children, before.Children) && now.Goroutines <= before.Goroutines {
			return
		}
	}
	t.Errorf("left behind: %v, %v, %d goroutines; before %v, %v, %d", now.FDs, now.Children, now.Goroutines, before.FDs, before.Children, before.Goroutines)
}

func within(now, before []string) bool {
	return !slices.ContainsFunc(now, func(s string) bool { return !slices.Contains(before, s) })
}

// rows are all of them. Each file of this package has some.
func rows() []row {
	return slices.Concat(endRows, outputRows, pipeRows, inputRows, fileRows, placeRows, contextRows, misuseRows, processRows, lookupRows)
}

func TestEachRowIsASentenceOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.name] {
			t.Errorf("%q is there twice", r.name)
		}
		seen[r.name] = true
		if (r.differs == "") != (r.outside == r.inside) {
			t.Errorf("%q differs without a reason, or has one and does not differ", r.name)
		}
	}
	if len(seen) < 60 {
		t.Errorf("%d rows", len(seen))
	}
}

// TestEachDifferenceIsDocumented holds the document to the table.
func TestEachDifferenceIsDocumented(t *testing.T) {
	_, here, _, _ := runtime.Caller(0)
	doc, err := os.ReadFile(filepath.Join(filepath.Dir(here), "../../docs/OSEXEC.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the source of this test binary is missing")
	}
	must(t, err)
	for _, r := range rows() {
		if r.differs != "" && !strings.Contains(string(doc), r.differs) {
			t.Errorf("docs/OSEXEC.md does not say: %s", r.differs)
		}
	}
}

// ---- words of the rows ----

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

// output, combined and ran see what came of one call.
func output(x *run) string   { out, err := x.Output(); return x.Saw(err, out) }
func combined(x *run) string { out, err := x.CombinedOutput(); return x.Saw(err, out) }
func ran(x *run) string      { return x.Saw(x.Run()) }

// with changes the command before it is seen.
func with(change func(*run), see func(*run) string) func(*run) string {
	return func(x *run) string { change(x); return see(x) }
}

func stdin(r func(*run) io.Reader, see func(*run) string) func(*run) string {
	return with(func(x *run) { *x.Stdin = r(x) }, see)
}

func env(kv ...string) func(*run) { return func(x *run) { *x.Env = kv } }

func at(dir string) func(*run) {
	return func(x *run) { *x.Dir = strings.ReplaceAll(dir, "DIR", x.dir) }
}

// open opens a file, of the row's directory if the path is relative, until the row ends.
func (x *run) open(name string, flags int) *os.File {
	if !filepath.IsAbs(name) {
		name = filepath.Join(x.dir, name)
	}
	f, err := os.OpenFile(name, flags, 0o644)
	return x.keep(f, err)
}

func (x *run) keep(f *os.File, err error) *os.File {
	if err != nil {
		panic(err)
	}
	x.files = append(x.files, f)
	return f
}

func (x *run) close() {
	for _, f := range x.files {
		_ = f.Close()
	}
}

// pipe is one of the row's own.
func (x *run) pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	return x.keep(r, err), x.keep(w, err)
}

// all are the texts of errors.
func all(errs ...error) string {
	var texts []string
	for _, err := range errs {
		texts = append(texts, either.Text(err))
	}
	return strings.Join(texts, "; ")
}
