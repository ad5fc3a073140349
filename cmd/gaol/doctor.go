package main

// This file is gaol doctor: what this host enforces. It must never guess from versions: it asks the library, which has tried.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/gaol-sandbox/gaol"
	"github.com/spf13/cobra"
)

type doctorCheck struct {
	Mechanism string `json:"mechanism"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail"`
	Fix       string `json:"fix,omitempty"`
}

type diagnosis struct {
	System      string            `json:"system"`
	Enforceable bool              `json:"enforceable"` // every operation there is
	Checks      []doctorCheck     `json:"checks"`
	Engines     []engineJSON      `json:"engines"` // those that work; the first is taken
	Unsupported []unsupportedJSON `json:"unsupported"`
	Error       string            `json:"error,omitempty"` // what else went wrong
}

func newDoctor() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor [--json]",
		Short: "what this host can enforce, what stands in the way, how to fix it",
		Long: `Try the mechanisms of this host and say what stands in the way of each, and how to fix it. Then, for each engine that
works, how far it can enforce each operation: CanBeAllowed, as it says; AlwaysAllowed, to every program;
CannotBeAllowedPrecisely, only with best effort; NeverAllowed.

Exit status: 0 if profiles can be enforced, 1 if not.`,
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			d := diagnose()
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				if err := e.Encode(d); err != nil {
					return err
				}
			} else {
				d.print(c.OutOrStdout())
			}
			if !d.Enforceable {
				return exitStatus(1)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return c
}

func diagnose() diagnosis {
	host := gaol.Probe()
	d := diagnosis{System: host.System(), Checks: []doctorCheck{}, Engines: supports(host), Unsupported: []unsupportedJSON{}}
	for _, c := range host.Checks() {
		d.Checks = append(d.Checks, doctorCheck(c))
	}
	err := tryAll()
	var unsupported *gaol.UnsupportedError
	switch {
	case errors.As(err, &unsupported):
		for _, u := range unsupported.Operations {
			u.Operation, _, _ = strings.Cut(u.Operation, "(") // the paths are only those of this trial
			d.Unsupported = append(d.Unsupported, unsupportedJSON(u))
		}
	case err != nil:
		d.Error = err.Error()
	}
	d.Enforceable = err == nil
	return d
}

// tryAll builds a sandbox of every operation. Its paths are some that every host has.
func tryAll() error {
	at := gaol.Subpath("/usr")
	p, err := gaol.NewProfile(gaol.System(), gaol.FileRead(at), gaol.FileReadMetadata(at), gaol.FileWrite(at), gaol.FileExecute(at),
		gaol.NetworkOutbound(gaol.All()), gaol.NetworkInbound(gaol.All()), gaol.SystemInfoRead(), gaol.ProcessCreate(),
		gaol.Private("/tmp"), gaol.Map("/mnt", "/usr", gaol.ReadOnly))
	if err != nil {
		return err
	}
	s, err := gaol.New(p)
	if err != nil {
		return err
	}
	return s.Close()
}

func (d diagnosis) print(w io.Writer) {
	fmt.Fprintln(w, d.System)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range d.Checks {
		word := "yes"
		if !c.OK {
			word = "NO"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\n", c.Mechanism, word, c.Detail)
		if c.Fix != "" {
			fmt.Fprintf(t, "  \t\tfix: %s\n", c.Fix)
		}
	}
	_ = t.Flush()
	printSupports(w, d.Engines)
	if d.Enforceable {
		fmt.Fprintln(w, "Profiles can be enforced here.")
		return
	}
	fmt.Fprintln(w, "Not every profile can be enforced here:")
	var reasons []string
	operations := map[string][]string{}
	for _, u := range d.Unsupported {
		reason := u.Mechanism
		if u.Detail != "" {
			reason += ": " + u.Detail
		}
		if operations[reason] == nil {
			reasons = append(reasons, reason)
		}
		operations[reason] = append(operations[reason], u.Operation)
	}
	for _, reason := range reasons {
		fmt.Fprintf(w, "  no %s\n    needed by %s\n", reason, strings.Join(operations[reason], ", "))
	}
	if d.Error != "" {
		fmt.Fprintf(w, "  %s\n", d.Error)
	}
}
