package main

// This file reads the flags that make a profile. A flag must never take anything out of a profile or mean less than it says;
// the only repair is that a relative path, which a person types, is made absolute.

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// profileFlags collects the flags in the order in which they were given.
type profileFlags struct {
	file    string
	options []gaol.Option
	words   map[string]string // an operation as the library writes it -> the flag that it came from
}

var errNothingAllowed = errors.New(`the profile allows nothing, not even to start a program; list what it may do, for example
  gaol run --system --read . -- ls
or name a profile file with -p FILE`)

type parser func(string) (gaol.Option, error)

// profileFlagTable is in the order of the help.
var profileFlagTable = []struct {
	name, usage string
	parse       parser // nil: op stands for itself
	op          gaol.Option
}{
	{name: "system", op: gaol.System(), usage: "what programs need to start: the system's programs and libraries, no user's data"},
	{name: "read", parse: path(gaol.FileRead), usage: "read, list and stat `PATH` and all below it"},
	{name: "metadata", parse: path(gaol.FileReadMetadata), usage: "stat `PATH` and all below it, without reading"},
	{name: "write", parse: path(gaol.FileWrite), usage: "create, write, rename and remove at `PATH` and below, without reading"},
	{name: "exec", parse: path(gaol.FileExecute), usage: "execute `PATH` and all below it"},
	{name: "connect", parse: address(profile.NetworkOutbound), usage: "reach the network, `all` of it"},
	{name: "listen", parse: address(profile.NetworkInbound), usage: "listen on the network, `all` of it"},
	{name: "sysinfo", op: gaol.SystemInfoRead(), usage: "read the system files of /proc"},
	{name: "process", op: gaol.ProcessCreate(), usage: "create processes"},
	{name: "private", parse: private, usage: "an empty, writable directory of the program's own at `PATH`"},
	{name: "map", parse: mapped, usage: "show the host's file or directory at another path: `INSIDE=HOST[:rw]`"},
	{name: "env", parse: env, usage: "set the environment variable `NAME=VALUE`"},
	{name: "pass-env", parse: passEnv, usage: "hand on the environment variable `NAME`, if it is set"},
	{name: "dir", parse: dir, usage: "working directory, inside: `PATH`"},
	{name: "on-denied", parse: onDenied, usage: "what a denied system call ends in: `errno|kill`, the call or the program; errno if not given"},
}

