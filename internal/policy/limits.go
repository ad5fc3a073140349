package policy

import "github.com/gaol-sandbox/gaol/internal/profile"

// Limits are the profile's, with what holds those that more than one mechanism can hold.
type Limits struct {
	profile.Limits
	// Cgroup says that each command gets a cgroup of its own.
	Cgroup bool
}
