//go:build !linux || !cgo

package seccomp

// Name: without libseccomp no call has one.
func (c Call) Name() string { return "" }
