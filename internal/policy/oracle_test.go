package policy

// Random profiles over random small trees, against an oracle that is written from the documentation of the operations and not from the
// resolver: it builds the whole view as a tree of its own and asks each path for every operation that covers it.

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"pgregory.net/rapid"
)

// oracle is the view as the documentation has it: every path inside, with the path of the host that is there.
type oracle struct {
	nodes map[string]fakeNode
	from  map[string]string
	ops   list
}

var errLoop = errors.New("loop")

// real follows links one component at a time, from the front, by recursion; it also lists the links on the way.
func (o *oracle) real(p string, depth int) (string, []string, error) {
	if p == "/" {
		return p, nil, nil
	}
	if depth > 200 {
		return "", nil, errLoop
	}
	dir, links, err := o.real(path.Dir(p), depth+1)
	if err != nil {
		return "", nil, err
	}
	if !o.nodes[dir].mode.IsDir() {
		return "", nil, fs.ErrNotExist
	}
	p = path.Join(dir, path.Base(p))
	n, ok := o.nodes[p]
	switch {
	case !ok:
		return "", nil, fs.ErrNotExist
	case n.link == "":
		return p, links, nil
	}
	to := n.link
	if !path.IsAbs(to) {
		to = path.Join(dir, to)
	}
	to, more, err := o.real(to, depth+1)
	return to, slices.Concat(links, []string{p}, more), err
}

func under(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}

func newOracle(f *fakeFS, ops list) *oracle {
	o := &oracle{nodes: map[string]fakeNode{}, from: map[string]string{}, ops: ops}
	host := &oracle{nodes: f.nodes}
	for p, n := range f.nodes {
		o.nodes[p], o.from[p] = n, p
	}
	var maps list
	for _, op := range ops {
		if op.Kind == profile.Map {
			maps = append(maps, op)
		}
	}
	slices.SortStableFunc(maps, func(a, b profile.Operation) int { return len(a.Path) - len(b.Path) })
	for _, m := range maps {
		src, _, err := host.real(m.Host, 0)
		if err != nil {
			continue
		}
		for p := range o.nodes {
			if under(p, m.Path) {
				delete(o.nodes, p)
				delete(o.from, p)
			}
		}
		for d := path.Dir(m.Path); d != "/"; d = path.Dir(d) {
			// a directory, even where the host has a file, which cannot be shown then
			if n, ok := o.nodes[d]; !ok || !n.mode.IsDir() && n.link == "" {
				o.nodes[d] = fakeNode{mode: fs.ModeDir}
				delete(o.from, d)
			}
		}
		for p, n := range f.nodes {
			if under(p, src) {
				to := path.Join(m.Path, strings.TrimPrefix(p, src))
				o.nodes[to], o.from[to] = n, p
			}
		}
	}
	return o
}

var grants = map[profile.Kind]Rights{profile.FileRead: Read, profile.FileWrite: Write, profile.FileExecute: Execute, profile.FileReadMetadata: Metadata}

// allowed is what the operations give at q: those that name it or something above it, up to where a Map or a Private begins a tree of
// its own.
func (o *oracle) allowed(q string) (r Rights, covered bool) {
	base := "/"
	for _, op := range o.ops {
		if (op.Kind == profile.Map || op.Kind == profile.Private) && under(q, op.Path) && len(op.Path) > len(base) {
			base = op.Path
		}
	}
	given, taken := map[Rights]int{}, map[Rights]int{} // the depth of the most specific word about a right, from 1 on
	note := func(depths map[Rights]int, right Rights, at string) { depths[right] = max(depths[right], len(at)) }
	for _, op := range o.ops {
		switch op.Kind {
		case profile.Map:
			if op.Path == base {
				covered = true
				note(given, Read, op.Path)
				if op.Mode == profile.ReadWrite {
					note(given, Write, op.Path)
				}
			}
		case profile.Private:
		default:
			to, _, err := o.real(op.Pattern.Path, 0)
			switch {
			case err != nil || !under(to, base) || q != to && (op.Pattern.Match != profile.Subpath || !under(q, to)):
			case op.Deny:
				note(taken, grants[op.Kind], to)
			default:
				covered = true
				note(given, grants[op.Kind], to)
			}
		}
	}
	for right, depth := range given {
		if depth > taken[right] {
			r |= right
		}
	}
	return r, covered
}

var names = []string{"a", "b", "c"}

