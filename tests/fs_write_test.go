//go:build linux && cgo

// These tests attack FileWrite: it writes and does not read, it adds up with what else is granted and with nothing more, and what is
// granted by its own path stays where it is.

package tests

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

var _ = Describe("FileWrite", func() {
	It("creates, writes, renames and removes, and neither reads nor lists", func() {
		needLandlock(2)
		dir := tempDir()
		for _, name := range []string{"file", "old", "gone", "truncated"} {
			writeFile("content", dir, name)
		}
		makeDir(dir, "a")
		makeDir(dir, "b")
		writeFile("deep", dir, "a", "deep")
		s := sandbox(gaol.FileWrite(gaol.Subpath(dir)), gaol.IPC(gaol.NamedPipes))
		try(s, want("ok", "write", dir+"/file", "written"), want("ok", "open", dir+"/new", "w,create,excl"), want("ok", "truncate", dir+"/truncated"),
			want("ok", "rename", dir+"/old", dir+"/renamed"), want("ok", "unlink", dir+"/gone"), want("ok", "mkdir", dir+"/dir"), want("ok", "rmdir", dir+"/dir"),
			want("ok", "symlink", "nowhere", dir+"/link"), want("ok", "mknod", dir+"/fifo", "fifo"), want("ok", "chmod", dir+"/file", "640"),
			want("ok", "chown", dir+"/file"), want("ok", "utimes", dir+"/file"), want("ok|EOPNOTSUPP|ENOTSUP", "setxattr", dir+"/file"), want("ok", "link", dir+"/file", dir+"/hard"),
			want("ok", "rename", dir+"/a/deep", dir+"/b/deep"), want("ok", "exchange", dir+"/a", dir+"/b"), want("ok file 640", "lstat", dir+"/file"),
			want("EACCES", "read", dir+"/file"), want("EACCES", "open", dir+"/file", "rw"), want("EACCES", "open", dir+"/new2", "rw,create"),
			want("EACCES", "list", dir), want("EACCES", "mapread", dir+"/file"), want(tmpfile(dir, "EACCES"), "open", dir, "rw,tmpfile"),
			want("EPERM|EACCES", "mknod", dir+"/char", "char"), want("EPERM|EACCES", "mknod", dir+"/block", "block"), want("EPERM|EACCES", "mknod", dir+"/socket", "socket"),
			want("EBUSY|EXDEV|EACCES|EROFS", "rmdir", dir), want("EBUSY|EXDEV|EACCES|EROFS", "rename", dir, dir+"2"))
		Expect(os.ReadFile(dir + "/file")).To(BeEquivalentTo("written"))
		Expect(dir + "/renamed").To(BeARegularFile())
		Expect(dir + "/gone").NotTo(BeAnExistingFile())
		Expect(dir + "/a/deep").To(BeARegularFile())
		try(sandbox(gaol.System(), gaol.FileWrite(gaol.Subpath(dir))), want("EACCES", "reopen", dir+"/file", "w", "r"), want("EACCES", "reopen", dir+"/file", "path", "r"),
			want("ok", "reopen", dir+"/file", "path", "w"))
	})

	It("of a directory does not list it by watching the names that come and go", func() {
		needLandlock(2)
		dir := tempDir()
		try(sandbox(gaol.FileWrite(gaol.Subpath(dir))), want("EACCES|EPERM|ENOSYS", "watch", dir), want("ok", "mkdir", dir+"/new"))
	})

	It("of a file writes that file alone", func() {
		needLandlock(2)
		c := newCanaries()
		dir := tempDir()
		file := writeFile("content", dir, "file")
		writeFile("other", dir, "other")
		try(sandbox(gaol.FileWrite(gaol.Literal(file)), gaol.FileRead(gaol.Literal(c.Secret))),
			want("ok", "write", file, "X"), want("ok", "truncate", file), want("ok", "chmod", file, "600"), want("ENOENT", "write", dir+"/other", "x"),
			want(refused, "open", dir+"/new", "w,create"), want("EBUSY|EROFS|EACCES", "unlink", file), want("EBUSY|EROFS|EACCES|EXDEV", "rename", file, dir+"/new"))
		Expect(os.ReadFile(filepath.Join(dir, "other"))).To(BeEquivalentTo("other"))
		Expect(file).To(BeARegularFile())
	})

	It("with FileRead of the same path does both", func() {
		dir := tempDir()
		writeFile("content", dir, "file")
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))), want("ok content", "read", dir+"/file"), want("ok", "write", dir+"/file", "C"),
			want("ok Content", "read", dir+"/file"), want("ok", "open", dir+"/new", "rw,create"), want("ok", "lock", dir+"/new"), want(tmpfile(dir, "ok"), "open", dir, "rw,tmpfile"))
	})

	It("does not hand over what it cannot read by a rename or a link to where it can", func() {
		needLandlock(2)
		dir := tempDir()
		file := writeFile("secret", dir, "file")
		open, other := makeDir(dir, "open"), tempDir()
		s := sandbox(gaol.FileWrite(gaol.Subpath(dir)), gaol.FileRead(gaol.Subpath(open)), gaol.FileRead(gaol.Subpath(other)), gaol.FileWrite(gaol.Subpath(other)))
		writeFile("shown", open, "shown")
		try(s, want("EACCES", "read", file), want("ok shown", "read", open+"/shown"), want("ok", "write", open+"/shown", "S"),
			want("EXDEV|EACCES", "rename", file, open+"/file"), want("EXDEV|EACCES", "link", file, open+"/file"), want("EXDEV|EACCES", "exchange", file, open+"/shown"),
			want("EXDEV|EACCES", "rename", file, other+"/file"), want("EXDEV|EACCES", "link", file, other+"/file"), want("EACCES", "read", file))
	})

	It("cannot rename or remove what is granted by its own path", func() {
		needLandlock(2)
		dir := tempDir()
		sub := makeDir(dir, "sub")
		writeFile("x", sub, "x")
		makeDir(dir, "empty")
		file := writeFile("x", dir, "file")
		s := sandbox(gaol.FileWrite(gaol.Subpath(dir)), gaol.FileRead(gaol.Subpath(sub)), gaol.FileRead(gaol.Literal(file)), gaol.FileRead(gaol.Subpath(dir+"/empty")))
		try(s, want("EBUSY|EXDEV|EACCES", "rename", sub, dir+"/moved"), want("EBUSY|EXDEV|EACCES", "rename", file, dir+"/moved2"),
			want("EBUSY|EXDEV|EACCES", "unlink", file), want("EBUSY|EXDEV|EACCES", "rmdir", dir+"/empty"), want("ok", "unlink", sub+"/x"))
	})

	It("cannot put something unreadable where the next command reads", func() {
		needLandlock(2)
		dir := tempDir()
		sub, box := makeDir(dir, "sub"), makeDir(dir, "box")
		writeFile("secret", box, "secret")
		s := sandbox(gaol.FileWrite(gaol.Subpath(dir)), gaol.FileRead(gaol.Subpath(sub)))
		victim(s, "rename", sub, dir+"/moved", "--", "rename", box, sub)
		try(s, want("EACCES|ENOENT", "read", sub+"/secret"))
	})

	It("adds up with grants above and below it, in both directions", func() {
		needLandlock(2)
		up, down := tempDir(), tempDir()
		for _, dir := range []string{up, down} {
			writeFile("in", makeDir(dir, "sub"), "file")
			writeFile("out", dir, "file")
		}
		s := sandbox(gaol.FileWrite(gaol.Subpath(up)), gaol.FileRead(gaol.Subpath(up+"/sub")), gaol.FileRead(gaol.Subpath(down)), gaol.FileWrite(gaol.Subpath(down+"/sub")))
		try(s, want("EACCES", "read", up+"/file"), want("ok", "write", up+"/file", "x"), want("ok in", "read", up+"/sub/file"), want("ok", "write", up+"/sub/file", "I"),
			want("ok out", "read", down+"/file"), want(refused, "write", down+"/file", "x"), want("ok in", "read", down+"/sub/file"), want("ok", "write", down+"/sub/file", "I"),
			want(refused, "mkdir", down+"/new"), want("ok", "mkdir", down+"/sub/new"), want("ok", "mkdir", up+"/new"))
	})

	It("leaves the umask and the owner as the caller has them", func() {
		dir := tempDir()
		old := syscall.Umask(0)
		syscall.Umask(old)
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))), want("ok", "mkdir", dir+"/new"))
		st, err := os.Lstat(dir + "/new")
		Expect(err).NotTo(HaveOccurred())
		Expect(st.Mode().Perm()).To(Equal(os.FileMode(0o755 &^ old)))
		Expect(int(st.Sys().(*syscall.Stat_t).Uid)).To(Equal(os.Geteuid()))
	})
})

