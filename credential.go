package gaol

// Credential is the user that a program runs as, and whose files it makes. Only root may choose one that is not its own.
type Credential struct {
	Uid, Gid uint32
	Groups   []uint32 // supplementary groups; nil: none
	// Dynamic takes a user and a group that nothing else has. The other fields are zero then.
	Dynamic bool
}
