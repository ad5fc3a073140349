//go:build linux

// This file has the attacks by way of /proc: the magic links of the program itself, other processes, and the system's settings. Where
// a write would do harm the file is only opened.

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

func procFD(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// paths are those of /proc that lead to other paths.
func paths() []Attack {
	return []Attack{
		{
			Name:  "proc-self-root",
			About: "reads a file outside through /proc/self/root, cwd and those of its threads, and of the caller",
			Want:  notThere,
			Prepare: func(w *World) {
				w.Grant(gaol.System())
				w.Arg("file", w.Secret())
				w.Caller()
			},
			Inside: func(in *In) {
				f := in.Arg("file")
				in.Read("/proc/self/root" + f)
				in.Read("/proc/self/cwd" + f)
				if in.Twin {
					return
				}
				in.Read("/proc/self/root/../../.." + f)
				in.Read("/proc/thread-self/root" + f)
				in.Read(fmt.Sprintf("/proc/self/task/%d/root%s", unix.Gettid(), f))
				for _, t := range in.Targets() {
					in.Read(fmt.Sprintf("/proc/%d/root%s", t.pid, f))
					in.Read(fmt.Sprintf("/proc/%d/cwd%s", t.pid, f))
				}
			},
		},
		{
			Name:  "proc-self-fd",
			About: "opens a file that it was handed for reading again for writing, through /proc/self/fd and /dev/fd",
			Want:  "EACCES|EROFS|ENOENT",
			Prepare: func(w *World) {
				if w.Engine == Namespace && !hasLandlock(2) {
					w.Skip("Landlock ABI 2 is missing")
				}
				file := w.File("outside/file", "content")
				w.Guard(file)
				w.Grant(gaol.System())
				w.IfTwin(gaol.FileWrite(gaol.Literal(file)))
				f, err := os.Open(file)
				w.must(err)
				w.Hand(f)
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Open(in.Arg("file"), unix.O_WRONLY)
					return
				}
				for _, path := range []string{"/proc/self/fd/3", "/proc/thread-self/fd/3", "/dev/fd/3"} {
					in.Open(path, unix.O_WRONLY)
					in.Open(path, unix.O_RDWR)
					in.Open(path, unix.O_WRONLY|unix.O_APPEND)
				}
			},
		},
		{
			Name:    "proc-self-exe",
			About:   "opens the program itself for writing through /proc/self/exe, and its directory by it",
			Want:    "EACCES|EROFS|ENOENT|EPERM|ENOTDIR|ETXTBSY",
			Prepare: func(w *World) { w.Grant(gaol.System()) },
			Inside: func(in *In) {
				if in.Twin {
					in.Open("/proc/self/exe", unix.O_RDONLY)
					return
				}
				in.Open("/proc/self/exe", unix.O_WRONLY)
				in.Open("/proc/self/exe", unix.O_RDWR)
				in.Try("truncate", unix.Truncate("/proc/self/exe", 0))
				in.Try("chmod", unix.Chmod("/proc/self/exe", 0o777))
				in.Read("/proc/self/exe/../" + "secret")
			},
		},
		{
			Name:    "proc-self-mem",
			About:   "opens /proc/self/mem for writing, which writes even to read-only mappings of files; the twin reads /proc/self/status",
			Want:    "EACCES|EROFS|EPERM",
			Prepare: func(w *World) { w.Grant(gaol.System()) },
			Inside: func(in *In) {
				if in.Twin {
					in.Open("/proc/self/status", unix.O_RDONLY)
					return
				}
				for _, path := range []string{"/proc/self/mem", "/proc/thread-self/mem", fmt.Sprintf("/proc/self/task/%d/mem", unix.Gettid())} {
					in.Open(path, unix.O_RDWR)
					in.Open(path, unix.O_WRONLY)
				}
			},
		},
		{
			Name:    "proc-self-settings",
			About:   "opens for writing what changes a process: maps of ids, the score that the kernel kills by, limits, attributes",
			Want:    "EACCES|EROFS|EPERM|ENOENT",
			Prepare: func(w *World) { w.Grant(gaol.System()) },
			Inside: func(in *In) {
				for _, name := range []string{"uid_map", "gid_map", "setgroups", "projid_map", "oom_score_adj", "oom_adj", "loginuid", "coredump_filter",
					"comm", "timerslack_ns", "clear_refs", "attr/current", "attr/exec", "autogroup", "sched", "timens_offsets"} {
					if in.Twin {
						if name == "comm" {
							in.Open("/proc/self/"+name, unix.O_RDONLY)
						}
						continue
					}
					in.Open("/proc/self/"+name, unix.O_WRONLY)
					in.Open("/proc/self/"+name, unix.O_RDWR)
				}
			},
		},
	}
}

