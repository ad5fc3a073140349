//go:build linux && cgo

// A denied call that a signal takes back is heard of all the same: the program must not go on with it.

package tests

import (
	"context"
	_ "embed"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

//go:embed testdata/interrupted.c
var interrupted string

var _ = Describe("a denied call that a signal takes back", func() {
	It("ends the program", func() {
		dir := tempDir()
		program := filepath.Join(dir, "interrupted")
		compiler := exec.Command("gcc", "-O2", "-static", "-pthread", "-x", "c", "-o", program, "-")
		compiler.Stdin = strings.NewReader(interrupted)
		if out, err := compiler.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
			Skip("gcc is missing")
		} else {
			Expect(err).NotTo(HaveOccurred(), "%s", out)
		}
		for range 10 {
			s := sandbox(gaol.System(), gaol.FileRead(gaol.Subpath(dir)), gaol.FileExecute(gaol.Subpath(dir)), gaol.OnDenied(gaol.Kill))
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			c := s.Command(ctx, program)
			out, err := c.CombinedOutput()
			cancel()
			Expect(err).To(HaveOccurred(), "%s", out)
			Expect(c.ProcessState.End()).To(Equal(gaol.EndDenied), "%v: %s", err, out)
		}
	})
})
