package jail

// Policies and plans of jails as text, for a host in memory: golden files, and beside each thing that is refused its allowed twin.

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/capsicum"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/policy/policytest"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

var update = flag.Bool("update", false, "write the golden files anew")

var host = policy.Host{System: "FreeBSD 14.2", Platform: policy.FreeBSD, Capsicum: policy.Check{OK: true}, Jail: policy.Check{OK: true}, JailParameters: Parameters(),
	Nofile: [2]uint64{1024, 4096}, FS: policytest.Tree{
		"/libexec/ld-elf.so.1": "", "/lib/libc.so.7": "", "/usr/lib/libm.so": "", "/bin/sh": "", "/usr/bin/env": "", "/usr/share/x": "", "/etc/localtime": "",
		"/etc/nsswitch.conf": "", "/etc/resolv.conf": "", "/etc/ssl/cert.pem": "", "/dev/null": "char", "/dev/zero": "char", "/dev/ada0": "char",
		"/srv/in/a.png": "", "/srv/in/keys/id": "", "/srv/out": "dir", "/srv/mnt/nfs": "dir", "/srv/mnt/dev": "dir", "/srv/out/link": "-> ../in",
		"/home": "-> usr/home", "/usr/home/ann/notes": "", "/usr/home/ann/out": "dir", "/var/run/log.sock": "socket", "/tmp": "dir", "/proc": "dir",
	}, Mounts: []policy.Mount{{Path: "/", Type: "zfs"}, {Path: "/dev", Type: "devfs"}, {Path: "/srv/mnt/nfs", Type: "nfs"}, {Path: "/srv/mnt/dev", Type: "devfs"},
		{Path: "/var/run/gaol/c1/root", Type: "tmpfs"}}}

func treeAt(p string) profile.Pattern { return profile.Pattern{Path: p, Match: profile.Subpath} }
func fileAt(p string) profile.Pattern { return profile.Pattern{Path: p, Match: profile.Literal} }
func on(k profile.Kind, p profile.Pattern) profile.Operation {
	return profile.Operation{Kind: k, Pattern: p}
}
func plainly(k profile.Kind) profile.Operation { return profile.Operation{Kind: k} }
func best(op profile.Operation) profile.Operation {
	op.BestEffort = true
	return op
}
func deny(op profile.Operation) profile.Operation {
	op.Deny = true
	return op
}
func all(k profile.Kind) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: profile.FormAll}}
}
func local(k profile.Kind, p string) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: profile.FormLocalSocket, Name: p}}
}
func mapped(inside, from string, m profile.Mode) profile.Operation {
	return profile.Operation{Kind: profile.Map, Path: inside, Host: from, Mode: m}
}
func private(p string) profile.Operation { return profile.Operation{Kind: profile.Private, Path: p} }

func resolve(l profile.Limits, ops ...profile.Operation) (policy.Policy, error) {
	return policy.Resolve(profile.Profile{Operations: ops, Engine: profile.EngineJail, Limits: l}, host)
}

const (
	read    = profile.FileRead
	write   = profile.FileWrite
	execute = profile.FileExecute
)

