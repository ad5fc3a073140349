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

	"github.com/gaol-sandbox/gaol/tests/either"
	"golang.org/x/sys/unix"
)

// pipeRows are about StdinPipe, StdoutPipe and StderrPipe.
var pipeRows = []row{
	{name: "all three can be pipes", cmd: sh("cat; echo err >&2; exit 2"), see: func(x *run) string {
		in, e1 := x.StdinPipe()
		out, e2 := x.StdoutPipe()
		errs, e3 := x.StderrPipe()
		e4 := x.Start()
		_, e5 := io.WriteString(in, "one\ntwo\n")
		e6 := in.Close()
		a, e7 := io.ReadAll(out)
		b, e8 := io.ReadAll(errs)
		return x.Saw(x.Wait(), a, b, all(e1, e2, e3, e4, e5, e6, e7, e8))
	}},
	{name: "pipes are files", cmd: sh("exit 0"), see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		errs, _ := x.StderrPipe()
		return x.Saw(x.Run(), fmt.Sprintf("%T %T %T", in, out, errs))
	}},
	{name: "Wait closes the pipes", cmd: sh("exit 0"), see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		errs, _ := x.StderrPipe()
		err := x.Run()
		_, e1 := in.Write([]byte("x"))
		_, e2 := out.Read(make([]byte, 1))
		_, e3 := errs.Read(make([]byte, 1))
		return x.Saw(err, all(e1, e2, e3, in.Close(), out.Close(), errs.Close()))
	}},
	{name: "Wait before reading loses what was written", cmd: sh("echo lost"), see: func(x *run) string {
		out, _ := x.StdoutPipe()
		err := x.Run()
		b, rerr := io.ReadAll(out)
		return x.Saw(err, b, rerr)
	}},
	{name: "a start that fails closes the pipes", cmd: []string{"/no/such/program"}, see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		errs, _ := x.StderrPipe()
		err := x.Start()
		_, e1 := in.Write([]byte("x"))
		_, e2 := out.Read(make([]byte, 1))
		_, e3 := errs.Read(make([]byte, 1))
		return x.Saw(err, all(e1, e2, e3))
	}},
	{name: "the end of standard input is its Close, which can be called once", cmd: sh("cat"), see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_, e1 := io.WriteString(in, "x")
		e2, e3 := in.Close(), in.Close()
		b, e4 := io.ReadAll(out)
		return x.Saw(x.Wait(), b, all(e1, e2, e3, e4))
	}},
	{name: "writing to a program that has ended is EPIPE", cmd: sh("exit 0"), see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_, _ = io.ReadAll(out)
		_, werr := in.Write(bytes.Repeat([]byte("x"), 1<<20))
		return x.Saw(x.Wait(), errors.Is(werr, syscall.EPIPE), werr)
	}},
	{name: "a program whose caller does not read ends by SIGPIPE", cmd: []string{"yes"}, see: func(x *run) string {
		out, _ := x.StdoutPipe()
		_ = x.Start()
		_ = out.Close()
		return x.Saw(x.Wait())
	}},
	{name: "a shell learns of SIGPIPE inside", cmd: []string{"bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}"}, see: output},
	{name: "much goes both ways at once", cmd: []string{"cat"}, see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		_ = x.Start()
		written := make(chan error, 1)
		go func() {
			_, err := in.Write(bytes.Repeat([]byte("0123456789"), 1<<18))
			_ = in.Close()
			written <- err
		}()
		n, e1 := io.Copy(io.Discard, out)
		return x.Saw(x.Wait(), n, all(e1, <-written))
	}},
	{name: "lines come as they are written", cmd: sh("while read line; do echo got $line; done"), see: func(x *run) string {
		in, _ := x.StdinPipe()
		out, _ := x.StdoutPipe()
		_ = x.Start()
		text, b := "", make([]byte, 64)
		for _, line := range []string{"one\n", "two\n"} {
			_, _ = io.WriteString(in, line)
			n, _ := out.Read(b)
			text += string(b[:n])
		}
		_ = in.Close()
		return x.Saw(x.Wait(), text)
	}},
	{name: "a pipe beside a writer", cmd: sh("echo a; echo b >&2"), see: func(x *run) string {
		var b bytes.Buffer
		*x.Stderr = &b
		out, _ := x.StdoutPipe()
		_ = x.Start()
		a, _ := io.ReadAll(out)
		return x.Saw(x.Wait(), a, &b)
	}},
	{name: "no pipe twice, and none where there is something", cmd: sh("exit 0"), see: func(x *run) string {
		*x.Stdin, *x.Stdout, *x.Stderr = strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}
		_, e1 := x.StdinPipe()
		_, e2 := x.StdoutPipe()
		_, e3 := x.StderrPipe()
		*x.Stdin, *x.Stdout, *x.Stderr = nil, nil, nil
		_, e4 := x.StdinPipe()
		_, e5 := x.StdinPipe()
		_, e6 := x.StdoutPipe()
		_, e7 := x.StdoutPipe()
		_, e8 := x.Output()
		return x.Saw(x.Run(), all(e1, e2, e3, e4, e5, e6, e7, e8))
	}},
	{name: "no pipe after the start, nor after the end", cmd: sh("exit 0"), see: func(x *run) string {
		e0 := x.Start()
		_, e1 := x.StdinPipe()
		_, e2 := x.StdoutPipe()
		_, e3 := x.StderrPipe()
		e4 := x.Wait()
		_, e5 := x.StdoutPipe()
		return all(e0, e1, e2, e3, e4, e5)
	}},
}

