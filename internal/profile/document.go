package profile

// A document is one profile file read by itself: what it names, before its bases are looked at. This file gives the tree
// its meaning; it must never pass over a key, an entry or a value that it does not understand.

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// entry is an operation and where the file has it.
type entry struct {
	op   Operation
	key  string
	line int
}

// word is a string and where the file has it.
type word struct {
	text, key string
	line      int
}

type document struct {
	name    string
	vars    Vars
	named   map[string]int // the keys that the file names, with their lines
	extends []word
	widen   bool
	entries []entry
	passEnv []word
	// limitLines are the keys of limits that the file names, with their lines.
	limitLines map[string]int
	own        Profile // what the file itself says; Operations in canonical order
}

const (
	schema = "1"
	maxEnv = 1024 // variables; below maxKeys, so that a profile read from JSON can be written as TOML
)

// What nobody needs to run a program without a file is made when it is asked for, here and below: it takes as long as the file.
var keys = sync.OnceValue(func() []string {
	all := []string{"schema", "extends", "widen"}
	for _, k := range Kinds() {
		all = append(all, k.Key())
	}
	return append(all, denyKey, bestEffortKey, "env", "pass-env", "dir", "on-denied", limitsKey)
})

// The keys that say of an operation how it is meant; in their tables stands which.
const (
	denyKey       = "deny"
	bestEffortKey = "best-effort"
)

// deniable are the keys in an entry of deny, effortful those in one of best-effort.
var deniable = sync.OnceValue(func() (out []string) {
	for _, k := range Kinds() {
		if k.file() {
			out = append(out, k.Key())
		}
	}
	return out
})

var effortful = sync.OnceValue(func() (out []string) {
	for _, k := range Kinds() {
		out = append(out, k.Key())
	}
	return append(out, denyKey)
})

var keyed = sync.OnceValue(func() map[string]Kind {
	m := map[string]Kind{}
	for _, k := range Kinds() {
		m[k.Key()] = k
	}
	return m
})

func readDocument(name string, data []byte, vars Vars) (*document, error) {
	root, err := parseTree(name, data)
	if err != nil {
		return nil, err
	}
	d := &document{name: name, vars: vars, named: map[string]int{}}
	if root.shape != aTable {
		return nil, d.wants("", root, "a table of keys")
	}
	if err := d.checkSchema(root); err != nil {
		return nil, err
	}
	for _, f := range root.fields {
		if !slices.Contains(keys(), f.name) {
			return nil, d.fault(keyName(f.name), f.line, fmt.Errorf("unknown key; the keys are %s", strings.Join(keys(), ", ")))
		}
		if _, twice := d.named[f.name]; twice {
			return nil, d.fault(f.name, f.line, errTwice)
		}
		d.named[f.name] = f.line
		if err := d.key(f.name, f.value); err != nil {
			return nil, err
		}
	}
	if line, ok := d.named["widen"]; ok && len(d.extends) == 0 {
		return nil, d.fault("widen", line, errors.New("there is nothing to widen without extends"))
	}
	slices.SortStableFunc(d.entries, func(a, b entry) int { return inOrder(a.op, b.op) })
	for _, e := range d.entries {
		d.own.Operations = append(d.own.Operations, e.op)
	}
	if i, err := clash(d.own.Operations); err != nil {
		return nil, d.fault(d.entries[i].key, d.entries[i].line, err)
	}
	return d, nil
}

// checkSchema comes before all else: the keys of another schema would only be misjudged.
func (d *document) checkSchema(root *node) error {
	for _, f := range root.fields {
		if f.name != "schema" {
			continue
		}
		switch {
		case f.value.shape != anInteger:
			return d.wants("schema", f.value, "the integer "+schema)
		case f.value.text != schema:
			return d.fault("schema", f.value.line, fmt.Errorf("%s is not known; this gaol knows schema %s", f.value.text, schema))
		}
		return nil
	}
	return d.fault("schema", 0, fmt.Errorf("missing; the file must say schema = %s", schema))
}