// anyTree is a file system of a few names, three levels deep, with links that may lead anywhere.
func anyTree(t *rapid.T) *fakeFS {
	f := newFS(t)
	var fill func(dir string, depth int)
	fill = func(dir string, depth int) {
		for _, name := range names {
			p := path.Join(dir, name)
			kinds := []string{"dir", "dir", "file", "link", ""}
			if depth == 3 {
				kinds = []string{"file", "link", "", ""}
			}
			switch rapid.SampledFrom(kinds).Draw(t, p) {
			case "dir":
				f.add(p + "/")
				fill(p, depth+1)
			case "file":
				f.add(p)
			case "link":
				target := anyPath(t, p+" -> ")
				if rapid.Bool().Draw(t, "relative") {
					target = strings.Repeat("../", rapid.IntRange(0, depth).Draw(t, "up")) + strings.TrimPrefix(target, "/")
				}
				if target == "" {
					target = "."
				}
				f.add(p + " -> " + target)
			}
		}
	}
	fill("/", 1)
	anyMounts(t, f)
	return f
}

// anyMounts mounts file systems of every sort at a few places, none below another that is not ext4.
func anyMounts(t *rapid.T, f *fakeFS) {
	var special []string
	for range rapid.IntRange(0, 5).Draw(t, "mounts") {
		at := rapid.SampledFrom(f.sortedPaths()).Draw(t, "mount at")
		if at == "/" || f.nodes[at].link != "" || slices.ContainsFunc(special, func(p string) bool { return under(at, p) || under(p, at) }) {
			continue
		}
		kind := rapid.SampledFrom([]string{"proc", "sysfs", "cgroup2", "ext4"}).Draw(t, "type")
		f.mounts = append(f.mounts, Mount{Path: at, Type: kind})
		if kind != "ext4" {
			special = append(special, at)
		}
	}
}

// mounted is the mount that a path of the host lies on; of several at one place, the last.
func (f *fakeFS) mounted(p string) (best Mount) {
	for _, m := range f.mounts {
		if under(p, m.Path) && len(m.Path) >= len(best.Path) {
			best = m
		}
	}
	return best
}

// turnable finds a link, on the way of a pattern or of a Map, that lies in a tree of the host which the operations let the program write.
// Where the root can be written and gives as much as the link, it may be spared, in whichever tree it lies: all is reached anyway.
func (o *oracle) turnable(f *fakeFS, spared bool) string {
	host := &oracle{nodes: f.nodes}
	var written []string
	var root Rights // what all of the host's paths may be used for
	links := map[string]Rights{}
	add := func(list []string, r Rights) {
		for _, l := range list {
			links[l] |= r
		}
	}
	for _, op := range o.ops {
		switch op.Kind {
		case profile.Private:
		case profile.Map:
			to, on, _ := host.real(op.Host, 0)
			add(on, Read|Write|Execute)
			if op.Mode == profile.ReadWrite && f.nodes[to].mode.IsDir() {
				written = append(written, to)
			}
		default:
			if e := op.Pattern.Path; op.Kind == profile.FileExecute && slices.ContainsFunc(o.ops, func(op profile.Operation) bool { return op.Kind == profile.Private && op.Path == e }) {
				continue // the private directory itself
			}
			to, on, err := o.real(op.Pattern.Path, 0)
			if err != nil || o.from[to] == "" {
				continue // nothing is granted
			}
			for _, l := range on {
				add([]string{o.from[l]}, grants[op.Kind])
			}
			if op.Deny {
				continue
			}
			if to == "/" {
				root |= grants[op.Kind]
			}
			if op.Kind == profile.FileWrite && o.nodes[to].mode.IsDir() {
				written = append(written, o.from[to])
			}
		}
	}
	for l, r := range links {
		for _, w := range written {
			if l != "" && w != "" && under(l, w) && (!spared || root&Write == 0 || r&^root != 0) {
				return l
			}
		}
	}
	return ""
}

func anyPath(t *rapid.T, label string) string {
	return "/" + path.Join(rapid.SliceOfN(rapid.SampledFrom(names), 1, 3).Draw(t, label)...)
}

// anyPlace is a path of the tree, most of the time.
func anyPlace(t *rapid.T, f *fakeFS, label string) string {
	if rapid.IntRange(0, 9).Draw(t, "elsewhere") == 0 {
		return anyPath(t, label)
	}
	return rapid.SampledFrom(f.sortedPaths()).Draw(t, label)
}

