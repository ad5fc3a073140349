//go:build linux

// This file is what Prepare has: the side of an attack that is outside. All that it makes lies in one directory or is undone by close;
// what an attack must not touch is looked at again when the program has ended.

package escape

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// World is one run of an attack, or of its twin.
type World struct {
	Engine Engine
	Twin   bool
	Dir    string // everyone may read it; nothing in it is granted

	runner    *Runner
	grants    []gaol.Option
	args      []string
	files     []*os.File
	checks    []func() error
	closers   []func()
	exact     bool // nothing is granted that the engine would need
	runs      int
	cwd       string
	fresh     bool // every run has a sandbox of its own, which may be refused
	env       []string
	after     func(*gaol.Cmd, error) []Outcome // sees a run's end
	afterNew  func()                           // is called between gaol.New and the first run
	sandboxed *gaol.Sandbox                    // the attack's, for afterNew
}

// errSkip and errBroken are what Prepare ends with when it cannot go on.
type (
	errSkip   string
	errBroken string
)

// Skip ends the attack: the machine lacks something.
func (w *World) Skip(format string, args ...any) { panic(errSkip(fmt.Sprintf(format, args...))) }

func (w *World) must(err error) {
	if err != nil {
		panic(errBroken(err.Error()))
	}
}

// Grant adds to the profile, as the engine takes it; GrantExactly as it is.
func (w *World) Grant(options ...gaol.Option) {
	for _, o := range options {
		w.grants = append(w.grants, adapt(w.Engine, o))
	}
}

func (w *World) GrantExactly(options ...gaol.Option) { w.grants = append(w.grants, options...) }

// IfTwin grants only to the twin.
func (w *World) IfTwin(options ...gaol.Option) {
	if w.Twin {
		w.Grant(options...)
	}
}

// Arg gives the code inside a value.
func (w *World) Arg(name, value string) { w.args = append(w.args, name+"="+value) }

// Hand gives the program a file, as 3, 4, …; the World closes it.
func (w *World) Hand(f *os.File) {
	w.files = append(w.files, f)
	w.onClose(func() { _ = f.Close() })
}

// Check is called when the program has ended; an error means that the attack touched something, or that the twin did not.
func (w *World) Check(f func() error) { w.checks = append(w.checks, f) }

func (w *World) onClose(f func()) { w.closers = append(w.closers, f) }

func (w *World) close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
	_ = unchained(w.Dir)
}

// unchained removes a directory that may have others in it which nobody may enter.
func unchained(dir string) error {
	_ = filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if st != nil && st.IsDir() && st.Mode()&0o700 != 0o700 {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// Race calls f again and again until the runs are over.
func (w *World) Race(f func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				f()
			}
		}
	}()
	w.onClose(func() { close(stop); <-ended })
}

// MakeDir makes a directory in Dir; File a file; both return the path.
func (w *World) MakeDir(name string) string {
	path := filepath.Join(w.Dir, name)
	w.must(os.MkdirAll(path, 0o755))
	return path
}

// Leash hands a pipe to the program, and afterwards looks whether anything still holds it.
func (w *World) Leash() {
	r, wr, err := os.Pipe()
	w.must(err)
	w.Hand(wr)
	w.onClose(func() { _ = r.Close() })
	w.Check(func() error {
		_ = wr.Close()
		_ = r.SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, err := r.Read(make([]byte, 1)); os.IsTimeout(err) {
			return errors.New("a process still holds the pipe that the program was given")
		}
		return nil
	})
}

// Writable grants reading and writing of a directory, which is watched from outside.
func (w *World) Writable() {
	dir := w.MakeDir("granted")
	w.Grant(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
	w.Guard(dir)
	w.Arg("dir", dir)
}

func (w *World) File(name, content string) string {
	path := filepath.Join(w.Dir, name)
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte(content), 0o644))
	return path
}

// Secret makes a file that is not granted, in a directory of its own, and sees to it that it stays as it is. The twin gets to read it.
func (w *World) Secret() string {
	path := w.File("outside/secret", "secret\n")
	w.IfTwin(gaol.FileRead(gaol.Subpath(filepath.Dir(path))))
	w.Guard(path)
	return path
}

// Guard sees to it that files stay as they are.
func (w *World) Guard(paths ...string) {
	if w.Twin {
		return
	}
	for _, path := range paths {
		before := fingerprint(path)
		w.Check(func() error {
			if now := fingerprint(path); now != before {
				return fmt.Errorf("%s was %s, and is %s", path, before, now)
			}
			return nil
		})
	}
}

// fingerprint is what a program could change of a file, or of a directory's entries.
func fingerprint(path string) string {
	st, err := os.Lstat(path)
	if err != nil {
		return err.Error()
	}
	content := ""
	switch {
	case st.IsDir():
		entries, _ := os.ReadDir(path)
		for _, e := range entries {
			content += e.Name() + " "
		}
	case st.Mode().IsRegular():
		b, _ := os.ReadFile(path)
		content = string(b)
		if len(b) > 1<<10 {
			content = fmt.Sprintf("%x", sha256.Sum256(b))
		}
	}
	sys := st.Sys().(*syscall.Stat_t)
	return fmt.Sprintf("%v %d:%d, inode %d, %d links, %d bytes of %v: %q", st.Mode(), sys.Uid, sys.Gid, sys.Ino, sys.Nlink, st.Size(), st.ModTime(), content)
}

// needStart skips the attack where the program cannot start under the options, and says why.
func (w *World) needStart(why string, options ...gaol.Option) {
	s, err := w.sandbox(options...)
	if err != nil {
		return // as the attack itself will find
	}
	defer s.Close()
	cmd := s.Command(nil, w.runner.program, Word, "ran")
	cmd.Args[0], cmd.Dir = argv0, "/"
	_ = cmd.Run()
	if cmd.ProcessState != nil && !cmd.ProcessState.Exited() {
		w.Skip("this program %s", why)
	}
}

// Token is a word that is nowhere else.
func (w *World) Token() string { return fmt.Sprintf("token%d%06d", os.Getpid(), tokens.Add(1)) }

var tokens atomic.Int64

// Setenv sets a variable of the calling process.
func (w *World) Setenv(name, value string) {
	old, was := os.LookupEnv(name)
	w.must(os.Setenv(name, value))
	w.onClose(func() {
		if was {
			_ = os.Setenv(name, old)
		} else {
			_ = os.Unsetenv(name)
		}
	})
}

// soon calls f until it holds, for a while.
func soon(f func() bool) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if f() {
			return true
		}
	}
	return f()
}

// openFDs counts this process's descriptors but for those that the Go runtime makes by itself.
func openFDs() int {
	n := 0
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); !strings.HasPrefix(to, "anon_inode:") {
			n++
		}
	}
	return n
}

// SocketPair makes one, hands an end to the program, and returns the other.
func (w *World) SocketPair() *os.File {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	w.must(err)
	w.Hand(os.NewFile(uintptr(fds[0]), "socket inside"))
	mine := os.NewFile(uintptr(fds[1]), "socket outside")
	w.onClose(func() { _ = mine.Close() })
	return mine
}
