//go:build linux

// This file has the attacks that make code of what may not be executed, and those by the entries of the kernel that a filter might
// forget.

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/int80"
	"golang.org/x/sys/unix"
)

// ran are the arguments of a program that an attack has managed to execute.
var ran = []string{argv0, Word, "ran", "executed"}

// Exec tries to execute a file. Where it works, the program is the new one, which says so.
func (in *In) Exec(path string) { in.Try("execve "+path, unix.Exec(path, ran, nil)) }

func (in *In) execFD(what string, fd int) {
	argv, _ := syscall.SlicePtrFromStrings(ran)
	envp := []*byte{nil}
	_, _, errno := unix.Syscall6(unix.SYS_EXECVEAT, uintptr(fd), cstring(""), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])),
		unix.AT_EMPTY_PATH, 0)
	in.Try(what, errno)
}

// copyOf makes a copy of the program that is readable and not granted to be executed.
func (w *World) copyOf(name, from string) string {
	data, err := os.ReadFile(from)
	w.must(err)
	path := w.File(name, "")
	w.must(os.WriteFile(path, data, 0o755))
	w.must(os.Chmod(path, 0o755))
	return path
}

func code() []Attack {
	return []Attack{
		{
			Name: "execute-readable", About: "executes a program that may only be read, by its path, a link, its descriptor and /proc/self/fd", Want: "EACCES|EPERM",
			Prepare: func(w *World) {
				p := w.copyOf("granted/program", w.runner.program)
				w.must(os.Symlink("program", filepath.Dir(p)+"/link"))
				w.Grant(gaol.System())
				w.GrantExactly(gaol.FileRead(gaol.Subpath(filepath.Dir(p))))
				w.IfTwin(gaol.FileExecute(gaol.Subpath(filepath.Dir(p))))
				w.Arg("program", p)
			},
			Inside: func(in *In) {
				p := in.Arg("program")
				if !in.Twin {
					fd, err := unix.Open(p, unix.O_RDONLY|unix.O_CLOEXEC, 0)
					if err == nil {
						in.execFD("execveat of a descriptor", fd)
						in.Exec(procFD(fd))
					}
					in.Exec(filepath.Dir(p) + "/link")
				}
				in.Exec(p)
			},
		},
		{
			Name: "execute-copy", About: "copies the program to a directory that may be written and executes the copy", Want: "EACCES|EPERM",
			Prepare: func(w *World) {
				dir := w.MakeDir("granted")
				w.Grant(gaol.System())
				w.GrantExactly(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
				w.IfTwin(gaol.FileExecute(gaol.Subpath(dir)))
				w.Arg("copy", dir+"/copy")
				w.Arg("program", w.runner.program)
			},
			Inside: func(in *In) {
				to := in.Arg("copy")
				if err := copyTo(in.Arg("program"), to); err != nil {
					in.Is("error: copy", err.Error())
					return
				}
				if !in.Twin {
					if unix.Symlink(to, to+".link") == nil {
						in.Exec(to + ".link")
					}
					in.Exec("/proc/self/root" + to)
				}
				in.Exec(to)
			},
		},
		{
			Name: "map-executable", About: "maps a file that may only be read as code, at once and by mprotect", Want: "EACCES|EPERM",
			Prepare: func(w *World) {
				file := w.File("granted/code", string(make([]byte, 4096)))
				w.GrantExactly(gaol.FileRead(gaol.Literal(file)))
				w.IfTwin(gaol.FileExecute(gaol.Literal(file)))
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				fd, err := unix.Open(in.Arg("file"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err != nil {
					in.Is("error: open", err.Error())
					return
				}
				_, err = unix.Mmap(fd, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
				in.Try("mmap", err)
				m, err := unix.Mmap(fd, 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE)
				if err == nil {
					err = unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC)
				}
				in.Try("mprotect", err)
			},
		},
		{
			Name: "memfd", About: "executes a program from memory: memfd_create, then execveat of it or execve of its name in /proc; the twin makes one that is sealed against it",
			Want:     "EPERM|EACCES|EINVAL",
			WantTwin: "ok|EINVAL", // before Linux 6.3, which has the seal
			Prepare: func(w *World) {
				w.Grant(gaol.System())
				w.Arg("program", w.runner.program)
			},
			Inside: func(in *In) {
				if in.Twin {
					_, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
					in.Try("memfd_create", err)
					return
				}
				for _, flags := range []int{0, unix.MFD_CLOEXEC, unix.MFD_ALLOW_SEALING, unix.MFD_EXEC, unix.MFD_EXEC | unix.MFD_NOEXEC_SEAL, unix.MFD_HUGETLB, unix.MFD_NOEXEC_SEAL} {
					fd, err := unix.MemfdCreate("x", flags)
					if err != nil {
						in.Try(fmt.Sprintf("memfd_create %#x", flags), err)
						continue
					}
					if err := copyTo(in.Arg("program"), procFD(fd)); err != nil {
						in.Try("copy", err)
					}
					in.Try("fchmod", unix.Fchmod(fd, 0o755))
					in.execFD("execveat", fd)
					in.Exec(procFD(fd))
				}
			},
		},
		{
			Name: "execveat-empty-path", About: "executes its own program by a descriptor and an empty path, which no rule for paths sees; the twin by its path", Want: "EPERM",
			Prepare: func(w *World) { w.Arg("program", w.runner.program) },
			Inside: func(in *In) {
				if in.Twin {
					in.Exec(in.Arg("program"))
					return
				}
				for _, flags := range []int{unix.O_RDONLY, unix.O_PATH} {
					fd, err := unix.Open(in.Arg("program"), flags|unix.O_CLOEXEC, 0)
					if err != nil {
						in.Is("error: open", err.Error())
						continue
					}
					in.execFD("execveat", fd)
				}
			},
		},
		{
			Name: "ld-so", About: "lets the run-time linker load a program that may only be read", Want: "exit 127|EACCES|EPERM", WantTwin: "exit 0",
			Prepare: func(w *World) {
				loader := map[string]string{"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1",
					"riscv64": "/lib/ld-linux-riscv64-lp64d.so.1"}[runtime.GOARCH]
				if loader == "" || !exists(loader) || !exists("/bin/true") || !dynamic("/bin/true") {
					w.Skip("glibc's run-time linker is missing, or /bin/true does not use it")
				}
				p := w.copyOf("granted/true", "/bin/true")
				w.Grant(gaol.System(), gaol.ProcessCreate())
				w.GrantExactly(gaol.FileRead(gaol.Literal(p)))
				w.IfTwin(gaol.FileExecute(gaol.Literal(p)))
				w.Arg("loader", loader)
				w.Arg("program", p)
			},
			Inside: func(in *In) {
				pid, err := syscall.ForkExec(in.Arg("loader"), []string{"ld.so", in.Arg("program")}, &syscall.ProcAttr{Files: []uintptr{0, 2, 2}})
				if err != nil {
					in.Try("execve", err)
					return
				}
				var ws unix.WaitStatus
				if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil {
					in.Is("error: wait", err.Error())
					return
				}
				in.Is(fmt.Sprintf("exit %d", ws.ExitStatus()), "ld.so")
			},
		},
		{
			Name: "int-0x80", About: "enters the kernel as a 32 bit program does, by int 0x80; the twin as it should", Want: "SIGSYS",
			Prepare: amd64Only,
			Inside: func(in *In) {
				if in.Twin {
					in.Try("getpid", nil)
					return
				}
				in.Is("ok", fmt.Sprint(int80.Call(20))) // getpid of i386
			},
		},
		{
			Name: "x32", About: "makes a call by its number of the x32 interface; the twin by its own", Want: "SIGSYS",
			Prepare: amd64Only,
			Inside: func(in *In) {
				var x32 uintptr = 0x40000000
				if in.Twin {
					x32 = 0
				}
				in.Call("getpid", unix.SYS_GETPID|x32)
			},
		},
		{
			Name: "x32-own-number", About: "makes a call by a number that x32 alone has, execve's", Want: "SIGSYS",
			Prepare: amd64Only,
			Inside: func(in *In) {
				if in.Twin {
					in.Call("getppid", unix.SYS_GETPPID)
					return
				}
				in.Call("execve of x32", 0x40000000|520, cstring("/"), 0, 0)
			},
		},
		{
			Name: "setuid-program", About: "executes a set-user-ID program of another user; the twin one of its own", Want: "no change",
			WantTwin: "no change",
			Prepare: func(w *World) {
				w.Grant(gaol.System(), gaol.ProcessCreate())
				if w.Twin {
					w.Arg("program", w.runner.program)
					return
				}
				p := setuidProgram()
				if os.Geteuid() == 0 {
					p = w.copyOf("granted/raised", w.runner.program)
					w.must(os.Chown(p, 65534, 65534))
					w.must(os.Chmod(p, 0o755|os.ModeSetuid|os.ModeSetgid))
					w.Grant(gaol.FileRead(gaol.Literal(p)), gaol.FileExecute(gaol.Literal(p)))
				}
				if p == "" {
					w.Skip("this machine has no set-user-ID program that can be read")
				}
				w.Arg("program", p)
			},
			Inside: func(in *In) {
				var pipe [2]int
				if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
					in.Is("error: pipe", err.Error())
					return
				}
				pid, err := syscall.ForkExec(in.Arg("program"), []string{argv0, Word, "sibling"}, &syscall.ProcAttr{Files: []uintptr{uintptr(pipe[0]), 2, 2}})
				if err != nil {
					in.Is("error: execve", err.Error())
					return
				}
				// reading the limits takes all of the other's ids to be one's own (man 2 prlimit), and no /proc
				switch err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}); {
				case err == unix.EPERM:
					in.Is("ok", "it has other ids")
				case err != nil:
					in.Try("prlimit", err)
				default:
					in.Is("no change", "ids")
				}
				if ours, theirs := identity("self"), identity(fmt.Sprint(pid)); in.Engine == Namespace && (theirs != ours || ours == "") {
					in.Is("ok", theirs)
				}
				_ = unix.Kill(pid, unix.SIGKILL)
				_, _ = unix.Wait4(pid, nil, 0, nil)
			},
		},
	}
}

func amd64Only(w *World) {
	if runtime.GOARCH != "amd64" {
		w.Skip("%s has no such entry", runtime.GOARCH)
	}
}

// setuidProgram is one of the system's own, which the caller is not the owner of.
func setuidProgram() string {
	for _, path := range []string{"/usr/bin/su", "/bin/su", "/usr/bin/passwd", "/usr/bin/sudo", "/usr/bin/mount", "/bin/mount", "/usr/bin/newgrp"} {
		st, err := os.Stat(path)
		if err == nil && st.Mode()&os.ModeSetuid != 0 && int(st.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
			return path
		}
	}
	return ""
}

// identity is the ids and the capabilities of a process.
func identity(pid string) (ids string) {
	text, _ := reading("/proc/" + pid + "/status")
	for _, line := range splitLines(text) {
		for _, field := range []string{"Uid:", "Gid:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"} {
			if len(line) > len(field) && line[:len(field)] == field {
				ids += line + " "
			}
		}
	}
	return ids
}

func copyTo(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}
