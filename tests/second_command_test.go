//go:build linux && cgo

// These tests let one command prepare the ground for the next: of the same sandbox, of another one that the same profile is compiled to,
// and with the host moving things in between. What is granted by its own path must stay where it is or be missed, and never be
// something else. They need Landlock, since most of them write what they may not read.

package tests

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// namesLink holds that New refuses the options with an error about a link of the host.
func namesLink(path string, options ...gaol.Option) {
	GinkgoHelper()
	_, err := trySandbox(options...)
	var bad *gaol.ProfileError
	Expect(errors.As(err, &bad)).To(BeTrue(), "%T %v", err, err)
	Expect(err).To(MatchError(And(ContainSubstring(path), ContainSubstring("link"))))
}

var _ = Describe("The second command of a sandbox", func() {
	BeforeEach(func() { needLandlock(2) })

	It("finds a readable directory in a writable tree where it was, with the directories above", func() {
		w := tempDir()
		r := makeDir(w, "p", "q", "r")
		writeFile("shown", r, "shown")
		writeFile("secret", makeDir(w, "data"), "secret")
		makeDir(w, "empty")
		s := sandbox(gaol.FileWrite(gaol.Subpath(w)), gaol.FileRead(gaol.Subpath(r)))
		try(s, want("EBUSY", "rename", r, w+"/p/q/r2"), want("EBUSY", "rename", w+"/p/q", w+"/p/q2"), want("EBUSY", "rename", w+"/p", w+"/p2"),
			want("EBUSY|EXDEV", "rename", w+"/p/q", w+"/q"), want("EBUSY|EXDEV", "rename", r, w+"/r"), want("EBUSY|ENOTEMPTY", "rmdir", w+"/p"), want("EBUSY|ENOTEMPTY", "rmdir", r),
			want("EBUSY", "exchange", w+"/p", w+"/data"), want("EBUSY", "rename", w+"/empty", w+"/p"), want("EBUSY|EXDEV", "rename", w+"/data", r), want("EBUSY|EXDEV", "rename", w+"/data", w+"/p/q"),
			want("EXDEV", "rename", w+"/data/secret", r+"/secret"), want("EXDEV", "link", w+"/data/secret", r+"/secret"), want("EXDEV", "exchange", w+"/data/secret", r+"/shown"),
			want("EEXIST", "symlink", w+"/data", r), want("EEXIST", "symlink", w+"/data", w+"/p"), want("EXDEV", "rename", w+"/data", r+"/data"),
			want("ok", "symlink", w+"/data/secret", r+"/link"), want("EACCES", "read", r+"/link"),
			want("ok", "rename", w+"/data", w+"/moved"), want("ok", "mkdir", w+"/p/new"), want("ok", "rename", w+"/p/new", w+"/p/newer"), want("ok shown", "read", r+"/shown"))
		try(s, want("ok shown", "read", r+"/shown"), want("ok link shown|ok . .. link shown", "list", r), want("EACCES|ENOENT", "read", r+"/link"), want("EACCES", "read", w+"/moved/secret"),
			want("EACCES", "list", w+"/p"))
		Expect(filepath.Join(r, "shown")).To(BeARegularFile())
	})

	It("finds nothing unreadable below a readable directory, whatever was moved or copied there", func() {
		w := tempDir()
		r, data := makeDir(w, "p", "r"), makeDir(w, "data")
		writeFile("secret", data, "secret")
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.FileWrite(gaol.Subpath(w)), gaol.FileRead(gaol.Subpath(r)))
		shell(s, `cd "$1"; mkdir p/r2; mv -T p q; mkdir p; mv -T data p/r; mv data p/r/; ln data/secret p/r/secret; cp data/secret p/r/copy; ln -s ../../data p/r/data; mv -T p/r p/x; mv -T data p/r`, w)
		try(s, want("ENOENT", "lstat", r+"/secret"), want("ok |ENOENT", "read", r+"/copy"), want("EACCES|ENOENT", "read", r+"/data/secret"), want("EACCES|ENOENT", "read", w+"/data/secret"),
			want("ok", "open", r+"/new", "rw,create"))
		Expect(shell(s, `cat "$1"/p/r/secret "$1"/p/r/*/secret "$1"/p/r/copy`, w).Stdout).NotTo(ContainSubstring("secret"))
		Expect(os.ReadFile(data + "/secret")).To(BeEquivalentTo("secret"))
	})

	Context("with a private directory in a writable tree, and something granted in it", func() {
		var w, m, private, x string
		var s *gaol.Sandbox
		profile := func() []gaol.Option {
			return []gaol.Option{gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)), gaol.Private(private),
				gaol.BestEffort(gaol.FileRead(gaol.Subpath(x))), gaol.FileReadMetadata(gaol.Subpath(m))}
		}
		BeforeEach(func() {
			w, m = tempDir(), newCanaries().Dir
			private = makeDir(w, "a", "tmp")
			x = makeDir(private, "x")
			writeFile("granted", x, "file")
			s = sandbox(profile()...)
		})

		It("finds no link in the way of what process 1 makes there", func() {
			try(s, want("EBUSY", "rename", w+"/a", w+"/b"), want("EBUSY", "rename", private, w+"/a/b"), want("EBUSY|EXDEV", "rename", private, w+"/b"), want("EBUSY", "rename", x, private+"/y"),
				want("EBUSY|ENOTEMPTY", "rmdir", w+"/a"), want("EBUSY|ENOTEMPTY", "rmdir", private), want("EBUSY|ENOTEMPTY|EACCES", "rmdir", x), want("EEXIST", "symlink", m, w+"/a"),
				want("EEXIST", "symlink", m, private), want("EEXIST", "symlink", m, x), want("EBUSY|EXDEV", "exchange", x, w+"/a"),
				want("ok file 644", "lstat", m+"/secret"), want("EACCES", "read", m+"/secret"), want("ok granted", "read", x+"/file"),
				want("ok", "mkdir", w+"/a/new"), want("ok", "rename", w+"/a/new", w+"/a/newer"), want("ok", "mkdir", private+"/new"), want("ok", "mkdir", w+"/b"), want("EBUSY", "rename", w+"/b", w+"/a"))
			try(s, want("ok granted", "read", x+"/file"), want("EACCES", "read", m+"/secret"), want("EACCES", "list", m), want("ENOENT", "lstat", x+"/secret"), want("ENOENT", "lstat", private+"/new"),
				want("ok", "exist", x+"/1", x+"/self", x+"/sys"), want("ok", "mkdir", private+"/again"))
			Expect(shell(s, `mv -T "$1"/a "$1"/b && mkdir -p "$1"/a/tmp && ln -s "$2" "$1"/a/tmp/x`, w, m).Err).To(HaveOccurred())
			try(s, want("ok granted", "read", x+"/file"), want("EACCES", "read", m+"/secret"))
			Expect(os.Lstat(w + "/a/tmp/x/file")).Error().NotTo(HaveOccurred())
		})

		It("does not start where the host has moved it or put a link there, and does again when that is undone", func() {
			fails := func(errno error) {
				GinkgoHelper()
				err := command(s, "true").Run()
				var setup *gaol.SetupError
				Expect(errors.As(err, &setup)).To(BeTrue(), "%T %v", err, err)
				Expect(err).To(MatchError(errno))
				Expect(setup.Path).To(HavePrefix(w + "/a"))
				Expect(setup.Operation).NotTo(BeEmpty())
			}
			try(s, want("ok granted", "read", x+"/file"))
			Expect(os.Rename(w+"/a", w+"/b")).To(Succeed())
			fails(syscall.ENOENT)
			link(m, w, "a")
			fails(syscall.ELOOP)
			Expect(os.Remove(w + "/a")).To(Succeed())
			writeFile("secret", makeDir(w, "a", "tmp", "x"), "file")
			fails(syscall.ENOENT) // there, but not what was granted
			Expect(os.Remove(w + "/a/tmp/x/file")).To(Succeed())
			Expect(os.Remove(w + "/a/tmp/x")).To(Succeed())
			link(m, w, "a/tmp/x")
			fails(syscall.ELOOP)
			Expect(os.RemoveAll(w + "/a")).To(Succeed())
			Expect(os.Rename(w+"/b", w+"/a")).To(Succeed())
			try(s, want("ok granted", "read", x+"/file"), want("EACCES", "read", m+"/secret"))
		})

		It("cannot be made to start otherwise by one that runs meanwhile", func() {
			first := launch(s, "readfd", "0", "--", "rename", w+"/a", w+"/b", "--", "symlink", m, private+"/link", "--", "readfd", "0")
			_, err := first.Stdin.Write([]byte("x"))
			Expect(err).NotTo(HaveOccurred())
			Expect([]string{first.Line(), first.Line(), first.Line()}).To(Equal([]string{"ok x", "EBUSY", "ok"}))
			try(s, want("ok granted", "read", x+"/file"), want("ENOENT", "lstat", private+"/link"), want("EACCES", "read", m+"/secret"))
			Expect(first.Stdin.Close()).To(Succeed())
			Expect(first.Wait()).To(Succeed())
		})
	})

	It("finds a private directory that nothing is granted in where it was", func() {
		w := tempDir()
		private := makeDir(w, "a", "tmp")
		s := sandbox(gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)), gaol.Private(private))
		try(s, want("EBUSY", "rename", w+"/a", w+"/b"), want("EBUSY", "rename", private, w+"/a/b"), want("EEXIST", "symlink", "/etc", private), want("EEXIST", "symlink", "/etc", w+"/a"),
			want("ok", "mkdir", private+"/x"), want("ok", "mkdir", w+"/a/y"))
		try(s, want("ENOENT", "lstat", private+"/x"), want("ok dir …", "lstat", w+"/a/y"), want("ENOENT", "lstat", "/etc"))
	})

	It("finds a mapped tree and its place where they were", func() {
		w, c := tempDir(), newCanaries()
		place := makeDir(w, "a", "place")
		s := sandbox(gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)), gaol.BestEffort(gaol.Map(place, c.Sub, gaol.ReadOnly)))
		try(s, want("EBUSY", "rename", w+"/a", w+"/b"), want("EBUSY", "rename", place, w+"/a/b"), want("ok secret too", "read", place+"/secret"), want(refused, "write", place+"/secret", "x"))
		try(s, want("ok secret too", "read", place+"/secret"), want("ok", "mkdir", w+"/a/new"))
	})

	It("sees what was granted or none of it when the host moves a pinned directory between New and Start", func() {
		w, c := tempDir(), newCanaries()
		r := makeDir(w, "p", "q", "r")
		writeFile("shown", r, "shown")
		op := gaol.FileRead(gaol.Subpath(r))
		s := sandbox(gaol.System(), gaol.FileWrite(gaol.Subpath(w)), op)
		gone := func(errno error) {
			GinkgoHelper()
			setup := failsToStart(command(s, "true"), "landlock-path", r, errno.(syscall.Errno))
			Expect(setup.Operation).To(Equal(op.String()))
		}
		Expect(command(s, "cat", r+"/shown").Run()).To(Succeed())
		for _, at := range []string{w + "/p", w + "/p/q", r} {
			Expect(os.Rename(at, w+"/aside")).To(Succeed())
			gone(syscall.ENOENT)
			link(c.Dir, at)
			gone(syscall.ELOOP)
			Expect(os.Remove(at)).To(Succeed())
			writeFile("secret", makeDir(r), "shown")
			gone(syscall.ENOENT)
			Expect(os.RemoveAll(at)).To(Succeed())
			Expect(os.Rename(w+"/aside", at)).To(Succeed())
			try(s, want("ok shown", "read", r+"/shown"), want("EACCES", "list", w))
		}
	})
})

