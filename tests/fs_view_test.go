//go:build linux && cgo

// These tests are about the view as a whole: its /dev, its links, the host's root, many rules, what the host changes after the view was
// made, and that making views leaves no trace in the host's own.

package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// mounts is the host's mount table as this process sees it.
func mounts() string {
	GinkgoHelper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	Expect(err).NotTo(HaveOccurred())
	return string(b)
}

var _ = Describe("System's /dev", func() {
	nodes := []string{"full", "null", "random", "urandom", "zero"}
	links := map[string]string{"fd": "/proc/self/fd", "stderr": "/proc/self/fd/2", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1"}

	It("has five nodes that work, four links, and nothing else of the host's", func() {
		attempts := []attempt{want("EACCES|ok fd full null random stderr stdin stdout urandom zero", "list", "/dev"), want("ok", "write", "/dev/null", "x"),
			want("ok", "read", "/dev/null"), want("ok …", "read", "/dev/urandom"), want("ok …", "read", "/dev/zero"), want("ENOSPC", "write", "/dev/full", "x"),
			want("ok", "write", "/dev/stdout", ""), want("EROFS|EACCES", "open", "/dev/new", "w,create"), want("EROFS|EACCES|EPERM", "mknod", "/dev/mem", "char"),
			want("EROFS|EACCES|EPERM|EBUSY", "unlink", "/dev/null"), want("EROFS|EACCES|EPERM|EBUSY", "rename", "/dev/null", "/dev/nil")}
		allowed := map[string]bool{}
		for _, n := range nodes {
			allowed[n] = true
			attempts = append(attempts, want("ok char …", "lstat", "/dev/"+n))
		}
		for n, target := range links {
			allowed[n] = true
			attempts = append(attempts, want("ok "+target, "readlink", "/dev/"+n))
		}
		host, err := os.ReadDir("/dev")
		Expect(err).NotTo(HaveOccurred())
		for _, e := range host {
			if !allowed[e.Name()] {
				attempts = append(attempts, want("ENOENT", "lstat", "/dev/"+e.Name()))
			}
		}
		try(sandbox(gaol.System()), attempts...)
	})

	It("does not let a root caller's program change the host's nodes", func() {
		// to what they are, so that the host survives a failure
		var attempts []attempt
		for _, n := range nodes {
			st, err := os.Stat("/dev/" + n)
			Expect(err).NotTo(HaveOccurred())
			attempts = append(attempts, want("EPERM|EROFS|EACCES", "chmod", "/dev/"+n, fmt.Sprintf("%o", st.Mode().Perm())), want("EPERM|EROFS|EACCES", "chown", "/dev/"+n))
		}
		try(sandbox(gaol.System()), attempts...)
	})

	It("is not needed by a program that has no grant of it", func() {
		try(sandbox(gaol.Private("/private")), want("ENOENT", "lstat", "/dev"), want("ENOENT", "lstat", "/proc"), want("ok 2", "getpid"))
	})

	It("lets a device in a granted directory be looked at and not be opened", func() {
		dir := tempDir()
		if err := unix.Mknod(dir+"/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
			Skip("mknod of a device is missing: " + err.Error())
		}
		try(sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.IPC(gaol.NamedPipes)), want("ok char …", "lstat", dir+"/null"), want("EACCES", "open", dir+"/null", "r"),
			want("EACCES", "open", dir+"/null", "w"), want("EPERM", "mknod", dir+"/mine", "char"), want("ok", "mknod", dir+"/fifo", "fifo"))
	})
})

