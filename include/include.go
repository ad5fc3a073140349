// Package include holds the C header, so that who imports it is rebuilt when the header changes.
package include

import _ "embed"

// Header is gaol.h.
//
//go:embed gaol.h
var Header string
