//go:build linux && cgo

package parity

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol"
	"golang.org/x/sys/unix"
)

// readable waits for the end in f itself, as what a descriptor of a process is for.
func readable(c *gaol.Cmd) (ended bool, err error) {
	err = c.Process.WithHandle(func(h uintptr) {
		p := []unix.PollFd{{Fd: int32(h), Events: unix.POLLIN}}
		n := -1
		for n < 0 {
			n, _ = unix.Poll(p, int(patience/time.Millisecond))
		}
		ended = n > 0
	})
	return ended, err
}

func TestWhoHoldsTheHandleKeepsNobodyFromEndingTheCommand(t *testing.T) {
	have, _ := engines(t, directory(t))
	for engine, s := range have {
		for way, end := range map[string]func(*gaol.Cmd){
			"a limit": func(*gaol.Cmd) {}, "a signal": func(c *gaol.Cmd) { _ = c.Process.Signal(unix.SIGTERM) }, "Kill": func(c *gaol.Cmd) { _ = c.Process.Kill() },
		} {
			c := s.Command(nil, "/bin/sleep", "100")
			c.Limits = &gaol.Limits{Wall: time.Hour}
			if way == "a limit" {
				c.Limits.Wall = 300 * time.Millisecond
			}
			must(t, c.Start())
			time.AfterFunc(50*time.Millisecond, func() { end(c) })
			if ended, err := readable(c); err != nil || !ended {
				t.Errorf("%s, %s: it goes on (%v)", engine, way, err)
			}
			_ = c.Process.Kill()
			_ = c.Wait()
			if _, err := readable(c); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("%s: after Wait: %v", engine, err)
			}
		}
	}
}
