package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// A Deny takes rights from what others allow, at a path and everything below it; the more specific path wins, right by right. What is
// left decides by which mount: nothing, and the path is covered; reading alone, and it is mounted read-only or noexec. Landlock takes
// no part in it: its rights add up from the root on, so that below a tree it can only give.

// takes is what a Deny takes.
func takes(op profile.Operation) Rights {
	switch op.Kind {
	case profile.FileRead:
		return Read
	case profile.FileReadMetadata:
		return Metadata
	case profile.FileWrite:
		return Write
	}
	return Execute
}

// deny remembers what is taken at a path; hole decides what becomes of it.
func (r *resolver) deny(op profile.Operation) error {
	asked := op.Pattern.Path
	// the links are not shown by it, but must not be the program's to change
	at, st, err := r.paths.follow(asked, r.hostPath, func(p string) bool { return r.ways[p] }, func(at, _ string) {
		r.links = append(r.links, linkAt{r.hostPath(at), op})
	})
	switch {
	case err != nil && missing(err) && op.Pattern.Optional:
		r.absent = append(r.absent, op)
		return nil
	case err != nil && missing(err):
		return problem(op, asked, fmt.Errorf("%w: what does not exist cannot be covered", err))
	case err != nil:
		return problem(op, asked, err)
	case below(at, procPath) || at == devPath || below(at, ptsPath) || st.device():
		return problem(op, asked, errors.New("cannot be denied; leave out what brings it"))
	}
	if err := kindProblem(st); err != nil {
		return problem(op, asked, err)
	}
	if op.Pattern.Match == profile.Literal && st.mode.IsDir() {
		r.lack(op, "a way to close a directory without what is in it", "", "Subpath denies the directory and everything below")
		return nil
	}
	host := r.hostPath(at)
	if !st.mode.IsDir() {
		if err := r.names(op, host); err != nil {
			return err
		}
	}
	n := r.entries[at]
	if n != nil && n.Kind != Bind {
		return problem(op, asked, fmt.Errorf("%s has taken this place: nothing of the host is there", n.Why))
	}
	if n == nil {
		n = r.add(op, Entry{Path: at, Kind: Bind, Host: host, Dir: st.mode.IsDir()})
	}
	n.Fifo = st.mode&fs.ModeNamedPipe != 0
	n.denies = append(n.denies, op)
	return nil
}

// names looks for other names of a file: closing one leaves them open.
func (r *resolver) names(op profile.Operation, host string) error {
	n, err := r.host.FS.Links(host)
	if err != nil {
		return problem(op, op.Pattern.Path, bare(err))
	}
	if n > 1 {
		r.inexact(op, "a way to find every name of a file", fmt.Sprintf("%s has %d hard links", host, n), "a copy of its own in its place", "the file is not closed by its other names")
	}
	return nil
}

// hole decides what becomes of a path that something is denied at; not, if it is closed further up already.
func (r *resolver) hole(n, top *node) (done bool, err error) {
	var above Rights
	if top != nil && top.Kind == Bind && !n.boundary {
		above = top.Rights &^ (Device | Ioctl | Connect)
		if n.kernel {
			above &^= Write
		}
	}
	if top != nil && !n.boundary {
		n.lost |= top.lost
	}
	allowed := above | n.Rights
	explicit := allowed & Metadata
	var denied Rights
	for _, op := range n.denies {
		if takes(op)&above == 0 && (takes(op) != Metadata || above == 0) && takes(op)&n.lost == 0 {
			if takes(op)&n.Rights != 0 {
				return false, problem(op, n.Path, fmt.Errorf("contradicts %s: it would take all that is allowed", n.Why))
			}
			if op.Inherited {
				continue
			}
			return false, problem(op, n.Path, errors.New("nothing above this path allows it"))
		}
		denied |= takes(op)
	}
	left := allowed &^ denied
	n.lost = n.lost&^left | denied
	if denied&allowed == 0 && (denied&Metadata == 0 || allowed == 0) || left == 0 && above == 0 {
		n.Rights &^= denied
		return false, nil
	}
	n.Hole, n.Mount, n.Why = true, true, n.denies[0].String()
	if denied&(Read|Metadata) != 0 && left&(Read|Write|Execute) != 0 {
		r.half(n, denied, left)
		left = 0
	}
	if denied&Metadata != 0 {
		r.policy.Watch = false // it would tell what happens to the path
		for _, op := range n.denies {
			if takes(op) == Metadata {
				r.inexact(op, "a mechanism that hides a name", "what is covered keeps its place in its directory", "", "it can be seen that the path exists, and whether it is a directory")
			}
		}
	}
	if left&(Read|Write|Execute) == 0 && (explicit&^denied == 0 || allowed&Read != 0) {
		n.Kind, n.Rights = Cover, 0
		return true, nil
	}
	n.Rights = left
	return true, nil
}

