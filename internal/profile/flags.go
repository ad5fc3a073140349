package profile

// This file reads the short text forms that the flags of `gaol run` and the entries of a profile file share.
// It must never repair a path: what is not absolute and clean is refused. Every error is an *Error with Path set.

import (
	"errors"
	"fmt"
	"strings"
)

var (
	errNotMap      = errors.New(`not INSIDE=HOST, INSIDE=HOST:ro or INSIDE=HOST:rw`)
	errNotOptional = errors.New(`a trailing "?" has no meaning here; write "${0x3F}" for one that is part of the name`)
)

// ParsePattern reads a path, which stands for itself and all below it; a trailing "?" makes it Optional.
func ParsePattern(s string) (Pattern, error) { return parsePattern(s, verbatim) }

func parsePattern(s string, expand expander) (Pattern, error) {
	p := Pattern{Match: Subpath}
	p.Path, p.Optional = strings.CutSuffix(s, "?")
	var err error
	p.Path, err = checkedPath(p.Path, expand)
	return p, err
}

// checkedPath replaces the variables in s and requires a path that CheckPath accepts.
func checkedPath(s string, expand expander) (string, error) {
	p, err := expand(s)
	if err != nil {
		return "", &Error{Path: s, Err: err}
	}
	if err := CheckPath(p); err != nil {
		return "", &Error{Path: p, Err: err}
	}
	return p, nil
}

// ParseMap reads INSIDE=HOST, with :ro (also meant without it) or :rw behind it. The first "=" divides.
func ParseMap(s string) (Operation, error) { return parseMap(s, verbatim) }

func parseMap(s string, expand expander) (Operation, error) {
	inside, host, ok := strings.Cut(s, "=")
	if !ok {
		return Operation{}, &Error{Path: s, Err: errNotMap}
	}
	op := Operation{Kind: Map, Mode: ReadOnly}
	if rest, found := strings.CutSuffix(host, ":rw"); found {
		host, op.Mode = rest, ReadWrite
	} else {
		host = strings.TrimSuffix(host, ":ro")
	}
	var err error
	if op.Path, err = checkedPath(inside, expand); err != nil {
		return Operation{}, err
	}
	if op.Host, err = checkedPath(host, expand); err != nil {
		return Operation{}, err
	}
	return op, nil
}

// ParseAddress reads the address of a NetworkOutbound or NetworkInbound operation.
func ParseAddress(kind Kind, s string) (Operation, error) {
	switch {
	case kind != NetworkOutbound && kind != NetworkInbound:
		return Operation{}, &Error{Operation: kind.String(), Path: s, Err: errors.New("takes no address")}
	case s == "all":
		return Operation{Kind: kind, Address: All}, nil
	case s == "":
		return Operation{}, &Error{Err: errors.New(`the address is empty; only "all" is known so far`)}
	}
	if form := addressForm(s); form != "" {
		return Operation{}, &Error{Path: s, Err: fmt.Errorf(`%s is not supported yet; only "all" is known so far`, form)}
	}
	return Operation{}, &Error{Path: s, Err: errors.New(`not an address; only "all" is known so far`)}
}

// addressForm names the form that s was meant to have, so that a planned one is told from a misspelt one.
func addressForm(s string) string {
	for _, f := range [...]struct{ prefix, form string }{
		{"tcp:", "tcp:PORT"}, {"udp:", "udp:PORT"}, {"unix:", "unix:PATH"}, {"loopback:", "loopback:PORT"},
	} {
		if strings.HasPrefix(s, f.prefix) {
			return f.form
		}
	}
	switch {
	case strings.Contains(s, "/") && strings.Contains(s, ":"):
		return "CIDR:PORT"
	case strings.Contains(s, ":"):
		return "HOST:PORT"
	}
	return ""
}
