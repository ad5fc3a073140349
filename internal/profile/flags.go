package profile

// This file reads the short text forms that the flags of `gaol run` and the entries of a profile file share.
// It must never repair a path: what is not absolute and clean is refused. Every error is an *Error with Path set.

import (
	"errors"
	"fmt"
	"strconv"
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
func ParseAddress(kind Kind, s string) (Operation, error) { return parseAddress(kind, s, verbatim) }

func parseAddress(kind Kind, s string, expand expander) (Operation, error) {
	op := Operation{Kind: kind}
	if kind != NetworkOutbound && kind != NetworkInbound {
		return op, &Error{Operation: kind.String(), Path: s, Err: errors.New("takes no address")}
	}
	var err error
	if op.Address, err = readAddress(s, expand); err == nil {
		err = op.Address.check(kind, inFile)
	}
	if no := notAddress(""); errors.As(err, &no) {
		err = fmt.Errorf("%w; write %s", err, addressForms(kind))
	}
	if err != nil {
		err = &Error{Path: s, Err: err}
	}
	return op, err
}

// notAddress is what has no form at all, so that advice lists the forms.
type notAddress string

func (e notAddress) Error() string { return string(e) }

// readAddress finds out which form s has. What it names is still to be checked.
func readAddress(s string, expand expander) (Address, error) {
	before, behind, colon := cutLast(s, ":")
	for form, f := range forms {
		word, rest, found := strings.Cut(s, ":")
		switch a := (Address{Form: Form(form)}); {
		case f.word == "" || f.word != word || found != (f.port || f.name):
			continue
		case f.name:
			var err error
			a.Name, err = expand(rest)
			return a, err
		case f.port:
			var err error
			a.Port, err = readPort(rest)
			return a, err
		default:
			return a, nil
		}
	}
	a := Address{Form: FormHost, Name: before}
	switch {
	case s == "":
		return a, notAddress("the address is empty")
	case strings.Contains(s, "://"):
		return a, notAddress("a URL is not an address")
	case strings.HasPrefix(s, "/"):
		return a, fmt.Errorf("the path of a socket is written %q", "unix:"+s)
	case !colon, strings.Contains(behind, "/"):
		return a, notAddress("not an address with a port")
	case strings.Contains(before, "/"):
		a.Form = FormCIDR
	}
	var err error
	a.Port, err = readPort(behind)
	return a, err
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func readPort(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s {
		return 0, fmt.Errorf("%q is not a port; write one number from 1 to 65535", s)
	}
	return n, nil
}

// ParseIPC reads the kind of an IPC operation.
func ParseIPC(s string) (Operation, error) {
	words := make([]string, 0, len(ipcNames))
	for _, kind := range IPCKinds() {
		if kind.Word() == s {
			return Operation{Kind: IPC, IPC: kind}, nil
		}
		words = append(words, kind.Word())
	}
	return Operation{}, &Error{Path: s, Err: fmt.Errorf("not a kind of IPC; the kinds are %s", strings.Join(words, ", "))}
}

// ParseSyscall reads the name of one system call. Whether there is such a call, and whether it can be allowed, the host's table tells.
func ParseSyscall(s string) (Operation, error) {
	op := Operation{Kind: Syscall, Names: JoinNames(s)}
	if err := checkNames(op.Names); err != nil {
		return op, &Error{Path: s, Err: err}
	}
	return op, nil
}

// ParseMachLookup reads the name of a Mach service.
func ParseMachLookup(s string) (Operation, error) {
	op := Operation{Kind: MachLookup, Names: s}
	if err := checkService(s); err != nil {
		return op, &Error{Path: s, Err: err}
	}
	return op, nil
}

// ParseDevice reads the path of a device.
func ParseDevice(s string) (Operation, error) { return parseDevice(s, verbatim) }

func parseDevice(s string, expand expander) (Operation, error) {
	p, err := checkedPath(s, expand)
	return Operation{Kind: Device, Pattern: Pattern{Path: p, Match: Literal}}, err
}
