//go:build linux && cgo

// These tests try to hold memory that a limit of memory does not see, where RLIMIT_AS holds it: of one process, without a cgroup or with
// PerProcess, which is the same there. Beside each attempt stands the one without the limit. That the limit itself is set, and what then
// happens, is not for these tests to show.

package tests

import (
	"errors"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

var _ = Describe("Memory that RLIMIT_AS bounds", Label(withoutNamespaces), func() {
	limit := gaol.Limit(gaol.Limits{Memory: 4 << 30, PerProcess: true})

	// within holds on each engine that works here.
	within := func(options []gaol.Option, attempts ...attempt) {
		GinkgoHelper()
		for _, engine := range gaol.Probe().Engines() {
			By(engine.String())
			all := append([]gaol.Option{gaol.System(), gaol.WithEngine(engine), gaol.FileReadMetadata(gaol.Subpath("/"))}, options...)
			try(sandbox(all...), attempts...)
		}
	}

	It("is all that there is", func() {
		denied := calls("EPERM", "mmap 0 4096 3 0x21 -1 0", "mmap 0 4096 3 0x23 -1 0", "mmap 0 4096 3 0x40021 -1 0", "mmap 0 4096 3 0x100000021 -1 0",
			"memfd_secret 0", "436 100 200 2", "436 100 200 0x100000006", "shmget 0 4096 0x380", "msgget 0 0x380",
			"mq_open s:/m 0x42 0x180 0") // 436 is close_range on every architecture
		within([]gaol.Option{limit}, append(denied, call("ok", "mmap 0 4096 3 0x22 -1 0"), call("ok", "436 100 200 0"), call("ok", "436 100 200 4"),
			want("ok…", "thread"), want("EPERM", "memfd", "8"), want("ENOENT|EACCES", "open", "/dev/zero", "rw"))...)
		within(nil, call("ok", "mmap 0 4096 3 0x21 -1 0"), call("ok", "436 100 200 2"), want("ok…", "open", "/dev/zero", "rw"))
	})

	It("is what private directories hold, too", func() {
		if barred != "" {
			Skip("the namespace engine is missing: " + barred)
		}
		_, err := trySandbox(gaol.System(), gaol.Private("/tmp"), limit)
		var lacks *gaol.UnsupportedError
		Expect(errors.As(err, &lacks)).To(BeTrue(), "%v", err)
		Expect(lacks.Operations).To(HaveLen(1))
		Expect(lacks.Operations[0].Operation).To(Equal("Limits.Memory"))
		Expect(lacks.Operations[0].Fix).To(HavePrefix("Limits.Disk, which then counts in"))
		s := sandbox(gaol.System(), gaol.Private("/tmp"), limit, gaol.Limit(gaol.Limits{Disk: 1 << 30}))
		Expect(s.Report().Enforced).To(ContainElement(HaveField("Mechanism", "RLIMIT_AS of 3221225472 bytes of each process")))
	})

	It("is not passed by access lists, which no file system of memory counts", func() {
		if barred != "" {
			Skip("the namespace engine is missing: " + barred)
		}
		s := sandbox(gaol.System(), gaol.Private("/tmp"), limit, gaol.Limit(gaol.Limits{Disk: 1 << 20}), gaol.WithEngine(gaol.EngineNamespace))
		for _, number := range []int{unix.SYS_SETXATTR, unix.SYS_LSETXATTR} {
			list := nr(number, "s:/tmp s:system.posix_acl_access @ ")
			try(s, call("EPERM", list+"1024 0"), call("EPERM", list+"65532 0"), call("ENOTSUP|EINVAL", list+"1023 0")) // the kernel has looked at it
		}
		try(s, call("ENOSYS", "463 -100 s:/tmp 0 s:system.posix_acl_access @ 16")) // setxattrat
	})

	It("is not what a command adds to a sandbox that was made without", func() {
		s := sandbox(gaol.System())
		c := s.Command(nil, victimPath, "getpid")
		c.Limits = &gaol.Limits{Memory: 4 << 30, PerProcess: true}
		err := c.Run()
		Expect(err).To(MatchError(gaol.ErrUnsupported))
		Expect(err).To(MatchError(ContainSubstring("Limits.Memory in the profile")))
	})
})
