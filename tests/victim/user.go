//go:build linux

// This file has what tells one user from another: owners, groups, and an attacker outside of any sandbox, which tries to look into every new
// process of the host while commands of its user are started.

package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"owner":     onPath(owner),                                                             // PATH
		"chownto":   chownTo,                                                                   // PATH UID GID
		"setgroups": func(a []string) error { return unix.Setgroups([]int{procNumber(a, 0)}) }, // GID
		"prowl":     prowl,                                                                     // EXE ADDRESS SECRET FD INODE: until the input ends
	})
}

func owner(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return err
	}
	say("%d:%d", st.Uid, st.Gid)
	return nil
}

func chownTo(a []string) error {
	if err := need(a, 3); err != nil {
		return err
	}
	return unix.Lchown(a[0], procNumber(a, 1), procNumber(a, 2))
}

// prowl looks for processes of the executable EXE that lets it in, for a copy of the memory that has SECRET at ADDRESS, and for a
// descriptor FD of the file INODE. It says how often each was found, and how many processes of all let it in, since one that finds nothing anywhere
// says nothing.
func prowl(a []string) error {
	if err := need(a, 5); err != nil {
		return err
	}
	exe := a[0]
	address, err := strconv.ParseUint(a[1], 0, 64)
	if err != nil {
		return err
	}
	secret, err := hex.DecodeString(a[2])
	if err != nil {
		return err
	}
	fd, inode := procNumber(a, 3), uint64(procNumber(a, 4))
	over := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(over)
	}()
	self := unix.Getpid()
	var rounds, open, executables, read, mem, descriptors int
	buf := make([]byte, len(secret))
	note("ready")
	for {
		select {
		case <-over:
			note("%d %d %d %d, %v %v", executables, read, mem, descriptors, rounds > 0, open > 0)
			return nil
		default:
		}
		rounds++
		dirs, _ := filepath.Glob("/proc/[0-9]*")
		for _, dir := range dirs {
			pid, _ := strconv.Atoi(strings.TrimPrefix(dir, "/proc/"))
			if pid <= self { // the new ones have greater numbers
				continue
			}
			if to, err := os.Readlink(dir + "/exe"); err == nil {
				open++
				if to == exe {
					executables++
				}
			}
			local := []unix.Iovec{{Base: &buf[0], Len: uint64(len(buf))}}
			clear(buf)
			if n, _ := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: uintptr(address), Len: len(buf)}}, 0); n == len(buf) && bytes.Equal(buf, secret) {
				read++
			}
			if f, err := os.Open(fmt.Sprintf("%s/mem", dir)); err == nil {
				clear(buf)
				if _, err := f.ReadAt(buf, int64(address)); err == nil && bytes.Equal(buf, secret) {
					mem++
				}
				_ = f.Close()
			}
			if p, err := unix.PidfdOpen(pid, 0); err == nil {
				if got, err := unix.PidfdGetfd(p, fd, 0); err == nil {
					var st unix.Stat_t
					if unix.Fstat(got, &st) == nil && st.Ino == inode {
						descriptors++
					}
					_ = unix.Close(got)
				}
				_ = unix.Close(p)
			}
		}
	}
}
