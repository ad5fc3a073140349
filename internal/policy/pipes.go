package policy

import (
	"fmt"
	"path"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

const pipesGap = "a named pipe there can be written"

// pipes finds what a read-only mount does not hold: a named pipe in it can be written (man 7 fifo; sb_permission of fs/namei.c passes it), to
// whoever reads it outside, unless Landlock denies that. Landlock's rights add up from the root on, through mounts, so below anything that
// carries Write it cannot. Looking for pipes in the tree now would say nothing of later.
func (r *resolver) pipes(n *node, around []*node) {
	if n.Kind != Bind || n.Rights&(Write|Device|Connect) != 0 || n.unasked || n.kernel || !n.Dir && !n.Fifo {
		return
	}
	if w := carries(around, Write); w != nil && n.Mount {
		top := around[len(around)-1]
		if n.boundary || top.Kind != Bind || top.Rights&Write != 0 { // else it has been said of what encloses it
			for _, op := range n.bounds() {
				r.inexact(op, "a mechanism that keeps named pipes below "+w.Path+" from being written", w.writer()+" allows it, and a read-only mount does not hold for them",
					n.elsewhere(op, w), pipesGap)
			}
		}
		return
	}
	if r.host.Landlock < MinLandlock && n.Rights&Read != 0 {
		r.each(n.asked, "Landlock", r.host.LandlockReason, r.host.landlockFrom(MinLandlock)+", or FileWrite of the same path", pipesGap)
	}
}

// carries is the outermost entry around that has a right in Landlock's sum.
func carries(around []*node, right Rights) *node {
	for _, a := range around {
		if a.Rights&right != 0 {
			return a
		}
	}
	return nil
}

// writer is the operation that lets n be written.
func (n *node) writer() string {
	for _, op := range n.asked {
		if op.Kind == profile.FileWrite {
			return op.String()
		}
	}
	return n.Why
}

// bounds are the operations that promise that n is not written: the denials of that, else what grants less. What System and the network
// bring holds no named pipes.
func (n *node) bounds() (ops []profile.Operation) {
	for _, op := range n.denies {
		if takes(op) == Write {
			ops = append(ops, op)
		}
	}
	switch {
	case len(ops) > 0:
		return ops
	case len(n.asked) > 0:
		return n.asked
	case n.op.Kind == profile.System || n.op.Kind == profile.NetworkOutbound:
		return nil
	}
	return []profile.Operation{n.op}
}

// elsewhere says how to have it exact, outside of w.
func (n *node) elsewhere(op profile.Operation, w *node) string {
	switch {
	case op.Deny:
		return "FileWrite of what lies beside it, instead of " + w.Path
	case op.Kind == profile.FileRead && !n.Fifo:
		return fmt.Sprintf("Map(%q, %q, ReadOnly), outside of %s; a Literal file is exact there, too", path.Join("/in", path.Base(n.Path)), n.Host, w.Path)
	}
	return "a place outside of " + w.Path
}