// half refuses to take reading and leave something: whatever is mounted can be read.
func (r *resolver) half(n *node, denied, left Rights) {
	var more []string
	for _, k := range []profile.Kind{profile.FileRead, profile.FileWrite, profile.FileExecute} {
		op := n.denies[0]
		op.Kind, op.BestEffort = k, false
		if left&takes(op) != 0 {
			more = append(more, op.String())
		}
	}
	words := (left & (Read | Write | Execute)).String()
	for _, op := range n.denies {
		if takes(op)&(Read|Metadata) != 0 {
			r.inexact(op, fmt.Sprintf("a mechanism that forbids to %s and allows to %s below a readable directory", takes(op), words), "", strings.Join(more, " and ")+" too", "to "+words+" is denied, too")
		}
	}
}

// covered says that nothing of n is shown, since it lies in what a Deny covers and no operation names it.
func (n *node) coveredBy(top *node) bool {
	return top != nil && top.Kind == Cover && (n.unasked || n.Kind == Bind && n.Rights == 0 && !n.boundary)
}

// holes holds the denials against the whole view: what is taken at one path must not be shown at another, and what did not exist must
// not be the program's to make.
func (r *resolver) holes() error {
	p := &r.policy
	for _, n := range r.entries {
		var taken Rights
		for _, op := range n.denies {
			taken |= takes(op)
		}
		if taken == 0 {
			continue
		}
		for _, host := range append(aliases(n.Host, r.host.Mounts), n.Host) {
			if at, by := p.shownElsewhere(host, n.Path, taken); by != nil {
				return problem(n.denies[0], n.Path, fmt.Errorf("is shown at %s, too, by %s: deny it there as well", at, by.Why))
			}
		}
	}
	for _, op := range r.absent {
		if err := r.cannotAppear(op); err != nil {
			return err
		}
	}
	return nil
}

// shownElsewhere finds a path of the host in the view, with one of the rights, at another place than one.
func (p *Policy) shownElsewhere(host, but string, rights Rights) (at string, by *Entry) {
	for i := range p.Entries {
		e := &p.Entries[i]
		if e.Kind != Bind || !below(host, e.Host) {
			continue
		}
		at := path.Join(e.Path, strings.TrimPrefix(host, e.Host))
		x := p.enclosing(at)
		if at != but && x.Kind == Bind && path.Join(x.Host, strings.TrimPrefix(at, x.Path)) == host && (x.Rights&rights != 0 || rights&Metadata != 0) {
			return at, x
		}
	}
	return "", nil
}

// aliases are the places of the host that show a path, or something below it, through another mount of the same file system.
func aliases(host string, mounts []Mount) (out []string) {
	shows := func(p string) (on int) { // the last of the deepest is on top
		on = -1
		for i, m := range mounts {
			if below(p, m.Path) && (on < 0 || len(m.Path) >= len(mounts[on].Path)) {
				on = i
			}
		}
		return on
	}
	on := shows(host)
	if on < 0 || mounts[on].Device == "" {
		return nil
	}
	inner := path.Join(mounts[on].Root, strings.TrimPrefix(host, mounts[on].Path))
	for i, m := range mounts {
		at := m.Path
		switch {
		case i == on || m.Device != mounts[on].Device:
			continue
		case below(inner, m.Root):
			at = path.Join(m.Path, strings.TrimPrefix(inner, m.Root))
		case !below(m.Root, inner):
			continue
		}
		if at != host && !strings.HasPrefix(at, host+"/") && shows(at) == i {
			out = append(out, at)
		}
	}
	return out
}

// cannotAppear refuses a missing path that the program could make.
func (r *resolver) cannotAppear(op profile.Operation) error {
	asked := op.Pattern.Path
	for dir := path.Dir(asked); dir != "/"; dir = path.Dir(dir) {
		if n := r.entries[dir]; n != nil && n.Kind == Private { // whatever the host has there
			return problem(op, asked, fmt.Errorf("does not exist, and the program could make it, by %s", n.Why))
		} else if n != nil && n.boundary {
			break
		}
	}
	for dir := path.Dir(asked); ; dir = path.Dir(dir) {
		to, _, err := r.paths.follow(dir, r.hostPath, func(p string) bool { return r.ways[p] }, func(string, string) {})
		if err != nil && dir != "/" {
			continue
		}
		at := path.Join(to, strings.TrimPrefix(asked, dir))
		first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(asked, dir), "/"), "/")
		if _, err := r.paths.lstat(r.hostPath(path.Join(to, first))); err == nil && path.Join(to, first) == at {
			return problem(op, asked, errors.New("is a link that leads nowhere: name what it leads to"))
		}
		e := r.policy.enclosing(at)
		if e != nil && e.Rights&Write != 0 {
			return problem(op, asked, fmt.Errorf("does not exist, and the program could make it, by %s", e.Why))
		}
		return nil
	}
}
