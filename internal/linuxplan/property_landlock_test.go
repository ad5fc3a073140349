package linuxplan

// Random policies of the landlock engine, compiled: the rules of a plan must add up, at each path of the host, to the rights that the
// policy's entries say, and no step may do what needs namespaces.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/landlock"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"pgregory.net/rapid"
)

// layer is one ruleset, as the kernel takes it.
type layer struct {
	ruleset  plan.Ruleset
	paths    map[string]uint64
	ports    map[uint16]uint64
	enforced bool
}

// ruled is what a plan's rules say: the ruleset that is built once, and one that each spawn makes.
type ruled struct{ kept, own *layer }

// run takes the steps in order; each fails where the kernel would refuse it.
func (m *ruled) run(f fakeFS, p plan.Plan) error {
	if p.Own() {
		return fmt.Errorf("namespaces %#x, %#x", p.Namespaces, p.Fresh)
	}
	noNewPrivs := false
	for i, s := range p.Steps {
		if i > 0 && s.Op.Stage() < p.Steps[i-1].Op.Stage() {
			return fmt.Errorf("%s after %s", s, p.Steps[i-1])
		}
		l := m.own
		if s.Op == plan.KeepPath || s.Op == plan.KeepPort {
			l = m.kept
		}
		switch s.Op {
		case plan.NoNewPrivs:
			noNewPrivs = true
		case plan.Scope, plan.DropCaps, plan.Rlimit:
		case plan.KeepRuleset:
			m.kept = &layer{s.Ruleset, map[string]uint64{}, map[uint16]uint64{}, false}
		case plan.LandlockRuleset:
			m.own = &layer{s.Ruleset, map[string]uint64{}, map[uint16]uint64{}, false}
		case plan.LandlockPath, plan.KeepPath:
			kind, ok := f[s.Path]
			if s.Flags&plan.FollowSelf != 0 {
				kind, ok = "", strings.HasPrefix(s.Path, "/proc/self/") && s.Op == plan.LandlockPath
				if s.Path == "/proc/self/fd" || s.Path == "/proc/self/fdinfo" {
					kind = "/"
				}
			}
			switch bits := uint64(s.N); {
			case !ok || f.link(s.Path):
				return fmt.Errorf("%s: there is %q", s, kind)
			case bits == 0 || bits&^l.ruleset.FS != 0 || kind != "/" && bits&^landlock.FileRights != 0:
				return fmt.Errorf("%s: the kernel refuses these rights", s)
			case s.Flags&^plan.FollowSelf != 0:
				return fmt.Errorf("%s: nothing is mounted here", s)
			}
			l.paths[s.Path] |= uint64(s.N)
		case plan.LandlockPort, plan.KeepPort:
			if bits := uint64(s.N); bits == 0 || bits&^l.ruleset.Net != 0 {
				return fmt.Errorf("%s: the kernel refuses these rights", s)
			}
			l.ports[s.Port] |= uint64(s.N)
		case plan.LandlockKept:
			m.kept.enforced = noNewPrivs
		case plan.LandlockEnforce:
			m.own.enforced = noNewPrivs
		case plan.Limits:
			if rest := p.Steps[i+1:]; slices.ContainsFunc(rest, func(s plan.Step) bool { return s.Op != plan.SeccompSelf && s.Op != plan.Seccomp }) {
				return fmt.Errorf("what opens a file comes behind the limit of files")
			}
		case plan.SeccompSelf, plan.Seccomp:
			if s.Op == plan.Seccomp != (i == len(p.Steps)-1) {
				return fmt.Errorf("%s is step %d of %d", s, i, len(p.Steps))
			}
		default:
			return fmt.Errorf("%s acts on the caller's namespaces", s)
		}
	}
	if m.kept == nil || !m.kept.enforced || m.own != nil && !m.own.enforced {
		return errors.New("nothing is enforced")
	}
	return nil
}

// at is the sum of rights at a path. What a ruleset does not handle it grants, but for REFER.
func (l *layer) at(q string) uint64 {
	bits := ^l.ruleset.FS &^ landlock.Refer
	for p, rights := range l.paths {
		if under(q, p) {
			bits |= rights
		}
	}
	return bits
}

// at is what both give. The root of /proc may be mounted elsewhere, too, and a rule is for the root.
func (m *ruled) at(q string, mounts []policy.Mount) uint64 {
	bits := m.kept.at(q) & m.kept.ruleset.FS
	for _, n := range mounts {
		if n.Type == "proc" && under(q, n.Path) {
			bits |= m.kept.paths[procPath]
		}
	}
	if m.own != nil {
		bits &= m.own.at(q)
	}
	return bits
}

// rulesWant is what the entries at and above a path say.
func rulesWant(f fakeFS, p *policy.Policy, q string) (bits uint64) {
	for _, e := range p.Entries {
		if e.Path != q && !(e.Dir && under(q, e.Path)) {
			continue
		}
		e.Dir = e.Dir || f.dir(q)
		bits |= landlockWants(e)
		if e.Rights&policy.Ioctl != 0 {
			bits |= landlock.IoctlDev
		}
		if e.Rights&policy.Connect != 0 {
			bits |= landlock.ResolveUnix
		}
	}
	if !f.dir(q) {
		bits &= landlock.FileRights
	}
	return bits
}

