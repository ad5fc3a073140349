//go:build linux && cgo

package tests

import (
	"context"
	"errors"
	"fmt"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// onBothEngines makes a test of each.
func onBothEngines(text string, body func(sandbox func(...gaol.Option) *gaol.Sandbox)) {
	It(text+", in namespaces", func() { body(sandbox) })
	It(text+", by rules", Label(withoutNamespaces), func() { body(rules) })
}

// howEnded is how a command ended: the End's word, or "never ran" and the step that failed. A command that ends must end with a word of its own.
func howEnded(c *gaol.Cmd, err error) string {
	GinkgoHelper()
	var setup *gaol.SetupError
	var exit *gaol.ExitError
	switch {
	case errors.As(err, &setup):
		return "never ran: " + setup.Step
	case err != nil && !errors.As(err, &exit):
		Fail(fmt.Sprintf("%T %v", err, err))
	}
	end := c.ProcessState.End()
	Expect(end).NotTo(Equal(gaol.EndUnknown))
	Expect(c.Report().State).To(Equal(c.ProcessState))
	limit := end >= gaol.EndWall && end <= gaol.EndInstructions
	Expect(err != nil).To(Equal(limit || !c.ProcessState.Success()), "%v: %v", end, err)
	if limit {
		Expect(err).To(MatchError(HavePrefix(c.ProcessState.String() + " (" + end.String() + " ")))
	}
	return end.String()
}

// limited is a command with limits, which is killed at the end of the test if it still runs.
func limited(s *gaol.Sandbox, l gaol.Limits, args ...string) *gaol.Cmd {
	GinkgoHelper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	DeferCleanup(cancel)
	c := s.Command(ctx, args[0], args[1:]...)
	c.Dir, c.Limits = "/", &l
	return c
}
