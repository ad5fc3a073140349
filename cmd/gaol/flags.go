package main

// This file reads the flags that make a profile. A flag must never take anything out of a profile or mean less than it says;
// the only repair is that a relative path, which a person types, is made absolute.

import (
	"errors"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// profileFlags collects the flags in the order in which they were given.
type profileFlags struct {
	file    string
	options []gaol.Option
	limits  gaol.Limits
	words   map[string]string // an operation as the library writes it -> the flag that it came from
}

var errNothingAllowed = errors.New(`the profile allows nothing, not even to start a program; list what it may do, for example
  gaol run --system --read . -- ls
or name a profile file with -p FILE`)

type parser func(string) (gaol.Option, error)

// flagRow is a flag that adds to the profile. Without parse it takes no value, and op is what it adds.
type flagRow struct {
	name, usage string
	parse       parser
	op          gaol.Option
	limit       bool // it limits, and so takes away; alone, that it takes no value
	alone       bool
	words       []string // completions of its value; one that ends in : or = goes on
}

// profileFlagTable is in the order of the help.
var profileFlagTable = slices.Concat(operationFlags, []flagRow{
	{name: "deny", parse: denied, words: suffixed(deniable, "="), usage: "a hole in what others allow: `KEY=PATH`, where KEY is read, metadata, write or exec"},
	{name: "best-effort", parse: bestEffort, words: effortWords(), usage: "accept less than exact enforcement of one flag: `KEY[=VALUE]`, such as write=PATH or system"},
	{name: "env", parse: env, usage: "set the environment variable `NAME=VALUE`"},
	{name: "pass-env", parse: passEnv, usage: "hand on the environment variable `NAME`, if it is set"},
	{name: "dir", parse: dir, usage: "working directory, inside: `PATH`"},
	{name: "on-denied", parse: onDenied, words: []string{"errno", "kill"},
		usage: "what a denied system call ends in: `errno|kill`, the call or the program; errno if not given"},
}, limitFlags)

func (p *profileFlags) register(c *cobra.Command) {
	p.words = map[string]string{}
	flags := c.Flags()
	flags.SortFlags = false
	flags.VarP((*fileValue)(&p.file), "profile", "p", "start from the profile `FILE`, TOML or JSON")
	mark(flags.Lookup("profile"))
	_ = c.MarkFlagFilename("profile", "toml", "json")
	for _, row := range profileFlagTable {
		v := &flagValue{flags: p, row: row}
		f := flags.VarPF(v, row.name, "", row.usage)
		if row.bare() {
			f.NoOptDefVal = "true"
		}
		mark(f)
	}
	for _, row := range profileFlagTable {
		switch {
		case row.limit && !row.alone:
			_ = c.RegisterFlagCompletionFunc(row.name, cobra.NoFileCompletions)
		case row.words != nil:
			_ = c.RegisterFlagCompletionFunc(row.name, complete(row.words))
		}
	}
}

// complete offers words; of one that goes on, the shell leaves the cursor behind it.
func complete(words []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		var some []cobra.Completion
		for _, word := range words {
			if strings.HasPrefix(word, typed) && !(word == typed && goesOn(word)) {
				some = append(some, word)
				if goesOn(word) {
					directive |= cobra.ShellCompDirectiveNoSpace
				}
			}
		}
		if len(some) == 0 {
			return nil, cobra.ShellCompDirectiveDefault // a path, perhaps
		}
		return some, directive
	}
}

func goesOn(word string) bool { return strings.HasSuffix(word, "=") || strings.HasSuffix(word, ":") }

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
	all, err := p.limited(base)
	if err == nil {
		all, err = all.With(p.options...)
	}
	if err == nil && len(all.Operations()) == 0 {
		err = errNothingAllowed
	}
	return all, err
}

// flagValue appends to the profile each time that its flag is given.
type flagValue struct {
	flags *profileFlags
	row   flagRow
}

// bare says that the flag takes no value.
func (r flagRow) bare() bool { return r.alone || r.parse == nil && !r.limit }

func (v *flagValue) String() string { return "" }

func (v *flagValue) Type() string {
	if v.row.bare() {
		return "bool"
	}
	return "string"
}

func (v *flagValue) Set(s string) error {
	if v.row.limit {
		return v.flags.setLimit(v.row.name, s, v.row.alone)
	}
	option, text := v.row.op, "--"+v.row.name
	if v.row.parse == nil {
		if s != "true" {
			return errors.New("it takes no value, and no flag takes a right away")
		}
	} else {
		var err error
		if option, err = v.row.parse(s); err != nil {
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

func dir(s string) (gaol.Option, error) {
	at, err := absolute(s)
	return gaol.Dir(at), err
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