var _ = Describe("The same profile, compiled again after a command", func() {
	BeforeEach(func() { needLandlock(2) })

	It("is refused where a link that the command could change is on the way", func() {
		c, w := newCanaries(), tempDir()
		makeDir(w, "real", "sub")
		writeFile("real", w, "real", "sub", "file")
		in := link("real", w, "in")
		write := gaol.FileWrite(gaol.Subpath(w))
		for _, op := range []gaol.Option{gaol.FileRead(gaol.Subpath(in)), gaol.FileRead(gaol.Subpath(in + "/sub")), gaol.FileRead(gaol.Literal(in + "/sub/file")),
			gaol.FileReadMetadata(gaol.Subpath(in)), gaol.FileExecute(gaol.Literal(in + "/sub/file")), gaol.Map("/in", in, gaol.ReadOnly), gaol.Map("/in", in+"/sub", gaol.ReadWrite),
			gaol.Map("/in", in+"/sub/file", gaol.ReadOnly), gaol.FileRead(gaol.Optional(gaol.Subpath(in)))} {
			namesLink(in, write, op)
			namesLink(in, op, write)
			namesLink(in, gaol.Map("/elsewhere", w, gaol.ReadWrite), op)
		}
		deep := link(w+"/in/sub", tempDir(), "deep")
		namesLink(in, write, gaol.FileRead(gaol.Subpath(deep)))

		fixed := link(w+"/real", tempDir(), "fixed")
		s := sandbox(write, gaol.FileRead(gaol.Subpath(fixed)), gaol.Map("/in", w+"/real", gaol.ReadOnly), gaol.FileRead(gaol.Literal(c.Link)))
		try(s, want("ok real", "read", fixed+"/sub/file"), want("ok real", "read", "/in/sub/file"), want("ok secret", "read", c.Link), want("ok", "unlink", in), want("ok", "symlink", c.Sub, in),
			want("EACCES|ENOENT", "read", in+"/secret"))
		sandbox(gaol.FileRead(gaol.Subpath(w)), gaol.FileRead(gaol.Literal(c.Link))) // a link that nobody may write, in a tree that is only read
	})

	It("is refused where the command put a link in the place of a directory, a mapped one too", func() {
		c, w := newCanaries(), tempDir()
		writeFile("data", makeDir(w, "data"), "file")
		profile := []gaol.Option{gaol.FileWrite(gaol.Subpath(w)), gaol.Map("/in", w+"/data", gaol.ReadOnly)}
		s := sandbox(profile...)
		victim(s, "rename", w+"/data", w+"/away", "--", "symlink", c.Dir, w+"/data")
		if st, err := os.Lstat(w + "/data"); err == nil && st.Mode()&os.ModeSymlink != 0 {
			try(s, want("ok data", "read", "/in/file"), want("ENOENT", "lstat", "/in/secret"))
			namesLink(w+"/data", profile...)
			Expect(os.Remove(w + "/data")).To(Succeed())
			Expect(os.Rename(w+"/away", w+"/data")).To(Succeed())
		}
		try(sandbox(profile...), want("ok data", "read", "/in/file"), want("ENOENT", "lstat", "/in/secret"))
	})

	It("does not show what the command may not read, moved to where something is mapped from", func() {
		for _, moves := range [][]string{
			{"rename", "/a/data", "/a/away", "--", "rename", "/secrets", "/a/data"},
			{"rename", "/a", "/b", "--", "mkdir", "/a", "--", "rename", "/secrets", "/a/data"},
			{"exchange", "/secrets", "/a/data"},
		} {
			w := tempDir()
			writeFile("data", makeDir(w, "a", "data"), "file")
			writeFile("secret", makeDir(w, "secrets"), "secret")
			profile := []gaol.Option{gaol.FileWrite(gaol.Subpath(w)), gaol.Map("/in", w+"/a/data", gaol.ReadOnly)}
			try(sandbox(profile...), want("ok data", "read", "/in/file"), want("EACCES", "read", w+"/secrets/secret"), want("ok", "mkdir", w+"/a/new"))
			for i := range moves {
				if moves[i][0] == '/' {
					moves[i] = w + moves[i]
				}
			}
			victim(sandbox(profile...), moves...)
			if s, err := trySandbox(profile...); err == nil { // an error would do, too
				try(s, want("ENOENT|EACCES", "read", "/in/secret"), want("EACCES|ENOENT", "read", w+"/secrets/secret"))
			}
		}
	})

	It("is refused where an optional path has become a link, and grants it where it has become a directory", func() {
		c, w := newCanaries(), tempDir()
		profile := []gaol.Option{gaol.FileWrite(gaol.Subpath(w)), gaol.FileRead(gaol.Optional(gaol.Subpath(w + "/cfg")))}
		try(sandbox(profile...), want("ok", "symlink", c.Dir, w+"/cfg"))
		namesLink(w+"/cfg", profile...)
		Expect(os.Remove(w + "/cfg")).To(Succeed())
		try(sandbox(profile...), want("ok", "mkdir", w+"/cfg"), want("ok", "open", w+"/cfg/file", "w,create"), want("ok", "write", w+"/cfg/file", "x"), want("EACCES", "read", w+"/cfg/file"))
		try(sandbox(profile...), want("ok x", "read", w+"/cfg/file"), want("EACCES", "list", w))
	})

	It("is refused where a link lies in the way of a private directory", func() {
		c, w := newCanaries(), tempDir()
		private := makeDir(w, "a", "p")
		profile := []gaol.Option{gaol.FileWrite(gaol.Subpath(w)), gaol.Private(private)}
		try(sandbox(profile...), want("EBUSY", "rename", w+"/a", w+"/z"), want("ok", "mkdir", private+"/x"))
		Expect(os.Rename(w+"/a", w+"/z")).To(Succeed())
		makeDir(c.Dir, "p")
		c.before = fingerprint(c.Dir)
		link(c.Dir, w, "a")
		_, err := trySandbox(profile...)
		Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}))
		Expect(err).To(MatchError(And(ContainSubstring(private), ContainSubstring("link"))))
	})
})
