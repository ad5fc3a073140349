package main

// This file is gaol explain: what a profile comes to on this host. It must never start a program.

import (
	"fmt"

	"github.com/gaol-sandbox/gaol"
	"github.com/spf13/cobra"
)

const explainLong = `Print the policy that the profile comes to on this host, and the plan that enforces it.

It takes the flags of gaol run, so that a command line can be explained by changing one word
of it; the COMMAND is not looked at. With --toml, print the profile as a file for -p instead.
With --os darwin, print what it comes to on macOS: the policy and the profile for Seatbelt.
With --os freebsd, the policy and the plan of capability mode, for a program that is
dynamically linked; with --engine jail besides, those of a jail.`

const explainExample = `  gaol explain --system --read .
  gaol explain --system --read . --process --toml > build.toml
  gaol explain -p build.toml --connect all
  gaol explain --os darwin -p build.toml
  gaol explain --os freebsd --engine jail -p build.toml`

func newExplain() *cobra.Command {
	var flags profileFlags
	var toml bool
	var system, engine string
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
			if engine != "" {
				e, ok := engineNamed(engine)
				if !ok {
					return &usageError{c.CommandPath(), fmt.Errorf("--engine %q: there is none of that name", engine)}
				}
				if p, err = p.With(gaol.WithEngine(e)); err != nil {
					return flags.inWords(err)
				}
			}
			if system != "" {
				text, err := gaol.ExplainFor(system, p)
				if err == nil {
					_, err = fmt.Fprint(c.OutOrStdout(), text)
				}
				return flags.inWords(err)
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
	c.Flags().StringVar(&system, "os", "", "what it comes to on another `SYSTEM`, whose paths are taken to be there: darwin, freebsd")
	c.Flags().StringVar(&engine, "engine", "", "by another `ENGINE` than the first that works: namespace, landlock, seatbelt, capsicum, jail")
	return c
}

// engineNamed is the engine that calls itself so.
func engineNamed(name string) (gaol.Engine, bool) {
	for _, e := range []gaol.Engine{gaol.EngineNamespace, gaol.EngineLandlock, gaol.EngineSeatbelt, gaol.EngineCapsicum, gaol.EngineJail} {
		if e.String() == name {
			return e, true
		}
	}
	return 0, false
}
