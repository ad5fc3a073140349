//go:build linux

// Package int80 is the kernel's entry for 32 bit programs, from a 64 bit one: for tests that look whether it is closed.
package int80

// Exists says that this machine has the entry.
const Exists = true

// Call makes a system call without arguments; the numbers are those of i386, and the result is the kernel's own.
func Call(nr uintptr) uintptr
