// This file walks through a program for all calls at once and finds out what it decides. On its way it keeps the set of values that
// each word it compared can still have, so that comparisons whose outcome is settled vanish. It must take no value for impossible
// that a call could bring here.

package seccomp

import (
	"errors"
	"fmt"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// maxSteps bounds the walk, which takes exponential time on programs that libseccomp would not write.
const maxSteps = 1 << 20

var errMaze = errors.New("the program branches too much")

// value is what the accumulator holds: a masked word of the call, or the constant k if the mask is empty.
type value struct {
	key key
	k   uint32
}

func (v value) constant() bool { return v.key.mask == 0 }

// known is a chain of facts, the newest first: the words' values on this path.
type known struct {
	key key
	set set
	up  *known
}

func (e *known) values(k key) set {
	for ; e != nil; e = e.up {
		if e.key == k {
			return e.set
		}
	}
	return set{{0, k.mask}}
}

// load is what a masked word is worth where e is known.
func (e *known) load(k key) value {
	if k.mask == 0 {
		return value{}
	}
	if v, ok := e.values(k).one(); ok {
		return value{k: v}
	}
	return value{key: k}
}

type walker struct {
	f     []plan.Instruction
	nodes *nodes
	steps int
}

func (w *walker) fetch(pc int) (plan.Instruction, error) {
	if w.steps++; w.steps > maxSteps {
		return plan.Instruction{}, errMaze
	}
	if pc >= len(w.f) {
		return plan.Instruction{}, errEnd
	}
	return w.f[pc], nil
}

// node is what the program decides from pc on.
func (w *walker) node(pc int, a value, e *known) (*node, error) {
	for {
		i, err := w.fetch(pc)
		if err != nil {
			return nil, err
		}
		pc++
		switch i.Code {
		case opLoad:
			a = e.load(key{i.K, wholeWord})
		case opImm:
			a = value{k: i.K}
		case opJa:
			pc += int(i.K)
		case opRet:
			return w.nodes.answer(i.K), nil
		case opRetA:
			if !a.constant() {
				return nil, fmt.Errorf("instruction %d returns what a call brings", pc-1)
			}
			return w.nodes.answer(a.k), nil
		case opJeq, opJgt, opJge, opJset:
			if !a.constant() {
				parts, err := w.split(nil, pc-1, a.key, e.values(a.key), e)
				if err != nil {
					return nil, err
				}
				return w.nodes.choice(a.key, parts), nil
			}
			pc += offset(i, taken(i, a.k))
		default:
			switch {
			case a.constant():
				a.k = alu[i.Code].do(a.k, i.K)
			case i.Code == opAnd:
				a = e.load(key{a.key.off, a.key.mask & i.K})
			default:
				return nil, fmt.Errorf("instruction %d computes with what a call brings: %s", pc-1, line(pc-1, i))
			}
		}
	}
}

// split is what the program decides from pc on for each value of s, while the accumulator holds k.
func (w *walker) split(parts []part, pc int, k key, s set, e *known) ([]part, error) {
	for {
		i, err := w.fetch(pc)
		if err != nil {
			return nil, err
		}
		switch {
		case i.Code == opJa:
			pc += 1 + int(i.K)
			continue
		case i.Code == opLoad && k == key{i.K, wholeWord}:
			pc++ // it is loaded
			continue
		case isJump(i.Code):
			yes, no, ok := s.compare(i.Code, i.K)
			switch {
			case !ok:
				n, err := w.bits(pc, i, k, s, e)
				return appendParts(parts, s, n), err
			case len(yes) == 0:
				pc += 1 + int(i.Jf)
			case len(no) == 0:
				pc += 1 + int(i.Jt)
			default:
				if parts, err = w.split(parts, pc+1+int(i.Jt), k, yes, e); err != nil {
					return nil, err
				}
				s, pc = no, pc+1+int(i.Jf)
			}
			continue
		}
		e = &known{k, s, e}
		n, err := w.node(pc, e.load(k), e)
		return appendParts(parts, s, n), err
	}
}

// bits is a choice by a jset at pc while the accumulator holds k with a value of s.
func (w *walker) bits(pc int, i plan.Instruction, k key, s set, e *known) (*node, error) {
	e = &known{k, s, e}
	if v := e.load(k); v.constant() {
		return w.node(pc, v, e)
	}
	test := key{k.off, k.mask & i.K}
	if v := e.load(test); v.constant() {
		return w.node(pc+1+offset(i, v.k != 0), value{key: k}, e)
	}
	var parts []part
	none, some := e.values(test).cut(span{0, 0})
	for _, x := range []struct {
		set
		holds bool
	}{{none, false}, {some, true}} {
		if len(x.set) == 0 {
			continue
		}
		n, err := w.node(pc+1+offset(i, x.holds), value{key: k}, &known{test, x.set, e})
		if err != nil {
			return nil, err
		}
		parts = appendParts(parts, x.set, n)
	}
	return w.nodes.choice(test, parts), nil
}

// taken is whether a jump's condition is true of the accumulator.
func taken(i plan.Instruction, a uint32) bool {
	switch i.Code {
	case opJeq:
		return a == i.K
	case opJgt:
		return a > i.K
	case opJge:
		return a >= i.K
	default:
		return a&i.K != 0
	}
}

func isJump(code uint16) bool {
	return code == opJeq || code == opJgt || code == opJge || code == opJset
}
