package linuxplan

// Random policies, compiled and executed by the machine: no step may fail or touch the host, and what is there at the end must be what
// the policy says, with Landlock granting neither more nor less than the entries do.

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"pgregory.net/rapid"
)

var names = []string{"a", "b", "c"}

// devLines is what System wants of a host.
const devLines = "/dev/full\n/dev/null\n/dev/random\n/dev/urandom\n/dev/zero\n/dev/pts/\n/dev/shm/\n/proc/self/\n/usr/bin/sh\n/bin -> usr/bin\n/etc/hosts\n"

func anyTree(t *rapid.T) fakeFS {
	f := newFS(devLines)
	var fill func(dir string, depth int)
	fill = func(dir string, depth int) {
		for _, name := range names {
			p := path.Join(dir, name)
			kinds := []string{"/", "/", "/", "", "link", "none", "fifo"}
			if depth == 4 {
				kinds = []string{"", "link", "none", "none", "fifo"}
			}
			kind := rapid.SampledFrom(kinds).Draw(t, p)
			if kind == "link" {
				kind = anyPath(t, p+" ->")
			}
			if kind != "none" {
				f[p] = kind
			}
			if kind == "/" {
				fill(p, depth+1)
			}
		}
	}
	fill("/", 1)
	return f
}

// anyMounts mounts file systems of every sort at a few places, none below another that is not ext4.
func anyMounts(t *rapid.T, f fakeFS) (mounts []policy.Mount) {
	var special []string
	for range rapid.IntRange(0, 4).Draw(t, "mounts") {
		p := anyPath(t, "mount at")
		if _, there := f[p]; !there || f.link(p) || f[p] == "fifo" || slices.ContainsFunc(special, func(q string) bool { return under(p, q) || under(q, p) }) {
			continue
		}
		kind := rapid.SampledFrom([]string{"proc", "sysfs", "ext4"}).Draw(t, "type")
		mounts = append(mounts, policy.Mount{Path: p, Type: kind})
		if kind != "ext4" {
			special = append(special, p)
		}
	}
	return mounts
}

func anyPath(t *rapid.T, label string) string {
	return "/" + path.Join(rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, label)...)
}

// inPrivateOnHost is a grant, a private directory in it, and something in that one.
func inPrivateOnHost(t *rapid.T, f fakeFS) []profile.Operation {
	var dirs []string
	for p := range f {
		if f.dir(p) && p != "/" && !under(p, "/dev") && !under(p, "/proc") {
			dirs = append(dirs, p)
		}
	}
	slices.Sort(dirs)
	d := rapid.SampledFrom(dirs).Draw(t, "private on the host")
	inside := path.Join(d, anyPath(t, "in it"))
	ops := []profile.Operation{read(path.Dir(d)), private(d)}
	switch rapid.IntRange(0, 3).Draw(t, "what is in it") {
	case 0:
		return append(ops, private(inside))
	case 1:
		return append(ops, best(mapped(inside, anyPath(t, "host"), profile.Mode(rapid.IntRange(1, 2).Draw(t, "mode")))))
	default:
		o := best(read(inside)) // of a directory it is not exact
		o.Pattern.Optional = true
		return append(ops, o)
	}
}

