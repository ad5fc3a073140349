package main

// This file prints the usage of every command, with the flags that make a profile apart from those that do not.
// It must never name a flag by hand: what it prints is what the commands have.

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// inProfile marks a flag that adds to the profile.
const inProfile = "gaol-profile"

// flagGroups are the flags of a command as they are shown, without -h.
func flagGroups(c *cobra.Command) (profile, other *pflag.FlagSet) {
	c.InitDefaultHelpFlag()
	profile, other = pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	profile.SortFlags, other.SortFlags = false, false
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Hidden || f.Name == "help":
		case f.Annotations[inProfile] != nil:
			profile.AddFlag(f)
		default:
			other.AddFlag(f)
		}
	})
	return profile, other
}

func usage(c *cobra.Command) error {
	w := c.OutOrStderr()
	fmt.Fprintf(w, "Usage:\n")
	if c.Runnable() {
		fmt.Fprintf(w, "  %s\n", c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n", c.CommandPath())
	}
	if c.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(w, "  %-11s %s\n", sub.Name(), sub.Short)
			}
		}
		fmt.Fprintf(w, "\n%s COMMAND --help tells more.\n", c.CommandPath())
	}
	profile, other := flagGroups(c)
	section(w, "What the program may do, what it is given, and its limits (each adds to the profile)", profile)
	section(w, "Other flags", other)
	return nil
}

func section(w io.Writer, title string, flags *pflag.FlagSet) {
	if flags.HasFlags() {
		fmt.Fprintf(w, "\n%s:\n%s\n", title, strings.TrimRight(flags.FlagUsagesWrapped(100), "\n"))
	}
}
