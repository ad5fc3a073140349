//go:build linux

// This file holds the operation "syscall", which makes any system call with any arguments, and the few that need more than that. The
// arguments are numbers, @ for a buffer of zeros, s:TEXT for a string, and u32:A,B,… or u64:A,B,… for a buffer of numbers.

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/gaol-sandbox/gaol/internal/int80"
	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"syscall":    anyCall, // NAME|NUMBER ARGS…
		"getpid":     func([]string) error { say("%d", unix.Getpid()); return nil },
		"ids":        ids,                                        // all user and group ids and the groups
		"setids":     setIDs,                                     // ID
		"thread":     thread,                                     //
		"capget":     capget,                                     //
		"status":     status,                                     // FIELD of /proc/thread-self/status
		"filter":     filter,                                     // FLAGS: a filter that allows everything but uname, which becomes ENODATA
		"securebits": secureBits,                                 //
		"int80":      func([]string) error { return compat(20) }, // getpid of i386
	})
}

// kept holds what arguments point to: they are mere numbers to the compiler and the collector.
var kept [][]byte

func keep(b []byte) uintptr {
	kept = append(kept, b)
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

func argument(text string) (uintptr, error) {
	switch kind, rest, found := strings.Cut(text, ":"); {
	case text == "@":
		return keep(make([]byte, 1<<16)), nil
	case found && kind == "s":
		return keep(append([]byte(rest), 0)), nil
	case found:
		b := make([]byte, 0, 256)
		for word := range strings.SplitSeq(rest, ",") {
			n, err := strconv.ParseUint(word, 0, 64)
			if err != nil {
				return 0, err
			}
			if kind == "u32" {
				b = binary.NativeEndian.AppendUint32(b, uint32(n))
			} else {
				b = binary.NativeEndian.AppendUint64(b, n)
			}
		}
		return keep(b), nil
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil {
		return uintptr(n), nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	return uintptr(n), err
}

func anyCall(a []string) error {
	if err := need(a, 1); err != nil {
		return err
	}
	nr, ok := numbers[a[0]]
	if !ok {
		n, err := strconv.ParseUint(a[0], 0, 32)
		if err != nil {
			return fmt.Errorf("no number for %q", a[0])
		}
		nr = uintptr(n)
	}
	var args [6]uintptr
	for i, text := range a[1:] {
		var err error
		if args[i], err = argument(text); err != nil {
			return err
		}
	}
	r, _, errno := unix.RawSyscall6(nr, args[0], args[1], args[2], args[3], args[4], args[5])
	if errno != 0 {
		return errno
	}
	if makesProcess[nr] && r == 0 { // a child that was not meant to be: it must not go on as the victim
		unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
	}
	return nil
}

func ids([]string) error {
	r, e, s := unix.Getresuid()
	rg, eg, sg := unix.Getresgid()
	groups, err := unix.Getgroups()
	say("%d %d %d, %d %d %d, %v", r, e, s, rg, eg, sg, groups)
	return err
}

// setIDs calls the kernel for this thread alone: what the C library does to all threads is the same call again.
func setIDs(a []string) error {
	return withFD(a, func(id int, _ []string) error {
		var denied []string
		var first error
		for _, call := range []struct {
			name string
			nr   uintptr
			n    int
		}{
			{"setuid", unix.SYS_SETUID, 1}, {"setgid", unix.SYS_SETGID, 1}, {"setreuid", unix.SYS_SETREUID, 2},
			{"setregid", unix.SYS_SETREGID, 2}, {"setresuid", unix.SYS_SETRESUID, 3}, {"setresgid", unix.SYS_SETRESGID, 3},
		} {
			args := [3]uintptr{}
			for i := range call.n {
				args[i] = uintptr(id)
			}
			if _, _, errno := unix.RawSyscall(call.nr, args[0], args[1], args[2]); errno != 0 {
				denied, first = append(denied, call.name), errno
			}
		}
		say("%s", strings.Join(denied, " "))
		return first
	})
}

// thread makes one by clone, which the Go runtime does without clone3.
func thread([]string) error {
	tid := make(chan int)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		tid <- unix.Gettid()
	}()
	if <-tid == unix.Gettid() {
		return fmt.Errorf("no new thread")
	}
	return nil
}

func capget([]string) error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	err := unix.Capget(&head, &data[0])
	say("%x %x %x", data[0].Effective|data[1].Effective, data[0].Permitted|data[1].Permitted, data[0].Inheritable|data[1].Inheritable)
	return err
}

func status(a []string) error {
	return onPath(func(field string) error {
		b, err := os.ReadFile("/proc/thread-self/status")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(line, field+":"); ok {
				say("%s", strings.Join(strings.Fields(v), " "))
				return nil
			}
		}
		return fmt.Errorf("no field %s", field)
	})(a)
}

func secureBits([]string) error {
	n, err := unix.PrctlRetInt(unix.PR_GET_SECUREBITS, 0, 0, 0, 0)
	say("%#x", n)
	return err
}

// filter installs one for this thread (or as FLAGS say) and shows that it works.
func filter(a []string) error {
	return withFD(a, func(flags int, _ []string) error {
		code := []unix.SockFilter{
			{Code: 0x20, K: 0}, // load the number
			{Code: 0x15, Jf: 1, K: unix.SYS_UNAME},
			{Code: 0x06, K: 0x50000 | uint32(unix.ENODATA)},
			{Code: 0x06, K: 0x7fff0000},
		}
		prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil { // outside of a sandbox
			return err
		}
		_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(flags), uintptr(unsafe.Pointer(&prog)))
		runtime.KeepAlive(code)
		if errno != 0 {
			return errno
		}
		var u unix.Utsname
		if err := unix.Uname(&u); err != syscall.ENODATA {
			return fmt.Errorf("uname: %v", err)
		}
		return nil
	})
}

// compat makes a call by the entry of 32 bit programs.
func compat(nr uintptr) error {
	if !int80.Exists {
		return errors.New("this machine has no int 0x80")
	}
	say("%d", int80.Call(nr))
	return nil
}
