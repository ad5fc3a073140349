//go:build linux && cgo

// These tests attack what may be read: what is not granted must not be there, and what is granted to be read or only to be asked about
// must give neither more nor a way to anything else. The canaries assert that nothing outside changed.

package tests

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// refused is what a write to something that may only be read ends in: the mount, Landlock, or the border between two mounts says so.
const refused = "EROFS|EACCES|EXDEV"

// hidden is what is not in the view. Where a directory on the way is shown but not granted, Landlock may be asked first.
const hidden = "ENOENT|EACCES"

// changes are all ways to change a file, a directory with a file, and what is in dir, or to get hold of it in the directory to.
func changes(outcome, dir, to string) (out []attempt) {
	file, sub := filepath.Join(dir, "secret"), filepath.Join(dir, "sub")
	for _, op := range [][]string{
		{"write", file, "x"}, {"open", file, "rw"}, {"open", file, "w,trunc"}, {"open", file, "r,trunc"}, {"open", file, "w,append"},
		{"open", file, "w,create"}, {"open", dir + "/new", "w,create,excl"}, {"open", dir, "w,tmpfile"}, {"truncate", file},
		{"mkdir", dir + "/new"}, {"rmdir", sub}, {"unlink", file}, {"unlink", dir + "/link"}, {"symlink", "x", dir + "/new"},
		{"mknod", dir + "/new", "fifo"}, {"mknod", dir + "/new", "file"},
		{"rename", file, dir + "/new"}, {"rename", sub, dir + "/new"}, {"exchange", file, dir + "/link"},
		{"link", file, dir + "/new"}, {"chmod", file, "600"}, {"chmod", dir, "700"}, {"chown", file}, {"utimes", file}, {"setxattr", file},
		{"rename", file, to + "/new"}, {"link", file, to + "/new"}, {"rename", to + "/own", dir + "/new"}, {"link", to + "/own", dir + "/new"},
		{"exchange", to + "/own", file}, {"reopen", file, "r", "w"}, {"reopen", file, "path", "rw"},
	} {
		outcome := outcome
		if op[len(op)-1] == "fifo" {
			outcome += "|EPERM" // which takes an operation of its own
		}
		out = append(out, want(outcome, op...))
	}
	return out
}

var _ = Describe("What is not granted", func() {
	It("is not there: no file, no directory, not even System's or the host's own", func() {
		c := newCanaries()
		attempts := []attempt{want("ok …", "lstat", victimPath), want("ok …", "lstat", "/")}
		for _, path := range []string{c.Dir, c.Secret, c.Sub, c.SubSecret, c.Link, "/etc", "/etc/passwd", "/root", "/home", "/usr", "/bin", "/proc", "/proc/self",
			"/sys", "/dev", "/dev/null", "/tmp", "/run", "/boot"} {
			attempts = append(attempts, want("ENOENT", "lstat", path), want(hidden, "open", path, "r"), want("ENOENT", "open", path, "path"),
				want(hidden, "list", path), want("ENOENT", "chdir", path), want("ENOENT", "readlink", path))
		}
		top := strings.Split(victimPath, "/")[1]
		try(sandbox(), append(attempts, want("EACCES|ok "+top, "list", "/"), want("EROFS|EACCES", "mkdir", "/new"), want("EROFS|EACCES", "open", "/new", "w,create"),
			want("EROFS", "chmod", "/", "777"), want("EROFS", "chmod", "/"+top, "777"), want("EROFS", "utimes", "/"), want("EROFS|EACCES", "rename", "/"+top, "/new"))...)
	})

	It("holds what System grants to the system: no accounts, no homes, no variable data", func() {
		c := newCanaries()
		s := sandbox(gaol.System())
		try(s, want("ENOENT", "lstat", c.Secret), want("ENOENT", "lstat", "/etc/passwd"), want("ENOENT", "lstat", "/etc/shadow"),
			want("ENOENT", "lstat", "/root"), want("ENOENT", "lstat", "/home"), want("ENOENT", "lstat", "/tmp"), want("ENOENT", "lstat", "/sys"),
			want("ENOENT", "lstat", "/var/log"), want("ENOENT", "lstat", "/run"),
			want("ok …", "lstat", "/usr/bin"), want("ok …", "list", "/usr"), want("EROFS", "mkdir", "/usr/new"))
	})

	It("stays hidden below what is granted elsewhere in the same directory", func() {
		c := newCanaries()
		try(sandbox(gaol.FileRead(gaol.Literal(c.Secret))),
			want("ok secret", "read", c.Secret), want("ENOENT", "lstat", c.Sub), want("ENOENT", "lstat", c.SubSecret), want("ENOENT", "lstat", c.Link),
			want("EACCES|ok secret", "list", c.Dir), want("ENOTDIR", "read", c.Secret+"/../link"), want(refused, "write", c.Secret, "x"))
	})

	It("does not appear where the host makes it later", func() {
		dir := tempDir()
		s := sandbox(gaol.FileRead(gaol.Optional(gaol.Subpath(dir+"/later"))), gaol.FileRead(gaol.Subpath(makeDir(dir, "now"))))
		writeFile("secret", makeDir(dir, "later"), "file")
		writeFile("open", dir, "now", "file")
		try(s, want("ENOENT", "lstat", dir+"/later"), want("ENOENT", "read", dir+"/later/file"), want("ok open", "read", dir+"/now/file"))
	})
})

