//go:build linux

// This file has the attacks on other processes: the caller, a witness outside, and the program of another sandbox. The signals are those
// that harm nobody who gets them.

package escape

import (
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// others gives an attack all three.
func others(w *World) {
	w.Caller()
	w.Witness()
	w.Sibling()
}

// notReached are the answers for a process that is not to be reached: it is not there, or may not be.
const notReached = "ESRCH|EPERM"

func processes() []Attack {
	return []Attack{
		{
			Name:    "make-process",
			About:   "makes processes by clone and clone3, where ProcessCreate is not granted",
			Want:    "EPERM|ENOSYS",
			Prepare: func(w *World) { w.IfTwin(gaol.ProcessCreate()) },
			Inside: func(in *In) {
				in.Call("clone", unix.SYS_CLONE, uintptr(unix.SIGCHLD))
				in.Call("clone as vfork", unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_VFORK)
				if in.Twin {
					return
				}
				in.Call("clone without a signal", unix.SYS_CLONE, 0)
				in.Call("clone with CLONE_THREAD alone", unix.SYS_CLONE, unix.CLONE_THREAD)
				in.Call("clone3", unix.SYS_CLONE3, structAt(&cloneArgs{exit: uint64(unix.SIGCHLD)}), unsafe.Sizeof(cloneArgs{}))
				for _, c := range forkCalls {
					in.Calls(c)
				}
			},
		},
		{
			Name:  "kill-everything",
			About: "sends a signal to all processes that it may, kill(-1), and to process groups and sessions",
			Want:  "untouched",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				w.Witness()
			},
			WantTwin: "ok|EPERM|ESRCH",
			Inside: func(in *In) {
				for _, sig := range []unix.Signal{unix.SIGWINCH, unix.SIGCONT} {
					in.Tried("kill -1", unix.Kill(-1, sig))
					in.Tried("kill 0", unix.Kill(0, sig))
				}
			},
		},
		{
			Name:  "signal-others",
			About: "signals the caller, a process outside and one in another sandbox: kill, tkill, tgkill, sigqueue, pidfd, their groups",
			Want:  notReached,
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				others(w)
			},
			Inside: func(in *In) {
				if in.Twin {
					child, err := forked()
					in.Try("fork", err)
					in.signal(child)
					_ = unix.Kill(child, unix.SIGKILL)
					return
				}
				for _, t := range in.Targets() {
					in.signal(t.pid)
					in.Try("kill a group", unix.Kill(-t.pid, unix.SIGWINCH))
				}
			},
		},
		{
			Name:  "sigio-others",
			About: "lets the kernel send the signal: a descriptor whose owner, by F_SETOWN and F_SETOWN_EX, is a process outside",
			Want:  "ESRCH|EPERM|untouched",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				w.Witness()
				w.Sibling()
			},
			Inside: func(in *In) {
				if in.Twin {
					in.sigio(unix.Getpid())
					return
				}
				for _, t := range in.Targets() {
					in.sigio(t.pid)
				}
			},
		},
		{
			Name:  "change-others",
			About: "changes priority, scheduling, processors, limits and group of the caller, a process outside and one in another sandbox",
			Want:  notReached + "|ENOSYS",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				others(w)
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Call("setpriority", unix.SYS_SETPRIORITY, 0, 0, 0)
					in.Call("prlimit64", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 0, zeros(16))
					return
				}
				for _, t := range in.Targets() {
					pid := uintptr(t.pid)
					in.Calls(
						sys("setpriority", unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, pid, 19),
						sys("setpriority of a group", unix.SYS_SETPRIORITY, unix.PRIO_PGRP, pid, 19),
						sys("ioprio_set", unix.SYS_IOPRIO_SET, 1, pid, 3<<13),
						sys("sched_setaffinity", unix.SYS_SCHED_SETAFFINITY, pid, 8, bytesAt([]byte{1, 0, 0, 0, 0, 0, 0, 0})),
						sys("sched_setscheduler", unix.SYS_SCHED_SETSCHEDULER, pid, 5, zeros(4)),
						sys("prlimit64", unix.SYS_PRLIMIT64, pid, unix.RLIMIT_NOFILE, zeros(16), 0),
						sys("setpgid", unix.SYS_SETPGID, pid, pid),
						sys("migrate_pages", unix.SYS_MIGRATE_PAGES, pid, 8, zeros(8), zeros(8)),
						sys("move_pages", unix.SYS_MOVE_PAGES, pid, 0, 0, 0, 0, 0))
				}
			},
		},
		{
			Name:  "outlive",
			About: "leaves a process behind, in a session of its own, that outlives the program",
			Want:  "untouched",
			Prepare: func(w *World) {
				w.Grant(gaol.ProcessCreate())
				r, wr, err := os.Pipe()
				w.must(err)
				w.Hand(wr)
				w.onClose(func() { _ = r.Close() })
				w.Check(func() error {
					_ = wr.Close()
					_ = r.SetReadDeadline(time.Now().Add(3 * time.Second))
					if _, err := r.Read(make([]byte, 1)); os.IsTimeout(err) {
						return fmt.Errorf("a process still holds the pipe that the program was given")
					}
					return nil
				})
			},
			Inside: func(in *In) {
				if in.Twin {
					pid, err := forked()
					in.Try("fork", err)
					_ = unix.Kill(pid, unix.SIGKILL)
					_, err = unix.Wait4(pid, nil, 0, nil)
					in.Try("wait", err)
					return
				}
				for range 3 {
					daemon()
				}
				in.Tried("three daemons", nil)
			},
		},
	}
}

