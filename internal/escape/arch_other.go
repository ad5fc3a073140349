//go:build linux && !amd64

// This file stands for what amd64 alone has.

package escape

var forkCalls []call
