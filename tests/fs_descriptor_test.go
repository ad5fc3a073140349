//go:build linux && cgo

// These tests hand files and directories over as descriptors. A descriptor is the caller's grant of what can be done with it directly;
// it must not become a second view of the host. Where the kernel offers nothing to prevent that, the test states what is left.

package tests

import (
	"context"
	"os"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

func opened(path string, flags int) *os.File {
	GinkgoHelper()
	f, err := os.OpenFile(path, flags, 0)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(f.Close)
	return f
}

var _ = Describe("A file that is handed over", func() {
	It("is read, and not opened again for writing, nor linked to where it can be kept", func() {
		needLandlock(2)
		c, dir := newCanaries(), tempDir()
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		tryWith(s, handing(opened(c.Secret, os.O_RDONLY)), want("ok secret", "readfd", "3"), want("EBADF", "writefd", "3", "x"), want("EACCES", "reopenfd", "3", "w"),
			want("EACCES", "reopenfd", "3", "rw"), want("EACCES", "write", "/proc/self/fd/3", "x"), want("EACCES", "write", "/dev/fd/3", "x"),
			want("EXDEV|EACCES", "linkfd", "3", dir+"/secret"), want("EBADF", "readfd", "4"))
	})

	It("is not truncated by its name in /proc", func() {
		needLandlock(3) // docs/SECURITY.md, "Descriptors that you hand over"
		tryWith(sandbox(gaol.System()), handing(opened(newCanaries().Secret, os.O_RDONLY)), want("EACCES", "truncate", "/proc/self/fd/3"))
	})

	It("is written if it was opened to be", func() {
		file := writeFile("content", tempDir(), "file")
		tryWith(sandbox(), handing(opened(file, os.O_WRONLY)), want("ok", "writefd", "3", "C"), want("EBADF", "readfd", "3"))
		Expect(os.ReadFile(file)).To(BeEquivalentTo("Content"))
	})
})

// Landlock has no right for metadata (man 7 landlock), and through a directory's descriptor every path of the host can be named.
var _ = Describe("A descriptor that leads on", func() {
	refused := func(errno error, f *os.File) {
		GinkgoHelper()
		s := sandbox(gaol.System())
		for _, hand := range []func(*gaol.Cmd){
			func(c *gaol.Cmd) { c.ExtraFiles = []*os.File{f} },
			func(c *gaol.Cmd) { c.Stdin = f },
			func(c *gaol.Cmd) { c.Stderr = f },
		} {
			c := s.Command(context.Background(), "/bin/true")
			hand(c)
			err := c.Run()
			Expect(err).To(MatchError(errno))
			Expect(err).To(BeAssignableToTypeOf(&gaol.SetupError{}))
			Expect(err.(*gaol.SetupError).Step).To(Equal("pass descriptor"))
		}
	}

	It("is refused if it is a directory's, by its number inside", func() {
		for _, dir := range []string{tempDir(), "/"} {
			refused(unix.EISDIR, opened(dir, os.O_RDONLY))
		}
	})

	It("is refused if O_PATH opened it, whatever it is of", func() {
		refused(unix.EBADF, opened(writeFile("content", tempDir(), "file"), unix.O_PATH))
		refused(unix.EISDIR, opened(tempDir(), unix.O_PATH))
	})
})
