//go:build linux && cgo

package parity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// canceled starts the command, waits for its first output, ends its context and waits.
func canceled(x *run) string {
	out, _ := x.StdoutPipe()
	if err := x.Start(); err != nil {
		return x.Saw(err)
	}
	_, _ = out.Read(make([]byte, 1))
	x.cancel()
	return x.Saw(x.Wait())
}

// onCancel sends SIGTERM and returns the error.
func onCancel(result error) func(*run) {
	return func(x *run) {
		*x.Cancel = func() error { _ = x.Process().Signal(syscall.SIGTERM); return result }
	}
}

const (
	obeys  = "trap 'exit 0' TERM; echo; while :; do sleep 0.01; done"
	fails  = "trap 'exit 5' TERM; echo; while :; do sleep 0.01; done"
	dies   = "echo; exec sleep 60"
	resist = "trap '' TERM; echo; while :; do sleep 0.01; done"
)

// contextRows are about the end of a context, Cancel and WaitDelay.
var contextRows = []row{
	{name: "a context that has ended keeps a command from starting", cmd: sh("exit 0"), see: func(x *run) string {
		x.cancel()
		err := x.Run()
		return x.Saw(err, errors.Is(err, context.Canceled), x.Process() == nil)
	}},
	{name: "a context that ends kills", cmd: sh(dies), see: canceled},
	{name: "a context that ends kills what ignores everything", cmd: sh(resist), see: canceled},
	{name: "a context that ends after the program changes nothing", cmd: sh("exit 0"), see: func(x *run) string { err := x.Run(); x.cancel(); return x.Saw(err) }},
	{name: "a context that ends between the end and Wait changes no failure", cmd: sh("exit 3"), see: func(x *run) string {
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_, _ = io.ReadAll(out)
		ended(x)
		x.cancel()
		return x.Saw(x.Wait())
	}},
	{name: "Cancel that succeeds, of a program that exits with 0", cmd: sh(obeys), see: with(onCancel(nil), canceled)},
	{name: "Cancel that succeeds, of a program that fails", cmd: sh(fails), see: with(onCancel(nil), canceled)},
	{name: "Cancel that succeeds, of a program that is killed by it", cmd: sh(dies), see: with(onCancel(nil), canceled)},
	{name: "Cancel that finds no process, of a program that exits with 0", cmd: sh(obeys), see: with(onCancel(os.ErrProcessDone), canceled)},
	{name: "Cancel that finds no process, wrapped", cmd: sh(obeys), see: with(onCancel(fmt.Errorf("it: %w", os.ErrProcessDone)), canceled)},
	{name: "Cancel that fails, of a program that exits with 0", cmd: sh(obeys), see: with(onCancel(errors.New("cannot")), canceled)},
	{name: "Cancel that fails, of a program that fails", cmd: sh(fails), see: with(onCancel(errors.New("cannot")), canceled)},
	{name: "an error of Cancel is found in Wait's", cmd: sh(obeys), see: with(onCancel(io.ErrNoProgress), func(x *run) string {
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_, _ = out.Read(make([]byte, 1))
		x.cancel()
		return fmt.Sprint(errors.Is(x.Wait(), io.ErrNoProgress))
	})},
	{name: "Cancel is not called where the start fails", cmd: []string{"/no/such/program"}, see: func(x *run) string {
		var called atomic.Bool
		*x.Cancel = func() error { called.Store(true); return nil }
		err := x.Run()
		x.cancel()
		return x.Saw(err, called.Load())
	}},
	{name: "Cancel that is nil leaves the program alone", cmd: sh("echo; read line; exit 4"), see: func(x *run) string {
		*x.Cancel = nil
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_, _ = out.Read(make([]byte, 1))
		x.cancel()
		time.Sleep(50 * time.Millisecond) // for what must not happen
		_ = in.Close()
		return x.Saw(x.Wait())
	}},
	{name: "Cancel that is nil leaves WaitDelay to kill", cmd: sh(resist), see: with(func(x *run) { *x.Cancel, *x.WaitDelay = nil, 20*time.Millisecond }, canceled)},
	{name: "WaitDelay kills what Cancel did not end", cmd: sh(resist), see: with(onCancel(nil), with(func(x *run) { *x.WaitDelay = 20 * time.Millisecond }, canceled))},
	{name: "WaitDelay does not harm what ends in time", cmd: sh(obeys), see: with(onCancel(nil), with(func(x *run) { *x.WaitDelay = patience }, canceled))},
	{name: "Cancel without a context is refused", cmd: sh("exit 0"), bare: true, see: func(x *run) string {
		*x.Cancel = func() error { return nil }
		err := x.Run()
		if err == nil {
			return "it ran"
		}
		return fmt.Sprint(x.Process() == nil)
	}},
	{name: "no context needs no Cancel", cmd: sh("exit 3"), bare: true, see: func(x *run) string { return x.Saw(x.Run(), *x.Cancel == nil) }},
	{name: "a deadline kills", cmd: sh(dies), see: func(x *run) string {
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_, _ = out.Read(make([]byte, 1))
		time.AfterFunc(20*time.Millisecond, x.cancel)
		return x.Saw(x.Wait())
	}},
}

