//go:build !linux

package main

// This file stands for gaol verify where there is nothing to verify yet.

import (
	"fmt"
	"runtime"

	"github.com/gaol-sandbox/gaol"
	"github.com/spf13/cobra"
)

func inside([]string) {}

func attackNames() []string { return nil }

func verify(*cobra.Command, verifyOptions) error {
	return fmt.Errorf("there are no attacks for %s yet: %w", runtime.GOOS, gaol.ErrUnsupported)
}
