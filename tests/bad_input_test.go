//go:build linux && cgo

// These tests give gaol what it must refuse, and make its steps fail on a real host: each time the error must have the right type, name
// the operation or the step, the path and the errno, and nothing may be left behind. What starves or confines the caller itself happens in
// a helper process.

package tests

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// failsToStart runs the command, which must be a SetupError with this step, path and cause.
func failsToStart(c *gaol.Cmd, step, path string, cause error) *gaol.SetupError {
	GinkgoHelper()
	err := c.Run()
	var setup *gaol.SetupError
	Expect(errors.As(err, &setup)).To(BeTrue(), "%T %v", err, err)
	Expect([]string{setup.Step, setup.Path}).To(Equal([]string{step, path}), "%v", err)
	Expect(err).To(MatchError(cause))
	Expect(err.Error()).To(HavePrefix("gaol: " + step))
	Expect(c.ProcessState).To(BeNil())
	Expect(c.Process).To(BeNil())
	return setup
}

func command(s *gaol.Sandbox, name string, arg ...string) *gaol.Cmd {
	return s.Command(context.Background(), name, arg...)
}

func executable(content string, elem ...string) string {
	GinkgoHelper()
	path := writeFile(content, elem...)
	Expect(os.Chmod(path, 0o755)).To(Succeed())
	return path
}

