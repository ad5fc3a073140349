package gaol

const (
	ownTree     = "the program sees the host's tree, and of it what the profile grants"
	ownTerminal = "macOS gives a program in a sandbox no terminal to control: it is in a session of its own"
)

// systemAttributes: macOS has none of its own.
var systemAttributes []attribute
