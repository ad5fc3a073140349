//go:build unix && !linux

package main

import "testing"

func onLinux(t *testing.T, why string) {
	t.Helper()
	t.Skip("Linux is missing: " + why)
}
