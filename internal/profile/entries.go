package profile

// This file reads the keys of a document that grant something, one operation per entry.
// It must never grant on a form that it knows only in part: a table with a strange key is an error, not a path.

import (
	"errors"
	"fmt"
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
	Private:          {"a list of paths", (*document).private},
	Map:              {"a list of INSIDE=HOST", (*document).mapping},
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
	op, err := ParseAddress(kind, n.text)
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
