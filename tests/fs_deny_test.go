//go:build linux && cgo

// These tests deny what other operations allow: a file or a directory in a readable, a writable, an executable tree, in the system's, in
// a mapped one. What is denied must stay so whatever the program does, for the next command too, and the trees around it must not
// change.

package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func denyRead(path string) gaol.Option  { return gaol.Deny(gaol.FileRead(gaol.Subpath(path))) }
func denyWrite(path string) gaol.Option { return gaol.Deny(gaol.FileWrite(gaol.Subpath(path))) }

// tree is a directory with something to hide: keys/key, keys/deep/key, keys/pub/shown, and beside it open/file and a file.
func tree() string {
	GinkgoHelper()
	dir := tempDir()
	writeFile("secret", makeDir(dir, "keys"), "key")
	writeFile("secret", makeDir(dir, "keys", "deep"), "key")
	writeFile("shown", makeDir(dir, "keys", "pub"), "shown")
	writeFile("open", makeDir(dir, "open"), "file")
	writeFile("secret", dir, "secret")
	return dir
}

// refusedAs is the error of New for options that mean nothing; lacking that for those which cannot be exact.
func refusedAs(text string, options ...gaol.Option) {
	GinkgoHelper()
	_, err := trySandbox(options...)
	Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), "%v", err)
	Expect(err).To(MatchError(ContainSubstring(text)))
}

func lacking(text string, options ...gaol.Option) {
	GinkgoHelper()
	_, err := trySandbox(options...)
	Expect(err).To(MatchError(gaol.ErrUnsupported))
	Expect(err).To(MatchError(ContainSubstring(text)))
}