func anyProfile(t *rapid.T, f fakeFS) profile.Profile {
	var ops []profile.Operation
	for range rapid.IntRange(1, 7).Draw(t, "operations") {
		switch n := rapid.IntRange(0, 29).Draw(t, "kind"); n {
		case 0:
			ops = append(ops, system)
		case 1:
			ops = append(ops, sysinfo)
		case 2:
			ops = append(ops, outbound)
		case 3:
			ops = append(ops, private("/dev/pts"), private("/dev/shm"))
		case 4:
			ops = append(ops, at(rapid.SampledFrom([]profile.Kind{profile.FileRead, profile.FileWrite}).Draw(t, "right"), "/"))
		case 5, 6, 7, 8:
			ops = append(ops, private(anyPath(t, "private")))
		case 25, 26, 27, 28, 29:
			ops = append(ops, inPrivateOnHost(t, f)...)
		case 9, 10:
			ops = append(ops, mapped(anyPath(t, "inside"), anyPath(t, "host"), profile.Mode(rapid.IntRange(1, 2).Draw(t, "mode"))))
		default:
			kinds := []profile.Kind{profile.FileRead, profile.FileRead, profile.FileRead, profile.FileWrite, profile.FileExecute, profile.FileReadMetadata}
			o := at(rapid.SampledFrom(kinds).Draw(t, "right"), anyPath(t, "pattern"))
			o.Pattern.Optional = true
			ops = append(ops, o)
		}
	}
	if rapid.Bool().Draw(t, "denials") {
		dir := anyPath(t, "tree")
		for _, k := range []profile.Kind{profile.FileRead, profile.FileWrite, profile.FileExecute}[:rapid.IntRange(1, 3).Draw(t, "rights")] {
			o := at(k, dir)
			o.Pattern.Optional = true
			ops = append(ops, o)
		}
		ops = append(ops, anyDenials(t, f, ops)...)
	}
	return profile.Profile{Operations: ops}
}

// anyDenials takes all, or one, of what is allowed below some directory.
func anyDenials(t *rapid.T, f fakeFS, ops []profile.Operation) (denials []profile.Operation) {
	for range rapid.IntRange(1, 3).Draw(t, "holes") {
		op := rapid.SampledFrom(ops).Draw(t, "below")
		var places []string
		for p := range f {
			if op.Pattern.Match != 0 && under(p, op.Pattern.Path) && p != op.Pattern.Path && !f.link(p) && f[p] != "char" {
				places = append(places, p)
			}
		}
		if len(places) == 0 {
			continue
		}
		slices.Sort(places)
		hole := rapid.SampledFrom(places).Draw(t, "hole")
		keep := rapid.SampledFrom([]profile.Kind{0, 0, profile.FileRead}).Draw(t, "keep")
		for _, o := range ops {
			if o.Pattern.Match != 0 && under(hole, o.Pattern.Path) && o.Kind != profile.FileReadMetadata && o.Kind != keep {
				o.Pattern, o.Deny = profile.Pattern{Path: hole, Match: profile.Subpath}, true
				o.BestEffort = o.Kind == profile.FileWrite // of a directory it is not exact
				denials = append(denials, o)
			}
		}
		if below := path.Join(hole, anyPath(t, "again")); rapid.Bool().Draw(t, "given back") {
			o := best(read(below))
			o.Pattern.Optional = true
			denials = append(denials, o)
		}
	}
	return denials
}