// hasLandlock says whether the host's Landlock is at least this new.
func hasLandlock(abi int) bool {
	have := 0
	for _, c := range gaol.Probe().Checks() {
		if c.Mechanism == "Landlock" && c.OK {
			_, _ = fmt.Sscanf(c.Detail, "ABI %d", &have)
		}
	}
	return have >= abi
}

func procs() []Attack {
	return []Attack{
		{
			Name:  "proc-1",
			About: "looks into process 1, that of the sandbox or of the machine, through /proc/1",
			Want:  "EACCES|EPERM|ENOENT|ESRCH|EROFS",
			Prepare: func(w *World) {
				w.Grant(gaol.System(), gaol.SystemInfoRead())
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Read("/proc/self/environ")
					return
				}
				in.lookInto(1)
			},
		},
		{
			Name:  "proc-of-others",
			About: "looks into the caller, a process outside and a program in another sandbox through /proc/PID",
			Want:  "EACCES|EPERM|ENOENT|ESRCH|EROFS",
			Prepare: func(w *World) {
				w.Grant(gaol.System(), gaol.SystemInfoRead())
				w.Caller()
				w.Witness()
				w.Sibling()
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Read("/proc/self/environ")
					return
				}
				for _, t := range in.Targets() {
					in.lookInto(t.pid)
				}
			},
		},
		{
			Name:  "environ-and-argv-of-others",
			About: "searches all of /proc for the arguments and the environment of processes outside; the twin reads its own",
			Want:  "not found",
			Prepare: func(w *World) {
				w.Grant(gaol.System(), gaol.SystemInfoRead())
				for i, word := range []string{w.runner.witness.arg, w.runner.witness.env} {
					w.Arg(fmt.Sprintf("start%d", i), word[:4])
					w.Arg(fmt.Sprintf("end%d", i), word[4:])
				}
				w.Witness()
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Read("/proc/self/cmdline")
					in.Read("/proc/self/environ")
					return
				}
				for _, i := range []string{"0", "1"} {
					if at := inProc(in.Arg("start"+i), in.Arg("end"+i)); at != "" {
						in.Is("ok", at)
					} else {
						in.Is("not found", in.Arg("start"+i))
					}
				}
			},
		},
		{
			Name:    "proc-sys",
			About:   "opens the system's settings in /proc/sys for writing, those by which programs of the host are started among them",
			Want:    "EACCES|EROFS|EPERM|ENOENT",
			Prepare: func(w *World) { w.Grant(gaol.System(), gaol.SystemInfoRead()) },
			Inside: func(in *In) {
				for _, name := range []string{"kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "kernel/hostname", "kernel/ns_last_pid",
					"kernel/randomize_va_space", "kernel/yama/ptrace_scope", "kernel/sysrq", "vm/drop_caches", "vm/overcommit_memory",
					"vm/mmap_min_addr", "fs/suid_dumpable", "fs/binfmt_misc/register", "fs/protected_symlinks", "net/ipv4/ip_forward",
					"user/max_user_namespaces", "kernel/usermodehelper/bset", "kernel/poweroff_cmd"} {
					if in.Twin {
						if name == "kernel/hostname" || name == "kernel/randomize_va_space" {
							in.Open("/proc/sys/"+name, unix.O_RDONLY)
						}
						continue
					}
					in.Open("/proc/sys/"+name, unix.O_WRONLY)
				}
			},
		},
		{
			Name:    "sysrq-trigger",
			About:   "opens /proc/sysrq-trigger, which restarts the machine, for writing",
			Want:    "EACCES|EROFS|EPERM|ENOENT|covered",
			Prepare: func(w *World) { w.Grant(gaol.System(), gaol.SystemInfoRead()) },
			Inside: func(in *In) {
				if in.Twin {
					in.Open("/proc/uptime", unix.O_RDONLY)
					return
				}
				for _, path := range []string{"/proc/sysrq-trigger", "/proc/self/root/proc/sysrq-trigger"} {
					in.openProc(path, unix.O_WRONLY)
					in.openProc(path, unix.O_RDWR)
				}
			},
		},
		{
			Name:    "kernel-memory",
			About:   "reads the kernel's memory, log, keys and addresses by /proc and /dev",
			Want:    "EACCES|EPERM|ENOENT|empty|ENXIO",
			Prepare: func(w *World) { w.Grant(gaol.System(), gaol.SystemInfoRead()) },
			Inside: func(in *In) {
				if in.Twin {
					in.Read("/proc/version")
					in.Read("/dev/zero")
					return
				}
				for _, path := range []string{"/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/kallsyms", "/proc/vmcore", "/proc/timer_list", "/proc/kpagecount",
					"/proc/kpageflags", "/proc/sched_debug", "/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse",
					"/dev/kvm", "/dev/net/tun", "/dev/vsock", "/dev/loop-control", "/sys/kernel/notes", "/sys/kernel/debug", "/sys/fs/cgroup"} {
					if text, err := reading(path); err == nil && text == "" {
						in.Is("empty", path)
					} else {
						in.Try("read "+path, err)
					}
				}
			},
		},
	}
}

