package linuxplan

// A machine that executes the steps of a plan on a model of a mount tree: each step fails where the kernel would refuse it, and any step
// that would make something on the host is a fault by itself. What is there at the end is compared with the policy.

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// mount is one file system at a place. made holds what was made in a tmpfs: "/" for a directory, "f" for a file, "l" and the target for a link.
type mount struct {
	at    string
	host  string // a bind: where on the host
	made  map[string]string
	kind  plan.Op
	flags uint16
	empty bool // nothing can be made in it
	cover bool // it hides what is denied
	seal  bool // it is read-only
}

// emptyOptions make a tmpfs in which nothing can be made.
const emptyOptions = "mode=0555,size=4k,nr_inodes=1"

type machine struct {
	fs       fakeFS
	mounts   []*mount // the last one at or above a path counts
	lifted   map[uint32][]*mount
	pivoted  bool
	sealed   bool
	held     map[string]bool // looked at by each spawn
	pool     map[uint32]bool // the shares that it has
	rules    map[string]uint64
	ruleset  *plan.Ruleset
	enforced bool
	limited  bool // by what the command brings
}

// top is the mount that shows p: the one deepest in the tree, the last of those at one place.
func (m *machine) top(p string) *mount {
	var best *mount
	for _, n := range m.mounts {
		if under(p, n.at) && (best == nil || len(n.at) >= len(best.at)) {
			best = n
		}
	}
	return best
}