func TestARandomPlanMakesWhatThePolicySays(t *testing.T) {
	resolved, skeletons, empty, kernel, covers, passages, holes := 0, 0, 0, 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		h := host(f, rapid.IntRange(0, 7).Draw(t, "landlock"))
		h.Mounts = anyMounts(t, f)
		in := anyProfile(t, f)
		p, err := policy.Resolve(in, h)
		var bad *profile.Error
		var lacks *policy.UnsupportedError
		if errors.As(err, &bad) || errors.As(err, &lacks) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries {
			if slices.ContainsFunc(p.Entries, func(x policy.Entry) bool { return x.Kind == policy.Empty && x.Path != e.Path && under(e.Path, x.Path) }) {
				return // there is no place for it: the build fails
			}
		}
		resolved++
		out := compile(t, p, h)
		for _, s := range out.Steps {
			switch {
			case s.Op == plan.Skeleton && s.Text == passage:
				passages++
			case s.Op == plan.Skeleton && s.Text != emptyOptions && s.Text != closed:
				skeletons++
			}
		}
		for _, e := range p.Entries {
			switch {
			case e.Kind == policy.Cover:
				covers++
			case e.Hole:
				holes++
			}
			onKernel := slices.ContainsFunc(h.Mounts, func(m policy.Mount) bool { return m.Type == "sysfs" && under(e.Host, m.Path) })
			if e.Kind == policy.Empty {
				empty++
			}
			if onKernel {
				kernel++
			}
			// without Landlock, and below what can be written, a FIFO in what is mounted read-only could be written
			brought := e.Why == "System()" || e.Why == "NetworkOutbound(All)"
			open := h.Landlock < policy.MinLandlock && !e.Hole || slices.ContainsFunc(p.Entries, func(w policy.Entry) bool {
				return w.Kind != policy.Link && w.Rights&policy.Write != 0 && w.Path != e.Path && under(e.Path, w.Path)
			})
			told := slices.ContainsFunc(p.Gaps, func(g policy.Gap) bool { return g.Detail == "a named pipe there can be written" })
			if open && e.Kind == policy.Bind && (e.Dir || e.Fifo) && e.Rights&policy.Write == 0 && !onKernel && !brought && !told {
				t.Fatalf("%+v: a FIFO there could be written\n%s", e, p)
			}
		}
		m := &machine{fs: f}
		err = m.run(out)
		if err == nil {
			err = m.compare(&p)
		}
		if err == nil && h.Landlock >= policy.MinLandlock {
			err = m.checkLandlock(&p)
		}
		if err == nil && (m.ruleset != nil) != (h.Landlock >= policy.MinLandlock) {
			err = fmt.Errorf("Landlock %d, ruleset %v", h.Landlock, m.ruleset)
		}
		if err != nil {
			t.Fatalf("%v\n%v\n%s\n%s", err, in.Operations, p, out)
		}
	})
	if resolved < 200 || skeletons < 100 || empty < 3 || kernel < 10 {
		t.Errorf("only %d profiles resolved, %d of them with a skeleton; %d empty entries, %d kernel file systems", resolved, skeletons, empty, kernel)
	}
	if covers < 20 || holes == 0 { // a cover with something in it is too rare to be counted on; the golden plans have some
		t.Errorf("only %d covers, and %d other denials", covers, holes)
	}
	t.Logf("%d covers, %d with something in them, %d other denials", covers, passages, holes)
	t.Logf("%d profiles resolved, %d of them with a skeleton; %d empty entries, %d kernel file systems", resolved, skeletons, empty, kernel)
}

const (
	llReads  = landlock.ReadFile | landlock.ReadDir
	llWrites = landlock.WriteFile | landlock.RemoveDir | landlock.RemoveFile | landlock.MakeDir | landlock.MakeReg | landlock.MakeSock | landlock.MakeFifo | landlock.MakeSym | landlock.Refer | landlock.Truncate
)

// checkLandlock compares what the rules grant with what the entries do.
func (m *machine) checkLandlock(p *policy.Policy) error {
	for at, bits := range m.rules {
		if at == procPath {
			if bits != llReads {
				return fmt.Errorf("/proc: %#x", bits)
			}
			continue
		}
		above, below := policy.Rights(0), ^policy.Rights(0) // what some entry at or above grants, what all below do
		pty := false
		for _, e := range p.Entries {
			if e.Kind == policy.Link || e.Kind == policy.Empty || e.Kind == policy.Cover {
				continue
			}
			r := e.Rights
			if e.Kind == policy.Ptys {
				r, pty = policy.Read|policy.Write, pty || e.Path == at
			}
			if under(at, e.Path) {
				above |= r
			} else if under(e.Path, at) {
				below &= r
			}
		}
		r := above
		if above == 0 {
			r = below
		}
		for _, c := range []struct {
			bits  uint64
			right policy.Rights
		}{{llReads, policy.Read}, {llWrites, policy.Write}, {landlock.Execute, policy.Execute}} {
			if bits&c.bits != 0 && r&c.right == 0 {
				return fmt.Errorf("the rule for %s grants %#x; the entries %s", at, bits, r)
			}
		}
		if bits&landlock.IoctlDev != 0 && !pty || bits&^(llReads|llWrites|landlock.Execute|landlock.IoctlDev) != 0 {
			return fmt.Errorf("the rule for %s grants %#x", at, bits)
		}
	}
	for _, e := range p.Entries {
		if e.Kind == policy.Link || e.Kind == policy.Ptys || e.Kind == policy.Empty || e.Kind == policy.Cover {
			continue
		}
		have := m.landlock(e.Path)
		if want := landlockWants(e) & m.ruleset.FS; have&want != want {
			return fmt.Errorf("%s: the rules grant %#x of %#x", e.Path, have, want)
		}
		if e.Rights&policy.Read == 0 && have&llReads != 0 {
			return fmt.Errorf("%s may not be read; the rules grant %#x", e.Path, have)
		}
	}
	// what is handled is denied unless granted: all of it must be handled, but for the network that is granted
	var net uint64
	if m.ruleset.Size >= 16 {
		if !p.Inbound {
			net |= 1
		}
		if !p.Outbound {
			net |= 2
		}
	}
	if m.ruleset.Net != net || m.ruleset.FS&(1<<13-1) != (1<<13-1) {
		return fmt.Errorf("handled: %+v", m.ruleset)
	}
	return nil
}

