//go:build linux

// This file has the attacks on files: what is not granted, by every way to name it; rights that are not the ones granted; what holds a
// file without touching it.

package escape

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// notThere are the answers for a path that is not granted, by name or by the rights on it.
const notThere = "ENOENT|EACCES"

// notChanged are the answers for a change that is not granted.
const notChanged = "EACCES|EROFS|EPERM"

func files() []Attack {
	return []Attack{
		{
			Name:  "read-outside-by-dots",
			About: "leaves a granted directory by .., from its path, its descriptor and as the working directory",
			Want:  notThere,
			Prepare: func(w *World) {
				w.Arg("dir", w.MakeDir("granted/deep"))
				w.Grant(gaol.FileRead(gaol.Subpath(filepath.Join(w.Dir, "granted"))))
				w.Secret()
			},
			Inside: func(in *In) {
				dir := in.Arg("dir")
				in.Read(dir + "/../../outside/secret")
				in.Read(strings.Repeat("../", 40) + strings.TrimPrefix(filepath.Join(dir, "../../outside/secret"), "/"))
				fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
				if err != nil {
					in.Is("error: open", err.Error())
					return
				}
				in.Try("openat", openingAt(fd, "../../outside/secret"))
				path, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
				if err == nil {
					in.Try("openat O_PATH", openingAt(path, "../../outside/secret"))
				}
				if unix.Fchdir(fd) == nil {
					in.Read("../../outside/secret")
				}
				if unix.Chdir("/") == nil {
					in.Read(".." + filepath.Join(dir, "../../outside/secret"))
				}
			},
		},
		{
			Name:       "list-outside",
			About:      "lists the directories above what is granted, and the root",
			Want:       "ENOENT|EACCES|nothing more",
			OnLandlock: "EACCES",
			WantTwin:   "ok|nothing more",
			Prepare: func(w *World) {
				granted := w.File("granted/file", "x")
				w.Secret()
				w.Grant(gaol.FileRead(gaol.Literal(granted)))
				w.Arg("dir", w.Dir)
				w.IfTwin(gaol.FileRead(gaol.Subpath(w.Dir)))
				top := func(path string) string { return strings.Split(path, "/")[1] }
				for _, name := range []string{"home", "root", "var", "boot", "srv", "opt", "mnt"} {
					if name != top(w.Dir) && name != top(w.runner.program) { // whose names the way to what is granted shows
						w.Arg("top."+name, "")
					}
				}
			},
			Inside: func(in *In) {
				in.list(in.Arg("dir"), "outside")
				if !in.Twin {
					var names []string
					for k := range in.args {
						if name, ok := strings.CutPrefix(k, "top."); ok {
							names = append(names, name)
						}
					}
					in.list("/", names...)
					in.list("/etc", "shadow")
				}
			},
		},
		{
			Name:  "write-readable",
			About: "writes, truncates, removes, renames and changes what is granted for reading",
			Want:  notChanged,
			Prepare: func(w *World) {
				file := w.File("granted/file", "content")
				w.Guard(file, filepath.Dir(file))
				w.Grant(gaol.FileRead(gaol.Subpath(filepath.Dir(file))))
				w.IfTwin(gaol.FileWrite(gaol.Subpath(filepath.Dir(file))))
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				f := in.Arg("file")
				in.Open(f, unix.O_WRONLY)
				in.Open(f, unix.O_RDWR)
				in.Open(f, unix.O_WRONLY|unix.O_APPEND)
				if !in.Twin || in.Engine == Namespace { // Landlock before ABI 3 does not let truncate at all
					in.Open(f, unix.O_RDONLY|unix.O_TRUNC)
					in.Try("truncate", unix.Truncate(f, 0))
				}
				in.Open(f+".new", unix.O_CREAT|unix.O_WRONLY)
				in.Try("mkdir", unix.Mkdir(f+".dir", 0o755))
				in.Try("symlink", unix.Symlink("x", f+".link"))
				in.Try("link", unix.Link(f, f+".hard"))
				in.Try("rename", unix.Rename(f, f+".moved"))
				in.Try("unlink", unix.Unlink(map[bool]string{true: f + ".moved", false: f}[in.Twin]))
			},
		},
		{
			Name:  "change-attributes",
			About: "changes mode, owner, times and extended attributes of what is granted for reading; on Landlock alone, which bounds none of that, the twin writes",
			Want:  notChanged,
			Prepare: func(w *World) {
				file := w.File("granted/file", "content")
				w.Guard(file)
				w.Grant(gaol.FileRead(gaol.Literal(file)))
				w.IfTwin(gaol.FileWrite(gaol.Literal(file)))
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				f := in.Arg("file")
				if in.Twin && in.Engine == Landlock {
					in.Open(f, unix.O_WRONLY)
					return
				}
				in.Try("chmod", unix.Chmod(f, 0o600))
				in.Try("fchmodat", unix.Fchmodat(unix.AT_FDCWD, f, 0o600, 0))
				in.Try("chown", unix.Chown(f, unix.Getuid(), unix.Getgid()))
				in.Try("utimensat", unix.UtimesNanoAt(unix.AT_FDCWD, f, make([]unix.Timespec, 2), 0))
				if !in.Twin { // of which the file system may have none
					in.Try("setxattr", unix.Setxattr(f, "user.gaol", []byte("x"), 0))
				}
				fd, err := unix.Open(f, unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err == nil {
					in.Try("fchmod", unix.Fchmod(fd, 0o600))
				}
			},
		},
		{
			Name:  "read-writable",
			About: "reads and lists what is granted for writing alone",
			Want:  "EACCES",
			Prepare: func(w *World) {
				file := w.File("granted/file", "secret")
				w.Grant(gaol.FileWrite(gaol.Subpath(filepath.Dir(file))))
				w.IfTwin(gaol.FileRead(gaol.Subpath(filepath.Dir(file))))
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				f := in.Arg("file")
				in.Read(f)
				in.Open(f, unix.O_RDWR)
				in.Open(filepath.Dir(f), unix.O_RDONLY|unix.O_DIRECTORY)
				moved := filepath.Join(filepath.Dir(f), "moved")
				if unix.Rename(f, moved) == nil {
					in.Read(moved)
					_ = unix.Rename(moved, f)
				}
			},
		},
		{
			Name:    "make-device",
			About:   "makes device nodes and a socket's name by mknod in a writable directory; the twin makes a file",
			Want:    "EPERM|EACCES",
			Prepare: (*World).Writable,
			Inside: func(in *In) {
				dir := in.Arg("dir")
				if in.Twin {
					in.Try("mknod", unix.Mknod(dir+"/file", unix.S_IFREG|0o644, 0))
					return
				}
				for name, mode := range map[string]uint32{"char": unix.S_IFCHR, "block": unix.S_IFBLK, "socket": unix.S_IFSOCK} {
					in.Try(name, unix.Mknod(dir+"/"+name, mode|0o666, int(unix.Mkdev(1, 3))))
				}
				in.Try("disk", unix.Mknodat(unix.AT_FDCWD, dir+"/disk", unix.S_IFBLK|0o600, int(unix.Mkdev(8, 0))))
			},
		},
		{
			Name:    "make-setuid-file",
			About:   "gives a file set-user-ID and set-group-ID bits, by every call that gives one a mode; the twin gives it none",
			Want:    "EPERM|ENOSYS",
			Prepare: (*World).Writable,
			Inside: func(in *In) {
				var bits uint32 = 0o6000
				if in.Twin {
					bits = 0
				}
				at := func(name string) string { return in.Arg("dir") + "/" + name }
				fd, err := unix.Open(at("a"), unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o755|bits)
				in.Try("open", err)
				in.Try("mknod", unix.Mknod(at("b"), unix.S_IFREG|0o755|bits, 0))
				in.Try("mkdir", unix.Mkdir(at("c"), 0o755|bits))
				if !in.Twin {
					in.Try("chmod", unix.Chmod(in.Arg("dir"), 0o755|bits))
					in.Try("fchmodat2", rawCall(sysFchmodat2, minus(100), cstring(in.Arg("dir")), uintptr(0o755|bits), 0))
					in.Call("openat2", unix.SYS_OPENAT2, minus(100), cstring(at("d")), structAt(&unix.OpenHow{Flags: unix.O_CREAT | unix.O_WRONLY,
						Mode: uint64(0o755 | bits)}), unix.SizeofOpenHow)
				} else if err == nil && in.Engine == Namespace {
					in.Try("fchmod", unix.Fchmod(fd, 0o755))
				}
			},
		},
		{
			Name:  "open-by-handle",
			About: "opens a file of the host by its handle, which names no path",
			Want:  "EPERM",
			Prepare: func(w *World) {
				w.Arg("file", w.Secret())
				w.Grant(gaol.FileRead(gaol.Literal(w.File("granted/file", "x"))))
				w.Arg("granted", filepath.Join(w.Dir, "granted/file"))
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Read(in.Arg("file"))
					return
				}
				handle := zeros(256)
				*(*uint32)(unsafe.Pointer(unsafe.SliceData(kept[len(kept)-1]))) = 128
				in.Call("name_to_handle_at", unix.SYS_NAME_TO_HANDLE_AT, minus(100), cstring(in.Arg("granted")), handle, zeros(8), 0)
				in.Call("open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT, minus(100), handle, 0)
				in.Call("fanotify_init", unix.SYS_FANOTIFY_INIT, 0, 0)
			},
		},
	}
}

// held are the ways to disturb others who use a file.
func held() []Attack {
	return []Attack{
		{
			Name:    "lock-hidden-file",
			About:   "locks a file that is not granted, so that its owner waits: flock, record locks, leases",
			Want:    notThere,
			Prepare: func(w *World) { w.Arg("file", w.Secret()) },
			Inside: func(in *In) {
				for _, flags := range []int{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR} {
					if in.Twin && flags != unix.O_RDONLY {
						continue
					}
					fd, err := unix.Open(in.Arg("file"), flags|unix.O_CLOEXEC, 0)
					if err != nil {
						in.Try("open", err)
						continue
					}
					in.Try("flock", unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB))
					in.Try("record lock", unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &unix.Flock_t{Type: unix.F_RDLCK}))
				}
			},
		},
		{
			Name:  "lock-by-metadata",
			About: "locks a file of which metadata alone is granted, through O_PATH and its name in /proc",
			Want:  "EACCES|EBADF",
			Prepare: func(w *World) {
				file := w.File("outside/file", "x")
				w.Grant(gaol.System(), gaol.FileReadMetadata(gaol.Literal(file)))
				w.IfTwin(gaol.FileRead(gaol.Literal(file)))
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				f := in.Arg("file")
				if in.Twin {
					fd, err := unix.Open(f, unix.O_RDONLY|unix.O_CLOEXEC, 0)
					in.Try("open", err)
					in.Try("flock", unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB))
					return
				}
				in.Read(f)
				fd, err := unix.Open(f, unix.O_PATH|unix.O_CLOEXEC, 0)
				if err != nil {
					in.Try("open O_PATH", err)
					return
				}
				in.Try("flock", unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB))
				in.Read(fmt.Sprintf("/proc/self/fd/%d", fd))
			},
		},
		{
			Name:  "inotify-hidden",
			About: "watches a directory that it may not list, by inotify, to learn the names in it",
			Want:  "ENOENT|EACCES|EPERM",
			Prepare: func(w *World) {
				hidden, meta := w.MakeDir("outside"), w.MakeDir("metadata")
				w.Grant(gaol.FileReadMetadata(gaol.Subpath(meta)))
				w.IfTwin(gaol.FileRead(gaol.Subpath(hidden)))
				w.Arg("dir", hidden)
				w.Arg("metadata", meta)
			},
			Inside: func(in *In) {
				fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
				if err != nil {
					in.Try("inotify_init1", err)
					return
				}
				if in.Twin {
					// watching is granted where all that is shown may be listed (docs/RATIONALE.md); asking for the directory is the nearby thing
					in.Open(in.Arg("dir"), unix.O_RDONLY|unix.O_DIRECTORY)
					return
				}
				for _, dir := range []string{in.Arg("dir"), in.Arg("metadata"), "/"} {
					_, err = unix.InotifyAddWatch(fd, dir, unix.IN_ALL_EVENTS)
					in.Try("inotify_add_watch "+dir, err)
				}
			},
		},
		{
			Name:  "etxtbsy",
			About: "writes to the program that runs, which is busy, and to a copy of it, which must be as much out of reach",
			Want:  notChanged + "|ETXTBSY", // the kernel looks whether a program runs before all else
			Prepare: func(w *World) {
				program := w.copyOf("granted/program", w.runner.program)
				w.Guard(program)
				w.Grant(gaol.FileRead(gaol.Literal(program)), gaol.FileExecute(gaol.Literal(program)))
				w.Arg("copy", program)
				w.Arg("program", w.runner.program)
				file := w.File("granted/file", "x")
				w.IfTwin(gaol.FileWrite(gaol.Literal(file)))
				w.Arg("file", file)
			},
			Inside: func(in *In) {
				if in.Twin {
					in.Open(in.Arg("file"), unix.O_WRONLY)
					return
				}
				for _, p := range []string{in.Arg("program"), in.Arg("copy")} {
					in.Open(p, unix.O_WRONLY)
					in.Open(p, unix.O_RDWR)
					in.Try("truncate", unix.Truncate(p, 0))
					in.Try("unlink", unix.Unlink(p))
					in.Try("rename", unix.Rename(p, p+".old"))
				}
			},
		},
	}
}

func openingAt(dir int, path string) error {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// list looks for names in a directory: "ok" if one is there.
func (in *In) list(dir string, names ...string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		in.Try("list "+dir, err)
		return
	}
	for _, e := range entries {
		for _, name := range names {
			if e.Name() == name {
				in.Is("ok", dir+" shows "+name)
				return
			}
		}
	}
	in.Is("nothing more", dir)
}