var _ = Describe("A path of a profile", func() {
	refuses := func(options ...gaol.Option) error {
		GinkgoHelper()
		_, err := trySandbox(options...)
		Expect(err).To(HaveOccurred())
		return err
	}
	It("that is missing is an error that names it, unless it is optional", func() {
		dir := tempDir()
		none := dir + "/none"
		for _, op := range []func(gaol.Pattern) gaol.Operation{gaol.FileRead, gaol.FileWrite, gaol.FileExecute, gaol.FileReadMetadata} {
			err := refuses(op(gaol.Subpath(none)))
			Expect(err).To(MatchError(os.ErrNotExist))
			var p *gaol.ProfileError
			Expect(err).To(BeAssignableToTypeOf(p))
			Expect(err.(*gaol.ProfileError).Path).To(Equal(none))
			try(sandbox(op(gaol.Optional(gaol.Subpath(none)))), want("ENOENT", "lstat", none), want(refused+"|ENOENT", "mkdir", none))
		}
		Expect(none).NotTo(BeAnExistingFile())
		link("none", dir, "dangling")
		refuses(gaol.FileRead(gaol.Literal(dir + "/dangling")))
		link("loop", dir, "loop")
		Expect(refuses(gaol.FileRead(gaol.Literal(dir + "/loop")))).To(MatchError(syscall.ELOOP))
		refuses(gaol.FileRead(gaol.Literal(writeFile("", dir, "file") + "/below")))
	})

	It("that is relative, unclean or no text is refused by the profile", func() {
		for _, path := range []string{"", "relative", "./x", "/a/../b", "/a//b", "/a/", "/a\x00b"} {
			_, err := gaol.NewProfile(gaol.FileRead(gaol.Subpath(path)))
			Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), "%q", path)
		}
	})

	It("that is a directory cannot be literal: no mechanism opens it without what is in it", func() {
		err := refuses(gaol.FileRead(gaol.Literal(tempDir())))
		Expect(err).To(MatchError(gaol.ErrUnsupported))
		Expect(err).To(BeAssignableToTypeOf(&gaol.UnsupportedError{}))
	})

	It("that is a socket or a device is refused, a FIFO is not", func() {
		dir := tempDir()
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		Expect(err).NotTo(HaveOccurred())
		defer syscall.Close(fd)
		Expect(syscall.Bind(fd, &syscall.SockaddrUnix{Name: dir + "/socket"})).To(Succeed())
		Expect(refuses(gaol.FileRead(gaol.Literal(dir + "/socket")))).To(BeAssignableToTypeOf(&gaol.ProfileError{}))
		for _, device := range []string{"/dev/kmsg", "/dev/tty", "/dev/mem", "/dev/ptmx"} {
			if _, err := os.Lstat(device); err == nil {
				refuses(gaol.FileRead(gaol.Literal(device)))
			}
		}
		for _, path := range []string{"/dev", "/dev/pts", "/proc", "/proc/self", "/proc/sys"} {
			refuses(gaol.FileRead(gaol.Subpath(path)))
		}
		fifo := dir + "/fifo"
		Expect(syscall.Mkfifo(fifo, 0o644)).To(Succeed())
		try(sandbox(gaol.FileRead(gaol.Literal(fifo))), want("ok fifo 644", "lstat", fifo), want("ok", "open", fifo, "r"), want("EACCES", "open", fifo, "w"))
		needLandlock(2)
		try(sandbox(gaol.FileWrite(gaol.Literal(fifo))), want("EACCES", "open", fifo, "r"), want("ENXIO", "open", fifo, "w")) // no reader
	})
})

// tmpfile is what O_TMPFILE is expected to end in, or what it ends in on the host where the file system has none, as overlayfs before 6.3.
func tmpfile(dir, expected string) string {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return unix.ErrnoName(err.(syscall.Errno))
	}
	Expect(unix.Close(fd)).To(Succeed())
	return expected
}
