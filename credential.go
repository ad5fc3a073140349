package gaol

import (
	"fmt"
	"math"
	"slices"
	"syscall"
)

// Credential is the user that a program runs as, and whose files it makes. Only root may choose one: a caller whose effective user is 0,
// with CAP_SETUID and CAP_SETGID, and CAP_SETFCAP for the namespace engine or CAP_KILL for the landlock engine. Numbers are those of the caller's user namespace, inside
// as well.
//
// What the profile grants is opened by the caller; the modes and owners of what lies there then hold for this user, too. None of the numbers
// may be 0, the groups included: that is root, or root's group. A Credential that cannot be had is a *[SetupError] of the step
// "credential", by Start.
type Credential struct {
	Uid, Gid uint32
	// Groups are the supplementary groups; nil: none. The kernel takes 65536.
	Groups []uint32
	// Dynamic takes a number for user and group that no account, no range of subordinate ids, no process and no other command has; the
	// other fields are zero then. It is free again after Wait. Such a program reaches of the host what everybody may. Since files would belong to whoever gets the
	// number next, it is refused where the profile lets a program make files in a directory of the host; Private directories are its own.
	Dynamic bool
}

const (
	stepCredential = "credential"
	maxGroups      = 65536 // NGROUPS_MAX (limits.h)
)

// check refuses what no host can do.
func (c *Credential) check() error {
	refuse := func(what, hint string) error {
		return &SetupError{Step: stepCredential, Path: what, Err: syscall.EINVAL, Hint: hint}
	}
	const asItIs = "the kernel takes it for \"as it is\""
	switch {
	case c.Dynamic && (c.Uid != 0 || c.Gid != 0 || len(c.Groups) > 0):
		return refuse("dynamic", "the numbers are gaol's to choose; leave Uid, Gid and Groups out")
	case c.Dynamic:
		return nil
	case c.Uid == 0:
		return refuse("uid 0", "that is root; without a Credential the program is the caller, without any capability")
	case c.Uid == math.MaxUint32:
		return refuse(fmt.Sprint("uid ", c.Uid), asItIs)
	case c.Gid == 0:
		return refuse("gid 0", "that is root's group; set Gid to the user's own")
	case c.Gid == math.MaxUint32:
		return refuse(fmt.Sprint("gid ", c.Gid), asItIs)
	case len(c.Groups) > maxGroups:
		return refuse(fmt.Sprint(len(c.Groups), " groups"), fmt.Sprint("the kernel takes ", maxGroups))
	case slices.Contains(c.Groups, 0):
		return refuse("group 0", "that is root's group")
	case slices.Contains(c.Groups, math.MaxUint32):
		return refuse(fmt.Sprint("group ", uint32(math.MaxUint32)), asItIs)
	}
	return nil
}
