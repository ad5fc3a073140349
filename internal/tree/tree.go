// Package tree kills the processes that a program leaves behind, where no kernel object holds all of them: it lists and kills until the list is
// empty. It knows no system: what is in the list is its caller's to find out.
package tree

import "time"

// The pauses between two looks. A process that was killed is gone when it gets to run, so that the first ones are short.
const (
	first = 200 * time.Microsecond
	last  = 50 * time.Millisecond
)

// Kill kills what list finds until it finds nothing, and returns how many processes it were, and which of them it cannot kill: those for which
// kill fails while nothing else is left. list returns live processes only, not zombies, which are somebody else's to wait for.
func Kill(list func() []int, kill func(pid int) error) (killed int, left []int) {
	seen := map[int]bool{}
	pause := first
	for {
		left = left[:0]
		found, fresh := list(), false
		for _, pid := range found {
			switch err := kill(pid); {
			case err != nil:
				left = append(left, pid)
			case !seen[pid]:
				seen[pid], fresh = true, true
			}
		}
		if len(found) == len(left) {
			return len(seen), left
		}
		if fresh { // it may have made others meanwhile: no pause for them to make more
			pause = first
			continue
		}
		time.Sleep(pause)
		pause = min(2*pause, last)
	}
}
