package cgroup

import (
	"testing"
	"time"
)

const events = "low 0\nhigh 0\nmax 125\noom 1\noom_kill 3\noom_group_kill 1\n"

func TestFlatFilesAreReadByTheirKeys(t *testing.T) {
	for key, want := range map[string]int64{"low": 0, "max": 125, "oom": 1, "oom_kill": 3, "oom_": 0, "kill": 0, "absent": 0} {
		if got := flat(events, key); got != want {
			t.Errorf("%s: %d", key, got)
		}
	}
	for text, want := range map[string]int64{"populated 1\nfrozen 0\n": 1, "populated 1": 1, "populated": 0, "": 0, "populated x\n": 0} {
		if got := flat(text, "populated"); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}

func TestOnlyTheOwnLimitIsAnEndByMemory(t *testing.T) {
	for text, want := range map[string]bool{events: true, "max 5\noom 0\noom_kill 2\n": false, "max 9\noom 1\noom_kill 0\n": false, "": false} {
		if outOfMemory(text) != want {
			t.Errorf("%q", text)
		}
	}
}

// What all processors can use until the next look never comes to more than what is left and 5 ms of each.
func TestTheNextLookIsBeforeTheLimitCanBePassedByMuch(t *testing.T) {
	for _, processors := range []int{0, 1, 2, 64, 4096} {
		for _, left := range []time.Duration{-time.Second, 0, 1, time.Millisecond, time.Second, 100 * time.Hour} {
			d := next(100*time.Hour, 100*time.Hour-left, processors)
			n := time.Duration(max(processors, 1))
			if d < shortest || d > shortest && d*n > left {
				t.Errorf("%d processors, %v left: %v", processors, left, d)
			}
		}
	}
}

func TestProcessorsAreCounted(t *testing.T) {
	for text, want := range map[string]int{"0\n": 1, "0-1\n": 2, "0-3,8,10-11\n": 7, "": 0, "x": 0, "3-1": 0, "1-x": 0} {
		if got := count(text); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
}
