package plan

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Instruction is one struct sock_filter.
type Instruction struct {
	Code   uint16
	Jt, Jf uint8
	K      uint32
}

// Ruleset is what a Landlock ruleset handles. Size is how much of struct landlock_ruleset_attr the kernel knows, in bytes.
type Ruleset struct{ FS, Net, Scoped, Size uint64 }

// Limit is a soft and a hard resource limit.
type Limit struct{ Soft, Hard uint64 }

// Step is one step. Which fields count is the op's affair: Path the path inside, Text its second string, N its number, Port the port.
// Why is the operation of the profile that asked for it; it is not encoded.
type Step struct {
	Op      Op
	Flags   uint16
	Path    string
	Text    string
	N       uint32
	Port    uint16
	Ruleset Ruleset
	Limit   Limit
	Filter  []Instruction
	Params  []string  // a key, a value, …
	Others  []string  // the same, where a command has another user
	Rights  [2]uint64 // of a descriptor, as struct gaol_rights has them
	Why     string
}

// Plan is the steps, sorted by stage, and the namespaces: those of the template and those that each spawn makes (CLONE_NEW* flags); both
// zero leaves the program in the caller's.
type Plan struct {
	Namespaces, Fresh uint32
	Steps             []Step
}

// Own says that the program gets namespaces of its own; else it stays in the caller's, and Init holds at most a Scope.
func (p Plan) Own() bool { return p.Namespaces|p.Fresh != 0 }

const (
	magic        = 0x4c4f4147
	commandMagic = 0x444d4347
	version      = 1
	headerSize   = 48
	stepSize     = 12
	commandSize  = 80
	rlimitSize   = 24
	maxSize      = 64 << 20
)

var le = binary.NativeEndian

// area collects what lies behind the steps; equal strings are stored once.
type area struct {
	bytes   []byte
	base    int
	strings map[string]uint32
}

func (a *area) align(n int) {
	for (a.base+len(a.bytes))%n != 0 {
		a.bytes = append(a.bytes, 0)
	}
}

func (a *area) offset() uint32 { return uint32(a.base + len(a.bytes)) }

func (a *area) str(s string) (uint32, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return 0, fmt.Errorf("%q contains a NUL byte", s)
	}
	if at, ok := a.strings[s]; ok {
		return at, nil
	}
	at := a.offset()
	a.bytes = append(append(a.bytes, s...), 0)
	a.strings[s] = at
	return at, nil
}

func (a *area) words(values ...uint64) uint32 {
	a.align(8)
	at := a.offset()
	for _, v := range values {
		a.bytes = le.AppendUint64(a.bytes, v)
	}
	return at
}

func (a *area) put(kind arg, s *Step, second bool) (uint32, error) {
	switch kind {
	case path:
		return a.str(s.Path)
	case text, host, target:
		// a step with two texts keeps the first in Path
		if !second && info[s.Op].b == text {
			return a.str(s.Path)
		}
		return a.str(s.Text)
	case mode, slot, number, rights, netRights, resource:
		return s.N, nil
	case port:
		return uint32(s.Port), nil
	case ruleset:
		return a.words(s.Ruleset.FS, s.Ruleset.Net, s.Ruleset.Scoped, s.Ruleset.Size), nil
	case limit:
		return a.words(s.Limit.Soft, s.Limit.Hard), nil
	case capRights:
		return a.words(s.Rights[0], s.Rights[1]), nil
	case filter:
		a.align(8)
		at := a.offset()
		for _, i := range s.Filter {
			a.bytes = le.AppendUint16(a.bytes, i.Code)
			a.bytes = append(a.bytes, i.Jt, i.Jf)
			a.bytes = le.AppendUint32(a.bytes, i.K)
		}
		return at, nil
	case count:
		return uint32(len(s.Filter)), nil
	case parameters, others:
		list := s.Params
		if kind == others {
			list = s.Others
		}
		at := make([]uint32, len(list))
		for i, p := range list {
			var err error
			if at[i], err = a.str(p); err != nil {
				return 0, err
			}
		}
		a.align(4)
		start := a.offset()
		a.bytes = le.AppendUint32(a.bytes, uint32(len(at)))
		for _, v := range at {
			a.bytes = le.AppendUint32(a.bytes, v)
		}
		return start, nil
	}
	return 0, nil
}

// Only is p with the steps of these stages alone.
func (p Plan) Only(keep ...Stage) Plan {
	steps := make([]Step, 0, len(p.Steps))
	for _, s := range p.Steps {
		if slices.Contains(keep, s.Op.Stage()) {
			steps = append(steps, s)
		}
	}
	p.Steps = steps
	return p
}

// Encode returns the bytes of p, in memory that is aligned to 8. It fails when a string holds a NUL, an op is unknown, the steps
// are not sorted by stage, or the whole is larger than the core takes.
func (p Plan) Encode() ([]byte, error) {
	a := &area{base: headerSize + len(p.Steps)*stepSize, strings: map[string]uint32{}}
	out := make([]byte, headerSize, a.base)
	var first [stages + 1]uint32
	last := Build
	for i := range p.Steps {
		s := &p.Steps[i]
		if !s.Op.valid() {
			return nil, fmt.Errorf("step %d: unknown op %d", i, s.Op)
		}
		d := info[s.Op]
		if d.stage < last {
			return nil, fmt.Errorf("step %d: %s of stage %s comes after stage %s", i, s.Op, d.stage, last)
		}
		for ; last < d.stage; last++ {
			first[last+1] = uint32(i)
		}
		x, err := a.put(d.a, s, false)
		if err != nil {
			return nil, fmt.Errorf("step %d: %s: %w", i, s.Op, err)
		}
		y, err := a.put(d.b, s, true)
		if err != nil {
			return nil, fmt.Errorf("step %d: %s: %w", i, s.Op, err)
		}
		out = le.AppendUint16(out, uint16(s.Op))
		out = le.AppendUint16(out, s.Flags)
		out = le.AppendUint32(out, x)
		out = le.AppendUint32(out, y)
	}
	for ; last < stages; last++ {
		first[last+1] = uint32(len(p.Steps))
	}
	out = append(out, a.bytes...)
	if len(out) > maxSize {
		return nil, fmt.Errorf("the plan takes %d bytes; at most %d are possible", len(out), maxSize)
	}
	head := []uint32{magic, version, uint32(len(out)), headerSize, first[0], first[1], first[2], first[3], first[4], p.Namespaces, p.Fresh, 0}
	for i, v := range head {
		le.PutUint32(out[i*4:], v)
	}
	return aligned(out), nil
}

