//go:build cgo && (linux || darwin || freebsd)

package main

// This file is commands up to their start. What is set is kept here, and checked as far as it can be; start makes a gaol.Cmd of it. Descriptors are
// duplicated when they are given, so that the caller may close its own: nothing of the caller's is ever closed here.

// #include "gaol.h"
import "C"

import (
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// command is a gaol_cmd.
type command struct {
	sandbox *sandbox

	mu         sync.Mutex // guards what follows
	fault      error      // the first, which start returns
	program    string
	argv, env  []string
	dir        string
	limits     *gaol.Limits
	credential *gaol.Credential
	umask      *int
	delay      time.Duration
	streams    [3]stream
	extra      []*os.File // from 3 on; nil: nothing is there
	started    bool       // or tried to
	freed      bool
	relays     []*relay
	run        running

	killed atomic.Bool // by the caller, who wants nothing more of it
}

// stream is where a standard stream leads.
type stream struct {
	set  bool
	how  uint32
	file *os.File // of FD; the child's end of PIPE
	ours *os.File // this end of PIPE, until it is taken
}

//export goCmdNew
func goCmdNew(h handle, argv **C.char, out *handle) C.int {
	return call(nil, func() error {
		s, err := get[sandbox](h)
		if err != nil {
			return err
		}
		args, err := inList(argv, "argv")
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return argument("argv has not even the program's name")
		}
		*out = put(&command{sandbox: s, argv: args, program: args[0]})
		return nil
	})
}

// set changes a command that has not been started, and keeps what is wrong.
func set(h handle, f func(c *command) (int, error)) C.int {
	return number(nil, func() (int, error) {
		c, err := get[command](h)
		if err != nil {
			return 0, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case c.freed:
			return 0, errHandle
		case c.started:
			return 0, errStarted
		}
		n, err := protected(func() (int, error) { return f(c) })
		if err != nil && c.fault == nil {
			c.fault = err
		}
		return n, err
	})
}

//export goCmdProgram
func goCmdProgram(h handle, path *C.char) C.int {
	return set(h, func(c *command) (_ int, err error) {
		c.program, err = in(path, "path")
		return
	})
}

//export goCmdEnv
func goCmdEnv(h handle, env **C.char) C.int {
	return set(h, func(c *command) (_ int, err error) {
		if c.env = nil; env != nil {
			c.env, err = inList(env, "env")
		}
		return
	})
}

//export goCmdDir
func goCmdDir(h handle, path *C.char) C.int {
	return set(h, func(c *command) (_ int, err error) {
		if c.dir, err = in(path, "path"); err == nil && c.dir == "" {
			err = argument("path is empty")
		}
		return
	})
}

// duplicate keeps a descriptor of the caller's open beyond its close, out of the way of the standard ones.
func duplicate(fd int) (*os.File, error) {
	n, err := duplicateFD(fd)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(n), ""), nil
}

func duplicateFD(fd int) (int, error) {
	if fd < 0 {
		return -1, made(C.GAOL_ERROR_ARGUMENT, unix.EBADF, "the descriptor is below zero")
	}
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	switch err {
	case nil:
		return n, nil
	case unix.EBADF:
		return -1, made(C.GAOL_ERROR_ARGUMENT, unix.EBADF, "the descriptor is not open")
	}
	return -1, os.NewSyscallError("fcntl", err)
}

//export goCmdStdio
func goCmdStdio(h handle, n C.int, stdio C.unsigned, fd C.int) C.int {
	return set(h, func(c *command) (_ int, err error) {
		if n < 0 || n > 2 {
			return 0, argument("a standard stream is 0, 1 or 2")
		}
		s := stream{set: true, how: uint32(stdio)}
		switch stdio {
		case C.GAOL_STDIO_NULL, C.GAOL_STDIO_INHERIT, C.GAOL_STDIO_PIPE:
		case C.GAOL_STDIO_FD:
			if s.file, err = duplicate(int(fd)); err != nil {
				return 0, err
			}
		case C.GAOL_STDIO_STDOUT:
			if n != 2 {
				return 0, argument("only stream 2 can lead where stream 1 does")
			}
		default:
			return 0, unknown("stdio", uint32(stdio))
		}
		closeAll(c.streams[n].file)
		c.streams[n] = s
		return 0, nil
	})
}

const maxFDs = 4096 // as csrc/plan.h has it

//export goCmdPassFD
func goCmdPassFD(h handle, fd, inside C.int) C.int {
	return set(h, func(c *command) (int, error) {
		i := int(inside) - 3
		if inside == -1 {
			for i = 0; i < len(c.extra) && c.extra[i] != nil; {
				i++
			}
		}
		if i < 0 || i >= maxFDs-3 {
			return 0, argument("a descriptor inside is -1, or one of 3 to 4095")
		}
		f, err := duplicate(int(fd))
		if err != nil {
			return 0, err
		}
		for len(c.extra) <= i {
			c.extra = append(c.extra, nil)
		}
		closeAll(c.extra[i])
		c.extra[i] = f
		return i + 3, nil
	})
}

//export goCmdLimits
func goCmdLimits(h handle, limits *C.gaol_limits) C.int {
	return set(h, func(c *command) (int, error) {
		l, err := limitsOf(limits)
		if err == nil {
			_, err = gaol.NewProfile(gaol.Limit(l)) // says what is wrong with one
		}
		c.limits = &l
		return 0, err
	})
}

const maxGroups = 65536 // NGROUPS_MAX

//export goCmdCredential
func goCmdCredential(h handle, credential *C.gaol_credential) C.int {
	return set(h, func(c *command) (int, error) {
		from, err := inStruct(credential, unsafe.Offsetof(credential.dynamic)+unsafe.Sizeof(credential.dynamic), "credential")
		switch {
		case err != nil:
			return 0, err
		case from.ngroups > maxGroups:
			return 0, tooLarge("credential->ngroups is larger than 65536")
		case from.groups == nil && from.ngroups > 0:
			return 0, argument("credential->groups is NULL")
		}
		to := gaol.Credential{Uid: uint32(from.uid), Gid: uint32(from.gid), Dynamic: from.dynamic != 0}
		for _, g := range unsafe.Slice(from.groups, from.ngroups) {
			to.Groups = append(to.Groups, uint32(g))
		}
		if to.Dynamic && (to.Uid != 0 || to.Gid != 0 || to.Groups != nil) {
			return 0, argument("a dynamic credential has no uid, gid and groups")
		}
		c.credential = &to
		return 0, nil
	})
}

//export goCmdUmask
func goCmdUmask(h handle, mask C.int) C.int {
	return set(h, func(c *command) (int, error) {
		if mask < -1 || mask > 0o777 {
			return 0, argument("a umask is -1, or of 0 to 0777")
		}
		if c.umask = nil; mask >= 0 {
			c.umask = new(int(mask))
		}
		return 0, nil
	})
}

//export goCmdWaitDelay
func goCmdWaitDelay(h handle, delay C.int64_t) C.int {
	return set(h, func(c *command) (int, error) {
		if delay < 0 {
			return 0, argument("the delay is below zero")
		}
		c.delay = time.Duration(delay)
		return 0, nil
	})
}

//export goCmdCheck
func goCmdCheck(h handle, fault *handle) C.int {
	return call(fault, func() error {
		c, err := get[command](h)
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.fault
	})
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}
