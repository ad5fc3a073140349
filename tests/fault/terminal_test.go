//go:build linux && cgo && gaolfault

package fault

// A terminal for the commands that are given one: it has to be the controlling one of this process, which therefore starts itself again in
// a session of its own.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is this process's; nil: it could not be made.
var terminal *os.File

const inSession = "GAOL_FAULT_IN_SESSION"

// withTerminal does not return in the process that was started by others, unless there can be no terminal.
func withTerminal() error {
	if os.Getenv(inSession) != "" {
		terminal = os.NewFile(3, "terminal")
		unix.CloseOnExec(3)
		return nil
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		return err
	}
	slave, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer slave.Close()
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr, again.ExtraFiles = os.Stdin, os.Stdout, os.Stderr, []*os.File{slave}
	again.Env = append(os.Environ(), inSession+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3, Pdeathsig: syscall.SIGKILL}
	if err := again.Start(); err != nil {
		return err
	}
	err = again.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(max(exit.ExitCode(), 1))
	}
	os.Exit(0)
	return nil
}
