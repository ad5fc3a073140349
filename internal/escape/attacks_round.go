//go:build linux

// This file has the attacks that go round a rule by an operation that it might not be thought of: attributes by descriptors that only
// read, commands of file systems, all of a user's processes at once, parents and tracers that were not asked, the same sandbox's others.

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

func round() []Attack {
	return []Attack{
		{
			Name:  "attributes-by-descriptor",
			About: "changes mode, owner, times and attributes of a file that may only be read, or not even that, by a descriptor and an empty path",
			Want:  notChanged + "|ENOSYS|EBADF|ENOENT|EINVAL",
			Prepare: func(w *World) {
				file := w.File("granted/file", "content")
				w.Grant(gaol.System(), gaol.FileRead(gaol.Literal(file)))
				w.Guard(file)
				w.Arg("file", file)
				if w.Twin {
					w.Arg("hidden", file)
				} else {
					w.Arg("hidden", w.Secret())
				}
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Read(in.Arg("file"))
					return
				}
				mode := uintptr(0o600)
				times := structAt(&[2]unix.Timespec{})
				for _, path := range []string{in.Arg("file"), in.Arg("hidden")} {
					for _, flags := range []int{unix.O_RDONLY, unix.O_PATH} {
						fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
						if err != nil {
							in.Try("open", err)
							continue
						}
						at, empty := uintptr(fd), cstring("")
						in.Calls(
							sys("fchmod", unix.SYS_FCHMOD, at, mode),
							sys("fchmodat2", sysFchmodat2, at, empty, mode, unix.AT_EMPTY_PATH),
							sys("fchmodat of /proc", unix.SYS_FCHMODAT, minus(100), cstring(procFD(fd)), mode),
							sys("fchown", unix.SYS_FCHOWN, at, uintptr(unix.Getuid()), uintptr(unix.Getgid())),
							sys("fchownat", unix.SYS_FCHOWNAT, at, empty, uintptr(unix.Getuid()), uintptr(unix.Getgid()), unix.AT_EMPTY_PATH),
							sys("utimensat", unix.SYS_UTIMENSAT, at, 0, times, 0),
							sys("utimensat, empty path", unix.SYS_UTIMENSAT, at, empty, times, unix.AT_EMPTY_PATH),
							sys("utimensat of /proc", unix.SYS_UTIMENSAT, minus(100), cstring(procFD(fd)), times, 0),
							sys("fsetxattr", unix.SYS_FSETXATTR, at, cstring("user.gaol"), cstring("x"), 1, 0),
							sys("setxattr of /proc", unix.SYS_SETXATTR, cstring(procFD(fd)), cstring("user.gaol"), cstring("x"), 1, 0),
							sys("file_setattr", 469, at, empty, zeros(64), 24, unix.AT_EMPTY_PATH),
							sys("ftruncate", unix.SYS_FTRUNCATE, at, 0),
							sys("fallocate", unix.SYS_FALLOCATE, at, 0, 0, 100))
						_ = unix.Close(fd)
					}
				}
			},
		},
		{
			Name:  "file-system-commands",
			About: "changes a file that may only be read by commands of its file system: flags, versions, verity; the twin asks for the flags",
			Want:  notChanged + "|ENOTTY|ENOTSUP",
			Prepare: func(w *World) {
				file := w.File("granted/file", "content")
				w.Grant(gaol.FileRead(gaol.Subpath(filepath.Dir(file))))
				w.Guard(file)
				w.Arg("file", file)
				w.Check(func() error {
					f, err := os.Open(file)
					if err != nil {
						return err
					}
					defer f.Close()
					if flags, err := unix.IoctlGetInt(int(f.Fd()), 0x80086601); err == nil && flags&0x40 != 0 { // FS_NODUMP_FL
						return fmt.Errorf("%s has flags %#x", file, flags)
					}
					return nil
				})
			},
			Inside: func(in *In) {
				fd, err := unix.Open(in.Arg("file"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err != nil {
					in.Is("error: open", err.Error())
					return
				}
				dir, err := unix.Open(filepath.Dir(in.Arg("file")), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
				if err != nil {
					in.Is("error: open", err.Error())
					return
				}
				if in.Twin {
					err := rawCall(unix.SYS_IOCTL, uintptr(fd), 0x80086601, zeros(8)) // FS_IOC_GETFLAGS
					if err == unix.ENOTTY || err == unix.EOPNOTSUPP {
						err = nil // a file system without
					}
					in.Try("FS_IOC_GETFLAGS", err)
					return
				}
				nodump := structAt(&[2]uint32{0x40})
				xattr := structAt(&[7]uint32{0x80})
				for _, at := range []int{fd, dir} {
					for _, high := range []uintptr{0, highBit} {
						in.Calls(
							sys("FS_IOC_SETFLAGS", unix.SYS_IOCTL, uintptr(at), 0x40086602|high, nodump),
							sys("FS_IOC_FSSETXATTR", unix.SYS_IOCTL, uintptr(at), 0x401c5820|high, xattr),
							sys("FS_IOC_SETVERSION", unix.SYS_IOCTL, uintptr(at), 0x40087602|high, nodump),
							sys("FS_IOC_SET_ENCRYPTION_POLICY", unix.SYS_IOCTL, uintptr(at), 0x800c6613|high, zeros(64)),
							sys("FS_IOC_REMOVE_ENCRYPTION_KEY", unix.SYS_IOCTL, uintptr(at), 0xc0406618|high, zeros(64)),
							sys("BTRFS_IOC_SNAP_CREATE", unix.SYS_IOCTL, uintptr(at), 0x50009401|high, zeros(4096)))
					}
				}
			},
		},
		{
			Name:    "all-of-the-user",
			About:   "changes all processes of its user at once: priority and the class of input and output; the twin its own",
			Want:    "EPERM|untouched",
			Prepare: func(w *World) { w.Witness() },
			Inside: func(in *In) {
				if in.Twin {
					in.Call("setpriority of itself", unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, 0)
					return
				}
				// with the priority that they all have, and with a class that there is none of, this changes nothing where it is allowed
				for _, c := range []call{sys("setpriority", unix.SYS_SETPRIORITY, unix.PRIO_USER, uintptr(unix.Getuid()), 0),
					sys("setpriority of 0", unix.SYS_SETPRIORITY, unix.PRIO_USER, 0, 0), sys("ioprio_set", unix.SYS_IOPRIO_SET, 3, uintptr(unix.Getuid()), 7<<13)} {
					if err := rawCall(c.nr, c.args...); err == unix.EPERM || in.Engine == Landlock {
						in.Try(c.what, err)
					} else {
						in.Tried(c.what, err) // the pid namespace bounds it to those inside
					}
				}
			},
		},
		tracing("trace-me", "makes its parent its tracer by PTRACE_TRACEME and stops, where Trace is granted, so that the caller waits for ever",
			gaol.Trace(), gaol.ProcessCreate()),
		tracing("trace-me-alone", "does so where it may make no processes, so that its parent may be the caller", gaol.Trace()),
		{
			Name:  "other-parent",
			About: "makes processes that are children of its parent, and not its own, by CLONE_PARENT",
			Want:  "EPERM|untouched|EINVAL",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				before := childrenOf(os.Getpid())
				w.Check(func() error {
					if !soon(func() bool {
						for _, pid := range childrenOf(os.Getpid()) {
							if !slices.Contains(before, pid) && !endsSoon(pid) {
								return false
							}
						}
						return true
					}) {
						return fmt.Errorf("the caller has children that it did not make")
					}
					return nil
				})
			},
			Inside: func(in *In) {
				if in.Twin {
					in.oneChild()
					return
				}
				for range 3 {
					pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_PARENT|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
					for errno == 0 && pid == 0 {
						unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
					}
					if errno != 0 {
						in.Try("clone", errno)
					} else {
						in.Tried("clone", nil)
					}
				}
			},
		},
		{
			Name:  "outlive-storm",
			About: "leaves processes behind that make others and end, all the time, so that they are gone whenever they are killed",
			Want:  "untouched",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				w.Leash()
			},
			Inside: func(in *In) {
				if in.Twin {
					in.oneChild()
					return
				}
				for range 8 {
					storm()
				}
				time.Sleep(20 * time.Millisecond)
				in.Tried("eight chains of processes", nil)
			},
		},
		{
			Name:  "same-sandbox",
			About: "reaches another command of the same sandbox, with the right to signal and trace its own: signals, memory, descriptors, /proc",
			Want:  notReached + "|EBADF|ENOENT|EACCES|EROFS",
			Prepare: func(w *World) {
				w.Grant(gaol.System(), gaol.ProcessCreate(), gaol.Signal(), gaol.Trace())
				if !w.Twin {
					w.afterNew = func() {
						o := w.start(w.sandboxed, "sibling", nil)
						for i, pid := range o.pids {
							w.target(fmt.Sprintf("same%d", i), pid, o.line)
						}
					}
				}
			},
			Inside: func(in *In) {
				if in.Twin {
					child, err := forked()
					in.Try("fork", err)
					in.Try("signal", unix.Kill(child, unix.SIGKILL))
					return
				}
				for _, t := range in.Targets() {
					in.signal(t.pid)
					in.memory(t)
					in.descriptors(t)
					in.trace(t)
					in.lookInto(t.pid)
				}
			},
		},
	}
}

