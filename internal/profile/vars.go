package profile

// This file replaces the variables of a profile file. It must never leave one in, nor take one from the environment:
// a profile means the same for the same Vars.

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Vars are the values of ${HOME}, ${CWD} and ${TMP} in a profile file. An empty value is an error where it is used.
type Vars struct{ Home, CWD, Tmp string }

var (
	errDollar   = errors.New(`a lone "$"; write "$$" for a dollar, "${NAME}" for a variable`)
	errUnclosed = errors.New(`"${" without its "}"`)
)

// expander turns what a file says into what it means; flags need none, the shell has been there before.
type expander func(string) (string, error)

func verbatim(s string) (string, error) { return s, nil }

func (v Vars) text(s string) (string, error) { return v.expand(s, false) }
func (v Vars) path(s string) (string, error) { return v.expand(s, true) }

func (v Vars) expand(s string, isPath bool) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "$")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		if b.Len() > maxFile {
			return "", fmt.Errorf("longer than %d bytes with its variables replaced", maxFile)
		}
		if strings.HasPrefix(rest, "$") {
			b.WriteByte('$')
			s = rest[1:]
			continue
		}
		if !strings.HasPrefix(rest, "{") {
			return "", errDollar
		}
		name, after, closed := strings.Cut(rest[1:], "}")
		if !closed {
			return "", errUnclosed
		}
		s = after
		if c, ok := byteEscape(name); ok {
			b.WriteByte(c)
			continue
		}
		value, err := v.lookup(name)
		if err != nil {
			return "", err
		}
		if isPath && b.Len() == 0 {
			if !path.IsAbs(value) || path.Clean(value) != value {
				return "", fmt.Errorf("${%s} is %q, which is not an absolute, clean path", name, value)
			}
			// The home directory is / in many containers; ${HOME}/x is then /x.
			if value == "/" && strings.HasPrefix(s, "/") {
				continue
			}
		}
		b.WriteString(value)
	}
}

func (v Vars) lookup(name string) (string, error) {
	for _, known := range [...]struct{ name, value string }{{"HOME", v.Home}, {"CWD", v.CWD}, {"TMP", v.Tmp}} {
		switch {
		case known.name != name:
		case known.value == "":
			return "", fmt.Errorf("${%s} has no value here", name)
		default:
			return known.value, nil
		}
	}
	return "", fmt.Errorf("unknown variable %q; the variables are ${HOME}, ${CWD} and ${TMP}", "${"+name+"}")
}

// byteEscape reads the 0xFF of ${0xFF}: the way to write a byte that the syntax around it could not hold, since
// file names are bytes while TOML and JSON are UTF-8.
func byteEscape(name string) (byte, bool) {
	digits, ok := strings.CutPrefix(name, "0x")
	if !ok || len(digits) != 2 {
		return 0, false
	}
	c, err := strconv.ParseUint(digits, 16, 8)
	return byte(c), err == nil
}
