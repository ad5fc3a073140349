package policy

// This file is the paths of the engine of macOS: where they lead, what they grant, and what of a grant must not be moved away.

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Canonical is an FS that knows a path as the kernel writes it: a volume can take "Readme" for "README", and the rules are matched with what
// lies there.
type Canonical interface {
	Canonical(path string) (string, error)
}

// dataVolume is where the volume of everybody's files is mounted. Most of it is also found without this prefix, and that is then the kernel's name.
const dataVolume = "/System/Volumes/Data"

// maxMacPath is PATH_MAX of macOS (sys/syslimits.h), the terminating NUL included.
const maxMacPath = 1024

// checkMacPath refuses names that no file of macOS has, and those by which two readers of one text could come to differ.
func checkMacPath(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return errors.New("is not absolute")
	case len(p) >= maxMacPath:
		return fmt.Errorf("the path is longer than the %d bytes of macOS", maxMacPath-1)
	case !utf8.ValidString(p):
		return errors.New("is not UTF-8, as names of macOS are")
	case strings.IndexFunc(p, unicode.IsControl) >= 0:
		return errors.New("contains a control character")
	case slices.Contains(strings.Split(p, "/"), ".."):
		return errors.New(`contains ".."`)
	case p == dataVolume:
		return errors.New(`is the whole tree by another name; write the directory below it, without this prefix`)
	}
	return nil
}

// lead is where a path leads, as the kernel writes it. The links on the way can be read by the program.
func (r *belt) lead(op profile.Operation, p string) (string, status, error) {
	if err := checkMacPath(p); err != nil {
		return "", status{}, err
	}
	var links []string
	at, st, err := r.paths.real(p, func(at, _ string) { links = append(links, at) })
	if err != nil {
		return "", st, err
	}
	if c, ok := r.host.FS.(Canonical); ok {
		if at, err = c.Canonical(at); err != nil {
			return "", st, bare(err)
		}
	} else if rest, ok := strings.CutPrefix(at, dataVolume+"/"); ok {
		at = "/" + rest
	}
	if err := checkMacPath(at); err != nil {
		return "", st, err
	}
	for _, l := range links {
		if checkMacPath(l) == nil {
			r.grant(Grant{Path: l, Rights: Metadata, Why: op.String()})
		}
	}
	return at, st, nil
}

// grant adds one, or rights to one that is there.
func (r *belt) grant(g Grant) {
	for i := range r.rules.Grants {
		if old := &r.rules.Grants[i]; old.Path == g.Path && old.Subpath == g.Subpath && old.Deny == g.Deny {
			old.Rights |= g.Rights
			return
		}
	}
	r.rules.Grants = append(r.rules.Grants, g)
}

// file is one of the file operations.
func (r *belt) file(op profile.Operation, rights Rights) error {
	at, st, err := r.lead(op, op.Pattern.Path)
	switch {
	case err != nil && missing(err) && op.Pattern.Optional:
		return nil
	case err != nil:
		return problem(op, op.Pattern.Path, err)
	case st.device() && op.Deny:
		return problem(op, op.Pattern.Path, errors.New("cannot be denied; leave out what brings it"))
	case st.device():
		r.lack(op, "Device", op.Pattern.Path+" is a device", "")
		return nil
	case at == devPath || below(at, devPath):
		return problem(op, op.Pattern.Path, errors.New("cannot be granted; System() brings the harmless devices and Device others"))
	}
	if err := kindProblem(st); err != nil {
		return problem(op, op.Pattern.Path, err)
	}
	subpath := op.Pattern.Match == profile.Subpath && st.mode.IsDir()
	r.asked = append(r.asked, asking{op, at})
	if op.Deny {
		subpath = subpath || !st.mode.IsDir() // a file's resource fork is below it: file/..namedfork/rsrc
		if rights == Read {
			rights |= Metadata
		}
		r.grant(Grant{at, subpath, rights, true, op.String()})
		// where its other name is allowed, nobody has promised that the kernel never writes that
		if twin := dataVolume + at; slices.ContainsFunc(r.rules.Grants, func(g Grant) bool { return !g.Deny && g.Rights&rights != 0 && g.Matches(twin) }) {
			r.grant(Grant{twin, subpath, rights, true, op.String()})
		}
		return nil
	}
	r.grant(Grant{at, subpath, rights | Metadata, false, op.String()})
	return r.within(op, at)
}

// within holds an operation to what the file allows that its own file extends.
func (r *belt) within(op profile.Operation, at string) error {
	return within(op, at, func(p string) (string, error) {
		to, _, err := r.paths.real(p, func(string, string) {})
		if rest, ok := strings.CutPrefix(to, dataVolume+"/"); ok {
			to = "/" + rest
		}
		return to, err
	})
}

func (r *belt) device(op profile.Operation) error {
	at, st, err := r.lead(op, op.Pattern.Path)
	switch {
	case err != nil:
		return problem(op, op.Pattern.Path, err)
	case !st.device():
		return problem(op, op.Pattern.Path, errors.New("is not a device"))
	}
	r.grant(Grant{at, false, Read | Device | Ioctl | Metadata, false, op.String()})
	return r.within(op, at)
}

// devices closes /dev below a grant of everything: the terminals of the user are in there.
func (r *belt) devices() {
	for _, g := range r.rules.Grants {
		if g.Path == "/" && g.Subpath && !g.Deny && g.Rights&(Read|Write|Execute) != 0 {
			r.grant(Grant{devPath, true, Read | Write | Execute, true, "devices are not files"})
			return
		}
	}
}

func (r *belt) sort() {
	slices.SortStableFunc(r.rules.Grants, func(a, b Grant) int { return ByPath(a.Path, b.Path) })
}

