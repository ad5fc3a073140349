package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Level says how far a host can enforce an operation. The words are those of Servo's gaol.
type Level uint8

// The levels.
const (
	NeverAllowed             Level = iota // no profile with it is accepted here
	CannotBeAllowedPrecisely              // only with BestEffort: what it means here is not what it says
	CanBeAllowed                          // it is enforced as it says
	AlwaysAllowed                         // the program may do so whether the profile has it or not
)

func (l Level) String() string {
	names := [...]string{"NeverAllowed", "CannotBeAllowedPrecisely", "CanBeAllowed", "AlwaysAllowed"}
	if int(l) >= len(names) {
		return fmt.Sprintf("Level(%d)", uint8(l))
	}
	return names[l]
}

// Support says how far h can enforce op, taken alone, and by what mechanism; or what is missing. It tries: what Resolve says is the level.
// A path that the host lacks counts as one that is there, a directory where the pattern is Subpath.
func Support(op profile.Operation, h Host) (Level, string) {
	op.BestEffort = false
	if h.FS == nil {
		h.FS = nowhere{}
	}
	p, err := resolveAlone(op, h)
	var lacks *UnsupportedError
	switch {
	case err == nil && always(op, p.Engine):
		return AlwaysAllowed, p.mechanism(op)
	case err == nil:
		return CanBeAllowed, p.mechanism(op)
	case !errors.As(err, &lacks):
		return NeverAllowed, err.Error()
	}
	missing := lacks.Operations[0]
	for _, u := range lacks.Operations {
		if u.Gap == "" { // what stands in the way for good is the better reason
			missing = u
			break
		}
	}
	op.BestEffort = true
	if _, err := resolveAlone(op, h); err == nil {
		return CannotBeAllowedPrecisely, "needs " + missing.Mechanism + ", else " + missing.Gap
	}
	return NeverAllowed, "needs " + missing.Mechanism
}

// resolveAlone resolves a profile of the one operation, and of what it cannot be without: the metadata that every program of the landlock
// engine can read, and the tree around what is denied or made.
func resolveAlone(op profile.Operation, h Host) (Policy, error) {
	ops := []profile.Operation{op}
	rules := h.Force == profile.EngineLandlock || h.Force == profile.AnyEngine && !h.Namespaces.OK && h.rules()
	if rules && (op.Kind != profile.FileReadMetadata || op.Deny) {
		ops = append(ops, profile.Operation{Kind: profile.FileReadMetadata, Pattern: profile.Pattern{Path: "/", Match: profile.Subpath}})
	}
	around := func(k profile.Kind, p string) {
		ops = append(ops, profile.Operation{Kind: k, Pattern: profile.Pattern{Path: path.Dir(p), Match: profile.Subpath}, BestEffort: true})
	}
	switch {
	case op.Deny:
		around(op.Kind, op.Pattern.Path)
		if op.Kind == profile.FileWrite { // with nothing but writing it is a cover, and exact for no use
			around(profile.FileRead, op.Pattern.Path)
		}
	case op.Kind == profile.NetworkInbound && op.Address.Form == profile.FormLocalSocket:
		around(profile.FileWrite, op.Address.Name)
	}
	p, err := Resolve(profile.Profile{Operations: ops}, h)
	var bad *profile.Error
	if errors.As(err, &bad) {
		h.FS, h.Mounts = imagined{op, h.FS}, nil
		if q, err := Resolve(profile.Profile{Operations: ops}, h); err == nil || !errors.As(err, &bad) {
			return q, err
		}
	}
	return p, err
}

// always says that an operation changes nothing where it is enforced.
func always(op profile.Operation, engine string) bool {
	switch op.Kind {
	case profile.Signal:
		return engine == NamespaceEngine || engine == LandlockEngine || engine == CapsicumEngine || engine == JailEngine
	case profile.SystemInfoRead:
		return engine == CapsicumEngine || engine == JailEngine
	case profile.IPC:
		return engine == JailEngine && op.IPC == profile.POSIXSharedMemory
	case profile.FileReadMetadata:
		return !op.Deny && engine == LandlockEngine
	}
	return false
}

// mechanism is what holds an operation.
func (p *Policy) mechanism(op profile.Operation) string {
	for _, e := range p.Enforced {
		if e.Operation == op.String() {
			return e.Mechanism
		}
	}
	return ""
}

// imagined is a host with the paths of an operation.
type imagined struct {
	op profile.Operation
	FS
}

func (f imagined) Lstat(p string) (fs.FileMode, error) {
	dir := fs.ModeDir | 0o755
	switch {
	case f.op.Kind == profile.NetworkOutbound && p == f.op.Address.Name:
		return fs.ModeSocket | 0o755, nil
	case f.op.Kind == profile.Device && p == f.op.Pattern.Path, isDevice(p):
		return fs.ModeDevice | fs.ModeCharDevice | 0o666, nil
	case p == f.op.Pattern.Path && f.op.Pattern.Match == profile.Literal:
		return 0o644, nil
	case below(f.op.Pattern.Path, p), below(f.op.Address.Name, p), below(f.op.Host, p), f.op.Kind == profile.Private && below(f.op.Path, p):
		return dir, nil
	}
	return f.FS.Lstat(p)
}

func (imagined) Links(string) (uint64, error) { return 1, nil }

// nowhere is a host without paths.
type nowhere struct{}

func (nowhere) Lstat(string) (fs.FileMode, error) { return 0, fs.ErrNotExist }
func (nowhere) Readlink(string) (string, error)   { return "", fs.ErrNotExist }
func (nowhere) Links(string) (uint64, error)      { return 0, fs.ErrNotExist }
