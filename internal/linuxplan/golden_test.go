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

// inSrv is what is mounted below /srv.
var inSrv = []policy.Mount{{Path: "/", Type: "ext4"}, {Path: "/srv/in/sub", Type: "proc"}, {Path: "/srv/bin", Type: "sysfs"}, {Path: "/srv/out", Type: "tmpfs"}}

var goldenProfiles = []struct {
	name     string
	landlock int
	ops      []profile.Operation
	mounts   []policy.Mount
}{
	{"nothing", 6, nil, nil},
	{"system", 6, []profile.Operation{system}, nil},
	{"system-read-write", 6, []profile.Operation{system, read("/srv/in"), read("/srv/out"), write("/srv/out"), at(profile.FileRead, "/home/me/key")}, nil},
	{"metadata-write-execute-only", 6, []profile.Operation{meta("/home/me"), write("/srv/out"), execute("/srv/bin")}, nil},
	{"network-out", 6, []profile.Operation{outbound}, nil},
	{"network-in", 6, []profile.Operation{inbound}, nil},
	{"network-both", 6, []profile.Operation{outbound, inbound}, nil},
	{"private-with-grants-and-links-below", 6, []profile.Operation{private("/tmp"), best(read("/tmp/in")), execute("/tmp/in/deep"), read("/tmp/f"), read("/tmp/l")}, nil},
	{"private-in-private", 6, []profile.Operation{private("/tmp"), private("/tmp/in/deep"), best(read("/tmp/in")), private("/tmp/new/dir"), execute("/tmp")}, nil},
	{"private-in-a-grant", 6, []profile.Operation{read("/srv"), private("/srv/out")}, nil},
	{"private-with-grants-in-a-grant", 6, []profile.Operation{read("/tmp"), private("/tmp/in"), read("/tmp/in/x"), best(read("/tmp/in/deep")), best(execute("/tmp/in/deep")), mapped("/tmp/in/new/place", "/opt/data", profile.ReadWrite)}, nil},
	{"private-with-grants-below-the-root", 6, []profile.Operation{read("/"), private("/tmp"), best(read("/tmp/in")), private("/tmp/new/dir"), private("/srv/out")}, nil},
	{"ptys", 6, []profile.Operation{system, private("/dev/pts"), private("/dev/shm")}, nil},
	{"the-root", 6, []profile.Operation{read("/")}, nil},
	{"the-root-with-system-and-write", 6, []profile.Operation{system, read("/"), write("/srv/out"), private("/tmp")}, nil},
	{"map", 6, []profile.Operation{mapped("/data", "/srv/in", profile.ReadOnly), mapped("/out/here", "/srv/out", profile.ReadWrite), execute("/data/sub"), mapped("/file", "/opt/data/x", profile.ReadOnly)}, nil},
	{"map-in-a-grant", 6, []profile.Operation{read("/srv"), write("/srv"), best(mapped("/srv/out", "/opt/data", profile.ReadOnly))}, nil},
	{"sysinfo", 6, []profile.Operation{sysinfo}, nil},
	{"rules-that-are-grouped", 6, []profile.Operation{read("/srv/in"), write("/srv/in"), read("/srv/out"), write("/srv/out"), read("/opt/data"), at(profile.FileExecute, "/opt/data/x"), read("/home/me")}, nil},
	{"landlock-0", 0, []profile.Operation{literal(read("/srv/in/a")), read("/srv/out"), write("/srv/out"), outbound}, nil},
	{"landlock-1", 1, []profile.Operation{literal(read("/srv/in/a")), read("/srv/out"), write("/srv/out"), outbound}, nil},
	{"landlock-2", 2, []profile.Operation{read("/srv/in"), write("/srv/out"), outbound}, nil},
	{"landlock-3", 3, []profile.Operation{read("/srv/in"), write("/srv/out"), outbound}, nil},
	{"landlock-4", 4, []profile.Operation{read("/srv/in"), write("/srv/out"), outbound}, nil},
	{"landlock-5", 5, []profile.Operation{read("/srv/in"), write("/srv/out"), inbound}, nil},
	{"landlock-6", 6, []profile.Operation{read("/srv/in"), write("/srv/out"), inbound}, nil},
	{"a-pipe-and-a-file", 6, []profile.Operation{literal(read("/opt/pipe")), literal(write("/opt/data/x")), mapped("/x/pipe", "/opt/pipe", profile.ReadWrite)}, nil},
	{"mounts-in-a-writable-tree", 6, []profile.Operation{read("/srv"), write("/srv"), mapped("/x", "/srv/in", profile.ReadOnly)}, inSrv},
	{"mounts-in-the-root", 6, []profile.Operation{read("/"), write("/"), private("/tmp")}, inSrv},
	{"mounts-below-a-private-directory", 6, []profile.Operation{private("/srv"), read("/srv/in"), write("/srv/in")}, inSrv},
	{"pins", 6, []profile.Operation{write("/tmp"), read("/tmp/in/deep/y"), private("/tmp/in/deep"), write("/srv"), mapped("/srv/in/sub", "/opt/data", profile.ReadWrite)}, nil},
	{"landlock-7", 7, []profile.Operation{read("/srv/in"), write("/srv/out")}, nil},
}

func TestAProfileCompilesToItsGoldenPlan(t *testing.T) {
	for _, c := range goldenProfiles {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(hostLines), c.landlock)
			h.Mounts = c.mounts
			var b strings.Builder
			for _, o := range c.ops {
				fmt.Fprintf(&b, "%s\n", o)
			}
			for _, m := range c.mounts {
				fmt.Fprintf(&b, "mount: %s at %s\n", m.Type, m.Path)
			}
			fmt.Fprintf(&b, "Landlock ABI %d\n\n", c.landlock)
			golden(t, c.name+".txt", b.String()+compile(t, resolve(t, h, c.ops...), h).String())
		})
	}
}

func TestEachStepOfAGrantNamesTheOperation(t *testing.T) {
	h := host(newFS(hostLines), 6)
	for _, s := range compile(t, resolve(t, h, system, read("/srv"), private("/srv/in"), best(read("/srv/in/sub")), private("/tmp"), best(read("/tmp/in"))), h).Steps {
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
		ops = append(ops, best(read(fmt.Sprintf("/tmp/d%d", i))))
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
	p := resolve(t, h, system, outbound, read("/srv/in"), read("/srv/out"), read("/opt/data"), read("/home/me"), private("/tmp"), best(read("/tmp/in")))
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
	for core := range uint64(2) {
		h.Core = core
		text := compile(t, policy.Policy{}, h).String()
		for _, want := range []string{`id-map "1000 1000 1" "100 100 1"`, "rlimit nofile soft 1024 hard 4096", fmt.Sprintf("rlimit core soft %d hard %d", core, core)} {
			if !strings.Contains(text, "  "+want+"\n") {
				t.Errorf("no %s in\n%s", want, text)
			}
		}
	}
}
