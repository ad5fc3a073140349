package perf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Event is what the kernel counts (man 2 perf_event_open).
type Event struct {
	Type   uint32
	Config uint64
}

// Instructions are those that are retired in user space.
var Instructions = Event{unix.PERF_TYPE_HARDWARE, unix.PERF_COUNT_HW_INSTRUCTIONS}

// Open makes a counter for what the calling thread starts from now on, from the execve of each on. It counts the thread itself only if that
// executes something. Whatever else the thread starts is counted, too, until the counter is closed or the thread ends, which it should: the
// caller has locked it, and does not unlock it. The kernel stops to count a process that executes a file that it may not read
// (fs/exec.c: begin_new_exec).
func (e Event) Open() (Counter, error) {
	fd, err := e.open()
	if err != nil {
		return nil, os.NewSyscallError("perf_event_open", err)
	}
	return descriptor(fd), nil
}

func (e Event) open() (int, error) {
	a := unix.PerfEventAttr{
		Type: e.Type, Config: e.Config,
		// enable_on_exec is inherited with the event, and so is what it counted: a read sums up what was inherited
		Bits:        unix.PerfBitDisabled | unix.PerfBitEnableOnExec | unix.PerfBitInherit | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv,
		Read_format: unix.PERF_FORMAT_TOTAL_TIME_ENABLED | unix.PERF_FORMAT_TOTAL_TIME_RUNNING,
	}
	a.Size = uint32(unsafe.Sizeof(a))
	return unix.PerfEventOpen(&a, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
}

// descriptor is one of perf_event_open.
type descriptor int

// Read makes up for the time in which the counter was lent to somebody else's event.
func (d descriptor) Read() (uint64, error) {
	var b [24]byte
	n, err := unix.Read(int(d), b[:])
	if err != nil {
		return 0, os.NewSyscallError("read", err)
	}
	if n < len(b) {
		return 0, ErrLost
	}
	ne := binary.NativeEndian
	return scale(ne.Uint64(b[:]), ne.Uint64(b[8:]), ne.Uint64(b[16:]))
}

func scale(count, enabled, running uint64) (uint64, error) {
	switch {
	case running == enabled:
		return count, nil
	case running == 0 || running > enabled:
		return 0, ErrLost
	}
	high, low := bits.Mul64(count, enabled)
	if high >= running {
		return 0, ErrLost
	}
	q, _ := bits.Div64(high, low, running)
	return q, nil
}

func (d descriptor) Close() error { return os.NewSyscallError("close", unix.Close(int(d))) }

// Check says why this process cannot count the event, and what would help; both are empty if it can.
func (e Event) Check() (reason, fix string) {
	fd, err := e.open()
	if err == nil {
		_ = unix.Close(fd)
		return "", ""
	}
	return explain(err, paranoid())
}

func explain(err error, paranoid string) (reason, fix string) {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Sprintf("the kernel sees no such counter in this processor (perf_event_open: %v)", err),
			"a host that has one: a machine, or a virtual machine that is given a virtual PMU"
	case errors.Is(err, unix.ENOSYS):
		return "the kernel has no perf_event_open", "a kernel with CONFIG_PERF_EVENTS"
	case (errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)) && paranoid > "2" && len(paranoid) == 1:
		return fmt.Sprintf("perf_event_open: %v; kernel.perf_event_paranoid is %s", err, paranoid),
			"sysctl -w kernel.perf_event_paranoid=2, or CAP_PERFMON for the calling process"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Sprintf("perf_event_open: %v", err), "in a container, a seccomp profile that allows perf_event_open, or CAP_PERFMON"
	}
	return fmt.Sprintf("perf_event_open: %v", err), ""
}

func paranoid() string {
	b, _ := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	return strings.TrimSpace(string(b))
}