// inputRows are about standard input.
var inputRows = []row{
	{name: "Stdin from a reader", cmd: []string{"cat"}, see: stdin(func(*run) io.Reader { return strings.NewReader("read") }, output)},
	{name: "Stdin from a file", cmd: []string{"cat"}, see: stdin(func(x *run) io.Reader { return x.open("text", os.O_RDONLY) }, output)},
	{name: "Stdin from a file is read on from where it was, and moves on", cmd: sh("head -c 1"), see: func(x *run) string {
		f := x.open("text", os.O_RDONLY)
		_, _ = f.Seek(2, io.SeekStart)
		*x.Stdin = f
		out, err := x.Output()
		here, _ := f.Seek(0, io.SeekCurrent)
		return x.Saw(err, out, here > 2)
	}},
	{name: "Stdin from a pipe of the caller's", cmd: []string{"cat"}, see: func(x *run) string {
		r, w := x.pipe()
		_, _ = w.WriteString("piped")
		_ = w.Close()
		*x.Stdin = r
		return output(x)
	}},
	{name: "Stdin from nothing is the null device, to read from", cmd: sh("cat; ! echo x 2>/dev/null >&0"), see: output},
	{name: "Stdin from a reader that fails", cmd: []string{"cat"}, see: stdin(func(*run) io.Reader { return &either.Faulty{After: 1000} }, output)},
	{name: "Stdin from a reader that fails, of a program that fails", cmd: sh("cat; exit 3"), see: stdin(func(*run) io.Reader { return &either.Faulty{After: 10} }, output)},
	{name: "Stdin from a reader that never ends", cmd: sh("head -c 5"), see: stdin(func(*run) io.Reader { return &either.Faulty{After: 1 << 60} }, func(x *run) string { out, err := x.Output(); return x.Saw(err, len(out)) })},
	{name: "Stdin from a reader that nobody reads", cmd: sh("exit 0"), see: stdin(func(*run) io.Reader { return bytes.NewReader(make([]byte, 3<<20)) }, ran)},
	{name: "Stdin from a reader that fails with EPIPE is the reader's error", cmd: []string{"cat"}, see: stdin(func(*run) io.Reader { return io.MultiReader(strings.NewReader("x"), broken{}) }, output)},
	{name: "Stdin from a file behind a reader", cmd: []string{"cat"}, see: stdin(func(x *run) io.Reader { return struct{ io.Reader }{x.open("text", os.O_RDONLY)} }, output)},
	{name: "Stdin from a reader that waits for the program's end is waited for", cmd: sh("exit 0"), see: func(x *run) string {
		r, w := io.Pipe()
		out, _ := x.StdoutPipe()
		*x.Stdin = r
		e1 := x.Start()
		_, e2 := io.ReadAll(out)
		done := make(chan error, 1)
		go func() { done <- x.Wait() }()
		e3 := w.Close()
		return x.Saw(<-done, all(e1, e2, e3))
	}},
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, syscall.EPIPE }

