//go:build linux

// This file holds the processes that attacks are made on: a witness outside, a sibling in another sandbox, and the calling process
// itself. Each has a word in its memory, and the witness one in its arguments and one in its environment; it tells of every signal.

package escape

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// page is memory at an address that can be told to others.
type page struct {
	mem  []byte
	word string
}

func newPage(word string) (*page, error) {
	mem, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	copy(mem, word)
	return &page{mem, word}, nil
}

func (p *page) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(p.mem))) }
func (p *page) at() string       { return fmt.Sprintf("%#x", p.address()) }
func (p *page) same() bool       { return strings.TrimRight(string(p.mem), "\x00") == p.word }
func (p *page) free()            { _ = unix.Munmap(p.mem) }

// witness is a process outside, in a session of its own, which ends with its caller.
type witness struct {
	cmd         *exec.Cmd
	in          io.WriteCloser
	out         *bufio.Reader
	at          string
	arg, env    string
	mu          sync.Mutex
	answers     chan string
	signals     []string
	ended       chan struct{}
	program     string
	environment string
}

func startWitness(program string) (*witness, error) {
	w := &witness{arg: fmt.Sprintf("argument%d", os.Getpid()), env: fmt.Sprintf("environment%d", os.Getpid()), answers: make(chan string, 16),
		ended: make(chan struct{})}
	w.cmd = exec.Command(program, Word, "witness", w.arg)
	w.cmd.Args[0] = argv0
	w.cmd.Env = []string{"WITNESS=" + w.env}
	w.cmd.Dir = "/"
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go w.listen()
	select {
	case w.at = <-w.answers:
		return w, nil
	case <-w.ended:
	case <-time.After(patience):
	}
	w.stop()
	return nil, errors.New("the witness, a process outside, does not start")
}

// listen reads what the witness says: "signal N", or answers.
func (w *witness) listen() {
	defer close(w.ended)
	for {
		line, err := w.out.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		if sig, ok := strings.CutPrefix(line, "signal "); ok {
			w.mu.Lock()
			w.signals = append(w.signals, sig)
			w.mu.Unlock()
			continue
		}
		w.answers <- line
	}
}

func (w *witness) stop() {
	_ = w.in.Close()
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
}

// untouched is an error if a signal has come since the last call, or if the witness is not as it was.
func (w *witness) untouched() error {
	time.Sleep(5 * time.Millisecond)
	if _, err := fmt.Fprintln(w.in, "?"); err != nil {
		return fmt.Errorf("the witness has ended: %w", err)
	}
	var answer string
	select {
	case answer = <-w.answers:
	case <-w.ended:
		return errors.New("the witness has ended")
	case <-time.After(10 * time.Second):
		return errors.New("the witness does not answer")
	}
	w.mu.Lock()
	signals := w.signals
	w.signals = nil
	w.mu.Unlock()
	if len(signals) > 0 {
		return fmt.Errorf("the witness got signal %s", strings.Join(signals, ", "))
	}
	if answer != "as it was" {
		return fmt.Errorf("the witness says: %s", answer)
	}
	return nil
}

// witnessMain is the witness itself. The signals of its own runtime and terminal are not among those that it tells of.
func witnessMain([]string) {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	c := make(chan os.Signal, 64)
	signal.Notify(c)
	p, err := newPage("the witness's memory")
	if err != nil {
		leave(err.Error())
	}
	priority, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	fmt.Println(p.at())
	go func() {
		for s := range c {
			if s != unix.SIGURG && s != unix.SIGCHLD {
				fmt.Printf("signal %d\n", int(s.(syscall.Signal)))
			}
		}
	}()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		time.Sleep(2 * time.Millisecond) // a signal that was sent before must be told of before
		now, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
		switch {
		case !p.same():
			fmt.Println("my memory was written")
		case now != priority:
			fmt.Println("my priority was changed")
		default:
			fmt.Println("as it was")
		}
	}
}

// siblingMain is the program of another sandbox.
func siblingMain([]string) {
	p, err := newPage("the sibling's memory")
	if err != nil {
		leave(err.Error())
	}
	fmt.Println(p.at())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// swapperMain exchanges two paths again and again; it is what an attacker in another sandbox does while one is made.
func swapperMain(args []string) {
	if !confined() {
		leave("this is no sandbox")
	}
	if err := unix.Renameat2(unix.AT_FDCWD, args[0], unix.AT_FDCWD, args[1], unix.RENAME_EXCHANGE); err != nil {
		fmt.Println(wordOf(err))
		return
	}
	fmt.Println("swapping")
	for {
		_ = unix.Renameat2(unix.AT_FDCWD, args[0], unix.AT_FDCWD, args[1], unix.RENAME_EXCHANGE)
	}
}

func firstLine(r io.Reader) string {
	line, _ := bufio.NewReader(r).ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

// Witness gives the attack a process outside: "witness" is its number and the address of its memory; it must notice nothing.
func (w *World) Witness() {
	w.target("witness", w.runner.witness.cmd.Process.Pid, w.runner.witness.at)
	w.Check(w.runner.witness.untouched)
}

// Caller gives the attack the calling process in the same way.
func (w *World) Caller() {
	w.target("caller", os.Getpid(), w.runner.page.at())
	w.Check(func() error {
		if !w.runner.page.same() {
			return errors.New("the caller's memory was written")
		}
		return nil
	})
}

// Sibling gives the attack the program of another sandbox, and that one's init.
func (w *World) Sibling() {
	o := w.Other("sibling", nil)
	for i, pid := range o.pids {
		w.target(fmt.Sprintf("sibling%d", i), pid, o.line)
	}
}

func (w *World) target(name string, pid int, at string) {
	if pid < 64 { // which a process or a thread inside might have, too
		w.Skip("the number of the %s, %d, is too small to tell it from one inside", name, pid)
	}
	w.Arg("target."+name, strconv.Itoa(pid)+","+at)
}

// target is a process to attack.
type target struct {
	name string
	pid  int
	at   uintptr
}

// Targets are those that Prepare gave.
func (in *In) Targets() (all []target) {
	for k, v := range in.args {
		name, ok := strings.CutPrefix(k, "target.")
		if !ok {
			continue
		}
		pid, at, _ := strings.Cut(v, ",")
		t := target{name: name}
		t.pid, _ = strconv.Atoi(pid)
		n, _ := strconv.ParseUint(at, 0, 64)
		t.at = uintptr(n)
		all = append(all, t)
	}
	return all
}

// exists says whether a path is there; used for what a host may lack.
func exists(path string) bool {
	found, _ := filepath.Glob(path)
	return len(found) > 0
}
