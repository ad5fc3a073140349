package profile

// This file is what limits there are. Each stands once, in limitForms; files, flags and texts are made of that. What a limit means is
// the same on every host: what holds it is for package policy to say.

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Limits bound what a command may use. A zero field is no limit.
type Limits struct {
	// Wall is real time, from Start on; when it is over, everything in the sandbox is killed.
	Wall time.Duration
	// CPU is processor time, user and system, of all processes of the sandbox together.
	CPU time.Duration
	// Memory is in bytes, of all processes of the sandbox together: what they use, where a cgroup holds it; the address space of the one
	// process there is, what is reserved with it, and what Private directories may hold, where RLIMIT_AS does.
	Memory int64
	// Processes counts processes and threads that are there at once.
	Processes int64
	// Files is how many descriptors a process may have open.
	Files int64
	// FileSize is in bytes, of each file that is written.
	FileSize int64
	// Stack is in bytes, of the first thread of each process.
	Stack int64
	// Core is in bytes; zero: no core is written.
	Core int64
	// Output is in bytes, of what is written to Stdout and Stderr together through gaol.
	Output int64
	// Disk is in bytes, of what the command's Private directories hold, together.
	Disk int64
	// Instructions counts those that are retired in user space.
	Instructions int64
	// Processors is how many of them may be busy: 1.5 is one and a half.
	Processors float64
	// ReadRate and WriteRate are in bytes per second, to and from block devices.
	ReadRate, WriteRate int64
	// PerProcess makes CPU and Memory hold for each process by itself, not for all of the sandbox together. It says nothing without them.
	PerProcess bool
}

// What no program starts with less of, as execve and the loader have it.
const (
	MinMemory = 1 << 20
	minStack  = 64 << 10
	minFiles  = 3 // standard input, output and error
	maxLimit  = 1 << 62
	minCPUs   = 0.01 // cpu.max takes a millisecond at least, here of 100
	maxCPUs   = 1 << 16
)

// limitForm is one limit; exactly one of the functions is set, and says what it is measured in.
type limitForm struct {
	name, key string
	time      func(*Limits) *time.Duration
	bytes     func(*Limits) *int64
	count     func(*Limits) *int64
	number    func(*Limits) *float64
	least     int64 // what a program needs
}

// limitForms are all limits, in the order of files and texts.
var limitForms = []limitForm{
	{name: "Wall", key: "wall", time: func(l *Limits) *time.Duration { return &l.Wall }},
	{name: "CPU", key: "cpu", time: func(l *Limits) *time.Duration { return &l.CPU }},
	{name: "Memory", key: "memory", bytes: func(l *Limits) *int64 { return &l.Memory }, least: MinMemory},
	{name: "Processes", key: "processes", count: func(l *Limits) *int64 { return &l.Processes }},
	{name: "Files", key: "files", count: func(l *Limits) *int64 { return &l.Files }, least: minFiles},
	{name: "FileSize", key: "file-size", bytes: func(l *Limits) *int64 { return &l.FileSize }},
	{name: "Stack", key: "stack", bytes: func(l *Limits) *int64 { return &l.Stack }, least: minStack},
	{name: "Core", key: "core", bytes: func(l *Limits) *int64 { return &l.Core }},
	{name: "Output", key: "output", bytes: func(l *Limits) *int64 { return &l.Output }},
	{name: "Disk", key: "disk", bytes: func(l *Limits) *int64 { return &l.Disk }},
	{name: "Instructions", key: "instructions", count: func(l *Limits) *int64 { return &l.Instructions }},
	{name: "Processors", key: "processors", number: func(l *Limits) *float64 { return &l.Processors }},
	{name: "ReadRate", key: "read-rate", bytes: func(l *Limits) *int64 { return &l.ReadRate }},
	{name: "WriteRate", key: "write-rate", bytes: func(l *Limits) *int64 { return &l.WriteRate }},
}

const perProcessKey = "per-process"

// LimitField is one limit of a Limits.
type LimitField struct {
	Name string // in Go: "Memory"
	Key  string // in files and flags: "memory"
	Set  bool
	Text string // the value as a file has it: "512 MiB"; empty where it is not set
}

