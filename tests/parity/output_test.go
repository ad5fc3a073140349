//go:build linux && cgo

package parity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/either"
	"github.com/gaol-sandbox/gaol/tests/outside"
)

// endRows are about how a program ends and what is known of it.
var endRows = []row{
	{name: "exit 0 is no error", cmd: sh("exit 0"), see: ran},
	{name: "exit 1 is an ExitError", cmd: sh("exit 1"), see: ran},
	{name: "exit 255 is its code", cmd: sh("exit 255"), see: ran},
	{name: "exit 128+9 is no signal", cmd: sh("exit 137"), see: ran},
	{name: "exit 256 is 0", cmd: sh("exit 256"), see: ran},
	{name: "SIGHUP", cmd: sh("kill -HUP $$"), see: ran},
	{name: "SIGINT", cmd: sh("kill -INT $$"), see: ran},
	{name: "SIGTERM", cmd: sh("kill -TERM $$"), see: ran},
	{name: "SIGKILL", cmd: sh("kill -KILL $$"), see: ran},
	{name: "SIGUSR1", cmd: sh("kill -USR1 $$"), see: ran},
	{name: "SIGALRM", cmd: sh("kill -ALRM $$"), see: ran},
	{name: "a real-time signal", cmd: sh("kill -34 $$"), see: ran},
	{name: "an ExitError has the state's methods and no stderr without Output", cmd: sh("echo x >&2; exit 3"), see: func(x *run) string {
		s, stderr, ok := either.Exit(x.Run())
		return fmt.Sprint(s.ExitCode(), s.Exited(), s.Success(), s, stderr == nil, ok)
	}},
	{name: "an ExitError is found through wrapping, by its methods too", cmd: sh("exit 3"), see: func(x *run) string {
		var coded interface {
			error
			ExitCode() int
		}
		ok := errors.As(fmt.Errorf("wrapped: %w", x.Run()), &coded)
		return fmt.Sprint(ok, coded.ExitCode(), coded)
	}},
	{name: "an ExitError is none of the errors of a program that never ran", cmd: sh("exit 127"), see: func(x *run) string { return kinds(x.Run()) }},
	{name: "usage, times and the process's number are there", cmd: sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"), see: func(x *run) string {
		err := x.Run()
		s := x.State()
		u := s.SysUsage().(*syscall.Rusage)
		return x.Saw(err, s.UserTime()+s.SystemTime() > 0, s.Pid() == x.Process().Pid(), s.Pid() > 0, u.Maxrss > 100, u.Minflt > 0, u.Utime.Nano()+u.Stime.Nano() > 0, u.Nvcsw+u.Nivcsw > 0)
	}},
	{name: "usage has what the program's children used", cmd: sh("(i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done)"), see: func(x *run) string {
		err := x.Run()
		return x.Saw(err, x.State().UserTime()+x.State().SystemTime() > 0)
	}},
	{name: "Sys is the wait status of an exit", cmd: sh("exit 5"), see: waitStatus},
	{name: "Sys is the wait status of a signal", cmd: sh("kill -TERM $$"), see: waitStatus},
	{name: "the state of a program that failed is the error's", cmd: sh("exit 5"), see: func(x *run) string {
		s, _, _ := either.Exit(x.Run())
		return fmt.Sprint(s.Pid() == x.State().Pid(), s.String() == x.State().String())
	}},
	{name: "no state is a state, too", cmd: sh("exit 0"), see: func(x *run) string {
		if x.Outside {
			return fmt.Sprint((*os.ProcessState)(nil).ExitCode(), (*os.ProcessState)(nil))
		}
		return fmt.Sprint((*gaol.ProcessState)(nil).ExitCode(), (*gaol.ProcessState)(nil))
	}},
}

func waitStatus(x *run) string {
	err := x.Run()
	w := x.State().Sys().(syscall.WaitStatus)
	return x.Saw(err, uint32(w), w.Exited(), w.ExitStatus(), w.Signaled(), w.Signal(), w.CoreDump())
}

