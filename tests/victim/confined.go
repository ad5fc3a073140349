//go:build linux

package main

// This file has one operation, that prints all that a program can see of how it is confined: two programs of the same sandbox must find
// the same. What differs from one run to the next (numbers, addresses, times) is left out.

import (
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{"confined": confined})
}

// confined also tries what the arguments name: to open each path for reading, for writing, and to list it. It may run where nothing confines
// it, so that whatever it tries must be harmless then: signal 0, and a mount at a path that there cannot be.
func confined(paths []string) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		name, _, _ := strings.Cut(line, ":")
		if slices.Contains([]string{"Umask", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Seccomp_filters", "Cpus_allowed"}, name) ||
			strings.HasPrefix(name, "Cap") {
			note("%s", strings.TrimSpace(line))
		}
	}
	_ = procFds()
	note("descriptors %s", said)
	said = ""
	dir, err := os.Getwd()
	note("directory %s %v", dir, err)
	for resource := range 16 {
		var l unix.Rlimit
		err := unix.Prlimit(0, resource, nil, &l)
		note("limit %d %d %d %v", resource, l.Cur, l.Max, err)
	}
	sid, _ := unix.Getsid(0)
	note("leads its group %v, its session %v, has a parent of number 1 %v", unix.Getpgrp() == unix.Getpid(), sid == unix.Getpid(), unix.Getppid() == 1)
	var u unix.Utsname
	_ = unix.Uname(&u)
	note("host %s", unix.ByteSliceToString(u.Nodename[:]))
	for _, file := range []string{"/proc/self/uid_map", "/proc/self/gid_map", "/proc/self/setgroups"} {
		b, err := os.ReadFile(file)
		note("%s %q %v", file, b, err)
	}
	devices, err := os.ReadFile("/proc/self/net/dev")
	for line := range strings.Lines(string(devices)) { // without the counters
		name, _, _ := strings.Cut(line, ":")
		note("device %s", strings.TrimSpace(name))
	}
	note("devices %v", err)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	note("mounts %v", err)
	for line := range strings.Lines(string(mounts)) { // without its numbers: id, parent, device, peer group
		fields := strings.Fields(line)
		note("%s", strings.Join(fields[3:], " "))
	}
	for _, path := range paths {
		var each []string
		for _, flags := range []int{unix.O_RDONLY, unix.O_WRONLY, unix.O_DIRECTORY, unix.O_PATH} {
			fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
			if err == nil {
				_ = unix.Close(fd)
			}
			each = append(each, outcome(err))
		}
		note("%s %s", path, strings.Join(each, " "))
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	note("socket %s, signal to process 1 %s, to its parent %s, to all %s, mount %s, unshare %s", outcome(err), outcome(unix.Kill(1, 0)), outcome(unix.Kill(unix.Getppid(), 0)),
		outcome(unix.Kill(-1, 0)), outcome(unix.Mount("none", "/dev/null/none", "none", 0, "")), outcome(unix.Unshare(unix.CLONE_NEWUSER)))
	return nil
}
