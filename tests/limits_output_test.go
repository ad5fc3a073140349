//go:build linux && cgo

// These tests write more than Limits.Output, by every way there is to the caller: what is within the limit arrives whole, and not a byte of the
// rest.

package tests

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the limit of output", func() {
	const limit = 100_000
	flood := []string{victimPath, "print", "1", "1000000000", "777"}

	onBothEngines("delivers what is within it and ends the program", func(sandbox func(...gaol.Option) *gaol.Sandbox) {
		s := sandbox(gaol.System())
		flood[0] = victimPath
		whole := strings.Repeat("x", limit)
		run := func(change func(*gaol.Cmd)) *gaol.Cmd {
			c := limited(s, gaol.Limits{Output: limit, Wall: patience}, flood...)
			change(c)
			Expect(howEnded(c, c.Run())).To(Equal("output limit"))
			Expect(c.Report().Usage.Output).To(Equal(int64(limit)))
			return c
		}
		var b bytes.Buffer
		run(func(c *gaol.Cmd) { c.Stdout = &b })
		Expect(b.String() == whole).To(BeTrue(), "%d bytes", b.Len())
		b.Reset()
		run(func(c *gaol.Cmd) { c.Stdout, c.Stderr = &b, &b })
		Expect(b.String() == whole).To(BeTrue(), "%d bytes", b.Len())

		f, err := os.Create(filepath.Join(tempDir(), "out"))
		Expect(err).NotTo(HaveOccurred())
		defer f.Close()
		run(func(c *gaol.Cmd) { c.Stdout, c.Stderr = f, f })
		got, err := os.ReadFile(f.Name())
		Expect(err).NotTo(HaveOccurred())
		Expect(string(got) == whole).To(BeTrue(), "%d bytes in the file", len(got))
		_, err = f.Write([]byte("y"))
		Expect(err).NotTo(HaveOccurred(), "the file is the caller's, and open")

		c := limited(s, gaol.Limits{Output: limit}, flood...)
		out, err := c.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Start()).To(Succeed())
		got, err = io.ReadAll(out)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(got) == whole).To(BeTrue(), "%d bytes through the pipe", len(got))
		Expect(howEnded(c, c.Wait())).To(Equal("output limit"))
	})

	It("is of both streams together, whichever way each goes", func() {
		s := sandbox(gaol.System())
		const each = limit / 2
		print := func(extra string) []string {
			return []string{victimPath, "print", "2", "50000", "--", "print", "1", "49980", "--", "print", "1", extra, "--", "sleep", "50"}
		}
		for _, row := range []struct{ extra, want string }{{"2", "exited"}, {"30", "output limit"}} { // the victim says "ok" and a line end four times
			c := limited(s, gaol.Limits{Output: limit}, print(row.extra)...)
			var b bytes.Buffer
			c.Stdout = &b
			errs, err := c.StderrPipe()
			Expect(err).NotTo(HaveOccurred())
			Expect(c.Start()).To(Succeed())
			got, err := io.ReadAll(errs)
			Expect(err).NotTo(HaveOccurred())
			Expect(howEnded(c, c.Wait())).To(Equal(row.want))
			total := len(got) + b.Len()
			Expect(c.Report().Usage.Output).To(Equal(int64(total)))
			if row.want == "exited" {
				Expect(len(got)).To(Equal(each))
			} else {
				Expect(total).To(Equal(limit))
			}
		}
	})

	It("is passed by one byte more, and not by the last one", func() {
		s := sandbox(gaol.System())
		for _, row := range []struct {
			script, got, end string
		}{
			{"printf 12345", "12345", "exited"}, {"printf 123456", "12345", "output limit"}, {"printf 12345; exec sleep 0.1", "12345", "exited"},
			{"printf 12345; printf 6; exec sleep 60", "12345", "output limit"}, {"exit 0", "", "exited"},
			{"printf 12345 >/dev/null; printf 12345", "12345", "exited"}, {"printf 123; printf 45 >&2", "123", "exited"},
		} {
			c := limited(s, gaol.Limits{Output: 5}, "/bin/sh", "-c", row.script)
			var out, errs bytes.Buffer
			c.Stdout, c.Stderr = &out, &errs
			err := c.Run()
			Expect(howEnded(c, err)).To(Equal(row.end), row.script)
			Expect(out.String()).To(Equal(row.got), row.script)
		}
		c := limited(s, gaol.Limits{Output: 5}, "/bin/sh", "-c", "printf 123456")
		c.Stdout = io.Discard
		Expect(c.Run()).To(MatchError(HaveSuffix(" (output limit 5 B)")))
	})

	It("ends all that writes", func() {
		s := sandbox(gaol.System(), gaol.ProcessCreate())
		c := limited(s, gaol.Limits{Output: limit}, "/bin/sh", "-c", `(setsid yes &) ; yes & sleep 60`)
		var b bytes.Buffer
		c.Stdout = &b
		Expect(howEnded(c, c.Run())).To(Equal("output limit"))
		Expect(b.Len()).To(Equal(limit))
	})

	It("keeps nobody waiting that does not read", func() {
		s := sandbox(gaol.System())
		c := limited(s, gaol.Limits{Output: 1 << 30, Wall: blink}, victimPath, "print", "1", "1000000000")
		_, err := c.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Start()).To(Succeed())
		Expect(howEnded(c, c.Wait())).To(Equal("wall limit"))

		c = limited(s, gaol.Limits{Output: 1 << 30}, victimPath, "print", "1", "100000")
		_, err = c.StdoutPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Start()).To(Succeed())
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		time.Sleep(blink)
		Eventually(done).WithTimeout(patience).Should(Receive())
	})

	It("is not in the way of a file that cannot be written", func() {
		s := sandbox(gaol.System())
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		Expect(err).NotTo(HaveOccurred())
		defer full.Close()
		c := limited(s, gaol.Limits{Output: limit}, "/bin/echo", "x")
		c.Stdout = full
		Expect(c.Run()).To(MatchError(ContainSubstring("no space left")))
	})
})
