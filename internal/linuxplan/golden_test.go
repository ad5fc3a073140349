package linuxplan

// Profiles and the plans that they compile to, as text: a plan's diff is the review. -update writes whatever Compile does, so read the
// files under testdata when they change.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

var goldenProfiles = []struct {
	name     string
	landlock int
	ops      []profile.Operation
}{
	{"nothing", 6, nil},
	{"system", 6, []profile.Operation{system}},
	{"system-read-write", 6, []profile.Operation{system, read("/srv/in"), read("/srv/out"), write("/srv/out"), at(profile.FileRead, "/home/me/key")}},
	{"metadata-write-execute-only", 6, []profile.Operation{meta("/home/me"), write("/srv/out"), execute("/srv/bin")}},
	{"network-out", 6, []profile.Operation{outbound}},
	{"network-in", 6, []profile.Operation{inbound}},
	{"network-both", 6, []profile.Operation{outbound, inbound}},
	{"private-with-grants-and-links-below", 6, []profile.Operation{private("/tmp"), read("/tmp/in"), execute("/tmp/in/deep"), read("/tmp/f"), read("/tmp/l")}},
	{"private-in-private", 6, []profile.Operation{private("/tmp"), private("/tmp/in/deep"), read("/tmp/in"), private("/tmp/new/dir"), execute("/tmp")}},
	{"private-in-a-grant", 6, []profile.Operation{read("/srv"), private("/srv/out")}},
	{"private-with-grants-in-a-grant", 6, []profile.Operation{read("/tmp"), private("/tmp/in"), read("/tmp/in/x"), read("/tmp/in/deep"), execute("/tmp/in/deep"), mapped("/tmp/in/new/place", "/opt/data", profile.ReadWrite)}},
	{"private-with-grants-below-the-root", 6, []profile.Operation{read("/"), private("/tmp"), read("/tmp/in"), private("/tmp/new/dir"), private("/srv/out")}},
	{"ptys", 6, []profile.Operation{system, private("/dev/pts"), private("/dev/shm")}},
	{"the-root", 6, []profile.Operation{read("/")}},
	{"the-root-with-system-and-write", 6, []profile.Operation{system, read("/"), write("/srv/out"), private("/tmp")}},
	{"map", 6, []profile.Operation{mapped("/data", "/srv/in", profile.ReadOnly), mapped("/out/here", "/srv/out", profile.ReadWrite), execute("/data/sub"), mapped("/file", "/opt/data/x", profile.ReadOnly)}},
	{"map-in-a-grant", 6, []profile.Operation{read("/srv"), write("/srv"), mapped("/srv/out", "/opt/data", profile.ReadOnly)}},
	{"sysinfo", 6, []profile.Operation{sysinfo}},
	{"rules-that-are-grouped", 6, []profile.Operation{read("/srv/in"), write("/srv/in"), read("/srv/out"), write("/srv/out"), read("/opt/data"), at(profile.FileExecute, "/opt/data/x"), read("/home/me")}},
	{"landlock-0", 0, []profile.Operation{read("/srv/in"), read("/srv/out"), write("/srv/out"), outbound}},
	{"landlock-1", 1, []profile.Operation{read("/srv/in"), read("/srv/out"), write("/srv/out"), outbound}},
	{"landlock-2", 2, []profile.Operation{read("/srv/in"), write("/srv/out"), outbound}},
	{"landlock-3", 3, []profile.Operation{read("/srv/in"), write("/srv/out"), outbound}},
	{"landlock-4", 4, []profile.Operation{read("/srv/in"), write("/srv/out"), outbound}},
	{"landlock-5", 5, []profile.Operation{read("/srv/in"), write("/srv/out"), inbound}},
	{"landlock-6", 6, []profile.Operation{read("/srv/in"), write("/srv/out"), inbound}},
	{"landlock-7", 7, []profile.Operation{read("/srv/in"), write("/srv/out")}},
}

func TestAProfileCompilesToItsGoldenPlan(t *testing.T) {
	for _, c := range goldenProfiles {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(hostLines), c.landlock)
			var b strings.Builder
			for _, o := range c.ops {
				fmt.Fprintf(&b, "%s\n", o)
			}
			fmt.Fprintf(&b, "Landlock ABI %d\n\n", c.landlock)
			golden(t, c.name+".txt", b.String()+compile(t, resolve(t, h, c.ops...), h).String())
		})
	}
}

func TestEachStepOfAGrantNamesTheOperation(t *testing.T) {
	h := host(newFS(hostLines), 6)
	for _, s := range compile(t, resolve(t, h, system, read("/srv"), private("/srv/in"), read("/srv/in/sub"), private("/tmp"), read("/tmp/in")), h).Steps {
		switch s.Op {
		case plan.Bind, plan.File, plan.Link, plan.Lift, plan.Drop, plan.Tmpfs, plan.Skeleton, plan.Proc, plan.ProcBase, plan.LandlockPath, plan.Mkdir:
			if s.Why == "" {
				t.Errorf("%s does not say why", s)
			}
		}
	}
}

func TestAtMostSixtyFourTreesLieInPrivateDirectories(t *testing.T) {
	lines := hostLines
	ops := []profile.Operation{private("/tmp")}
	for i := range 65 {
		lines += fmt.Sprintf("/tmp/d%d/\n", i)
		ops = append(ops, read(fmt.Sprintf("/tmp/d%d", i)))
	}
	h := host(newFS(lines), 6)
	out := compile(t, resolve(t, h, ops[:65]...), h)
	last := uint32(0)
	for _, s := range out.Steps {
		if s.Op == plan.Lift {
			last = s.N
		}
	}
	if last != 63 {
		t.Errorf("the last slot is %d", last)
	}
	_, err := Compile(resolve(t, h, ops...), h)
	if err == nil || !strings.Contains(err.Error(), "at most 64 granted paths can lie in private directories") {
		t.Errorf("got %v", err)
	}
}

func TestCompileIsDeterministicAndLeavesThePolicyAlone(t *testing.T) {
	h := host(newFS(hostLines), 6)
	p := resolve(t, h, system, outbound, read("/srv/in"), read("/srv/out"), read("/opt/data"), read("/home/me"), private("/tmp"), read("/tmp/in"))
	before := p.String()
	want := compile(t, p, h).String()
	for range 50 {
		if got := compile(t, p, h).String(); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	}
	if p.String() != before {
		t.Error("the policy has changed")
	}
}

func TestTheHostsSettingsArePassedOn(t *testing.T) {
	h := host(newFS(hostLines), 6)
	text := compile(t, policy.Policy{}, h).String()
	for _, want := range []string{`id-map "1000 1000 1" "100 100 1"`, "rlimit nofile soft 1024 hard 4096", "rlimit core soft 0 hard 0"} {
		if !strings.Contains(text, "  "+want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}
