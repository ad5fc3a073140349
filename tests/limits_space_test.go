//go:build linux && cgo

// These tests go past the limits that the kernel holds by an error or a signal: memory, descriptors, files, cores, private directories. Each is
// tried with what a profile says and with what a command does, from inside it cannot be undone, and what is below it works.

package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// limiting is a victim that is given limits by its command.
func limiting(l gaol.Limits) func(*gaol.Cmd) { return func(c *gaol.Cmd) { c.Limits = &l } }

var _ = Describe("a limit of space", func() {
	onBothEngines("that a profile has holds, a command can only have less, and the program cannot have more", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		s := sandbox(gaol.System(), gaol.Limit(gaol.Limits{Files: 64, FileSize: 1 << 20, Stack: 4 << 20}))
		rlimit := func(n int) []string { return []string{"proc.rlimit", strconv.Itoa(n)} }
		try(s, want("ok 64 64", rlimit(unix.RLIMIT_NOFILE)...), want("ok 1048576 1048576", rlimit(unix.RLIMIT_FSIZE)...), want("ok 4194304 4194304", rlimit(unix.RLIMIT_STACK)...),
			want("ok 1 1", rlimit(unix.RLIMIT_CORE)...), want("EMFILE…", "openmany", "/dev/null", "100"))
		less := limiting(gaol.Limits{Files: 20, FileSize: 1000, Stack: 1 << 20, Core: 1 << 30})
		tryWith(s, less, want("ok 20 20", rlimit(unix.RLIMIT_NOFILE)...), want("ok 1000 1000", rlimit(unix.RLIMIT_FSIZE)...), want("ok 1048576 1048576", rlimit(unix.RLIMIT_STACK)...),
			want("ok 1 1", rlimit(unix.RLIMIT_CORE)...), want("ok 5", "openmany", "/dev/null", "5"), want("EMFILE…", "openmany", "/dev/null", "30"))
		more := limiting(gaol.Limits{Files: 100, FileSize: 1 << 30})
		tryWith(s, more, want("ok 64 64", rlimit(unix.RLIMIT_NOFILE)...), want("ok 1048576 1048576", rlimit(unix.RLIMIT_FSIZE)...))
		for _, flag := range []string{"-n 65", "-Hn 65", "-f 3000", "-s 8192"} {
			c := limited(s, gaol.Limits{}, "/bin/sh", "-c", "ulimit "+flag+" 2>/dev/null && echo raised; true")
			out, err := c.Output()
			Expect(howEnded(c, err)).To(Equal("exited"))
			Expect(string(out)).To(BeEmpty(), flag)
		}
	})

	It("on files ends who writes on, and says so", func() {
		dir := tempDir()
		s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)))
		c := limited(s, gaol.Limits{FileSize: 4096}, "/bin/sh", "-c", "while :; do echo 0123456789; done >"+dir+"/file")
		Expect(c.Run()).To(MatchError("signal: file size limit exceeded (file-size limit 4 KiB)"))
		Expect(c.ProcessState.End()).To(Equal(gaol.EndSignaled))
		st, err := os.Stat(filepath.Join(dir, "file"))
		Expect(err).NotTo(HaveOccurred())
		Expect(st.Size()).To(Equal(int64(4096)))
		c = limited(s, gaol.Limits{FileSize: 4096}, "/bin/sh", "-c", `trap "" XFSZ; while echo 0123456789; do :; done >`+dir+"/second 2>/dev/null; exit 7")
		Expect(c.Run()).To(MatchError("exit status 7"), "it is told EFBIG")
		c = limited(s, gaol.Limits{FileSize: 4096}, "/bin/sh", "-c", "echo 0123456789 >"+dir+"/third")
		Expect(howEnded(c, c.Run())).To(Equal("exited"))
		c = limited(s, gaol.Limits{}, "/bin/sh", "-c", "kill -XFSZ $$")
		Expect(c.Run()).To(MatchError("signal: file size limit exceeded"))
	})

	onBothEngines("on memory makes what asks for more fail, and ends nobody", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		s := sandbox(gaol.System(), gaol.Limit(gaol.Limits{Memory: 2 << 30}))
		if held(s, "Limits.Memory") != "RLIMIT_AS of 2147483648 bytes" {
			Skip("a cgroup holds it: " + held(s, "Limits.Memory"))
		}
		r := tryWith(s, limiting(gaol.Limits{Memory: 1 << 30}), want("ENOMEM", "map", "1024"), want("ENOMEM", "touch", "1500"), want("ok", "touch", "20"), want("ok", "map", "200"), want("ENOMEM", "map", "700"))
		Expect(r.State.End()).To(Equal(gaol.EndExited))
		try(s, want("ok", "map", "700"), want("ENOMEM", "map", "2048"))
	})

	It("on cores lets one be written, inside, no larger than it is", func() {
		dir := tempDir()
		options := []gaol.Option{gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.Dir(dir)}
		s, err := trySandbox(append(options, gaol.Limit(gaol.Limits{Core: 64 << 10}))...)
		if err != nil {
			Expect(err).To(MatchError(ContainSubstring("core_pattern")))
			Skip("cores are not files here: " + err.Error())
		}
		if pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern"); strings.ContainsAny(string(pattern), "/") {
			Skip("cores that are written where they belong: core_pattern is " + string(pattern))
		}
		crash := func(s *gaol.Sandbox, l gaol.Limits) (*gaol.Cmd, int) {
			c := limited(s, l, "/bin/sh", "-c", "kill -SEGV $$")
			c.Dir = dir
			Expect(howEnded(c, c.Run())).To(Equal("signal"))
			list, err := filepath.Glob(dir + "/core*")
			Expect(err).NotTo(HaveOccurred())
			for _, f := range list {
				st, err := os.Stat(f)
				Expect(err).NotTo(HaveOccurred())
				Expect(st.Sys().(*syscall.Stat_t).Blocks*512).To(BeNumerically("<=", 64<<10), "holes are no content")
				Expect(os.Remove(f)).To(Succeed())
			}
			return c, len(list)
		}
		c, n := crash(s, gaol.Limits{})
		Expect(n).To(Equal(1))
		Expect(c.ProcessState.CoreDump()).To(BeTrue())
		Expect(c.ProcessState.String()).To(HaveSuffix("(core dumped)"))
		_, n = crash(sandbox(options...), gaol.Limits{})
		Expect(n).To(BeZero())
		_, n = crash(sandbox(options...), gaol.Limits{Core: 64 << 10})
		Expect(n).To(BeZero(), "a command has no more than its profile")
	})
})

