package gaol

// deniedCall is the system call that ended a program.
type deniedCall struct {
	name   string // "": no table has it
	number int
	known  bool
	advice string
}

const goOn = "OnDenied(Errno) lets the program go on with an error"

func (c deniedCall) denial() Denial {
	d := Denial{Operation: "system call", Syscall: c.name, Number: c.number, Suggestion: c.advice}
	if d.Suggestion == "" {
		d.Suggestion = goOn
	}
	return d
}

// Syscall is the system call that ended the program, if End is EndDenied and the call is known. The name is empty where gaol knows none for
// the number, and begins with the machine's name where it was a call of another than this one's: "i386 open".
//
// It is known where gaol is told of it before the kernel ends anything, which takes Linux 5.0 and a caller without a seccomp filter of its
// own. In a container, whose runtime has one, only the end is known: the kernel lets the errno of that one outrank any telling, so that
// gaol's filter has to kill by itself there. Nor is a call known that a signal took back before gaol could ask for it.
func (s *ProcessState) Syscall() (name string, number int, ok bool) {
	return s.call.name, s.call.number, s.call.known
}