var _ = Describe("FileRead", func() {
	It("reads, lists and asks, and changes nothing in any way", func() {
		c := newCanaries()
		own := tempDir()
		writeFile("own", own, "own")
		s := sandbox(gaol.FileRead(gaol.Subpath(c.Dir)), gaol.FileRead(gaol.Subpath(own)), gaol.FileWrite(gaol.Subpath(own)))
		try(s, append([]attempt{
			want("ok secret", "read", c.Secret), want("ok secret too", "read", c.SubSecret), want("ok . .. link secret sub|ok link secret sub", "list", c.Dir),
			want("ok file 644", "lstat", c.Secret), want("ok secret", "readlink", c.Link), want("ok secret", "read", c.Link), want("ok", "lock", c.Secret),
			want("ok", "watch", c.Dir), want("ok", "open", own+"/new", "w,create"), want("ok", "unlink", own+"/new"), want("ok", "mapread", c.Secret),
		}, changes(refused+"|ENOENT", c.Dir, own)...)...) // ENOENT: /proc is not there to open again by
		try(sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(c.Dir))), want("ok", "reopen", c.Secret, "path", "r"),
			want(refused, "reopen", c.Secret, "path", "rw"), want(refused, "reopen", c.Secret, "r", "w"))
	})

	It("does not read what the file's own mode forbids, even for root", func() {
		c := newCanaries()
		closed := writeFile("closed", tempDir(), "closed")
		if root() {
			Expect(os.Chown(closed, 2000, 2000)).To(Succeed())
		}
		Expect(os.Chmod(closed, 0o000)).To(Succeed())
		try(sandbox(gaol.FileRead(gaol.Literal(closed)), gaol.FileRead(gaol.Literal(c.Secret))), want("EACCES", "read", closed),
			want("ok file 0", "lstat", closed), want("ok secret", "read", c.Secret))
	})

	It("of a tree shows what is mounted in it, read-only as well", func() {
		if !root() {
			Skip("root, to mount something, is missing")
		}
		dir := tempDir()
		at := makeDir(dir, "mounted")
		Expect(syscall.Mount("gaol-live", at, "tmpfs", 0, "size=1m")).To(Succeed())
		DeferCleanup(func() { Expect(syscall.Unmount(at, 0)).To(Succeed()) })
		file := writeFile("inside", at, "file")
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)))
		try(s, want("ok inside", "read", file), want(refused, "write", file, "x"), want(refused, "mkdir", at+"/new"), want("EPERM|EACCES", "mapexec", file),
			want(refused, "chmod", file, "600"))
		s.Close()
	})
})

var _ = Describe("FileReadMetadata", func() {
	It("tells what is there and nothing of what is in it", func() {
		needLandlock(2)
		c := newCanaries()
		own := tempDir()
		writeFile("own", own, "own")
		s := sandbox(gaol.FileReadMetadata(gaol.Subpath(c.Dir)), gaol.FileRead(gaol.Subpath(own)), gaol.FileWrite(gaol.Subpath(own)))
		try(s, append([]attempt{
			want("ok file 644", "lstat", c.Secret), want("ok dir 755", "lstat", c.Sub), want("ok file 644", "lstat", c.SubSecret), want("ok secret", "readlink", c.Link),
			want("ENOENT", "lstat", c.Dir+"/none"), want("ok", "open", c.Secret, "path"), want("ok", "chdir", c.Dir), want("ok", "chdir", "/"),
			want("EACCES", "read", c.Secret), want("EACCES", "read", c.Link), want("EACCES", "list", c.Dir), want("EACCES", "open", c.Sub, "r,dir"),
			want("EACCES", "exec", c.Secret), want("EACCES", "mapread", c.Secret), want("EACCES", "copy", c.Secret, own+"/copy"),
		}, changes(refused+"|ENOENT", c.Dir, own)...)...)
		try(sandbox(gaol.System(), gaol.FileReadMetadata(gaol.Subpath(c.Dir))), want("EACCES", "reopen", c.Secret, "path", "r"))
	})

	It("of a directory does not list it by watching the names that come and go", func() {
		needLandlock(2)
		c := newCanaries()
		try(sandbox(gaol.FileReadMetadata(gaol.Subpath(c.Dir))), want("EACCES|EPERM|ENOSYS", "watch", c.Dir))
	})

	It("of a file does not reach its neighbours", func() {
		needLandlock(2)
		c := newCanaries()
		try(sandbox(gaol.FileReadMetadata(gaol.Literal(c.Secret))), want("ok file 644", "lstat", c.Secret), want("EACCES", "read", c.Secret),
			want("ENOENT", "lstat", c.Link), want("ENOENT", "lstat", c.Sub))
	})
})

