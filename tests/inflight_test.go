//go:build linux && cgo

// This test is about descriptors in flight: the kernel counts those of all of a user's programs (man 7 unix, ETOOMANYREFS), so that what is
// inside one sandbox can use them up for the caller, too.

package tests

import (
	"context"
	"slices"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// noneInFlight holds as many descriptors in flight as this process may have open, which it lowers meanwhile.
func noneInFlight() {
	GinkgoHelper()
	var old unix.Rlimit
	Expect(unix.Getrlimit(unix.RLIMIT_NOFILE, &old)).To(Succeed())
	low := old
	low.Cur = min(500, old.Cur)
	Expect(unix.Setrlimit(unix.RLIMIT_NOFILE, &low)).To(Succeed())
	DeferCleanup(func() { Expect(unix.Setrlimit(unix.RLIMIT_NOFILE, &old)).To(Succeed()) })
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) })
	many := unix.UnixRights(slices.Repeat(pair[:1], 250)...) // SCM_MAX_FD is 253
	for err == nil {
		err = unix.Sendmsg(pair[0], []byte{0}, many, nil, unix.MSG_DONTWAIT)
	}
	Expect(err).To(Equal(unix.ETOOMANYREFS))
}

var _ = Describe("a caller whose user has too many descriptors in flight", func() {
	It("makes sandboxes and runs commands in them, and keeps nothing of them", func() {
		if root() {
			Skip("an unprivileged user is missing: root's descriptors have no limit")
		}
		noneInFlight()
		s := sandbox(gaol.System(), gaol.Private("/tmp"))
		for range 3 {
			Expect(s.Command(context.Background(), "/bin/true").Run()).To(Succeed())
		}
		keepsNothing(func() {
			Expect(s.Command(context.Background(), "/bin/true").Run()).To(Succeed())
			Expect(s.Command(context.Background(), "/nowhere").Run()).NotTo(Succeed())
		})
		killing := sandbox(gaol.System(), gaol.OnDenied(gaol.Kill))
		Expect(killing.Command(context.Background(), "/bin/true").Run()).To(Succeed())
		r := victim(killing, "syscall", "ptrace", "0") // its listener could not be sent, so that the kernel does it
		Expect(r.State.End()).To(Equal(gaol.EndDenied))
		_, _, known := r.State.Syscall()
		Expect(known).To(BeFalse())
		Expect(s.Close()).To(Succeed())
		Expect(s.Command(context.Background(), "/bin/true").Run()).To(MatchError(gaol.ErrClosed))
	})
})
