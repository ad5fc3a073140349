package main

// This file is gaol verify: the attacks of the project's own tests, made in live sandboxes of this host. It must never say of an attack
// that it held when it was not made.

import (
	"github.com/spf13/cobra"
)

func newVerify() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify [--json] [--engine NAME] [PATTERN...]",
		Short: "attack live sandboxes on this host and show that they hold",
		Long: `Make every attack that gaol's tests know in live sandboxes of this host, each beside a twin: the same code with the right granted,
or the harmless operation next to it, which must succeed. PATTERN picks attacks by name, with * and ? as in the shell.

A line shows the attack, the engine, what it must come to (one of several errors), what came of it, and the result:

  held      it came to nothing
  refused   this engine does not take the profile that the attack needs
  skipped   this machine lacks something that the attack needs
  ESCAPED   it succeeded, or touched something outside
  BROKEN    it came to something else, or its twin failed, so that it proves nothing

Nothing is left behind. Exit status: 0 if nothing escaped and nothing was broken, else 1.`,
		Example: "  gaol verify 'io-uring-*'",
		RunE: func(c *cobra.Command, patterns []string) error {
			o.patterns = patterns
			return verify(c, o)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.json, "json", false, "print the results as JSON")
	flags.BoolVar(&o.list, "list", false, "print the names of the attacks and what they try, and attack nothing")
	flags.StringVar(&o.engine, "engine", "", "attack sandboxes of this engine alone: `namespace|landlock`; all that the host has if not given")
	_ = c.RegisterFlagCompletionFunc("engine", cobra.FixedCompletions([]string{"namespace", "landlock"}, cobra.ShellCompDirectiveNoFileComp))
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return attackNames(), cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

type verifyOptions struct {
	json, list bool
	engine     string
	patterns   []string
}
