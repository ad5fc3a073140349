//go:build linux && cgo

// These tests write to named pipes that lie where nothing may be written: a read-only mount does not keep them from it. A profile that leaves
// that open is refused, and says as best effort what comes of it; one that is accepted holds.

package tests

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A named pipe that is not to be written", func() {
	const gap = "named pipe"
	// pipe is a directory with a pipe in it, which somebody reads, and a file.
	pipe := func(parents ...string) (dir string) {
		GinkgoHelper()
		dir = tempDir()
		if len(parents) > 0 {
			dir = makeDir(parents[0], "in")
		}
		writeFile("file", dir, "file")
		Expect(syscall.Mkfifo(dir+"/pipe", 0o622)).To(Succeed())
		reader, err := os.OpenFile(dir+"/pipe", os.O_RDONLY|syscall.O_NONBLOCK, 0)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(reader.Close)
		return dir
	}
	BeforeEach(func() { needLandlock(2) })

	It("is not, in what is granted or mapped for reading", func() {
		dir := pipe()
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.Private("/own"), gaol.Map("/in", dir, gaol.ReadOnly)), want("EACCES", "open", dir+"/pipe", "w"), want("EACCES", "open", "/in/pipe", "w"),
			want("EACCES", "open", "/in/pipe", "rw"), want("ok file", "read", "/in/file"), want("ok", "open", "/in/pipe", "r"), want("ok", "mkdir", "/own/new"))
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))), want("ok", "open", dir+"/pipe", "w"))
	})

	It("would be in a private directory, and is not beside it or by a file", func() {
		dir := pipe()
		own, read := gaol.Private(filepath.Dir(dir)), gaol.FileRead(gaol.Subpath(dir))
		lacking(gap, own, read)
		lacking(`Map("/in/`, own, read)
		lacking(gap, own, gaol.FileRead(gaol.Literal(dir+"/pipe")))
		lacking(gap, gaol.Private("/own"), gaol.Map("/own/in", dir, gaol.ReadOnly))
		lacking(gap, gaol.Private("/own"), gaol.Map("/own/pipe", dir+"/pipe", gaol.ReadOnly))
		try(sandbox(own, gaol.Map("/in", dir, gaol.ReadOnly)), want("EACCES", "open", "/in/pipe", "w"), want("ok file", "read", "/in/file"))
		try(sandbox(own, gaol.FileRead(gaol.Literal(dir+"/file"))), want("EACCES|EROFS", "open", dir+"/file", "w"), want("ok file", "read", dir+"/file"))
		for path, options := range map[string][]gaol.Option{
			dir + "/pipe":  {own, gaol.BestEffort(read)},
			"/own/in/pipe": {gaol.Private("/own"), gaol.BestEffort(gaol.Map("/own/in", dir, gaol.ReadOnly))},
		} {
			r := try(sandbox(options...), want("ok", "open", path, "w"), want("EROFS|EACCES", "open", filepath.Dir(path)+"/file", "w"))
			Expect(r.Report.Gaps).To(ContainElement(HaveField("Detail", ContainSubstring(gap))))
		}
	})

	It("would be in a writable tree, where it is denied, mapped or shown again, and is not in a closed one", func() {
		w := tempDir()
		in := pipe(w)
		read, write := gaol.FileRead(gaol.Subpath(w)), gaol.FileWrite(gaol.Subpath(w))
		lacking(gap, read, write, denyWrite(in))
		lacking(gap, read, write, gaol.FileExecute(gaol.Subpath(w)), gaol.BestEffort(gaol.Deny(gaol.FileExecute(gaol.Subpath(in)))), denyWrite(in))
		lacking(gap, read, write, gaol.Deny(gaol.FileWrite(gaol.Literal(in+"/pipe"))))
		place := makeDir(w, "place")
		lacking(gap, read, write, gaol.Map(place, pipe(), gaol.ReadOnly))
		lacking(gap, read, write, denyRead(w+"/in"), denyWrite(w+"/in"), gaol.FileRead(gaol.Literal(in+"/pipe")))
		try(sandbox(read, write, denyRead(in), denyWrite(in)), want("EACCES", "open", in+"/pipe", "w"), want("ok", "mkdir", w+"/new"))
		try(sandbox(read, write, gaol.Deny(gaol.FileWrite(gaol.Literal(in+"/file")))), want("EROFS|EACCES", "open", in+"/file", "w"), want("ok file", "read", in+"/file"), want("ok", "open", in+"/pipe", "w"))
		r := try(sandbox(read, write, gaol.BestEffort(gaol.Deny(gaol.FileWrite(gaol.Subpath(in))))), want("ok", "open", in+"/pipe", "w"), want("EROFS|EACCES", "open", in+"/file", "w"))
		Expect(r.Report.Gaps).To(ContainElement(HaveField("Detail", ContainSubstring(gap))))
	})
})
