package policy

// This file is what differs between operating systems, as a table: each row is a file of its own. A Host says which row holds; nothing here asks
// what this program was built for, so that a policy for any system can be made on any.

import "github.com/gaol-sandbox/gaol/internal/profile"

// Platform is an operating system. The zero value is Linux.
type Platform uint8

// The systems.
const (
	Linux Platform = iota
	Darwin
	FreeBSD
)

// platform is one of them. Linux, whose parts are older than the table, has no functions in it.
type platform struct {
	name    string // as GOOS has it
	engines []profile.Engine
	// engine says whether a forced engine works, and what it lacks.
	engine  func(Host, profile.Engine) (Unsupported, bool)
	resolve func(profile.Profile, Host) (Policy, error)
	checks  func(Host) []NamedCheck
	// limits decides what holds each of the limits l and puts them into the policy; what it returns is held by nothing.
	limits func(*Policy, profile.Limits, Host) []Unsupported
	// held names the mechanism of each limit that there is.
	held func(*Limits) map[string]string
	text func(*Policy) string
	// shows says that the program sees a path.
	shows func(*Policy, string) bool
}

// platforms is filled by an init of each row's file: the functions refer to the table themselves.
var platforms = [...]platform{
	Linux:   {name: "linux", engines: []profile.Engine{profile.EngineNamespace, profile.EngineLandlock}},
	Darwin:  {name: "darwin"},
	FreeBSD: {name: "freebsd"},
}

// String is the name that GOOS has.
func (p Platform) String() string { return platforms[p].name }

// PlatformNamed is the system that GOOS calls so.
func PlatformNamed(name string) (Platform, bool) {
	for i, p := range platforms {
		if p.name == name && (i == int(Linux) || p.resolve != nil) {
			return Platform(i), true
		}
	}
	return 0, false
}