var _ = Describe("Deny", func() {
	BeforeEach(func() { needLandlock(2) })

	It("of reading closes a directory, a file, and all names below, and nothing else", func() {
		w := tree()
		before := fingerprint(w)
		s := sandbox(gaol.FileRead(gaol.Subpath(w)), denyRead(w+"/keys"), gaol.Deny(gaol.FileRead(gaol.Literal(w+"/secret"))))
		try(s, want("EACCES", "list", w+"/keys"), want("EACCES", "read", w+"/keys/key"), want("EACCES", "lstat", w+"/keys/key"), want("EACCES", "read", w+"/keys/deep/key"),
			want("EACCES", "open", w+"/keys/nothing", "r"), want("EACCES", "chdir", w+"/keys"), want("EACCES", "open", w+"/keys", "r,dir"), want("ok dir 0", "lstat", w+"/keys"),
			want("EACCES", "read", w+"/secret"), want("EACCES", "open", w+"/secret", "w"), want("ok", "open", w+"/secret", "path"), want("EACCES", "exec", w+"/secret"), want("EACCES", "mapread", w+"/secret"),
			want("EROFS|EACCES|EPERM", "chmod", w+"/secret", "644"), want("EROFS", "chmod", w+"/keys", "755"), want("EROFS", "utimes", w+"/keys"), want("EACCES", "list", w+"/keys/../keys"),
			want("ok open", "read", w+"/open/file"), want("ok keys open secret|ok . .. keys open secret", "list", w), want("EROFS|EACCES", "mkdir", w+"/keys/new"))
		try(s, want("EACCES", "read", w+"/keys/key"), want("EACCES", "read", w+"/secret"), want("ok dir 0", "lstat", w+"/keys"))
		Expect(fingerprint(w)).To(Equal(before))
	})

	It("gives way to what is allowed further down, and takes that back still further down", func() {
		w := tree()
		writeFile("secret", makeDir(w, "keys", "pub", "not"), "key")
		s := sandbox(gaol.FileRead(gaol.Subpath(w)), denyRead(w+"/keys"), gaol.FileRead(gaol.Subpath(w+"/keys/pub")), denyRead(w+"/keys/pub/not"), gaol.FileRead(gaol.Literal(w+"/keys/deep/key")))
		try(s, want("ok shown", "read", w+"/keys/pub/shown"), want("EACCES", "read", w+"/keys/pub/not/key"), want("ENOENT", "read", w+"/keys/key"), want("ok secret", "read", w+"/keys/deep/key"),
			want("EACCES", "list", w+"/keys"), want("EROFS|EACCES", "mkdir", w+"/keys/new"), want("EROFS|EACCES", "mkdir", w+"/keys/deep/new"), want("EROFS", "chmod", w+"/keys", "755"),
			want("EROFS", "chmod", w+"/keys/deep", "700"), want("ok dir 111", "lstat", w+"/keys"), want("EROFS|EACCES", "unlink", w+"/keys/deep/key"))
		try(s, want("ok shown", "read", w+"/keys/pub/shown"), want("EACCES", "list", w+"/keys"))
	})

	It("of writing leaves reading, and of executing leaves both", func() {
		w := tree()
		copyFile(victimPath, w+"/keys/prog", 0o755)
		copyFile(victimPath, w+"/open/prog", 0o755)
		all := []gaol.Option{gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)), gaol.FileExecute(gaol.Subpath(w))}
		s := sandbox(append(all, gaol.BestEffort(gaol.Deny(gaol.FileWrite(gaol.Subpath(w+"/keys")))))...)
		try(s, want("ok secret", "read", w+"/keys/key"), want("EROFS", "open", w+"/keys/key", "w"), want("EROFS", "open", w+"/keys/new", "w,create"), want("EROFS", "unlink", w+"/keys/key"),
			want("EROFS", "truncate", w+"/keys/key"), want("EROFS", "chmod", w+"/keys/key", "600"), want("EXDEV", "link", w+"/keys/key", w+"/stolen"), want("EXDEV|EROFS", "rename", w+"/open/file", w+"/keys/file"),
			want("EBUSY", "rename", w+"/keys", w+"/other"), want("ok", "open", w+"/open/new", "w,create"), want("EROFS", "setxattr", w+"/keys/key"), want("ok 2", "exec", w+"/keys/prog", "getpid"))
		s = sandbox(append(all, gaol.Deny(gaol.FileExecute(gaol.Subpath(w+"/keys"))))...)
		try(s, want("EACCES", "exec", w+"/keys/prog"), want("EPERM|EACCES", "mapexec", w+"/keys/prog"), want("ok", "open", w+"/keys/new", "w,create"), want("ok secret", "read", w+"/keys/key"),
			want("EXDEV", "link", w+"/keys/prog", w+"/stolen"), want("EBUSY", "rename", w+"/keys", w+"/other"), want("ok 2", "exec", w+"/open/prog", "getpid"))
	})

	It("in a writable tree cannot be moved away, linked, copied out or put elsewhere, by this command or the next", func() {
		w := tree()
		deep := makeDir(w, "a", "b", "keys")
		writeFile("secret", deep, "key")
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)),
			denyRead(deep), denyWrite(deep), denyRead(w+"/secret"), denyWrite(w+"/secret"))
		for range 2 {
			try(s, want("EBUSY", "rename", deep, w+"/a/b/moved"), want("EBUSY", "rename", w+"/a/b", w+"/a/c"), want("EBUSY", "rename", w+"/a", w+"/c"), want("EBUSY|ENOTEMPTY", "rmdir", deep),
				want("EBUSY|EXDEV", "exchange", deep, w+"/open"), want("EBUSY", "exchange", w+"/a", w+"/open"), want("EBUSY", "rename", w+"/secret", w+"/s"), want("EBUSY", "unlink", w+"/secret"),
				want("EXDEV", "link", w+"/secret", w+"/s"), want("EBUSY|EXDEV", "rename", w+"/open/file", w+"/secret"), want("EEXIST", "symlink", w+"/open", deep), want("EEXIST", "symlink", w+"/open", w+"/a"),
				want("EACCES", "read", deep+"/key"), want("EACCES", "read", w+"/secret"), want("EACCES", "open", w+"/secret", "w"), want("EROFS|EACCES", "open", deep+"/new", "w,create"),
				want("EPERM", "syscall", "umount2", "s:"+deep, "2"), want("EPERM", "syscall", "unshare", "0x10020000"), want("ok secret", "read", w+"/keys/key"))
			shell(s, `cd "$1"; mv -T a z; cp -a a/b/keys stolen; cp secret s; ln secret l; mv secret m; rm -rf a; tar cf t.tar a secret; mkdir -p a/b; ln -s ../../secret a/b/link; rm -f s l t.tar; rm -rf stolen a/b/link`, w)
			Expect(os.ReadFile(deep + "/key")).To(BeEquivalentTo("secret"))
			Expect(os.ReadFile(w + "/secret")).To(BeEquivalentTo("secret"))
		}
		try(s, want("EACCES", "read", deep+"/key"), want("ok", "mkdir", w+"/a/new"), want("ok", "mkdir", w+"/a/b/new"), want("EACCES", "read", w+"/secret"))
	})

	It("in a tree that is also mapped must be said there, too", func() {
		w := tree()
		read, mapped := gaol.FileRead(gaol.Subpath(w)), gaol.Map("/data", w, gaol.ReadOnly)
		refusedAs("/data/keys", read, mapped, denyRead(w+"/keys"))
		refusedAs(w+"/keys", read, mapped, denyRead("/data/keys"))
		try(sandbox(read, mapped, denyRead(w+"/keys"), denyRead("/data/keys")), want("EACCES", "read", "/data/keys/key"), want("EACCES", "read", w+"/keys/key"), want("ok open", "read", "/data/open/file"))
		try(sandbox(mapped, denyRead("/data/keys")), want("EACCES", "read", "/data/keys/key"), want("ok open", "read", "/data/open/file"))
		refusedAs("/pub", read, denyRead(w+"/keys"), gaol.Map("/pub", w+"/keys", gaol.ReadOnly))
		try(sandbox(read, denyRead(w+"/keys"), gaol.Map("/pub", w+"/keys/pub", gaol.ReadOnly)), want("ok shown", "read", "/pub/shown"), want("EACCES", "read", w+"/keys/pub/shown"))
	})

	It("below a Map, a Private or the root covers what is there", func() {
		w := tree()
		try(sandbox(gaol.FileRead(gaol.Subpath("/")), denyRead(w+"/keys")), want("EACCES", "read", w+"/keys/key"), want("ok open", "read", w+"/open/file"), want("ok Name…", "read", "/proc/self/status"))
		try(sandbox(gaol.FileRead(gaol.Subpath(w)), denyRead(w+"/keys"), gaol.Private(w+"/keys/pub")), want("ENOENT", "read", w+"/keys/pub/shown"), want("ok", "mkdir", w+"/keys/pub/new"),
			want("EACCES", "list", w+"/keys"), want("EROFS|EACCES", "mkdir", w+"/keys/new"))
		try(sandbox(gaol.Private(filepath.Dir(w)), gaol.FileRead(gaol.Literal(victimPath)), gaol.BestEffort(gaol.FileRead(gaol.Subpath(w))), denyRead(w+"/keys"),
			gaol.BestEffort(gaol.FileRead(gaol.Subpath(w+"/keys/pub")))),
			want("ENOENT", "read", w+"/keys/key"), want("EACCES", "list", w+"/keys"), want("ok shown", "read", w+"/keys/pub/shown"), want("ok open", "read", w+"/open/file"), want("EROFS|EACCES", "mkdir", w+"/keys/new"))
	})

	It("holds in a tree that lies in a private directory of a writable one", func() {
		w := tree()
		private := makeDir(w, "p")
		x := makeDir(private, "x")
		writeFile("secret", makeDir(x, "keys"), "key")
		s := sandbox(gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)), gaol.Private(private), gaol.FileRead(gaol.Subpath(x)), gaol.FileWrite(gaol.Subpath(x)),
			denyRead(x+"/keys"), denyWrite(x+"/keys"))
		for range 2 {
			try(s, want("EACCES", "read", x+"/keys/key"), want("EBUSY", "rename", x+"/keys", x+"/k"), want("EBUSY|EXDEV", "rename", x, private+"/y"), want("ok", "mkdir", x+"/new"), want("ok", "rmdir", x+"/new"))
		}
	})

	It("keeps a command from starting in it, unless what is shown there is its directory", func() {
		w := tree()
		in := func(dir string) func(*gaol.Cmd) { return func(c *gaol.Cmd) { c.Dir = dir } }
		s := sandbox(gaol.FileRead(gaol.Subpath(w)), denyRead(w+"/keys"), gaol.FileRead(gaol.Subpath(w+"/keys/pub")))
		tryWith(s, in(w+"/keys/pub"), want("ok "+w+"/keys/pub", "getcwd"), want("EACCES", "open", "..", "r"), want("ENOENT", "read", "../key"), want("ok shown", "read", "shown"))
		Expect(victimWith(sandbox(gaol.FileRead(gaol.Subpath(w)), denyRead(w+"/keys")), in(w+"/keys"), "getcwd").Err).To(MatchError(syscall.EACCES))
	})

	It("takes a program of the system's from a shell", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Deny(gaol.FileExecute(gaol.Literal("/usr/bin/env"))))
		Expect(shell(s, `/usr/bin/env true`).Err).To(HaveOccurred())
		Expect(shell(s, `test -r /usr/bin/env && /bin/true`).Err).NotTo(HaveOccurred())
		Expect(shell(sandbox(gaol.System(), gaol.ProcessCreate()), `/usr/bin/env true`).Err).NotTo(HaveOccurred())
	})

	It("holds for the target of a link, and is refused where the program could turn the link", func() {
		w := tree()
		in, out := link("keys", w, "link"), link(w+"/keys", tempDir(), "link")
		read := gaol.FileRead(gaol.Subpath(w))
		for _, l := range []string{in, out} {
			try(sandbox(read, denyRead(l)), want("EACCES", "read", w+"/keys/key"), want("EACCES", "read", in+"/key"), want("ok keys", "readlink", in), want("ok open", "read", w+"/open/file"))
		}
		namesLink(in, read, gaol.FileWrite(gaol.Subpath(w)), denyRead(in), denyWrite(in))
		sandbox(read, gaol.FileWrite(gaol.Subpath(w)), denyRead(out), denyWrite(out))
	})

	Context("when the host replaces what is denied", func() {
		It("does not start with what took its place, and does start once it is compiled again", func() {
			for _, path := range []string{"secret", "keys"} {
				w := tree()
				profile := []gaol.Option{gaol.System(), gaol.FileRead(gaol.Subpath(w)), denyRead(w + "/" + path)}
				s := sandbox(profile...)
				try(s, want("ok open", "read", w+"/open/file"))
				Expect(os.Rename(w+"/"+path, w+"/"+path+".old")).To(Succeed())
				Expect(exec.Command("cp", "-a", w+"/"+path+".old", w+"/"+path).Run()).To(Succeed())
				err := command(s, "true").Run()
				var setup *gaol.SetupError
				Expect(errors.As(err, &setup)).To(BeTrue(), "%v", err)
				Expect(setup.Path).To(Equal(w + "/" + path))
				Expect(setup.Operation).To(ContainSubstring("Deny"))
				Expect(setup.Step).To(Equal("mounted"))
				try(sandbox(profile...), want("EACCES", "open", w+"/"+path, "r"), want("ok open", "read", w+"/open/file"))
			}
		})

		It("does not start after a file was replaced by rename", func() {
			w := tree()
			s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(w)), denyRead(w+"/secret"))
			Expect(command(s, "true").Run()).To(Succeed())
			writeFile("new secret", w, "new")
			Expect(os.Rename(w+"/new", w+"/secret")).To(Succeed())
			Expect(command(s, "cat", w+"/secret").Run()).To(MatchError(syscall.ENOENT))
		})
	})

	It("is refused where the host mounts what is denied elsewhere in the view, and covers what is mounted in it", func() {
		w := tree()
		other := makeDir(w, "open", "other")
		profile := fmt.Sprintf("read = [%q]\ndeny = [{ read = %q }]\n", w, w+"/keys")
		bind := "mount --bind " + w + "/keys " + other
		refusedWhere(privately(""), bind, profile, other)
		refusedWhere(privately(""), "mount --bind "+w+"/keys/deep "+other, profile, other)
		also := fmt.Sprintf("read = [%q]\ndeny = [{ read = %q }, { read = %q }]\n", w, w+"/keys", other)
		tryWhere(privately(""), bind, also, want("EACCES", "read", w+"/keys/key"), want("EACCES", "read", other+"/key"), want("ok open", "read", w+"/open/file"))
		tryWhere(privately(""), "mount -t tmpfs none "+w+"/keys/deep && echo secret >"+w+"/keys/deep/key", profile, want("EACCES", "read", w+"/keys/deep/key"), want("ok open", "read", w+"/open/file"))
		tryWhere(privately(""), "mount -t tmpfs none "+w+"/keys && echo secret >"+w+"/keys/key", profile, want("EACCES", "read", w+"/keys/key"), want("ok open", "read", w+"/open/file"))
	})

	It("holds while commands of the same and of another sandbox move what they can at the same time", func() {
		w := tree()
		profile := []gaol.Option{gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w)), denyRead(w + "/keys/deep"), denyWrite(w + "/keys/deep")}
		s := sandbox(profile...)
		stop := make(chan struct{})
		var movers sync.WaitGroup
		for _, s := range []*gaol.Sandbox{s, sandbox(profile...)} {
			movers.Go(func() {
				defer GinkgoRecover()
				for {
					select {
					case <-stop:
						return
					default:
						shell(s, `cd "$1"; for i in 1 2 3 4 5 6 7 8; do mv -T keys k; mkdir keys; mv keys/deep d; ln -s open keys/deep; mv -T open o; mv -T o open; mv -T k keys; cat */deep/key k/*/key; done`, w)
					}
				}
			})
		}
		for range 60 {
			r := victim(s, "read", w+"/keys/deep/key", "--", "list", w+"/keys/deep")
			Expect(r.Lines).To(HaveExactElements("EACCES", "EACCES"))
		}
		close(stop)
		movers.Wait()
		Expect(exec.Command("chmod", "-R", "u+rwx", w).Run()).To(Succeed()) // mv copies what it cannot move, which is a closed directory
		Expect(os.ReadFile(w + "/keys/deep/key")).To(BeEquivalentTo("secret"))
		Expect(filepath.Glob(w + "/d*/key")).To(BeEmpty())
		Expect(filepath.Glob(w + "/d*/*/key")).To(BeEmpty())
	})

	It("is refused where it means nothing", func() {
		w := tree()
		read, write := gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w))
		refusedAs("nothing above this path allows it", denyRead(w))
		refusedAs("nothing above this path allows it", read, denyWrite(w+"/keys"))
		refusedAs("contradicts", read, denyRead(w))
		refusedAs("no such file", read, denyRead(w+"/missing"))
		refusedAs("the program could make it", read, write, gaol.Deny(gaol.FileRead(gaol.Optional(gaol.Subpath(w+"/missing")))))
		refusedAs("the program could make it", read, write, gaol.Deny(gaol.FileWrite(gaol.Optional(gaol.Subpath(w+"/missing/deeper")))))
		refusedAs("cannot be denied", gaol.System(), denyRead("/proc/1"))
		refusedAs("cannot be denied", gaol.System(), gaol.Deny(gaol.FileRead(gaol.Literal("/dev/null"))))
		sandbox(read, gaol.Deny(gaol.FileRead(gaol.Optional(gaol.Subpath(w+"/missing")))))
		lacking("Deny(FileWrite", read, write, denyRead(w+"/keys"))
		lacking("without what is in it", read, gaol.Deny(gaol.FileRead(gaol.Literal(w+"/keys"))))
		lacking("hides a name", read, denyRead(w+"/keys"), gaol.Deny(gaol.FileReadMetadata(gaol.Subpath(w+"/keys"))))
		Expect(os.Link(w+"/secret", w+"/other")).To(Succeed())
		lacking("2 hard links", read, denyRead(w+"/secret"))
		link("missing", w, "dangling")
		refusedAs("leads nowhere", read, gaol.Deny(gaol.FileRead(gaol.Optional(gaol.Subpath(w+"/dangling")))))
	})

	It("as best effort says what stays open, and takes rather more than less", func() {
		w := tree()
		read, write := gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w))
		s := sandbox(read, write, gaol.BestEffort(gaol.Deny(gaol.FileRead(gaol.Subpath(w+"/keys")))))
		r := try(s, want("EACCES", "read", w+"/keys/key"), want("EROFS|EACCES", "open", w+"/keys/new", "w,create"), want("ok", "open", w+"/open/new", "w,create"))
		Expect(r.Report.Gaps).To(ContainElement(HaveField("Detail", ContainSubstring("to write is denied, too"))))
		s = sandbox(read, denyRead(w+"/keys"), gaol.BestEffort(gaol.Deny(gaol.FileReadMetadata(gaol.Subpath(w+"/keys")))))
		Expect(try(s, want("EACCES", "read", w+"/keys/key")).Report.Gaps).To(HaveLen(1))
		Expect(os.Link(w+"/secret", w+"/other")).To(Succeed())
		s = sandbox(read, gaol.BestEffort(gaol.Deny(gaol.FileRead(gaol.Literal(w+"/secret")))))
		Expect(try(s, want("EACCES", "read", w+"/secret"), want("ok secret", "read", w+"/other")).Report.Gaps).To(ContainElement(HaveField("Detail", ContainSubstring("other names"))))
	})
})
