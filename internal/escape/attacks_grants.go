//go:build linux

// This file has the attacks that start from a narrow grant and try to make more of it: another port, another socket, another device,
// what was denied inside of what is allowed, and what another command of the same sandbox has.

package escape

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// port is that of an address.
func port(address string) int {
	_, p, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(p)
	return n
}

func grants() []Attack {
	return []Attack{
		{
			Name: "other-port", About: "connects to a TCP port that is not the one granted, on IPv4, IPv6 and both at once", Want: "EACCES|EPERM",
			Prepare: func(w *World) {
				granted, other := w.Listen("tcp", "127.0.0.1:0"), w.Listen("tcp", "127.0.0.1:0")
				w.GrantExactly(gaol.NetworkOutbound(gaol.TCP(port(granted))))
				w.IfTwin(gaol.NetworkOutbound(gaol.TCP(port(other))))
				w.Arg("address", other)
				w.Arg("port", strconv.Itoa(port(other)))
			},
			Inside: func(in *In) {
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("address"))
				in.Connect(unix.SOCK_STREAM, unix.IPPROTO_TCP, in.Arg("address"))
				if !in.Twin {
					in.Connect(unix.SOCK_STREAM, 0, "[::ffff:127.0.0.1]:"+in.Arg("port"))
					in.Connect(unix.SOCK_STREAM, 0, "[::1]:"+in.Arg("port"))
					in.withSocket(unix.SOCK_STREAM, 0, in.Arg("address"), func(fd int, sa unix.Sockaddr) error {
						return unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL, sa)
					})
				}
			},
		},
		{
			Name: "round-the-port", About: "goes round the one TCP port that is granted by UDP, MPTCP, SCTP, raw sockets and listening; the twin connects to it", Want: "EACCES|EPERM",
			Prepare: func(w *World) {
				granted := w.Listen("tcp", "127.0.0.1:0")
				w.GrantExactly(gaol.NetworkOutbound(gaol.TCP(port(granted))))
				w.Arg("udp", w.Listen("udp", "127.0.0.1:0"))
				if w.Twin {
					w.Arg("tcp", granted)
				} else {
					w.Arg("tcp", w.Listen("tcp", "127.0.0.1:0"))
				}
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Connect(unix.SOCK_STREAM, 0, in.Arg("tcp"))
					return
				}
				in.Send(in.Arg("udp"), 0)
				in.Connect(unix.SOCK_DGRAM, 0, in.Arg("udp"))
				in.Connect(unix.SOCK_STREAM, unix.IPPROTO_MPTCP, in.Arg("tcp"))
				in.Connect(unix.SOCK_STREAM, unix.IPPROTO_SCTP, in.Arg("tcp"))
				in.Connect(unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP, in.Arg("tcp"))
				in.Connect(unix.SOCK_RAW, unix.IPPROTO_TCP, in.Arg("tcp"))
				in.withSocket(unix.SOCK_STREAM, 0, "127.0.0.1:0", unix.Bind)
				in.withSocket(unix.SOCK_STREAM, 0, "127.0.0.1:0", func(fd int, _ unix.Sockaddr) error { return unix.Listen(fd, 1) })
			},
		},
		{
			Name: "other-local-socket", About: "connects to a Unix socket beside the one granted, by path and by an abstract name; the twin to the one granted", Want: "EACCES|EPERM|ENOENT|ECONNREFUSED",
			Prepare: func(w *World) {
				granted := w.Listen("unix", filepath.Join(w.MakeDir("granted"), "socket"))
				other := w.Listen("unix", filepath.Join(w.MakeDir("outside"), "socket"))
				abstract := w.Listen("unix", "@"+w.Token())
				w.GrantExactly(gaol.NetworkOutbound(gaol.LocalSocket(granted)))
				w.Arg("granted", granted)
				w.Arg("path", other)
				w.Arg("abstract", abstract)
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Connect(unix.SOCK_STREAM, 0, in.Arg("granted"))
					return
				}
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("path"))
				in.Connect(unix.SOCK_STREAM, 0, filepath.Dir(in.Arg("granted"))+"/../outside/socket")
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("abstract"))
				in.Connect(unix.SOCK_STREAM, 0, "127.0.0.1:80")
			},
		},
		{
			Name: "abstract-beside-local-socket", About: "connects to abstract names where one path is granted and the host's network is shared; the twin to the path", Want: "EACCES|EPERM|ECONNREFUSED",
			Prepare: func(w *World) {
				granted := w.Listen("unix", filepath.Join(w.MakeDir("granted"), "socket"))
				w.GrantExactly(gaol.NetworkOutbound(gaol.LocalSocket(granted)), gaol.NetworkOutbound(gaol.All()))
				w.Arg("granted", granted)
				w.Arg("stream", w.Listen("unix", "@"+w.Token()))
				w.Arg("datagram", w.Listen("unixgram", "@"+w.Token()))
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Connect(unix.SOCK_STREAM, 0, in.Arg("granted"))
					return
				}
				in.Connect(unix.SOCK_STREAM, 0, in.Arg("stream"))
				in.Connect(unix.SOCK_SEQPACKET, 0, in.Arg("stream"))
				in.Connect(unix.SOCK_DGRAM, 0, in.Arg("datagram"))
				in.Send(in.Arg("datagram"), 0)
			},
			OnLandlock: "EACCES|EPERM|ECONNREFUSED|EPROTOTYPE",
		},
		{
			Name: "squat-abstract", About: "listens on an abstract name that the host's programs connect to, where listening on one path is granted; the twin on the path",
			Want: "EACCES|EPERM|untouched",
			Prepare: func(w *World) {
				path := filepath.Join(w.MakeDir("granted"), "socket")
				name := "@" + w.Token()
				w.Grant(gaol.FileWrite(gaol.Subpath(filepath.Dir(path))))
				w.GrantExactly(gaol.NetworkInbound(gaol.LocalSocket(path)), gaol.NetworkOutbound(gaol.All())) // no best effort: that accepts any name
				w.Arg("path", path)
				w.Arg("name", name)
				var came atomic.Bool
				w.Race(func() {
					if c, err := net.Dial("unix", name); err == nil {
						came.Store(true)
						_ = c.Close()
					}
					time.Sleep(time.Millisecond)
				})
				w.Check(func() error {
					if came.Load() {
						return fmt.Errorf("a program of the host has connected to %s, where the sandbox listens", name)
					}
					return nil
				})
			},
			Inside: func(in *In) {
				address := in.Arg("name")
				if in.Twin {
					address = in.Arg("path")
				}
				in.withSocket(unix.SOCK_STREAM, 0, address, func(fd int, sa unix.Sockaddr) error {
					err := unix.Bind(fd, sa)
					if err == nil {
						err = unix.Listen(fd, 4)
					}
					if err == nil && !in.Twin {
						time.Sleep(100 * time.Millisecond)
						in.Tried("bind and listen", nil)
						return unix.EPERM // what counts is whether anybody came
					}
					return err
				})
			},
		},
		{
			Name: "other-device", About: "opens devices that are not the one granted; the twin the one that is", Want: notThere + "|EPERM",
			Prepare: func(w *World) {
				if !exists("/dev/zero") || !exists("/dev/full") {
					w.Skip("this machine has no /dev/zero or /dev/full")
				}
				w.GrantExactly(gaol.Device("/dev/zero"))
				if !dynamic(w.runner.program) { // which needs System, and that has these
					w.Arg("more", "/dev/full /dev/null /dev/random")
				}
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Open("/dev/zero", unix.O_RDWR)
					return
				}
				for _, path := range append(strings.Fields(in.Arg("more")), "/dev/ptmx", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/loop-control") {
					in.Open(path, unix.O_RDWR)
				}
			},
		},
		{
			Name: "make-pipe", About: "makes a named pipe, by which others could be made to wait, where IPC(NamedPipes) is not granted", Want: "EPERM|EACCES",
			Prepare: func(w *World) {
				dir := w.MakeDir("granted")
				w.Grant(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
				w.IfTwin(gaol.IPC(gaol.NamedPipes))
				w.Guard(dir)
				w.Arg("dir", dir)
			},
			Inside: func(in *In) {
				in.Try("mknod", unix.Mknod(in.Arg("dir")+"/pipe", unix.S_IFIFO|0o600, 0))
				in.Try("mknodat", unix.Mknodat(unix.AT_FDCWD, in.Arg("dir")+"/pipe2", unix.S_IFIFO|0o600, 0))
			},
		},
		{
			Name: "system-v-of-host", About: "attaches shared memory of the host by its number and key, where IPC(SystemV) is granted; the twin makes its own", Want: "ENOENT|EINVAL|EIDRM",
			Prepare: func(w *World) {
				w.GrantExactly(gaol.IPC(gaol.SystemV))
				key := 0x6a000000 + os.Getpid()
				id, err := unix.SysvShmGet(key, 4096, 0o600|0o1000)
				if err != nil {
					w.Skip("no shared memory can be made here: %v", err)
				}
				w.onClose(func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
				w.Arg("key", strconv.Itoa(key))
				w.Arg("id", strconv.Itoa(id))
			},
			Inside: func(in *In) {
				key, _ := strconv.Atoi(in.Arg("key"))
				id, _ := strconv.Atoi(in.Arg("id"))
				if in.Twin {
					in.Call("shmget", unix.SYS_SHMGET, uintptr(key), 4096, 0o1600)
					return
				}
				in.Call("shmget", unix.SYS_SHMGET, uintptr(key), 0, 0)
				in.Call("shmat", unix.SYS_SHMAT, uintptr(id), 0, 0)
				in.Call("shmctl IPC_STAT", unix.SYS_SHMCTL, uintptr(id), unix.IPC_STAT, zeros(256))
			},
		},
		{
			Name: "denied-hole", About: "reads what Deny takes out of a granted directory, by every way round", Want: notThere + "|EPERM",
			Prepare: func(w *World) { w.hole(gaol.FileRead) },
			Inside: func(in *In) {
				dir := in.Arg("dir")
				in.Read(dir + "/keys/secret")
				in.Read(dir + "/../granted/./keys/../keys/secret")
				in.Read(dir + "/link")
				fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
				if err == nil {
					in.Try("openat", openingAt(fd, "keys/secret"))
				}
				in.Read("/proc/self/root" + dir + "/keys/secret")
			},
		},
		{
			Name: "denied-hole-moved", About: "moves, removes, links and covers what Deny takes out of a directory that may be written, to read it elsewhere", Want: notLinked + "|EBUSY|ENOTEMPTY|EEXIST",
			Prepare: func(w *World) { w.hole(gaol.FileRead, gaol.FileWrite) },
			Inside: func(in *In) {
				dir := in.Arg("dir")
				if in.Twin {
					in.Read(dir + "/keys/secret")
					in.Try("rename", unix.Rename(dir+"/keys", dir+"/moved"))
					return
				}
				in.Try("rename", unix.Rename(dir+"/keys", dir+"/moved"))
				in.Try("exchange", unix.Renameat2(unix.AT_FDCWD, dir+"/keys", unix.AT_FDCWD, dir+"/other", unix.RENAME_EXCHANGE))
				in.Try("rename over", unix.Rename(dir+"/other", dir+"/keys"))
				in.Try("rmdir", unix.Rmdir(dir+"/keys"))
				in.Try("unlink", unix.Unlink(dir+"/keys/secret"))
				in.Try("link", unix.Link(dir+"/keys/secret", dir+"/hard"))
				in.Open(dir+"/keys/new", unix.O_CREAT|unix.O_WRONLY)
				in.Read(dir + "/moved/secret")
				in.Read(dir + "/keys/secret")
			},
		},
		{
			Name: "private-of-others", About: "finds in a private directory what an earlier command of the same sandbox left there; the twin what it left itself", Want: "ENOENT",
			Prepare: func(w *World) {
				w.Grant(gaol.Private("/private"))
				w.runs = 2
			},
			Inside: func(in *In) {
				if !in.Twin {
					in.Read("/private/file")
				}
				fd, err := unix.Open("/private/file", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
				if err != nil {
					in.Is("error: create", err.Error())
				}
				_ = unix.Close(fd)
				if in.Twin {
					in.Read("/private/file")
				}
			},
		},
	}
}

// hole grants a directory by the operations, and takes keys/ in it out again for the attack.
func (w *World) hole(operations ...func(gaol.Pattern) gaol.Operation) {
	secret := w.File("granted/keys/secret", "secret")
	dir := filepath.Dir(filepath.Dir(secret))
	w.MakeDir("granted/other")
	w.must(os.Symlink("keys/secret", dir+"/link"))
	w.Guard(secret)
	for _, op := range operations {
		w.Grant(op(gaol.Subpath(dir)))
		if !w.Twin {
			w.GrantExactly(gaol.Deny(op(gaol.Subpath(filepath.Dir(secret)))))
		}
	}
	w.Grant(gaol.System())
	w.Arg("dir", dir)
}

// leases keep others from a file that may only be read.
func leases() []Attack {
	return []Attack{{
		Name:  "lease",
		About: "takes leases of a file and a directory that may only be read, for which the host's programs would wait; the twin asks for them",
		Want:  "EPERM|EINVAL|EACCES",
		Prepare: func(w *World) {
			file := w.File("granted/file", "content")
			w.Grant(gaol.FileRead(gaol.Subpath(filepath.Dir(file))))
			w.Arg("file", file)
		},
		Inside: func(in *In) {
			fd, err := unix.Open(in.Arg("file"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				in.Is("error: open", err.Error())
				return
			}
			if in.Twin {
				_, err := unix.FcntlInt(uintptr(fd), unix.F_GETLEASE, 0)
				in.Try("F_GETLEASE", err)
				return
			}
			for _, kind := range []int{unix.F_WRLCK, unix.F_RDLCK} {
				_, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, kind)
				in.Try(fmt.Sprintf("F_SETLEASE %d", kind), err)
			}
			dir, err := unix.Open(filepath.Dir(in.Arg("file")), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			if err == nil {
				deleg := struct {
					flags   uint32
					kind, _ uint16
				}{kind: unix.F_RDLCK}
				in.Call("F_SETDELEG", unix.SYS_FCNTL, uintptr(dir), 1040, structAt(&deleg))
			}
		},
	}}
}