var _ = Describe("a profile that means nothing", func() {
	It("is refused by NewProfile, which names the operation, the path and the fault", func() {
		long := "/" + strings.Repeat("a", 4095)
		for path, fault := range map[string]string{
			"": "empty", "relative": "relative", "./x": "relative", "/a/": `write "/a"`, "//": "not clean", "/a/../b": `write "/b"`, "/a/.": "not clean",
			"/a\x00b": "NUL", "\x00": "NUL", long: "longer than 4095", "~": "relative", " /a": "relative",
		} {
			for _, op := range []gaol.Option{
				gaol.FileRead(gaol.Literal(path)), gaol.FileRead(gaol.Subpath(path)), gaol.FileReadMetadata(gaol.Optional(gaol.Literal(path))),
				gaol.FileWrite(gaol.Subpath(path)), gaol.FileExecute(gaol.Literal(path)), gaol.Private(path), gaol.Map(path, "/usr", gaol.ReadOnly),
				gaol.Map("/m", path, gaol.ReadWrite),
			} {
				_, err := gaol.NewProfile(op)
				var bad *gaol.ProfileError
				Expect(errors.As(err, &bad)).To(BeTrue(), "%v", err)
				Expect(bad.Path).To(Equal(path))
				Expect(bad.Operation).To(Equal(fmt.Sprint(op)))
				Expect(err).To(MatchError(ContainSubstring(fault)))
			}
		}
		_, err := gaol.NewProfile(gaol.Private("/" + long[2:])) // 4095 bytes are possible
		Expect(err).NotTo(HaveOccurred())
		for _, op := range []gaol.Option{gaol.Operation{}, gaol.FileRead(gaol.Pattern{}), gaol.NetworkOutbound(gaol.Address{}), gaol.Map("/m", "/usr", 0),
			gaol.Map("/m", "/usr", 9), gaol.OnDenied(7), gaol.Env("", "x"), gaol.Env("A", "x\x00"), gaol.PassEnv(""), gaol.PassEnv("A=B"),
			gaol.PassEnv("A\x00"), gaol.Dir("relative"), gaol.Dir("/a/")} {
			_, err := gaol.NewProfile(op)
			Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), "%v", op)
		}
	})

	It("has a variable whose name contains =", func() {
		_, err := gaol.NewProfile(gaol.Env("A=B", "x"))
		Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), "it would set A, which nobody asked for")
	})

	It("is refused by New where it does not fit the host", func() {
		dir := tempDir()
		file := writeFile("x", dir, "file")
		socket := filepath.Join(dir, "socket")
		l, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(l.Close)
		loop := link("loop", dir, "loop")
		missing := filepath.Join(dir, "missing")
		for _, c := range []struct {
			path, fault string
			ops         []gaol.Option
		}{
			{missing, "no such file", []gaol.Option{gaol.FileRead(gaol.Literal(missing))}},
			{missing + "/x", "no such file", []gaol.Option{gaol.FileWrite(gaol.Subpath(missing + "/x"))}},
			{file + "/x", "not a directory", []gaol.Option{gaol.FileRead(gaol.Literal(file + "/x"))}},
			{loop, "too many levels", []gaol.Option{gaol.FileRead(gaol.Literal(loop))}},
			{dir + "/" + strings.Repeat("n", 256), "too long", []gaol.Option{gaol.FileRead(gaol.Literal(dir + "/" + strings.Repeat("n", 256)))}},
			{socket, "is a socket", []gaol.Option{gaol.FileRead(gaol.Literal(socket))}},
			{socket, "is a socket", []gaol.Option{gaol.Map("/m", socket, gaol.ReadOnly)}},
			{"/dev/tty", "is a device", []gaol.Option{gaol.Map("/m", "/dev/tty", gaol.ReadOnly)}},
			{missing, "no such file", []gaol.Option{gaol.Map("/m", missing, gaol.ReadOnly)}},
			{"/proc", "nothing can be mapped", []gaol.Option{gaol.Map("/proc", dir, gaol.ReadOnly)}},
			{"/proc/x", "nothing can be mapped", []gaol.Option{gaol.Map("/proc/x", dir, gaol.ReadOnly)}},
			{"/dev", "nothing can be mapped", []gaol.Option{gaol.Map("/dev", dir, gaol.ReadOnly)}},
			{"/", "nothing can be mapped", []gaol.Option{gaol.Map("/", dir, gaol.ReadOnly)}},
			{"/proc", "host's /proc", []gaol.Option{gaol.Map("/m", "/proc", gaol.ReadOnly)}},
			{"/", "host's /proc", []gaol.Option{gaol.Map("/m", "/", gaol.ReadOnly)}},
			{"/m", "has taken this place", []gaol.Option{gaol.Map("/m", dir, gaol.ReadOnly), gaol.Map("/m", dir, gaol.ReadOnly)}},
			{"/m", "has taken this place", []gaol.Option{gaol.Private("/m"), gaol.Map("/m", dir, gaol.ReadOnly)}},
			{"/m", "mapped already", []gaol.Option{gaol.Map("/m", dir, gaol.ReadOnly), gaol.Private("/m")}},
			{"/", "cannot be private", []gaol.Option{gaol.Private("/")}},
			{"/proc", "cannot be private", []gaol.Option{gaol.Private("/proc")}},
			{"/dev", "cannot be private", []gaol.Option{gaol.Private("/dev")}},
			{"/proc/self", "/proc cannot be granted|another one for each process", []gaol.Option{gaol.FileRead(gaol.Literal("/proc/self"))}},
			{"/proc/version", "/proc cannot be granted", []gaol.Option{gaol.FileRead(gaol.Literal("/proc/version"))}},
			{"/dev", "cannot be granted", []gaol.Option{gaol.FileRead(gaol.Subpath("/dev"))}},
		} {
			_, err := compiled(c.ops...)
			var bad *gaol.ProfileError
			Expect(errors.As(err, &bad)).To(BeTrue(), "%v: %v", c.ops, err)
			Expect(bad.Path).To(Equal(c.path))
			Expect(bad.Operation).To(Equal(fmt.Sprint(c.ops[len(c.ops)-1])))
			Expect(err).To(MatchError(MatchRegexp(c.fault)))
		}
		for _, op := range []gaol.Option{gaol.FileRead(gaol.Literal("/dev/tty")), gaol.FileRead(gaol.Literal(dir))} {
			_, err := compiled(op)
			var u *gaol.UnsupportedError
			Expect(errors.As(err, &u)).To(BeTrue(), "%v", err)
			Expect(err).To(MatchError(gaol.ErrUnsupported))
			Expect(u.Operations).To(HaveLen(1))
			Expect(u.Operations[0].Operation).To(Equal(fmt.Sprint(op)))
		}
		_, err = compiled(gaol.FileRead(gaol.Optional(gaol.Literal(missing))), nil)
		Expect(err).NotTo(HaveOccurred())
	})

	It("may name a FIFO, which is not opened", func() {
		fifo := filepath.Join(tempDir(), "fifo")
		Expect(unix.Mkfifo(fifo, 0o644)).To(Succeed())
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Literal(fifo)))
		Expect(failsToStart(command(s, fifo), "execute", fifo, syscall.EACCES).Hint).NotTo(BeEmpty())
	})

	It("may have 10,000 rules", func() {
		dir := tempDir()
		var ops []gaol.Option
		for i := range 10000 {
			path := filepath.Join(dir, fmt.Sprint(i))
			if err := os.WriteFile(path, fmt.Append(nil, i), 0o644); err != nil {
				Fail(err.Error())
			}
			ops = append(ops, gaol.FileRead(gaol.Literal(path)))
		}
		s := sandbox(append(ops, gaol.System())...)
		Expect(output(command(s, "cat", dir+"/0", dir+"/5000", dir+"/9999"))).To(Equal("050009999"))
		s = sandbox(append(ops, gaol.System(), gaol.FileRead(gaol.Subpath(dir)))...)
		Expect(output(command(s, "cat", dir+"/9999"))).To(Equal("9999"))
	})
})

