// Package capsicum compiles a policy for FreeBSD's capability mode to the plan that the C core executes, and says what a command needs to take
// part: the run-time linker's arguments and the table of descriptors. It is pure and builds everywhere, so that its golden files are checked on
// any machine. It must never look at the host. Nothing in here has been run on FreeBSD by its tests.
package capsicum

import (
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// Rights are those of a descriptor: the two words of cap_rights_t, without the bits of version and index.
type Rights [2]uint64

// Has says that r has all of the rights.
func (r Rights) Has(all Rights) bool { return r[0]&all[0] == all[0] && r[1]&all[1] == all[1] }

// Or has the rights of each.
func Or(each ...Rights) (r Rights) {
	for _, e := range each {
		r[0] |= e[0]
		r[1] |= e[1]
	}
	return r
}

// Without are those of r that are not in less.
func (r Rights) Without(less Rights) Rights { return Rights{r[0] &^ less[0], r[1] &^ less[1]} }

func (r Rights) String() string { return plan.CapRights(r) }

// The rights by the names of sys/capsicum.h, with what those bring along. The words and bits are part of the kernel's binary interface.
var (
	Read           = Rights{1 << 0}
	Write          = Rights{1 << 1}
	Seek           = Rights{1<<2 | 1<<3}
	MmapR          = Or(Rights{1 << 4}, Seek, Read)
	MmapW          = Or(Rights{1 << 4}, Seek, Write)
	MmapX          = Or(Rights{1<<4 | 1<<5}, Seek)
	Create         = Rights{1 << 6}
	Fexecve        = Rights{1 << 7}
	Fsync          = Rights{1 << 8}
	Ftruncate      = Rights{1 << 9}
	Lookup         = Rights{1 << 10}
	Fchflags       = Rights{1 << 12}
	Fchmod         = Rights{1 << 13}
	Fchown         = Rights{1 << 14}
	Fcntl          = Rights{1 << 15}
	Flock          = Rights{1 << 16}
	Fpathconf      = Rights{1 << 17}
	Fstat          = Rights{1 << 19}
	Fstatfs        = Rights{1 << 20}
	Futimes        = Rights{1 << 21}
	LinkatTarget   = Or(Lookup, Rights{1 << 22})
	Mkdirat        = Or(Lookup, Rights{1 << 23})
	Mkfifoat       = Or(Lookup, Rights{1 << 24})
	RenameatSource = Or(Lookup, Rights{1 << 26})
	Symlinkat      = Or(Lookup, Rights{1 << 27})
	Unlinkat       = Or(Lookup, Rights{1 << 28})
	Bindat         = Or(Lookup, Rights{1 << 39})
	Connectat      = Or(Lookup, Rights{1 << 40})
	LinkatSource   = Or(Lookup, Rights{1 << 41})
	RenameatTarget = Or(Lookup, Rights{1 << 42})
	Event          = Rights{0, 1 << 5}
	Ioctl          = Rights{0, 1 << 7}
)

// metadata is what comes with every grant. fcntl is of flags of the open file, and of nothing that lies on a disk.
var metadata = Or(Fstat, Fstatfs, Fpathconf, Fcntl)

// For are the rights of the descriptor of a grant. What openat makes of a directory's has the directory's rights (man 4 rights).
func For(g *policy.CapGrant) Rights {
	r := metadata
	if g.Dir {
		r = Or(r, Lookup)
	}
	has := func(right policy.Rights) bool { return g.Rights&right != 0 }
	if has(policy.Read) {
		r = Or(r, Read, Seek, MmapR, Flock, Event)
	}
	if has(policy.Write) {
		r = Or(r, Write, Seek, MmapW, Fsync, Flock, Event)
		if !has(policy.Device) { // whose node is the whole system's
			r = Or(r, Ftruncate, Fchmod, Fchflags, Fchown, Futimes)
		}
		if g.Dir {
			r = Or(r, Create, Mkdirat, Mkfifoat, Symlinkat, Unlinkat, LinkatTarget, RenameatTarget)
			if !g.Fixed {
				r = Or(r, LinkatSource, RenameatSource)
			}
		}
	}
	if has(policy.Execute) {
		r = Or(r, MmapX)
		if !g.Library {
			r = Or(r, Fexecve)
		}
	}
	if has(policy.Ioctl) {
		r = Or(r, Ioctl)
	}
	if has(policy.Connect) {
		r = Or(r, Connectat)
	}
	if g.Listen {
		r = Or(r, Bindat)
	}
	return r
}

// Program are the rights of the program's executable while it is started. The run-time linker's are those of its grant.
var Program = Or(metadata, Read, Seek, MmapR, MmapX, Fexecve, Lookup)
