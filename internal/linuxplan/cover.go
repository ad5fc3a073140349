package linuxplan

import (
	"github.com/gaol-sandbox/gaol/internal/plan"
)

// What covers a denied directory: nothing can be opened, listed or made in it. Where something is shown in it nevertheless, it can be
// passed through; its owner, the program's user, cannot change that, since it is sealed.
const (
	closed  = "mode=0000,size=4k,nr_inodes=1"
	passage = "mode=0111,size=1m,nr_inodes=4k"
)

// cover closes a denied path. A file becomes a device on a mount where none works: opening it is EACCES for everyone, as root too.
func (c *compiler) cover(n *place, places []*place) {
	if !n.Dir {
		c.step(plan.Step{Op: plan.Bind, Path: n.Path, Text: "/dev/null", Flags: plan.ReadOnly | plan.NoExec | plan.IsNode, Why: n.Why})
		return
	}
	options := closed
	for _, in := range places {
		if in.in == n {
			options = passage
		}
	}
	c.made[n.Path] = true
	c.step(plan.Step{Op: plan.Skeleton, Path: n.Path, Text: options, Why: n.Why})
}
