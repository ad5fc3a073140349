//go:build linux

package main

// This file has the operations on processes: making them, sending signals, and all that reaches for a process by its number, the init's
// above all. What runs in a child made by a raw fork may only make raw system calls. A signal to more than one process is refused
// outside of a pid namespace, so that a mistake in a test cannot end the machine's other programs.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"proc.clone":    func(a []string) error { return procChild(procNumber(a, 0)) },
		"proc.threads":  func(a []string) error { return procThreads(procNumber(a, 0)) },
		"proc.ids":      func([]string) error { return procIds() },
		"proc.list":     func([]string) error { return procList() },
		"proc.kill":     func(a []string) error { return procKill(procNumber(a, 0), procNumber(a, 1)) },
		"proc.send":     func(a []string) error { return procSend(a[0], procNumber(a, 1), procNumber(a, 2)) },
		"proc.getfd":    func(a []string) error { return procGetfd(procNumber(a, 0)) },
		"proc.killall":  func([]string) error { return procKillall() },
		"proc.orphans":  func(a []string) error { return procOrphans(procNumber(a, 0)) },
		"proc.bomb":     func(a []string) error { return procBomb(procNumber(a, 0), procNumber(a, 1)) },
		"proc.signals":  func([]string) error { return procSignals() },
		"proc.die":      func(a []string) error { return procDie(procNumber(a, 0)) },
		"proc.exit":     func(a []string) error { os.Exit(procNumber(a, 0)); return nil },
		"proc.rlimit":   func(a []string) error { return procRlimit(procNumber(a, 0)) },
		"proc.read":     func(a []string) error { return procRead(a[0]) },
		"proc.write":    func(a []string) error { return procWrite(a[0], a[1]) },
		"proc.ls":       func(a []string) error { return procLs(a[0]) },
		"proc.readlink": func(a []string) error { to, err := os.Readlink(a[0]); say("%s", to); return err },
		"proc.scan":     func(a []string) error { return procScan(a[0]) },
		"proc.nice":     func(a []string) error { return procNice(procNumber(a, 0)) },
		"proc.fds":      func([]string) error { return procFds() },
		"proc.env":      func(a []string) error { say("%s", os.Getenv(a[0])); return nil },
		"proc.pause":    func([]string) error { note("ok"); procWait(); return nil },
	})
}

func procNumber(args []string, i int) int {
	if i >= len(args) {
		return 0
	}
	n, err := strconv.ParseInt(args[i], 0, 64)
	if err != nil {
		panic(err)
	}
	return int(n)
}

func procErrno(e syscall.Errno) error {
	if e != 0 {
		return e
	}
	return nil
}

// procChild makes a process by clone; the process ends at once with 7, which the parent must see.
func procChild(flags int) error {
	pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(flags), 0, 0, 0, 0, 0)
	if e != 0 {
		return e
	}
	for pid == 0 {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 7, 0, 0)
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(int(pid), &ws, unix.WALL, nil); err != nil {
		return err
	}
	say("%d", ws.ExitStatus())
	return nil
}

// procThreads starts as many, all there at the same time.
func procThreads(n int) error {
	var all, go_ sync.WaitGroup
	seen := make(chan int, n)
	go_.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			go_.Done()
			go_.Wait()
			seen <- unix.Gettid()
		})
	}
	all.Wait()
	close(seen)
	different := map[int]bool{}
	for tid := range seen {
		different[tid] = true
	}
	say("%d", len(different))
	return nil
}

func procIds() error {
	sid, err := unix.Getsid(0)
	say("pid %d parent %d group %d session %d", unix.Getpid(), unix.Getppid(), unix.Getpgrp(), sid)
	return err
}

// procList is the processes that /proc shows.
func procList() error {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	say("%s", strings.ReplaceAll(strings.Join(dirs, " "), "/proc/", ""))
	return err
}

var errHost = errors.New("this is no pid namespace of its own")

// procInside must hold before a signal goes to many.
func procInside() bool { return unix.Getpid() < 1000 && unix.Getppid() <= 1 }

// procKill ignores the signal first, where it can be ignored, so that what reaches this process, too, does not end it.
func procKill(pid, sig int) error {
	if pid <= 0 && !procInside() {
		return errHost
	}
	if sig != 0 && sig != int(unix.SIGKILL) && sig != int(unix.SIGSTOP) {
		signal.Ignore(syscall.Signal(sig))
	}
	return unix.Kill(pid, syscall.Signal(sig))
}

// procSend is kill by the other ways.
func procSend(how string, pid, sig int) error {
	type info struct {
		signo, errno, code int32
		_                  int32
		pid, uid           int32
		rest               [104]byte
	}
	si := info{signo: int32(sig), code: -1} // SI_QUEUE, from number 0: as from outside
	switch how {
	case "tkill":
		_, _, e := unix.Syscall(unix.SYS_TKILL, uintptr(pid), uintptr(sig), 0)
		return procErrno(e)
	case "tgkill":
		return unix.Tgkill(pid, pid, syscall.Signal(sig))
	case "sigqueue":
		_, _, e := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(&si)))
		return procErrno(e)
	case "pidfd":
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.PidfdSendSignal(fd, syscall.Signal(sig), nil, 0)
	}
	return errors.New("unknown way " + how)
}

