package profile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPath is PATH_MAX of Linux (limits.h), the terminating NUL included: no system call takes a longer path.
const maxPath = 4096

var (
	errEmptyPath = errors.New("the path is empty")
	errNUL       = errors.New("contains a NUL byte")
	errRelative  = errors.New("the path is relative; an absolute one is needed")
	errUnclean   = errors.New("the path is not clean")
	errLongPath  = fmt.Errorf("the path is longer than %d bytes", maxPath-1)
)

// Validate checks everything about p that does not need a host. The first fault is returned as an *Error.
func (p Profile) Validate() error {
	for _, op := range p.Operations {
		if err := op.validate(); err != nil {
			return err
		}
	}
	if p.OnDenied > Kill {
		return &Error{Operation: "OnDenied", Err: fmt.Errorf("unknown action %d", p.OnDenied)}
	}
	for _, kv := range p.Env {
		if err := CheckEnv(kv); err != nil {
			return &Error{Operation: "Env", Err: err}
		}
	}
	for _, name := range p.PassEnv {
		if err := checkName(name); err != nil {
			return &Error{Operation: "PassEnv", Err: err}
		}
	}
	if p.Dir != "" {
		if err := CheckPath(p.Dir); err != nil {
			return &Error{Operation: "Dir", Path: p.Dir, Err: err}
		}
	}
	return nil
}

// CheckEnv reports why kv is not a "NAME=value" entry of an environment.
func CheckEnv(kv string) error {
	name, _, ok := strings.Cut(kv, "=")
	switch {
	case !ok || name == "":
		return fmt.Errorf("%q is not NAME=value", kv)
	case strings.IndexByte(kv, 0) >= 0:
		return fmt.Errorf("%q %w", kv, errNUL)
	}
	return checkName(name)
}

// checkName requires UTF-8 of a variable's name, unlike of its value: a profile file has no way to write another one.
func checkName(name string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") || !utf8.ValidString(name) {
		return fmt.Errorf("%q is not a variable's name", name)
	}
	return nil
}

func (o Operation) validate() error {
	fail := func(p string, err error) error { return &Error{Operation: o.String(), Path: p, Err: err} }
	switch o.Kind {
	case System, SystemInfoRead, ProcessCreate:
		return nil
	case FileRead, FileReadMetadata, FileWrite, FileExecute:
		if o.Pattern.Match != Literal && o.Pattern.Match != Subpath {
			return fail("", errors.New("the pattern is neither Literal nor Subpath"))
		}
		if err := CheckPath(o.Pattern.Path); err != nil {
			return fail(o.Pattern.Path, err)
		}
		return nil
	case NetworkOutbound, NetworkInbound:
		if o.Address != All {
			return fail("", errors.New("the address is not All"))
		}
		return nil
	case Private:
		if err := CheckPath(o.Path); err != nil {
			return fail(o.Path, err)
		}
		return nil
	case Map:
		if o.Mode != ReadOnly && o.Mode != ReadWrite {
			return fail(o.Path, errors.New("the mode is neither ReadOnly nor ReadWrite"))
		}
		for _, p := range []string{o.Path, o.Host} {
			if err := CheckPath(p); err != nil {
				return fail(p, err)
			}
		}
		return nil
	}
	return &Error{Operation: o.Kind.String(), Err: errors.New("unknown operation")}
}
