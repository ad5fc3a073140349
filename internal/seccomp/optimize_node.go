// This file is what a filter decides, apart from how it is written as instructions: a graph of choices that ends in answers. Two
// nodes must never decide alike under different identities, so that what programs share is found by comparing pointers.

package seccomp

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// key is a word of struct seccomp_data, masked.
type key struct{ off, mask uint32 }

// node is an answer (no parts), or a choice by the value of key.
type node struct {
	id    uint32
	ret   uint32
	key   key
	parts []part // from 0 to key.mask without gap; neighbours differ
}

type part struct {
	span
	to *node
}

func appendParts(parts []part, s set, to *node) []part {
	for _, x := range s {
		parts = append(parts, part{x, to})
	}
	return parts
}

// flag is whether n only asks if any bit of the mask is set, which is one jset without an and.
func (n *node) flag() bool { return len(n.parts) == 2 && n.parts[0].hi == 0 }

// nodes holds each node once.
type nodes struct {
	answers map[uint32]*node
	choices map[string]*node
	scratch []byte
}

func newNodes() *nodes {
	return &nodes{answers: map[uint32]*node{}, choices: map[string]*node{}}
}

func (t *nodes) next() uint32 { return uint32(len(t.answers) + len(t.choices)) }

func (t *nodes) answer(v uint32) *node {
	n, ok := t.answers[v]
	if !ok {
		n = &node{id: t.next(), ret: v}
		t.answers[v] = n
	}
	return n
}

// choice takes over parts, in any order. Values that are in none of them must be impossible where the node is used: they go where
// their neighbours go.
func (t *nodes) choice(k key, parts []part) *node {
	parts = flat(k, parts)
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.lo, b.lo) })
	merged := parts[:0]
	for _, p := range parts {
		if last := len(merged) - 1; last >= 0 {
			if merged[last].to == p.to {
				merged[last].hi = p.hi
				continue
			}
			merged[last].hi = p.lo - 1
		} else {
			p.lo = 0
		}
		merged = append(merged, p)
	}
	merged[len(merged)-1].hi = k.mask
	if len(merged) == 1 {
		return merged[0].to
	}
	name := binary.NativeEndian.AppendUint32(t.scratch[:0], k.off)
	name = binary.NativeEndian.AppendUint32(name, k.mask)
	for _, p := range merged {
		name = binary.NativeEndian.AppendUint32(name, p.lo)
		name = binary.NativeEndian.AppendUint32(name, p.to.id)
	}
	t.scratch = name
	n, ok := t.choices[string(name)]
	if !ok {
		n = &node{id: t.next(), key: k, parts: slices.Clone(merged)}
		t.choices[string(name)] = n
	}
	return n
}

// flat replaces parts that lead to another choice by the same key with that one's parts.
func flat(k key, parts []part) []part {
	out := make([]part, 0, len(parts))
	for _, p := range parts {
		if p.to.parts == nil || p.to.key != k {
			out = append(out, p)
			continue
		}
		for _, q := range p.to.parts {
			if lo, hi := max(p.lo, q.lo), min(p.hi, q.hi); lo <= hi {
				out = append(out, part{span{lo, hi}, q.to})
			}
		}
	}
	return out
}
