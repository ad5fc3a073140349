// Package sbpltest answers what a profile of macOS allows, without a Mac: for tests. It is written from what is known of the language, apart from
// the package that writes profiles, and knows no more of it than profiles of gaol use. Whatever it does not know is an error, never a guess.
package sbpltest

import (
	"fmt"
	"strings"
)

// node is a list, a string or a word.
type node struct {
	list   []node
	isList bool
	text   string
	quoted bool
}

func (n node) String() string {
	switch {
	case n.isList:
		parts := make([]string, len(n.list))
		for i, c := range n.list {
			parts[i] = c.String()
		}
		return "(" + strings.Join(parts, " ") + ")"
	case n.quoted:
		return fmt.Sprintf("%q", n.text)
	}
	return n.text
}

// head is the first word of a list; empty: there is none.
func (n node) head() string {
	if n.isList && len(n.list) > 0 && !n.list[0].isList && !n.list[0].quoted {
		return n.list[0].text
	}
	return ""
}

// read reads the expressions of a text.
func read(text string) ([]node, error) {
	r := reader{text: text}
	var out []node
	for {
		r.space()
		if r.at == len(r.text) {
			return out, nil
		}
		n, err := r.node()
		if err != nil {
			return nil, fmt.Errorf("at byte %d: %w", r.at, err)
		}
		out = append(out, n)
	}
}

type reader struct {
	text string
	at   int
}

func (r *reader) space() {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == ';':
			for r.at < len(r.text) && r.text[r.at] != '\n' {
				r.at++
			}
		case c == ' ' || c == '\n' || c == '\t':
			r.at++
		default:
			return
		}
	}
}

func (r *reader) node() (node, error) {
	switch c := r.text[r.at]; {
	case c == '(':
		r.at++
		n := node{isList: true}
		for {
			r.space()
			if r.at == len(r.text) {
				return n, fmt.Errorf("a list that does not end")
			}
			if r.text[r.at] == ')' {
				r.at++
				return n, nil
			}
			c, err := r.node()
			if err != nil {
				return n, err
			}
			n.list = append(n.list, c)
		}
	case c == '"':
		return r.quoted()
	case word(c):
		start := r.at
		for r.at < len(r.text) && word(r.text[r.at]) {
			r.at++
		}
		return node{text: r.text[start:r.at]}, nil
	default:
		return node{}, fmt.Errorf("%q begins nothing", c)
	}
}

// quoted knows no escapes: gaol writes none.
func (r *reader) quoted() (node, error) {
	end := strings.IndexAny(r.text[r.at+1:], "\"\\")
	if end < 0 || r.text[r.at+1+end] != '"' {
		return node{}, fmt.Errorf("a string that does not end, or an escape")
	}
	n := node{text: r.text[r.at+1 : r.at+1+end], quoted: true}
	r.at += end + 2
	return n, nil
}

func word(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-*_.?", c) >= 0
}
