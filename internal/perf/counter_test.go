package perf

// A counter that a table drives, and the clock of package synctest: when the watch looks, what it does at the limit, and what it leaves.

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// fake counts perSecond from the start on, until it stops.
type fake struct {
	start     time.Time
	perSecond float64
	stopAt    uint64 // the program has ended
	err       error
	reads     int
	closed    bool
}

func (f *fake) Read() (uint64, error) {
	f.reads++
	n := uint64(f.perSecond * time.Since(f.start).Seconds())
	if f.stopAt > 0 {
		n = min(n, f.stopAt)
	}
	return n, f.err
}

func (f *fake) Close() error { f.closed = true; return nil }

func TestALimitIsPassedByNoMoreThanOneLookAllows(t *testing.T) {
	for _, c := range []struct {
		name       string
		limit      uint64
		perSecond  float64
		processors int
	}{
		{"one busy processor of one", 1e9, 4e9, 1},
		{"one busy processor of 64", 1e9, 4e9, 64},
		{"all of 64, as fast as can be", 1e12, fastest * 64, 64},
		{"a small limit", 1, 1e9, 1},
		{"a slow program", 1000, 100, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{start: time.Now(), perSecond: c.perSecond}
				over := make(chan time.Time, 2)
				w := NewWatch(f, c.limit, c.processors, func() { over <- time.Now() })
				at := <-over
				n := c.perSecond * at.Sub(f.start).Seconds()
				if most := float64(c.limit) + c.perSecond*2*pause.Seconds() + 1; n < float64(c.limit) || n > most {
					t.Errorf("it was over at %g of %d, at most %g", n, c.limit, most)
				}
				if f.reads > 2000+int(at.Sub(f.start)/pause) {
					t.Errorf("%d looks in %v", f.reads, at.Sub(f.start))
				}
				reads := f.reads
				time.Sleep(time.Hour)
				if f.reads != reads || len(over) != 0 {
					t.Errorf("it went on looking: %d, told again %d", f.reads-reads, len(over))
				}
				if _, err := w.End(); err != nil || !f.closed {
					t.Errorf("%v, closed %v", err, f.closed)
				}
			})
		})
	}
}

func TestAProgramWithinItsLimitIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: time.Now(), perSecond: 1e9, stopAt: 5e9}
		w := NewWatch(f, 5e9, 2, func() { t.Error("it was told to be over") })
		time.Sleep(time.Minute)
		if n, err := w.End(); n != 5e9 || err != nil || !f.closed {
			t.Errorf("%d, %v, closed %v", n, err, f.closed)
		}
		reads := f.reads
		time.Sleep(time.Minute)
		if f.reads != reads {
			t.Error("it looks at a counter that is closed")
		}
	})
}

func TestALostCountIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{start: time.Now(), err: ErrLost}
		over := make(chan bool, 1)
		w := NewWatch(f, 1e12, 1, func() { over <- true })
		<-over
		if _, err := w.End(); !errors.Is(err, ErrLost) || !f.closed {
			t.Errorf("%v, closed %v", err, f.closed)
		}
	})
}
