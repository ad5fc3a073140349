//go:build linux

// This file has the attacks on the view: mounts, roots, and namespaces in which a program would have capabilities again.

package escape

import (
	"fmt"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// newNamespaces are the flags of clone and unshare.
var newNamespaces = []struct {
	name string
	flag uintptr
}{
	{"user", unix.CLONE_NEWUSER}, {"mount", unix.CLONE_NEWNS}, {"pid", unix.CLONE_NEWPID}, {"net", unix.CLONE_NEWNET}, {"ipc", unix.CLONE_NEWIPC},
	{"uts", unix.CLONE_NEWUTS}, {"cgroup", unix.CLONE_NEWCGROUP}, {"time", unix.CLONE_NEWTIME}, {"user and mount", unix.CLONE_NEWUSER | unix.CLONE_NEWNS},
}

func namespaces() []Attack {
	all := func(w *World) { w.Grant(gaol.System(), gaol.ProcessCreate()) }
	return []Attack{
		{
			Name: "mount", About: "mounts, binds, remounts and unmounts; the twin asks what is mounted", Want: "EPERM", Prepare: all,
			Inside: func(in *In) {
				if in.Twin {
					in.Call("statfs", unix.SYS_STATFS, cstring("/"), zeros(256))
					return
				}
				root, none := cstring("/"), cstring("none")
				in.Calls(
					sys("mount a tmpfs", unix.SYS_MOUNT, none, root, cstring("tmpfs"), 0, 0),
					sys("mount proc", unix.SYS_MOUNT, none, cstring("/proc"), cstring("proc"), 0, 0),
					sys("bind", unix.SYS_MOUNT, root, root, 0, unix.MS_BIND|unix.MS_REC, 0),
					sys("remount writable", unix.SYS_MOUNT, none, root, 0, unix.MS_REMOUNT|unix.MS_BIND, 0),
					sys("make shared", unix.SYS_MOUNT, none, root, 0, unix.MS_SHARED, 0),
					sys("unmount", unix.SYS_UMOUNT2, cstring("/proc"), unix.MNT_DETACH),
					sys("unmount the root", unix.SYS_UMOUNT2, root, unix.MNT_DETACH))
			},
		},
		{
			Name: "mount-by-descriptors", About: "does so by the newer calls: open_tree, fsopen, move_mount, mount_setattr", Want: "EPERM|ENOSYS", Prepare: all,
			Inside: func(in *In) {
				here := minus(100) // AT_FDCWD
				if in.Twin {
					in.Call("open the root", unix.SYS_OPENAT, here, cstring("/"), unix.O_PATH|unix.O_CLOEXEC, 0)
					return
				}
				root := cstring("/")
				in.Calls(
					sys("open_tree", unix.SYS_OPEN_TREE, here, root, unix.OPEN_TREE_CLONE|unix.AT_RECURSIVE),
					sys("fsopen", unix.SYS_FSOPEN, cstring("tmpfs"), 0),
					sys("fsconfig", unix.SYS_FSCONFIG, 3, 6, 0, 0, 0),
					sys("fsmount", unix.SYS_FSMOUNT, 3, 0, 0),
					sys("fspick", unix.SYS_FSPICK, here, root, 0),
					sys("move_mount", unix.SYS_MOVE_MOUNT, here, root, here, root, 0),
					sys("mount_setattr", unix.SYS_MOUNT_SETATTR, here, root, 0, structAt(&unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}),
						unsafe.Sizeof(unix.MountAttr{})),
					sys("open_tree_attr", 467, here, root, unix.OPEN_TREE_CLONE, 0, 0))
			},
		},
		{
			Name: "chroot", About: "leaves its root by chroot and pivot_root, the classic way: chroot below the working directory, then ..", Want: "EPERM|ENOENT|EACCES",
			Prepare: func(w *World) {
				dir := w.MakeDir("granted/below")
				w.Grant(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
				w.Arg("dir", dir)
				w.Arg("file", w.Secret())
			},
			Inside: func(in *In) {
				dir := in.Arg("dir")
				if in.Twin {
					in.Try("chdir", unix.Chdir(dir))
					return
				}
				in.Try("chroot", unix.Chroot(dir))
				in.Try("pivot_root", unix.PivotRoot(dir, dir))
				if unix.Chdir(dir) == nil {
					in.Try("chroot .", unix.Chroot("."))
				}
				for range 40 {
					_ = unix.Chdir("..")
				}
				in.Try("chroot at the top", unix.Chroot("."))
				in.Read(in.Arg("file")[1:])
			},
		},
		{
			Name: "unshare", About: "makes namespaces of its own by unshare, of every kind; the twin a thread", Want: "EPERM", Prepare: all,
			Inside: func(in *In) {
				if in.Twin {
					in.thread()
					return
				}
				for _, ns := range newNamespaces {
					in.Call("unshare "+ns.name, unix.SYS_UNSHARE, ns.flag)
				}
				in.Call("unshare files", unix.SYS_UNSHARE, unix.CLONE_FILES)
			},
		},
		{
			Name: "clone-namespaces", About: "makes processes in namespaces of their own by clone; the twin in none", Want: "EPERM", Prepare: all,
			Inside: func(in *In) {
				if in.Twin {
					in.Call("clone", unix.SYS_CLONE, uintptr(unix.SIGCHLD))
					return
				}
				for _, ns := range newNamespaces {
					if ns.flag == unix.CLONE_NEWTIME { // of clone's flags that bit is the signal's
						continue
					}
					in.Call("clone "+ns.name, unix.SYS_CLONE, ns.flag|uintptr(unix.SIGCHLD))
					in.Call("clone with high bits "+ns.name, unix.SYS_CLONE, ns.flag|uintptr(unix.SIGCHLD)|highBit)
					in.Call("clone a thread "+ns.name, unix.SYS_CLONE, ns.flag|unix.CLONE_THREAD|unix.CLONE_VM|unix.CLONE_SIGHAND)
				}
			},
		},
		{
			Name: "clone3-namespaces", About: "does so by clone3, whose flags no filter sees; the twin makes a thread", Want: "ENOSYS", Prepare: all,
			Inside: func(in *In) {
				if in.Twin {
					in.thread()
					return
				}
				for _, ns := range newNamespaces {
					args := cloneArgs{flags: uint64(ns.flag), exit: uint64(unix.SIGCHLD)}
					in.Call("clone3 "+ns.name, unix.SYS_CLONE3, structAt(&args), unsafe.Sizeof(args))
				}
			},
		},
		{
			Name: "setns", About: "enters namespaces by the descriptors that /proc has: its own, those of process 1, of the caller, of another sandbox",
			Want: "EPERM|ENOENT|EACCES|ESRCH",
			Prepare: func(w *World) {
				all(w)
				w.Caller()
				w.Sibling()
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Call("readlink", unix.SYS_READLINKAT, minus(100), cstring("/proc/self/status"), zeros(64), 0)
					return
				}
				pids := []string{"self", "1"}
				for _, t := range in.Targets() {
					pids = append(pids, fmt.Sprint(t.pid))
				}
				for _, pid := range pids {
					for _, kind := range []string{"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"} {
						path := "/proc/" + pid + "/ns/" + kind
						fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
						if err != nil {
							in.Try("open "+path, err)
							fd = -1
						}
						in.Call("setns "+path, unix.SYS_SETNS, uintptr(fd), 0)
						if fd >= 0 {
							in.Try("NS_GET_PARENT of "+path, nsParent(fd))
							_ = unix.Close(fd)
						}
					}
				}
			},
			WantTwin: "ok|EINVAL",
		},
	}
}

// nsParent asks for the namespace above (man 2 ioctl_ns), which must not be had: "ok" is an escape.
func nsParent(fd int) error {
	for _, op := range []uintptr{0xb701, 0xb702} { // NS_GET_USERNS, NS_GET_PARENT
		got, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), op, 0)
		if errno == 0 {
			_, _, errno = unix.Syscall(unix.SYS_SETNS, got, 0, 0)
			_ = unix.Close(int(got))
			if errno == 0 {
				return nil
			}
		}
	}
	return unix.EPERM
}

// thread makes one.
func (in *In) thread() {
	tid := make(chan int)
	go func() { tid <- lockedTid() }()
	in.Is(map[bool]string{true: "ok", false: "the same thread"}[<-tid != unix.Gettid()], "a thread")
}
