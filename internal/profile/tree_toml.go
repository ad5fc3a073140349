package profile

// This file turns TOML into a tree. go-toml's decoder judges the document (syntax, names given twice, numbers out of range)
// and its parser yields the positions; this code must never accept what the decoder refuses.

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Far more than any profile has. go-toml 2.4.3 looks each key up in a linked list: 1 MiB of different keys keeps it busy for
// half a minute.
const (
	maxKeys  = 2048
	maxParts = 8 // of a dotted key
)

var (
	errTwice = errors.New("this key is there twice")
	errKeys  = fmt.Errorf("more than %d different keys", maxKeys)
	errParts = fmt.Errorf("a key of more than %d parts", maxParts)
)

func parseTOML(data []byte, ends lines) (*node, int, error) {
	b := tomlBuilder{ends: ends, tables: map[*node]map[string]*node{}, trails: map[trail]int{}}
	root, fault := b.document(data)
	// The decoder's word comes first, for it says more, unless it would take too long over it.
	if fault == errKeys || fault == errParts {
		return nil, b.line, fault
	}
	var judged map[string]any
	if err := toml.Unmarshal(data, &judged); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ := at.Position()
			return nil, line, errors.New(strings.TrimPrefix(at.Error(), "toml: "))
		}
		return nil, 0, err
	}
	return root, b.line, fault
}

type tomlBuilder struct {
	parser unstable.Parser
	ends   lines
	tables map[*node]map[string]*node
	trails map[trail]int
	line   int // of the last token seen
	end    int // the offset behind it
}

// trail is a key by the number of its table's trail and its name, and has a number itself: to count the different keys of a
// document, whatever the length of their names. All tables of a list are one.
type trail struct {
	table int
	name  string
}

func (b *tomlBuilder) document(data []byte) (*node, error) {
	root := &node{shape: aTable, line: 1}
	current, at := root, 0
	b.parser.Reset(data)
	for b.parser.NextExpression() {
		expression := b.parser.Expression()
		var err error
		switch expression.Kind {
		case unstable.KeyValue:
			err = b.keyValue(current, at, expression)
		case unstable.Table, unstable.ArrayTable:
			current, at, err = b.header(root, expression)
		}
		if err != nil {
			return nil, err
		}
	}
	return root, b.parser.Error()
}

// parts returns the names of a dotted key below the trail at, and the key's own trail.
func (b *tomlBuilder) parts(at int, expression *unstable.Node) ([]word, int, error) {
	var parts []word
	for key := expression.Key(); key.Next(); {
		b.see(key.Node())
		step := trail{at, string(key.Node().Data)}
		known := false
		if at, known = b.trails[step]; !known {
			at = len(b.trails) + 1
			b.trails[step] = at
		}
		parts = append(parts, word{text: step.name, line: b.line})
		switch {
		case len(parts) > maxParts:
			return nil, 0, errParts
		case len(b.trails) > maxKeys:
			return nil, 0, errKeys
		}
	}
	return parts, at, nil
}

func (b *tomlBuilder) see(n *unstable.Node) {
	if n.Kind == unstable.Array {
		b.seeBracket()
	} else if n.Raw.Length > 0 {
		b.line = b.ends.at(int(n.Raw.Offset))
		b.end = int(n.Raw.Offset + n.Raw.Length)
	}
}

// seeBracket finds where a list opens, which go-toml does not tell. From the last token to there, only punctuation, space and
// comments can stand.
func (b *tomlBuilder) seeBracket() {
	data := b.parser.Data()
	for i := b.end; i < len(data); i++ {
		switch data[i] {
		case '[':
			b.line, b.end = b.ends.at(i), i+1
			return
		case '#':
			if end := bytes.IndexByte(data[i:], '\n'); end >= 0 {
				i += end
			}
		}
	}
}

// get returns the value of a table's name, or nil.
func (b *tomlBuilder) get(table *node, name string) *node { return b.tables[table][name] }

func (b *tomlBuilder) add(table *node, name string, value *node) error {
	known := b.tables[table]
	if known == nil {
		known = map[string]*node{}
		b.tables[table] = known
	}
	if table.shape != aTable || known[name] != nil {
		return errTwice
	}
	known[name] = value
	table.fields = append(table.fields, field{name, b.line, value})
	return nil
}

// enter follows one part of a dotted key; in a list of tables it means the last one.
func (b *tomlBuilder) enter(table *node, name string) (*node, error) {
	next := b.get(table, name)
	if next == nil {
		next = &node{shape: aTable, line: b.line}
		return next, b.add(table, name, next)
	}
	if next.shape == aList && len(next.items) > 0 {
		next = next.items[len(next.items)-1]
	}
	if next.shape != aTable {
		return nil, errTwice
	}
	return next, nil
}

func (b *tomlBuilder) header(root *node, expression *unstable.Node) (*node, int, error) {
	parts, at, err := b.parts(0, expression)
	if err != nil {
		return nil, 0, err
	}
	table := root
	for i, part := range parts {
		next := b.enter
		if expression.Kind == unstable.ArrayTable && i == len(parts)-1 {
			next = b.append
		}
		if table, err = next(table, part.text); err != nil {
			return nil, 0, err
		}
	}
	return table, at, nil
}

// append adds a table to the list of tables of that name.
func (b *tomlBuilder) append(table *node, name string) (*node, error) {
	list := b.get(table, name)
	if list == nil {
		list = &node{shape: aList, line: b.line}
		if err := b.add(table, name, list); err != nil {
			return nil, err
		}
	}
	if list.shape != aList {
		return nil, errTwice
	}
	item := &node{shape: aTable, line: b.line}
	list.items = append(list.items, item)
	return item, nil
}

func (b *tomlBuilder) keyValue(table *node, at int, expression *unstable.Node) error {
	parts, at, err := b.parts(at, expression)
	if err != nil {
		return err
	}
	last := len(parts) - 1
	for _, part := range parts[:last] {
		if table, err = b.enter(table, part.text); err != nil {
			return err
		}
	}
	value, err := b.value(expression.Value(), at)
	if err != nil {
		return err
	}
	b.line = parts[last].line
	return b.add(table, parts[last].text, value)
}

func (b *tomlBuilder) value(n *unstable.Node, at int) (*node, error) {
	b.see(n)
	v := &node{line: b.line, text: string(n.Data)}
	switch n.Kind {
	case unstable.String:
		v.shape = aString
	case unstable.Bool:
		v.shape, v.truth = aBool, v.text == "true"
	case unstable.Integer:
		v.shape = anInteger
	case unstable.Float:
		v.shape = aFloat
	case unstable.Array:
		v.shape = aList
		for item := n.Children(); item.Next(); {
			child, err := b.value(item.Node(), at)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, child)
		}
	case unstable.InlineTable:
		v.shape = aTable
		for item := n.Children(); item.Next(); {
			if err := b.keyValue(v, at, item.Node()); err != nil {
				return nil, err
			}
		}
	default:
		v.shape = aTime
	}
	return v, nil
}