// daemon makes a process whose parent has ended, in a session of its own.
func daemon() {
	pid, _, _ := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if pid == 0 {
		unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
		pid, _, _ := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		for pid == 0 {
			unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	_, _ = unix.Wait4(int(pid), nil, 0, nil)
}

// signal sends SIGWINCH, which is ignored where it is not asked for, in every way.
func (in *In) signal(pid int) {
	const sig = unix.SIGWINCH
	in.Try("kill 0 "+strconv.Itoa(pid), unix.Kill(pid, 0))
	in.Try("kill", unix.Kill(pid, sig))
	in.Call("tkill", unix.SYS_TKILL, uintptr(pid), uintptr(sig))
	in.Call("tgkill", unix.SYS_TGKILL, uintptr(pid), uintptr(pid), uintptr(sig))
	info := struct {
		signo, errno, code, _ int32
		rest                  [112]byte
	}{signo: int32(sig), code: -1} // SI_QUEUE
	in.Call("rt_sigqueueinfo", unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), structAt(&info))
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		in.Try("pidfd_open", err)
		return
	}
	in.Try("pidfd_send_signal", unix.PidfdSendSignal(fd, sig, nil, 0))
	_ = unix.Close(fd)
}

// sigio makes the process the owner of a socket and then lets something happen there.
func (in *In) sigio(pid int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		in.Is("error: socketpair", err.Error())
		return
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	fd := uintptr(fds[0])
	_, err = unix.FcntlInt(fd, unix.F_SETOWN, pid)
	owner := struct{ kind, pid int32 }{1, int32(pid)} // F_OWNER_PID
	if err != nil {
		in.Try("F_SETOWN", err)
		in.Call("F_SETOWN_EX", unix.SYS_FCNTL, fd, unix.F_SETOWN_EX, structAt(&owner))
		return
	}
	for _, c := range [][2]uintptr{{unix.F_SETSIG, uintptr(unix.SIGWINCH)}, {unix.F_SETFL, unix.O_ASYNC}} {
		if _, _, errno := unix.Syscall(unix.SYS_FCNTL, fd, c[0], c[1]); errno != 0 {
			in.Try("fcntl", errno)
			return
		}
	}
	_, _ = unix.Write(fds[1], []byte("x"))
	_, err = unix.FcntlInt(fd, unix.F_GETOWN, 0)
	in.Tried("F_SETOWN and O_ASYNC", err)
}

