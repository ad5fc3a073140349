// Package environ is where gaol looks variables of the calling process up. Its own copy of them a Go program has from the start; a C
// program that loads gaol as a library changes those that are C's, so libgaol looks there.
package environ

import "os"

// Lookup returns a variable's value and whether it is set. Libgaol replaces it before anything else runs.
var Lookup = os.LookupEnv