func anyOperation(t *rapid.T, f *fakeFS) profile.Operation {
	switch n := rapid.IntRange(0, 13).Draw(t, "kind"); {
	case n == 0:
		return private(anyPath(t, "private"))
	case n == 1:
		return profile.Operation{Kind: profile.Map, Path: anyPath(t, "inside"), Host: anyPlace(t, f, "host"),
			Mode: rapid.SampledFrom([]profile.Mode{profile.ReadOnly, profile.ReadWrite}).Draw(t, "mode")}
	default:
		o := at([]profile.Kind{profile.FileRead, profile.FileRead, profile.FileRead, profile.FileWrite, profile.FileExecute, profile.FileReadMetadata}[n%6], anyPlace(t, f, "pattern"))
		if n == 7 {
			o = literal(o)
		}
		o.Pattern.Optional = rapid.IntRange(0, 3).Draw(t, "optional") > 0
		return o
	}
}

func TestARandomProfileShowsWhatItGrantsAndNoMore(t *testing.T) {
	outcome := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		var ops list
		for range rapid.IntRange(1, 5).Draw(t, "operations") {
			ops = append(ops, anyOperation(t, f))
		}
		o := newOracle(f, ops)
		p, err := Resolve(of(ops...), host(f))
		var bad *profile.Error
		var lacks *UnsupportedError
		switch {
		case errors.As(err, &bad):
			outcome["meaningless"]++
			switch {
			case strings.HasSuffix(err.Error(), "name what it leads to"):
				outcome["turnable"]++
				if o.turnable(f, false) == "" {
					t.Fatalf("no such link: %v", err)
				}
			case strings.Contains(err.Error(), "the host's proc"):
				outcome["proc"]++
				if !slices.ContainsFunc(f.mounts, func(m Mount) bool { return m.Type == "proc" }) {
					t.Fatalf("no such mount: %v", err)
				}
			}
			return
		case errors.As(err, &lacks):
			outcome["unsupported"]++
			if len(lacks.Operations) == 0 {
				t.Fatal("no operation is listed")
			}
			return
		case err != nil:
			t.Fatalf("%T: %v", err, err)
		}
		for _, e := range p.Entries {
			if x := p.enclosing(path.Dir(e.Path)); x != nil && x.Kind == Empty {
				outcome["in what is empty"]++ // there is no place for it: the build will fail
				return
			}
		}
		outcome["resolved"]++
		if l := o.turnable(f, true); l != "" {
			t.Fatalf("%s could be turned elsewhere\n%s", l, &p)
		}
		if err := errors.Join(pinned(&p), anchored(&p)); err != nil {
			t.Fatalf("%v\n%s", err, &p)
		}
		outcome["without "+o.mounts(t, &p, f)]++
		o.noMore(t, &p)
		o.noLess(t, &p)
	})
	if outcome["resolved"] < 200 || outcome["meaningless"] == 0 || outcome["turnable"] < 5 || outcome["proc"] < 20 || outcome["without proc"] < 5 || outcome["without writing"] < 5 {
		t.Errorf("too few of a kind: %v", outcome)
	}
	t.Logf("%v", outcome)
}

// mounts: nothing of a proc of the host is shown, and nothing that acts on the kernel may be written unless it is named. It returns
// what was taken away, in a word.
func (o *oracle) mounts(t *rapid.T, p *Policy, f *fakeFS) (without string) {
	without = "nothing"
	for q := range o.nodes {
		e := p.enclosing(q)
		if r, _, err := o.real(q, 0); err != nil || r != q || e == nil {
			continue
		}
		m := f.mounted(o.from[q])
		switch {
		case e.Kind == Empty:
			without = "proc"
			if !slices.ContainsFunc(f.mounts, func(m Mount) bool { return m.Type == "proc" && under(o.from[q], m.Path) }) {
				t.Fatalf("%s is empty, and lies on %+v\n%s", q, f.mounts, p)
			}
		case e.Kind != Bind:
		case m.Type == "proc":
			t.Fatalf("%s shows %s of %+v, through %+v\n%s", q, o.from[q], m, e, p)
		case m.Type == "sysfs" || m.Type == "cgroup2":
			named := slices.ContainsFunc(o.ops, func(op profile.Operation) bool {
				switch op.Kind {
				case profile.Private:
					return false
				case profile.Map:
					to, _, err := (&oracle{nodes: f.nodes}).real(op.Host, 0)
					return err == nil && under(q, op.Path) && under(to, m.Path)
				}
				to, _, err := o.real(op.Pattern.Path, 0)
				return err == nil && under(q, to) && under(o.from[to], m.Path)
			})
			if r, _ := o.allowed(q); r&Write != 0 && e.Rights&Write == 0 {
				without = "writing"
			}
			if e.Rights&Write != 0 && !named {
				t.Fatalf("%s, on %+v, may be written through %+v, and nothing names it\n%s", q, m, e, p)
			}
		}
	}
	return without
}