// outputRows are about what a program writes.
var outputRows = []row{
	{name: "Output is standard output alone", cmd: sh("echo a; echo b >&2"), see: output},
	{name: "Output of a failure has its standard error", cmd: sh("echo a; echo b >&2; exit 3"), see: output},
	{name: "Output of a signal has its standard error", cmd: sh("echo a; echo b >&2; kill -9 $$"), see: output},
	{name: "Output keeps all of 64 KiB of standard error", cmd: sh("head -c 65536 /dev/zero >&2; exit 1"), see: output},
	{name: "Output keeps start and end of more", cmd: sh("seq 1 100000 >&2; exit 1"), see: output},
	{name: "Output leaves out a single byte", cmd: sh("head -c 65537 /dev/zero >&2; exit 1"), see: output},
	{name: "Output leaves a Stderr that is set alone", cmd: sh("echo a; echo b >&2; exit 1"), see: func(x *run) string {
		var b bytes.Buffer
		*x.Stderr = &b
		out, err := x.Output()
		return x.Saw(err, out, &b)
	}},
	{name: "Output of nothing is empty, not nil", cmd: sh("exit 0"), see: func(x *run) string { out, err := x.Output(); return x.Saw(err, out == nil, len(out)) }},
	{name: "CombinedOutput has both in order", cmd: sh("echo a; echo b >&2; echo c; exit 3"), see: combined},
	{name: "CombinedOutput keeps no stderr in the error", cmd: sh("echo b >&2; exit 1"), see: combined},
	{name: "much output is all there", cmd: sh("seq 1 200000"), see: func(x *run) string {
		out, err := x.Output()
		return x.Saw(err, len(out), bytes.HasSuffix(out, []byte("200000\n")))
	}},
	{name: "Stdout and Stderr can be different writers", cmd: sh("echo a; echo b >&2; exit 1"), see: func(x *run) string {
		var a, b bytes.Buffer
		*x.Stdout, *x.Stderr = &a, &b
		return x.Saw(x.Run(), &a, &b)
	}},
	{name: "Stdout and Stderr can be the same writer, used by one at a time", cmd: sh("i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"), see: func(x *run) string {
		var a bytes.Buffer
		*x.Stdout, *x.Stderr = &a, &a
		return x.Saw(x.Run(), &a)
	}},
	{name: "Stdout and Stderr can be of a type that cannot be compared", cmd: sh("echo a; echo b >&2"), see: func(x *run) string {
		var a, b bytes.Buffer
		*x.Stdout, *x.Stderr = either.Uncomparable{To: &a}, either.Uncomparable{To: &b}
		return x.Saw(x.Run(), &a, &b)
	}},
	{name: "Stderr alone", cmd: sh("echo a; echo b >&2"), see: func(x *run) string {
		var b bytes.Buffer
		*x.Stderr = &b
		return x.Saw(x.Run(), &b)
	}},
	{name: "a writer that fails is the error of a program that did not", cmd: sh("echo once"), see: with(func(x *run) { *x.Stdout = &either.Faulty{} }, ran)},
	{name: "a writer that fails is not the error of a program that failed", cmd: sh("echo once; exit 3"), see: with(func(x *run) { *x.Stdout = &either.Faulty{} }, ran)},
	{name: "a writer that fails ends a program that goes on writing", cmd: []string{"yes"}, see: with(func(x *run) { *x.Stdout = &either.Faulty{} }, ran)},
	{name: "a program that closes its streams still exits", cmd: sh("exec <&- >&- 2>&-; exit 3"), see: func(x *run) string {
		var a, b bytes.Buffer
		*x.Stdin, *x.Stdout, *x.Stderr = strings.NewReader("x"), &a, &b
		return x.Saw(x.Run(), &a, &b)
	}},
	{name: "a program that closes its streams is waited for", cmd: sh("exec >&- 2>&-; read line; exit 4"), see: func(x *run) string {
		in, e1 := x.StdinPipe()
		out, e2 := x.StdoutPipe()
		e3 := x.Start()
		b, e4 := io.ReadAll(out) // ends before the program
		_, e5 := io.WriteString(in, "go\n")
		return x.Saw(x.Wait(), b, all(e1, e2, e3, e4, e5))
	}},
	{name: "without Stdout and Stderr they are the null device, to write to", cmd: sh("echo x && echo y >&2 && ! cat <&1 && ! cat <&2 2>/dev/null"), see: ran},
	{name: "what a program leaves behind ends with it, so that its pipe does",
		cmd: sh("(sleep 0.3; echo late) & echo early"), see: output,
		differs: "What a program leaves behind ends with it.",
		outside: `error nil; exit status 0, code 0, exited true, success true; "early\nlate\n"`, inside: `error nil; exit status 0, code 0, exited true, success true; "early\n"`},
	{name: "WaitDelay has nothing to cut off where nothing is left behind",
		cmd: sh("sleep 3 & echo early"), see: with(func(x *run) { *x.WaitDelay = 50e6 }, output),
		differs: "What a program leaves behind ends with it.",
		outside: `error gaol: WaitDelay expired before I/O complete; exit status 0, code 0, exited true, success true; "early\n"`,
		inside:  `error nil; exit status 0, code 0, exited true, success true; "early\n"`},
	{name: "WaitDelay cuts off what something outside holds, and is the error whatever the writers said", cmd: sh("echo $$; read line"), see: func(x *run) string {
		var out holder
		*x.Stdout, *x.WaitDelay = &out, 50e6
		out.said = make(chan string, 1)
		in, e1 := x.StdinPipe()
		e2 := x.Start()
		<-out.said
		held := x.hold(1)
		e3 := in.Close()
		err := x.Wait()
		_, after := held.Write([]byte("x"))
		return x.Saw(err, all(e1, e2, e3), errors.Is(after, syscall.EPIPE))
	}},
}

// holder is a writer that says when something was written.
type holder struct{ said chan string }

func (h *holder) Write(b []byte) (int, error) { h.said <- string(b); return len(b), nil }

// hold opens the program's descriptor, as another process might have.
func (x *run) hold(fd int) *os.File {
	return x.open(fmt.Sprintf("/proc/%d/fd/%d", x.program(), fd), os.O_WRONLY)
}

// program is the number of the program itself.
func (x *run) program() int {
	pid := x.Process().Pid()
	if x.Outside {
		return pid
	}
	of := outside.Children(pid) // that was the init
	if len(of) != 1 {
		panic(fmt.Sprint("the init's children: ", of))
	}
	return of[0]
}
