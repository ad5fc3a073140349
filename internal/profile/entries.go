package profile

// This file reads the keys of a document that grant something, one operation per entry.
// It must never grant on a form that it knows only in part: a table with a strange key is an error, not a path.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// entryForms says per kind how one entry of its list is read; a kind without a form is true or false.
var entryForms = map[Kind]struct {
	what string
	read func(*document, Kind, string, *node) (Operation, error)
}{
	FileRead:         {"a list of paths", (*document).file},
	FileReadMetadata: {"a list of paths", (*document).file},
	FileWrite:        {"a list of paths", (*document).file},
	FileExecute:      {"a list of paths", (*document).file},
	NetworkOutbound:  {"a list of addresses", (*document).address},
	NetworkInbound:   {"a list of addresses", (*document).address},
	IPC:              {"a list of kinds", (*document).ipc},
	Device:           {"a list of paths", (*document).device},
	Syscall:          {"a list of names", (*document).syscall},
	MachLookup:       {"a list of names", (*document).service},
	Private:          {"a list of paths", (*document).private},
	Map:              {"a list of INSIDE=HOST", (*document).mapping},
}

func (k Kind) isList() bool {
	_, isList := entryForms[k]
	return isList
}

func (d *document) operations(kind Kind, key string, n *node) error {
	form, isList := entryForms[kind]
	if !isList {
		if n.shape != aBool {
			return d.wants(key, n, aBool.String())
		}
		if n.truth {
			d.entries = append(d.entries, entry{Operation{Kind: kind}, key, n.line})
		}
		return nil
	}
	if n.shape != aList {
		return d.wants(key, n, form.what)
	}
	for i, item := range n.items {
		itemKey := fmt.Sprintf("%s[%d]", key, i)
		op, err := form.read(d, kind, itemKey, item)
		if err != nil {
			return err
		}
		d.entries = append(d.entries, entry{op, itemKey, item.line})
	}
	return nil
}

// only reads a list of tables that each name one operation by its key: what deny and best-effort are.
func (d *document) only(key string, n *node, keys []string, change func(*Operation)) error {
	if n.shape != aList {
		return d.wants(key, n, "a list of tables")
	}
	for i, item := range n.items {
		itemKey := fmt.Sprintf("%s[%d]", key, i)
		op, err := d.onlyOne(itemKey, item, keys)
		if err != nil {
			return err
		}
		change(&op)
		d.entries = append(d.entries, entry{op, itemKey, item.line})
	}
	return nil
}

func (d *document) onlyOne(key string, n *node, keys []string) (Operation, error) {
	if n.shape != aTable {
		return Operation{}, d.wants(key, n, `a table such as { read = "/path" }`)
	}
	if len(n.fields) != 1 {
		return Operation{}, d.fault(key, n.line, errors.New("exactly one operation is needed; write a table for each"))
	}
	f := n.fields[0]
	fieldKey := key + "." + keyName(f.name)
	if !slices.Contains(keys, f.name) {
		return Operation{}, d.fault(fieldKey, f.line, fmt.Errorf("unknown key; the keys are %s", strings.Join(keys, ", ")))
	}
	if f.name == denyKey {
		op, err := d.onlyOne(fieldKey, f.value, deniable())
		op.Deny = true
		return op, err
	}
	kind := keyed()[f.name]
	if form, isList := entryForms[kind]; isList {
		return form.read(d, kind, fieldKey, f.value)
	}
	if f.value.shape != aBool {
		return Operation{}, d.wants(fieldKey, f.value, aBool.String())
	}
	if !f.value.truth {
		return Operation{}, d.fault(fieldKey, f.value.line, errors.New("nothing is meant by false here; leave the table out"))
	}
	return Operation{Kind: kind}, nil
}

