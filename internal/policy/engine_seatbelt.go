package policy

// This file resolves a profile for macOS.

import "github.com/gaol-sandbox/gaol/internal/profile"

// Seatbelt is what the engine of macOS grants.
type Seatbelt struct{}

func init() {
	platforms[Darwin] = platform{
		name:    "darwin",
		engines: []profile.Engine{profile.EngineSeatbelt},
		engine: func(h Host, _ profile.Engine) (Unsupported, bool) {
			return Unsupported{Mechanism: "Seatbelt", Detail: h.Seatbelt.Reason, Fix: h.Seatbelt.Fix}, h.Seatbelt.OK
		},
		resolve: func(profile.Profile, Host) (Policy, error) { return Policy{}, &UnsupportedError{} },
		checks: func(h Host) []NamedCheck {
			return []NamedCheck{check("Seatbelt", h.Seatbelt, "a profile is compiled and applied")}
		},
	}
}
