package gaol

// This file refuses what internal/policy does not tell from something wider yet. It goes when internal/policy knows holes, addresses
// and engines.

import (
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

func later(p profile.Profile) error {
	var lacks []Unsupported
	for _, op := range p.Operations {
		if op.Deny || op.Address != (profile.Address{}) && op.Address != profile.All {
			lacks = append(lacks, policy.Unsupported{Operation: op.String(), Mechanism: "a later version of gaol"})
		}
	}
	if p.Engine == profile.EngineLandlock {
		lacks = append(lacks, policy.Unsupported{Operation: "WithEngine(EngineLandlock)", Mechanism: "a later version of gaol"})
	}
	if lacks == nil {
		return nil
	}
	return &UnsupportedError{lacks}
}
