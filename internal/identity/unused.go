package identity

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// unused are the numbers to choose from, best first. Neither systemd nor shadow's tools give those of the first range to anybody (the
// next above are for what lies on foreign disks, those below for containers and, by sssd, for directories of people); the second is what systemd takes
// its dynamic users from, for a user namespace that has no more than 65536 numbers (systemd's UIDS-GIDS).
var unused = []Range{
	{First: 0x78000000, Count: 0x7ffe0000 - 0x78000000},
	{First: 61184, Count: 65520 - 61184},
}

// tries bounds the search in a range; the smaller one is gone through as a whole.
const tries = 1 << 13

// ErrTaken is what a claim returns for a number that somebody else has claimed.
var ErrTaken = errors.New("the number is taken")

// Pick returns a number that is one of both maps, that nobody uses, and that is claimed. used must know all that it knows from before the
// claim as well as after, and is asked again then.
func Pick(uids, gids Map, used func(uint32) (bool, error), claim func(uint32) (release func(), err error)) (id uint32, release func(), err error) {
	for _, r := range unused {
		start := rand.Uint32N(r.Count)
		for i := range min(r.Count, tries) {
			id := r.First + (start+i)%r.Count
			if !uids.Has(id) || !gids.Has(id) {
				continue
			}
			release, err := claim(id)
			if errors.Is(err, ErrTaken) {
				continue
			}
			if err != nil {
				return 0, nil, fmt.Errorf("claim the number %d: %w", id, err)
			}
			taken, err := used(id)
			if err == nil && !taken {
				return id, release, nil
			}
			release()
			if err != nil {
				return 0, nil, err
			}
		}
	}
	return 0, nil, fmt.Errorf("no number of %d to %d or %d to %d is both mapped in this user namespace and free", unused[0].First, unused[0].First+unused[0].Count-1,
		unused[1].First, unused[1].First+unused[1].Count-1)
}
