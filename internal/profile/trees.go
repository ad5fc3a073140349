package profile

// Trees answer whether a path lies in one of many subpaths. They compare spelling, component by component, and must never
// take /srv/input for something below /srv/in.

import (
	"slices"
	"strings"
)

// trees are disjoint and sorted, each component closed by a NUL, which sorts lowest and which no path has: what lies
// below a path then follows directly behind it, and one search finds the only tree that can cover a path.
type trees []string

func treeKey(path string) string {
	if path == "/" {
		return "\x00"
	}
	return strings.ReplaceAll(path, "/", "\x00") + "\x00"
}

func newTrees(paths []string) trees {
	t := make(trees, 0, len(paths))
	for _, p := range paths {
		t = append(t, treeKey(p))
	}
	slices.Sort(t)
	// Sorted, what another covers stands behind it.
	kept := t[:0]
	for _, key := range t {
		if len(kept) == 0 || !strings.HasPrefix(key, kept[len(kept)-1]) {
			kept = append(kept, key)
		}
	}
	return kept
}

func (t trees) cover(path string) bool {
	key := treeKey(path)
	i, found := slices.BinarySearch(t, key)
	return found || (i > 0 && strings.HasPrefix(key, t[i-1]))
}
