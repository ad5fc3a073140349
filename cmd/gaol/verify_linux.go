package main

// This file runs the attacks for gaol verify and prints what came of them.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	pathpkg "path"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/gaol-sandbox/gaol"
	escapes "github.com/gaol-sandbox/gaol/internal/escape"
	"github.com/spf13/cobra"
)

// inside makes this program the one that attacks, where it was started as that.
func inside(args []string) {
	if len(args) > 0 && args[0] == escapes.Word {
		escapes.Main(args[1:])
	}
}

func attackNames() []string { return escapes.Names() }

// verification is what --json prints.
type verification struct {
	System  string                  `json:"system"`
	Engines []escapes.Engine        `json:"engines"`
	Results []escapes.Result        `json:"results"`
	Counts  map[escapes.Verdict]int `json:"counts"`
	Seconds float64                 `json:"seconds"`
	OK      bool                    `json:"ok"`
}

func verify(c *cobra.Command, o verifyOptions) error {
	attacks, err := picked(o.patterns)
	if err != nil {
		return &usageError{c.CommandPath(), err}
	}
	out := c.OutOrStdout()
	if o.list {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, a := range attacks {
			fmt.Fprintf(t, "%s\t%s\n", a.Name, a.About)
		}
		return t.Flush()
	}
	engines, err := enginesFor(o.engine)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	runner, err := escapes.NewRunner(program)
	if err != nil {
		return err
	}
	defer runner.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	v := verification{System: gaol.Probe().System(), Engines: engines, Counts: map[escapes.Verdict]int{}, OK: true}
	begin := time.Now()
	lines := newLines(out, o.json, attacks, engines)
	for _, e := range engines {
		for _, a := range attacks {
			r := runner.Run(ctx, a, e)
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			v.Results = append(v.Results, r)
			v.Counts[r.Verdict]++
			v.OK = v.OK && r.Verdict.Good()
			lines.print(r)
		}
	}
	v.Seconds = time.Since(begin).Seconds()
	if o.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(v); err != nil {
			return err
		}
	} else {
		v.summary(out)
	}
	if !v.OK {
		return exitStatus(1)
	}
	return nil
}

// picked is the attacks whose names match one of the patterns; all if there is none.
func picked(patterns []string) (attacks []escapes.Attack, err error) {
	for _, p := range patterns {
		found := false
		for _, a := range escapes.All() {
			ok, err := pathpkg.Match(p, a.Name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p, err)
			}
			if found = found || ok; ok && !slices.ContainsFunc(attacks, func(b escapes.Attack) bool { return b.Name == a.Name }) {
				attacks = append(attacks, a)
			}
		}
		if !found {
			return nil, fmt.Errorf("no attack is called %s; gaol verify --list names them", p)
		}
	}
	if len(patterns) == 0 {
		attacks = escapes.All()
	}
	return attacks, nil
}

func enginesFor(name string) ([]escapes.Engine, error) {
	engines := escapes.Engines()
	switch {
	case name == "" && len(engines) > 0:
		return engines, nil
	case name == "":
		return nil, errors.New("this host has no engine, so that there is nothing to attack; gaol doctor tells more")
	case slices.Contains(engines, escapes.Engine(name)):
		return []escapes.Engine{escapes.Engine(name)}, nil
	case name != string(escapes.Namespace) && name != string(escapes.Landlock):
		return nil, fmt.Errorf("there is no engine %q, but namespace and landlock", name)
	}
	return nil, fmt.Errorf("this host does not have the engine %s; gaol doctor tells more", name)
}

// lines prints the table, a line as soon as it is known.
type lines struct {
	w                  io.Writer
	name, engine, want int
}

func newLines(w io.Writer, quiet bool, attacks []escapes.Attack, engines []escapes.Engine) *lines {
	l := &lines{w: w, name: len("attack"), engine: len("engine"), want: len("expected")}
	if quiet {
		l.w = io.Discard
	}
	for _, a := range attacks {
		l.name = max(l.name, len(a.Name))
	}
	for _, e := range engines {
		l.engine = max(l.engine, len(e))
		for _, a := range attacks {
			l.want = max(l.want, min(maxWant, len(a.Expected(e))))
		}
	}
	l.line("attack", "engine", "expected", "seen", "result")
	return l
}

// maxWant is the width at which a list of errors is cut.
const maxWant = 30

func (l *lines) line(name, engine, want, seen, result string) {
	if len(want) > maxWant {
		want = want[:maxWant-3] + "..."
	}
	fmt.Fprintf(l.w, "%-*s  %-*s  %-*s  %-18s  %s\n", l.name, name, l.engine, engine, l.want, want, seen, result)
}

func (l *lines) print(r escapes.Result) {
	l.line(r.Name, string(r.Engine), r.Want, r.Seen, string(r.Verdict))
	if r.Reason != "" {
		fmt.Fprintf(l.w, "    %s\n", strings.ReplaceAll(r.Reason, "\n", " "))
	}
}

func (v *verification) summary(w io.Writer) {
	var counts []string
	for _, verdict := range []escapes.Verdict{escapes.Held, escapes.Refused, escapes.Skipped, escapes.Escaped, escapes.Broken} {
		if n := v.Counts[verdict]; n > 0 || verdict == escapes.Escaped {
			counts = append(counts, fmt.Sprintf("%d %s", n, strings.ToLower(string(verdict))))
		}
	}
	fmt.Fprintf(w, "%s: %d attacks in %.1f s: %s\n", v.System, len(v.Results), v.Seconds, strings.Join(counts, ", "))
}
