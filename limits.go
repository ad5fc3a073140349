package gaol

import "github.com/gaol-sandbox/gaol/internal/profile"

// Limits bound what a command may use. A zero field is no limit.
type Limits = profile.Limits

// Limit adds limits to a profile. Of what is given twice, the smaller holds.
func Limit(limits Limits) Option {
	return setting(func(p *profile.Profile) error {
		p.Limits = p.Limits.Narrow(limits)
		return nil
	})
}
