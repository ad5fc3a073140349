package main

// This file puts flags where the library's advice names operations in Go. It only ever changes words: what it does not know
// stays as it is.

import (
	"regexp"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

func flagWords(advice string) string {
	bothOf := regexp.MustCompile(`FileRead and FileExecute of (?:Literal|Subpath)\("([^"]*)"\)`)
	operation := regexp.MustCompile(`\b(File\w+)\((?:Optional\()?(?:Literal|Subpath)\("([^"]*)"\)+`)
	advice = bothOf.ReplaceAllString(advice, "--read $1 --exec $1")
	advice = operation.ReplaceAllStringFunc(advice, func(s string) string {
		m := operation.FindStringSubmatch(s)
		for _, k := range profile.Kinds() {
			if k.String() == m[1] {
				return "--" + k.Key() + " " + m[2]
			}
		}
		return s
	})
	pairs := []string{"OnDenied(Errno)", "--on-denied errno", "OnDenied(Kill)", "--on-denied kill"}
	for _, k := range []profile.Kind{profile.System, profile.SystemInfoRead, profile.ProcessCreate} {
		pairs = append(pairs, k.String()+"()", "--"+k.Key())
	}
	return strings.NewReplacer(pairs...).Replace(advice)
}

func denial(d gaol.Denial) string {
	s := strings.TrimSpace(d.Operation + " " + d.Path)
	if d.Suggestion != "" {
		s += "; " + flagWords(d.Suggestion)
	}
	return s
}
