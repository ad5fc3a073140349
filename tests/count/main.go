// Command count reads the output of `go test -v` and of Ginkgo, lets failures and skips through, and closes with the number of tests
// that passed, failed and were skipped. It must never turn a failure into silence: what it does not know it prints.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var (
	result = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+)`)
	ginkgo = regexp.MustCompile(`(\d+) Passed.* (\d+) Failed.* (\d+) Pending.* (\d+) Skipped`)
	of     = regexp.MustCompile(`^=== (?:RUN|NAME|CONT) +(\S+)`)
	colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
	quiet  = regexp.MustCompile(`^(=== |PASS$|\s*--- PASS|ok  |\?   |Running Suite|Random Seed|Will run|Ran \d|=+$|•*$|[•S]+$|-+$|SUCCESS!|\s*$)`)
)

func main() {
	if !count(os.Stdin, os.Stdout) {
		os.Exit(1)
	}
}

// count copies what is worth reading, and says whether all is well.
func count(from io.Reader, to io.Writer) bool {
	var passed, failed, skipped, broken int
	in := bufio.NewScanner(from)
	in.Buffer(nil, 16<<20)
	test, reasons := "", map[string]string{} // what a test has printed last says why it was skipped, which for one inside another comes later
	for in.Scan() {
		line := colour.ReplaceAllString(in.Text(), "")
		if m := ginkgo.FindStringSubmatch(line); m != nil {
			n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
			passed, failed, skipped = passed+n(1), failed+n(2), skipped+n(3)+n(4)
			fmt.Fprintln(to, line)
			continue
		}
		if m := result.FindStringSubmatch(line); m != nil {
			switch m[1] {
			case "PASS":
				passed++
			case "FAIL":
				failed++
				fmt.Fprintln(to, line)
			case "SKIP":
				skipped++
				why, ran := reasons[m[2]]
				if !ran { // by another tool, which says why in the line before
					why = reasons[test]
				}
				fmt.Fprintln(to, strings.TrimSpace(line), why)
			}
			continue
		}
		if strings.HasPrefix(line, "FAIL") && strings.Contains(line, "\t") || strings.HasPrefix(line, "panic:") {
			broken++ // a package that did not build, or a process that died
		}
		if m := of.FindStringSubmatch(line); m != nil {
			test = m[1]
			reasons[test] += ""
		} else {
			reasons[test] = strings.TrimSpace(line)
		}
		if !quiet.MatchString(line) {
			fmt.Fprintln(to, line)
		}
	}
	if in.Err() != nil {
		fmt.Fprintln(to, in.Err())
		broken++
	}
	fmt.Fprintf(to, "%d passed, %d failed, %d skipped\n", passed, max(failed, min(broken, 1)), skipped)
	return failed+broken == 0 && passed > 0
}
