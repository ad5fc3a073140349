package gaol

// End says how a program ended.
type End uint8

// The ends. EndUnknown is of a program that has not ended.
const (
	EndUnknown      End = iota
	EndExited           // by itself, with a code
	EndSignaled         // by a signal that no other end explains
	EndCanceled         // by the context's end, or Process.Kill
	EndWall             // Limits.Wall
	EndCPU              // Limits.CPU
	EndMemory           // Limits.Memory
	EndOutput           // Limits.Output
	EndInstructions     // Limits.Instructions
	EndDenied           // by a system call that OnDenied(Kill) forbids: see ProcessState.Syscall
	EndLost             // with the sandbox's init, which was killed from outside
)

// End says how the program ended.
func (s *ProcessState) End() End { return s.end }
