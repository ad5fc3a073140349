package policy

// Profiles and the policies that they resolve to, as text. The files under testdata are the review of a change: read them when they
// change; -update writes whatever Resolve does.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// inSrv mounts file systems below /srv.
const inSrv = `
	/srv/in/sub/proc/1/
	/srv/in/sub/sys/deep/er
	/srv/bin/cg/
	/srv/bin/file
	mount ext4 /
	mount ext4 /srv
	mount proc /srv/in/sub/proc
	mount sysfs /srv/in/sub/sys
	mount cgroup2 /srv/bin/cg
	mount bpf /srv/bin/file
	mount tmpfs /srv/out
	mount proc /srv/gone
`

func TestAProfileResolvesToItsGoldenPolicy(t *testing.T) {
	for _, c := range []struct {
		name  string
		host  string
		extra string // lines of the host's file system
		ops   []profile.Operation
	}{
		{"nothing", merged, "", nil},
		{"system-merged", merged, "", []profile.Operation{system}},
		{"system-unmerged", unmerged, "", []profile.Operation{system}},
		{"rights-add-up-downwards", merged, "", []profile.Operation{
			read("/srv"), write("/srv/in"), execute("/srv/in/sub"), literal(read("/srv/in/sub/b"))}},
		{"the-same-path-twice", merged, "", []profile.Operation{read("/srv"), write("/srv"), execute("/srv"), read("/srv")}},
		{"siblings-with-common-spelling", merged, "/srv/in-2/\n/srv/in.d/", []profile.Operation{
			read("/srv/in"), read("/srv/in-2"), write("/srv/in/sub"), read("/srv/in.d")}},
		{"metadata-write-execute-only", merged, "", []profile.Operation{meta("/home/me"), write("/srv/out"), execute("/srv/bin")}},
		{"a-write-only-file-of-a-metadata-only-tree", merged, "", []profile.Operation{meta("/srv"), literal(write("/srv/in/a"))}},
		{"links", merged, `
			/l/rel -> ../srv/in
			/l/abs -> /srv/out
			/l/chain -> one
			/l/one -> two
			/l/two -> /l/rel/sub
			/l/up -> ../l/./../srv/bin/../bin
			/l/dir -> ../srv/`,
			[]profile.Operation{read("/l/rel"), write("/l/abs"), read("/l/abs"), read("/l/chain"), execute("/l/up"), read("/l/dir/in/a")}},
		{"a-link-in-what-is-granted", merged, "/srv/l -> /home/me/key", []profile.Operation{read("/srv"), read("/srv/l")}},
		{"a-dangling-link-is-optional", merged, "/l -> /nowhere/x\n/m -> /srv/in/a/below-a-file", []profile.Operation{
			optional(read("/l")), optional(read("/m")), optional(read("/missing/x")), read("/srv/in")}},
		{"the-root", merged, "", []profile.Operation{read("/")}},
		{"the-root-and-more", merged, "", []profile.Operation{system, read("/"), write("/srv/out"), private("/tmp"), read("/tmp")}[:4]},
		{"network-out", merged, "", []profile.Operation{outbound}},
		{"network-both-with-system", merged, "", []profile.Operation{system, outbound, inbound, process}},
		{"sysinfo", merged, "", []profile.Operation{sysinfo}},
		{"map", merged, "/l -> /srv/in", []profile.Operation{mapRO("/data", "/srv/in"), mapRW("/out", "/srv/out"), mapRO("/file", "/srv/in/a"), mapRO("/by-link", "/l")}},
		{"map-and-grants-in-it", merged, "/srv/in/l -> sub/b\n/srv/in/abs -> /opt/data/x", []profile.Operation{
			mapRO("/data", "/srv/in"), write("/data/sub"), execute("/data"), read("/data/l"), read("/data/abs")}},
		{"map-nested-in-grants", merged, "/srv/in/place/", []profile.Operation{
			read("/srv"), write("/srv"), execute("/srv"), best(mapRO("/srv/in/place", "/opt/data")), best(mapRO("/srv/out", "/srv/out"))}},
		{"map-over-system", merged, "/other/lib/", []profile.Operation{system, mapRO("/usr", "/other")}},
		{"map-in-a-map", merged, "/srv/in/place/", []profile.Operation{mapRW("/data", "/srv/in"), best(mapRO("/data/place", "/opt/data")), read("/data/place/x")}},
		{"map-in-private", merged, "", []profile.Operation{private("/job"), best(mapRO("/job/a/b", "/srv/in"))}},
		{"private-with-grants-below", merged, "/tmp/in/l -> f\n/tmp/in/f\n/tmp/to -> in/f", []profile.Operation{
			private("/tmp"), best(read("/tmp/in")), read("/tmp/to"), write("/tmp/in/f"), execute("/tmp")}},
		{"private-in-grants", merged, "", []profile.Operation{read("/srv"), execute("/srv"), private("/srv/out"), private("/home"), private("/home/me")}},
		{"private-twice", merged, "", []profile.Operation{private("/tmp"), private("/tmp")}},
		{"private-below-dev", merged, "", []profile.Operation{system, private("/dev/shm"), private("/dev/pts"), private("/dev/mqueue")}},
		{"a-fifo", merged, "/srv/pipe fifo", []profile.Operation{literal(read("/srv/pipe"))}},
		{"a-device", merged, "", []profile.Operation{literal(read("/dev/null")), literal(write("/dev/zero")), literal(read("/dev/stdin-is-not-there"))}[:2]},
		{"mounts-in-a-readable-tree", merged, inSrv, []profile.Operation{read("/srv"), mapRO("/x", "/srv")}},
		{"mounts-in-a-writable-tree", merged, inSrv, []profile.Operation{write("/srv"), execute("/srv"), mapRW("/x", "/srv/in")}},
		{"mounts-granted-by-name", merged, inSrv, []profile.Operation{write("/srv"), write("/srv/in/sub/sys"), write("/srv/in/sub/sys/deep/er"), mapRW("/x", "/srv/bin/cg")}},
		{"mounts-in-the-root", merged, inSrv + "mount proc /proc\nmount sysfs /sys\nmount binfmt_misc /proc/sys/fs/binfmt_misc", []profile.Operation{write("/")}},
		{"mounts-behind-a-map-and-a-private", merged, inSrv, []profile.Operation{write("/srv"), private("/srv/in"), best(mapRO("/srv/bin", "/opt"))}},
		{"pins", merged, "/srv/a/b/c/d/\n/srv/a/b/e/\n/srv/a-b/f/", []profile.Operation{
			write("/srv"), read("/srv/a/b/c/d"), best(mapRO("/srv/a/b/e", "/opt")), private("/srv/a-b/f")}},
		{"pins-below-the-root", merged, "/a/b/c/\n/a/d/e/f/", []profile.Operation{
			write("/"), read("/a/b/c"), private("/a/d/e"), best(read("/a/d/e/f")), best(mapRO("/opt/data", "/srv/in")), literal(read("/srv/in/sub/b"))}},
		{"optional-files-that-are-there", merged, "", []profile.Operation{optional(read("/srv/in")), optional(literal(write("/srv/in/a")))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Resolve(of(c.ops...), host(newFS(t, c.host, c.extra)))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, o := range c.ops {
				fmt.Fprintf(&b, "%s\n", o)
			}
			b.WriteString("\n" + p.String() + "\nenforced:\n")
			for _, e := range p.Enforced {
				fmt.Fprintf(&b, "  %s: %s\n", e.Operation, e.Mechanism)
			}
			b.WriteString("mounts:")
			for _, e := range p.Entries {
				if e.Mount {
					b.WriteString(" " + e.Path)
				}
			}
			golden(t, c.name+".txt", b.String()+"\n")
		})
	}
}

