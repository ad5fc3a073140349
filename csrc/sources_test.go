package csrc

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linuxSources lists the C files that a build for Linux has; the others' define the same names again.
func linuxSources(t *testing.T) []string {
	t.Helper()
	sources, err := filepath.Glob("*.c")
	sources = slices.DeleteFunc(sources, func(s string) bool {
		return s == "spawn_posix.c" || strings.HasSuffix(s, "_darwin.c") || strings.HasSuffix(s, "_freebsd.c")
	})
	if err != nil || len(sources) < 5 {
		t.Fatalf("%v, %v", sources, err)
	}
	return sources
}
