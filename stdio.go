package gaol

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// streams connects the caller's readers and writers with the program. What it opens it closes: child ends after the spawn, parent
// ends after Wait, all of them when the spawn fails.
type streams struct {
	child, parent []io.Closer
	copies        []func() error
	pending       int
	errs          chan error
	meter         meter
	pipes         []outputPipe
	relayed       []io.Closer // what the caller reads from, where gaol copies to the other end
}

// StdinPipe returns a pipe to the program's standard input. Wait closes it; closing it earlier shows the program the end of its input.
func (c *Cmd) StdinPipe() (io.WriteCloser, error) {
	if c.Stdin != nil {
		return nil, errors.New("gaol: Stdin already set")
	}
	r, w, err := c.pipe("StdinPipe")
	if err != nil {
		return nil, err
	}
	c.Stdin = r
	c.streams.child, c.streams.parent = append(c.streams.child, r), append(c.streams.parent, w)
	return w, nil
}

// StdoutPipe returns a pipe from the program's standard output. Wait closes it, so all reads must come first.
func (c *Cmd) StdoutPipe() (io.ReadCloser, error) { return c.outputPipe(&c.Stdout, "Stdout") }

// StderrPipe is StdoutPipe for standard error.
func (c *Cmd) StderrPipe() (io.ReadCloser, error) { return c.outputPipe(&c.Stderr, "Stderr") }

func (c *Cmd) outputPipe(to *io.Writer, name string) (io.ReadCloser, error) {
	if *to != nil {
		return nil, errors.New("gaol: " + name + " already set")
	}
	r, w, err := c.pipe(name + "Pipe")
	if err != nil {
		return nil, err
	}
	*to = w
	c.streams.pipes = append(c.streams.pipes, outputPipe{r, w})
	c.streams.child, c.streams.parent = append(c.streams.child, w), append(c.streams.parent, r)
	return r, nil
}

func (c *Cmd) pipe(method string) (r, w *os.File, err error) {
	if c.Process != nil {
		return nil, nil, errors.New("gaol: " + method + " after process started")
	}
	return os.Pipe()
}

// open returns the files that become the program's descriptors 0, 1, 2 and on.
func (s *streams) open(c *Cmd) ([]*os.File, error) {
	var in, out *os.File
	devNull := func(f **os.File, mode int) func() (*os.File, error) {
		return func() (*os.File, error) {
			if *f != nil {
				return *f, nil
			}
			null, err := openNull(mode)
			if err != nil {
				return nil, &SetupError{Step: plan.FD.String(), Path: os.DevNull, Err: err}
			}
			*f, s.child = null, append(s.child, null)
			return null, nil
		}
	}
	stdin, err := s.reader(c.Stdin, devNull(&in, os.O_RDONLY))
	if err != nil {
		return nil, err
	}
	stdout, err := s.writer(c.Stdout, devNull(&out, os.O_WRONLY))
	if err != nil {
		return nil, err
	}
	stderr := stdout
	if c.Stderr == nil || !same(c.Stderr, c.Stdout) {
		if stderr, err = s.writer(c.Stderr, devNull(&out, os.O_WRONLY)); err != nil {
			return nil, err
		}
	}
	return append([]*os.File{stdin, stdout, stderr}, c.ExtraFiles...), nil
}

// same compares two writers; those of a type that cannot be compared are different.
func same(a, b io.Writer) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

func (s *streams) reader(r io.Reader, null func() (*os.File, error)) (*os.File, error) {
	if r == nil {
		return null()
	}
	if f, ok := r.(*os.File); ok {
		return f, nil
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, &SetupError{Step: plan.Pipe.String(), Err: err}
	}
	s.child, s.parent = append(s.child, pr), append(s.parent, pw)
	s.copies = append(s.copies, func() error {
		_, err := io.Copy(pw, r)
		if unread(err) {
			err = nil
		}
		if cerr := pw.Close(); err == nil {
			err = cerr
		}
		return err
	})
	return pr, nil
}

// unread: a program need not read all that it is given. Only the pipe's own write says so, not a reader that fails with EPIPE itself.
func unread(err error) bool {
	var pe *fs.PathError
	return errors.As(err, &pe) && pe.Op == "write" && pe.Path == "|1" && pe.Err == syscall.EPIPE
}

func (s *streams) writer(w io.Writer, null func() (*os.File, error)) (*os.File, error) {
	if w == nil {
		return null()
	}
	done := func() {}
	if f, ok := w.(*os.File); ok {
		if s.meter.limit == 0 {
			return f, nil
		}
		done = s.relay(f)
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, &SetupError{Step: plan.Pipe.String(), Err: err}
	}
	s.child, s.parent = append(s.child, pw), append(s.parent, pr)
	s.copies = append(s.copies, func() error {
		err := s.meter.copy(w, pr)
		_ = pr.Close() // a program that goes on writing gets EPIPE
		done()
		return err
	})
	return pw, nil
}

func (s *streams) copy() {
	s.pending = len(s.copies)
	s.errs = make(chan error, len(s.copies))
	for _, f := range s.copies {
		go func() { s.errs <- f() }()
	}
	s.copies = nil
}

// wait waits for the copies. With a delay, those that last longer, since something else holds the other end, are cut off.
func (s *streams) wait(delay time.Duration, timer *time.Timer) error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
		s.pending--
	}
	for s.pending > 0 {
		select {
		case err := <-s.errs:
			keep(err)
			continue
		default:
		}
		if timer == nil && delay > 0 {
			timer = time.NewTimer(delay)
		}
		if timer == nil {
			keep(<-s.errs)
			continue
		}
		select {
		case err := <-s.errs:
			keep(err)
		case <-timer.C:
			s.closeAll()
			for ; s.pending > 0; s.pending-- {
				<-s.errs
			}
			first = exec.ErrWaitDelay // as in os/exec, whatever came of the copies
		}
	}
	if timer != nil {
		timer.Stop()
	}
	return first
}

func (s *streams) closeChild() {
	for _, f := range s.child {
		_ = f.Close()
	}
	s.child = nil
}

func (s *streams) closeAll() {
	s.closeChild()
	for _, f := range s.parent {
		_ = f.Close()
	}
	s.parent = nil
}

// prefixSuffix keeps the first and the last max bytes that are written to it.
type prefixSuffix struct {
	max          int
	first, last  []byte
	skipped, all int64
}

func (p *prefixSuffix) Write(b []byte) (int, error) {
	n := len(b)
	p.all += int64(n)
	if room := p.max - len(p.first); room > 0 {
		k := min(room, len(b))
		p.first, b = append(p.first, b[:k]...), b[k:]
	}
	p.last = append(p.last, b...)
	if over := len(p.last) - p.max; over > 0 {
		p.skipped += int64(over)
		p.last = append(p.last[:0], p.last[over:]...)
	}
	return n, nil
}

func (p *prefixSuffix) bytes() []byte {
	out := append([]byte{}, p.first...)
	if p.skipped > 0 {
		out = append(out, "\n... omitting "+strconv.FormatInt(p.skipped, 10)+" bytes ...\n"...)
	}
	return append(out, p.last...)
}
