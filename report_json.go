package gaol

// This file is the one form in which a report is written for machines: json.Marshal, gaol run --status-fd and gaol_report_json all give it.

import "encoding/json"

// reportJSON is a Report with its State, which has no fields of its own to show.
type reportJSON struct {
	Exit    *exitJSON    `json:"exit"`              // null: the program never ran, or has not ended
	End     string       `json:"end,omitempty"`     // the word of End
	Syscall *syscallJSON `json:"syscall,omitempty"` // that ended it, where end is "denied" and the call is known
	PID     int          `json:"pid,omitempty"`     // of the sandbox's init
	plainReport
}

type plainReport Report // without the method

type exitJSON struct {
	Code   int  `json:"code"`   // -1: ended by a signal
	Signal int  `json:"signal"` // 0: ended by itself
	Core   bool `json:"core"`
}

type syscallJSON struct {
	Name   string `json:"name"` // "": no table has the number
	Number int    `json:"number"`
}

// MarshalJSON gives the object that gaol run --status-fd writes; its manual page says what the keys mean. What State tells is in "exit", "end",
// "syscall" and "pid". A list is never null. To read it back gives a Report without State.
func (r Report) MarshalJSON() ([]byte, error) {
	all := reportJSON{plainReport: plainReport(r)}
	listed(&all.Mechanisms)
	listed(&all.Enforced)
	listed(&all.Gaps)
	listed(&all.Denials)
	if s := r.State; s != nil {
		all.Exit, all.End, all.PID = &exitJSON{s.ExitCode(), int(s.Signal()), s.CoreDump()}, s.End().String(), s.Pid()
		if name, number, ok := s.Syscall(); ok {
			all.Syscall = &syscallJSON{name, number}
		}
	}
	return json.Marshal(all)
}

// listed makes a list that is not there one that is empty, so that a reader finds a list in any case.
func listed[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
