package gaol

// Resources (asm-generic/resource.h).
const (
	rlimitCPU      = 0
	rlimitFileSize = 1
	rlimitStack    = 3
	rlimitCore     = 4
	rlimitFiles    = 7
	rlimitMemory   = 9
)
