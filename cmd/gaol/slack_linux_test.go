package main

import (
	"fmt"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// gaol lets its own timers be late; the program's are as its caller's.
func TestTheProgramsTimersAreAsPunctualAsTheCallers(t *testing.T) {
	needSandbox(t)
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("perl is missing")
	}
	tell := fmt.Sprintf(`print syscall(%d, %d, 0)`, unix.SYS_PRCTL, unix.PR_GET_TIMERSLACK)
	for _, slack := range []string{"50000", "70000", "9000000"} {
		set := fmt.Sprintf(`syscall(%d, %d, %s); exec @ARGV`, unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, slack)
		out, err := exec.Command("perl", "-e", set, gaolPath, "run", "--system", "perl", "-e", tell).CombinedOutput()
		if err != nil || string(out) != slack {
			t.Errorf("%s: %q %v", slack, out, err)
		}
	}
}