type cloneArgs struct{ flags, pidfd, child, parent, exit, stack, size, tls, setTid, setTidSize, cgroup uint64 }

// memories are the ways into the memory and the descriptors of others.
func memories() []Attack {
	on := func(what string) func(w *World) {
		return func(w *World) {
			w.Grant(gaol.ProcessCreate())
			switch what {
			case "others":
				w.Caller()
				w.Witness()
			default:
				w.Sibling()
			}
		}
	}
	var out []Attack
	for _, whose := range []struct{ name, about string }{
		{"others", "the caller and a process outside"}, {"sibling", "the program and the init of another sandbox"},
	} {
		out = append(out, Attack{
			Name:    "ptrace-" + whose.name,
			About:   "traces " + whose.about + "; the twin asks after itself",
			Want:    notReached,
			Prepare: on(whose.name),
			Inside: func(in *In) {
				if in.Twin {
					in.Try("kill 0", unix.Kill(unix.Getpid(), 0))
					return
				}
				for _, t := range in.Targets() {
					in.Call("PTRACE_ATTACH", unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(t.pid), 0, 0)
					in.Call("PTRACE_SEIZE", unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(t.pid), 0, 0)
				}
			},
		}, Attack{
			Name:    "process-vm-" + whose.name,
			About:   "reads and writes the memory of " + whose.about + " by process_vm_readv, process_vm_writev, process_madvise; the twin its own",
			Want:    notReached + "|EBADF",
			Prepare: on(whose.name),
			Inside: func(in *In) {
				if in.Twin {
					p, err := newPage("mine")
					in.Try("mmap", err)
					in.Is(map[bool]string{true: "ok", false: "changed"}[p.same()], "read")
					return
				}
				for _, t := range in.Targets() {
					mine := zeros(16)
					local := structAt(&[2]uintptr{mine, 16})
					remote := structAt(&[2]uintptr{t.at, 16})
					in.Call("process_vm_readv "+t.name, unix.SYS_PROCESS_VM_READV, uintptr(t.pid), local, 1, remote, 1, 0)
					in.Call("process_vm_writev "+t.name, unix.SYS_PROCESS_VM_WRITEV, uintptr(t.pid), local, 1, remote, 1, 0)
					in.withPidfd(t, func(fd int) {
						in.Call("process_madvise", unix.SYS_PROCESS_MADVISE, uintptr(fd), remote, 1, unix.MADV_DONTNEED, 0)
						in.Call("process_mrelease", unix.SYS_PROCESS_MRELEASE, uintptr(fd), 0)
					})
				}
			},
		}, Attack{
			Name:    "descriptors-of-" + whose.name,
			About:   "takes descriptors of " + whose.about + " by pidfd_getfd, and compares with theirs by kcmp; the twin takes a copy of its own",
			Want:    notReached + "|EBADF",
			Prepare: on(whose.name),
			Inside: func(in *In) {
				if in.Twin {
					fd, err := unix.Dup(1)
					in.Try("dup", err)
					_ = unix.Close(fd)
					return
				}
				for _, t := range in.Targets() {
					in.Call("kcmp", unix.SYS_KCMP, uintptr(unix.Getpid()), uintptr(t.pid), 0, 1, 1)
					in.withPidfd(t, func(fd int) {
						for n := range 4 {
							in.Call("pidfd_getfd", unix.SYS_PIDFD_GETFD, uintptr(fd), uintptr(n), 0)
						}
						in.Call("setns", unix.SYS_SETNS, uintptr(fd), unix.CLONE_NEWNS|unix.CLONE_NEWUSER)
					})
				}
			},
		})
	}
	return out
}

// withPidfd calls f with a descriptor of the process, or with none where it is not to be had.
func (in *In) withPidfd(t target, f func(fd int)) {
	fd, err := unix.PidfdOpen(t.pid, 0)
	if err != nil {
		in.Try("pidfd_open "+t.name, err)
		f(-1)
		return
	}
	f(fd)
	_ = unix.Close(fd)
}
