package profile

// This file turns JSON into a tree. It must never guess: trailing data and broken escapes are errors, and a name that is
// there twice stays there twice, for the reader of the tree to refuse.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

func parseJSON(data []byte, ends lines) (*node, int, error) {
	var judged json.RawMessage
	if err := json.Unmarshal(data, &judged); err != nil {
		var at *json.SyntaxError
		if errors.As(err, &at) {
			// Offset counts the bytes read, the faulty one included; at the end of the data there is none.
			offset := int(at.Offset)
			if offset > 0 && offset <= len(data) {
				offset--
			}
			return nil, ends.at(offset), err
		}
		return nil, 0, err
	}
	b := jsonBuilder{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), ends: ends}
	b.decoder.UseNumber()
	root, err := b.value()
	return root, b.line, err
}

type jsonBuilder struct {
	data    []byte
	decoder *json.Decoder
	ends    lines
	line    int // of the last token
}

func (b *jsonBuilder) token() (json.Token, error) {
	start := b.decoder.InputOffset()
	token, err := b.decoder.Token()
	if err != nil {
		return nil, err
	}
	end := b.decoder.InputOffset()
	b.line = b.ends.at(int(end) - 1)
	if _, ok := token.(string); ok {
		err = checkEscapes(b.data[start:end])
	}
	return token, err
}

func (b *jsonBuilder) value() (*node, error) {
	token, err := b.token()
	if err != nil {
		return nil, err
	}
	n := &node{line: b.line}
	switch t := token.(type) {
	case string:
		n.shape, n.text = aString, t
	case bool:
		n.shape, n.truth = aBool, t
	case json.Number:
		n.shape, n.text = anInteger, t.String()
		if strings.ContainsAny(n.text, ".eE") {
			n.shape = aFloat
		}
	case nil:
		n.shape = aNull
	case json.Delim:
		n.shape = aList
		if t == '{' {
			n.shape = aTable
		}
		for b.decoder.More() {
			if err := b.element(n); err != nil {
				return nil, err
			}
		}
		_, err = b.token()
	}
	return n, err
}

func (b *jsonBuilder) element(n *node) error {
	if n.shape == aList {
		item, err := b.value()
		n.items = append(n.items, item)
		return err
	}
	token, err := b.token()
	if err != nil {
		return err
	}
	name, _ := token.(string)
	line := b.line
	value, err := b.value()
	n.fields = append(n.fields, field{name, line, value})
	return err
}

// checkEscapes refuses half a surrogate pair, which encoding/json replaces silently by U+FFFD.
func checkEscapes(raw []byte) error {
	high := -1
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 >= len(raw) || raw[i+1] != 'u' || i+6 > len(raw) {
			if raw[i] == '\\' {
				i++
			}
			if high >= 0 {
				return fmt.Errorf(`\u%04x is half a surrogate pair`, high)
			}
			continue
		}
		code, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		if err != nil {
			return err
		}
		i += 5
		r := rune(code)
		switch {
		case high >= 0 && r >= 0xDC00 && r < 0xE000:
			high = -1
		case high >= 0:
			return fmt.Errorf(`\u%04x is half a surrogate pair`, high)
		case utf16.IsSurrogate(r) && r < 0xDC00:
			high = int(r)
		case utf16.IsSurrogate(r):
			return fmt.Errorf(`\u%04x is half a surrogate pair`, r)
		}
	}
	return nil
}
