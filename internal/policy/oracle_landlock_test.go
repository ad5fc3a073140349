package policy

// Random profiles for the landlock engine, against an oracle: the sum of the rules must give each path of the host exactly what the
// operations that cover it say, and what was accepted without best effort must be exact.

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"pgregory.net/rapid"
)

// rulesOracle is the host, and where each operation leads.
type rulesOracle struct {
	oracle
	fs *fakeFS
	to map[profile.Operation]string // missing: nowhere
}

func newRulesOracle(f *fakeFS, ops list) *rulesOracle {
	o := &rulesOracle{oracle: oracle{nodes: f.nodes, ops: ops}, fs: f, to: map[profile.Operation]string{}}
	for _, op := range ops {
		if to, _, err := o.real(op.Pattern.Path, 0); err == nil {
			o.to[op] = to
		}
	}
	return o
}

// covers says that op grants its right at q. A Literal that names a directory was accepted with best effort, as a Subpath.
func (o *rulesOracle) covers(op profile.Operation, q string) bool {
	to, ok := o.to[op]
	return ok && (q == to || under(q, to) && o.nodes[to].mode.IsDir())
}

func (o *rulesOracle) want(q string) (r Rights) {
	for _, op := range o.ops {
		if o.covers(op, q) {
			r |= grants[op.Kind]
		}
	}
	return r &^ Metadata
}

// writer is an operation that lets the program write a directory strictly above q.
func (o *rulesOracle) writer(q string) (profile.Operation, bool) {
	for _, op := range o.ops {
		if op.Kind == profile.FileWrite && o.to[op] != q && o.covers(op, q) {
			return op, true
		}
	}
	return profile.Operation{}, false
}

func anyRules(t *rapid.T) list {
	kinds := []profile.Kind{profile.FileRead, profile.FileRead, profile.FileExecute, profile.FileExecute, profile.FileWrite, profile.FileReadMetadata}
	var ops list
	for range rapid.IntRange(0, 6).Draw(t, "operations") {
		p := anyPath(t, "pattern")
		if rapid.IntRange(0, 7).Draw(t, "root") == 0 {
			p = "/"
		}
		o := at(rapid.SampledFrom(kinds).Draw(t, "kind"), p)
		if rapid.IntRange(0, 4).Draw(t, "literal") == 0 {
			o = literal(o)
		}
		o.Pattern.Optional = rapid.IntRange(0, 3).Draw(t, "optional") > 0
		o.BestEffort = rapid.IntRange(0, 3).Draw(t, "best effort") > 0
		ops = append(ops, o)
	}
	if rapid.IntRange(0, 3).Draw(t, "metadata") > 0 {
		ops = append(ops, meta("/"))
	}
	return ops
}

func TestTheSumOfRulesIsWhatTheOperationsSay(t *testing.T) {
	accepted, refused, exact := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		ops := anyRules(t)
		h := host(f)
		h.Force, h.Landlock = profile.EngineLandlock, rapid.IntRange(2, 11).Draw(t, "ABI")
		p, err := Resolve(of(ops...), h)
		o := newRulesOracle(f, ops)
		var lacks *UnsupportedError
		var bad *profile.Error
		switch {
		case errors.As(err, &lacks), errors.As(err, &bad):
			refused++
			o.justified(t, err)
			return
		case err != nil:
			t.Fatal(err)
		}
		accepted++
		if len(p.Gaps) == 0 {
			exact++
		}
		o.same(t, &p)
		o.honest(t, &p)
	})
	t.Logf("%d accepted, %d of them without a gap, %d refused", accepted, exact, refused)
	if accepted < 100 || exact < 20 || refused < 100 {
		t.Error("the generator has become one-sided")
	}
}

// same: neither more nor less, at every path.
func (o *rulesOracle) same(t *rapid.T, p *Policy) {
	for q := range o.nodes {
		if to, _, err := o.real(q, 0); err != nil || to != q {
			continue
		}
		var got Rights
		for _, e := range p.Entries {
			if e.Host != e.Path || e.Mount || e.Kind != Bind {
				t.Fatalf("%+v is no rule", e)
			}
			if e.Path == q || e.Dir && under(q, e.Path) {
				got |= e.Rights
			}
		}
		if want := o.want(q); got != want {
			t.Fatalf("%s has %s, not %s\n%s", q, got, want, p)
		}
	}
}