func TestGoldenJails(t *testing.T) {
	rows := map[string][]profile.Operation{
		"nothing": nil,
		"convert": {plainly(profile.System), on(read, treeAt("/srv/in")), on(read, treeAt("/srv/out")), on(write, treeAt("/srv/out")), plainly(profile.ProcessCreate), private("/tmp")},
		"nested": {on(read, treeAt("/srv")), on(write, treeAt("/srv/out")), deny(on(read, treeAt("/srv/in/keys"))), on(read, treeAt("/home/ann")),
			on(execute, treeAt("/usr/home/ann/out"))},
		"views":   {mapped("/data", "/srv/in", profile.ReadWrite), private("/scratch/tmp"), on(execute, treeAt("/scratch/tmp")), best(on(read, fileAt("/etc/localtime")))},
		"network": {plainly(profile.System), all(profile.NetworkOutbound), all(profile.NetworkInbound)},
		"best": {best(on(write, treeAt("/srv/out"))), best(on(profile.FileReadMetadata, treeAt("/srv/in"))), best(local(profile.NetworkOutbound, "/var/run/log.sock")),
			{Kind: profile.IPC, IPC: profile.SystemV}, plainly(profile.Trace)},
	}
	for name, ops := range rows {
		p, err := resolve(profile.Limits{}, ops...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := p.String() + "\n" + Compile(&p, host).String()
		policytest.Golden(t, name, got, *update)
	}
}

func TestWhatAJailCannotSayIsRefused(t *testing.T) {
	for _, r := range []struct {
		name    string
		refused []profile.Operation
		says    string
		twin    []profile.Operation
	}{
		{"a file by itself", []profile.Operation{on(read, fileAt("/srv/in/a.png"))}, "is a copy", []profile.Operation{on(read, treeAt("/srv/in"))}},
		{"a file that is written", []profile.Operation{best(on(write, fileAt("/srv/in/a.png")))}, "needs a mount of one file", []profile.Operation{on(read, treeAt("/srv/in")), on(write, treeAt("/srv/in"))}},
		{"a program by itself", []profile.Operation{best(on(execute, fileAt("/bin/sh")))}, "needs a mount of one file", []profile.Operation{on(read, treeAt("/bin")), on(execute, treeAt("/bin"))}},
		{"writing without reading", []profile.Operation{on(write, treeAt("/srv/out"))}, "a mount that cannot be read", []profile.Operation{on(read, treeAt("/srv/out")), on(write, treeAt("/srv/out"))}},
		{"metadata alone", []profile.Operation{on(profile.FileReadMetadata, treeAt("/srv/in"))}, "a mount that cannot be read", []profile.Operation{on(read, treeAt("/srv/in")), on(profile.FileReadMetadata, treeAt("/srv/in"))}},
		{"executing without reading", []profile.Operation{on(execute, treeAt("/bin"))}, "a mount that cannot be read", []profile.Operation{on(read, treeAt("/bin")), on(execute, treeAt("/bin"))}},
		{"the root", []profile.Operation{on(read, treeAt("/"))}, "a mount without a device", []profile.Operation{on(read, treeAt("/usr"))}},
		{"devices", []profile.Operation{on(read, treeAt("/dev"))}, "a mount without a device", []profile.Operation{on(read, fileAt("/dev/null"))}},
		{"a device", []profile.Operation{{Kind: profile.Device, Pattern: fileAt("/dev/ada0")}}, "a devfs ruleset", []profile.Operation{plainly(profile.System)}},
		{"a hole in what is written", []profile.Operation{on(read, treeAt("/srv")), on(write, treeAt("/srv")), deny(on(read, treeAt("/srv/in")))}, "a mount with a hole", []profile.Operation{on(read, treeAt("/srv")), deny(on(read, treeAt("/srv/in")))}},
		{"a hole that is a file", []profile.Operation{on(read, treeAt("/srv")), deny(on(read, fileAt("/srv/in/a.png")))}, "a mount with a hole", []profile.Operation{on(read, treeAt("/srv/in")), deny(on(read, treeAt("/srv/out")))}},
		{"a hole around which there is writing", []profile.Operation{on(read, treeAt("/srv/in")), best(on(write, treeAt("/srv"))), deny(on(read, treeAt("/srv/in/keys")))}, "a mount with a hole", []profile.Operation{on(read, treeAt("/srv/in")), deny(on(read, treeAt("/srv/in/keys")))}},
		{"more rights in what can be replaced", []profile.Operation{on(read, treeAt("/srv")), on(write, treeAt("/srv")), on(execute, treeAt("/srv/in"))}, "a mount that pins it", []profile.Operation{on(read, treeAt("/srv")), on(execute, treeAt("/srv/in"))}},
		{"the same, by a Map", []profile.Operation{on(read, treeAt("/srv/out")), mapped("/d", "/srv", profile.ReadWrite), on(execute, treeAt("/srv/out"))}, "a mount that pins it", []profile.Operation{on(read, treeAt("/srv/out")), mapped("/d", "/srv/in", profile.ReadWrite), on(execute, treeAt("/srv/out"))}},
		{"a link that can be changed", []profile.Operation{on(read, treeAt("/srv/out")), on(write, treeAt("/srv/out")), on(read, treeAt("/srv/out/link"))}, "is a link that the program could change", []profile.Operation{on(read, treeAt("/srv/out")), on(read, treeAt("/srv/out/link"))}},
		{"a part of a Map", []profile.Operation{mapped("/data", "/srv", profile.ReadOnly), on(write, treeAt("/data/out"))}, "a right on a part of a mount", []profile.Operation{mapped("/data", "/srv", profile.ReadOnly), mapped("/data/out", "/srv/out", profile.ReadWrite)}},
		{"a place that is not there", []profile.Operation{on(read, treeAt("/srv")), private("/srv/tmp")}, "a place for it", []profile.Operation{on(read, treeAt("/srv")), private("/srv/out")}},
		{"a place in a private directory", []profile.Operation{private("/tmp"), mapped("/tmp/x", "/srv/in", profile.ReadOnly)}, "a place in a private directory", []profile.Operation{private("/tmp"), mapped("/x", "/srv/in", profile.ReadOnly)}},
		{"connecting alone", []profile.Operation{all(profile.NetworkOutbound)}, "a filter of addresses", []profile.Operation{all(profile.NetworkOutbound), all(profile.NetworkInbound)}},
		{"listening alone", []profile.Operation{all(profile.NetworkInbound)}, "a filter of addresses", []profile.Operation{all(profile.NetworkOutbound), all(profile.NetworkInbound)}},
		{"a port", []profile.Operation{best(profile.Operation{Kind: profile.NetworkOutbound, Address: profile.Address{Form: profile.FormTCP, Port: 443}})}, "needs vnet", []profile.Operation{all(profile.NetworkOutbound), all(profile.NetworkInbound)}},
		{"sockets beside a directory", []profile.Operation{all(profile.NetworkOutbound), all(profile.NetworkInbound), on(read, treeAt("/srv/in"))}, "a bar to local sockets", []profile.Operation{all(profile.NetworkOutbound), all(profile.NetworkInbound), plainly(profile.System)}},
		{"one socket", []profile.Operation{local(profile.NetworkOutbound, "/var/run/log.sock")}, "a right on one socket", []profile.Operation{best(local(profile.NetworkOutbound, "/var/run/log.sock"))}},
		{"queues", []profile.Operation{{Kind: profile.IPC, IPC: profile.POSIXQueues}}, "queues of the jail's own", []profile.Operation{{Kind: profile.IPC, IPC: profile.SystemV}}},
		{"pseudo-terminals", []profile.Operation{private("/dev/pts")}, "pseudo-terminals", []profile.Operation{private("/tmp")}},
	} {
		if _, err := resolve(profile.Limits{}, r.refused...); err == nil || !strings.Contains(err.Error(), r.says) {
			t.Errorf("%s: %v, want %q", r.name, err, r.says)
		}
		if _, err := resolve(profile.Limits{}, r.twin...); err != nil {
			t.Errorf("%s: the twin: %v", r.name, err)
		}
	}
}

func TestADeniedDirectoryIsCoveredWhateverElseIsGranted(t *testing.T) {
	for _, ops := range [][]profile.Operation{
		{on(read, treeAt("/srv")), deny(on(read, treeAt("/srv/in")))},
		{on(read, treeAt("/srv")), on(read, treeAt("/srv/in")), deny(on(read, treeAt("/srv/in")))}, // by its own grant, too
		{on(read, treeAt("/srv")), on(execute, treeAt("/srv/in")), deny(on(read, treeAt("/srv/in")))},
	} {
		p, err := resolve(profile.Limits{}, ops...)
		if err != nil {
			t.Error(err)
			continue
		}
		i := slices.IndexFunc(p.Entries, func(e policy.Entry) bool { return e.Path == "/srv/in" })
		if i < 0 || p.Entries[i].Kind != policy.Cover {
			t.Errorf("%v: %+v", ops, p.Entries)
		}
		if steps := Compile(&p, host); !strings.Contains(steps.String(), "jail-empty /srv/in\n") {
			t.Error(steps)
		}
	}
}

func TestWhatIsMountedInADirectoryIsShownOrCovered(t *testing.T) {
	p, err := resolve(profile.Limits{}, on(read, treeAt("/srv/mnt")), on(read, treeAt("/var/run")))
	if err != nil {
		t.Fatal(err)
	}
	text := Compile(&p, host).String()
	for _, want := range []string{"jail-nullfs /srv/mnt/nfs from /srv/mnt/nfs read-only noexec\n", "jail-empty /srv/mnt/dev\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "/var/run/gaol") {
		t.Errorf("another jail's mounts:\n%s", text)
	}
}

func TestNoJailIsWiderThanItsPolicy(t *testing.T) {
	for _, ops := range [][]profile.Operation{nil, {plainly(profile.System)}, {all(profile.NetworkOutbound), all(profile.NetworkInbound)}, {plainly(profile.Trace)}, {plainly(profile.ProcessCreate)},
		{{Kind: profile.IPC, IPC: profile.SystemV}}} {
		p, err := resolve(profile.Limits{}, ops...)
		if err != nil {
			t.Fatal(err)
		}
		steps := Compile(&p, host).Steps
		i := slices.IndexFunc(steps, func(s plan.Step) bool { return s.Op == plan.JailAttach })
		for _, list := range [][]string{steps[i].Params, steps[i].Others} {
			for k := 0; k < len(list); k += 2 {
				name, value := list[k], list[k+1]
				on := strings.HasPrefix(name, "allow.") && !strings.HasPrefix(name[strings.LastIndexByte(name, '.')+1:], "no")
				switch {
				case on && name == "allow.suser" && &list[0] == &steps[i].Others[0]: // to become another user
				case on && name == "allow.unprivileged_proc_debug" && p.Jail.Trace:
				case on:
					t.Errorf("%v: %s", ops, name)
				case (name == "ip4" || name == "ip6") && (value == "#2") != p.Jail.Internet:
					t.Errorf("%v: %s %s", ops, name, value)
				case strings.HasPrefix(name, "sysv") && (value == "#1") != p.Jail.SystemV:
					t.Errorf("%v: %s %s", ops, name, value)
				case name == "children.max" && value != "#0", name == "enforce_statfs" && value != "#2", name == "persist":
					t.Errorf("%v: %s %s", ops, name, value)
				}
			}
		}
		limited := func(resource uint32) bool {
			return slices.ContainsFunc(steps, func(s plan.Step) bool { return s.Op == plan.Rlimit && s.N == resource && s.Limit.Hard == 1 })
		}
		if limited(capsicum.RlimitNproc) == p.Processes || limited(capsicum.RlimitSbsize) == p.Jail.Sockets {
			t.Errorf("%v: %v", ops, steps)
		}
		if last := steps[len(steps)-1]; last.Op != plan.JailConfine {
			t.Errorf("the last step is %s", last)
		}
	}
}

func TestLimitsOfAJailAreHeldOrRefused(t *testing.T) {
	p, err := resolve(profile.Limits{Disk: 1 << 20, Files: 16}, private("/tmp"))
	if err != nil || !strings.Contains(Compile(&p, host).String(), `jail-pool "1048576"`) {
		t.Errorf("%v", err)
	}
	for _, l := range []profile.Limits{{Memory: 1 << 30}, {Processes: 9}, {Instructions: 1 << 30}} {
		if _, err := resolve(l); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
	if _, err := policy.Resolve(profile.Profile{Engine: profile.EngineJail, OnDenied: profile.Kill}, host); err == nil {
		t.Error("OnDenied(Kill) is accepted")
	}
}

// The levels of PLATFORMS: C, P, N, A of each operation.
func TestTheLevelsOfAJail(t *testing.T) {
	h := host
	h.Force = profile.EngineJail
	for _, r := range []struct {
		op   profile.Operation
		want policy.Level
	}{
		{plainly(profile.System), policy.CanBeAllowed},
		{on(read, treeAt("/srv/in")), policy.CanBeAllowed},
		{on(read, fileAt("/srv/in/a.png")), policy.CannotBeAllowedPrecisely},
		{on(profile.FileReadMetadata, treeAt("/srv/in")), policy.CannotBeAllowedPrecisely},
		{on(write, treeAt("/srv/out")), policy.CannotBeAllowedPrecisely}, // alone
		{on(write, fileAt("/srv/in/a.png")), policy.NeverAllowed},
		{on(execute, treeAt("/bin")), policy.CannotBeAllowedPrecisely}, // alone
		{deny(on(read, treeAt("/srv/in/keys"))), policy.CanBeAllowed},
		{mapped("/data", "/srv/in", profile.ReadWrite), policy.CanBeAllowed},
		{private("/tmp"), policy.CanBeAllowed},
		{plainly(profile.ProcessCreate), policy.CanBeAllowed},
		{all(profile.NetworkOutbound), policy.CannotBeAllowedPrecisely},
		{all(profile.NetworkInbound), policy.CannotBeAllowedPrecisely},
		{local(profile.NetworkOutbound, "/var/run/log.sock"), policy.CannotBeAllowedPrecisely},
		{plainly(profile.SystemInfoRead), policy.AlwaysAllowed},
		{plainly(profile.Signal), policy.AlwaysAllowed},
		{plainly(profile.Trace), policy.CanBeAllowed},
		{profile.Operation{Kind: profile.IPC, IPC: profile.POSIXSharedMemory}, policy.AlwaysAllowed},
		{profile.Operation{Kind: profile.IPC, IPC: profile.SystemV}, policy.CanBeAllowed},
		{profile.Operation{Kind: profile.IPC, IPC: profile.POSIXQueues}, policy.NeverAllowed},
		{profile.Operation{Kind: profile.Device, Pattern: fileAt("/dev/ada0")}, policy.NeverAllowed},
	} {
		if got, why := policy.Support(r.op, h); got != r.want {
			t.Errorf("%s: %s, want %s (%s)", r.op, got, r.want, why)
		}
	}
}
