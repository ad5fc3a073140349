//go:build linux

// This file has the attacks on other processes: the caller, a witness outside, and the program of another sandbox. The signals are those
// that harm nobody who gets them.

package escape

import (
	"fmt"
	"strconv"
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
				if in.Twin { // the landlock engine has no signals for input at all
					in.Call("F_GETOWN", unix.SYS_FCNTL, 0, unix.F_GETOWN, 0)
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
						sys("sched_setparam", unix.SYS_SCHED_SETPARAM, pid, zeros(4)),
						sys("sched_setattr", unix.SYS_SCHED_SETATTR, pid, structAt(&unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: 3}), 0),
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
				w.Leash()
			},
			Inside: func(in *In) {
				if in.Twin {
					in.oneChild()
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
	in.Call("rt_tgsigqueueinfo", unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(pid), uintptr(sig), structAt(&info))
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

// memories are the ways into the memory and the descriptors of others. What is granted to the twin reaches its own child.
func memories() []Attack {
	var out []Attack
	for _, whose := range []struct {
		name, about string
		prepare     func(w *World)
	}{
		{"others", "the caller and a process outside", func(w *World) { w.Caller(); w.Witness() }},
		{"sibling", "the program and the init of another sandbox", (*World).Sibling},
	} {
		for _, way := range []struct {
			name, about string
			reach       func(in *In, t target)
		}{
			{"ptrace", "traces %s", (*In).trace},
			{"process-vm", "reads and writes the memory of %s by process_vm_readv, process_vm_writev, process_madvise", (*In).memory},
			{"descriptors", "takes descriptors of %s by pidfd_getfd, compares them by kcmp", (*In).descriptors},
		} {
			out = append(out, reaching(way.name+"-of-"+whose.name, fmt.Sprintf(way.about, whose.about), whose.prepare, false, way.reach))
		}
		out = append(out, reaching("granted-trace-of-"+whose.name, "does all of that to "+whose.about+" where Trace is granted, which is for its own processes",
			whose.prepare, true, func(in *In, t target) {
				in.memory(t)
				in.descriptors(t)
				in.trace(t)
			}))
	}
	return out
}

func reaching(name, about string, prepare func(*World), granted bool, reach func(*In, target)) Attack {
	return Attack{
		Name: name, About: about + "; the twin to a child of its own", Want: notReached + "|EBADF",
		Prepare: func(w *World) {
			if scope := yama(); w.Twin && scope >= 2 {
				w.Skip("this host lets nobody trace without privilege (kernel.yama.ptrace_scope is %d), so that there is no twin", scope)
			}
			w.Grant(gaol.ProcessCreate())
			if granted {
				w.Grant(gaol.Trace())
			} else {
				w.IfTwin(gaol.Trace())
			}
			prepare(w)
		},
		Inside: func(in *In) {
			if !in.Twin {
				for _, t := range in.Targets() {
					reach(in, t)
				}
				return
			}
			p, err := newPage("the twin's memory")
			if err != nil {
				in.Is("error: mmap", err.Error())
				return
			}
			child, err := forked()
			if err != nil {
				in.Is("error: fork", err.Error())
				return
			}
			reach(in, target{"child", child, p.address()})
			_ = unix.Kill(child, unix.SIGKILL)
		},
	}
}

// yama is kernel.yama.ptrace_scope; 0 where there is none.
func yama() (scope int) {
	text, _ := reading("/proc/sys/kernel/yama/ptrace_scope")
	_, _ = fmt.Sscan(text, &scope)
	return scope
}

func (in *In) trace(t target) {
	in.Call("PTRACE_SEIZE "+t.name, unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(t.pid), 0, 0)
	if !in.Twin {
		in.Call("PTRACE_ATTACH "+t.name, unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(t.pid), 0, 0)
	}
}

func (in *In) memory(t target) {
	local := structAt(&[2]uintptr{zeros(16), 16})
	remote := structAt(&[2]uintptr{t.at, 16})
	in.Call("process_vm_readv "+t.name, unix.SYS_PROCESS_VM_READV, uintptr(t.pid), local, 1, remote, 1, 0)
	in.Call("process_vm_writev "+t.name, unix.SYS_PROCESS_VM_WRITEV, uintptr(t.pid), local, 1, remote, 1, 0)
	if !in.Twin {
		in.withPidfd(t, func(fd int) {
			in.Call("process_madvise", unix.SYS_PROCESS_MADVISE, uintptr(fd), remote, 1, unix.MADV_DONTNEED, 0)
			in.Call("process_mrelease", unix.SYS_PROCESS_MRELEASE, uintptr(fd), 0)
		})
	}
}

func (in *In) descriptors(t target) {
	in.Call("kcmp "+t.name, unix.SYS_KCMP, uintptr(unix.Getpid()), uintptr(t.pid), 0, 1, 1)
	in.withPidfd(t, func(fd int) {
		for n := range 3 {
			if in.Twin && n != 1 {
				continue
			}
			in.Call("pidfd_getfd "+t.name, unix.SYS_PIDFD_GETFD, uintptr(fd), uintptr(n), 0)
		}
		if !in.Twin {
			in.Call("setns "+t.name, unix.SYS_SETNS, uintptr(fd), unix.CLONE_NEWNS|unix.CLONE_NEWUSER)
		}
	})
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
