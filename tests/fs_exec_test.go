//go:build linux && cgo

// These tests attack FileExecute: what was not granted to be executed must not become code, neither by execve nor by a mapping, a
// copy, a loader, an interpreter, a memfd or a descriptor. Beside each stands the same with the grant.

package tests

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// runs asserts that the victim, after all that came before, can execute the path, which is a victim, too.
func runs(s *gaol.Sandbox, path string) {
	GinkgoHelper()
	r := victim(s, "exec", path, "getpid")
	Expect(r.Lines).To(Equal([]string{"ok 2"}), path)
}

func program(elem ...string) string {
	GinkgoHelper()
	return copyFile(victimPath, filepath.Join(elem...), 0o755)
}

var _ = Describe("Without FileExecute", func() {
	It("a readable program is neither executed nor mapped to be", func() {
		dir := tempDir()
		p := program(dir, "program")
		link("program", dir, "link")
		read := gaol.FileRead(gaol.Subpath(dir))
		try(sandbox(gaol.System(), read), want("EACCES", "exec", p, "getpid"), want("EACCES", "exec", dir+"/link", "getpid"), want("EPERM|EACCES", "mapexec", p),
			want("EPERM|EACCES", "mapthenexec", p), want("EACCES", "procexec", p), want("EPERM", "fexecve", p), want("EPERM", "fexecvepath", p), want("ok", "mapread", p))
		s := sandbox(read, gaol.FileExecute(gaol.Subpath(dir)))
		try(s, want("ok", "mapexec", p), want("ok", "mapthenexec", p))
		runs(s, p)
		runs(s, dir+"/link")
	})

	It("a neighbour of an executable file is not executed", func() {
		dir := tempDir()
		p, other := program(dir, "program"), program(dir, "other")
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Literal(p)))
		try(s, want("EACCES", "exec", other, "getpid"), want("EPERM|EACCES", "mapexec", other), want("ok", "mapexec", p))
		runs(s, p)
	})

	It("a copy in a writable directory is not executed, however it is called", func() {
		dir := tempDir()
		rw := []gaol.Option{gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir))}
		try(sandbox(rw...), want("ok", "copy", victimPath, dir+"/copy"), want("ok", "chmod", dir+"/copy", "755"), want("EACCES", "exec", dir+"/copy", "getpid"),
			want("ok", "symlink", "copy", dir+"/link"), want("EACCES", "exec", dir+"/link", "getpid"), want("EACCES", "exec", "/proc/self/cwd"+dir+"/copy", "getpid"),
			want("EPERM|EACCES", "mapexec", dir+"/copy"), want("EACCES", "procexec", dir+"/copy"), want("EXDEV|EACCES|EROFS", "rename", dir+"/copy", "/usr/bin/copy"),
			want("EXDEV|EACCES|EROFS", "link", dir+"/copy", filepath.Dir(victimPath)+"/copy"))
		runs(sandbox(append(rw, gaol.FileExecute(gaol.Subpath(dir)))...), dir+"/copy")
	})

	It("a copy in a private directory is not executed, unless the directory is executable", func() {
		private := []gaol.Option{gaol.System(), gaol.Private("/private")}
		copied := []string{"copy", victimPath, "/private/copy", "--", "chmod", "/private/copy", "755", "--", "exec", "/private/copy", "getpid"}
		Expect(victim(sandbox(private...), copied...).Lines).To(Equal([]string{"ok", "ok", "EACCES"}))
		try(sandbox(private...), want("ok", "copy", victimPath, "/private/copy"), want("EPERM|EACCES", "mapexec", "/private/copy"), want("EACCES", "procexec", "/private/copy"))
		Expect(victim(sandbox(append(private, gaol.FileExecute(gaol.Subpath("/private")))...), copied...).Lines).To(Equal([]string{"ok", "ok", "ok 2"}))
	})

	It("the run-time linker does not load a program", func() {
		loader, dynamic := interpreted()
		dir := tempDir()
		p := copyFile(dynamic, filepath.Join(dir, "program"), 0o755)
		args := []gaol.Option{gaol.System(), gaol.ProcessCreate(), gaol.FileRead(gaol.Subpath(dir))}
		out, err := sandbox(args...).Command(context.Background(), loader, p).CombinedOutput()
		Expect(err).To(HaveOccurred(), "%s", out)
		Expect(string(out)).To(ContainSubstring("failed to map segment"))
		out, err = sandbox(append(args, gaol.FileExecute(gaol.Subpath(dir)))...).Command(context.Background(), loader, p).CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s", out)
	})

	It("a preloaded library is not loaded", func() {
		loader, dynamic := interpreted()
		dir := tempDir()
		lib := copyFile(loader, filepath.Join(dir, "lib.so"), 0o755)
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		cmd := s.Command(context.Background(), dynamic)
		cmd.Env = []string{"LD_PRELOAD=" + lib}
		out, _ := cmd.CombinedOutput()
		Expect(string(out)).To(ContainSubstring("cannot be preloaded"))
		Expect(string(out)).To(ContainSubstring("failed to map segment"))
	})

	It("a script is not executed, and neither is its interpreter for one that is", func() {
		dir := tempDir()
		script := filepath.Join(dir, "script")
		interpreter := program(makeDir(dir, "bin"), "interpreter")
		Expect(os.WriteFile(script, []byte("#!"+interpreter+" getpid\n"), 0o755)).To(Succeed())
		read := gaol.FileRead(gaol.Subpath(dir))
		try(sandbox(read, gaol.FileExecute(gaol.Subpath(dir+"/bin"))), want("EACCES", "exec", script))
		try(sandbox(read, gaol.FileExecute(gaol.Literal(script))), want("EACCES", "exec", script))
		// the script's own path is an argument of no meaning to the victim; that it is asked for shows that it was started
		r := victim(sandbox(read, gaol.FileExecute(gaol.Subpath(dir))), "exec", script)
		Expect(r.Lines).To(Equal([]string{"ok 2"}))
	})

	It("the sandbox's program itself is a SetupError that names the step", func() {
		p := program(tempDir(), "program")
		err := sandbox(gaol.FileRead(gaol.Literal(p))).Command(context.Background(), p, "getpid").Run()
		var setup *gaol.SetupError
		Expect(errors.As(err, &setup)).To(BeTrue(), "%v", err)
		Expect(setup.Path).To(Equal(p))
		Expect(err).To(MatchError(os.ErrPermission))
		err = sandbox().Command(context.Background(), p, "getpid").Run()
		Expect(err).To(MatchError(exec.ErrNotFound))
	})
})

