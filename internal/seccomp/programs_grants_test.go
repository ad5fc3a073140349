//go:build linux && cgo

// This file starts programs under filters with single grants, and under the one of a sandbox without a view: what they then do for
// real must work, and what they are not granted must fail with an error that they can report. As in programs_test.go none is given
// more to make it pass.

package seccomp

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
)

const script = `
import os, sys, socket, ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
def denied(f, *a):
    try: f(*a)
    except PermissionError: return
    raise SystemExit(f"{f} {a} passed")
def call(name, *a):
    r = getattr(libc, name)(*a)
    if r == -1: raise OSError(ctypes.get_errno(), name)
    return r
`

const client = script + `
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
assert c.recv(9) == b"hello"
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.send(b"x"); assert b.recv(9) == b"x"
denied(c.bind, "mine")
denied(c.listen)
denied(socket.socket, socket.AF_INET)
denied(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW)
`

const localServer = script + `
import threading
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("mine"); s.listen()
denied(socket.socket, socket.AF_UNIX, socket.SOCK_DGRAM)
denied(socket.socketpair, socket.AF_UNIX, socket.SOCK_DGRAM)
c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
denied(c.connect, "mine")
`

const bothLocal = script + `
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind("mine")
c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); c.sendto(b"x", "mine"); c.connect("mine"); c.send(b"y")
assert s.recv(9) + s.recv(9) == b"xy"
`

const tcpClient = script + `
c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
assert c.recv(9) == b"hello"
d = socket.socket()
denied(d.sendto, b"x", 0x20000000, ("127.0.0.1", int(sys.argv[1])))
denied(d.bind, ("127.0.0.1", 0))
denied(d.listen)
for family, kind, protocol in (2, 2, 0), (2, 1, 262), (2, 1, 132), (2, 3, 6), (1, 1, 0), (16, 3, 0), (40, 1, 0):
    denied(socket.socket, family, kind, protocol)
`

const udpClient = script + `
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.connect(("127.0.0.1", int(sys.argv[1])))
c.send(b"hello")
denied(socket.socket)
denied(c.bind, ("127.0.0.1", 0))
`

const tracer = script + `
here, there = ctypes.create_string_buffer(8), ctypes.create_string_buffer(b"content")
pid = os.fork()
if pid == 0:
    libc.ptrace(0, 0, 0, 0)   # PTRACE_TRACEME
    os.kill(os.getpid(), 19)
    os._exit(7)
assert os.WIFSTOPPED(os.waitpid(pid, 0)[1])
class iovec(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
call("process_vm_readv", pid, ctypes.byref(iovec(ctypes.addressof(here), 8)), 1, ctypes.byref(iovec(ctypes.addressof(there), 8)), 1, 0)
assert here.value == b"content"
libc.ptrace(17, pid, 0, 0)    # PTRACE_DETACH
os.kill(pid, 18)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
`

const systemV = script + `
i = call("shmget", 0, 4096, 0o1600)
libc.shmat.restype = ctypes.c_void_p
p = libc.shmat(i, None, 0)
assert p != ctypes.c_void_p(-1).value
ctypes.memset(p, 65, 4)
call("shmctl", i, 0, None)
call("shmdt", ctypes.c_void_p(p))
q = call("msgget", 0, 0o1600)
call("msgctl", q, 0, None)
s = call("semget", 0, 1, 0o1600)
call("semctl", s, 0, 0)
denied(call, "mq_unlink", b"/gaol-none")
`

const noSystemV = script + `
denied(call, "shmget", 0, 4096, 0o1600)
denied(call, "semget", 0, 1, 0o1600)
denied(call, "msgget", 0, 0o1600)
denied(call, "mq_open", b"/gaol-none", 0)
denied(call, "ptrace", 0, 0, 0, 0)
`

// strictly is what a program does that was granted no more than a directory.
const strictly = script + `
open("f", "w").write("one")
open("f", "w+").write("two")
os.truncate(os.open("f", os.O_RDWR), 1)
open("/dev/null", "w")
os.mkdir("d", 0o755); os.rename("f", "d/g"); os.unlink("d/g"); os.rmdir("d")
open("f", "w")
denied(os.truncate, "f", 0)
denied(os.open, "f", os.O_RDONLY | os.O_TRUNC)
denied(os.open, "f", 3 | os.O_TRUNC)
denied(os.chmod, "f", 0o644)
denied(os.fchmod, os.open("f", os.O_RDWR), 0o644)
denied(os.utime, "f")
denied(os.chown, "f", -1, -1)
denied(os.setxattr, "f", "user.a", b"x")
denied(os.mkfifo, "p")
denied(os.mknod, "p", 0o10644)
os.mknod("r", 0o100644)
import fcntl
denied(fcntl.ioctl, os.open("f", os.O_RDONLY), 0x40086602, b"\0" * 8)
denied(fcntl.ioctl, os.open("f", os.O_RDONLY), 0x50009417, b"\0" * 8)
os.nice(1)
os.setpriority(os.PRIO_PROCESS, 0, 5)
denied(os.setpriority, os.PRIO_PROCESS, os.getppid(), 19)
denied(os.setpriority, os.PRIO_USER, 0, 19)
denied(os.setpriority, os.PRIO_PGRP, 0, 19)
os.sched_setaffinity(0, os.sched_getaffinity(0))
denied(os.sched_setaffinity, os.getppid(), {0})
denied(os.sched_setscheduler, os.getppid(), os.SCHED_BATCH, os.sched_param(0))
`

