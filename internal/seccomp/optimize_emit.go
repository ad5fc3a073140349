// This file writes a graph of choices as instructions. It writes backwards, from the last instruction to the first: jumps only lead
// forward, so that each target already has its place. It must never emit a jump that does not reach.

package seccomp

import (
	"fmt"
	"slices"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

const maxReach = 255 // jt and jf are bytes

type emitter struct {
	code   []plan.Instruction // backwards; a place is an index here
	moved  map[int]int        // a place to a nearer one that does the same
	loaded map[*node]int      // where a node is entered
	bare   map[*node]int      // the same behind its load, for those who come with the word in the accumulator
	needs  map[*node]bool     // the load: somebody comes with another word
	weigh  func(key, part) int
}

func emit(root *node, weigh func(key, part) int) ([]plan.Instruction, error) {
	e := emitter{moved: map[int]int{}, loaded: map[*node]int{}, bare: map[*node]int{}, needs: map[*node]bool{root: true}, weigh: weigh}
	e.survey(root, map[*node]bool{})
	e.node(root)
	slices.Reverse(e.code)
	if len(e.code) > maxInstructions {
		return nil, fmt.Errorf("%d instructions; the kernel takes %d", len(e.code), maxInstructions)
	}
	return e.code, nil
}

// keeps is whether the accumulator holds the word that the choice to needs when from is done.
func keeps(from, to *node) bool {
	return to.parts != nil && from.key.off == to.key.off && (from.key.mask == wholeWord || from.flag())
}

func (e *emitter) survey(n *node, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	for _, p := range n.parts {
		if !keeps(n, p.to) {
			e.needs[p.to] = true
		}
		e.survey(p.to, seen)
	}
}

func (e *emitter) push(i plan.Instruction) int {
	e.code = append(e.code, i)
	return len(e.code) - 1
}

// node writes n, and before it what it leads to.
func (e *emitter) node(n *node) {
	if _, ok := e.bare[n]; ok {
		return
	}
	for _, p := range slices.Backward(n.parts) {
		e.node(p.to)
	}
	switch {
	case n.parts == nil:
		e.bare[n] = e.push(plan.Instruction{Code: opRet, K: n.ret})
		e.loaded[n] = e.bare[n]
		return
	case n.flag() && n.key.mask != wholeWord:
		e.bare[n] = e.jump(opJset, n.key.mask, e.enter(n, n.parts[1].to), e.enter(n, n.parts[0].to))
	default:
		e.bare[n] = e.test(n, tree(n.parts, func(p part) int { return e.weigh(n.key, p) }))
		if n.key.mask != wholeWord {
			e.bare[n] = e.push(plan.Instruction{Code: opAnd, K: n.key.mask})
		}
	}
	if e.needs[n] {
		e.loaded[n] = e.push(plan.Instruction{Code: opLoad, K: n.key.off})
	}
}

// enter is where to jump to go from one node to the next.
func (e *emitter) enter(from, to *node) int {
	if keeps(from, to) {
		return e.bare[to]
	}
	return e.loaded[to]
}

func (e *emitter) test(n *node, t *test) int {
	side := func(b branch) int {
		if b.test != nil {
			return e.test(n, b.test)
		}
		return e.enter(n, b.to)
	}
	no := side(t.no)
	yes := side(t.yes)
	return e.jump(t.op, t.k, yes, no)
}

// jump writes a jump, and before it what brings its targets into reach. No instruction falls through to there: the one in front of
// this place is not written yet, and it will be a jump or a ret, or lead to this jump alone.
func (e *emitter) jump(op uint16, k uint32, yes, no int) int {
	for {
		yes, no = e.nearest(yes), e.nearest(no)
		if e.far(yes) {
			e.bring(yes)
		} else if e.far(no) {
			e.bring(no)
		} else {
			at := len(e.code)
			return e.push(plan.Instruction{Code: op, Jt: uint8(at - yes - 1), Jf: uint8(at - no - 1), K: k})
		}
	}
}

func (e *emitter) nearest(place int) int {
	for {
		next, ok := e.moved[place]
		if !ok {
			return place
		}
		place = next
	}
}

func (e *emitter) far(place int) bool { return len(e.code)-place-1 > maxReach }

// bring repeats an answer, or jumps to the rest.
func (e *emitter) bring(place int) {
	if i := e.code[place]; i.Code == opRet {
		e.moved[place] = e.push(i)
	} else {
		e.moved[place] = e.push(plan.Instruction{Code: opJa, K: uint32(len(e.code) - place - 1)})
	}
}
