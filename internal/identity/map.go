// Package identity knows the numbers of users and groups: which of them a user namespace has, how to hand some of them on to another, and
// which ones nobody uses. It must never give a namespace the number of anybody whom the caller lacks.
package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Range is a line of /proc/PID/uid_map or gid_map: Count numbers from First on, which are those from Outside on in the namespace around.
type Range struct{ First, Outside, Count uint32 }

// Map is the numbers that a user namespace has.
type Map []Range

// ParseMap reads a uid_map or gid_map.
func ParseMap(text string) (Map, error) {
	var m Map
	for line := range strings.Lines(text) {
		var r Range
		if n, err := fmt.Sscan(line, &r.First, &r.Outside, &r.Count); n != 3 || err != nil {
			return nil, fmt.Errorf("%q is no line of a map", strings.TrimSpace(line))
		}
		m = append(m, r)
	}
	return m, nil
}

// at is the index of the line that has id; -1: none.
func (m Map) at(id uint32) int {
	return slices.IndexFunc(m, func(r Range) bool { return id >= r.First && id-r.First < r.Count })
}

// Has says that id is somebody in the namespace.
func (m Map) Has(id uint32) bool { return m.at(id) >= 0 }

// maxLines keeps a map below the kernel's limits, of 340 lines and of a page of text (man 7 user_namespaces), with numbers of any length.
const maxLines = 4095 / len("4294967295 4294967295 4294967295\n")

var errScattered = errors.New("the numbers of the groups are too many that do not follow each other")

// Share returns the map of a new namespace below that of m, in which ids are what they are in m. Where they would take more lines than a map
// can have, it has the numbers in the smallest gaps between them too: they are of use to nobody without CAP_SETGID. All ids are in m.
func (m Map) Share(ids ...uint32) (string, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	type extent struct{ first, last uint32 }
	var extents []extent
	for _, id := range ids {
		if n := len(extents); n > 0 && extents[n-1].last+1 == id && m.at(extents[n-1].last) == m.at(id) {
			extents[n-1].last = id
		} else {
			extents = append(extents, extent{id, id})
		}
	}
	if over := len(extents) - maxLines; over > 0 {
		var gaps []uint32
		for i := range extents[1:] {
			if m.at(extents[i].last) == m.at(extents[i+1].first) { // else part of the gap is nobody's
				gaps = append(gaps, extents[i+1].first-extents[i].last)
			}
		}
		if len(gaps) < over {
			return "", errScattered
		}
		slices.Sort(gaps)
		joined := extents[:1]
		for _, e := range extents[1:] {
			if last := &joined[len(joined)-1]; m.at(last.last) == m.at(e.first) && e.first-last.last <= gaps[over-1] {
				last.last = e.last
			} else {
				joined = append(joined, e)
			}
		}
		extents = joined
	}
	var b strings.Builder
	for _, e := range extents {
		fmt.Fprintf(&b, "%d %d %d\n", e.first, e.first, e.last-e.first+1)
	}
	return b.String(), nil
}