// procGetfd tries to take a descriptor from another process.
func procGetfd(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	got, err := unix.PidfdGetfd(fd, 1, 0)
	if err == nil {
		_ = unix.Close(got)
	}
	return err
}

// procPausing makes a child that only waits for a signal.
func procPausing() (int, error) {
	pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e == 0 && pid == 0 {
		for {
			syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	return int(pid), procErrno(e)
}

// procKillall kills all that it can and says how its own child ended.
func procKillall() error {
	if !procInside() {
		return errHost
	}
	pid, err := procPausing()
	if err != nil {
		return err
	}
	if err := unix.Kill(-1, unix.SIGKILL); err != nil {
		return err
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil {
		return err
	}
	say("%v", ws.Signal())
	return nil
}

// procOrphans makes grandchildren whose parent ends; each ends when the init has become its parent. Then none may be left, as a zombie either.
func procOrphans(n int) error {
	for range n {
		pid, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if e != 0 {
			return e
		}
		if pid == 0 {
			grandchild, _, _ := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			for grandchild == 0 {
				if parent, _, _ := syscall.RawSyscall(unix.SYS_GETPPID, 0, 0, 0); parent == 1 {
					break
				}
			}
			for {
				syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
			}
		}
		if _, err := unix.Wait4(int(pid), nil, 0, nil); err != nil {
			return err
		}
	}
	for range 1000 {
		if err := procList(); err != nil {
			return err
		}
		if said == "1 2" || said == "2" {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// procBomb lets every process make more of them, up to n in all, and then waits for its end. limit, if any, is an RLIMIT_NPROC.
func procBomb(n, limit int) error {
	if limit > 0 {
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: uint64(limit), Max: uint64(limit)}); err != nil {
			return err
		}
	}
	var tokens [2]int // each fork takes a byte
	if err := unix.Pipe2(tokens[:], unix.O_NONBLOCK); err != nil {
		return err
	}
	if _, err := unix.Write(tokens[1], make([]byte, n)); err != nil {
		return err
	}
	self := unix.Getpid()
	var failed syscall.Errno
	var b byte
	for {
		got, _, _ := syscall.RawSyscall(unix.SYS_READ, uintptr(tokens[0]), uintptr(unsafe.Pointer(&b)), 1)
		if got != 1 {
			break
		}
		_, _, e := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if e != 0 {
			failed = e
			break
		}
	}
	if pid, _, _ := syscall.RawSyscall(unix.SYS_GETPID, 0, 0, 0); int(pid) != self {
		for {
			syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	note("%s", outcome(procErrno(failed)))
	procWait()
	return nil
}

// procWait is not select {}, which the Go runtime takes for a deadlock.
func procWait() { time.Sleep(time.Hour) }

// procSignals notes each signal; SIGTERM is the last.
func procSignals() error {
	c := make(chan os.Signal, 100)
	signal.Notify(c)
	note("ready")
	for s := range c {
		if s == unix.SIGURG { // the Go runtime's own
			continue
		}
		note("%d", int(s.(syscall.Signal)))
		if s == unix.SIGTERM {
			break
		}
	}
	return nil
}

// procDie sends a signal to itself with its default action.
func procDie(sig int) error {
	var def [4]uintptr
	if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&def)), 0, 8, 0, 0); e != 0 && sig != int(unix.SIGKILL) {
		return e
	}
	return unix.Kill(unix.Getpid(), syscall.Signal(sig))
}

func procRlimit(resource int) error {
	var l unix.Rlimit
	defer func() { say("%d %d", l.Cur, l.Max) }()
	return unix.Prlimit(0, resource, nil, &l)
}

func procRead(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 64)
	n, err := unix.Read(int(f.Fd()), b)
	if err == nil {
		say("%q", b[:n])
	}
	return err
}

func procWrite(path, data string) error {
	fd, err := unix.Open(path, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(data))
	return err
}

func procLs(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil {
		say("%d entries", len(entries))
	}
	return err
}

// procScan says which files of /proc, of any process, contain the word.
func procScan(word string) error {
	var found []string
	for _, name := range []string{"cmdline", "environ", "comm", "mountinfo", "cgroup", "stat", "status"} {
		for _, pattern := range []string{"/proc/[0-9]*/" + name, "/proc/[0-9]*/task/*/" + name} {
			files, err := filepath.Glob(pattern)
			if err != nil {
				return err
			}
			for _, f := range files {
				if b, _ := os.ReadFile(f); bytes.Contains(b, []byte(word)) && !strings.HasPrefix(f, fmt.Sprintf("/proc/%d/", unix.Getpid())) {
					found = append(found, f)
				}
			}
		}
	}
	say("%s", strings.Join(found, " "))
	return nil
}

// procNice says the priority, and what comes of a change of it.
func procNice(by int) error {
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 - nice
	if err != nil {
		return err
	}
	say("%d", 20-raw)
	if by == 0 {
		return nil
	}
	return unix.Setpriority(unix.PRIO_PROCESS, 0, 20-raw+by)
}

func procFds() error {
	var open []string
	for fd := range 100 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			to, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
			if !strings.HasPrefix(to, "anon_inode:[event") { // the Go runtime's poller
				open = append(open, strconv.Itoa(fd))
			}
		}
	}
	say("%s", strings.Join(open, " "))
	return nil
}