func anyRuledProfile(t *rapid.T, f fakeFS) profile.Profile {
	var ops []profile.Operation
	for _, o := range anyProfile(t, f).Operations {
		if o.Kind != profile.Private && o.Kind != profile.Map {
			o.BestEffort = true
			ops = append(ops, o)
		}
	}
	port := rapid.IntRange(1, 3)
	for _, o := range []profile.Operation{process, inbound, tcp(profile.NetworkOutbound, port.Draw(t, "port")), best(tcp(profile.NetworkInbound, port.Draw(t, "port"))),
		udp(profile.NetworkOutbound, port.Draw(t, "port")), best(udp(profile.NetworkInbound, port.Draw(t, "port"))),
		{Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/urandom", Match: profile.Literal}}, best(local(profile.NetworkOutbound, "/run/s"))} {
		if rapid.IntRange(0, 4).Draw(t, o.Kind.String()) == 0 {
			ops = append(ops, o)
		}
	}
	return profile.Profile{Operations: append(ops, everywhere)}
}

func TestRandomRulesAddUpToThePolicy(t *testing.T) {
	resolved, rules, ports := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		f["/run"], f["/run/s"] = "/", "socket"
		f["/proc/1"], f["/proc/1/status"], f["/proc/self/status"], f["/proc/meminfo"], f["/proc/sys"] = "/", "", "", "", "/"
		f["/proc/self/maps"], f["/proc/self/fd"], f["/proc/self/net"], f["/proc/self/net/tcp"], f["/proc/self/task"] = "", "/", "/", "", "/"
		h := rulesHost(f, rapid.IntRange(2, 11).Draw(t, "ABI"))
		h.Mounts = anyMounts(t, f)
		in := anyRuledProfile(t, f)
		p, err := policy.Resolve(in, h)
		var bad *profile.Error
		var lacks *policy.UnsupportedError
		if errors.As(err, &bad) || errors.As(err, &lacks) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		resolved++
		out := compile(t, p, h)
		var m ruled
		if err := m.run(f, out); err != nil {
			t.Fatalf("%v\n%v\n%s\n%s", err, in.Operations, p, out)
		}
		rules, ports = rules+len(m.kept.paths), ports+len(m.kept.ports)
		if m.own != nil && len(h.Mounts) == 0 && len(m.own.paths) > len(tops)+len(procEntries(&p))+len(ownProc) {
			t.Fatalf("a spawn makes %d rules\n%s", len(m.own.paths), out)
		}
		for q := range f {
			if f.link(q) {
				continue
			}
			want := rulesWant(f, &p, q) & m.kept.ruleset.FS
			if p.Proc != policy.NoProc && (slices.Contains([]string{"/proc/self/status", "/proc/self/maps"}, q) || under(q, "/proc/self/fd")) {
				want |= llReads
			}
			got := m.at(q, h.Mounts)
			if !f.dir(q) {
				got, want = got&landlock.FileRights, want&landlock.FileRights
			}
			if got != want {
				t.Fatalf("%s: the rules give %#x of %#x\n%v\n%s\n%s", q, got, want, in.Operations, p, out)
			}
		}
		fs, net, scoped := landlock.Known(h.Landlock)
		if m.kept.ruleset.FS != fs || m.kept.ruleset.Scoped != scoped {
			t.Fatalf("handled: %+v", m.kept.ruleset)
		}
		for port := range uint16(5) {
			for right := uint64(1); right <= landlock.ConnectUDP; right <<= 1 {
				if net&right == 0 {
					continue
				}
				got := m.kept.ruleset.Net&right == 0 || m.kept.ports[port]&right != 0
				if want := mayUse(&p, port, right); got != want {
					t.Fatalf("port %d, right %#x: %v\n%v\n%s\n%s", port, right, got, in.Operations, p, out)
				}
			}
		}
	})
	t.Logf("%d profiles resolved, with %d rules for paths and %d for ports", resolved, rules, ports)
	if resolved < 200 || rules < 200 || ports < 50 {
		t.Error("the generator has become one-sided")
	}
}

// mayUse says whether Landlock has to leave a use of a port to the filter, or a rule has to allow it.
func mayUse(p *policy.Policy, port uint16, right uint64) bool {
	for _, r := range p.Ports {
		if r.Number == port && r.Rights&right != 0 {
			return true
		}
	}
	binds := p.LocalListen || p.Has(landlock.BindTCP|landlock.BindUDP)
	switch right {
	case landlock.BindTCP:
		return p.Inbound
	case landlock.BindUDP:
		return p.Inbound || p.Outbound && (!binds || port == 0) // what sends from no port yet
	}
	return p.Outbound
}

// tops are the directories right below the root of the trees here.
var tops = []string{"/", "/a", "/b", "/c", "/dev", "/etc", "/usr", "/run"}

func procEntries(p *policy.Policy) (out []string) {
	for _, e := range p.Entries {
		if under(e.Path, procPath) {
			out = append(out, e.Path)
		}
	}
	return out
}
