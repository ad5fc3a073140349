//go:build unix

// This file holds the operations on files. Each is the system call that it is named after, and what it needs around it; a descriptor
// that an operation opens is closed by it.

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	register(map[string]func([]string) error{
		"open":     func(a []string) error { return openat(append([]string{strconv.Itoa(unix.AT_FDCWD)}, a...)) }, // PATH FLAGS
		"openat":   openat,                                                                                        // FD PATH FLAGS
		"read":     func(a []string) error { return reading(unix.AT_FDCWD, a) },                                   // PATH
		"readat":   func(a []string) error { return withFD(a, reading) },                                          // FD PATH
		"readfd":   readFD,                                                                                        // FD
		"write":    write,                                                                                         // PATH TEXT
		"writefd":  writeFD,                                                                                       // FD TEXT
		"list":     list,                                                                                          // PATH
		"lstat":    lstat,                                                                                         // PATH
		"statat":   onAt(statAt),                                                                                  // FD PATH
		"chmodat":  onAt(func(fd int, p string) error { return unix.Fchmodat(fd, p, 0o644, 0) }),
		"utimesat": onAt(func(fd int, p string) error { return unix.UtimesNanoAt(fd, p, nil, 0) }),
		"mkdirat":  onAt(func(fd int, p string) error { return unix.Mkdirat(fd, p, 0o755) }),
		"unlinkat": onAt(func(fd int, p string) error { return unix.Unlinkat(fd, p, 0) }),
		"readlink": readlink, // PATH
		"getcwd":   getcwd,
		"chdir":    onPath(unix.Chdir),
		"fchdir":   func(a []string) error { return withFD(a, func(fd int, _ []string) error { return unix.Fchdir(fd) }) },
		"mkdir":    onPath(func(p string) error { return unix.Mkdir(p, 0o755) }),
		"rmdir":    onPath(unix.Rmdir),
		"unlink":   onPath(unix.Unlink),
		"chmod":    chmod, // PATH MODE
		"chown":    onPath(func(p string) error { return unix.Lchown(p, unix.Getuid(), unix.Getgid()) }),
		"utimes":   onPath(func(p string) error { return unix.UtimesNanoAt(unix.AT_FDCWD, p, make([]unix.Timespec, 2), 0) }),
		"truncate": onPath(func(p string) error { return unix.Truncate(p, 0) }),
		"setxattr": onPath(func(p string) error { return unix.Setxattr(p, "user.gaol", []byte("x"), 0) }),
		"getxattr": onPath(func(p string) error { _, err := unix.Getxattr(p, "user.gaol", make([]byte, 8)); return err }),
		"rename":   onPaths(unix.Rename),
		"link":     onPaths(unix.Link),
		"symlink":  onPaths(unix.Symlink),
		"fill":     fill,           // PATH
		"statfs":   onPath(statfs), // PATH: size in MiB
		"lock":     onPath(lock),   // PATH: flock, a record lock
		"copy":     onPaths(copyFile),
	})
}

func onPath(f func(string) error) func([]string) error {
	return func(a []string) error {
		if err := need(a, 1); err != nil {
			return err
		}
		return f(a[0])
	}
}

func onPaths(f func(a, b string) error) func([]string) error {
	return func(a []string) error {
		if err := need(a, 2); err != nil {
			return err
		}
		return f(a[0], a[1])
	}
}

func withFD(a []string, f func(fd int, rest []string) error) error {
	if err := need(a, 1); err != nil {
		return err
	}
	fd, err := strconv.Atoi(a[0])
	if err != nil {
		return err
	}
	return f(fd, a[1:])
}

var openFlags = map[string]int{
	"r": unix.O_RDONLY, "w": unix.O_WRONLY, "rw": unix.O_RDWR, "create": unix.O_CREAT, "excl": unix.O_EXCL, "trunc": unix.O_TRUNC,
	"append": unix.O_APPEND, "dir": unix.O_DIRECTORY, "nofollow": unix.O_NOFOLLOW,
}

// parseFlags adds O_NONBLOCK: a FIFO must not hang.
func parseFlags(text string) (int, error) {
	flags := unix.O_CLOEXEC | unix.O_NONBLOCK
	for word := range strings.SplitSeq(text, ",") {
		f, ok := openFlags[word]
		if !ok {
			return 0, fmt.Errorf("no flag %q", word)
		}
		flags |= f
	}
	return flags, nil
}

