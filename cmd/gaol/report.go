package main

// This file prints a report for people. It must never be written for a machine to read: that is what --status-fd is for.

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gaol-sandbox/gaol"
)

func printReport(w io.Writer, r gaol.Report) {
	var b strings.Builder
	row := func(key, format string, a ...any) { fmt.Fprintf(&b, "  %-9s %s\n", key, fmt.Sprintf(format, a...)) }
	b.WriteString("gaol: report\n")
	row("ended", "%s after %s (user %s, system %s, largest process %d MiB)", ending(r.State), short(r.Usage.Wall), short(r.Usage.User),
		short(r.Usage.System), r.Usage.MaxRSS>>20)
	if r.Killed > 0 {
		row("killed", "%d left over when the program ended", r.Killed)
	}
	row("engine", "%s: %s", r.Engine, strings.Join(r.Mechanisms, "; "))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, e := range r.Enforced {
		fmt.Fprintf(t, "  enforced  %s\t%s\n", e.Operation, e.Mechanism)
	}
	_ = t.Flush()
	for _, g := range r.Gaps {
		row("gap", "%s: %s", g.Operation, g.Detail)
	}
	for _, d := range r.Denials {
		row("denied", "%s", denial(d))
	}
	_, _ = io.WriteString(w, b.String())
}

func short(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond / 10)
	}
	return d.Round(time.Second / 100)
}

// ending is how a program ended, with the limit if it was one.
func ending(s *gaol.ProcessState) string { return (&gaol.ExitError{ProcessState: s}).Error() }

func printLimit(w io.Writer, s *gaol.ProcessState) {
	if text := ending(s); text != s.String() {
		fmt.Fprintln(w, "gaol: "+text)
	}
}

func printDenials(w io.Writer, r gaol.Report) {
	for _, d := range r.Denials {
		fmt.Fprintln(w, "gaol: denied: "+denial(d))
	}
}
