//go:build unix

// Command victim runs inside a sandbox and tries operations by raw system calls: victim OP ARGS… [-- OP ARGS…]… It prints one line for
// each, "ok" (and what the operation found) or the name of the errno, and exits with 0. It must never decide what is right, and never
// stop at what was denied: an operation that fails must leave the next one the same process.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ops is the table of operations; each file of this package registers its own.
var ops = map[string]func(args []string) error{}

func register(more map[string]func(args []string) error) {
	for name, op := range more {
		if ops[name] != nil {
			panic("victim: two operations are called " + name)
		}
		ops[name] = op
	}
}

// said is what the current operation found; it is printed behind "ok" or the errno.
var said string

func say(format string, args ...any) { said = fmt.Sprintf(format, args...) }

// note prints a line at once, for a caller that waits for it while the operation goes on.
func note(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// need returns an error that is no errno if there are too few arguments.
func need(args []string, n int) error {
	if len(args) < n {
		return fmt.Errorf("needs %d arguments", n)
	}
	return nil
}

// outcome is the word that stands for an error.
func outcome(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &errno):
		return "fail: " + err.Error()
	}
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", int(errno))
}

func main() {
	runtime.LockOSThread() // what acts on a thread alone, a filter for one, must act on the next operation, too
	args := os.Args[1:]
	for len(args) > 0 {
		end := slices.Index(args, "--")
		if end < 0 {
			end = len(args)
		}
		if end == 0 || ops[args[0]] == nil {
			fmt.Fprintf(os.Stderr, "victim: unknown operation %q\n", args[0])
			os.Exit(2)
		}
		said = ""
		line := outcome(ops[args[0]](args[1:end]))
		if said != "" {
			line += " " + strings.ReplaceAll(said, "\n", "|")
		}
		note("%s", line)
		args = args[min(end+1, len(args)):]
	}
}
