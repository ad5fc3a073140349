package gaol

import "time"

// Usage is what a program has used. Unless a field says otherwise it is of the program and of those of its children that it waited for, as
// getrusage has it: what it left behind is not in there, nor what gaol's own processes take. A program whose init was killed from outside
// (EndLost) leaves Wall and Output alone.
type Usage struct {
	// Wall is real time, from Start until the program had ended.
	Wall time.Duration `json:"wall_ns"`
	// User and System are processor time, in steps of a microsecond. What the process did before it executed the program, some tenths of a
	// millisecond, is in there. Of a command that has a cgroup they are of all that ran in it.
	User   time.Duration `json:"user_ns"`
	System time.Duration `json:"system_ns"`
	// MaxRSS is the most memory, in bytes, that the largest one of the processes had at a time: pages that it shares count, pages of tmpfs
	// that it has not mapped do not, and processes that ran side by side are not added up. It is never less than what the calling process has had
	// at most, since the program's process shares that memory until it executes the program (as with os/exec).
	MaxRSS int64 `json:"max_rss_bytes"`
	// PeakMemory is the most memory, in bytes, and PeakProcesses the most processes and threads that all of the sandbox had at a time, where
	// a cgroup holds the limit of the same; the kernel tells from 5.19 and 6.1 on. Else they are 0.
	PeakMemory    int64 `json:"peak_memory_bytes,omitempty"`
	PeakProcesses int64 `json:"peak_processes,omitempty"`
	// MinorFaults are page faults that took no reading from a disk, MajorFaults those that did.
	MinorFaults int64 `json:"minor_faults"`
	MajorFaults int64 `json:"major_faults"`
	// VoluntarySwitches are waits for something, InvoluntarySwitches are times when another was given the processor.
	VoluntarySwitches   int64 `json:"voluntary_switches"`
	InvoluntarySwitches int64 `json:"involuntary_switches"`
	// BlockRead and BlockWritten are bytes that came from and went to block devices on the program's account: not what the page cache had,
	// and what was written may be on its way later. Both are 0 on a kernel that does not account for it (CONFIG_TASK_IO_ACCOUNTING).
	BlockRead    int64 `json:"block_read_bytes"`
	BlockWritten int64 `json:"block_written_bytes"`
	// Instructions are those that were retired in user space by all processes of the sandbox, where Limits.Instructions has them counted.
	Instructions int64 `json:"instructions,omitempty"`
	// Output is in bytes, of what was written to Stdout and Stderr and copied by gaol, together. Without Limits.Output that is not what went
	// to an *os.File, StdoutPipe and StderrPipe among them: the program has those itself.
	Output int64 `json:"output_bytes"`
}
