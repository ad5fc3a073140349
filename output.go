package gaol

// This file counts what a program writes to its standard output and standard error, as far as it comes through gaol, and stops at the limit.
// What is within the limit is delivered whole.

import (
	"io"
	"os"
	"slices"
	"sync"
)

// meter counts what both streams bring.
type meter struct {
	limit int64 // 0: none
	over  func()

	mu   sync.Mutex
	n    int64
	more bool // than the limit
}

// copy copies until r ends, or the limit is passed.
func (m *meter) copy(w io.Writer, r io.Reader) error {
	if m.limit > 0 {
		_, err := io.Copy(w, measured{m, r})
		return err
	}
	n, err := io.Copy(w, r) // which may have the kernel do it
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n += n
	return err
}

// take counts n bytes and returns how many of them are within the limit.
func (m *meter) take(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	within := min(int64(n), m.limit-m.n)
	m.n += within
	if within < int64(n) && !m.more {
		m.more = true
		m.over()
	}
	return int(within)
}

func (m *meter) bytes() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.n
}

func (m *meter) passed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.more
}

// measured reads what is within the limit.
type measured struct {
	m *meter
	r io.Reader
}

func (r measured) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if within := r.m.take(n); within < n {
		return within, io.EOF
	}
	return n, err
}

// outputPipe is one that StdoutPipe or StderrPipe has made.
type outputPipe struct{ r, w *os.File }

// relay has gaol copy to a file that the program would have been given. Where it is a pipe of gaol's own (StdoutPipe), whoever reads that
// sees its end when the copying is done.
func (s *streams) relay(f *os.File) (done func()) {
	i := slices.IndexFunc(s.child, func(c io.Closer) bool { return c == io.Closer(f) })
	if i < 0 {
		return func() {}
	}
	s.child = slices.Delete(s.child, i, i+1)
	for _, p := range s.pipes {
		if p.w == f {
			s.relayed = append(s.relayed, p.r)
		}
	}
	s.parent = append(s.parent, f)
	return func() { _ = f.Close() }
}

// unread gives up what the caller has not read by the time that it calls Wait, so that nothing waits for it.
func (s *streams) unread() {
	for _, r := range s.relayed {
		_ = r.Close()
	}
	s.relayed = nil
}
