package policy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// ByPath sorts so that what lies below a path follows it at once: '/' comes before every other byte.
func ByPath(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if x, y := a[i], b[i]; x != y {
			switch {
			case x == '/':
				return -1
			case y == '/':
				return 1
			case x < y:
				return -1
			}
			return 1
		}
	}
	return len(a) - len(b)
}

// flags is what a mount can tell apart.
func (r Rights) flags() Rights { return r & (Write | Execute | Device) }

// layout sorts the entries, hands rights down, drops what is shown anyway, and decides which entries need a mount.
func (r *resolver) layout() error {
	r.inside(&r.policy.Proc)
	nodes := make([]*node, 0, len(r.entries))
	for _, n := range r.entries {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *node) int { return ByPath(a.Path, b.Path) })
	var around []*node // the entries that enclose the current one, the innermost last
	for _, n := range nodes {
		for len(around) > 0 && !below(n.Path, around[len(around)-1].Path) {
			around = around[:len(around)-1]
		}
		var top *node
		if len(around) > 0 {
			top = around[len(around)-1]
		}
		keep, err := r.place(n, top)
		if err != nil {
			return err
		}
		if !keep {
			continue
		}
		for _, pin := range pins(n, top) {
			r.policy.Entries = append(r.policy.Entries, pin.Entry)
			around = append(around, pin)
		}
		r.policy.Entries = append(r.policy.Entries, n.Entry)
		r.pipes(n, around)
		r.exact(n, around)
		around = append(around, n)
	}
	return nil
}

// pins gives the directories between a writable tree and what is put into it a mount each: one that is mounted on cannot be renamed, and
// so the program cannot move them, and the place with them, to make another in their stead for the next command.
func pins(n, top *node) []*node {
	if top == nil || top.Kind != Bind || top.Rights&Write == 0 || n.Kind == Bind && !n.Mount {
		return nil
	}
	var list []*node
	for p := path.Dir(n.Path); p != top.Path; p = path.Dir(p) {
		e := Entry{Path: p, Kind: Bind, Host: path.Join(top.Host, strings.TrimPrefix(p, top.Path)), Dir: true, Rights: top.Rights, Why: n.Why, Mount: true}
		list = append(list, &node{Entry: e, op: n.op, lost: top.lost})
	}
	slices.Reverse(list)
	return list
}

// inside brings a /proc where the host's would be shown.
func (r *resolver) inside(proc *Proc) {
	if n := r.entries["/"]; n != nil && *proc == NoProc {
		*proc = ProcPids
	}
}

func (r *resolver) place(n, top *node) (keep bool, err error) {
	fail := func(err error) (bool, error) { return false, problem(n.op, n.Path, err) }
	if top != nil && top.Kind == Link {
		return fail(fmt.Errorf("lies below %s, which is a link to %s: name the target", top.Path, top.Host))
	}
	if top != nil && !top.Dir {
		return fail(fmt.Errorf("lies below %s, which is a file", top.Path))
	}
	if top != nil && top.Kind == Empty {
		return fail(fmt.Errorf("lies in %s, a proc of the host, which is covered", top.Path))
	}
	if n.Kind == Ptys && top != nil && top.Kind == Bind {
		return fail(errors.New("cannot be made where the host's /dev is shown"))
	}
	if top != nil && !n.boundary {
		n.lost = top.lost &^ n.Rights
	}
	if n.coveredBy(top) {
		return false, nil
	}
	if len(n.denies) > 0 {
		if done, err := r.hole(n, top); done || err != nil {
			return done, err
		}
	}
	if n.coveredBy(top) {
		return false, nil
	}
	if top == nil || top.Kind != Bind {
		n.Mount = n.Kind == Bind
		return true, nil
	}
	shown := top.Host == "/" && n.Host == "/"+strings.TrimPrefix(n.Path, "/") || n.Host == top.Host+strings.TrimPrefix(n.Path, top.Path)
	if n.Kind == Link {
		return false, nil
	}
	if n.kernel && top.Rights&Write != 0 {
		n.Rights |= top.Rights &^ (Write | Device)
		n.Mount = true
		return true, nil
	}
	if n.unasked && n.kernel {
		return false, nil
	}
	if n.Kind == Empty {
		return true, nil
	}
	if !n.boundary {
		n.Rights |= top.Rights &^ Device
	}
	// In a writable tree the entry needs a mount even so: it pins the directory, which the program could else move away, to put what
	// it may not read in its place for the next command.
	if n.Kind == Bind && !n.boundary && shown && n.Rights.flags() == top.Rights.flags() && n.Rights&Write == 0 {
		return true, nil
	}
	n.Mount = n.Kind == Bind
	if n.Kind == Bind && shown {
		return true, nil
	}
	// something else is put onto a place of the host, which must be there
	at := strings.TrimSuffix(top.Host, "/") + "/" + strings.TrimPrefix(strings.TrimPrefix(n.Path, top.Path), "/")
	real, st, err := r.paths.real(at, func(string, string) {})
	switch {
	case err != nil:
		return fail(fmt.Errorf("lies in %s, so the place must be there to be covered: %w", top.Why, bare(err)))
	case real != at:
		return fail(fmt.Errorf("lies in %s, where a link leads to %s: name the target", top.Why, real))
	case st.mode.Type() != 0 && !st.mode.IsDir():
		return fail(errors.New("covers neither a file nor a directory"))
	case st.mode.IsDir() != n.Dir:
		return fail(errors.New("covers a directory with a file, or a file with a directory"))
	}
	return true, nil
}

// exact asks for Landlock where a mount would give more than was granted: whatever is mounted can be read. Landlock's rights add up
// from the root on, through mounts, so below a readable tree it cannot take reading away; a mount can take away the other rights.
func (r *resolver) exact(n *node, around []*node) {
	if n.Kind != Bind || n.Rights&(Device|Connect|Read) != 0 || n.unasked {
		return
	}
	asked := n.asked
	if len(asked) == 0 {
		asked = []profile.Operation{n.op}
	}
	r.policy.Watch = r.policy.Watch && !n.Dir
	if r.host.Landlock < MinLandlock {
		r.each(asked, "Landlock", r.host.LandlockReason, r.host.landlockFrom(MinLandlock)+", or FileRead of the same path", "it can be read")
		return
	}
	if a := carries(around, Read); a != nil {
		r.each(asked, "a mechanism that forbids reading below "+a.Path, a.Why+" allows it", "FileRead of the same path, or a path elsewhere", "it can be read")
	}
}
