package everywhere

// This file is files: what was granted can be done, and beside it the same where it was not.

import (
	"os"
	"path/filepath"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Files", func() {
	It("are read where that was granted, and nowhere else", func() {
		p := newPlace()
		s := newSandbox(read(p.in))
		r := run(s, "cat", filepath.Join(p.in, "sub", "file"))
		Expect(r.out).To(Equal("below"), r.err)
		r = run(s, "cat", filepath.Join(p.secret, "file"))
		Expect(r.ok()).To(BeFalse())
		Expect(r.out).To(BeEmpty())
	})
	It("are not read by a way round", func() {
		p := newPlace()
		Expect(os.Symlink(filepath.Join(p.secret, "file"), filepath.Join(p.in, "out"))).To(Succeed())
		Expect(os.Symlink("sub/file", filepath.Join(p.in, "inside"))).To(Succeed())
		s := newSandbox(read(p.in))
		Expect(run(s, "cat", filepath.Join(p.in, "inside")).out).To(Equal("below"))
		for _, path := range []string{filepath.Join(p.in, "out"), p.in + "/../secret/file", p.in + "/sub/../../secret/file"} {
			r := run(s, "cat", path)
			Expect(r.ok()).To(BeFalse(), path)
			Expect(r.out).To(BeEmpty(), path)
		}
	})
	It("of a single grant are read alone", func() {
		p := newPlace()
		put("beside", p.in, "beside")
		s := newSandbox(gaol.FileRead(gaol.Literal(filepath.Join(p.in, "file"))))
		Expect(run(s, "cat", filepath.Join(p.in, "file")).out).To(Equal("granted"))
		Expect(run(s, "cat", filepath.Join(p.in, "beside")).out).To(BeEmpty())
	})
	It("are listed where reading was granted, and nowhere else", func() {
		p := newPlace()
		s := newSandbox(read(p.in))
		Expect(run(s, "ls", p.in).out).To(Equal("file\nsub\n"))
		Expect(run(s, "ls", p.secret).out).NotTo(ContainSubstring("file"))
	})
	It("are written where that was granted, and nowhere else", func() {
		p := newPlace()
		s := newSandbox(read(p.in), write(p.out))
		from := filepath.Join(p.in, "file")
		r := run(s, "cp", from, filepath.Join(p.out, "new"))
		Expect(r.ok()).To(BeTrue(), r.err)
		Expect(content(p.out, "new")).To(Equal("granted"))
		Expect(run(s, "cp", from, filepath.Join(p.secret, "new")).ok()).To(BeFalse())
		Expect(filepath.Join(p.secret, "new")).NotTo(BeAnExistingFile())
		Expect(run(s, "cp", filepath.Join(p.in, "sub", "file"), from).ok()).To(BeFalse(), "reading is not writing")
		Expect(content(from)).To(Equal("granted"))
	})
	It("are removed, renamed and made where writing was granted, and nowhere else", func() {
		p := newPlace()
		put("old", p.out, "old")
		put("gone", p.out, "gone")
		s := newSandbox(read(p.in), read(p.out), write(p.out))
		Expect(run(s, "mkdir", filepath.Join(p.out, "dir")).ok()).To(BeTrue())
		Expect(filepath.Join(p.out, "dir")).To(BeADirectory())
		Expect(run(s, "mv", filepath.Join(p.out, "old"), filepath.Join(p.out, "new")).ok()).To(BeTrue())
		Expect(content(p.out, "new")).To(Equal("old"))
		Expect(run(s, "rm", "-f", filepath.Join(p.out, "gone")).ok()).To(BeTrue())
		Expect(filepath.Join(p.out, "gone")).NotTo(BeAnExistingFile())

		Expect(run(s, "mkdir", filepath.Join(p.in, "dir")).ok()).To(BeFalse())
		Expect(run(s, "mv", filepath.Join(p.in, "file"), filepath.Join(p.in, "moved")).ok()).To(BeFalse())
		_ = run(s, "rm", "-f", filepath.Join(p.in, "file")) // where it sees none, it has nothing to fail for
		Expect(content(p.in, "file")).To(Equal("granted"))
		Expect(filepath.Join(p.in, "dir")).NotTo(BeADirectory())
	})
	It("are known, and not read, where metadata was granted", func() {
		p := newPlace()
		s := newSandbox(gaol.FileReadMetadata(gaol.Subpath(p.in)))
		file := filepath.Join(p.in, "file")
		Expect(run(s, "test", "-s", file).ok()).To(BeTrue())
		Expect(run(s, "cat", file).out).To(BeEmpty())
		Expect(run(s, "test", "-s", filepath.Join(p.secret, "file")).ok()).To(BeFalse())
	})
	It("in a hole are not read", func() {
		p := newPlace()
		s := newSandbox(read(p.in), gaol.Deny(gaol.FileRead(gaol.Subpath(filepath.Join(p.in, "sub")))))
		Expect(run(s, "cat", filepath.Join(p.in, "file")).out).To(Equal("granted"))
		Expect(run(s, "cat", filepath.Join(p.in, "sub", "file")).out).To(BeEmpty())
	})
	It("with the names that people and attackers give are what the profile says", func() {
		for _, name := range []string{`a "quoted" one`, `back\slash`, "(paren;comment", "#hash", "ünï", "a'b"} {
			p := newPlace()
			put("granted", p.in, name)
			put("beside", p.in, name+"x")
			s := newSandbox(gaol.FileRead(gaol.Literal(filepath.Join(p.in, name))))
			Expect(run(s, "cat", filepath.Join(p.in, name)).out).To(Equal("granted"), name)
			Expect(run(s, "cat", filepath.Join(p.in, name+"x")).out).To(BeEmpty(), name)
		}
	})
	It("are executed where that was granted, and nowhere else", func() {
		p := newPlace()
		tool := filepath.Join(p.in, toolName)
		self, err := os.Executable()
		Expect(err).NotTo(HaveOccurred())
		b, err := os.ReadFile(self)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(tool, b, 0o755)).To(Succeed())
		r := run(newSandbox(read(p.in), gaol.FileExecute(gaol.Literal(tool))), "sh", "-c", `exec "$0"`, tool)
		Expect(r.out).To(Equal("done\n"), r.err)
		r = run(newSandbox(read(p.in)), "sh", "-c", `exec "$0"`, tool)
		Expect(r.ok()).To(BeFalse())
		Expect(r.out).To(BeEmpty())
	})
})
