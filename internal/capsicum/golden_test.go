package capsicum

// Plans, arguments and tables as text, for a host in memory.

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/policy/policytest"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

var update = flag.Bool("update", false, "write the golden files anew")

var host = policy.Host{Platform: policy.FreeBSD, Capsicum: policy.Check{OK: true}, Preload: policy.Check{OK: true}, PreloadPath: "/usr/local/lib/gaol/libgaolpaths.so",
	Nofile: [2]uint64{1024, 4096}, FS: policytest.Tree{
		"/libexec/ld-elf.so.1": "", "/lib/libc.so.7": "", "/usr/lib/libm.so": "", "/bin/sh": "", "/usr/share/x": "", "/etc/localtime": "",
		"/dev/null": "char", "/dev/random": "char", "/dev/cuau0": "char", "/srv/in": "dir", "/srv/out": "dir", "/srv/a file\n": "",
		"/home": "-> usr/home", "/usr/home/ann": "dir", "/var/run/log.sock": "socket",
	}}

func at(k profile.Kind, p string, m profile.Match) profile.Operation {
	return profile.Operation{Kind: k, Pattern: profile.Pattern{Path: p, Match: m}}
}

func resolved(t *testing.T, h policy.Host, kill profile.OnDenied, ops ...profile.Operation) policy.Policy {
	t.Helper()
	p, err := policy.Resolve(profile.Profile{Operations: ops, OnDenied: kill}, h)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func text(t *testing.T, p *policy.Policy, h policy.Host) string {
	t.Helper()
	out, err := Compile(p, h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Encode(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%sarguments: %q\nenvironment: %q\n", out, Arguments([]string{"cat", "/srv/in/a"}, 3),
		Environment(p, []string{"PATH=/bin", "LD_PRELOAD=mine", "GAOL_FDS=d0,1:/"}, 3, "/srv/in"))
}

func TestGoldenPlans(t *testing.T) {
	best := func(op profile.Operation) profile.Operation { op.BestEffort = true; return op }
	cooperating := host
	cooperating.Program = policy.Cooperating
	rows := map[string]struct {
		host policy.Host
		kill profile.OnDenied
		ops  []profile.Operation
	}{
		"nothing": {host: host},
		"usual": {host: host, ops: []profile.Operation{{Kind: profile.System}, at(profile.FileRead, "/srv/in", profile.Subpath), at(profile.FileWrite, "/srv/out", profile.Subpath),
			{Kind: profile.ProcessCreate}}},
		"kill": {host: host, kill: profile.Kill, ops: []profile.Operation{at(profile.FileReadMetadata, "/srv/in", profile.Subpath)}},
		"cooperating": {host: cooperating, ops: []profile.Operation{at(profile.FileRead, "/srv/a file\n", profile.Literal),
			at(profile.FileRead, "/home/ann", profile.Subpath), {Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/cuau0", Match: profile.Literal}},
			{Kind: profile.Map, Path: "/data", Host: "/srv/in", Mode: profile.ReadWrite},
			best(profile.Operation{Kind: profile.NetworkOutbound, Address: profile.Address{Form: profile.FormLocalSocket, Name: "/var/run/log.sock"}})}},
	}
	for name, r := range rows {
		p := resolved(t, r.host, r.kill, r.ops...)
		got := text(t, &p, r.host)
		policytest.Golden(t, name, got, *update)
	}
}

func TestTheDescriptorsAreBehindTheCommands(t *testing.T) {
	for fds, want := range map[int]int{3: 64, 63: 64, 64: 65, 200: 201} {
		if got := ProgramNumber(fds); got != want {
			t.Errorf("%d descriptors: the program is %d, want %d", fds, got, want)
		}
	}
	p := resolved(t, host, profile.Errno, at(profile.FileRead, "/srv/in", profile.Subpath))
	env := Environment(&p, nil, 200, "/")
	if !slices.Contains(env, "GAOL_FDS=d202,7:/srv/in") {
		t.Error(env)
	}
}

func TestAStaticProgramGetsNoTable(t *testing.T) {
	h := host
	h.Program = policy.Static
	p := resolved(t, h, profile.Errno, profile.Operation{Kind: profile.ProcessCreate})
	if env := Environment(&p, []string{"A=1"}, 3, "/"); !slices.Equal(env, []string{"A=1"}) {
		t.Error(env)
	}
	if out, _ := Compile(&p, h); slices.ContainsFunc(out.Steps, func(s plan.Step) bool { return s.Op == plan.CapOpen }) {
		t.Error(out)
	}
}

func TestTooManyDescriptorsAreRefused(t *testing.T) {
	var p policy.Policy
	for i := range plan.CapMax + 1 {
		p.Capsicum.Grants = append(p.Capsicum.Grants, policy.CapGrant{Path: fmt.Sprint("/", i), Rights: policy.Read})
	}
	if _, err := Compile(&p, host); err == nil {
		t.Error("accepted")
	}
	p.Capsicum.Grants = p.Capsicum.Grants[1:]
	if _, err := Compile(&p, host); err != nil {
		t.Error(err)
	}
}