var _ = Describe("A way out of a granted directory", func() {
	It("is not given by a symbolic link in it", func() {
		c := newCanaries()
		dir := tempDir()
		name := filepath.Base(c.Dir)
		link(c.Secret, dir, "absolute")
		link("../"+name+"/secret", dir, "relative")
		link(c.Dir, dir, "directory")
		link("/proc/self/root"+c.Secret, dir, "magic")
		link(strings.Repeat("../", 30)+c.Secret[1:], dir, "far")
		link("/", dir, "root")
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		try(s, want("ENOENT", "read", dir+"/absolute"), want("ENOENT", "read", dir+"/relative"), want("ENOENT", "read", dir+"/directory/secret"),
			want("ENOENT", "read", dir+"/magic"), want("ENOENT", "read", dir+"/far"), want("ENOENT", "read", dir+"/root"+c.Secret),
			want("ok "+c.Secret, "readlink", dir+"/absolute"), want("ENOENT", "write", dir+"/absolute", "x"), want("ENOENT", "chmod", dir+"/absolute", "600"),
			want("ok", "symlink", c.Secret, dir+"/own"), want("ENOENT", "read", dir+"/own"), want("ENOENT|EROFS|EACCES", "open", dir+"/own", "w,create"))
	})

	It("is not given by .. or the working directory", func() {
		c := newCanaries()
		dir := tempDir()
		name := filepath.Base(c.Dir)
		makeDir(dir, "sub")
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)))
		try(s, want("ENOENT", "read", dir+"/../"+name+"/secret"), want("ok", "chdir", dir+"/sub"), want("ENOENT", "read", "../../"+name+"/secret"),
			want("ok", "chdir", ".."), want("ok "+dir, "getcwd"), want("ok", "chdir", strings.Repeat("../", 40)), want("ok /", "getcwd"),
			want("ENOENT", "read", c.Secret[1:]), want("ENOENT", "lstat", "../../.."+c.Secret))
	})

	It("is not given by /proc/self/root, cwd, exe or fd", func() {
		c := newCanaries()
		s := sandbox(gaol.System())
		r := try(s, want("ok /", "readlink", "/proc/self/root"), want("ok /", "readlink", "/proc/self/cwd"), want("ok "+victimPath, "readlink", "/proc/self/exe"),
			want("ENOENT", "read", "/proc/self/root"+c.Secret), want("ENOENT", "read", "/proc/self/root/../../.."+c.Secret),
			want("ENOENT", "read", "/proc/self/cwd/.."+c.Secret), want("ENOENT", "read", "/proc/self/task/2/root"+c.Secret),
			want("EACCES|ENOENT|EPERM", "readlink", "/proc/1/root"), want("EACCES|ENOENT|EPERM", "read", "/proc/1/root"+c.Secret),
			want("EACCES|ENOENT|EPERM", "readlink", "/proc/1/cwd"), want("EACCES|ENOENT|EPERM", "readlink", "/proc/1/fd/0"), want("EACCES|ENOENT|EPERM", "read", "/proc/1/fd/0"), want("EACCES|ENOENT|EPERM", "readlink", "/proc/1/exe"),
			want(refused+"|ETXTBSY", "open", "/proc/self/exe", "rw"), want(refused+"|ETXTBSY", "write", "/proc/self/exe", "x"), want("ok …", "list", "/proc/self/fd"))
		for _, fd := range strings.Fields(r.Said(len(r.Lines) - 1)) {
			Expect(fd).To(BeElementOf(".", "..", "0", "1", "2", "3"), "3 is the listing's own: nothing else was inherited")
		}
	})

	It("is not given by a hard link or a rename to the outside", func() {
		c := newCanaries()
		dir := tempDir()
		writeFile("own", dir, "own")
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		try(s, want("ENOENT", "link", c.Secret, dir+"/secret"), want("ENOENT", "rename", c.Secret, dir+"/secret"), want("ENOENT", "exchange", dir+"/own", c.Secret),
			want("ENOENT", "rename", dir+"/own", c.Dir+"/planted"), want("ENOENT", "link", dir+"/own", c.Dir+"/planted"),
			want("EXDEV|EROFS|EACCES", "rename", dir+"/own", "/planted"), want("EXDEV|EROFS|EACCES", "link", dir+"/own", filepath.Dir(dir)+"/planted"),
			want("ok", "link", dir+"/own", dir+"/linked"), want("ok", "rename", dir+"/linked", dir+"/renamed"))
	})
})
