package plan

import (
	"bytes"
	"errors"
	"fmt"
)

var errTruncated = errors.New("plan: truncated")

// Decode is the inverse of Encode; Why is lost. It accepts whatever is well formed, which is less strict than the check of the core.
func Decode(b []byte) (Plan, error) {
	if len(b) < headerSize || le.Uint32(b) != magic || le.Uint32(b[4:]) != version || int(le.Uint32(b[8:])) != len(b) {
		return Plan{}, errors.New("plan: not a plan")
	}
	at, n := uint64(le.Uint32(b[12:])), uint64(le.Uint32(b[32:]))
	if at+n*stepSize > uint64(len(b)) {
		return Plan{}, errTruncated
	}
	p := Plan{Namespaces: le.Uint32(b[36:]), Fresh: le.Uint32(b[40:])}
	for i := range n {
		raw := b[at+i*stepSize:]
		s := Step{Op: Op(le.Uint16(raw)), Flags: le.Uint16(raw[2:])}
		if !s.Op.valid() {
			return Plan{}, fmt.Errorf("plan: unknown op %d", s.Op)
		}
		d := info[s.Op]
		x, y := le.Uint32(raw[4:]), le.Uint32(raw[8:])
		if err := get(b, &s, d.a, x, y, false); err != nil {
			return Plan{}, err
		}
		if err := get(b, &s, d.b, y, 0, true); err != nil {
			return Plan{}, err
		}
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

func get(b []byte, s *Step, kind arg, v, other uint32, second bool) error {
	words := func(to ...*uint64) error {
		if uint64(v)+uint64(len(to))*8 > uint64(len(b)) {
			return errTruncated
		}
		for i, w := range to {
			*w = le.Uint64(b[int(v)+i*8:])
		}
		return nil
	}
	switch kind {
	case path, text, host, target:
		value, err := str(b, v)
		if err != nil {
			return err
		}
		if second || (kind == text && info[s.Op].b != text) {
			s.Text = value
		} else {
			s.Path = value
		}
	case mode, slot, number, rights, netRights, resource:
		s.N = v
	case port:
		s.Port = uint16(v)
	case ruleset:
		return words(&s.Ruleset.FS, &s.Ruleset.Net, &s.Ruleset.Scoped, &s.Ruleset.Size)
	case limit:
		return words(&s.Limit.Soft, &s.Limit.Hard)
	case capRights:
		return words(&s.Rights[0], &s.Rights[1])
	case parameters, others:
		if uint64(v)+4 > uint64(len(b)) {
			return errTruncated
		}
		n := uint64(le.Uint32(b[v:]))
		if uint64(v)+4+n*4 > uint64(len(b)) {
			return errTruncated
		}
		for i := range n {
			value, err := str(b, le.Uint32(b[uint64(v)+4+i*4:]))
			if err != nil {
				return err
			}
			if kind == others {
				s.Others = append(s.Others, value)
			} else {
				s.Params = append(s.Params, value)
			}
		}
	case filter:
		if uint64(v)+uint64(other)*8 > uint64(len(b)) {
			return errTruncated
		}
		for i := range int(other) {
			raw := b[int(v)+i*8:]
			s.Filter = append(s.Filter, Instruction{le.Uint16(raw), raw[2], raw[3], le.Uint32(raw[4:])})
		}
	}
	return nil
}

// str is the string at an offset.
func str(b []byte, at uint32) (string, error) {
	if uint64(at) >= uint64(len(b)) {
		return "", errTruncated
	}
	end := bytes.IndexByte(b[at:], 0)
	if end < 0 {
		return "", errTruncated
	}
	return string(b[at : int(at)+end]), nil
}
