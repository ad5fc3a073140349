package profile

// This file puts two profiles together, for a file that widens another and for callers who have both. Nothing that one of them limits or
// makes stricter may be lost.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Join allows what either allows, in the order of both, each once, with q's word for Env and Dir. Two different engines are an *Error; what cannot be
// meant together otherwise, Validate finds.
func (p Profile) Join(q Profile) (Profile, error) {
	if p.Engine != q.Engine && p.Engine != AnyEngine && q.Engine != AnyEngine {
		return Profile{}, &Error{Operation: "WithEngine(" + q.Engine.Go() + ")", Err: fmt.Errorf("%s is forced already; a profile has one engine", p.Engine.Go())}
	}
	return join(p, q), nil
}

// join has killing stay, which is the stricter action, as the smaller limit does.
func join(a, b Profile) Profile {
	return Profile{
		Operations: distinct(slices.Concat(a.Operations, b.Operations)),
		OnDenied:   max(a.OnDenied, b.OnDenied),
		Env:        lastPerName(slices.Concat(a.Env, b.Env)),
		PassEnv:    distinct(slices.Concat(a.PassEnv, b.PassEnv)),
		Dir:        cmp.Or(b.Dir, a.Dir),
		Limits:     a.Limits.Narrow(b.Limits),
		Engine:     max(a.Engine, b.Engine),
	}
}

func distinct[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	return slices.DeleteFunc(list, func(item T) bool {
		twice := seen[item]
		seen[item] = true
		return twice
	})
}

// lastPerName keeps each variable where it first stood, with the value it was given last.
func lastPerName(env []string) []string {
	at := make(map[string]int, len(env))
	var kept []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if i, ok := at[name]; ok {
			kept[i] = kv
			continue
		}
		at[name] = len(kept)
		kept = append(kept, kv)
	}
	return kept
}