// tracing is the attack of a program that stops for a tracer that never was.
func tracing(name, about string, options ...gaol.Option) Attack {
	return Attack{
		Name: name, About: about + "; the twin signals itself", Want: "EPERM|untouched",
		Prepare: func(w *World) {
			w.Grant(options...)
			w.Caller()
		},
		Inside: func(in *In) {
			if in.Twin {
				in.Try("kill 0", unix.Kill(unix.Getpid(), 0))
				return
			}
			err := rawCall(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0, 0)
			if err == unix.EPERM {
				in.Try("PTRACE_TRACEME", err)
				return
			}
			in.rawly(unix.SYS_TGKILL, uintptr(unix.Getpid()), uintptr(unix.Gettid()), uintptr(unix.SIGWINCH)) // any signal stops who is traced
			in.Tried("PTRACE_TRACEME and a signal", err)
		},
	}
}

// storm makes a chain of processes, each of which makes the next and ends.
func storm() {
	pid, _, _ := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if pid != 0 {
		return
	}
	for {
		next, _, _ := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		for next != 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
}

// endsSoon says that a process is an init that is about to be gone, or a zombie.
func endsSoon(pid int) bool {
	text, _ := reading(fmt.Sprintf("/proc/%d/cmdline", pid))
	return text == ""
}