func openat(a []string) error {
	return withFD(a, func(at int, a []string) error {
		return onPaths(func(path, text string) error {
			flags, err := parseFlags(text)
			if err != nil {
				return err
			}
			fd, err := unix.Openat(at, path, flags, 0o644)
			if err != nil {
				return err
			}
			return unix.Close(fd)
		})(a)
	})
}

// content reads at most 4 KiB.
func content(fd int) error {
	buf := make([]byte, 4096)
	n := 0
	for n < len(buf) {
		m, err := unix.Read(fd, buf[n:])
		if err != nil {
			return err
		}
		if m == 0 {
			break
		}
		n += m
	}
	say("%s", buf[:n])
	return nil
}

func reading(at int, a []string) error {
	if err := need(a, 1); err != nil {
		return err
	}
	fd, err := unix.Openat(at, a[0], unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return content(fd)
}

func readFD(a []string) error {
	return withFD(a, func(fd int, _ []string) error {
		buf := make([]byte, 4096)
		n, err := unix.Read(fd, buf)
		if err == nil {
			say("%s", buf[:n])
		}
		return err
	})
}

func write(a []string) error {
	if err := need(a, 2); err != nil {
		return err
	}
	fd, err := unix.Open(a[0], unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(a[1]))
	return err
}

func writeFD(a []string) error {
	return withFD(a, func(fd int, a []string) error {
		if err := need(a, 1); err != nil {
			return err
		}
		_, err := unix.Write(fd, []byte(a[0]))
		return err
	})
}

func list(a []string) error {
	if err := need(a, 1); err != nil {
		return err
	}
	fd, err := unix.Open(a[0], unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var names []string
	buf := make([]byte, 1<<16)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
	slices.Sort(names)
	say("%s", strings.Join(names, " "))
	return nil
}

var types = map[uint32]string{unix.S_IFREG: "file", unix.S_IFDIR: "dir", unix.S_IFLNK: "link", unix.S_IFIFO: "fifo",
	unix.S_IFSOCK: "socket", unix.S_IFCHR: "char", unix.S_IFBLK: "block"}

func statAt(fd int, path string) error {
	var st unix.Stat_t
	if err := unix.Fstatat(fd, path, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	say("%s %o", types[uint32(st.Mode)&unix.S_IFMT], st.Mode&0o7777)
	return nil
}

func lstat(a []string) error {
	return onPath(func(p string) error { return statAt(unix.AT_FDCWD, p) })(a)
}

// onAt is for operations on FD PATH.
func onAt(f func(fd int, path string) error) func([]string) error {
	return func(a []string) error {
		return withFD(a, func(fd int, a []string) error { return onPath(func(p string) error { return f(fd, p) })(a) })
	}
}

func chmod(a []string) error {
	return onPaths(func(path, mode string) error {
		m, err := strconv.ParseUint(mode, 8, 32)
		if err != nil {
			return err
		}
		return unix.Chmod(path, uint32(m))
	})(a)
}

func readlink(a []string) error {
	return onPath(func(p string) error {
		buf := make([]byte, 4096)
		n, err := unix.Readlink(p, buf)
		if err == nil {
			say("%s", buf[:n])
		}
		return err
	})(a)
}

func getcwd([]string) error {
	dir, err := unix.Getwd()
	if err == nil {
		say("%s", dir)
	}
	return err
}

// fill writes a file until it may not.
func fill(a []string) error {
	return onPath(func(p string) error {
		return openThen(p, unix.O_WRONLY|unix.O_CREAT, func(fd int) error {
			buf := make([]byte, 1<<20)
			for {
				if _, err := unix.Write(fd, buf); err != nil {
					return err
				}
			}
		})
	})(a)
}

func statfs(path string) error {
	var st unix.Statfs_t
	err := unix.Statfs(path, &st)
	say("%d", st.Blocks*uint64(st.Bsize)>>20)
	return err
}

func lock(path string) error {
	return openThen(path, unix.O_RDONLY, func(fd int) error {
		if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return err
		}
		return unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &unix.Flock_t{Type: unix.F_RDLCK})
	})
}

func copyFile(from, to string) error {
	return openThen(from, unix.O_RDONLY, func(in int) error {
		return openThen(to, unix.O_WRONLY|unix.O_CREAT, func(out int) error { return pour(in, out) })
	})
}

func pour(in, out int) error {
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(in, buf)
		if err != nil || n == 0 {
			return err
		}
		if _, err := unix.Write(out, buf[:n]); err != nil {
			return err
		}
	}
}
