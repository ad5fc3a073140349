package cgroup

import (
	"strconv"
	"strings"
	"time"
)

// Usage is what all processes of a leaf together have used, those that nobody waited for too.
type Usage struct {
	User, System time.Duration
	// PeakMemory is in bytes, PeakProcesses counts threads too; zero where the leaf has no such controller or the kernel does not tell
	// (memory.peak: 5.19, pids.peak: 6.1).
	PeakMemory, PeakProcesses int64
	// OutOfMemory says that processes were killed because the memory limit was reached.
	OutOfMemory bool
}

// flat reads one number of a file of "key value" lines; zero if there is none.
func flat(text, key string) int64 {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, key+" "); ok {
			return number(v)
		}
	}
	return 0
}

func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// outOfMemory reads memory.events. oom_kill alone counts those, too, that a shortage of the whole host has killed.
func outOfMemory(events string) bool { return flat(events, "oom") > 0 && flat(events, "oom_kill") > 0 }

const shortest = 5 * time.Millisecond

// next is when to look again: not before all processors together can have used up what is left.
func next(limit, used time.Duration, processors int) time.Duration {
	return max((limit-used)/time.Duration(max(processors, 1)), shortest)
}

// count reads a list of numbers and ranges, as in /sys/devices/system/cpu/online; zero if it means nothing.
func count(list string) int {
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		low, high, ok := strings.Cut(part, "-")
		a, err := strconv.Atoi(low)
		if err != nil {
			return 0
		}
		b := a
		if ok {
			if b, err = strconv.Atoi(high); err != nil || b < a {
				return 0
			}
		}
		n += b - a + 1
	}
	return n
}