func under(p, dir string) bool { return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/") }

// kind says what is at p, no link followed: "/" a directory, "f" a file, "l" a link, "" nothing.
func (m *machine) kind(p string) string {
	n := m.top(p)
	if n == nil {
		return ""
	}
	if n.made != nil {
		switch what, ok := n.made[p]; {
		case p == n.at:
			return "/"
		case !ok:
			return ""
		case what == "/" || what == "f":
			return what
		}
		return "l"
	}
	at := path.Join(n.host, strings.TrimPrefix(p, n.at))
	switch what, ok := m.fs[at]; {
	case n.kind == plan.Proc || n.kind == plan.ProcBase || n.kind == plan.Pool || n.kind == plan.Devpts || n.kind == plan.Mqueue:
		if p == n.at {
			return "/"
		}
		return ""
	case !ok:
		return ""
	case what == "/":
		return "/"
	case m.fs.link(at):
		return "l"
	}
	return "f"
}

// create is mkdir, open(O_EXCL) or symlink.
func (m *machine) create(p, what string, existing bool) error {
	n := m.top(path.Dir(p))
	if n == nil || n.made == nil {
		return fmt.Errorf("%s would be made on the host", p) // even if it is there now: it need not be when the step runs
	}
	if n.empty {
		return fmt.Errorf("%s: ENOSPC, the one inode is the directory", p)
	}
	if k := m.kind(p); k != "" {
		if existing && k == "/" && what == "/" {
			return nil // EEXIST, which the step takes for done
		}
		return fmt.Errorf("%s is there already", p)
	}
	if m.kind(path.Dir(p)) != "/" {
		return fmt.Errorf("%s: nothing above it", p)
	}
	if n.seal || n.at == "/" && m.sealed {
		return fmt.Errorf("%s: the root is sealed", p)
	}
	n.made[p] = what
	return nil
}

func (m *machine) put(n *mount, kind string) error {
	if got := m.kind(n.at); got != kind {
		return fmt.Errorf("nothing fit to be mounted on: %q instead of %q", got, kind)
	}
	m.mounts = append(m.mounts, n)
	return nil
}

func (m *machine) run(p plan.Plan) error {
	m.lifted, m.rules, m.held = map[uint32][]*mount{}, map[string]uint64{}, map[string]bool{}
	for i, s := range p.Steps {
		if i > 0 && s.Op.Stage() < p.Steps[i-1].Op.Stage() {
			return fmt.Errorf("%s after %s", s, p.Steps[i-1])
		}
		if (s.Op == plan.Seccomp) != (i == len(p.Steps)-1) || s.Op == plan.Seccomp && s.Op.Stage() != plan.Confine {
			return fmt.Errorf("%s is step %d of %d; the filter is the last, and confines", s, i, len(p.Steps))
		}
		if m.limited && s.Op != plan.SeccompSelf && s.Op != plan.Seccomp {
			return fmt.Errorf("%s opens files behind the limit of files", s)
		}
		if err := m.step(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	for _, n := range m.mounts {
		if n.kind == plan.Pool {
			return fmt.Errorf("the pool is shown at %s", n.at)
		}
		if n.kind == plan.Skeleton && !n.empty && !n.cover {
			return fmt.Errorf("the skeleton of %s is shown", n.at)
		}
	}
	if !m.pivoted || !m.limited || len(m.lifted) > 0 || m.ruleset != nil && !m.enforced {
		return fmt.Errorf("pivoted %v, %d trees lifted, enforced %v", m.pivoted, len(m.lifted), m.enforced)
	}
	return nil
}

func (m *machine) step(s plan.Step) error {
	switch s.Op {
	case plan.Root:
		m.mounts = append(m.mounts, &mount{at: "/", made: map[string]string{}, kind: s.Op})
	case plan.Dir, plan.Mkdir:
		return m.create(s.Path, "/", true)
	case plan.File, plan.Touch:
		return m.create(s.Path, "f", false)
	case plan.Link, plan.Symlink:
		return m.create(s.Path, "l"+s.Text, false)
	case plan.Bind:
		what, ok := m.fs[s.Text]
		if !ok || m.fs.link(s.Text) {
			return fmt.Errorf("the host has %q there", what)
		}
		is := plan.IsFile
		switch {
		case what == "/":
			is = plan.IsDir
		case what == "char":
			is = plan.IsNode
		case what == "fifo":
			is = plan.IsFifo
		case what == "socket":
			is = plan.IsSock
		}
		if got := s.Flags & (plan.IsDir | plan.IsFile | plan.IsNode | plan.IsFifo | plan.IsSock); got != is {
			return fmt.Errorf("expects %#x of what is %q", got, what)
		}
		n := &mount{at: s.Path, host: s.Text, kind: s.Op, flags: s.Flags}
		if len(m.mounts) == 0 {
			if s.Path != "/" {
				return fmt.Errorf("no root")
			}
			m.mounts = append(m.mounts, n)
			return nil
		}
		kind := "f"
		if what == "/" {
			kind = "/"
		}
		return m.put(n, kind)
	case plan.Skeleton:
		if n := m.top(s.Path); n == nil || n.kind != plan.Bind || m.pivoted {
			return fmt.Errorf("a skeleton where none is needed: %+v", n)
		}
		n := &mount{at: s.Path, made: map[string]string{}, kind: s.Op, empty: s.Text == emptyOptions || s.Text == closed, cover: s.Text == closed || s.Text == passage}
		if !n.empty && !n.cover && s.Text != "mode=0755,size=1m,nr_inodes=4k" {
			return fmt.Errorf("options of neither a skeleton nor what is empty")
		}
		return m.put(n, "/")
	case plan.Pivot:
		m.pivoted = true
	case plan.Seal:
		n := m.top(s.Path)
		if n == nil || n.at != s.Path || n.made == nil || m.sealed {
			return fmt.Errorf("no tmpfs of the view's is there: %+v", n)
		}
		n.seal, m.sealed = true, s.Path == "/"
	case plan.Mounted:
		if n := m.top(s.Path); n == nil || n.at != s.Path {
			return fmt.Errorf("nothing is mounted there: %+v", n)
		}
		m.held[s.Path] = true
	case plan.Lift:
		if _, full := m.lifted[s.N]; full {
			return fmt.Errorf("the slot is full")
		}
		for _, n := range m.mounts {
			if under(n.at, s.Path) {
				m.lifted[s.N] = append(m.lifted[s.N], n)
			}
		}
		if len(m.lifted[s.N]) == 0 || m.lifted[s.N][0].at != s.Path {
			return fmt.Errorf("nothing is mounted there")
		}
		if n := m.top(path.Dir(s.Path)); n == nil || n.kind != plan.Root && n.kind != plan.Skeleton || n.made[s.Path] == "" {
			return fmt.Errorf("its place was not made in the root or in a skeleton: %+v", n)
		}
	case plan.Drop:
		tree, ok := m.lifted[s.N]
		delete(m.lifted, s.N)
		if !ok || tree[0].at != s.Path {
			return fmt.Errorf("not the tree that was lifted there")
		}
		kind := "f"
		if m.fs.dir(tree[0].host) {
			kind = "/"
		}
		if err := m.put(tree[0], kind); err != nil {
			return err
		}
		m.mounts = append(m.mounts, tree[1:]...)
	case plan.Tmpfs, plan.Pool, plan.Share, plan.Devpts, plan.Mqueue, plan.Proc, plan.ProcBase:
		n := &mount{at: s.Path, kind: s.Op, flags: s.Flags}
		if (s.Op == plan.Tmpfs || s.Op == plan.Pool) && s.Text != "mode=1777,size=512m,nr_inodes=64k" {
			return fmt.Errorf("unbounded")
		}
		switch s.Op {
		case plan.Tmpfs:
			if m.pool != nil {
				return fmt.Errorf("not of the pool")
			}
			n.made = map[string]string{}
		case plan.Pool:
			if m.pool != nil {
				return fmt.Errorf("a second pool")
			}
			m.pool = map[uint32]bool{}
		case plan.Share:
			if m.pool == nil || m.pool[s.N] || len(m.pool) == 0 && m.top(s.Path).kind != plan.Pool {
				return fmt.Errorf("of no pool, or seen twice, or not on top of it: %v", m.pool)
			}
			m.pool[s.N], n.kind, n.made = true, plan.Tmpfs, map[string]string{}
		}
		// what lies below is covered
		if err := m.put(n, "/"); err != nil {
			return err
		}
		m.mounts = slices.DeleteFunc(m.mounts, func(o *mount) bool { return o != n && under(o.at, n.at) && o.at != "/" })
	case plan.LandlockRuleset:
		m.ruleset = &s.Ruleset
	case plan.LandlockPath:
		if m.kind(s.Path) == "" || m.kind(s.Path) == "l" {
			return fmt.Errorf("there is %q", m.kind(s.Path))
		}
		if bits := uint64(s.N); m.kind(s.Path) == "f" && bits&^landlock.FileRights != 0 || bits&^m.ruleset.FS != 0 || bits == 0 {
			return fmt.Errorf("EINVAL: rights that the kernel refuses here")
		}
		mounted := m.top(s.Path).at == s.Path
		if s.Flags&plan.MustBeMount != 0 && !mounted {
			return fmt.Errorf("nothing is mounted there")
		}
		// a rename in a writable tree leads the rule elsewhere, unless a mount is looked for
		if n := m.top(s.Path); s.Flags&plan.MustBeMount == 0 && (n.kind == plan.Tmpfs || n.kind == plan.Bind && n.flags&plan.ReadOnly == 0) {
			return fmt.Errorf("the program may have moved it: %+v", n)
		}
		m.rules[s.Path] |= uint64(s.N)
	case plan.LandlockEnforce:
		m.enforced = true
	case plan.Limits:
		m.limited = true
	}
	return nil
}

// landlock is what the rules give at p: they add up to the root.
func (m *machine) landlock(p string) (bits uint64) {
	for at := range maps.Keys(m.rules) {
		if under(p, at) {
			bits |= m.rules[at]
		}
	}
	return bits
}

// compare finds what differs between the machine and the policy.
func (m *machine) compare(p *policy.Policy) error {
	for _, e := range p.Entries {
		n := m.top(e.Path)
		if n == nil {
			return fmt.Errorf("%s is not there", e.Path)
		}
		if e.Hole && !m.held[e.Path] {
			return fmt.Errorf("%s is denied, and no spawn looks whether it is mounted on", e.Path)
		}
		switch e.Kind {
		case policy.Cover:
			if n.at != e.Path || e.Dir && (!n.cover || !n.seal) || !e.Dir && (n.host != "/dev/null" || n.flags != plan.ReadOnly|plan.NoExec|plan.IsNode) {
				return fmt.Errorf("%s is not covered: %+v", e.Path, n)
			}
		case policy.Link:
			if n.made == nil || n.made[e.Path] != "l"+e.Host {
				return fmt.Errorf("%s is no link to %s", e.Path, e.Host)
			}
		case policy.Private:
			if n.kind != plan.Tmpfs || n.at != e.Path || (n.flags&plan.NoExec == 0) != (e.Rights&policy.Execute != 0) {
				return fmt.Errorf("%s: %+v", e.Path, n)
			}
		case policy.Empty:
			if !n.empty || n.at != e.Path || len(n.made) != 0 {
				return fmt.Errorf("%s is not empty: %+v", e.Path, n)
			}
		case policy.Ptys:
			if n.kind != plan.Devpts || n.at != e.Path {
				return fmt.Errorf("%s: %+v", e.Path, n)
			}
		case policy.Bind:
			if n.kind != plan.Bind || path.Join(n.host, strings.TrimPrefix(e.Path, n.at)) != e.Host || e.Mount && n.at != e.Path {
				return fmt.Errorf("%s: %+v instead of %s", e.Path, n, e.Host)
			}
			device := e.Rights&policy.Device != 0
			if (n.flags&plan.ReadOnly == 0) != (e.Rights&policy.Write != 0 && !device) || (n.flags&plan.NoExec == 0) != (e.Rights&policy.Execute != 0) || (n.flags&plan.Dev != 0) != device {
				return fmt.Errorf("%s: flags %#x for %s", e.Path, n.flags, e.Rights)
			}
		}
	}
	if n := m.top("/proc"); (p.Proc != policy.NoProc) != (n != nil && n.at == "/proc" && n.kind == plan.Proc) {
		return fmt.Errorf("/proc: %+v", n)
	}
	return nil
}
