//go:build cgo

package gaol

// This file watches Limits.CPU: RLIMIT_CPU is there, too, but all that the kernel of macOS does is to send SIGXCPU, which a program can ignore.

import (
	"sync"
	"time"

	"github.com/gaol-sandbox/gaol/csrc"
)

// shortest is between two looks, so that a watch costs little whatever the limit is.
const shortest = 5 * time.Millisecond

type timeWatch struct {
	quit chan struct{}
	gone sync.WaitGroup
}

func (c *Cmd) systemGuards() []guard {
	limit := c.limits.CPU
	if limit == 0 {
		return nil
	}
	w := &timeWatch{quit: make(chan struct{})}
	w.gone.Add(1)
	child := c.Process.child
	go func() {
		defer w.gone.Done()
		for {
			var used time.Duration
			err := child.reach(func() (err error) {
				used, err = csrc.Time(child.pid)
				return err
			})
			if err != nil { // it has ended
				return
			}
			if used >= limit {
				c.over(EndCPU)
				return
			}
			// all of its threads together cannot use up the rest sooner
			select {
			case <-w.quit:
				return
			case <-time.After(max(shortest, (limit-used)/time.Duration(online()))):
			}
		}
	}()
	return []guard{w}
}

func (w *timeWatch) ended(*ProcessState) {
	close(w.quit)
	w.gone.Wait()
}
