//go:build linux && cgo && gaolfault

package soak

// The same load where calls of the core fail at random, which takes the tag gaolfault. The errors are those of passing shortages: with others
// gaol looks for what the host lacks, and what it finds then is not what there is.

import (
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol/csrc"
)

func TestCallsThatFailAtRandomLeaveNothing(t *testing.T) {
	short := []syscall.Errno{syscall.ENOMEM, syscall.EMFILE, syscall.EAGAIN, syscall.EINTR}
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			c := open(t, engine)
			seed := uint64(0)
			all := soak(t, c, each(2), short, func() func() {
				seed++
				csrc.FaultSome(seed, 300, short...)
				return func() { csrc.FaultStop() }
			})
			if n := all.refused.Load(); n < all.started.Load()/20 {
				t.Errorf("%d of %d did not start: too few for a proof", n, all.started.Load())
			}
			recovered(t, c)
		})
	}
}
