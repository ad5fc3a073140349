//go:build linux

// This file has the attacks that put something in the way of a path: symbolic and hard links, renames, what is there when the next
// command starts, and what is swapped while a sandbox starts.

package escape

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// notLinked are the answers for a name that cannot be given.
const notLinked = "EXDEV|EACCES|EPERM|EROFS|ENOENT"

func links() []Attack {
	return []Attack{
		{
			Name:  "symlink-out",
			About: "follows symbolic links in a granted directory to a file outside: one that was there, and its own",
			Want:  notThere,
			Prepare: func(w *World) {
				dir := w.MakeDir("granted")
				secret := w.Secret()
				w.must(os.Symlink(secret, dir+"/absolute"))
				w.must(os.Symlink("../outside/secret", dir+"/relative"))
				w.must(os.Symlink("../outside", dir+"/directory"))
				w.Grant(gaol.FileRead(gaol.Subpath(dir)))
				w.Arg("dir", dir)
				own := w.MakeDir("writable")
				w.Grant(gaol.FileRead(gaol.Subpath(own)), gaol.FileWrite(gaol.Subpath(own)))
				w.Arg("own", own)
			},
			Inside: func(in *In) {
				for _, name := range []string{"absolute", "relative", "directory/secret"} {
					in.Read(in.Arg("dir") + "/" + name)
				}
				if err := unix.Symlink("../outside/secret", in.Arg("own")+"/link"); err != nil {
					in.Is("error: symlink", err.Error())
				}
				in.Read(in.Arg("own") + "/link")
				if !in.Twin {
					in.Open(in.Arg("own")+"/link", unix.O_WRONLY)
				}
			},
		},
		{
			Name:  "hard-link-out",
			About: "gives a file that may only be read a second name where it may be written",
			Want:  notLinked,
			Prepare: func(w *World) {
				file := w.File("readable/file", "content")
				dir := w.MakeDir("writable")
				w.Grant(gaol.System(), gaol.FileRead(gaol.Literal(file)), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
				w.Guard(file)
				w.Arg("file", file)
				w.Arg("dir", dir)
				w.Arg("secret", w.Secret())
				w.Arg("own", w.File("writable/file", "content"))
			},
			Inside: func(in *In) {
				to := in.Arg("dir") + "/name"
				if in.Twin {
					in.Try("link", unix.Link(in.Arg("own"), to))
					return
				}
				in.Try("link", unix.Link(in.Arg("file"), to))
				in.Try("link a file outside", unix.Link(in.Arg("secret"), to))
				fd, err := unix.Open(in.Arg("file"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err != nil {
					in.Is("error: open", err.Error())
					return
				}
				in.Try("linkat of /proc/self/fd", unix.Linkat(unix.AT_FDCWD, procFD(fd), unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW))
				in.Try("linkat of a descriptor", unix.Linkat(fd, "", unix.AT_FDCWD, to, unix.AT_EMPTY_PATH))
				in.Try("link the program", unix.Link("/proc/self/exe", to))
			},
		},
		{
			Name:  "rename-out",
			About: "moves a writable file over one that may only be read, and that one to where it may be written",
			Want:  notLinked + "|EBUSY",
			Prepare: func(w *World) {
				file, own := w.File("readable/file", "content"), w.File("writable/file", "other")
				w.Guard(file, filepath.Dir(file))
				w.Grant(gaol.FileRead(gaol.Subpath(w.Dir)), gaol.FileWrite(gaol.Subpath(filepath.Dir(own))))
				w.Arg("file", file)
				w.Arg("own", own)
			},
			Inside: func(in *In) {
				file, own := in.Arg("file"), in.Arg("own")
				if in.Twin {
					in.Try("rename", unix.Rename(own, own+".moved"))
					return
				}
				in.Try("rename over", unix.Rename(own, file))
				in.Try("rename away", unix.Rename(file, own+".taken"))
				in.Try("exchange", unix.Renameat2(unix.AT_FDCWD, own, unix.AT_FDCWD, file, unix.RENAME_EXCHANGE))
				in.Try("rename the directory", unix.Rename(filepath.Dir(own), filepath.Dir(file)+"/dir"))
			},
		},
		{
			Name:     "prepare-next-command",
			About:    "replaces a granted path below a writable directory by a link, for the next command of the same sandbox to follow",
			Want:     notThere + "|EBUSY|own|ENOTDIR|ELOOP|start:ENOENT|start:ENOTDIR|start:ELOOP|start:EACCES|start:ESTALE",
			WantTwin: "own",
			Prepare: func(w *World) {
				file := w.File("writable/sub/file", "own")
				w.Secret()
				w.File("outside/file", "secret")
				dir := filepath.Join(w.Dir, "writable")
				w.Grant(gaol.FileWrite(gaol.Subpath(dir)), gaol.FileRead(gaol.Subpath(filepath.Dir(file))))
				w.Arg("dir", dir)
				w.runs = 3
			},
			Inside: func(in *In) {
				sub := in.Arg("dir") + "/sub"
				in.own(sub + "/file")
				if in.Twin {
					return
				}
				if err := unix.Rename(sub, fmt.Sprintf("%s.%d", sub, in.Run)); err != nil {
					in.Try("rename", err)
				} else {
					_ = unix.Symlink("../outside", sub)
				}
				in.own(sub + "/file")
			},
		},
		{
			Name:     "symlink-race",
			About:    "swaps a granted path in a writable directory with a link to a hidden one while sandboxes are made and started",
			Want:     raced + "|New: ProfileError|New: SetupError",
			WantTwin: "own",
			Prepare: func(w *World) {
				dir := w.raceable()
				above := filepath.Dir(dir)
				w.Grant(gaol.FileWrite(gaol.Subpath(above)), gaol.FileRead(gaol.Subpath(dir)))
				w.Arg("file", dir+"/file")
				w.must(os.Symlink("../outside", dir+".link"))
				if !w.Twin {
					w.runs, w.fresh = 60, true
					w.Race(func() { exchange(dir, dir+".link") })
				}
			},
			Inside: func(in *In) { in.own(in.Arg("file")) },
		},
		{
			Name:     "rename-race",
			About:    "a directory above a granted one is swapped with a link to a hidden tree while sandboxes start, by a program in another sandbox",
			Want:     raced,
			WantTwin: "own",
			Prepare: func(w *World) {
				dir := w.raceable()
				above := filepath.Dir(dir)
				w.File("outside/dir/file", "secret")
				w.Grant(gaol.FileRead(gaol.Subpath(dir)))
				w.Arg("file", dir+"/file")
				w.must(os.Symlink("outside", above+".link"))
				if !w.Twin {
					w.runs = 40
					w.afterNew = func() {
						o := w.Other("swapper", []string{above, above + ".link"}, gaol.FileWrite(gaol.Subpath(w.Dir)))
						if o.line != "swapping" {
							panic(errBroken("the swapping sandbox: " + o.line))
						}
					}
				}
			},
			Inside: func(in *In) { in.own(in.Arg("file")) },
		},
	}
}

// raced are the outcomes of a path that changes under a sandbox that starts: its own content, or an error that names the path.
const raced = "own|ENOENT|EACCES|ENOTDIR|ELOOP|start:ENOENT|start:ENOTDIR|start:ELOOP|start:EACCES|start:ESTALE|start:EXDEV"

func (w *World) raceable() string {
	w.File("outside/file", "secret")
	return filepath.Dir(w.File("above/dir/file", "own"))
}

func exchange(a, b string) {
	_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// own reads a file that says whose it is: "own", or "ok" for one that should be out of reach.
func (in *In) own(path string) {
	switch text, err := reading(path); {
	case err != nil:
		in.Try("read "+path, err)
	case text == "own":
		in.Is("own", path)
	default:
		in.Is("ok", path+" says "+text)
	}
}
