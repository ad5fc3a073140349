package cgroup

import (
	"fmt"
	"strings"
)

// Limits are what a leaf holds. A zero field is no limit.
type Limits struct {
	Memory              int64 // bytes; nothing is swapped, and when it is used up all processes are killed
	Processes           int64 // and threads
	Processors          float64
	ReadRate, WriteRate int64 // bytes per second, of each block device
}

// Controllers are those that the limits need.
func (l Limits) Controllers() (out []string) {
	io := l.ReadRate != 0 || l.WriteRate != 0
	for i, need := range []bool{
		l.Memory != 0 || io, // without it what is written late is nobody's (cgroup-v2.rst, "Writeback")
		l.Processes != 0, l.Processors != 0, io} {
		if need {
			out = append(out, Controllers[i])
		}
	}
	return out
}

// setting is a file and what is written to it.
type setting struct{ file, value string }

// shut is the first setting of every leaf: nothing is below it, whatever the program may reach. A sweep knows a leaf by it.
var shut = setting{"cgroup.max.descendants", "0"}

const period = 100_000 // of cpu.max, in microseconds: the kernel's default

// leastProcessors is the least share of a processor that the kernel takes: 1 ms of each period.
const leastProcessors = 0.01

// More than there can be: PID_MAX_LIMIT is the most that pids.max takes.
const (
	mostProcesses  = 1 << 22
	mostProcessors = 1 << 20
)

// settings are the files of a leaf with these limits; devices are the block devices of the host, "8:0".
func (l Limits) settings(devices []string) []setting {
	out := []setting{shut}
	if l.Memory != 0 {
		out = append(out, setting{"memory.max", fmt.Sprint(l.Memory)}, setting{"memory.swap.max", "0"}, setting{"memory.oom.group", "1"})
	}
	if l.Processes != 0 {
		out = append(out, setting{"pids.max", fmt.Sprint(min(l.Processes, mostProcesses))})
	}
	if l.Processors != 0 {
		out = append(out, setting{"cpu.max", fmt.Sprintf("%d %d", int64(min(max(l.Processors, leastProcessors), mostProcessors)*period), int64(period))})
	}
	var rates []string
	if l.ReadRate != 0 {
		rates = append(rates, fmt.Sprintf("rbps=%d", l.ReadRate))
	}
	if l.WriteRate != 0 {
		rates = append(rates, fmt.Sprintf("wbps=%d", l.WriteRate))
	}
	for _, d := range devices {
		if len(rates) > 0 {
			out = append(out, setting{"io.max", d + " " + strings.Join(rates, " ")}) // one write for each device
		}
	}
	return out
}
