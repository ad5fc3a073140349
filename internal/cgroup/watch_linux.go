package cgroup

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Watch looks at the processor time that the leaf's processes have used, and kills them when it is limit. It returns true if it did, false
// when quit was closed first. How much more they may use is what all processors together do in 5 ms. A leaf that cannot be looked at is
// killed, too.
func (l *Leaf) Watch(limit time.Duration, quit <-chan struct{}) (over bool, err error) {
	fd, err := unix.Openat(l.fd, "cpu.stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = l.Kill()
		return false, &os.PathError{Op: "open", Path: l.dir + "/cpu.stat", Err: err}
	}
	defer unix.Close(fd)
	processors := online()
	timer := time.NewTimer(next(limit, 0, processors))
	defer timer.Stop()
	for {
		select {
		case <-quit:
			return false, nil
		case <-timer.C:
		}
		text, err := readAll(fd)
		if err != nil {
			_ = l.Kill()
			return false, &os.PathError{Op: "read", Path: l.dir + "/cpu.stat", Err: err}
		}
		used := microseconds(flat(text, "usage_usec"))
		if used >= limit {
			return true, l.Kill()
		}
		timer.Reset(next(limit, used, processors))
	}
}

// online counts the processors of the host: the program may be let run on more of them than this process.
func online() int {
	b, _ := os.ReadFile("/sys/devices/system/cpu/online")
	if n := count(string(b)); n > 0 {
		return n
	}
	return max(runtime.NumCPU(), 256) // rather too often
}
