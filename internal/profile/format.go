package profile

// This file writes a profile as the TOML file that means it. It must never write what reads back as something else:
// bytes that the syntax would take for its own are escaped.

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TOML returns p as a profile file, which parses back to an equal Profile with any Vars, but for its Engine. Two things are put in their
// canonical form: operations are grouped as the keys are, a system call each, and of a variable that is in Env twice the last value
// stays, as it would in the program. An invalid profile gives a file that does not parse, and one beyond the limits of a file (maxFile,
// maxEnv) one that Parse refuses.
func (p Profile) TOML() string {
	var b strings.Builder
	b.WriteString("schema = " + schema + "\n")
	ops := canonical(p.Operations)
	lists := map[string][]string{}
	for _, op := range ops {
		key, item := formatOperation(op)
		lists[key] = append(lists[key], item)
	}
	for _, key := range keys() {
		switch kind, isKind := keyed()[key]; {
		case lists[key] == nil:
		case isKind && !kind.isList():
			b.WriteString(key + " = true\n")
		default:
			writeList(&b, key, lists[key])
		}
	}
	if i := slices.IndexFunc(ops, func(op Operation) bool { return !op.Kind.valid() }); i >= 0 {
		b.WriteString("invalid = " + quote(ops[i].String()) + "\n")
	}
	if len(p.PassEnv) > 0 {
		items := make([]string, len(p.PassEnv))
		for i, name := range p.PassEnv {
			items[i] = quote(name)
		}
		writeList(&b, "pass-env", items)
	}
	if p.Dir != "" {
		b.WriteString("dir = " + quote(escape(p.Dir)) + "\n")
	}
	if p.OnDenied != Errno {
		b.WriteString("on-denied = " + quote(p.OnDenied.String()) + "\n")
	}
	// A table's header takes all that follows, so tables come last.
	writeLimits(&b, p.Limits)
	if len(p.Env) > 0 {
		b.WriteString("\n[env]\n")
		for _, kv := range lastPerName(p.Env) {
			name, value, _ := strings.Cut(kv, "=")
			key := name
			if !isBareKey(name) {
				key = quote(name)
			}
			b.WriteString(key + " = " + quote(escape(value)) + "\n")
		}
	}
	return b.String()
}

func writeList(b *strings.Builder, key string, items []string) {
	if len(items) == 1 {
		b.WriteString(key + " = [" + items[0] + "]\n")
		return
	}
	b.WriteString(key + " = [\n")
	for _, item := range items {
		b.WriteString("\t" + item + ",\n")
	}
	b.WriteString("]\n")
}

// formatOperation is the key that op stands under, and its entry there.
func formatOperation(op Operation) (key, item string) {
	switch {
	case op.BestEffort:
		op.BestEffort = false
		key, item = formatOperation(op)
		return bestEffortKey, "{ " + key + " = " + item + " }"
	case op.Deny:
		op.Deny = false
		key, item = formatOperation(op)
		return denyKey, "{ " + key + " = " + item + " }"
	}
	return op.Kind.Key(), formatEntry(op)
}

// formatEntry is op as it stands in its key's list; where there is none, it is true.
func formatEntry(op Operation) string {
	if !op.Kind.isList() {
		return "true"
	}
	switch op.Kind {
	case FileRead, FileReadMetadata, FileWrite, FileExecute:
		return formatPattern(op.Pattern)
	case NetworkOutbound, NetworkInbound:
		if op.Address.check(op.Kind, inGo) != nil {
			return quote(op.String()) // a name could have the form of another address
		}
		return quote(escapeEnd(escape(op.Address.Word()), "?"))
	case IPC:
		return quote(op.IPC.Word())
	case Device:
		if op.validate() == nil {
			return quote(escapeEnd(escape(op.Pattern.Path), "?"))
		}
	case Syscall:
		if op.validate() == nil {
			return quote(op.Names)
		}
	case MachLookup:
		if op.validate() == nil {
			return quote(op.Names)
		}
	case Private:
		return quote(escapeEnd(escape(op.Path), "?"))
	case Map:
		s := strings.ReplaceAll(escape(op.Path), "=", byteAsEscape('=')) + "=" + escape(op.Host)
		switch {
		case op.Mode == ReadWrite:
			s += ":rw"
		case op.Mode != ReadOnly:
			return quote(op.String())
		case strings.HasSuffix(op.Host, ":rw"), strings.HasSuffix(op.Host, ":ro"):
			s += ":ro"
		}
		return quote(s)
	}
	return quote(op.String())
}

func formatPattern(p Pattern) string {
	path := escape(p.Path)
	switch {
	case p.Match == Subpath && p.Optional:
		return quote(path + "?")
	case p.Match == Subpath:
		return quote(escapeEnd(path, "?"))
	case p.Match == Literal && p.Optional:
		return "{ literal = " + quote(path) + ", optional = true }"
	case p.Match == Literal:
		return "{ literal = " + quote(path) + " }"
	}
	return "{ invalid = " + quote(p.String()) + " }"
}

// escape writes s so that Vars.expand gives s: dollars doubled, bytes that are no UTF-8 as ${0xFF}.
func escape(s string) string {
	s = strings.ReplaceAll(s, "$", "$$")
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			b.WriteString(byteAsEscape(s[0]))
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func byteAsEscape(c byte) string { return fmt.Sprintf("${0x%02X}", c) }

func escapeEnd(s, end string) string {
	if rest, ok := strings.CutSuffix(s, end); ok {
		return rest + byteAsEscape(end[0])
	}
	return s
}

// quote writes a basic string. What does not print is escaped, so that a name cannot turn the reader's text around.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func isBareKey(s string) bool {
	for _, r := range s {
		if r != '-' && r != '_' && !(r >= '0' && r <= '9') && !(r >= 'a' && r <= 'z') && !(r >= 'A' && r <= 'Z') {
			return false
		}
	}
	return s != ""
}
