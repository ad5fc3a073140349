//go:build linux && cgo

// These tests attack the landlock engine: what rules grant in the host's own view, and nothing more; and that it says what it leaves open.

package tests

import (
	"errors"
	"os"
	"strconv"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// rules is sandbox with the landlock engine, where the metadata of everything is granted.
func rules(options ...gaol.Option) *gaol.Sandbox {
	GinkgoHelper()
	needLandlock(2)
	return sandbox(append(options, gaol.WithEngine(gaol.EngineLandlock), gaol.FileReadMetadata(gaol.Subpath("/")))...)
}

var _ = Describe("the landlock engine", Label(withoutNamespaces), func() {
	It("reads and lists what is granted, writes nothing of it, and opens nothing else", func() {
		dir, other := tempDir(), tempDir()
		file, secret := writeFile("content", dir, "file"), writeFile("secret", other, "file")
		try(rules(gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir))),
			want("ok content", "read", file), want("ok file", "list", dir), want("EACCES", "write", file, "x"), want("EACCES", "open", dir+"/new", "w,create"), want("EACCES", "unlink", file),
			want("EACCES", "read", secret), want("EACCES", "list", other), want("EACCES", "write", secret, "x"), want("ok file 644", "lstat", secret),
			want("EACCES", "read", "/proc/self/status"), want("EACCES", "open", "/dev/null", "w"))
		Expect(os.ReadFile(file)).To(BeEquivalentTo("content"))
	})

	It("writes without reading, and changes no modes, owners, times and attributes", func() {
		dir := tempDir()
		writeFile("content", dir, "file")
		makeDir(dir, "a")
		makeDir(dir, "b")
		writeFile("deep", dir, "a", "deep")
		s := rules(gaol.BestEffort(gaol.FileWrite(gaol.Subpath(dir))))
		try(s, want("ok", "write", dir+"/file", "written"), want("ok", "open", dir+"/new", "w,create,excl"), want("ok", "mkdir", dir+"/dir"), want("ok", "rmdir", dir+"/dir"),
			want("ok", "rename", dir+"/a/deep", dir+"/b/deep"), want("ok", "link", dir+"/file", dir+"/b/hard"), want("EACCES", "read", dir+"/file"), want("EACCES", "list", dir),
			want("EPERM", "chmod", dir+"/file", "600"), want("EPERM", "chown", dir+"/file"), want("EPERM", "utimes", dir+"/file"), want("EPERM", "setxattr", dir+"/file"),
			want("EPERM", "chmod", victimPath, "755"), want("EACCES|EXDEV", "rename", dir+"/new", os.TempDir()+"/gaol-moved-out"))
		Expect(os.ReadFile(dir + "/file")).To(BeEquivalentTo("written"))
		Expect(s.Report().Gaps).To(ContainElement(HaveField("Detail", ContainSubstring("cannot be changed"))))
	})

	It("shows of /proc the program's own, and the system's files where they are granted", func() {
		other := "/proc/" + strconv.Itoa(os.Getpid()) + "/status"
		try(rules(gaol.System()), want("ok", "open", "/proc/self/status", "r"), want("ok", "open", "/proc/self/fd", "r"), want("EACCES", "read", other), want("EACCES", "list", "/proc"),
			want("EACCES", "read", "/proc/meminfo"), want("EACCES", "open", "/proc/self/oom_score_adj", "w"), want("ok", "open", "/dev/null", "w"))
		try(rules(gaol.SystemInfoRead()), want("ok", "open", "/proc/meminfo", "r"), want("ok", "open", "/proc/sys/kernel/ostype", "r"), want("EACCES", "read", other),
			want("EACCES", "read", "/proc/timer_list"), want("EACCES", "list", "/proc"))
	})

	It("holds to what lay at a path when the sandbox was made", func() {
		dir := tempDir()
		granted := makeDir(dir, "granted")
		writeFile("content", granted, "file")
		s := rules(gaol.FileRead(gaol.Subpath(granted)), gaol.FileExecute(gaol.Subpath(granted)))
		try(s, want("ok content", "read", granted+"/file"))
		Expect(os.Rename(granted, dir+"/moved")).To(Succeed())
		makeDir(dir, "granted")
		writeFile("another", granted, "file")
		try(s, want("EACCES", "read", granted+"/file"), want("ok content", "read", dir+"/moved/file"))
	})

	It("is named in the report, with every gap", func() {
		s := rules(gaol.BestEffort(gaol.FileRead(gaol.Subpath(tempDir()))))
		r := s.Report()
		Expect(r.Engine).To(Equal("landlock"))
		Expect(r.Mechanisms).To(ContainElement(HavePrefix("Landlock ABI ")))
		Expect(r.Gaps).To(HaveLen(1))
	})

	It("refuses a profile that would mean more than it says, and lists every operation at once", func() {
		needLandlock(2)
		dir := tempDir()
		_, err := trySandbox(gaol.WithEngine(gaol.EngineLandlock), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.Private("/tmp/private"))
		var lacks *gaol.UnsupportedError
		Expect(errors.As(err, &lacks)).To(BeTrue(), "%v", err)
		var operations []string
		for _, u := range lacks.Operations {
			operations = append(operations, u.Operation)
		}
		Expect(operations).To(ConsistOf(HavePrefix("FileRead"), HavePrefix("FileWrite"), HavePrefix("Private"), HavePrefix("a profile without FileReadMetadata")))
	})
})
