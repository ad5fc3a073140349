package main

import (
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// gaol lets its own timers be late; the program's are as its caller's.
func TestTheProgramsTimersAreAsPunctualAsTheCallers(t *testing.T) {
	needSandbox(t)
	runtime.LockOSThread() // and no unlock: the thread ends with the goroutine
	for slack, text := range map[uintptr]string{50_000: "50000\n", 70_000: "70000\n", 9_000_000: "9000000\n"} {
		if err := unix.Prctl(unix.PR_SET_TIMERSLACK, slack, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
		finish(t, exec.Command(gaolPath, "run", "--system", "cat", "/proc/self/timerslack_ns")).mustBe(t, 0, text)
	}
}
