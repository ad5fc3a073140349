//go:build linux

// This file is the side of an attack that runs in a sandbox. It must never run outside of one, whoever calls it: an attack that is
// let through would reach the machine's own processes.

package escape

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Word, as the first argument, makes a program that takes part go to Main.
const Word = "escape-inside"

// In is what an attack has inside.
type In struct {
	Twin   bool
	Engine Engine
	Run    int // of the runs that Prepare asked for
	args   map[string]string
}

// Main is the whole program where os.Args[1] is Word; args are those that follow. It does not return.
func Main(args []string) {
	runtime.LockOSThread()
	if len(args) > 0 && roles[args[0]] != nil {
		roles[args[0]](args[1:])
		os.Exit(0)
	}
	if len(args) < 4 {
		leave("this is for gaol verify to call")
	}
	if !confined() {
		leave("this is no sandbox")
	}
	a := find(args[0])
	if a == nil {
		leave("there is no attack " + args[0])
	}
	in := &In{Twin: args[1] == "twin", Engine: Engine(args[2]), args: map[string]string{}}
	_, _ = fmt.Sscan(args[3], &in.Run)
	for _, kv := range args[4:] {
		k, v, _ := strings.Cut(kv, "=")
		in.args[k] = v
	}
	a.Inside(in)
	say("done", "")
	os.Exit(0)
}

// roles are the parts that are not an attack's own: those of other processes, which attacks are made on. "ran" is what a program does
// that an attack has managed to execute.
var roles = map[string]func(args []string){}

func init() {
	roles["witness"] = witnessMain
	roles["sibling"] = siblingMain
	roles["swapper"] = swapperMain
	roles["ran"] = func(args []string) {
		say("ok", strings.Join(args, " "))
		say("done", "")
	}
}

func leave(why string) {
	fmt.Fprintln(os.Stderr, "gaol: "+why)
	os.Exit(125)
}

// confined is true with no_new_privs and a filter, which no ordinary process has both.
func confined() bool {
	noNew, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil || noNew != 1 {
		return false
	}
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err == nil && mode == unix.SECCOMP_MODE_FILTER
}

// say writes one outcome.
func say(word, what string) {
	line := word + "\t" + strings.ReplaceAll(what, "\n", " ") + "\n"
	_, _ = unix.Write(1, []byte(line))
}

// Arg is what Prepare gave under the name.
func (in *In) Arg(name string) string { return in.args[name] }

// Is says what came of something: a word that the attack's Want knows.
func (in *In) Is(word, what string) { say(word, what) }

// Try says what came of an operation: "ok" or the errno's name.
func (in *In) Try(what string, err error) { say(wordOf(err), what) }

// Tried says that an operation was made which may well succeed, because what counts is whether anything outside was touched.
func (in *In) Tried(what string, err error) {
	if in.Twin {
		in.Try(what, err)
		return
	}
	say("untouched", what)
}

// Call makes a system call by its number and says what came of it. A process that it makes by accident ends at once.
func (in *In) Call(what string, nr uintptr, args ...uintptr) { in.Try(what, rawCall(nr, args...)) }

// Calls makes system calls in turn.
func (in *In) Calls(calls ...call) {
	for _, c := range calls {
		in.Call(c.what, c.nr, c.args...)
	}
}

type call struct {
	what string
	nr   uintptr
	args []uintptr
}

func sys(what string, nr uintptr, args ...uintptr) call { return call{what, nr, args} }

func rawCall(nr uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	twice := forks[nr]
	r, _, errno := unix.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	for twice && errno == 0 && r == 0 { // in the child, where nothing may be called that could ask Go's scheduler for its turn
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	if errno != 0 {
		return errno
	}
	if twice {
		_, _ = unix.Wait4(int(r), nil, unix.WALL, nil)
	}
	return nil
}

// forks are the calls that return twice.
var forks = map[uintptr]bool{unix.SYS_CLONE: true, unix.SYS_CLONE3: true}

func wordOf(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &errno):
		return "error: " + err.Error()
	case unix.ErrnoName(errno) == "":
		return fmt.Sprintf("errno %d", int(errno))
	}
	return unix.ErrnoName(errno)
}

func isErrno(word string) bool {
	return len(word) > 1 && word[0] == 'E' && strings.ToUpper(word) == word || strings.HasPrefix(word, "errno ") || strings.HasPrefix(word, "error: ")
}

// kept holds what arguments point to, which are mere numbers to the collector.
var kept [][]byte

// bytesAt is a pointer to a copy of b that stays; zeros one to n zeros; cstring one to a C string.
func bytesAt(b []byte) uintptr {
	kept = append(kept, b)
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

func zeros(n int) uintptr      { return bytesAt(make([]byte, n)) }
func cstring(s string) uintptr { return bytesAt(append([]byte(s), 0)) }
func minus(n int) uintptr      { return uintptr(-n) }
func structAt[T any](v *T) uintptr {
	size := int(unsafe.Sizeof(*v))
	return bytesAt(append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(v)), size)...))
}

// forked makes a child that only waits for a signal, and returns its number. The child may make raw calls alone.
func forked() (int, error) {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	for pid == 0 {
		syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
	return int(pid), nil
}

// oneChild makes a process and sees it end.
func (in *In) oneChild() {
	pid, err := forked()
	in.Try("clone", err)
	if err == nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, err = unix.Wait4(pid, nil, 0, nil)
		in.Try("wait", err)
	}
}

// opening opens and closes a file.
func opening(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// reading returns the first bytes of a file.
func reading(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	buf := make([]byte, 1<<16)
	n, err := unix.Read(fd, buf)
	return string(buf[:max(n, 0)]), err
}

// Read tries to read a file.
func (in *In) Read(path string) {
	_, err := reading(path)
	in.Try("read "+path, err)
}

// Open tries to open one.
func (in *In) Open(path string, flags int) {
	in.Try(fmt.Sprintf("open %s, %#x", path, flags), opening(path, flags))
}
