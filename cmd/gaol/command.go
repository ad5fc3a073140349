package main

// This file is the tree of commands, and the one place where an error becomes an exit status. A usage error must never
// end in a status that could be a program's own by accident: it is always 125.

import (
	"errors"
	"os"

	"github.com/spf13/cobra"
)

const rootLong = `gaol runs a program with only the rights that you list: read these paths, write those,
use the network or not, nothing else. It needs no privilege, no daemon and no change to
the program. What this host cannot enforce exactly is refused, never weakened.`

const rootExample = `  gaol run --system -- echo hello                 a program that sees no files of yours
  gaol run --system --read . -- wc -l README.md   one that may read this directory
  gaol doctor                                     what this host can enforce`

// newRoot returns the tree of commands; for a command line of run, no other is built, which would take longer than all that run
// does with its flags.
func newRoot(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:                   "gaol",
		Short:                 "run a program with only the rights that you list",
		Long:                  rootLong,
		Example:               rootExample,
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return &usageError{c.CommandPath(), err} })
	root.SetUsageFunc(usage)
	root.AddCommand(newRun())
	if len(args) > 0 && args[0] == "run" {
		return root
	}
	root.Version = version()
	root.SetVersionTemplate("gaol {{.Version}}\n")
	root.AddCommand(newDoctor(), newExplain(), newVerify(), newVersion(), newMan())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	for _, c := range root.Commands() {
		c.DisableFlagsInUseLine = true
		if c.Name() == "completion" {
			c.Short = "print the completion script for a shell: bash, zsh, fish"
		}
	}
	return root
}

// execute runs the command line and returns the exit status of gaol.
func execute(args []string) int {
	root := newRoot(args)
	root.SetArgs(args)
	err := root.Execute()
	var code exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	complain(os.Stderr, err)
	return statusOf(err)
}

// usageError is a command line that means nothing.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// args turns what a check of the arguments finds into a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		if err := check(c, a); err != nil {
			return &usageError{c.CommandPath(), err}
		}
		return nil
	}
}