// landlockWants is what the entry's rights need, after man 7 landlock.
func landlockWants(e policy.Entry) (bits uint64) {
	if e.Rights&policy.Read != 0 {
		bits |= landlock.ReadFile
		if e.Dir {
			bits |= landlock.ReadDir
		}
	}
	if e.Rights&policy.Write != 0 {
		bits |= landlock.WriteFile | landlock.Truncate
		if e.Dir {
			bits |= llWrites
		}
	}
	if e.Rights&policy.Execute != 0 {
		bits |= landlock.Execute
	}
	return bits
}

// What a plan makes, it makes in a tmpfs. These profiles put something into a private directory that lies in a tree of the host.
func TestNothingIsMadeOnTheHost(t *testing.T) {
	for _, c := range []struct {
		name string
		ops  []profile.Operation
	}{
		{"a file", []profile.Operation{read("/tmp"), private("/tmp/in"), read("/tmp/in/x")}},
		{"a directory", []profile.Operation{read("/tmp"), private("/tmp/in"), best(read("/tmp/in/deep"))}},
		{"a directory that the host lacks, in a writable tree", []profile.Operation{read("/tmp"), write("/tmp"), private("/tmp/in"), best(mapped("/tmp/in/new/place", "/opt/data", profile.ReadOnly))}},
		{"a private directory that the host lacks, in a writable tree", []profile.Operation{read("/tmp"), write("/tmp"), private("/tmp/in"), private("/tmp/in/new")}},
		{"a directory below the host's root", []profile.Operation{read("/"), private("/tmp"), best(read("/tmp/in"))}},
		{"a file below the host's root", []profile.Operation{read("/"), private("/tmp"), read("/tmp/f")}},
		{"a private directory in a grant in a private one in a grant", []profile.Operation{read("/"), private("/tmp"), best(read("/tmp/in")), private("/tmp/in/deep"), mapped("/tmp/in/deep/new/place", "/opt/data", profile.ReadWrite)}},
		{"a link below the host's root", []profile.Operation{read("/"), private("/tmp"), read("/tmp/l"), read("/tmp/in/x")}},
		{"a mapped directory below the host's root, writable", []profile.Operation{read("/"), write("/"), private("/tmp"), best(mapped("/tmp/new", "/opt/data", profile.ReadOnly))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFS(hostLines)
			h := host(f, 6)
			p := resolve(t, h, c.ops...)
			out := compile(t, p, h)
			if !strings.Contains(out.String(), "\n  skeleton /tmp") {
				t.Fatalf("not the case that is meant:\n%s", out)
			}
			m := &machine{fs: f}
			err := m.run(out)
			if err == nil {
				err = m.compare(&p)
			}
			if err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}
