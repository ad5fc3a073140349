package main

// This file is gaol explain: what a profile comes to on this host. It must never start a program.

import (
	"fmt"

	"github.com/gaol-sandbox/gaol"
	"github.com/spf13/cobra"
)

const explainLong = `Print the policy that the profile comes to on this host, and the plan that enforces it.

It takes the flags of gaol run, so that a command line can be explained by changing one word
of it; the COMMAND is not looked at. With --toml, print the profile as a file for -p instead.`

const explainExample = `  gaol explain --system --read .
  gaol explain --system --read . --process --toml > build.toml
  gaol explain -p build.toml --connect all`

func newExplain() *cobra.Command {
	var flags profileFlags
	var toml bool
	c := &cobra.Command{
		Use:     "explain [-p FILE] [FLAGS] [--toml] [--] [COMMAND [ARG...]]",
		Short:   "print the policy and the plan that a profile comes to",
		Long:    explainLong,
		Example: explainExample,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := flags.profile()
			if err != nil {
				return flags.inWords(err)
			}
			if toml {
				_, err = fmt.Fprint(c.OutOrStdout(), p.TOML())
				return err
			}
			s, err := gaol.New(p)
			if err != nil {
				return flags.inWords(err)
			}
			defer s.Close()
			_, err = fmt.Fprint(c.OutOrStdout(), s.Explain())
			return err
		},
	}
	flags.register(c)
	c.Flags().SetInterspersed(false)
	c.Flags().BoolVar(&toml, "toml", false, "print the profile as a TOML file")
	return c
}
