package profile

import "time"

// Limits bound what a command may use. A zero field is no limit.
type Limits struct {
	// Wall is real time, from Start on; when it is over, everything in the sandbox is killed.
	Wall time.Duration
	// CPU is processor time, user and system.
	CPU time.Duration
	// Memory is in bytes.
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
	// Disk is in bytes, of what the command's Private directories hold.
	Disk int64
	// Instructions counts those that are retired in user space.
	Instructions int64
	// Processors is how many of them may be busy: 1.5 is one and a half.
	Processors float64
	// ReadRate and WriteRate are in bytes per second, to and from block devices.
	ReadRate, WriteRate int64
	// PerProcess makes CPU and Memory hold for each process by itself, not for all of the sandbox together.
	PerProcess bool
}

// Narrow returns, of each limit, the smaller.
func (l Limits) Narrow(m Limits) Limits {
	narrow(&l.Wall, m.Wall)
	narrow(&l.CPU, m.CPU)
	narrow(&l.Memory, m.Memory)
	narrow(&l.Processes, m.Processes)
	narrow(&l.Files, m.Files)
	narrow(&l.FileSize, m.FileSize)
	narrow(&l.Stack, m.Stack)
	narrow(&l.Core, m.Core)
	narrow(&l.Output, m.Output)
	narrow(&l.Disk, m.Disk)
	narrow(&l.Instructions, m.Instructions)
	narrow(&l.Processors, m.Processors)
	narrow(&l.ReadRate, m.ReadRate)
	narrow(&l.WriteRate, m.WriteRate)
	l.PerProcess = l.PerProcess || m.PerProcess
	return l
}

func narrow[N int64 | time.Duration | float64](l *N, m N) {
	if m != 0 && (*l == 0 || m < *l) {
		*l = m
	}
}