// fileRows are about files that are handed over.
var fileRows = []row{
	{name: "Stdout and Stderr can be the same file", cmd: sh("echo a; echo b >&2"), see: func(x *run) string {
		r, w := x.pipe()
		*x.Stdout, *x.Stderr = w, w
		err := x.Run()
		_ = w.Close()
		b, _ := io.ReadAll(r)
		return x.Saw(err, b)
	}},
	{name: "files stay the caller's", cmd: sh("exit 0"), see: func(x *run) string {
		in, null := x.open("text", os.O_RDONLY), x.open(os.DevNull, os.O_WRONLY)
		*x.Stdin, *x.Stdout, *x.ExtraFiles = in, null, []*os.File{in}
		err := x.Run()
		_, e1 := in.Stat()
		_, e2 := null.WriteString("x")
		return x.Saw(err, all(e1, e2))
	}},
	{name: "ExtraFiles[i] is descriptor 3+i", cmd: sh("cat <&4; cat <&3; cat <&5"), see: func(x *run) string {
		*x.ExtraFiles = []*os.File{x.open("script", os.O_RDONLY), x.open("text", os.O_RDONLY), x.open("bare", os.O_RDONLY)}
		return output(x)
	}},
	{name: "a file can be there more than once", cmd: sh("head -c 2 <&3 >/dev/null; cat <&4; : <&5"), see: func(x *run) string {
		f := x.open("text", os.O_RDONLY)
		*x.ExtraFiles = []*os.File{f, f, f}
		return x.Saw(x.Run())
	}},
	{name: "the caller's own streams, crossed over", cmd: sh("echo here"), see: func(x *run) string {
		r, w := x.pipe()
		*x.Stdin, *x.Stdout, *x.Stderr, *x.ExtraFiles = os.Stderr, w, os.Stdin, []*os.File{os.Stderr, os.Stdout, os.Stdin}
		err := x.Run()
		_ = w.Close()
		b, _ := io.ReadAll(r)
		return x.Saw(err, b)
	}},
	{name: "a descriptor that was not opened close-on-exec stays outside", cmd: sh("[ -e /proc/self/fd/77 ] && echo it is there"), see: func(x *run) string {
		f := x.open("text", os.O_RDONLY)
		if err := syscall.Dup3(int(f.Fd()), 77, 0); err != nil {
			return err.Error()
		}
		defer syscall.Close(77)
		return output(x)
	},
		differs: "The program has the descriptors 0, 1, 2 and those of ExtraFiles, no others.",
		outside: `error nil; exit status 0, code 0, exited true, success true; "it is there\n"`, inside: `error exit status 1 (exit, stderr ""); exit status 1, code 1, exited true, success false; ""`},
	{name: "a file that is closed cannot be handed over", cmd: sh("echo x"), see: func(x *run) string {
		_, w := x.pipe()
		_ = w.Close()
		*x.Stdout = w
		return x.Saw(x.Run())
	},
		differs: "A file that is nil or closed is an error of Start.",
		outside: `error exit status 1 (exit, stderr ""); exit status 1, code 1, exited true, success false`, inside: `error gaol: pass descriptor |1: file already closed; no state`},
	{name: "a file that is nil cannot be handed over", cmd: sh("[ ! -e /proc/self/fd/3 ]"), see: func(x *run) string {
		*x.ExtraFiles = []*os.File{nil}
		return x.Saw(x.Run())
	},
		differs: "A file that is nil or closed is an error of Start.",
		outside: `error nil; exit status 0, code 0, exited true, success true`, inside: `error gaol: pass descriptor 3: bad file descriptor; no state`},
	{name: "a path cannot be handed over", cmd: sh("[ -e /proc/self/fd/3 ]"), see: func(x *run) string {
		*x.ExtraFiles = []*os.File{x.open("text", unix.O_PATH)}
		return x.Saw(x.Run())
	},
		differs: "A directory, and what was opened with O_PATH, cannot be handed over: either leads to the whole host.",
		outside: `error nil; exit status 0, code 0, exited true, success true`, inside: `error gaol: pass descriptor 3: bad file descriptor; no state`},
	{name: "a directory cannot be handed over", cmd: sh("[ -e /proc/self/fd/3/text ]"), see: func(x *run) string {
		*x.ExtraFiles = []*os.File{x.open(".", os.O_RDONLY)}
		return x.Saw(x.Run())
	},
		differs: "A directory, and what was opened with O_PATH, cannot be handed over: either leads to the whole host.",
		outside: `error nil; exit status 0, code 0, exited true, success true`, inside: `error gaol: pass descriptor 3: is a directory; no state`},
}
