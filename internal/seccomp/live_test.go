//go:build linux && cgo

// This file puts filters on real processes: a helper, which is this test binary started again, installs one and then tries calls or
// becomes a program. The test process itself must never install one: a filter stays for life.

package seccomp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const helperVariable = "GAOL_SECCOMP_HELPER"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(helperVariable); ok {
		if err := helper(text); err != nil {
			fmt.Fprintln(os.Stderr, "helper:", err)
			os.Exit(125)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// order is what the helper shall do: call, or become a program.
type order struct {
	Grants Grants
	Nr     int32
	Args   [6]uint64
	Argv   []string
}

func helper(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	os.Unsetenv(helperVariable)
	f, err := Filter(o.Grants)
	if err != nil {
		return err
	}
	var raw []unix.SockFilter
	for _, i := range f {
		raw = append(raw, unix.SockFilter{Code: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	program := unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	const setModeFilter = 1
	if tid, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program))); errno != 0 || tid != 0 {
		return fmt.Errorf("install: %v, thread %d", errno, tid)
	}
	runtime.KeepAlive(raw)
	if o.Argv != nil {
		path, err := exec.LookPath(o.Argv[0])
		if err != nil {
			return err
		}
		return syscall.Exec(path, o.Argv, os.Environ())
	}
	a := o.Args
	_, _, errno := unix.Syscall6(uintptr(o.Nr), uintptr(a[0]), uintptr(a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(a[4]), uintptr(a[5]))
	fmt.Println(int(errno))
	return nil
}

func (o order) run(t *testing.T) (string, error) {
	t.Helper()
	needsKernel(t)
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, self)
	c.Dir = t.TempDir()
	// SHELL: where it is missing, bash looks for its user's one, and asks the name service over a socket.
	c.Env = append(os.Environ(), helperVariable+"="+string(text), "HOME="+c.Dir, "SHELL=/bin/sh", "GOFLAGS=-mod=mod", "GOCACHE="+c.Dir+"/cache")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	c.WaitDelay = time.Second
	err = c.Run()
	return out.String(), err
}

func TestTheKernelAnswersAsTheSimulatorDoes(t *testing.T) {
	m := native(t)
	for _, c := range []struct {
		name   string
		call   string
		args   [6]uint64
		grants Grants
		errno  syscall.Errno
		kill   bool
	}{
		{"getpid works", "getpid", [6]uint64{}, none, 0, false},
		{"getpid works when killing", "getpid", [6]uint64{}, Grants{Kill: true}, 0, false},
		{"ptrace is denied", "ptrace", [6]uint64{}, all, unix.EPERM, false},
		{"ptrace kills", "ptrace", [6]uint64{}, Grants{Kill: true}, 0, true},
		{"clone3 looks absent", "clone3", [6]uint64{}, all, unix.ENOSYS, false},
		{"clone3 looks absent when killing", "clone3", [6]uint64{}, Grants{Kill: true}, unix.ENOSYS, false},
		// on a closed descriptor the kernel itself says EBADF
		{"TCGETS reaches the kernel", "ioctl", [6]uint64{999, 0x5401}, none, unix.EBADF, false},
		{"TIOCSTI is denied", "ioctl", [6]uint64{999, 0x5412}, none, unix.EPERM, false},
		{"TIOCSTI with high bits is denied", "ioctl", [6]uint64{999, 0x5412 | high}, none, unix.EPERM, false},
		{"TIOCSTI kills", "ioctl", [6]uint64{999, 0x5412}, Grants{Kill: true}, 0, true},
		{"a TCP socket is denied", "socket", [6]uint64{2, 1}, none, unix.EPERM, false},
		{"a TCP socket is made", "socket", [6]uint64{2, 1}, internet, 0, false},
		{"a TCP socket is made to listen", "socket", [6]uint64{2, 1}, listen, 0, false},
		{"a UDP socket is denied to listen", "socket", [6]uint64{2, 2}, listen, unix.EPERM, false},
		{"a UDP socket is made", "socket", [6]uint64{2, 2}, internet, 0, false},
		{"connect reaches the kernel", "connect", [6]uint64{999}, internet, unix.EBADF, false},
		{"connect is denied without a network", "connect", [6]uint64{999}, none, unix.EPERM, false},
		{"connect is denied where only listening is granted", "connect", [6]uint64{999}, listen, unix.EPERM, false},
		{"sendto reaches the kernel", "sendto", [6]uint64{999, 0, 0, 0x4000}, listen, unix.EBADF, false},
		{"a fast open by sendto is denied", "sendto", [6]uint64{999, 0, 0, fastOpen}, listen, unix.EPERM, false},
		{"a fast open by sendto reaches the kernel", "sendto", [6]uint64{999, 0, 0, fastOpen}, all, unix.EBADF, false},
		{"a fast open by sendmsg is denied", "sendmsg", [6]uint64{999, 0, fastOpen}, listen, unix.EPERM, false},
		{"a fast open by sendmmsg is denied", "sendmmsg", [6]uint64{999, 0, 0, fastOpen}, listen, unix.EPERM, false},
		{"a named local socket is denied", "socket", [6]uint64{1, 1}, all, unix.EPERM, false},
		// a path at 0 is EFAULT to the kernel
		{"a mode reaches the kernel", "fchmod", [6]uint64{999, 0o1755}, none, unix.EBADF, false},
		{"a set-user-ID mode is denied", "fchmod", [6]uint64{999, 0o4755}, all, unix.EPERM, false},
		{"a set-user-ID mode kills", "fchmod", [6]uint64{999, 0o4755}, Grants{Kill: true}, 0, true},
		{"a mode at a directory reaches the kernel", "fchmodat", [6]uint64{999, 0, 0o755}, none, unix.EFAULT, false},
		{"a set-group-ID mode at a directory is denied", "fchmodat", [6]uint64{999, 0, 0o2755 | high}, all, unix.EPERM, false},
		{"a set-user-ID mode with flags is denied", "fchmodat2", [6]uint64{999, 0, 0o4755}, all, unix.EPERM, false},
		{"a directory reaches the kernel", "mkdirat", [6]uint64{999, 0, 0o1777}, none, unix.EFAULT, false},
		{"a set-group-ID directory is denied", "mkdirat", [6]uint64{999, 0, 0o2755}, all, unix.EPERM, false},
		{"a FIFO reaches the kernel", "mknodat", [6]uint64{999, 0, sIFIFO | 0o600}, none, unix.EFAULT, false},
		{"a set-user-ID file by mknodat is denied", "mknodat", [6]uint64{999, 0, sIFREG | 0o4755}, all, unix.EPERM, false},
		{"creating reaches the kernel", "openat", [6]uint64{999, 0, unix.O_CREAT, 0o755}, none, unix.EFAULT, false},
		{"creating set-user-ID is denied", "openat", [6]uint64{999, 0, unix.O_CREAT | high, 0o4755}, all, unix.EPERM, false},
		{"an unnamed set-user-ID file is denied", "openat", [6]uint64{999, 0, unix.O_TMPFILE | unix.O_RDWR, 0o4755}, all, unix.EPERM, false},
		{"an unused mode reaches the kernel", "openat", [6]uint64{999, 0, unix.O_RDWR, 0o4755}, none, unix.EFAULT, false},
		{"openat2 looks absent", "openat2", [6]uint64{999}, all, unix.ENOSYS, false},
		{"openat2 looks absent when killing", "openat2", [6]uint64{999}, Grants{Kill: true}, unix.ENOSYS, false},
		{"a namespace is denied", "unshare", [6]uint64{0x10000000}, all, unix.EPERM, false},
		{"a TCP socket is made for ports", "socket", [6]uint64{2, 1}, tcp, 0, false},
		{"a UDP socket is denied for ports of TCP", "socket", [6]uint64{2, 2}, tcp, unix.EPERM, false},
		{"MPTCP is denied", "socket", [6]uint64{2, 1, 262}, tcp, unix.EPERM, false},
		{"SCTP is denied", "socket", [6]uint64{2, 1, 132}, tcp, unix.EPERM, false},
		{"connect reaches the kernel for ports", "connect", [6]uint64{999}, tcp, unix.EBADF, false},
		{"a fast open by sendto is denied for ports", "sendto", [6]uint64{999, 0, 0, fastOpen}, tcp, unix.EPERM, false},
		{"a UDP socket is made for ports", "socket", [6]uint64{2, 2}, udp, 0, false},
		{"a TCP socket is denied for ports of UDP", "socket", [6]uint64{2, 1}, udp, unix.EPERM, false},
		{"an ICMP socket is denied", "socket", [6]uint64{2, 2, 1}, udp, unix.EPERM, false},
		{"a local stream is made", "socket", [6]uint64{1, 1}, local, 0, false},
		{"local datagrams are made", "socket", [6]uint64{1, 2}, local, 0, false},
		{"local packets are made", "socket", [6]uint64{1, 5, 1}, localListen, 0, false},
		{"local datagrams are denied to listen", "socket", [6]uint64{1, 2}, localListen, unix.EPERM, false},
		{"a datagram pair reaches the kernel", "socketpair", [6]uint64{1, 2, 0, 0}, local, unix.EFAULT, false},
		{"a datagram pair is denied", "socketpair", [6]uint64{1, 2, 0, 0}, none, unix.EPERM, false},
		{"bind reaches the kernel", "bind", [6]uint64{999}, localListen, unix.EBADF, false},
		{"bind is denied to clients", "bind", [6]uint64{999}, local, unix.EPERM, false},
		{"connect is denied to servers", "connect", [6]uint64{999}, localListen, unix.EPERM, false},
		{"ptrace reaches the kernel", "ptrace", [6]uint64{16, 0x7ffffffe}, Grants{Trace: true}, unix.ESRCH, false},
		{"kcmp is denied", "kcmp", [6]uint64{0x7ffffffe, 0x7ffffffe}, none, unix.EPERM, false},
		{"process_vm_readv reaches the kernel", "process_vm_readv", [6]uint64{0x7ffffffe, 0, 0, 0, 0, 1}, Grants{Trace: true}, unix.EINVAL, false},
		{"pidfd_getfd reaches the kernel", "pidfd_getfd", [6]uint64{999}, Grants{Trace: true}, unix.EBADF, false},
		{"a FIFO is denied", "mknodat", [6]uint64{999, 0, sIFIFO | 0o600}, strict, unix.EPERM, false},
		{"a file by mknodat reaches the kernel", "mknodat", [6]uint64{999, 0, sIFREG | 0o600}, strict, unix.EFAULT, false},
		{"System V reaches the kernel", "shmget", [6]uint64{0, 0, 0}, Grants{SystemV: true}, unix.EINVAL, false},
		{"System V is denied", "shmget", [6]uint64{0, 0, 0}, none, unix.EPERM, false},
		{"a queue reaches the kernel", "mq_unlink", [6]uint64{0}, Grants{Queues: true}, unix.EFAULT, false},
		{"a queue is denied", "mq_unlink", [6]uint64{0}, none, unix.EPERM, false},
		{"a mode is denied", "fchmod", [6]uint64{999, 0o755}, strict, unix.EPERM, false},
		{"an owner reaches the kernel", "fchown", [6]uint64{999}, Grants{Attributes: true}, unix.EBADF, false},
		{"an owner is denied", "fchown", [6]uint64{999}, strict, unix.EPERM, false},
		{"times reach the kernel", "utimensat", [6]uint64{999}, Grants{Attributes: true}, unix.EBADF, false},
		{"times are denied", "utimensat", [6]uint64{999}, strict, unix.EPERM, false},
		{"flags of a file reach the kernel", "ioctl", [6]uint64{999, 0x40086602}, none, unix.EBADF, false},
		{"flags of a file are denied", "ioctl", [6]uint64{999, 0x40086602 | high}, strict, unix.EPERM, false},
		{"a snapshot is denied", "ioctl", [6]uint64{999, 0x50009417 | high}, all, unix.EPERM, false},
		{"a clone of a file reaches the kernel", "ioctl", [6]uint64{999, 0x40049409}, strict, unix.EBADF, false},
		{"truncate reaches the kernel", "truncate", [6]uint64{0}, Grants{Truncate: true}, unix.EFAULT, false},
		{"truncate is denied", "truncate", [6]uint64{0}, strict, unix.EPERM, false},
		{"emptying what is written reaches the kernel", "openat", [6]uint64{999, 0, oTrunc | oWronly}, strict, unix.EFAULT, false},
		{"emptying what is read is denied", "openat", [6]uint64{999, 0, oTrunc}, strict, unix.EPERM, false},
		{"emptying with no access is denied", "openat", [6]uint64{999, 0, oTrunc | oAccmode}, strict, unix.EPERM, false},
		{"emptying what is read reaches the kernel", "openat", [6]uint64{999, 0, oTrunc}, Grants{Truncate: true}, unix.EFAULT, false},
		{"own niceness is set", "setpriority", [6]uint64{0, 0, 19}, strict, 0, false},
		{"a group's niceness is denied", "setpriority", [6]uint64{1, 0, 19}, strict, unix.EPERM, false},
		{"own processors reach the kernel", "sched_setaffinity", [6]uint64{0, 8, 0}, strict, unix.EFAULT, false},
		{"another's processors reach the kernel", "sched_setaffinity", [6]uint64{0x7ffffffe, 8, 0}, none, unix.EFAULT, false},
		{"another's processors are denied", "sched_setaffinity", [6]uint64{0x7ffffffe, 8, 0}, strict, unix.EPERM, false},
		{"own disk priority is set", "ioprio_set", [6]uint64{1, 0, 0x4007}, strict, 0, false},
		{"another's disk priority is denied", "ioprio_set", [6]uint64{1, 0x7ffffffe, 0x4007}, strict, unix.EPERM, false},
		{"a lease is denied", "fcntl", [6]uint64{999, 1024}, strict, unix.EPERM, false},
		{"a lease is denied with attributes", "fcntl", [6]uint64{999, 1024}, none, unix.EPERM, false},
		{"another command reaches the kernel", "fcntl", [6]uint64{999, 1}, none, unix.EBADF, false},
		{"another command reaches the kernel", "fcntl", [6]uint64{999, 3}, strict, unix.EBADF, false},
		{"a personality is set by name", "personality", [6]uint64{8}, Grants{Names: "personality"}, 0, false},
		{"a personality is denied", "personality", [6]uint64{8}, all, unix.EPERM, false},
		{"own pages by name", "move_pages", [6]uint64{}, Grants{Names: "move_pages"}, 0, false},
		{"another's pages by name are denied", "move_pages", [6]uint64{0x7ffffffe}, Grants{Names: "move_pages"}, unix.EPERM, false},
		{"a batch by name reaches the kernel", "io_submit", [6]uint64{0, 1}, Grants{Names: "io_submit"}, unix.EINVAL, false},
		{"a batch is denied", "io_submit", [6]uint64{0, 1}, none, unix.EPERM, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			nr, ok := number(c.call)
			if !ok {
				t.Fatalf("libseccomp does not know %s", c.call)
			}
			out, err := order{Grants: c.grants, Nr: int32(nr), Args: c.args}.run(t)
			simulated := verdict(t, compile(t, c.grants), Call{m.audit, int32(nr), c.args})
			if c.kill {
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS || simulated != KillProcess {
					t.Errorf("got %v (%s), simulated %s; want SIGSYS", err, out, verdictName(simulated))
				}
				return
			}
			if err != nil || strings.TrimSpace(out) != fmt.Sprint(int(c.errno)) {
				t.Errorf("got %q, %v; want errno %d", out, err, c.errno)
			}
			if denied := c.errno == unix.EPERM || c.errno == unix.ENOSYS; denied != (simulated != Allow) {
				t.Errorf("errno %d, simulated %s", c.errno, verdictName(simulated))
			}
		})
	}
	if m.x32 {
		t.Run("the x32 ABI kills", func(t *testing.T) {
			_, err := order{Grants: none, Nr: x32Bit | 39}.run(t)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS {
				t.Errorf("got %v; want SIGSYS", err)
			}
		})
	}
}

func TestAFilterCanBeCompiledUnderAFilter(t *testing.T) {
	native(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := order{Grants: none, Argv: []string{self, "-test.run=^TestTheSameGrantsGiveTheSameFilterFromManyThreads$"}}.run(t)
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
