// This file makes one filter of two. Of two filters the kernel takes the stricter answer (seccomp(2)); here the first is asked first, and
// the second where that allows, so that it is the same only for a first one that allows and denies and nothing between.

package seccomp

import (
	"slices"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// Both denies what either denies, with its answer: of Self and the filter, in one.
func Both(first, second []plan.Instruction) []plan.Instruction {
	out := slices.Concat(first, second)
	for i, in := range first {
		if in.Code == opRet && in.K == Allow {
			out[i] = plan.Instruction{Code: opJa, K: uint32(len(first) - i - 1)}
		}
	}
	return out
}