var _ = Describe("The host's root", func() {
	It("can be shown read-only, with the sandbox's own /proc and no devices", func() {
		c := newCanaries()
		top, err := os.ReadDir("/")
		Expect(err).NotTo(HaveOccurred())
		var names []string
		for _, e := range top {
			names = append(names, e.Name())
		}
		s := sandbox(gaol.FileRead(gaol.Subpath("/")))
		r := try(s, want("ok …", "list", "/"), want("ok 2", "status", "Pid"), want("ok 1", "status", "PPid"), want("ok secret", "read", c.Secret), want(refused, "write", c.Secret, "x"),
			want("EROFS|EACCES", "mkdir", "/new"), want("EROFS|EACCES", "mkdir", "/tmp/gaol-live-new"), want("EACCES", "open", "/dev/null", "r"), want("EACCES", "open", "/dev/zero", "r"),
			want("ENOENT", "lstat", "/proc/kcore"), want("ENOENT", "lstat", "/proc/sys"), want("EACCES|ENOENT", "lstat", fmt.Sprintf("/proc/%d/maps", os.Getpid())),
			want("EPERM", "socket", "unix", "stream"), want("ok 2", "getpid"))
		Expect(strings.Fields(r.Said(0))).To(ContainElements(names))
		s = sandbox(gaol.System(), gaol.FileRead(gaol.Subpath("/")))
		try(s, want("ok", "write", "/dev/null", "x"), want("ok …", "read", "/dev/urandom"), want(refused, "write", c.Secret, "x"))
	})

	It("with a writable directory writes there and nowhere else", func() {
		c, dir := newCanaries(), tempDir()
		try(sandbox(gaol.FileRead(gaol.Subpath("/")), gaol.FileWrite(gaol.Subpath(dir))), want("ok", "mkdir", dir+"/new"), want(refused, "mkdir", c.Dir+"/new"),
			want("EXDEV|EROFS|EACCES", "link", c.Secret, dir+"/secret"), want("ok", "copy", victimPath, dir+"/program"), want("EACCES", "exec", dir+"/program", "getpid"))
	})

	It("looks like the host's where directories are links, as /bin is", func() {
		var attempts []attempt
		for _, path := range []string{"/bin", "/sbin", "/lib", "/lib64"} {
			st, err := os.Lstat(path)
			if err != nil {
				attempts = append(attempts, want("ENOENT", "lstat", path))
				continue
			}
			if st.Mode()&os.ModeSymlink != 0 {
				target, err := os.Readlink(path)
				Expect(err).NotTo(HaveOccurred())
				attempts = append(attempts, want("ok "+target, "readlink", path))
			} else {
				attempts = append(attempts, want("ok dir …", "lstat", path))
			}
		}
		try(sandbox(gaol.System()), append(attempts, want("EROFS|EACCES", "unlink", "/bin"), want("EROFS|EACCES", "symlink", "x", "/new"))...)
		out, err := sandbox(gaol.System()).Command(context.Background(), "/bin/echo", "hello").Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(string(out)).To(Equal("hello\n"))
	})
})

var _ = Describe("A granted link", func() {
	It("grants itself and its target as they were compiled, whatever it is made to be later", func() {
		c, dir := newCanaries(), tempDir()
		real := writeFile("granted", makeDir(dir, "real"), "file")
		l := link("real/file", dir, "link")
		through := link("real", dir, "through")
		s := sandbox(gaol.FileRead(gaol.Literal(l)), gaol.FileRead(gaol.Subpath(through)))
		check := func() {
			GinkgoHelper()
			try(s, want("ok granted", "read", l), want("ok real/file", "readlink", l), want("ok granted", "read", real), want("ok granted", "read", through+"/file"),
				want("ENOENT", "lstat", c.Secret), want("ENOENT", "lstat", through+"/secret"))
		}
		check()
		Expect(os.Remove(l)).To(Succeed())
		link(c.Secret, l)
		Expect(os.Remove(through)).To(Succeed())
		link(c.Dir, through)
		check()
	})

	It("that leads on through other links shows each of them", func() {
		c := newCanaries()
		dir := tempDir()
		link(c.Link, dir, "first")
		second := link("first", dir, "second")
		try(sandbox(gaol.FileRead(gaol.Literal(second))), want("ok secret", "read", second), want("ok first", "readlink", second), want("ok "+c.Link, "readlink", dir+"/first"),
			want("ok secret", "read", c.Link), want("ENOENT", "lstat", c.Sub))
	})
})