func (d *document) file(kind Kind, key string, n *node) (Operation, error) {
	switch n.shape {
	case aString:
		pattern, err := parsePattern(n.text, d.vars.path)
		if err != nil {
			return Operation{}, d.fault(key, n.line, err)
		}
		return Operation{Kind: kind, Pattern: pattern}, nil
	case aTable:
		pattern, err := d.patternTable(key, n)
		return Operation{Kind: kind, Pattern: pattern}, err
	}
	return Operation{}, d.wants(key, n, "a path or a table")
}

var errOneOf = errors.New("exactly one of literal and subpath is needed")

// patternTable reads { literal = "/a" } and { subpath = "/a", optional = true }; a "?" is part of the path there.
func (d *document) patternTable(key string, n *node) (Pattern, error) {
	var p Pattern
	seen := map[string]bool{}
	for _, f := range n.fields {
		fieldKey := key + "." + keyName(f.name)
		if seen[f.name] {
			return p, d.fault(fieldKey, f.line, errTwice)
		}
		seen[f.name] = true
		match, isPath := map[string]Match{"literal": Literal, "subpath": Subpath}[f.name]
		switch {
		case isPath && f.value.shape != aString:
			return p, d.wants(fieldKey, f.value, "a path")
		case isPath:
			if p.Match != 0 {
				return p, d.fault(fieldKey, f.line, errOneOf)
			}
			path, err := checkedPath(f.value.text, d.vars.path)
			if err != nil {
				return p, d.fault(fieldKey, f.value.line, err)
			}
			p.Path, p.Match = path, match
		case f.name == "optional" && f.value.shape != aBool:
			return p, d.wants(fieldKey, f.value, aBool.String())
		case f.name == "optional":
			p.Optional = f.value.truth
		default:
			return p, d.fault(fieldKey, f.line, errors.New("unknown key; the keys are literal, subpath, optional"))
		}
	}
	if p.Match == 0 {
		return p, d.fault(key, n.line, errOneOf)
	}
	return p, nil
}

func (d *document) address(kind Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "an address")
	}
	if strings.HasPrefix(n.text, forms[FormLocalSocket].word+":") && strings.HasSuffix(n.text, "?") {
		return Operation{}, d.fault(key, n.line, &Error{Path: n.text, Err: errNotOptional})
	}
	op, err := parseAddress(kind, n.text, d.vars.path)
	if err != nil {
		return op, d.fault(key, n.line, err)
	}
	return op, nil
}

func (d *document) ipc(_ Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "a kind of IPC")
	}
	op, err := ParseIPC(n.text)
	if err != nil {
		return op, d.fault(key, n.line, err)
	}
	return op, nil
}

func (d *document) syscall(_ Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "a system call's name")
	}
	op, err := ParseSyscall(n.text)
	if err != nil {
		return op, d.fault(key, n.line, err)
	}
	return op, nil
}

func (d *document) service(_ Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "a service's name")
	}
	op, err := ParseMachLookup(n.text)
	if err != nil {
		return op, d.fault(key, n.line, err)
	}
	return op, nil
}

func (d *document) device(_ Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "a path")
	}
	if strings.HasSuffix(n.text, "?") {
		return Operation{}, d.fault(key, n.line, &Error{Path: n.text, Err: errNotOptional})
	}
	op, err := parseDevice(n.text, d.vars.path)
	if err != nil {
		return op, d.fault(key, n.line, err)
	}
	return op, nil
}

func (d *document) private(kind Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "a path")
	}
	if strings.HasSuffix(n.text, "?") {
		return Operation{}, d.fault(key, n.line, &Error{Path: n.text, Err: errNotOptional})
	}
	p, err := checkedPath(n.text, d.vars.path)
	if err != nil {
		return Operation{}, d.fault(key, n.line, err)
	}
	return Operation{Kind: kind, Path: p}, nil
}

func (d *document) mapping(_ Kind, key string, n *node) (Operation, error) {
	if n.shape != aString {
		return Operation{}, d.wants(key, n, "INSIDE=HOST")
	}
	op, err := parseMap(n.text, d.vars.path)
	if err != nil {
		return op, d.fault(key, n.line, err)
	}
	return op, nil
}