var _ = Describe("a command that cannot start", func() {
	It("is not there, is not executable, or is no program", func() {
		dir := tempDir()
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)))
		for _, name := range []string{"no-such-program", "/no/such/program", dir + "/none", "./none"} {
			e := failsToStart(command(s, name), "execute", name, fs.ErrNotExist)
			Expect(e).To(MatchError(exec.ErrNotFound))
			Expect(e).To(MatchError(syscall.ENOENT))
		}
		Expect(failsToStart(command(s, victimPath+"x"), "execute", victimPath+"x", syscall.ENOENT).Hint).To(BeEmpty())
		hidden := executable("#!/bin/sh\n", tempDir(), "hidden")
		Expect(failsToStart(command(s, hidden), "execute", hidden, syscall.ENOENT).Hint).To(ContainSubstring("profile does not show it"))
		text := writeFile("text", dir, "text")
		Expect(failsToStart(command(s, text), "execute", text, syscall.EACCES).Hint).To(ContainSubstring("not executable"))
		Expect(failsToStart(command(s, dir), "execute", dir, syscall.EACCES).Hint).To(ContainSubstring("directory"))
		failsToStart(command(s, text+"/x"), "execute", text+"/x", syscall.ENOTDIR)
		script := executable("#!/no/interpreter -x\n", dir, "script")
		Expect(failsToStart(command(s, script), "execute", script, syscall.ENOENT).Hint).To(ContainSubstring("/no/interpreter"))
		garbage := executable("\x7fELF but not really", dir, "garbage")
		Expect(failsToStart(command(s, garbage), "execute", garbage, syscall.ENOEXEC).Hint).To(ContainSubstring("#!"))
		failsToStart(command(s, executable("", dir, "nothing")), "execute", dir+"/nothing", syscall.ENOEXEC)
		failsToStart(command(s, link("self", dir, "self")), "execute", dir+"/self", syscall.ELOOP)
		readable := executable("#!/bin/sh\n", tempDir(), "readable")
		r := sandbox(gaol.System(), gaol.FileRead(gaol.Literal(readable)))
		Expect(failsToStart(command(r, readable), "execute", readable, syscall.EACCES).Hint).To(ContainSubstring("FileExecute"))
	})

	It("lacks its loader", func() {
		s := sandbox(gaol.FileRead(gaol.Literal("/usr/bin/env")), gaol.FileExecute(gaol.Literal("/usr/bin/env")))
		Expect(failsToStart(command(s, "/usr/bin/env"), "execute", "/usr/bin/env", syscall.ENOENT).Hint).To(ContainSubstring("/ld-"))
	})

	It("has no name, or a NUL in its name or its arguments", func() {
		s := sandbox(gaol.System())
		failsToStart(command(s, ""), "execute", "", syscall.ENOENT)
		failsToStart(command(s, "tr\x00ue"), "execute", "tr\x00ue", syscall.EINVAL)
		failsToStart(command(s, "true", "a\x00b"), "execute", "true", syscall.EINVAL)
		c := command(s, "true")
		c.Env = []string{"A=\x00"}
		failsToStart(c, "execute", "true", syscall.EINVAL)
	})

	It("has more arguments or environment than the kernel takes", func() {
		s := sandbox(gaol.System())
		many := make([]string, 1024)
		for i := range many {
			many[i] = fmt.Sprintf("V%d=%s", i, strings.Repeat("x", 1000))
		}
		both(s, func(c *either) string {
			c.set(fields{Env: many})
			out, err := c.Output()
			return fmt.Sprint(err, len(out))
		}, "/usr/bin/env")
		c := command(s, "/bin/true")
		c.Env = []string{"A=" + strings.Repeat("x", 128<<10)}
		Expect(failsToStart(c, "execute", "/bin/true", syscall.E2BIG).Hint).To(ContainSubstring("too long"))
		three := make([]string, 30)
		for i := range three {
			three[i] = strings.Repeat("x", 100<<10)
		}
		Expect(exec.Command("true", three...).Run()).To(MatchError(syscall.E2BIG))
		failsToStart(command(s, "/bin/true", three...), "execute", "/bin/true", syscall.E2BIG)
		huge := strings.Repeat("x", 65<<20)
		failsToStart(command(s, "/bin/true", huge), "execute", "/bin/true", syscall.E2BIG)
	})

	It("has a directory that is none", func() {
		dir := tempDir()
		file := writeFile("", dir, "file")
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)))
		for at, cause := range map[string]error{dir + "/missing": syscall.ENOENT, file: syscall.ENOTDIR, suiteDir + "/elsewhere": syscall.ENOENT} {
			c := command(s, "true")
			c.Dir = at
			failsToStart(c, "change directory", at, cause)
			failsToStart(sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.Dir(at)).Command(nil, "true"), "change directory", at, cause)
		}
		for _, at := range []string{"relative", ".", "/a\x00"} {
			c := command(s, "true")
			c.Dir = at
			err := c.Run()
			Expect(err).To(BeAssignableToTypeOf(&gaol.SetupError{}), at)
			Expect(err.(*gaol.SetupError).Step).To(Equal("change directory"))
			Expect(err.(*gaol.SetupError).Path).To(Equal(at))
		}
	})

	It("is given files that are none, or too many", func() {
		s := sandbox(gaol.System())
		null := theFile(os.DevNull, os.O_RDWR)
		closed := theFile(os.DevNull, os.O_RDONLY)
		Expect(closed.Close()).To(Succeed())
		var none *os.File
		for _, f := range []*os.File{nil, closed, os.NewFile(1<<20, "no descriptor")} {
			c := command(s, "true")
			c.ExtraFiles = []*os.File{null, f}
			err := c.Run()
			Expect(err).To(BeAssignableToTypeOf(&gaol.SetupError{}))
			Expect(err.(*gaol.SetupError).Step).To(Equal("pass descriptor"))
			Expect(err).To(Or(MatchError(syscall.EBADF), MatchError(os.ErrClosed)))
			for _, set := range []func(*gaol.Cmd){func(c *gaol.Cmd) { c.Stdin = f }, func(c *gaol.Cmd) { c.Stdout = f }, func(c *gaol.Cmd) { c.Stderr = f }} {
				c := command(s, "true")
				set(c)
				Expect(c.Run()).To(BeAssignableToTypeOf(&gaol.SetupError{}))
			}
		}
		c := command(s, "true")
		c.Stdout = none
		Expect(c.Run()).To(MatchError(syscall.EBADF))
		c = command(s, "true")
		for range 5000 {
			c.ExtraFiles = append(c.ExtraFiles, null)
		}
		Expect(c.Run()).To(Or(Succeed(), BeAssignableToTypeOf(&gaol.SetupError{})))
		c = command(s, "true")
		for range 1000 {
			c.ExtraFiles = append(c.ExtraFiles, null)
		}
		Expect(c.Run()).To(Succeed())
	})
})

