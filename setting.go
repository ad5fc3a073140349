package gaol

// This file is the entries of a profile that are no operations: they allow nothing.

import (
	"fmt"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// setting is an Option that is no operation.
type setting func(*profile.Profile) error

func (s setting) apply(p *profile.Profile) error { return s(p) }

// Action is what a denied system call ends in.
type Action uint8

// Errno makes a denied system call fail with EPERM, which is the default; Kill ends the program, as SIGSYS does.
const (
	Errno = Action(profile.Errno)
	Kill  = Action(profile.Kill)
)

// OnDenied sets what a denied system call ends in. clone3 and calls newer than gaol's table fail with ENOSYS either way, since
// programs then use the older ones.
//
// With Kill a denied call of any process of the sandbox ends all of them, and [ProcessState.Syscall] tells which call it was. Where gaol
// cannot be told, as that says, the kernel ends the process that has made it, of which the program may be the only one to know.
func OnDenied(action Action) Option {
	return setting(func(p *profile.Profile) error {
		p.OnDenied = profile.OnDenied(action)
		return nil
	})
}

// Env adds a variable to the environment of commands that bring none of their own.
func Env(name, value string) Option {
	return setting(func(p *profile.Profile) error {
		if strings.Contains(name, "=") {
			return &ProfileError{Operation: "Env", Err: fmt.Errorf("%q is not a variable's name", name)}
		}
		p.Env = append(p.Env, name+"="+value)
		return nil
	})
}

// PassEnv does the same with variables of the calling process, those of them that are set when a command starts.
func PassEnv(names ...string) Option {
	return setting(func(p *profile.Profile) error {
		p.PassEnv = append(p.PassEnv, names...)
		return nil
	})
}

// Dir sets the working directory, inside, of commands that name none.
func Dir(path string) Option {
	return setting(func(p *profile.Profile) error {
		p.Dir = path
		return nil
	})
}

// Engine is the way in which a host confines. Which one did is in every [Report].
type Engine uint8

// EngineNamespace hides what is not granted, with user and mount namespaces; where there is Landlock, it is stacked on top.
// EngineLandlock forbids what is not granted, and needs no namespaces. Those two are of Linux; EngineSeatbelt is of macOS, EngineCapsicum and
// EngineJail are of FreeBSD.
const (
	EngineNamespace = Engine(profile.EngineNamespace)
	EngineLandlock  = Engine(profile.EngineLandlock)
	EngineSeatbelt  = Engine(profile.EngineSeatbelt)
	EngineCapsicum  = Engine(profile.EngineCapsicum)
	EngineJail      = Engine(profile.EngineJail)
)

// WithEngine forces an engine; a host that lacks it refuses the profile. Without it [New] takes the best that works, so this is for
// tests, and for EngineJail, which no host takes by itself. Profile files have no word for it, and [Profile.TOML] leaves it out.
func WithEngine(engine Engine) Option {
	return setting(func(p *profile.Profile) error {
		p.Engine = profile.Engine(engine)
		return nil
	})
}
