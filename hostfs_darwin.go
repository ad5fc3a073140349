//go:build cgo

package gaol

import "github.com/gaol-sandbox/gaol/csrc"

// macFS is the file system of a Mac, which may take a name in one case for a file in another: the rules of a sandbox are matched with the file's.
type macFS struct{ hostFS }

// Canonical is the path as the kernel writes it.
func (macFS) Canonical(path string) (string, error) { return csrc.Canonical(path) }