var _ = Describe("a step that fails", func() {
	It("names the Private directory whose place is gone, and what lies in one", func() {
		dir := tempDir()
		at, inner := makeDir(dir, "private"), makeDir(dir, "private", "inner")
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.Private(at))
		l := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.Private(at), gaol.BestEffort(gaol.FileRead(gaol.Subpath(inner))))
		Expect(command(s, "true").Run()).To(Succeed())
		Expect(command(l, "ls", inner).Run()).To(Succeed())
		Expect(os.RemoveAll(at)).To(Succeed())
		Expect(failsToStart(command(s, "true"), "tmpfs", at, syscall.ENOENT).Operation).To(Equal(gaol.Private(at).String()))
		Expect(failsToStart(command(l, "true"), "lift", inner, syscall.ENOENT).Operation).To(Equal(gaol.BestEffort(gaol.FileRead(gaol.Subpath(inner))).String()))
		writeFile("", at)
		failsToStart(command(s, "true"), "tmpfs", at, syscall.ENOTDIR)
	})

	It("names the granted path that is gone, or a link now, where a rule is all that grants it", func() {
		needLandlock(2)
		dir := tempDir()
		sub := makeDir(dir, "sub")
		op := gaol.FileRead(gaol.Subpath(sub))
		s := sandbox(gaol.System(), gaol.FileReadMetadata(gaol.Subpath(dir)), op)
		Expect(command(s, "ls", sub).Run()).To(Succeed())
		Expect(os.Remove(sub)).To(Succeed())
		Expect(failsToStart(command(s, "true"), "landlock-path", sub, syscall.ENOENT).Operation).To(Equal(op.String()))
		Expect(os.Symlink("/", sub)).To(Succeed())
		failsToStart(command(s, "true"), "landlock-path", sub, syscall.ELOOP)
	})

	It("is never a way past the profile when a path changes while New works", func() {
		needLandlock(2)
		dir, secret := tempDir(), newCanaries()
		at, aside := makeDir(dir, "at"), filepath.Join(dir, "aside")
		quit := make(chan struct{})
		var swapping sync.WaitGroup
		swapping.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				_ = os.Rename(at, aside)
				_ = os.Symlink(secret.Dir, at)
				_ = os.Remove(at)
				_ = os.Rename(aside, at)
			}
		})
		DeferCleanup(func() { close(quit); swapping.Wait() })
		found := map[string]int{}
		for range 300 {
			s, err := compiled(gaol.System(), gaol.FileRead(gaol.Subpath(at)))
			var setup *gaol.SetupError
			var bad *gaol.ProfileError
			switch {
			case err == nil:
				// a link that New itself has followed grants its target (doc of Pattern); one that came later grants nothing
				if !strings.Contains(s.Explain(), secret.Dir) {
					out, _ := command(s, "cat", at+"/secret").CombinedOutput()
					Expect(string(out)).NotTo(HavePrefix("secret"))
				}
				found["ok"]++
				Expect(s.Close()).To(Succeed())
			case errors.As(err, &setup):
				Expect([]string{setup.Step, setup.Operation}).To(Equal([]string{"bind", gaol.FileRead(gaol.Subpath(at)).String()}))
				Expect(setup.Path).To(BeElementOf(at, secret.Dir))
				Expect(err).To(Or(MatchError(syscall.ELOOP), MatchError(syscall.ENOENT)))
				Expect(setup.Hint).To(ContainSubstring("changed"))
				found["bind"]++
			case errors.As(err, &bad):
				found["profile"]++
			default:
				Fail(fmt.Sprintf("%T %v", err, err))
			}
		}
		GinkgoWriter.Println(found)
	})
})