// honest: what is not exact has a gap or was refused.
func (o *rulesOracle) honest(t *rapid.T, p *Policy) {
	metadata, everywhere := false, false
	for _, op := range o.ops {
		to, ok := o.to[op]
		metadata = metadata || op.Kind == profile.FileReadMetadata && op.BestEffort || ok && to == "/" && (op.Kind == profile.FileRead || op.Kind == profile.FileReadMetadata)
		everywhere = everywhere || ok && to == "/" && op.Kind == profile.FileWrite
	}
	if !metadata {
		t.Fatalf("the metadata of everything is allowed, and nothing says so\n%s", p)
	}
	if p.Attributes != everywhere || p.Truncate != (everywhere || o.abi(p) >= 3) || p.Watch && o.want("/")&Read == 0 {
		t.Fatalf("attributes %v, truncate %v, watch %v\n%s", p.Attributes, p.Truncate, p.Watch, p)
	}
	for _, op := range o.ops {
		to, ok := o.to[op]
		if !ok {
			if !op.Pattern.Optional {
				t.Fatalf("%s leads nowhere", op)
			}
			continue
		}
		for _, gap := range o.gaps(op, to, everywhere) {
			if !op.BestEffort {
				t.Fatalf("%s was accepted, though %s\n%s", op, gap, p)
			}
			if !o.gap(p, op, gap) {
				t.Fatalf("%s has no gap that %s\n%s", op, gap, p)
			}
		}
		for _, g := range p.Gaps {
			if g.Operation == op.String() && !slices.ContainsFunc(o.gaps(op, to, everywhere), func(words string) bool { return strings.Contains(g.Detail, words) }) &&
				!strings.Contains(g.Detail, "metadata of every path") {
				t.Fatalf("%s has a gap for no reason: %s\n%s", op, g.Detail, p)
			}
		}
		_, links, _ := o.real(op.Pattern.Path, 0)
		for _, l := range links {
			if w := o.turns(l, op); w != "" {
				t.Fatalf("%s leads through %s, which can be turned by %s\n%s", op, l, w, p)
			}
		}
	}
}

func (o *rulesOracle) abi(p *Policy) (abi int) {
	_, _ = fmt.Sscanf(p.Mechanisms[1], "Landlock ABI %d", &abi)
	return abi
}

func (o *rulesOracle) gap(p *Policy, op profile.Operation, words string) bool {
	for _, g := range p.Gaps {
		if g.Operation == op.String() && strings.Contains(g.Detail, words) {
			return true
		}
	}
	return false
}

// gaps says why an operation means something else here than it says, in words of its gaps.
func (o *rulesOracle) gaps(op profile.Operation, to string, everywhere bool) (out []string) {
	right := grants[op.Kind]
	add := func(ok bool, words string) {
		if ok {
			out = append(out, words)
		}
	}
	add(op.Pattern.Match == profile.Literal && o.nodes[to].mode.IsDir(), "what is in the directory is granted")
	if right == Metadata {
		return out
	}
	add(right == Read && o.want(to)&Execute == 0, "can be executed")
	add(right == Write && !everywhere, "cannot be changed")
	add(to == "/" && right != Execute, "the host's /proc")
	if _, ok := o.writer(to); ok && right&^o.want(path.Dir(to)) != 0 {
		add(true, "for the next sandbox")
	}
	for _, m := range o.fs.mounts {
		if !under(m.Path, to) || m.Path == to || right == Execute || to == "/" {
			continue
		}
		named := false
		for _, other := range o.ops {
			named = named || other.Kind == profile.FileWrite && o.to[other] == m.Path
		}
		switch m = o.fs.mounted(m.Path); {
		case m.Type == "proc":
			add(true, "processes at "+m.Path)
		case m.Type != "ext4":
			add(right == Write && !named, "files at "+m.Path)
		}
	}
	return out
}

// turns is the operation with which the program could turn a link.
func (o *rulesOracle) turns(link string, op profile.Operation) string {
	for _, root := range o.ops {
		if root.Kind == profile.FileWrite && o.to[root] == "/" && grants[op.Kind]&^(o.want("/")|Metadata) == 0 {
			return ""
		}
	}
	for _, w := range o.ops {
		if w.Kind == profile.FileWrite && o.covers(w, path.Dir(link)) {
			return w.String()
		}
	}
	return ""
}

// justified: what is refused is something that honest would not have let through.
func (o *rulesOracle) justified(t *rapid.T, err error) {
	everywhere, metadata := false, false
	for _, op := range o.ops {
		to, ok := o.to[op]
		everywhere = everywhere || ok && to == "/" && op.Kind == profile.FileWrite
		metadata = metadata || op.Kind == profile.FileReadMetadata && op.BestEffort || ok && to == "/" && (op.Kind == profile.FileRead || op.Kind == profile.FileReadMetadata)
	}
	if !metadata {
		return
	}
	for _, op := range o.ops {
		to, ok := o.to[op]
		if !ok {
			if !op.Pattern.Optional || strings.Contains(err.Error(), "loop") || strings.Contains(err.Error(), "too many levels") {
				return
			}
			continue
		}
		if o.fs.mounted(to).Type == "proc" || len(o.gaps(op, to, everywhere)) > 0 && !op.BestEffort {
			return
		}
		_, links, _ := o.real(op.Pattern.Path, 0)
		for _, l := range links {
			if o.turns(l, op) != "" {
				return
			}
		}
	}
	t.Fatalf("refused for no reason: %v", err)
}
