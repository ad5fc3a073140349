// Package include holds the C header, so that who imports it is rebuilt when the header changes, and what else is to agree with it can read it.
package include

import (
	_ "embed"
	"strings"
)

// Header is gaol.h.
//
//go:embed gaol.h
var Header string

// Version is the version of gaol, of the command and the package as of the library: what the header defines as GAOL_VERSION.
func Version() string {
	_, rest, _ := strings.Cut(Header, "\n#define GAOL_VERSION \"")
	version, _, _ := strings.Cut(rest, `"`)
	return version
}