// noMore: whatever is shown is covered by an operation, with every right that it has.
func (o *oracle) noMore(t *rapid.T, p *Policy) {
	for q, n := range o.nodes {
		if r, _, err := o.real(q, 0); n.link != "" || err != nil || r != q {
			continue
		}
		e := p.enclosing(q)
		if e == nil {
			continue
		}
		if e.Kind == Empty || e.Kind == Cover {
			continue
		}
		if e.Kind == Private {
			if !slices.ContainsFunc(o.ops, func(op profile.Operation) bool { return op.Kind == profile.Private && op.Path == e.Path }) {
				t.Fatalf("%s is private, and nothing asked for it", e.Path)
			}
			continue
		}
		want, covered := o.allowed(q)
		if got := e.Rights &^ Metadata; !covered || got&^want != 0 {
			t.Fatalf("%s has %s through %+v; the operations grant %s (%v)\n%s", q, got, e, want, covered, p)
		}
		if at := path.Join(e.Host, strings.TrimPrefix(q, e.Path)); at != o.from[q] {
			t.Fatalf("%s shows %s of the host instead of %q\n%s", q, at, o.from[q], p)
		}
		if e.Rights&Read == 0 {
			for _, a := range p.Entries {
				if a.Kind != Link && under(e.Path, a.Path) && a.Rights&Read != 0 {
					t.Fatalf("%s must not be read, but lies below %s, which may\n%s", e.Path, a.Path, p)
				}
			}
		}
	}
	for i, e := range p.Entries {
		if i > 0 && ByPath(p.Entries[i-1].Path, e.Path) >= 0 {
			t.Fatalf("%s comes after %s", e.Path, p.Entries[i-1].Path)
		}
		if e.Kind == Link && (o.nodes[e.Path].link != e.Host || e.Rights != 0) {
			t.Fatalf("%+v is no link of the view", e)
		}
	}
}

// noLess: what an operation names is there, with the right, and so are the links that lead to it.
func (o *oracle) noLess(t *rapid.T, p *Policy) {
	for _, op := range o.ops {
		if op.Deny {
			continue
		}
		switch op.Kind {
		case profile.Map, profile.Private:
			kind := map[profile.Kind]Kind{profile.Map: Bind, profile.Private: Private}[op.Kind]
			if e := p.enclosing(op.Path); e == nil || e.Path != op.Path || e.Kind != kind {
				t.Fatalf("%s: %+v\n%s", op, e, p)
			}
			continue
		}
		if e := p.enclosing(op.Pattern.Path); op.Kind == profile.FileExecute && e != nil && e.Path == op.Pattern.Path && e.Kind == Private {
			if e.Rights&Execute == 0 {
				t.Fatalf("%s: %+v", op, e)
			}
			continue
		}
		to, links, err := o.real(op.Pattern.Path, 0)
		if err != nil {
			if !op.Pattern.Optional {
				t.Fatalf("%s: resolved, though %v", op, err)
			}
			continue
		}
		if o.from[to] == "" { // a directory that only leads to what is mapped: there is nothing in it to grant
			if !op.Pattern.Optional {
				t.Fatalf("%s: resolved, though the host has nothing at %s", op, to)
			}
			continue
		}
		e := p.enclosing(to)
		if r, _ := o.allowed(to); r&grants[op.Kind] == 0 {
			continue // taken away again
		}
		if e != nil && e.Kind == Cover && grants[op.Kind] == Metadata {
			continue // with reading
		}
		if e == nil || e.Rights&grants[op.Kind] == 0 && !(grants[op.Kind] == Metadata && e.Kind == Bind) || (e.Kind != Bind && op.Kind != profile.FileExecute) {
			t.Fatalf("%s grants %s, which has %+v\n%s", op, to, e, p)
		}
		for _, l := range links {
			i := slices.IndexFunc(p.Entries, func(e Entry) bool { return e.Path == l })
			if e := p.enclosing(l); i < 0 && (e == nil || e.Kind != Bind) {
				t.Fatalf("%s leads through the link %s, which is not shown (%+v)\n%s", op, l, e, p)
			}
		}
		if got, ok := p.HostPath(to); e.Kind == Bind && (!ok || got != o.from[to]) {
			t.Fatalf("%s: HostPath is %q, %v\n%s", to, got, ok, p)
		}
		if !p.Shows(to) && e.Host == e.Path {
			t.Fatalf("%s: not shown\n%s", to, fmt.Sprint(p))
		}
	}
}
