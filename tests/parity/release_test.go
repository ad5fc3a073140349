//go:build linux && cgo

package parity

import (
	"io"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol"
)

func TestACommandThatWasReleasedIsStillHeldToItsLimits(t *testing.T) {
	have, _ := engines(t, directory(t))
	for engine, s := range have {
		c := s.Command(nil, "/bin/sh", "-c", resist)
		c.Limits = &gaol.Limits{Wall: 100 * time.Millisecond}
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		must(t, c.Process.Release())
		ended := make(chan error, 1)
		go func() { _, err := io.Copy(io.Discard, out); ended <- err }()
		select {
		case err := <-ended:
			must(t, err)
		case <-time.After(patience):
			t.Errorf("%s: it goes on", engine)
		}
		_ = c.Wait() // closes the pipe
	}
}
