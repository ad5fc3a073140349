package gaol

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// watch ends the program when its context ends. Its goroutine is gone when stop has returned.
type watch struct {
	quit   chan struct{}
	result chan watched
}

type watched struct {
	err   error
	timer *time.Timer // runs out WaitDelay after the context ended; nil if it did not, or without a delay
}

func watchContext(c *Cmd) *watch {
	if c.ctx == nil || c.ctx.Done() == nil || c.Cancel == nil && c.WaitDelay == 0 {
		return nil
	}
	w := &watch{quit: make(chan struct{}), result: make(chan watched, 1)}
	cancel := c.Cancel
	go func() {
		select {
		case <-w.quit:
			w.result <- watched{}
			return
		case <-c.ctx.Done():
		}
		var out watched
		if cancel != nil {
			err := cancel()
			switch {
			case err == nil:
				out.err = c.ctx.Err()
			case !errors.Is(err, os.ErrProcessDone):
				out.err = fmt.Errorf("gaol: canceling Cmd: %w", err)
			}
		}
		if c.WaitDelay > 0 {
			out.timer = time.NewTimer(c.WaitDelay)
			select {
			case <-out.timer.C:
				if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					out.err = fmt.Errorf("gaol: killing Cmd: %w", err)
				}
				out.timer.Reset(0)
			case <-w.quit:
			}
		}
		w.result <- out
	}()
	return w
}

// stop ends the watching and returns why the program was interrupted, if it was.
func (w *watch) stop() (error, *time.Timer) {
	if w == nil {
		return nil, nil
	}
	close(w.quit)
	r := <-w.result
	return r.err, r.timer
}
