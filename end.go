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

// deniedCall is the system call that ended a program.
type deniedCall struct {
	name   string
	number int
	known  bool
}

// Syscall is the system call that ended the program, by its name and its number, if End is EndDenied and the call is known.
func (s *ProcessState) Syscall() (name string, number int, ok bool) {
	return s.call.name, s.call.number, s.call.known
}
