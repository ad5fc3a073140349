package gaol

import "fmt"

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

var ends = [...]string{"unknown", "exited", "signal", "canceled", "wall limit", "CPU limit", "memory limit", "output limit", "instructions limit", "denied", "lost"}

// String is a word or two for each end: "exited", "signal", "canceled", "wall limit", "CPU limit", "memory limit", "output limit",
// "instructions limit", "denied", "lost", "unknown".
func (e End) String() string {
	if int(e) < len(ends) {
		return ends[e]
	}
	return fmt.Sprintf("End(%d)", uint8(e))
}

// limit says that it is the end of a program that went past a limit.
func (e End) limit() bool { return e >= EndWall && e <= EndInstructions }

// End says how the program ended.
//
// Who watches a limit decides that it was the limit, not the signal that the program died of, which it can send to itself. A program that
// had ended by itself when its limit came is one that exited; but one that has written more than Limits.Output is EndOutput in
// any case, since what it wrote was cut off. A limit that makes a call fail, as Limits.Files does and, without a cgroup, Limits.Memory,
// is no end: the program ends as it likes.
func (s *ProcessState) End() End { return s.end }

// by is who sent a SIGKILL that ended a program: enum gaol_by of csrc/plan.h.
type by uint32

const (
	byOthers by = iota
	byCaller
	byCPU
	byFilter
)

// endOf is what the init's record tells, or its lack; cause is why this process has ended the program, if it has.
func endOf(s *ProcessState, cause End) End {
	switch {
	case s.lost && cause != EndUnknown:
		return cause
	case s.lost:
		return EndLost
	case s.by == byCaller && cause != EndUnknown:
		return cause
	case s.by == byCPU:
		return EndCPU
	case s.denied:
		return EndDenied
	case s.code >= 0:
		return EndExited
	}
	return EndSignaled
}