// ended waits until the program has ended, without waiting for it as its parent.
func ended(x *run) {
	for end := time.Now().Add(patience / 2); time.Now().Before(end); time.Sleep(time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", x.Process().Pid()))
		if err != nil || bytes.Contains(b, []byte(") Z ")) {
			return
		}
	}
}

// misuseRows are about the order in which things may be called.
var misuseRows = []row{
	{name: "Wait before Start", cmd: sh("exit 0"), see: func(x *run) string { return all(x.Wait(), x.Run()) }},
	{name: "Start twice", cmd: sh("exit 3"), see: func(x *run) string { return all(x.Start(), x.Start(), x.Start(), x.Wait()) }},
	{name: "Start twice leaves the pipes of the one that runs", cmd: sh("read line; echo $line"), see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		e1, e2 := x.Start(), x.Start()
		_, e3 := io.WriteString(in, "x\n")
		b, e4 := io.ReadAll(out)
		return x.Saw(x.Wait(), b, all(e1, e2, e3, e4))
	}},
	{name: "Wait twice", cmd: sh("exit 3"), see: func(x *run) string { return all(x.Start(), x.Wait(), x.Wait(), x.Wait()) }},
	{name: "Start after a start that failed", cmd: []string{"/no/such/program"}, see: func(x *run) string { return all(x.Start(), x.Start(), x.Wait()) }},
	{name: "Start after Err", cmd: sh("exit 0"), see: func(x *run) string {
		*x.Err = errors.New("no")
		e1 := x.Start()
		*x.Err = nil
		return all(e1, x.Start(), x.Wait())
	}},
	{name: "Start after a context that had ended", cmd: sh("exit 0"), see: func(x *run) string { x.cancel(); return all(x.Start(), x.Start()) }},
	{name: "Run twice", cmd: sh("exit 3"), see: func(x *run) string { return all(x.Run(), x.Run()) }},
	{name: "Run after the end leaves the state", cmd: sh("exit 3"), see: func(x *run) string { _ = x.Run(); return x.Saw(x.Run()) }},
	{name: "Output twice", cmd: sh("echo x"), see: func(x *run) string {
		a, e1 := x.Output()
		b, e2 := x.Output()
		return x.Saw(e1, a, b, e2)
	}},
	{name: "Output after Run", cmd: sh("echo x"), see: func(x *run) string { e1 := x.Run(); b, e2 := x.Output(); return x.Saw(e1, b, e2) }},
	{name: "Output with Stdout", cmd: sh("echo x"), see: with(func(x *run) { *x.Stdout = &bytes.Buffer{} }, output)},
	{name: "CombinedOutput with Stdout", cmd: sh("echo x"), see: with(func(x *run) { *x.Stdout = &bytes.Buffer{} }, combined)},
	{name: "CombinedOutput with Stderr", cmd: sh("echo x"), see: with(func(x *run) { *x.Stderr = &bytes.Buffer{} }, combined)},
	{name: "a command that was refused an output can still run", cmd: sh("echo x; exit 3"), see: func(x *run) string {
		var b bytes.Buffer
		*x.Stdout = &b
		_, e1 := x.Output()
		_, e2 := x.CombinedOutput()
		return x.Saw(x.Run(), &b, e1, e2)
	}},
	{name: "nothing is known before the start", cmd: sh("exit 0"), see: func(x *run) string { return fmt.Sprint(x.Process() == nil, x.State() == nil) }},
	{name: "a start that failed leaves no process and no state", cmd: []string{"/no/such/program"}, see: func(x *run) string { err := x.Run(); return x.Saw(err, x.Process() == nil, x.State() == nil) }},
	{name: "there is no state before Wait", cmd: sh("exit 0"), see: func(x *run) string {
		e1 := x.Start()
		before := x.State() == nil
		return fmt.Sprint(before, all(e1, x.Wait()), x.State() == nil)
	}},
	{name: "a nil context", cmd: sh("exit 0"), bare: true, see: func(x *run) (said string) {
		defer func() {
			if p := recover(); p != nil {
				said = fmt.Sprint("panic: ", p)
			}
		}()
		if x.Outside {
			var none context.Context
			_ = exec.CommandContext(none, "true")
		}
		return x.Saw(x.Run())
	},
		differs: "The context of Sandbox.Command may be nil: there is one function for what exec has two.",
		outside: `panic: nil Context`, inside: `error nil; exit status 0, code 0, exited true, success true`},
}