// Fields lists all limits, in the order of a file; PerProcess is none.
func (l Limits) Fields() []LimitField {
	out := make([]LimitField, len(limitForms))
	for i, f := range limitForms {
		out[i] = LimitField{Name: f.name, Key: f.key}
		if out[i].Set = f.set(&l); out[i].Set {
			out[i].Text = f.text(&l)
		}
	}
	return out
}

func (f *limitForm) set(l *Limits) bool {
	switch {
	case f.time != nil:
		return *f.time(l) != 0
	case f.number != nil:
		return *f.number(l) != 0
	}
	return *f.whole()(l) != 0
}

// whole is the function of a limit that is a whole number, in bytes or a count.
func (f *limitForm) whole() func(*Limits) *int64 {
	if f.bytes != nil {
		return f.bytes
	}
	return f.count
}

var (
	errNegative   = errors.New("is negative; leave it out, or zero in Go, for no limit")
	errHuge       = errors.New("is more than any host has; leave it out for no limit")
	errNoNumber   = errors.New("is not a number")
	errPerProcess = errors.New("says how CPU and Memory hold, and neither is given")
)

// Validate says what of l means nothing, as an *Error.
func (l Limits) Validate() error {
	for _, f := range limitForms {
		if err := f.check(&l); err != nil {
			return &Error{Operation: "Limits." + f.name, Err: err}
		}
	}
	if l.PerProcess && l.CPU == 0 && l.Memory == 0 {
		return &Error{Operation: "Limits.PerProcess", Err: errPerProcess}
	}
	return nil
}

func (f *limitForm) check(l *Limits) error {
	if !f.set(l) {
		return nil
	}
	fault := func(err error) error { return fmt.Errorf("%s %w", f.text(l), err) }
	if f.number != nil {
		switch n := *f.number(l); {
		case math.IsNaN(n) || math.IsInf(n, 0):
			return fault(errNoNumber)
		case n < 0:
			return fault(errNegative)
		case n < minCPUs:
			return fault(fmt.Errorf("is too little to start with; %v is the least", minCPUs))
		case n > maxCPUs:
			return fault(errHuge)
		}
		return nil
	}
	var n int64
	if f.time != nil {
		n = int64(*f.time(l))
	} else {
		n = *f.whole()(l)
	}
	switch {
	case n < 0:
		return fault(errNegative)
	case n > maxLimit:
		return fault(errHuge)
	case n < f.least:
		var least Limits
		*f.whole()(&least) = f.least
		return fault(fmt.Errorf("is too little for any program to start; %s is the least", f.text(&least)))
	}
	return nil
}

// Narrow returns, of each limit, the smaller. What holds for all processes together is smaller than what holds for each.
func (l Limits) Narrow(m Limits) Limits {
	per := !l.together() && !m.together() && (l.PerProcess || m.PerProcess)
	for _, f := range limitForms {
		switch {
		case f.time != nil:
			narrow(f.time(&l), *f.time(&m))
		case f.number != nil:
			narrow(f.number(&l), *f.number(&m))
		default:
			narrow(f.whole()(&l), *f.whole()(&m))
		}
	}
	l.PerProcess = per
	return l
}

// Beyond lists the limits, as they are in m, that l has and that are larger than m's; with PerProcess if what m has together l has for each.
func (l Limits) Beyond(m Limits) (out []LimitField) {
	for i, f := range limitForms {
		if f.set(&l) && f.set(&m) && f.more(&l, &m) {
			out = append(out, m.Fields()[i])
		}
	}
	if l.PerProcess && m.together() {
		out = append(out, LimitField{Name: "PerProcess", Key: perProcessKey})
	}
	return out
}

// together says that CPU or Memory is limited for all processes together.
func (l Limits) together() bool { return (l.CPU != 0 || l.Memory != 0) && !l.PerProcess }

func narrow[N int64 | time.Duration | float64](l *N, m N) {
	if m != 0 && (*l == 0 || m < *l) {
		*l = m
	}
}
