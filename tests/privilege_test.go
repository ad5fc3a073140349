//go:build linux && cgo

// These tests ask what a program is: its ids, its capabilities, its securebits, its filters, and whether it can become more by them or
// by a setuid program. Whatever is granted, it must stay the caller without any privilege.

package tests

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const nothing = "0000000000000000"

// lockedBits are NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE with their locks, and the lock of KEEP_CAPS (man 7 capabilities).
const lockedBits = "0xef"

// ownFilters is how many filters this process is under itself, as in a container.
func ownFilters() int {
	GinkgoHelper()
	b, err := os.ReadFile("/proc/self/status")
	Expect(err).NotTo(HaveOccurred())
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "Seccomp_filters:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(v))
			Expect(err).NotTo(HaveOccurred())
			return n
		}
	}
	Skip("Seccomp_filters in /proc/self/status (Linux 5.9) is missing")
	return 0
}

// sandboxFilters is how many a sandbox installs: before Landlock has a scope for signals, one more bounds what a terminal signals.
func sandboxFilters() int {
	if landlockABI() < 6 {
		return 2
	}
	return 1
}

var _ = Describe("A program's privileges", func() {
	It("are none: no capability in any set, no_new_privs, a filter, locked securebits", func() {
		r := try(sandbox(gaol.System()),
			want("ok 0 0 0", "capget"), want("ok "+nothing, "status", "CapInh"), want("ok "+nothing, "status", "CapPrm"),
			want("ok "+nothing, "status", "CapEff"), want("ok "+nothing, "status", "CapBnd"), want("ok "+nothing, "status", "CapAmb"),
			want("ok 1", "status", "NoNewPrivs"), want("ok 2", "status", "Seccomp"), want("ok "+lockedBits, "securebits"),
			call("EPERM", "prctl 28 0"), want("ok …", "status", "Seccomp_filters"))
		Expect(r.Said(10)).To(Equal(strconv.Itoa(ownFilters() + sandboxFilters())))
	})

	It("are none for threads and after another exec, too", func() {
		s := sandbox(gaol.System())
		r := victim(s, "thread", "--", "exec", victimPath, "capget")
		Expect(r.Lines).To(Equal([]string{"ok", "ok 0 0 0"}))
	})

	It("are the caller's own ids, and no other id can be taken", func() {
		uid, gid := os.Geteuid(), os.Getegid()
		me := fmt.Sprintf("ok %d %d %d, %d %d %d, …", uid, uid, uid, gid, gid, gid)
		all := "setuid setgid setreuid setregid setresuid setresgid"
		other := uid + 1
		attempts := []attempt{want(me, "ids")}
		for _, id := range []int{other, 65534, 1} {
			attempts = append(attempts, want("EPERM "+all+"|EINVAL "+all, "setids", strconv.Itoa(id)))
		}
		if uid != 0 {
			attempts = append(attempts, want("EPERM "+all+"|EINVAL "+all, "setids", "0"))
		}
		attempts = append(attempts, want(me, "ids"), call("EPERM", "prctl 47 2 0 0 0"))
		try(sandbox(gaol.System()), attempts...)
	})

	It("let a program set its ids to what they are", func() {
		if os.Geteuid() != os.Getegid() {
			Skip("the user's id and the group's are not the same number here")
		}
		try(sandbox(), want("ok", "setids", strconv.Itoa(os.Geteuid())), want("ok …", "ids"))
	})

	It("do not grow by a setuid or setgid program", func() {
		dir := tempDir()
		program := copyFile(victimPath, filepath.Join(dir, "raised"), 0o755)
		Expect(os.Chmod(program, 0o755|os.ModeSetuid|os.ModeSetgid)).To(Succeed())
		if root() {
			Expect(os.Chown(program, 2000, 2000)).To(Succeed())
			Expect(os.Chmod(program, 0o755|os.ModeSetuid|os.ModeSetgid)).To(Succeed())
		}
		uid, gid := os.Geteuid(), os.Getegid()
		me := fmt.Sprintf("ok %d %d %d, %d %d %d, ", uid, uid, uid, gid, gid, gid)
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)))
		Expect(victim(s, "exec", program, "ids").Stdout).To(HavePrefix(me))
		Expect(victim(s, "exec", program, "capget").Lines).To(Equal([]string{"ok 0 0 0"}))
	})

	It("do not grow by the system's own setuid programs", func() {
		const su = "/usr/bin/su"
		if st, err := os.Stat(su); err != nil || st.Mode()&os.ModeSetuid == 0 {
			Skip(su + ", setuid, is missing")
		}
		cmd := sandbox(gaol.System(), gaol.ProcessCreate()).Command(context.Background(), su, "-c", "id")
		out, err := cmd.CombinedOutput()
		Expect(err).To(HaveOccurred(), "%s", out)
		Expect(string(out)).NotTo(ContainSubstring("uid="))
	})

	It("make no file setuid or setgid, which would have effect outside", func() {
		dir := tempDir()
		s := sandbox(gaol.FileRead(gaol.Subpath(dir)), gaol.FileWrite(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)))
		r := victim(s, "copy", victimPath, dir+"/copy", "--", "chmod", dir+"/copy", "4755", "--", "exec", dir+"/copy", "capget")
		Expect(r.Lines).To(Equal([]string{"ok", "EPERM", "ok 0 0 0"}))
		try(s, want("EPERM", "chmod", dir+"/copy", "2755"), want("ok", "chmod", dir+"/copy", "755"), want("ok", "chmod", dir, "1755"))
	})
})