func (p *profileFlags) register(c *cobra.Command) {
	p.words = map[string]string{}
	flags := c.Flags()
	flags.SortFlags = false
	flags.VarP((*fileValue)(&p.file), "profile", "p", "start from the profile `FILE`, TOML or JSON")
	mark(flags.Lookup("profile"))
	_ = c.MarkFlagFilename("profile", "toml", "json")
	for _, row := range profileFlagTable {
		v := &flagValue{flags: p, name: row.name, parse: row.parse, op: row.op}
		f := flags.VarPF(v, row.name, "", row.usage)
		if row.parse == nil {
			f.NoOptDefVal = "true"
		}
		mark(f)
	}
	for name, words := range map[string][]string{"on-denied": {"errno", "kill"}, "connect": {"all"}, "listen": {"all"}} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

func mark(f *pflag.Flag) { f.Annotations = map[string][]string{inProfile: {}} }

// profile is the file's profile, if there is one, and what the flags add.
func (p *profileFlags) profile() (gaol.Profile, error) {
	var base gaol.Profile
	if p.file != "" {
		var err error
		if base, err = gaol.LoadProfile(p.file); err != nil {
			return base, err
		}
	}
	all, err := base.With(p.options...)
	if err == nil && len(all.Operations()) == 0 {
		err = errNothingAllowed
	}
	return all, err
}

// flagValue appends to the profile each time that its flag is given.
type flagValue struct {
	flags *profileFlags
	name  string
	parse parser
	op    gaol.Option
}

func (v *flagValue) String() string { return "" }

func (v *flagValue) Type() string {
	if v.parse == nil {
		return "bool"
	}
	return "string"
}

func (v *flagValue) Set(s string) error {
	option, text := v.op, "--"+v.name
	if v.parse == nil {
		if s != "true" {
			return errors.New("it takes no value, and no flag takes a right away")
		}
	} else {
		var err error
		if option, err = v.parse(s); err != nil {
			return err
		}
		text += " " + s
	}
	if _, err := gaol.NewProfile(option); err != nil {
		var e *gaol.ProfileError
		if errors.As(err, &e) {
			return e.Err
		}
		return err
	}
	if op, ok := option.(gaol.Operation); ok {
		v.flags.words[op.String()] = text
	}
	v.flags.options = append(v.flags.options, option)
	return nil
}

type fileValue string

func (v *fileValue) String() string { return string(*v) }
func (v *fileValue) Type() string   { return "string" }
func (v *fileValue) Set(s string) error {
	switch {
	case s == "":
		return errors.New("the file's name is empty")
	case *v != "":
		return errors.New(`there is one profile file; let it name the other: extends = ["…"]`)
	}
	*v = fileValue(s)
	return nil
}

func path(operation func(gaol.Pattern) gaol.Operation) parser {
	return func(s string) (gaol.Option, error) {
		name, optional := strings.CutSuffix(s, "?")
		at, err := absolute(name)
		if err != nil {
			return nil, err
		}
		pattern := gaol.Subpath(at)
		if optional {
			pattern = gaol.Optional(pattern)
		}
		return operation(pattern), nil
	}
}

// absolute is what the shell's user meant. A shell leaves ~ alone in --read=~/x, and then nobody means a directory of that name.
func absolute(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("the path is empty")
	case name == "~" || strings.HasPrefix(name, "~/"):
		return "", errors.New(`the shell does not replace "~" here; write the flag and the path as two words, or "./~" for a file of that name`)
	}
	return filepath.Abs(name)
}

func private(s string) (gaol.Option, error) {
	at, err := absolute(s)
	return gaol.Private(at), err
}

func dir(s string) (gaol.Option, error) {
	at, err := absolute(s)
	return gaol.Dir(at), err
}

func mapped(s string) (gaol.Option, error) {
	inside, host, ok := strings.Cut(s, "=")
	if !ok {
		return nil, errors.New("write INSIDE=HOST, or INSIDE=HOST:rw to allow writing")
	}
	mode := gaol.ReadOnly
	if rest, rw := strings.CutSuffix(host, ":rw"); rw {
		host, mode = rest, gaol.ReadWrite
	} else {
		host = strings.TrimSuffix(host, ":ro")
	}
	in, err := absolute(inside)
	if err != nil {
		return nil, fmt.Errorf("inside: %w", err)
	}
	out, err := absolute(host)
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	return gaol.Map(in, out, mode), nil
}

func address(kind profile.Kind) parser {
	return func(s string) (gaol.Option, error) {
		op, err := profile.ParseAddress(kind, s)
		var e *profile.Error
		switch {
		case errors.As(err, &e):
			return nil, e.Err
		case err != nil:
			return nil, err
		case op.Address != profile.All:
			return nil, fmt.Errorf("%s: not known to this command yet", s)
		case kind == profile.NetworkInbound:
			return gaol.NetworkInbound(gaol.All()), nil
		}
		return gaol.NetworkOutbound(gaol.All()), nil
	}
}

func env(s string) (gaol.Option, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return nil, errors.New("write NAME=VALUE; --pass-env NAME hands on the value that it has here")
	}
	return gaol.Env(name, value), nil
}

func passEnv(s string) (gaol.Option, error) { return gaol.PassEnv(s), nil }

func onDenied(s string) (gaol.Option, error) {
	switch s {
	case "errno":
		return gaol.OnDenied(gaol.Errno), nil
	case "kill":
		return gaol.OnDenied(gaol.Kill), nil
	}
	return nil, errors.New("write errno or kill")
}
