package tree

import (
	"slices"
	"syscall"
	"testing"
)

// herd is processes that are not there: each, when it is killed for the first time, leaves what it has made meanwhile.
type herd struct {
	alive    []int
	makes    map[int]int // what a process makes while it dies
	stubborn map[int]int // how many looks it takes until it is gone
	foreign  map[int]bool
	dying    map[int]int
}

func (h *herd) list() []int {
	for pid, n := range h.dying {
		if h.dying[pid] = n - 1; n <= 0 {
			delete(h.dying, pid)
			h.alive = slices.DeleteFunc(h.alive, func(p int) bool { return p == pid })
		}
	}
	return slices.Clone(h.alive)
}

func (h *herd) kill(pid int) error {
	if h.foreign[pid] {
		return syscall.EPERM
	}
	if _, again := h.dying[pid]; !again {
		h.dying[pid] = h.stubborn[pid]
		if child := h.makes[pid]; child != 0 {
			h.alive = append(h.alive, child)
		}
	}
	return nil
}

func TestAllOfTheTreeIsKilled(t *testing.T) {
	for _, c := range []struct {
		name   string
		h      herd
		killed int
		left   []int
	}{
		{"nothing", herd{}, 0, nil},
		{"some", herd{alive: []int{2, 3}}, 2, nil},
		{"one that makes others while it dies", herd{alive: []int{2}, makes: map[int]int{2: 3, 3: 4, 4: 5}}, 4, nil},
		{"one that takes its time", herd{alive: []int{2, 3}, stubborn: map[int]int{2: 20}}, 2, nil},
		{"one that is not ours to kill", herd{alive: []int{2, 3, 4}, foreign: map[int]bool{3: true}, makes: map[int]int{2: 5}}, 3, []int{3}},
	} {
		c.h.dying = map[int]int{}
		killed, left := Kill(c.h.list, c.h.kill)
		if killed != c.killed || !slices.Equal(left, c.left) {
			t.Errorf("%s: %d killed, %v left", c.name, killed, left)
		}
	}
}
