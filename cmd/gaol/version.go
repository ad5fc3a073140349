package main

// This file tells which gaol this is: the version that the header has, which is that of the C library and of the Python package, too. It must
// never need a flag of the build.

import (
	"fmt"
	"runtime"

	"github.com/gaol-sandbox/gaol/include"
	"github.com/spf13/cobra"
)

func version() string { return include.Version() }

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "gaol %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
