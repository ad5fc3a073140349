//go:build linux && cgo

// These tests grant tracing, signals and system calls by name: within the command, and never to process 1 or to what lies outside.

package tests

import (
	"os"
	"strconv"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Trace", func() {
	It("lets a debugger at the command's own processes, but not at process 1 or at the host's", func() {
		outside := strconv.Itoa(os.Getpid())
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Trace())
		try(s, want("ok", "trace.attach"), want("ok mark", "trace.vmread"), want("ok", "trace.getfd"), want("ok 1", "trace.kcmp"),
			want("EPERM", "trace.attach", "1"), want("EPERM", "trace.vmread", "1"), want("EPERM", "trace.getfd", "1"), want("EPERM|EACCES", "trace.kcmp", "1"),
			want("ESRCH", "trace.attach", outside), want("ESRCH", "trace.vmread", outside), want("ESRCH|EINVAL", "trace.getfd", outside))
		Expect(s.Report().Gaps).To(BeEmpty())
	})

	It("is denied without it, as are two commands to each other with it", func() {
		try(sandbox(gaol.System(), gaol.ProcessCreate()), want("EPERM", "trace.attach"), want("EPERM", "trace.vmread"), want("EPERM", "trace.getfd"), want("EPERM", "trace.kcmp"))
		s := sandbox(gaol.System(), gaol.ProcessCreate(), gaol.Trace())
		first := launch(s, "getpid", "--", "readfd", "0")
		Expect(first.Line()).To(Equal("ok 2"))
		try(s, want("ESRCH|EPERM", "trace.attach", "3"), want("ok", "trace.attach")) // the other's 2 is this one's own number
		Expect(first.Stdin.Close()).To(Succeed())
		Expect(first.Wait()).To(Succeed())
	})
})

var _ = Describe("Signal", func() {
	It("is always allowed to the command's own processes, and adds nothing", func() {
		init := "EPERM"
		if landlockABI() < 6 { // no scope: the call succeeds, and the kernel spares the process 1 of a namespace (pid_namespaces(7))
			init = "ok"
		}
		for _, options := range [][]gaol.Option{{gaol.ProcessCreate()}, {gaol.ProcessCreate(), gaol.Signal()}} {
			s := sandbox(append(options, gaol.System())...)
			try(s, want("ok", "proc.kill", "0", "0"), want(init, "proc.kill", "1", "9"), want("ok 2", "getpid"), want("ESRCH", "proc.kill", strconv.Itoa(os.Getpid()), "0"))
			Expect(shell(s, `sleep 60 & kill $! && ! wait $!`).Err).NotTo(HaveOccurred())
		}
	})
})

var _ = Describe("Syscall", func() {
	It("allows what it names, and nothing else", func() {
		try(sandbox(gaol.Syscall("personality", "io_setup")), call("ok", "personality 0x0800000"), call("EINVAL", "io_setup 0 @"), call("EPERM", "207 0"))
		try(sandbox(), call("EPERM", "personality 0x0800000"), call("EPERM", "io_setup 0 @"))
		try(sandbox(gaol.Syscall("read")), want("ok 2", "getpid"))
	})

	It("refuses what no profile may have, what another operation brings, and what is none", func() {
		for name, why := range map[string]string{"io_uring_setup": "always forbidden", "bpf": "always forbidden", "mount": "gaol's to say", "ptrace": "Trace", "socket": "NetworkOutbound", "no_such_call": "no system call"} {
			refusedAs(why, gaol.Syscall(name))
		}
	})
})
