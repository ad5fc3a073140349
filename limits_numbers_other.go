//go:build !linux

package gaol

// Resources of macOS and FreeBSD (sys/resource.h).
const (
	rlimitCPU      = 0
	rlimitFileSize = 1
	rlimitStack    = 3
	rlimitCore     = 4
	rlimitFiles    = 8
	rlimitMemory   = 10 // FreeBSD; no policy for macOS uses it
)