// held is by what the report says that an operation is.
func held(s *gaol.Sandbox, operation string) string {
	for _, e := range s.Report().Enforced {
		if e.Operation == operation {
			return e.Mechanism
		}
	}
	return ""
}

var _ = Describe("private directories", func() {
	It("hold together what Limits.Disk says, in a profile and, less, in a command", func() {
		at := []string{"/a", "/b/deep", "/a/in/a"}
		var options []gaol.Option
		for _, p := range at {
			options = append(options, gaol.Private(p))
		}
		for n := 1; n <= 3; n++ {
			s := sandbox(append(options[:n:n], gaol.System(), gaol.Limit(gaol.Limits{Disk: 8 << 20}))...)
			for _, row := range []struct {
				disk int64
				mib  int
			}{{0, 8}, {2 << 20, 2}, {16 << 20, 8}, {1<<20 + 1, 1}} {
				r := victimWith(s, limiting(gaol.Limits{Disk: row.disk}), "statfs", at[0], "--", "statfs", at[n-1])
				Expect(r.Lines).To(Equal([]string{fmt.Sprint("ok ", row.mib), fmt.Sprint("ok ", row.mib)}), "%d directories, %d", n, row.disk)
				attempts := []attempt{}
				for i, p := range at[:n] {
					left := fmt.Sprint("ENOSPC ", row.mib)
					if i > 0 {
						left = "ENOSPC 0"
					}
					attempts = append(attempts, want(left, "fillup", p+"/file"))
				}
				attempts = append(attempts, want("ok", "unlink", at[0]+"/file"), want(fmt.Sprint("ENOSPC ", row.mib), "fillup", at[n-1]+"/other"))
				tryWith(s, limiting(gaol.Limits{Disk: row.disk}), attempts...)
			}
		}
	})

	It("are apart from each other and from what they have in common", func() {
		s := sandbox(gaol.System(), gaol.Private("/a"), gaol.Private("/b"), gaol.FileExecute(gaol.Subpath("/b")))
		try(s, want("ok", "open", "/a/file", "w,create"), want("ok", "write", "/a/file", "x"), want("ENOENT", "read", "/b/file"), want("ok", "open", "/b/file", "w,create"), want("ok", "write", "/b/file", "y"), want("ok x", "read", "/a/file"),
			want("EXDEV", "rename", "/a/file", "/b/other"), want("EXDEV", "link", "/a/file", "/b/other"),
			want("ok file", "list", "/a"), want("ok file", "list", "/a/../b"), want("ok dir 1777", "lstat", "/a"), want("ok dir 1777", "lstat", "/b"),
			want("ENOENT", "lstat", "/a/0"), want("ENOENT", "lstat", "/a/../1"), want("EROFS|EACCES", "mkdir", "/c"))
		try(s, want("ENOENT", "read", "/a/file"), want("ENOENT", "read", "/b/file")) // each command has its own
	})

	It("do not hold more files than fit by being empty", func() {
		s := sandbox(gaol.System(), gaol.Private("/a"), gaol.Private("/b"))
		c := limited(s, gaol.Limits{Disk: 1 << 20, Wall: patience}, "/bin/sh", "-c", `i=0; while [ $i -lt 1000 ] && : 2>/dev/null >/a/$i; do i=$((i+1)); done; [ $i -lt 400 ] && [ $i -gt 200 ] || echo $i`)
		out, err := c.Output()
		_ = err // the shell ends at the file that it cannot make
		Expect(string(out)).To(BeEmpty())
	})
})

