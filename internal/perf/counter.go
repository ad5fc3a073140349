// Package perf counts what a processor does for a program and all that it starts, and watches over a limit of that. The watching knows nothing
// of how is counted, so that it is tested on any machine.
package perf

import (
	"errors"
	"math"
	"sync"
	"time"
)

// Counter counts from the program's execve on.
type Counter interface {
	// Read returns how many there were so far, of all processes and threads together, those that have ended included.
	Read() (uint64, error)
	Close() error
}

// ErrLost says that the kernel has not counted all the time.
var ErrLost = errors.New("the counter was not counting all the time")

// fastest is more instructions per second than a processor retires: eight at a time at six gigahertz.
const fastest = 48e9

// pause is the shortest time between two looks, and with it the most by which a limit is passed: fastest × pause for each processor, and what
// the timer is late.
const pause = time.Millisecond

// Watch looks at a counter as often as it can have reached a limit. It has a timer, and no goroutine.
type Watch struct {
	counter    Counter
	limit      uint64
	processors int
	over       func()

	mu    sync.Mutex
	timer *time.Timer // nil: it has ended
}

// NewWatch begins. over is called once, by another goroutine, when there are more than limit, or when nobody knows how many: then the limit does
// not hold. processors is how many can be busy at once.
func NewWatch(c Counter, limit uint64, processors int, over func()) *Watch {
	w := &Watch{counter: c, limit: limit, processors: processors, over: over}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.next(0), w.look)
	return w
}

func (w *Watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil {
		return
	}
	n, err := w.counter.Read()
	if err != nil || n > w.limit {
		w.over()
		return
	}
	w.timer.Reset(w.next(n))
}

// next is how long it takes at least from n to the limit.
func (w *Watch) next(n uint64) time.Duration {
	seconds := float64(w.limit-n) / (fastest * float64(w.processors))
	return max(pause, time.Duration(min(seconds*float64(time.Second), math.MaxInt32*float64(time.Second))))
}

// End stops the watching, which is about a program that has ended, closes the counter, and returns how many there were. It is called once.
func (w *Watch) End() (total uint64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.timer = nil
	total, err = w.counter.Read()
	return total, errors.Join(err, w.counter.Close())
}
