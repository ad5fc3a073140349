package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// The engines, as a policy and a report name them.
const (
	NamespaceEngine = "namespace" // a view of its own: what is not granted is not there
	LandlockEngine  = "landlock"  // the host's view, with rules
	SeatbeltEngine  = "seatbelt"  // of macOS: the host's view, with rules
	CapsicumEngine  = "capsicum"  // of FreeBSD: descriptors, and nothing else
	JailEngine      = "jail"      // of FreeBSD, for root: a view of its own
)

// MinLandlock is the ABI from which Landlock is used: ABI 1 forbids every rename between directories (man 7 landlock), so that a
// FileWrite would grant less than it says.
const MinLandlock = 2

// Resolve decides what the host enforces for p, and by what. A profile that means nothing is a *profile.Error; one that the host
// cannot enforce exactly is an *UnsupportedError with all that is missing.
func Resolve(p profile.Profile, h Host) (Policy, error) {
	if err := p.Validate(); err != nil {
		return Policy{}, err
	}
	if h.Landlock < MinLandlock {
		h.Landlock = 0
	}
	force := p.Engine
	if force == profile.AnyEngine {
		force = h.Force
	}
	if u, ok := h.engine(force); !ok {
		return Policy{}, &UnsupportedError{[]Unsupported{u}}
	}
	if resolve := platforms[h.Platform].resolve; resolve != nil {
		p.Engine = force
		return resolve(p, h)
	}
	if h.Barred.Mechanism != "" {
		return Policy{}, h.barred(p.Operations)
	}
	switch {
	case force == profile.EngineLandlock, force == profile.AnyEngine && !h.Namespaces.OK && h.rules():
		return resolveRules(p, h)
	case force == profile.AnyEngine && !h.Proc.OK && h.rules():
		view, err := resolveView(p, h)
		var lacks *UnsupportedError
		if errors.As(err, &lacks) { // a masked /proc, as in a container, stands in the way of one engine only
			if rules, err := resolveRules(p, h); err == nil {
				return rules, nil
			}
			h.other(p, lacks)
		}
		return view, err
	}
	return resolveView(p, h)
}

// everything is what Landlock cannot take away.
var everything = profile.Operation{Kind: profile.FileReadMetadata, Pattern: profile.Pattern{Match: profile.Subpath, Path: "/"}}

// other adds the way out by the other engine, where there is one.
func (h Host) other(p profile.Profile, e *UnsupportedError) {
	p.Operations = append(slices.Clone(p.Operations), everything)
	if _, err := resolveRules(p, h); err != nil {
		return
	}
	for i := range e.Operations {
		if u := &e.Operations[i]; u.Detail == h.Proc.Reason {
			u.Fix = strings.TrimPrefix(u.Fix+"; or "+everything.String()+" beside the others", "; or ")
		}
	}
}

// barred refuses every operation, for the one reason.
func (h Host) barred(ops []profile.Operation) *UnsupportedError {
	e := &UnsupportedError{}
	for _, op := range ops {
		u := h.Barred
		u.Operation = op.String()
		e.Operations = append(e.Operations, u)
	}
	if len(ops) == 0 {
		u := h.Barred
		u.Operation = "an empty profile"
		e.Operations = append(e.Operations, u)
	}
	return e
}

// rules says that the landlock engine works.
func (h Host) rules() bool { return h.Landlock >= MinLandlock && h.Seccomp.OK }

// Engines lists those that work.
func (h Host) Engines() (out []profile.Engine) {
	for _, e := range platforms[h.Platform].engines {
		if _, ok := h.engine(e); ok {
			out = append(out, e)
		}
	}
	return out
}

// engine says whether a forced engine works, and what it lacks.
func (h Host) engine(e profile.Engine) (Unsupported, bool) {
	u := Unsupported{Operation: "WithEngine(" + e.Go() + ")"}
	if e == profile.AnyEngine {
		return u, true
	}
	if !slices.Contains(platforms[h.Platform].engines, e) {
		u.Mechanism, u.Detail = "another system", platforms[h.Platform].name+" has no such engine"
		return u, false
	}
	if engine := platforms[h.Platform].engine; engine != nil {
		lack, ok := engine(h, e)
		lack.Operation = u.Operation
		return lack, ok
	}
	switch {
	case h.Barred.Mechanism != "":
		u.Mechanism, u.Detail, u.Fix = h.Barred.Mechanism, h.Barred.Detail, h.Barred.Fix
		return u, false
	case !h.Seccomp.OK:
		u.Mechanism, u.Detail, u.Fix = "seccomp", h.Seccomp.Reason, h.Seccomp.Fix
		return u, false
	case e == profile.EngineNamespace:
		u.Mechanism, u.Detail, u.Fix = "namespaces", h.Namespaces.Reason, h.Namespaces.Fix
		return u, h.Namespaces.OK
	}
	u.Mechanism, u.Detail, u.Fix = "Landlock", h.LandlockReason, h.landlockFrom(MinLandlock)
	return u, h.Landlock >= MinLandlock
}

// landlockFrom tells a person how to get an ABI.
func (h Host) landlockFrom(abi int) string {
	if h.Landlock == 0 && h.LandlockFix != "" {
		return h.LandlockFix
	}
	return fmt.Sprintf("a kernel from %s on with landlock in its lsm= list", landlock.Kernel(abi))
}
