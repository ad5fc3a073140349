package profile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
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
	if _, err := clash(p.Operations); err != nil {
		return err
	}
	if err := p.Limits.Validate(); err != nil {
		return err
	}
	if p.Engine > EngineJail {
		return &Error{Operation: "WithEngine", Err: fmt.Errorf("unknown engine %d; write EngineNamespace, EngineLandlock, EngineSeatbelt, EngineCapsicum or EngineJail", p.Engine)}
	}
	if p.Program > Cooperating {
		return &Error{Operation: "WithProgram", Err: fmt.Errorf("unknown kind %d; write DynamicProgram, StaticProgram or CooperatingProgram", p.Program)}
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

// clash finds two operations that cannot both be meant, and returns the index of the second.
func clash(ops []Operation) (int, error) {
	maps := map[string]Operation{}
	for i, op := range ops {
		if op.Kind != Map {
			continue
		}
		if first, taken := maps[op.Path]; taken {
			return i, &Error{Operation: op.String(), Path: op.Path, Err: fmt.Errorf("%s has taken this place; a path inside shows one thing", first)}
		}
		maps[op.Path] = op
	}
	return 0, nil
}

var errDeny = errors.New("only FileRead, FileReadMetadata, FileWrite and FileExecute can be denied; leave out what is not to be allowed")

func (o Operation) validate() error {
	fail := func(p string, err error) error { return &Error{Operation: o.String(), Path: p, Err: err} }
	paths := func(paths ...string) error {
		for _, p := range paths {
			if err := CheckPath(p); err != nil {
				return fail(p, err)
			}
		}
		return nil
	}
	if o.Deny && o.Kind.valid() && !o.Kind.file() {
		return fail("", errDeny)
	}
	switch o.Kind {
	case System, SystemInfoRead, ProcessCreate, Signal, Trace:
		return nil
	case FileRead, FileReadMetadata, FileWrite, FileExecute:
		if o.Pattern.Match != Literal && o.Pattern.Match != Subpath {
			return fail("", errors.New("the pattern is neither Literal nor Subpath"))
		}
		return paths(o.Pattern.Path)
	case NetworkOutbound, NetworkInbound:
		if err := o.Address.check(o.Kind, inGo); err != nil {
			return fail(o.socket(), err)
		}
		return nil
	case IPC:
		if !o.IPC.valid() {
			return fail("", errors.New("the kind is none of NamedPipes, SystemV, POSIXSharedMemory, POSIXQueues"))
		}
		return nil
	case Device:
		if o.Pattern.Match != Literal || o.Pattern.Optional {
			return fail("", errors.New("the pattern is not Literal"))
		}
		return paths(o.Pattern.Path)
	case Syscall:
		if err := checkNames(o.Names); err != nil {
			return fail("", err)
		}
		return nil
	case MachLookup:
		if err := checkService(o.Names); err != nil {
			return fail("", err)
		}
		return nil
	case Private:
		return paths(o.Path)
	case Map:
		if o.Mode != ReadOnly && o.Mode != ReadWrite {
			return fail(o.Path, errors.New("the mode is neither ReadOnly nor ReadWrite"))
		}
		return paths(o.Path, o.Host)
	}
	return &Error{Operation: o.Kind.String(), Err: errors.New("unknown operation")}
}

// socket is the path that a network operation names; empty if it names none.
func (o Operation) socket() string {
	if o.Address.Form == FormLocalSocket {
		return o.Address.Name
	}
	return ""
}

// JoinNames puts names of system calls into the form of Operation.Names. One that the form could not hold stays recognizably wrong.
func JoinNames(names ...string) string {
	held := make([]string, len(names))
	for i, name := range names {
		if held[i] = name; name == "" || strings.Contains(name, " ") {
			held[i] = strings.ReplaceAll(strconv.Quote(name), " ", `\x20`)
		}
	}
	slices.Sort(held)
	return strings.Join(slices.Compact(held), " ")
}

// checkNames wants the names of system calls as <asm/unistd.h> has them behind __NR_.
func checkNames(names string) error {
	if names == "" {
		return errors.New("it names no system call")
	}
	list := strings.Split(names, " ")
	for _, name := range list {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return fmt.Errorf("%s is not the name of a system call; it has lower-case letters, digits and _, such as io_uring_setup", name)
		}
	}
	if JoinNames(list...) != names {
		return errors.New("the names are not sorted, each once")
	}
	return nil
}

// maxService is BOOTSTRAP_MAX_NAME_LEN of macOS (servers/bootstrap.h), the terminating NUL included.
const maxService = 128

// checkService wants the name of a Mach service.
func checkService(name string) error {
	switch {
	case name == "":
		return errors.New("it names no service")
	case len(name) >= maxService:
		return fmt.Errorf("the name is longer than %d bytes", maxService-1)
	case strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' || r == '*' }) >= 0:
		return errors.New("it is not the name of a Mach service, such as com.apple.trustd.agent")
	}
	return nil
}