// waiting is a program that says something and then waits for its input.
const waiting = "echo; read line; exit 3"

// started starts the command with pipes, and returns what ends it.
func started(x *run) func() {
	in, _ := x.StdinPipe()
	out, _ := x.StdoutPipe()
	if err := x.Start(); err != nil {
		panic(err)
	}
	x.files = append(x.files, in, out)
	_, _ = out.Read(make([]byte, 1))
	return func() { _ = in.Close() }
}

// noSignal is none of the syscall package's.
type noSignal struct{}

func (noSignal) Signal()        {}
func (noSignal) String() string { return "no signal" }

// processRows are about Cmd.Process.
var processRows = []row{
	{name: "Kill", cmd: sh(waiting), see: func(x *run) string { started(x); e1 := x.Process().Kill(); return x.Saw(x.Wait(), e1) }},
	{name: "Signal ends a program that does not handle it", cmd: sh(waiting), see: func(x *run) string {
		started(x)
		e1 := x.Process().Signal(syscall.SIGTERM)
		return x.Saw(x.Wait(), e1)
	}},
	{name: "Signal reaches a handler", cmd: sh(fails), see: func(x *run) string {
		started(x)
		e1 := x.Process().Signal(syscall.SIGTERM)
		return x.Saw(x.Wait(), e1)
	}},
	{name: "Signal os.Interrupt", cmd: []string{"bash", "-c", "trap 'exit 6' INT; echo; while :; do sleep 0.01; done"}, see: func(x *run) string {
		started(x)
		e1 := x.Process().Signal(os.Interrupt)
		return x.Saw(x.Wait(), e1)
	}},
	{name: "Signal 0 asks whether it runs", cmd: sh(waiting), see: func(x *run) string {
		end := started(x)
		e1 := x.Process().Signal(syscall.Signal(0))
		end()
		err := x.Wait()
		return x.Saw(err, all(e1, x.Process().Signal(syscall.Signal(0))))
	}},
	{name: "Signal of another type", cmd: sh(waiting), see: func(x *run) string {
		end := started(x)
		e1 := x.Process().Signal(noSignal{})
		end()
		return x.Saw(x.Wait(), e1)
	}},
	{name: "Signal that there is none of", cmd: sh(waiting), see: func(x *run) string {
		end := started(x)
		e1 := x.Process().Signal(syscall.Signal(99))
		end()
		return x.Saw(x.Wait(), errors.Is(e1, syscall.EINVAL))
	}},
	{name: "Signal, Kill and Wait after Wait", cmd: sh("exit 3"), see: func(x *run) string {
		err := x.Run()
		p := x.Process()
		_, e3 := p.Wait()
		e1, e2 := p.Signal(syscall.SIGTERM), p.Kill()
		return x.Saw(err, all(e1, e2, e3), errors.Is(e1, os.ErrProcessDone), errors.Is(e3, syscall.ECHILD))
	}},
	{name: "Release after Wait", cmd: sh("exit 3"), see: func(x *run) string {
		err := x.Run()
		e1 := x.Process().Release()
		return x.Saw(err, all(e1, x.Process().Signal(syscall.SIGTERM)), x.Process().Pid())
	}},
	{name: "Process.Wait gives the state, and no error for a failure", cmd: sh(waiting), see: func(x *run) string {
		started(x)()
		s, err := x.Process().Wait()
		_, again := x.Process().Wait()
		return fmt.Sprint(s, s.ExitCode(), s.Pid() == x.Process().Pid(), x.State() == nil) + all(err, again)
	}},
	{name: "Wait after Process.Wait has no state", cmd: sh(waiting), bare: true, see: func(x *run) string {
		started(x)()
		_, e1 := x.Process().Wait()
		return x.Saw(x.Wait(), e1)
	}},
	{name: "after Release nothing is known of the program", cmd: sh(waiting), bare: true, see: func(x *run) string {
		end := started(x)
		p, pid := x.Process(), x.Process().Pid()
		e1 := p.Release()
		_, e2 := p.Wait()
		e3, e4 := p.Signal(syscall.SIGTERM), p.Release()
		end()
		err := x.Wait() // closes the pipes
		if x.Outside {
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
		return x.Saw(err, all(e1, e2, e3, e4), p.Pid())
	}},
	{name: "Pid is the program's number", cmd: sh(waiting), see: func(x *run) string {
		end := started(x)
		same := x.Process().Pid() == x.program()
		end()
		return x.Saw(x.Wait(), same)
	},
		differs: "Process is the sandbox's init, which passes signals on; SIGSTOP it cannot, and SIGKILL ends all that the program has started.",
		outside: `error exit status 3 (exit, stderr ""); exit status 3, code 3, exited true, success false; true`,
		inside:  `error exit status 3 (exit, stderr ""); exit status 3, code 3, exited true, success false; false`},
	{name: "the program is in the caller's session and group", cmd: sh(waiting), see: func(x *run) string {
		end := started(x)
		session, e1 := unix.Getsid(x.program())
		mine, e2 := unix.Getsid(0)
		group, e3 := unix.Getpgid(x.program())
		end()
		return x.Saw(x.Wait(), session == mine, group == unix.Getpgrp(), all(e1, e2, e3))
	},
		differs: "The program is in a session of its own, without a terminal; with Cmd.Terminal, in a process group of its own.",
		outside: `error exit status 3 (exit, stderr ""); exit status 3, code 3, exited true, success false; true; true; nil; nil; nil`,
		inside:  `error exit status 3 (exit, stderr ""); exit status 3, code 3, exited true, success false; false; false; nil; nil; nil`},
	{name: "SIGSTOP", cmd: sh(waiting), see: func(x *run) string {
		started(x)
		e1 := x.Process().Signal(syscall.SIGSTOP)
		_ = x.Process().Kill()
		return x.Saw(x.Wait(), e1 == nil)
	},
		differs: "Process is the sandbox's init, which passes signals on; SIGSTOP it cannot, and SIGKILL ends all that the program has started.",
		outside: `error signal: killed (exit, stderr ""); signal: killed, code -1, exited false, success false; true`,
		inside:  `error signal: killed (exit, stderr ""); signal: killed, code -1, exited false, success false; false`},
	{name: "Kill ends what the program has started", cmd: sh("exec sh -c 'sleep 60 & echo; wait'"), see: func(x *run) string {
		r, w := x.pipe()
		*x.Stderr = w
		started(x)
		e1 := x.Process().Kill()
		err := x.Wait()
		_ = w.Close()
		_ = r.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		_, rerr := r.Read(make([]byte, 1)) // the end, if nobody holds the other end any more
		if errors.Is(rerr, os.ErrDeadlineExceeded) {
			rerr = errors.New("somebody holds it")
		}
		return x.Saw(err, e1, rerr)
	},
		differs: "Process is the sandbox's init, which passes signals on; SIGSTOP it cannot, and SIGKILL ends all that the program has started.",
		outside: `error signal: killed (exit, stderr ""); signal: killed, code -1, exited false, success false; <nil>; somebody holds it`,
		inside:  `error signal: killed (exit, stderr ""); signal: killed, code -1, exited false, success false; <nil>; EOF`},
}
