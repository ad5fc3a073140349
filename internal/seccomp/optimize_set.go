// This file is sets of 32-bit values as spans. It knows nothing of programs; a set must always be ascending and without overlap.

package seccomp

const wholeWord = ^uint32(0)

// span is the values from lo to hi, both included.
type span struct{ lo, hi uint32 }

func (s span) has(v uint32) bool { return s.lo <= v && v <= s.hi }
func (s span) single() bool      { return s.lo == s.hi }

// set is never changed once made: several facts may share it.
type set []span

// cut splits s into what lies in the span and what does not.
func (s set) cut(by span) (in, out set) {
	for i, x := range s {
		switch {
		case x.hi < by.lo:
			continue
		case x.lo > by.hi && in == nil:
			return nil, s
		case x.lo > by.hi:
			return in, append(out, s[i:]...)
		}
		if out == nil {
			out = append(make(set, 0, len(s)+1), s[:i]...)
		}
		if x.lo < by.lo {
			out = append(out, span{x.lo, by.lo - 1})
		}
		in = append(in, span{max(x.lo, by.lo), min(x.hi, by.hi)})
		if x.hi > by.hi {
			out = append(out, span{by.hi + 1, x.hi})
		}
	}
	if in == nil {
		return nil, s
	}
	return in, out
}

// compare splits s into the values for which a jump holds and the others. It cannot do so for a jset on low bits, whose values are
// scattered; then ok is false.
func (s set) compare(op uint16, k uint32) (yes, no set, ok bool) {
	switch op {
	case opJeq:
		yes, no = s.cut(span{k, k})
	case opJge:
		yes, no = s.cut(span{k, wholeWord})
	case opJgt:
		if k == wholeWord {
			return nil, s, true
		}
		yes, no = s.cut(span{k + 1, wholeWord})
	case opJset:
		const few = 28 // bits below: at most sixteen blocks
		if k&(1<<few-1) != 0 {
			return nil, nil, false
		}
		for block := range uint32(1 << (32 - few)) {
			lo := block << few
			in, out := s.cut(span{lo, lo | (1<<few - 1)})
			if lo&k != 0 {
				yes = append(yes, in...)
			} else {
				no = append(no, in...)
			}
			s = out
		}
	}
	return yes, no, true
}

// one returns the only value of s.
func (s set) one() (v uint32, ok bool) {
	if len(s) == 1 && s[0].single() {
		return s[0].lo, true
	}
	return 0, false
}