func (d *document) fault(key string, line int, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Err: err}
	}
	e.File, e.Key, e.Line = d.name, key, line
	return e
}

func (d *document) wants(key string, n *node, what string) error {
	return d.fault(key, n.line, fmt.Errorf("%s is needed, not %s", what, n.shape))
}

// keyName quotes a name that would be unreadable, or unprintable, in an error.
func keyName(name string) string {
	if isBareKey(name) {
		return name
	}
	return strconv.Quote(name)
}

func (d *document) key(key string, n *node) error {
	if kind, ok := keyed()[key]; ok {
		return d.operations(kind, key, n)
	}
	switch key {
	case "extends":
		if n.shape == aString {
			d.extends = []word{{n.text, key, n.line}}
			return nil
		}
		var err error
		d.extends, err = d.words(key, n, "a file's name or a list of them")
		return err
	case denyKey:
		return d.only(key, n, deniable(), func(op *Operation) { op.Deny = true })
	case bestEffortKey:
		return d.only(key, n, effortful(), func(op *Operation) { op.BestEffort = true })
	case "widen":
		if n.shape != aBool {
			return d.wants(key, n, aBool.String())
		}
		d.widen = n.truth
	case "env":
		return d.env(n)
	case limitsKey:
		return d.limits(n)
	case "pass-env":
		var err error
		if d.passEnv, err = d.words(key, n, "a list of names"); err != nil {
			return err
		}
		for _, w := range d.passEnv {
			if err := checkName(w.text); err != nil {
				return d.fault(w.key, w.line, err)
			}
			d.own.PassEnv = append(d.own.PassEnv, w.text)
		}
	case "dir":
		if n.shape != aString {
			return d.wants(key, n, "a path")
		}
		p, err := checkedPath(n.text, d.vars.path)
		if err != nil {
			return d.fault(key, n.line, err)
		}
		d.own.Dir = p
	case "on-denied":
		if n.shape != aString {
			return d.wants(key, n, `"errno" or "kill"`)
		}
		for _, action := range []OnDenied{Errno, Kill} {
			if n.text == action.String() {
				d.own.OnDenied = action
				return nil
			}
		}
		return d.fault(key, n.line, fmt.Errorf(`%q is neither "errno" nor "kill"`, n.text))
	}
	return nil
}

// words reads a list of strings.
func (d *document) words(key string, n *node, what string) ([]word, error) {
	if n.shape != aList {
		return nil, d.wants(key, n, what)
	}
	var words []word
	for i, item := range n.items {
		itemKey := fmt.Sprintf("%s[%d]", key, i)
		if item.shape != aString {
			return nil, d.wants(itemKey, item, aString.String())
		}
		words = append(words, word{item.text, itemKey, item.line})
	}
	return words, nil
}

func (d *document) env(n *node) error {
	if n.shape != aTable {
		return d.wants("env", n, "a table of strings")
	}
	if len(n.fields) > maxEnv {
		return d.fault("env", n.line, fmt.Errorf("more than %d variables", maxEnv))
	}
	seen := make(map[string]bool, len(n.fields))
	for _, f := range n.fields {
		key := "env." + keyName(f.name)
		if seen[f.name] {
			return d.fault(key, f.line, errTwice)
		}
		seen[f.name] = true
		if f.value.shape != aString {
			return d.wants(key, f.value, aString.String())
		}
		// The name by itself: joined to its value, "A=B" would become a variable A.
		if err := checkName(f.name); err != nil {
			return d.fault(key, f.line, err)
		}
		value, err := d.vars.text(f.value.text)
		if err == nil {
			err = CheckEnv(f.name + "=" + value)
		}
		if err != nil {
			return d.fault(key, f.value.line, err)
		}
		d.own.Env = append(d.own.Env, f.name+"="+value)
	}
	return nil
}