var _ = Describe("a limit below what a program needs to start", func() {
	onBothEngines("is an error or an end with a name, and never a hang", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		plain, small := sandbox(gaol.System()), sandbox(gaol.System(), gaol.Limit(gaol.Limits{Memory: 1 << 20}))
		for _, program := range [][]string{{"/bin/true"}, {victimPath, "getpid"}, {"/bin/sh", "-c", "exit 0"}} {
			for _, row := range []struct {
				s    *gaol.Sandbox
				l    gaol.Limits
				want []string
			}{
				{plain, gaol.Limits{Wall: 1}, []string{"wall limit", "exited"}},
				{plain, gaol.Limits{CPU: 1}, []string{"CPU limit", "exited"}},
				{plain, gaol.Limits{CPU: time.Millisecond}, []string{"CPU limit", "exited"}},
				{plain, gaol.Limits{Files: 3}, []string{"exited"}},
				{plain, gaol.Limits{FileSize: 1}, []string{"exited", "signal"}},
				{plain, gaol.Limits{Stack: 64 << 10}, []string{"exited", "signal"}},
				{plain, gaol.Limits{Output: 1}, []string{"output limit", "exited"}},
				{plain, gaol.Limits{Disk: 1}, []string{"never ran: tmpfs"}},
				{plain, gaol.Limits{Disk: 4096}, []string{"exited"}},
				{small, gaol.Limits{}, []string{"exited", "memory limit"}},
			} {
				c := limited(row.s, row.l, program...)
				out, err := c.CombinedOutput()
				end := howEnded(c, err)
				Expect(end).To(BeElementOf(row.want), "%v %+v: %v, %s", program, row.l, err, out)
				if c.ProcessState != nil && c.ProcessState.ExitCode() == 127 {
					Expect(string(out)).To(ContainSubstring("error while loading shared libraries"), "%v %+v", program, row.l)
				}
			}
		}
	})

	It("is named where execve itself has no memory left", func() {
		s := sandbox(gaol.System(), gaol.Limit(gaol.Limits{Memory: 1 << 20}))
		if !strings.HasPrefix(held(s, "Limits.Memory"), "RLIMIT_AS") {
			Skip("a cgroup holds it: " + held(s, "Limits.Memory"))
		}
		c := limited(s, gaol.Limits{}, victimPath, "getpid") // larger than that
		Expect(c.Run()).To(MatchError("signal: segmentation fault (memory limit 1 MiB)"))
		Expect(c.ProcessState.End()).To(Equal(gaol.EndMemory))
		plain := sandbox(gaol.System())
		c = limited(plain, gaol.Limits{}, victimPath, "raise", fmt.Sprint(int(syscall.SIGSEGV)))
		Expect(howEnded(c, c.Run())).To(BeElementOf("signal", "exited"))
	})
})
