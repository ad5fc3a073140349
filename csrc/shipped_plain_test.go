//go:build linux && cgo && !gaolfault

package csrc

const faulty = false // this binary has the tag
