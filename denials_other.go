//go:build !darwin || !cgo

package gaol

// denialLog is of macOS.
func denialLog(string) (*logReader, error) {
	return nil, &UnsupportedError{[]Unsupported{{Operation: "Cmd.Denials", Mechanism: "a log of denials", Detail: "this system keeps none of what a sandbox denies"}}}
}
