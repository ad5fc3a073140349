//go:build linux && cgo

package either

import (
	"errors"
	"io"
)

// Faulty fails: read, after some bytes; written, at once.
type Faulty struct{ After int }

func (f *Faulty) Read(b []byte) (int, error) {
	if f.After == 0 {
		return 0, errors.New("faulty reader")
	}
	n := min(len(b), f.After)
	f.After -= n
	return n, nil
}

func (f *Faulty) Write([]byte) (int, error) { return 0, errors.New("faulty writer") }

// Uncomparable is a writer that == panics on.
type Uncomparable struct {
	To io.Writer
	_  []int
}

func (u Uncomparable) Write(b []byte) (int, error) { return u.To.Write(b) }
