package gaol

import (
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Level says how far a host can enforce an operation.
type Level = policy.Level

// The levels, each better than the one before.
const (
	// NeverAllowed: no profile with it is accepted by this host.
	NeverAllowed = policy.NeverAllowed
	// CannotBeAllowedPrecisely: it would mean more here than it says, or less. [BestEffort] accepts that, and the gap is reported.
	CannotBeAllowedPrecisely = policy.CannotBeAllowedPrecisely
	// CanBeAllowed: it is enforced as it says.
	CanBeAllowed = policy.CanBeAllowed
	// AlwaysAllowed: every program of this host may do so, whether its profile says it or not.
	AlwaysAllowed = policy.AlwaysAllowed
)

// Support says how far the host can enforce the operation, taken alone, and what mechanism does; or what is missing. Other operations
// of a profile can matter, too: that FileExecute stands beside FileRead, for one, or that a path lies in a tree of another. [New] tells.
func (o Operation) Support(h Probed) (Level, string) {
	if o.fault != nil {
		return NeverAllowed, o.fault.Error()
	}
	return policy.Support(o.op, h.h)
}

// Engines lists the engines that work here. [New] takes the first, unless [WithEngine] says otherwise.
func (h Probed) Engines() []Engine {
	var out []Engine
	for _, e := range h.h.Engines() {
		out = append(out, Engine(e))
	}
	return out
}

// Force is h for profiles that force the engine.
func (h Probed) Force(engine Engine) Probed {
	h.h.Force = profile.Engine(engine)
	return h
}

// String is the engine's name, as a [Report] has it.
func (e Engine) String() string { return profile.Engine(e).String() }