// aligned returns b in memory aligned to 8: the allocator gives that to any object of at least 8 bytes without pointers.
func aligned(b []byte) []byte { return slices.Clip(b) }

// Command is what one spawn adds to the plan.
type Command struct {
	Argv, Env  []string
	Candidates []string        // tried in turn, as execvp does
	FDs        []int           // FDs[i] of the caller becomes i inside; at least three
	Dir        string          // inside
	TTY        int             // number inside of the caller's controlling terminal; -1: none, and a session of its own
	Foreground bool            // with TTY: the program becomes the terminal's foreground job
	Limits     []ResourceLimit // for the step Limits
	Disk       string          // options of Tmpfs and Pool, behind the plan's: each with a comma before it
	CPU        uint64          // nanoseconds of processor time after which the init ends the program; 0: no limit
	Processors uint32          // with CPU: how many can be busy with the program at once
	User       *User           // nil: the caller
	Umask      *uint32         // nil: the caller's
	Place      string          // an empty directory of this command's own, for the view of a jail
	// Mark, if not empty, tells this command from all others to those that look at it from outside. It is not encoded.
	Mark string
}

// ResourceLimit is one limit of a command.
type ResourceLimit struct {
	Resource uint32 // an RLIMIT_ number
	Limit
}

// User is another user for the program, with the maps of a user namespace that has its numbers and the caller's. None of them is 0.
type User struct {
	Uid, Gid       uint32
	Groups         []uint32
	UIDMap, GIDMap string
}

// Encode returns the bytes of c. It fails when a string holds a NUL or something is missing.
func (c Command) Encode() ([]byte, error) {
	if len(c.Argv) == 0 || len(c.Candidates) == 0 || len(c.FDs) < 3 {
		return nil, fmt.Errorf("a command needs arguments, a program and three descriptors")
	}
	all := slices.Concat(c.Argv, c.Env, c.Candidates)
	table := uint32(commandSize)
	fds := table + uint32(len(all))*4
	a := &area{base: int(fds) + len(c.FDs)*4, strings: map[string]uint32{}}
	out := make([]byte, commandSize, a.base+64)
	for _, s := range all {
		at, err := a.str(s)
		if err != nil {
			return nil, err
		}
		out = le.AppendUint32(out, at)
	}
	dir, err := a.str(c.Dir)
	if err != nil {
		return nil, err
	}
	for _, fd := range c.FDs {
		if fd < 0 || fd > math.MaxInt32 {
			return nil, fmt.Errorf("descriptor %d", fd)
		}
		out = le.AppendUint32(out, uint32(fd))
	}
	disk, err := a.str(c.Disk)
	if err != nil {
		return nil, err
	}
	place, err := a.str(c.Place)
	if err != nil {
		return nil, err
	}
	a.align(8)
	limits := a.offset()
	for _, l := range c.Limits {
		a.bytes = le.AppendUint32(le.AppendUint32(a.bytes, l.Resource), 0)
		a.bytes = le.AppendUint64(le.AppendUint64(a.bytes, l.Soft), l.Hard)
	}
	credential, err := a.user(c.User)
	if err != nil {
		return nil, err
	}
	out = append(out, a.bytes...)
	if len(out) > maxSize {
		return nil, fmt.Errorf("the arguments and the environment take %d bytes; at most %d are possible", len(out), maxSize)
	}
	var foreground uint32
	if c.Foreground {
		foreground = 1
	}
	head := []uint32{commandMagic, uint32(len(out)), uint32(len(c.Argv)), uint32(len(c.Env)), uint32(len(c.Candidates)),
		uint32(len(c.FDs)), table, fds, dir, uint32(int32(c.TTY)), foreground, credential, uint32(len(c.Limits)), limits, disk, c.Processors}
	for i, v := range head {
		le.PutUint32(out[i*4:], v)
	}
	le.PutUint64(out[len(head)*4:], c.CPU)
	if c.Umask != nil {
		le.PutUint32(out[len(head)*4+8:], *c.Umask+1)
	}
	le.PutUint32(out[len(head)*4+12:], place)
	return aligned(out), nil
}

// user puts a struct gaol_credential and what it refers to; 0 is none.
func (a *area) user(u *User) (uint32, error) {
	if u == nil {
		return 0, nil
	}
	uids, err := a.str(u.UIDMap)
	if err != nil {
		return 0, err
	}
	gids, err := a.str(u.GIDMap)
	if err != nil {
		return 0, err
	}
	a.align(4)
	groups := a.offset()
	for _, g := range u.Groups {
		a.bytes = le.AppendUint32(a.bytes, g)
	}
	at := a.offset()
	for _, v := range []uint32{u.Uid, u.Gid, uint32(len(u.Groups)), groups, uids, gids} {
		a.bytes = le.AppendUint32(a.bytes, v)
	}
	return at, nil
}
