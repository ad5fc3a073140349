//go:build linux && cgo && gaolfault

package csrc

const faulty = true // this binary has the tag
