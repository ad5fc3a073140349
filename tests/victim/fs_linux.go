// This file holds the operations on files that only Linux has, or has so: by descriptors of /proc, without a name, and by inotify.

package main

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

func init() {
	openFlags["path"], openFlags["tmpfile"] = unix.O_PATH, unix.O_TMPFILE
	register(map[string]func([]string) error{
		"exchange": onPaths(func(a, b string) error {
			return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
		}),
		"linkfd":   linkFD,                                             // FD PATH
		"mknod":    mknod,                                              // PATH TYPE
		"reopen":   reopen,                                             // PATH FLAGS FLAGS: opens, and again through /proc/self/fd
		"reopenfd": func(a []string) error { return withFD(a, again) }, // FD FLAGS
		"watch":    onPath(watch),                                      // PATH: inotify
	})
}

func again(fd int, a []string) error {
	return onPath(func(text string) error {
		return openat([]string{strconv.Itoa(unix.AT_FDCWD), fmt.Sprintf("/proc/self/fd/%d", fd), text})
	})(a)
}

func reopen(a []string) error {
	if err := need(a, 3); err != nil {
		return err
	}
	flags, err := parseFlags(a[1])
	if err != nil {
		return err
	}
	return openThen(a[0], flags, func(fd int) error { return again(fd, a[2:]) })
}

var nodes = map[string]uint32{"file": unix.S_IFREG, "fifo": unix.S_IFIFO, "socket": unix.S_IFSOCK, "char": unix.S_IFCHR, "block": unix.S_IFBLK}

func mknod(a []string) error {
	return onPaths(func(path, kind string) error { return unix.Mknod(path, nodes[kind]|0o644, int(unix.Mkdev(1, 3))) })(a)
}

func linkFD(a []string) error {
	return withFD(a, func(fd int, a []string) error {
		return onPath(func(p string) error {
			return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, p, unix.AT_SYMLINK_FOLLOW)
		})(a)
	})
}

// watch asks to be told of every name that comes and goes in a directory.
func watch(path string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.InotifyAddWatch(fd, path, unix.IN_CREATE|unix.IN_OPEN)
	return err
}
