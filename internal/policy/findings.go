package policy

import (
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Gap is something that an operation with BestEffort left open.
type Gap struct{ Operation, Detail string }

// Unsupported is one operation that the host cannot enforce.
type Unsupported struct {
	Operation string
	Mechanism string // what is missing
	Detail    string // why it is, as probed
	Fix       string // what would provide it
	Gap       string // what BestEffort would leave open; empty: the operation is never allowed here
}

// UnsupportedError lists every operation of a profile that the host cannot enforce.
type UnsupportedError struct{ Operations []Unsupported }

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	b.WriteString("gaol: this host cannot enforce the profile: ")
	for i, u := range e.Operations {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(u.String())
	}
	return b.String()
}

// String is one line: the operation, what is missing, why, and the way out.
func (u Unsupported) String() string {
	s := u.Operation + " needs " + u.Mechanism
	if u.Detail != "" {
		s += " (" + u.Detail + ")"
	}
	if u.Fix != "" {
		s += ": " + u.Fix
	}
	if u.Gap != "" {
		s += "; BestEffort would accept that " + u.Gap
	}
	return s
}

// findings is what of a profile is not enforced exactly.
type findings struct {
	unsupported []Unsupported
	gaps        []Gap
}

// lack refuses an operation, best effort or not.
func (f *findings) lack(op profile.Operation, mechanism, detail, fix string) {
	f.unsupported = append(f.unsupported, Unsupported{Operation: op.String(), Mechanism: mechanism, Detail: detail, Fix: fix})
}

// inexact refuses an operation that means more or less than it says; with best effort it is accepted, and gap says what is open.
func (f *findings) inexact(op profile.Operation, mechanism, detail, fix, gap string) (accepted bool) {
	if op.BestEffort {
		f.gaps = append(f.gaps, Gap{op.String(), gap})
		return true
	}
	f.unsupported = append(f.unsupported, Unsupported{op.String(), mechanism, detail, fix, gap})
	return false
}

// each is inexact for every one of the operations.
func (f *findings) each(ops []profile.Operation, mechanism, detail, fix, gap string) (accepted bool) {
	accepted = true
	for _, op := range ops {
		accepted = f.inexact(op, mechanism, detail, fix, gap) && accepted
	}
	return accepted
}

// absent refuses each operation of a profile whose engine is not there.
func (f *findings) absent(ops []profile.Operation, mechanism string, c Check) error {
	for _, op := range ops {
		f.lack(op, mechanism, c.Reason, c.Fix)
	}
	if len(ops) == 0 {
		f.unsupported = append(f.unsupported, Unsupported{Operation: "an empty profile", Mechanism: mechanism, Detail: c.Reason, Fix: c.Fix})
	}
	return &UnsupportedError{f.unsupported}
}

// conclude decides on the limits and refuses what was found to be unsupported; else the policy gets its gaps, and what holds each operation.
func (f *findings) conclude(policy *Policy, p profile.Profile, h Host, holds func(profile.Operation) string) (Policy, error) {
	f.unsupported = append(f.unsupported, platforms[policy.Platform].limits(policy, p.Limits, h)...)
	if len(f.unsupported) > 0 {
		return Policy{}, &UnsupportedError{f.unsupported}
	}
	policy.Gaps = f.gaps
	for _, op := range p.Operations {
		policy.Enforced = append(policy.Enforced, Enforcement{op.String(), holds(op)})
	}
	policy.limited()
	return *policy, nil
}
