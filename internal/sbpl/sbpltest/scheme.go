package sbpltest

import "strings"

// Written is the profile's text as a Scheme writes what it has read: an expression a line, without comments.
func Written(text string) (string, error) {
	nodes, err := read(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, n := range nodes {
		b.WriteString(n.String() + "\n")
	}
	return b.String(), nil
}
