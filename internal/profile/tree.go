package profile

// A tree is what a TOML and a JSON file have in common: values in the order of the file, each with its line.
// It gives the values no meaning; it must never drop one, nor take one kind of value for another.

import (
	"bytes"
	"fmt"
	"sort"
	"unicode/utf8"
)

type shape uint8

const (
	aTable shape = iota + 1
	aList
	aString
	aBool
	anInteger
	aFloat
	aTime
	aNull
)

var shapes = [...]string{
	aTable: "a table", aList: "a list", aString: "a string", aBool: "true or false",
	anInteger: "an integer", aFloat: "a float", aTime: "a date or time", aNull: "null",
}

func (s shape) String() string { return shapes[s] }

// node is one value. Text holds a string's value and a number's digits.
type node struct {
	shape  shape
	line   int
	text   string
	truth  bool
	items  []*node // of a list
	fields []field // of a table; JSON may have left a name in it twice
}

type field struct {
	name  string
	line  int
	value *node
}

// lines finds the line of an offset. Counting from the start each time would make a long file quadratic.
type lines []int

func newLines(data []byte) lines {
	var ends lines
	for i := 0; ; i++ {
		j := bytes.IndexByte(data[i:], '\n')
		if j < 0 {
			return ends
		}
		i += j
		ends = append(ends, i)
	}
}

func (l lines) at(offset int) int { return sort.SearchInts(l, offset) + 1 }

// parseTree reads data in the language that the ending of name tells. Every error is an *Error with File set.
func parseTree(name string, data []byte) (*node, error) {
	parse := languages[ending(name)]
	if parse == nil {
		return nil, &Error{File: name, Err: errEnding}
	}
	if len(data) > maxFile {
		return nil, &Error{File: name, Err: errLargeFile}
	}
	ends := newLines(data)
	// encoding/json replaces invalid UTF-8 silently: another path than the one written would be granted.
	if at := invalidUTF8(data); at >= 0 {
		return nil, &Error{File: name, Line: ends.at(at), Err: fmt.Errorf("byte 0x%02X is not UTF-8", data[at])}
	}
	root, line, err := parse(data, ends)
	if err != nil {
		return nil, &Error{File: name, Line: line, Err: err}
	}
	return root, nil
}

var languages = map[string]func([]byte, lines) (*node, int, error){".toml": parseTOML, ".json": parseJSON}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
