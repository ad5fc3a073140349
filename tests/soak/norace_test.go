//go:build !race

package soak

const raced = false // this binary has the race detector