// openProc opens a file of /proc, and says whether it is one, or what covers it.
func (in *In) openProc(path string, flags int) {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		in.Try("open "+path, err)
		return
	}
	defer unix.Close(fd)
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err == nil && st.Type != unix.PROC_SUPER_MAGIC {
		in.Is("covered", path)
		return
	}
	in.Is("ok", path)
}

// lookInto tries every file by which a process shows itself or can be changed.
func (in *In) lookInto(pid int) {
	at := fmt.Sprintf("/proc/%d/", pid)
	for _, name := range []string{"mem", "environ", "maps", "auxv", "stack", "syscall", "pagemap", "io", "fd/0", "fd/1", "fdinfo/0", "exe", "root/etc/passwd",
		"cwd/.", fmt.Sprintf("task/%d/mem", pid), fmt.Sprintf("task/%d/environ", pid)} {
		in.Read(at + name)
	}
	for _, name := range []string{"fd", "root", "cwd", "map_files", "root/"} {
		in.Open(at+name, unix.O_RDONLY|unix.O_DIRECTORY)
	}
	for _, name := range []string{"exe", "root", "cwd", "fd/0", "ns/user", "ns/mnt", "ns/net"} {
		_, err := os.Readlink(at + name)
		in.Try("readlink "+at+name, err)
	}
	for _, name := range []string{"mem", "oom_score_adj", "comm", "clear_refs", "coredump_filter"} {
		in.Open(at+name, unix.O_WRONLY)
	}
}

// inProc looks for a word in what /proc shows of processes, and returns the file that has it. The word comes in two parts, so that the
// program's own arguments do not have it.
func inProc(start, end string) string {
	for _, pattern := range []string{"/proc/[0-9]*", "/proc/[0-9]*/task/*"} {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			for _, name := range []string{"cmdline", "environ", "comm", "stat", "status", "mountinfo", "cgroup"} {
				if text, err := reading(dir + "/" + name); err == nil && strings.Contains(text, start+end) {
					return dir + "/" + name
				}
			}
		}
	}
	return ""
}
