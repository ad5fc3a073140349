//go:build unix

package gaol

import (
	"io/fs"
	"syscall"
)

// links is how many names a file has.
func links(st fs.FileInfo) uint64 { return uint64(st.Sys().(*syscall.Stat_t).Nlink) }
