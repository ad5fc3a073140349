//go:build !linux || !amd64

// Package int80 is the kernel's entry for 32 bit programs, which this machine has not.
package int80

// Exists says that this machine has the entry.
const Exists = false

// Call returns 0.
func Call(uintptr) uintptr { return 0 }