// bounded is what a program does whose memory RLIMIT_AS holds, and what it would hold memory with that the limit does not see.
const bounded = script + `
import threading, resource, ctypes
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
def fails(f, *a):
    try: f(*a)
    except (MemoryError, OSError): return
    raise SystemExit(f"{f} {a} passed")
t = threading.Thread(target=lambda: bytearray(1 << 20)); t.start(); t.join()
fails(bytearray, 1 << 30)
open("f", "w+b").truncate(1 << 16)
m = mmap.mmap(os.open("f", os.O_RDWR), 1 << 16); m[0] = 1
mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
os.closerange(10, 20)
denied(os.memfd_create, "m", 8)
denied(mmap.mmap, -1, 4096)
denied(call, "close_range", 10, 20, 2)
denied(call, "syscall", 56, 0x3d0b00, 0, 0, 0, 0) if os.uname().machine == "x86_64" else None
denied(call, "shmget", 0, 4096, 0o1600)
`

// parked shows why: with one page of it mapped, all of it stays in memory, and comes back by mremap with what was written to it.
const parked = script + `
import resource
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
size, held = 8 << 20, []
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + 2 * size, used + 2 * size))
for i in range(8):
    p = libc.mmap(None, size, 3, 0x21, -1, 0)
    assert p != ctypes.c_void_p(-1).value, (i, ctypes.get_errno())
    ctypes.memset(p, 65 + i, size)
    libc.munmap(p + 4096, size - 4096)
    held.append(p)
for i, p in enumerate(held):
    q = libc.mremap(p, 4096, size, 1)
    assert q != ctypes.c_void_p(-1).value and ctypes.string_at(q + size - 1, 1)[0] == 65 + i
    libc.munmap(q, size)
`

func TestProgramsWithSingleGrantsDoWhatTheyAreGrantedAndNoMore(t *testing.T) {
	native(t)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	greet := func(l net.Listener, err error) net.Listener {
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprint(c, "hello")
				c.Close()
			}
		}()
		return l
	}
	path := filepath.Join(t.TempDir(), "socket")
	greet(net.Listen("unix", path))
	_, tcpPort, _ := net.SplitHostPort(greet(net.Listen("tcp", "127.0.0.1:0")).Addr().String())
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { packets.Close() })
	_, udpPort, _ := net.SplitHostPort(packets.LocalAddr().String())
	python := interpreter(t)
	for _, c := range []struct {
		name   string
		grants Grants
		argv   []string
	}{
		{"a client of a local socket", Grants{Local: true}, []string{python, "-c", client, path}},
		{"a server of a local socket", Grants{LocalListen: true}, []string{python, "-c", localServer}},
		{"both ends of local datagrams", Grants{Local: true, LocalListen: true}, []string{python, "-c", bothLocal}},
		{"a client of TCP", Grants{TCP: true}, []string{python, "-c", tcpClient, tcpPort}},
		{"a client of UDP", Grants{UDP: true}, []string{python, "-c", udpClient, udpPort}},
		{"a tracer", Grants{Trace: true, Processes: true}, []string{python, "-c", tracer}},
		{"System V", Grants{SystemV: true}, []string{python, "-c", systemV}},
		{"no IPC", none, []string{python, "-c", noSystemV}},
		{"named pipes", Grants{Pipes: true}, []string{python, "-c", script + `os.mkfifo("p"); denied(os.mknod, "c", 0o20644)`}},
		{"nothing", strict, []string{python, "-c", strictly}},
		{"a shell without a view", Grants{Processes: true},
			[]string{"sh", "-c", `set -e; echo a >f; echo b >>f; cat f >/dev/null; : >f; ls | sort >g; rm f; test ! -s f; (exit 3) || test $? = 3`}},
		{"memory in the address space", Grants{Attributes: true}, []string{python, "-c", bounded}},
		{"memory that is parked out of it", none, []string{python, "-c", parked}},
		{"a name", Grants{Names: "personality"}, []string{python, "-c", script + `call("personality", 8); assert os.uname().machine != ""`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, err := (order{Grants: c.grants, Argv: c.argv}).run(t); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