var _ = Describe("A program's own filter", func() {
	It("works on top, but may not listen", func() {
		s := sandbox(gaol.System())
		try(s, want("ok", "filter", "0"), want("ok 2", "getpid"), call("EPERM", "ptrace 0"), want("ok 2", "status", "Seccomp"))
		try(s, want("ok", "filter", "1")) // TSYNC
		try(s, want("EPERM", "filter", "8"), want("EPERM", "filter", "24"), want("EPERM", "filter", "9"), want(fmt.Sprintf("ok %d", ownFilters()+sandboxFilters()), "status", "Seccomp_filters"))
	})

	It("cannot allow what the sandbox denies", func() {
		try(sandbox(), want("ok", "filter", "0"), call("EPERM", "bpf 0 @ 72"), call("EPERM", "unshare 0x10000000"), want("EPERM", "memfd", "0"))
	})
})

var _ = Describe("A program's /proc", func() {
	It("cannot be written: maps of ids, scores, attributes, system settings", func() {
		s := sandbox(gaol.System(), gaol.SystemInfoRead())
		var attempts []attempt
		for _, name := range []string{"oom_score_adj", "oom_adj", "uid_map", "gid_map", "setgroups", "projid_map", "loginuid", "coredump_filter", "comm",
			"timerslack_ns", "clear_refs", "mem", "attr/current", "attr/exec", "autogroup", "make-it-fail", "sched"} {
			attempts = append(attempts, want("EROFS|EACCES|ENOENT|EPERM", "write", "/proc/self/"+name, "1"))
		}
		for _, name := range []string{"sys/kernel/core_pattern", "sys/kernel/hostname", "sys/kernel/ns_last_pid", "sys/vm/drop_caches", "sys/vm/overcommit_memory",
			"sys/kernel/randomize_va_space", "sys/net/ipv4/ip_forward", "sys/fs/binfmt_misc/register", "sys/user/max_user_namespaces"} {
			attempts = append(attempts, want("EROFS|EACCES|ENOENT|EPERM", "write", "/proc/"+name, "1"))
		}
		attempts = append(attempts, want(covered("EROFS|EACCES|ENOENT|EPERM"), "write", "/proc/sysrq-trigger", "1"))
		attempts = append(attempts, want("ok 2", "status", "Pid"), want("ok 1", "status", "PPid"), want("ok …", "read", "/proc/meminfo"),
			want("ok …", "read", "/proc/sys/kernel/osrelease"))
		try(s, attempts...)
	})
})
