//go:build race

package soak

const raced = true // this binary has the race detector
