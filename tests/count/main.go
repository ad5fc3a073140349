// Command count reads the output of `go test -v` and of Ginkgo, lets failures and skips through, and closes with the number of tests
// that passed, failed and were skipped. It must never turn a failure into silence: what it does not know it prints.
package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var (
	result = regexp.MustCompile(`^\s*--- (PASS|FAIL|SKIP): (\S+)`)
	ginkgo = regexp.MustCompile(`(\d+) Passed.* (\d+) Failed.* (\d+) Pending.* (\d+) Skipped`)
	colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
	quiet  = regexp.MustCompile(`^(=== |PASS$|\s*--- PASS|ok  |\?   |Running Suite|Random Seed|Will run|Ran \d|=+$|•*$|[•S]+$|-+$|SUCCESS!|\s*$)`)
)

func main() {
	var passed, failed, skipped, broken int
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	reason := "" // the line before a SKIP says why
	for in.Scan() {
		line := colour.ReplaceAllString(in.Text(), "")
		if m := ginkgo.FindStringSubmatch(line); m != nil {
			n := func(i int) int { v, _ := strconv.Atoi(m[i]); return v }
			passed, failed, skipped = passed+n(1), failed+n(2), skipped+n(3)+n(4)
			fmt.Println(line)
			continue
		}
		if m := result.FindStringSubmatch(line); m != nil {
			switch m[1] {
			case "PASS":
				passed++
			case "FAIL":
				failed++
				fmt.Println(line)
			case "SKIP":
				skipped++
				fmt.Println(strings.TrimSpace(line), strings.TrimSpace(reason))
			}
			continue
		}
		if strings.HasPrefix(line, "FAIL") && strings.Contains(line, "\t") || strings.HasPrefix(line, "panic:") {
			broken++ // a package that did not build, or a process that died
		}
		reason = line
		if !quiet.MatchString(line) {
			fmt.Println(line)
		}
	}
	if in.Err() != nil {
		fmt.Println(in.Err())
		broken++
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, max(failed, min(broken, 1)), skipped)
	if failed+broken > 0 || passed == 0 {
		os.Exit(1)
	}
}
