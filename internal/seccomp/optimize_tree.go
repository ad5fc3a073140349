// This file decides in which order a choice is compared: the tree of jumps whose instructions and paths together cost least. It must
// ask every question that tells two parts apart; which values exist is not its business.

package seccomp

import (
	"cmp"
	"slices"
)

// test is a jump. Where it leads on either side is another test or, without one, a node.
type test struct {
	op      uint16
	k       uint32
	yes, no branch
}

type branch struct {
	test *test
	to   *node
}

// maxPicks bounds how many jeq in a row pick single values out of a span: longer rows never pay.
const maxPicks = 4

// planner finds the cheapest tree for each stretch of parts from i to j, shorter ones first.
type planner struct {
	parts  []part
	weight []int
	all    []stretch // from i to j at i*len(parts)+j
}

type stretch struct {
	cost  int
	root  int  // the part before which a jge splits it
	picks bool // whether a row of jeq is cheaper
}

func (p *planner) at(i, j int) *stretch { return &p.all[i*len(p.parts)+j] }

// tree returns the first test of a choice of at least two parts.
func tree(parts []part, weigh func(part) int) *test {
	n := len(parts)
	p := planner{parts: parts, weight: make([]int, n), all: make([]stretch, n*n)}
	sum := make([]int, n+1)
	for i, x := range parts {
		p.weight[i] = weigh(x)
		sum[i+1] = sum[i] + p.weight[i]
		p.at(i, i).root = i
	}
	for length := 2; length <= n; length++ {
		for i := 0; i+length <= n; i++ {
			j := i + length - 1
			// the root moves the same way as the ends of the stretch (Knuth, Optimum binary search trees, 1971): near enough with picks
			lo, hi := max(p.at(i, j-1).root, i+1), min(max(p.at(i+1, j).root, i+1), j)
			best := stretch{cost: -1}
			for r := min(lo, hi); r <= max(lo, hi); r++ {
				if c := p.at(i, r-1).cost + p.at(r, j).cost; best.cost < 0 || c < best.cost {
					best.cost, best.root = c, r
				}
			}
			all := sum[j+1] - sum[i]
			best.cost += instructionCost + all
			if c, ok := p.pickCost(i, j, all); ok && c < best.cost {
				best.cost, best.picks = c, true
			}
			*p.at(i, j) = best
		}
	}
	return p.branch(0, n-1).test
}

// pickOut returns the single parts that jeq can pick from the stretch so that what is left all goes to the same node.
func (p *planner) pickOut(i, j int) (picks []int, rest *node, ok bool) {
	if j-i > 2*maxPicks {
		return nil, nil, false
	}
	for _, x := range p.parts[i : j+1] {
		if !x.single() {
			if rest != nil && rest != x.to {
				return nil, nil, false
			}
			rest = x.to
		}
	}
	if rest == nil {
		rest = p.parts[j].to
	}
	picks = make([]int, 0, 2*maxPicks)
	for at := i; at <= j; at++ {
		if p.parts[at].to != rest {
			picks = append(picks, at)
		}
	}
	if len(picks) > maxPicks {
		return nil, nil, false
	}
	slices.SortStableFunc(picks, func(a, b int) int { return cmp.Compare(p.weight[b], p.weight[a]) })
	return picks, rest, true
}

func (p *planner) pickCost(i, j, all int) (int, bool) {
	picks, _, ok := p.pickOut(i, j)
	if !ok {
		return 0, false
	}
	cost := 0
	for _, at := range picks {
		cost += instructionCost + all // whatever is not picked yet comes by here
		all -= p.weight[at]
	}
	return cost, true
}

func (p *planner) branch(i, j int) branch {
	if i == j {
		return branch{to: p.parts[i].to}
	}
	if p.at(i, j).picks {
		picks, rest, _ := p.pickOut(i, j)
		b := branch{to: rest}
		for _, at := range slices.Backward(picks) {
			x := p.parts[at]
			b = branch{test: &test{op: opJeq, k: x.lo, yes: branch{to: x.to}, no: b}}
		}
		return b
	}
	r := p.at(i, j).root
	return branch{test: &test{op: opJge, k: p.parts[r].lo, yes: p.branch(r, j), no: p.branch(i, r-1)}}
}