var _ = Describe("FileExecute alone", func() {
	It("reads no program, and executes none where Landlock asks for reading, too", func() {
		needLandlock(2)
		p := program(tempDir(), "program")
		executable := gaol.FileExecute(gaol.Literal(p))
		s := sandbox(gaol.System(), executable)
		try(s, want("EACCES", "read", p), want("EACCES", "mapread", p), want("EACCES", "mapexec", p), want(refused, "write", p, "x"), want("EACCES", "reopen", p, "path", "r"),
			want("EACCES", "exec", p, "getpid"))
		runs(sandbox(gaol.System(), executable, gaol.FileRead(gaol.Literal(p))), p)
	})

	It("goes along with a link to the program", func() {
		dir := tempDir()
		p := program(makeDir(dir, "bin"), "program")
		l := link("bin/program", dir, "link")
		s := sandbox(gaol.FileRead(gaol.Literal(l)), gaol.FileExecute(gaol.Literal(l)))
		runs(s, l)
		runs(s, p)
	})
})

var _ = Describe("A memfd", func() {
	It("that could be executed cannot be made, by any flags", func() {
		ok := sealedMemfd()
		try(sandbox(gaol.System()), want("EPERM", "memfd", "0"), want("EPERM", "memfd", "1"), want("EPERM", "memfd", "0x10"), want("EPERM", "memfd", "0x11"),
			want("EPERM", "memfd", "0x18"), want("EPERM", "memfd", "2"), want("EPERM", "memfd", "4"), want(ok, "memfd", "8"), want(ok, "memfd", "0xb"))
	})

	It("that is sealed against it cannot be executed by any way", func() {
		if sealedMemfd() != "ok" {
			Skip("MFD_NOEXEC_SEAL is missing in this kernel: it has no memfd that gaol allows")
		}
		try(sandbox(gaol.System()), want("EPERM", "memexec", victimPath, "8", "chmod"), want("EPERM", "memexec", victimPath, "8", "fd"),
			want("EACCES", "memexec", victimPath, "8", "proc"), want("EPERM", "memexec", victimPath, "0xb", "fd"), want("EACCES", "memexec", victimPath, "0xa", "proc"),
			want("ok", "jit"))
	})
})

var _ = Describe("An executable's descriptor", func() {
	It("that is handed over does not execute what the profile does not", func() {
		p := program(tempDir(), "program")
		f, err := os.Open(p)
		Expect(err).NotTo(HaveOccurred())
		defer f.Close()
		needLandlock(2)
		tryWith(sandbox(gaol.System()), handing(f), want("EPERM", "execfd", "3"), want("EACCES", "exec", "/proc/self/fd/3", "getpid"))
	})

	It("that an interpreter would need works by its path", func() {
		s := sandbox(gaol.System())
		Expect(victim(s, "procexec", victimPath).Lines).To(Equal([]string{"ok 2"}))
		try(s, want("EPERM", "fexecve", victimPath))
	})
})

// interpreted finds the run-time linker and a program that needs it.
func interpreted() (loader, program string) {
	GinkgoHelper()
	loader = map[string]string{"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1", "riscv64": "/lib/ld-linux-riscv64-lp64d.so.1"}[runtime.GOARCH]
	if _, err := os.Stat(loader); err != nil {
		Skip("glibc's run-time linker is missing")
	}
	return loader, "/bin/true"
}

// sealedMemfd is what memfd_create with MFD_NOEXEC_SEAL ends in on the host: EINVAL before Linux 6.3.
func sealedMemfd() string {
	fd, err := unix.MemfdCreate("x", unix.MFD_NOEXEC_SEAL)
	if err != nil {
		return unix.ErrnoName(err.(syscall.Errno))
	}
	Expect(unix.Close(fd)).To(Succeed())
	return "ok"
}
