// Package gaol runs a program with only the rights its caller listed.
//
// A [Profile] is a whitelist: read these paths, write those, use the network or not, nothing else. [New] resolves it for this host
// and compiles it once; the [Sandbox] that comes out is safe for many goroutines and starts as many commands as wanted. A [Cmd] has
// the names and the behaviour of [os/exec.Cmd]. The program needs no change, and the caller no privilege, no daemon, no second binary.
//
//	profile, err := gaol.NewProfile(
//		gaol.System(),
//		gaol.FileRead(gaol.Subpath("/srv/in")),
//		gaol.FileWrite(gaol.Subpath("/srv/out")),
//	)
//	sandbox, err := gaol.New(profile)
//	defer sandbox.Close()
//	cmd := sandbox.Command(ctx, "convert", "/srv/in/a.png", "/srv/out/a.jpg")
//	err = cmd.Run()
//
// What a host cannot enforce exactly is refused by New, with the operations and what is missing: nothing is weakened silently.
package gaol

import (
	"slices"

	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Profile is a list of what a program may do. It is a value, portable and immutable; the zero value grants nothing.
//
// It is an Option, too: NewProfile(a, b) and a.With(b) allow what either allows, each operation once. The stricter OnDenied and the smaller limit hold; of a
// variable, and of Dir, what is given last. Two different engines are an error.
type Profile struct{ p profile.Profile }

// Option is an entry of a profile: an [Operation], a setting such as [OnDenied] and [Env], or another [Profile] with all of its own.
type Option interface{ apply(*profile.Profile) error }

func (p Profile) apply(to *profile.Profile) error {
	all, err := to.Join(p.p)
	if err == nil {
		*to = all
	}
	return err
}

// NewProfile makes a profile of the entries. A bad entry (a relative path, port 70000) is a *[ProfileError] that names it.
func NewProfile(options ...Option) (Profile, error) { return Profile{}.With(options...) }

// With returns a profile that has these entries too; p stays as it is.
func (p Profile) With(options ...Option) (Profile, error) {
	n := p.p
	n.Operations, n.Env, n.PassEnv = slices.Clone(n.Operations), slices.Clone(n.Env), slices.Clone(n.PassEnv)
	for _, o := range options {
		if o == nil {
			continue
		}
		if err := o.apply(&n); err != nil {
			return Profile{}, err
		}
	}
	if err := n.Validate(); err != nil {
		return Profile{}, err
	}
	return Profile{n}, nil
}

// LoadProfile reads a profile file, TOML or JSON by its ending. ${HOME}, ${CWD} and ${TMP} stand for this process's home, working
// and temporary directory. A fault is a *[ProfileError] with file, line and key.
func LoadProfile(path string) (Profile, error) {
	p, err := profile.Load(path, fileVars())
	return Profile{p}, err
}

// ParseProfile is LoadProfile for bytes at hand; name says by its ending what they are, and stands in errors. A relative path in
// "extends" is looked up beside it.
func ParseProfile(name string, data []byte) (Profile, error) {
	p, err := profile.Parse(name, data, fileVars())
	return Profile{p}, err
}

// TOML is the profile as a file that [ParseProfile] reads back, without [WithEngine]. That a narrowing file's links may not lead out of what
// it extends, and that what that denies may be allowed nowhere, is not said in it: it names what was read, not where from.
func (p Profile) TOML() string { return p.p.TOML() }

// Operations lists the operations in the order in which they were given.
func (p Profile) Operations() []Operation {
	ops := make([]Operation, len(p.p.Operations))
	for i, op := range p.p.Operations {
		ops[i] = operation(op)
	}
	return ops
}

// Limits are what the profile's [Limit] options come to.
func (p Profile) Limits() Limits { return p.p.Limits }

// Probed is what a host can enforce.
type Probed struct{ h policy.Host }

// Check is one mechanism of a host.
type Check struct {
	Mechanism string
	OK        bool
	Detail    string // what was found, or what stood in the way
	Fix       string // what would provide it; empty where OK or unknown
}

// Probe tries the mechanisms of this host in a throw-away child; the result is kept for the life of the process.
func Probe() Probed {
	h, _ := probe()
	return Probed{h}
}

// System is the operating system and its release.
func (h Probed) System() string { return h.h.System }

// Checks lists the mechanisms and what was found.
func (h Probed) Checks() []Check {
	var out []Check
	for _, c := range h.h.Checks() {
		out = append(out, Check{c.Name, c.OK, c.Detail, c.Fix})
	}
	return out
}
