// Package once holds one setting of the gaol command, which starts a single command in each process.
package once

// Only makes gaol.New leave out what pays from the second command on: the template, and the trial of a first spawn. It is set before any
// sandbox is made, by a program whose next act is a spawn that would tell the same; what a host lacks is then reported by Cmd.Start.
var Only bool
