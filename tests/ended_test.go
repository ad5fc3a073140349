//go:build linux && cgo

// These tests ask whether a program has ended while it runs, while others wait for it, and afterwards: nobody may be told an end too early, miss one,
// or read a descriptor that is closed.

package tests

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Process.Ended", func() {
	start := func(s *gaol.Sandbox, change func(*gaol.Cmd)) (*gaol.Cmd, io.Closer) {
		GinkgoHelper()
		c := s.Command(context.Background(), "/bin/sh", "-c", "read x; exit 5")
		if change != nil {
			change(c)
		}
		in, err := c.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Start()).To(Succeed())
		return c, in
	}
	ended := func(c *gaol.Cmd, limit time.Duration) bool {
		GinkgoHelper()
		is, err := c.Process.Ended(limit)
		Expect(err).NotTo(HaveOccurred())
		return is
	}

	onBothEngines("waits for so long at most, and leaves the end to Wait", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		c, in := start(sandbox(gaol.System()), nil)
		before := time.Now()
		Expect(ended(c, 0)).To(BeFalse())
		Expect(ended(c, blink/4)).To(BeFalse())
		Expect(time.Since(before)).To(BeNumerically(">=", blink/4))
		Expect(in.Close()).To(Succeed())
		Expect(ended(c, -1)).To(BeTrue())
		Expect(ended(c, 0)).To(BeTrue())
		Expect(c.ProcessState).To(BeNil())
		Expect(c.Wait()).To(MatchError("exit status 5"))
		Expect(c.Report().Usage.MaxRSS).To(BeNumerically(">", 0))
		Expect(ended(c, 0)).To(BeTrue())
	})

	It("is told by the init's death, by a limit and by Kill, too", func() {
		s := sandbox(gaol.System())
		c, _ := start(s, func(c *gaol.Cmd) { c.Limits = &gaol.Limits{Wall: blink} })
		Expect(ended(c, time.Hour)).To(BeTrue())
		Expect(c.Wait()).To(MatchError(ContainSubstring("wall limit")))
		c, _ = start(s, nil)
		Expect(c.Process.Kill()).To(Succeed())
		Expect(ended(c, time.Hour)).To(BeTrue())
		Expect(c.Wait()).To(MatchError("signal: killed"))
		Expect((&gaol.Process{}).Ended(0)).To(BeTrue())
	})

	It("may be asked by many, while others wait", func() {
		s := sandbox(gaol.System())
		for range 20 {
			c, in := start(s, nil)
			var all sync.WaitGroup
			for i := range 6 {
				all.Go(func() {
					defer GinkgoRecover()
					if i == 0 {
						Expect(c.Wait()).To(MatchError("exit status 5"))
					}
					for limit := time.Duration(0); !ended(c, limit); limit += 100 * time.Microsecond {
					}
				})
			}
			Expect(in.Close()).To(Succeed())
			all.Wait()
		}
	})

	It("is answered after Release", func() {
		c, in := start(sandbox(gaol.System()), nil)
		Expect(c.Process.Release()).To(Succeed())
		Expect(ended(c, 0)).To(BeFalse())
		Expect(in.Close()).To(Succeed())
		Expect(ended(c, time.Minute)).To(BeTrue())
	})

	It("keeps nothing", func() {
		s := sandbox(gaol.System())
		keepsNothing(func() {
			c, in := start(s, nil)
			ended(c, 0)
			Expect(in.Close()).To(Succeed())
			ended(c, -1)
			Expect(c.Wait()).NotTo(Succeed())
		})
	})
})
