// Command table makes the README's table of kernels and operations from what `gaol doctor --json` said in each VM of test-kernels, and
// writes it between two marks of the README. It must never know what a kernel can do: it only repeats what was said there.
//
// Usage: table [-check] [-readme FILE] [DIR]    by default build/kernels and README.md; -check writes nothing and fails where a cell
// differs from the README's, of the setups that DIR has.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const begin, end = "<!-- made by tests/vm/table from the runs of make test-kernels -->\n", "<!-- end of the table -->\n"

func main() {
	check := flag.Bool("check", false, "compare only")
	readme := flag.String("readme", "README.md", "the file with the marks")
	flag.Parse()
	dir := "build/kernels"
	if flag.NArg() > 0 {
		dir = flag.Arg(0)
	}
	if err := run(dir, *readme, *check); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(dir, readme string, check bool) error {
	runs, err := load(dir)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s: no marks %q and %q", readme, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	if check {
		return compare(parse(old), parse(render(runs)))
	}
	return os.WriteFile(readme, []byte(before+begin+render(runs)+end+after), 0o644)
}

// doctor is what this program reads of the output of `gaol doctor --json`.
type doctor struct {
	Checks []struct {
		Mechanism, Detail string
		OK                bool
	}
	Engines []struct {
		Engine     string
		Operations []struct{ Operation, Level, Mechanism string }
	}
}

// one is what one setup of the matrix said.
type one struct {
	setup, kernel string
	doctor
}

// order is that of the columns. Others follow, by name.
var order = []string{"6.1", "6.12", "7.3", "6.12-without-userns", "6.12-without-landlock"}

func load(dir string) ([]one, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "doctor"))
	if err != nil {
		return nil, err
	}
	var runs []one
	for _, path := range paths {
		r := one{setup: filepath.Base(filepath.Dir(path))}
		if strings.Contains(r.setup, "-as-") { // the table is for unprivileged users
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&r.doctor); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		facts, err := os.ReadFile(filepath.Join(filepath.Dir(path), "facts"))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(facts)) {
			if kernel, ok := strings.CutPrefix(strings.TrimSpace(line), "kernel "); ok {
				r.kernel, _, _ = strings.Cut(kernel, "+")
				r.kernel = strings.TrimSuffix(r.kernel, "-cloud-amd64")
			}
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s: no runs; make test-kernels makes them", dir)
	}
	place := func(r one) int {
		if i := slices.Index(order, r.setup); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(runs, func(a, b one) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.setup, b.setup)) })
	return runs, nil
}

// words are the levels as the table has them.
var words = map[string]string{
	"AlwaysAllowed":            "always",
	"CanBeAllowed":             "yes",
	"CannotBeAllowedPrecisely": "partly",
	"NeverAllowed":             "no",
}

// engines are those of a cell, in its order.
var engines = []string{"namespace", "landlock"}

// cell is how far each engine of this run enforces the operation: "yes / partly", or one word where both say the same.
func (r one) cell(operation string) string {
	said := make([]string, len(engines))
	for i, name := range engines {
		said[i] = "–"
		for _, e := range r.Engines {
			if e.Engine != name {
				continue
			}
			for _, o := range e.Operations {
				if o.Operation == operation {
					said[i] = cmp.Or(words[o.Level], o.Level)
				}
			}
		}
	}
	if said[0] == said[1] {
		return said[0]
	}
	return strings.Join(said, " / ")
}

// landlock is the ABI, as the doctor's check tells it.
func (r one) landlock() string {
	for _, c := range r.Checks {
		if c.Mechanism == "Landlock" && c.OK {
			return c.Detail
		}
	}
	return "–"
}

func render(runs []one) string {
	var operations []string
	for _, r := range runs {
		for _, e := range r.Engines {
			for _, o := range e.Operations {
				if !slices.Contains(operations, o.Operation) {
					operations = append(operations, o.Operation)
				}
			}
		}
	}
	var b strings.Builder
	row := func(first string, cell func(one) string) {
		fmt.Fprintf(&b, "| %s |", first)
		for _, r := range runs {
			fmt.Fprintf(&b, " %s |", cell(r))
		}
		b.WriteByte('\n')
	}
	row("", func(r one) string { return strings.ReplaceAll(r.setup, "-", " ") })
	b.WriteString("|---" + strings.Repeat("|---", len(runs)) + "|\n")
	row("Debian's kernel", func(r one) string { return r.kernel })
	row("Landlock", one.landlock)
	for _, o := range operations {
		row(o, func(r one) string { return r.cell(o) })
	}
	return b.String()
}

// parse reads a table: row, column, cell.
func parse(table string) map[string]map[string]string {
	rows := map[string]map[string]string{}
	var columns []string
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) < 2 || strings.HasPrefix(cells[0], "---"):
		case columns == nil:
			columns = cells
		default:
			rows[cells[0]] = map[string]string{}
			for i := 1; i < min(len(cells), len(columns)); i++ {
				rows[cells[0]][columns[i]] = cells[i]
			}
		}
	}
	return rows
}

// compare is for the rows that are operations: a kernel may get a newer version without the table being wrong.
func compare(readme, run map[string]map[string]string) error {
	var errs []error
	for operation, cells := range run {
		if operation == "Debian's kernel" {
			continue
		}
		for setup, cell := range cells {
			if has := readme[operation][setup]; has != cell {
				errs = append(errs, fmt.Errorf("%s on %s: the README says %q, the run %q", operation, setup, has, cell))
			}
		}
	}
	for operation := range readme {
		if _, ok := run[operation]; !ok {
			errs = append(errs, fmt.Errorf("%s: in the README, not in the run", operation))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
