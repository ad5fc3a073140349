package main

// This file puts flags where the library's advice names operations in Go. It only ever changes words: what it does not know
// stays as it is.

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

func flagWords(advice string) string {
	replace := func(form string, with func(m []string) string) {
		re := regexp.MustCompile(form)
		advice = re.ReplaceAllStringFunc(advice, func(s string) string {
			if flag := with(re.FindStringSubmatch(s)); flag != "" {
				return flag
			}
			return s
		})
	}
	// valued is the flag of the operation that Go calls by that name, and its value.
	valued := func(name, value string) string {
		for _, k := range profile.Kinds() {
			if k.String() == name && value != "" {
				return "--" + k.Key() + " " + value
			}
		}
		return ""
	}
	replace(`FileRead and FileExecute of (?:Literal|Subpath)\("([^"]*)"\)`, func(m []string) string { return "--read " + m[1] + " --exec " + m[1] })
	replace(`\b(File\w+)\((?:Literal|Subpath)\("([^"]*)"\)\)`, func(m []string) string { return valued(m[1], m[2]) })
	replace(`\b(File\w+)\(Optional\((?:Literal|Subpath)\("([^"]*)"\)\)\)`, func(m []string) string { return valued(m[1], m[2]) })
	replace(`\b(Private|Device|Syscall|MachLookup)\("([^"]*)"\)`, func(m []string) string { return valued(m[1], m[2]) })
	replace(`\bMap\("([^"]*)", "([^"]*)", Read(Only|Write)\)`, func(m []string) string {
		return "--map " + m[1] + "=" + m[2] + map[string]string{"Write": ":rw"}[m[3]]
	})
	replace(`\b(IPC)\((\w+)\)`, func(m []string) string { return valued(m[1], ipcWord(m[2])) })
	replace(`\b(Network\w+)\(All(?:\(\))?\)`, func(m []string) string { return valued(m[1], "all") })
	replace(`\b(Network\w+)\((TCP|UDP|Loopback)\((\d+)\)\)`, func(m []string) string { return valued(m[1], strings.ToLower(m[2])+":"+m[3]) })
	replace(`\b(Network\w+)\(LocalSocket\("([^"]*)"\)\)`, func(m []string) string { return valued(m[1], "unix:"+m[2]) })
	replace(`\b(Network\w+)\((?:Host|CIDR)\("([^"]*)", (\d+)\)\)`, func(m []string) string { return valued(m[1], m[2]+":"+m[3]) })
	replace(`\bLimits\.(\w+)`, func(m []string) string { return limitFlag(m[1]) })
	replace(`\bPerProcess\b`, func([]string) string { return "--per-process" })
	pairs := []string{"OnDenied(Errno)", "--on-denied errno", "OnDenied(Kill)", "--on-denied kill",
		"NetworkOutbound(TCP)", "--connect tcp:PORT", "NetworkOutbound(UDP)", "--connect udp:PORT",
		"NetworkOutbound(LocalSocket)", "--connect unix:PATH", "NetworkInbound(LocalSocket)", "--listen unix:PATH"}
	for _, row := range operationFlags {
		if op, ok := row.op.(gaol.Operation); ok {
			pairs = append(pairs, op.String(), "--"+row.name)
		}
	}
	advice = strings.NewReplacer(pairs...).Replace(advice)
	replace(`\bDeny\(--(\w+) ([^()]*)\)`, func(m []string) string { return "--deny " + m[1] + "=" + m[2] })
	replace(`\bBestEffort\(--(\w+) ([^()]*)\)`, func(m []string) string { return "--best-effort " + m[1] + "=" + m[2] })
	replace(`\bBestEffort\(--(\w+)\)`, func(m []string) string { return "--best-effort " + m[1] })
	return advice
}

func limitFlag(name string) string {
	for _, f := range (profile.Limits{}).Fields() {
		if f.Name == name {
			return "--" + f.Key
		}
	}
	return ""
}

func ipcWord(name string) string {
	for _, kind := range profile.IPCKinds() {
		if kind.String() == name {
			return kind.Word()
		}
	}
	return ""
}

func denial(d gaol.Denial) string {
	s := strings.TrimSpace(d.Operation + " " + d.Path)
	switch {
	case d.Syscall != "":
		s = fmt.Sprintf("%s (%d)", d.Syscall, d.Number)
	case d.Number != 0:
		s = fmt.Sprintf("%s %d", d.Operation, d.Number)
	}
	if d.Suggestion != "" {
		s += "; " + flagWords(d.Suggestion)
	}
	return s
}