var _ = Describe("What is swapped after New", func() {
	It("stays what it was: a directory for a link, a directory for another, a file for another", func() {
		c, dir := newCanaries(), tempDir()
		granted, other := makeDir(dir, "granted"), makeDir(dir, "other")
		writeFile("granted", granted, "file")
		literal := writeFile("literal", dir, "literal")
		parent := makeDir(dir, "parent", "child")
		writeFile("child", parent, "file")
		s := sandbox(gaol.FileRead(gaol.Subpath(granted)), gaol.FileWrite(gaol.Subpath(granted)), gaol.FileRead(gaol.Literal(literal)), gaol.FileRead(gaol.Subpath(parent)))
		for _, replace := range []func(){
			func() { link(c.Dir, granted) },
			func() { Expect(os.Rename(other, granted)).To(Succeed()); writeFile("other", granted, "secret") },
		} {
			Expect(os.RemoveAll(dir + "/aside")).To(Succeed())
			if _, err := os.Lstat(dir + "/kept"); err != nil {
				Expect(os.Rename(granted, dir+"/kept")).To(Succeed())
			} else {
				Expect(os.Rename(granted, dir+"/aside")).To(Succeed())
			}
			replace()
			try(s, want("ok granted", "read", granted+"/file"), want("ENOENT", "lstat", granted+"/secret"), want("ok", "open", granted+"/new", "w,create"))
		}
		Expect(dir + "/kept/new").To(BeARegularFile())
		Expect(os.Rename(literal, dir+"/kept/literal")).To(Succeed())
		link(c.Secret, literal)
		Expect(os.Rename(dir+"/parent", dir+"/kept/parent")).To(Succeed())
		link(c.Dir, dir, "parent")
		try(s, want("ok literal", "read", literal), want("ok child", "read", parent+"/file"), want("ENOENT", "lstat", c.Secret))
	})
})

var _ = Describe("Ten thousand rules", func() {
	It("work, or fail with an error that says which", func() {
		const n = 10_000
		dir := tempDir()
		var rules []gaol.Option
		for i := range n {
			rules = append(rules, gaol.FileRead(gaol.Literal(writeFile("rule", dir, fmt.Sprint(i)))))
		}
		writeFile("secret", dir, "secret")
		start := time.Now()
		s, err := trySandbox(rules...)
		AddReportEntry("New with ten thousand rules", time.Since(start).String())
		GinkgoWriter.Println("New:", time.Since(start))
		if err != nil {
			var known bool
			switch err.(type) {
			case *gaol.SetupError, *gaol.UnsupportedError, *gaol.ProfileError:
				known = true
			}
			Expect(known).To(BeTrue(), "%T: %v", err, err)
			return
		}
		start = time.Now()
		try(s, want("ok rule", "read", dir+"/0"), want("ok rule", "read", filepath.Join(dir, fmt.Sprint(n-1))), want("ENOENT", "lstat", dir+"/secret"),
			want(refused, "write", dir+"/0", "x"))
		AddReportEntry("a command with ten thousand rules", time.Since(start).String())
		start = time.Now()
		Expect(s.Close()).To(Succeed())
		AddReportEntry("Close", time.Since(start).String())
	})
})

var _ = Describe("The host's mount table", func() {
	It("is the same after all kinds of entries, during and after commands, and after failures", func() {
		c, dir := newCanaries(), tempDir()
		before := mounts()
		s := sandbox(gaol.System(), gaol.SystemInfoRead(), gaol.FileRead(gaol.Subpath(c.Dir)), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)),
			gaol.Private("/private"), gaol.Private("/dev/pts"),
			gaol.Map("/map", c.Sub, gaol.ReadOnly), gaol.BestEffort(gaol.Map("/private/map", c.Dir, gaol.ReadOnly)))
		Expect(mounts()).To(Equal(before))
		running := launch(s, "getpid", "--", "readfd", "0")
		Expect(running.Line()).To(Equal("ok 2"))
		Expect(mounts()).To(Equal(before))
		Expect(running.Stdin.Close()).To(Succeed())
		Expect(running.Wait()).To(Succeed())
		_, err := trySandbox(gaol.FileRead(gaol.Subpath(c.Dir + "/none")))
		Expect(err).To(HaveOccurred())
		Expect(s.Command(context.Background(), "/none").Run()).NotTo(Succeed())
		Expect(s.Close()).To(Succeed())
		Expect(mounts()).To(Equal(before))
	})
})