// denials finds those that mean nothing.
func (r *belt) denials() error {
	for _, d := range r.asked {
		if !d.op.Deny {
			continue
		}
		right := takes(d.op)
		above := false
		var same *Grant
		for i := range r.rules.Grants {
			g := &r.rules.Grants[i]
			switch {
			case g.Deny || g.Rights&right == 0:
			case g.Path == d.path:
				same = g
			default:
				above = above || g.Matches(d.path)
			}
		}
		switch {
		case above: // whoever grants the same path once more has a tie, which the denial wins
		case same != nil:
			return problem(d.op, d.op.Pattern.Path, fmt.Errorf("contradicts %s: it would take all that is allowed", same.Why))
		case !d.op.Inherited:
			return problem(d.op, d.op.Pattern.Path, errors.New("nothing above this path allows it"))
		}
	}
	return nil
}

// pins keeps what a rule names by its own path from being moved to where another rule holds, and so the directories above it.
func (r *belt) pins() {
	pin := map[string]bool{}
	for i := range r.rules.Grants {
		g := &r.rules.Grants[i]
		for p := g.Path; p != "/"; p = parent(p) {
			if r.rules.Allows(Write, p) {
				pin[p] = true
			}
		}
		// what may not be read, though it may be written, could be moved to where it may
		if g.Deny && g.Rights&Write == 0 && g.Rights&(Read|Metadata|Execute) != 0 && r.rules.writesBelow(g) {
			r.rules.Held = insert(r.rules.Held, g.Path)
		}
	}
	for p := range pin {
		r.rules.Pins = append(r.rules.Pins, p)
	}
	slices.SortFunc(r.rules.Pins, ByPath)
}

// writesBelow says that something of what a grant covers may be written.
func (s *Seatbelt) writesBelow(g *Grant) bool {
	if s.Allows(Write, g.Path) || g.Subpath && s.Allows(Write, unnamed(g.Path)) {
		return true
	}
	return g.Subpath && slices.ContainsFunc(s.Grants, func(o Grant) bool { return !o.Deny && o.Rights&Write != 0 && below(o.Path, g.Path) })
}

// unnamed is a path below p that no operation names: what holds there holds for all that is below p by it alone.
func unnamed(p string) string { return strings.TrimSuffix(p, "/") + "/\x00" }

// moves refuses to grant writing without reading where what is written can be moved to where it can be read: a rename is allowed by its two ends.
func (r *belt) moves() {
	for _, a := range r.asked {
		if a.op.Deny || a.op.Kind != profile.FileWrite || a.op.Pattern.Match != profile.Subpath || r.rules.Allows(Read, unnamed(a.path)) || !r.rules.Allows(Write, unnamed(a.path)) {
			continue
		}
		i := slices.IndexFunc(r.rules.Grants, func(g Grant) bool {
			both := func(p string) bool { return r.rules.Allows(Read, p) && r.rules.Allows(Write, p) }
			return !g.Deny && g.Rights&(Read|Write) != 0 && (both(g.Path) || g.Subpath && both(unnamed(g.Path)))
		})
		if i >= 0 {
			to := r.rules.Grants[i].Path
			r.inexact(a.op, "a filter of both ends of a rename", "macOS asks for each end by itself", "FileRead of the same path", "what is below "+a.path+" can be moved to "+to+", where it can be read")
		}
	}
}

// ancestors lets the program ask for the directories above what it is granted, as realpath and getcwd do, but for those that a denial covers.
func (r *belt) ancestors() {
	var more []string
	add := func(p string) {
		for p != "/" {
			p = parent(p)
			if by, allowed := r.rules.decide(Metadata, p); by == nil && !allowed {
				more = insert(more, p)
			}
		}
	}
	for _, g := range r.rules.Grants {
		if !g.Deny {
			add(g.Path)
		}
	}
	for _, s := range r.rules.Sockets {
		add(s.Path)
	}
	for _, p := range more {
		r.grant(Grant{Path: p, Rights: Metadata, Why: "above what is granted"})
	}
	r.sort()
}

func parent(p string) string { return path.Dir(p) }

// insert keeps a sorted list of different words.
func insert(list []string, word string) []string {
	at, found := slices.BinarySearch(list, word)
	if found {
		return list
	}
	return slices.Insert(list, at, word)
}

// Mac is a file system like every Mac's, for a profile that is looked at elsewhere: whatever is asked for is there, and is what the last part of
// its name suggests.
type Mac struct{}

var macLinks = map[string]string{"/tmp": "private/tmp", "/var": "private/var", "/etc": "private/etc"}

// Lstat says that a link of every Mac is one, that a device is one, and that all else is a directory; ".sock" and "socket" at the end make a
// socket, any other ending with a dot a file.
func (Mac) Lstat(p string) (fs.FileMode, error) {
	name := path.Base(p)
	switch {
	case macLinks[p] != "":
		return fs.ModeSymlink | 0o755, nil
	case below(p, devPath) && p != devPath:
		return fs.ModeDevice | fs.ModeCharDevice | 0o666, nil
	case strings.HasSuffix(name, ".sock"), strings.HasSuffix(name, "socket"), p == ResolverSocket:
		return fs.ModeSocket | 0o755, nil
	case strings.LastIndexByte(name, '.') > 0:
		return 0o644, nil
	}
	return fs.ModeDir | 0o755, nil
}

// Readlink knows the links of every Mac.
func (Mac) Readlink(p string) (string, error) {
	if to, ok := macLinks[p]; ok {
		return to, nil
	}
	return "", fs.ErrInvalid
}

// Links is 1.
func (Mac) Links(string) (uint64, error) { return 1, nil }