func TestTheOrderOfOperationsDoesNotMatter(t *testing.T) {
	ops := []profile.Operation{system, read("/srv"), mapRO("/data", "/srv/in"), write("/srv/out"), private("/tmp"), execute("/srv/bin"), sysinfo}
	view := func(ops []profile.Operation) string {
		p, err := Resolve(of(ops...), host(newFS(t, merged)))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, e := range p.Entries {
			e.Why = "" // the first one to ask
			fmt.Fprintf(&b, "%+v\n", e)
		}
		return b.String() + fmt.Sprint(p.Proc)
	}
	want := view(ops)
	for i := range ops {
		turned := append(append([]profile.Operation{}, ops[i:]...), ops[:i]...)
		if got := view(turned); got != want {
			t.Errorf("starting with %s:\n%s\nwant\n%s", ops[i], got, want)
		}
	}
}

func TestWhatIsNoOperationIsCarriedOver(t *testing.T) {
	p, err := Resolve(profile.Profile{OnDenied: profile.Kill, Env: []string{"A=b"}, PassEnv: []string{"C"}, Dir: "/x"}, host(newFS(t, merged)))
	if err != nil {
		t.Fatal(err)
	}
	if !p.Kill || p.Env[0] != "A=b" || p.PassEnv[0] != "C" || p.Dir != "/x" || p.Engine != "namespace" || p.Processes || p.Network() {
		t.Errorf("%+v", p)
	}
}

func TestTheMechanismsAreThoseOfTheHost(t *testing.T) {
	for _, c := range []struct {
		landlock int
		ops      []profile.Operation
		want     string
	}{
		{0, nil, "user, mount, pid, ipc, uts, cgroup and net namespaces; no capabilities, no_new_privs; seccomp allowlist"},
		{1, nil, "user, mount, pid, ipc, uts, cgroup and net namespaces; no capabilities, no_new_privs; seccomp allowlist"},
		{2, nil, "user, mount, pid, ipc, uts, cgroup and net namespaces; no capabilities, no_new_privs; Landlock ABI 2; seccomp allowlist"},
		{7, []profile.Operation{inbound}, "user, mount, pid, ipc, uts and cgroup namespaces; no capabilities, no_new_privs; Landlock ABI 7; seccomp allowlist"},
	} {
		h := host(newFS(t, merged))
		h.Landlock = c.landlock
		p, err := Resolve(of(c.ops...), h)
		if got := strings.Join(p.Mechanisms, "; "); err != nil || got != c.want {
			t.Errorf("Landlock %d: %s, %v", c.landlock, got, err)
		}
	}
	for landlock, want := range map[int]string{0: "seccomp", 3: "seccomp", 4: "seccomp + Landlock ABI 4"} {
		h := host(newFS(t, merged))
		h.Landlock = landlock
		if p, err := Resolve(of(inbound), h); err != nil || p.Enforced[0] != (Enforcement{"NetworkInbound(All)", want}) {
			t.Errorf("Landlock %d: %v, %v", landlock, p.Enforced, err)
		}
	}
}
