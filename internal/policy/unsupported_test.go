package policy

// What a host cannot enforce is refused with every operation at once, what is missing, why and the way out; and accepted as soon as the
// host has it, or the profile no longer needs it.

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// without is what a host lacks.
func without(change func(*Host)) func(*Host) { return change }

var (
	noLandlock = without(func(h *Host) { h.Landlock, h.LandlockReason = 0, "this kernel has none" })
	oldABI     = without(func(h *Host) { h.Landlock, h.LandlockReason = 1, "ABI 1 is too old" })
	noProc     = without(func(h *Host) { h.Proc = Check{Reason: "proc: EPERM", Fix: "unmask /proc"} })
	noEngine   = without(func(h *Host) { h.Namespaces, h.Landlock = Check{Reason: "clone: EPERM", Fix: "sysctl"}, 0 })
	noSeccomp  = without(func(h *Host) { h.Seccomp = Check{Reason: "ENOSYS"} })
	nothing    = without(func(*Host) {})
)

const (
	landlockFix = ": a kernel from 5.19 on with landlock in its lsm= list, or FileRead of the same path"
	writableFix = ": a kernel from 5.19 on with landlock in its lsm= list, or FileWrite of the same path"
)

func TestWhatTheHostCannotEnforceIsListed(t *testing.T) {
	for _, c := range []struct {
		name      string
		host      func(*Host)
		ops, twin list
		want      []string
	}{
		{"no namespaces", noEngine, list{system, process}, nil, []string{
			"System() needs namespaces (clone: EPERM): sysctl", "ProcessCreate() needs namespaces (clone: EPERM): sysctl"}},
		{"no namespaces for an empty profile", noEngine, nil, nil, []string{"an empty profile needs namespaces (clone: EPERM): sysctl"}},
		{"no seccomp", noSeccomp, list{outbound}, nil, []string{"NetworkOutbound(All) needs seccomp (ENOSYS)"}},
		{"neither", func(h *Host) { noEngine(h); noSeccomp(h) }, list{process}, nil, []string{
			"ProcessCreate() needs seccomp (ENOSYS)", "ProcessCreate() needs namespaces (clone: EPERM): sysctl"}},
		{"no /proc", noProc, list{process, system, sysinfo, read("/")}, list{process, read("/srv")}, []string{
			"System() needs a /proc of its own (proc: EPERM): unmask /proc", "SystemInfoRead() needs a /proc of its own (proc: EPERM): unmask /proc",
			`FileRead(Subpath("/")) needs a /proc of its own (proc: EPERM): unmask /proc`}},
		{"no /proc because there are no namespaces", func(h *Host) { noEngine(h); noProc(h) }, list{system}, nil, []string{"System() needs namespaces (clone: EPERM): sysctl"}},
		{"metadata only without Landlock", noLandlock, list{meta("/home/me"), read("/srv")}, list{read("/home/me"), write("/home/me"), literal(read("/srv/in/a"))}, []string{
			`FileReadMetadata(Subpath("/home/me")) needs Landlock (this kernel has none)` + landlockFix,
			`FileRead(Subpath("/srv")) needs Landlock (this kernel has none)` + writableFix}},
		{"write only without Landlock", noLandlock, list{write("/srv/out")}, list{write("/srv/out"), read("/srv/out")}, []string{
			`FileWrite(Subpath("/srv/out")) needs Landlock (this kernel has none)` + landlockFix}},
		{"execute only without Landlock", noLandlock, list{execute("/srv/bin")}, list{execute("/srv/bin"), read("/srv"), write("/srv")}, []string{
			`FileExecute(Subpath("/srv/bin")) needs Landlock (this kernel has none)` + landlockFix}},
		{"all three with ABI 1", oldABI, list{meta("/home/me"), write("/srv/out"), execute("/srv/bin"), read("/srv/in")}, nil, []string{
			`FileReadMetadata(Subpath("/home/me")) needs Landlock (ABI 1 is too old)` + landlockFix,
			`FileExecute(Subpath("/srv/bin")) needs Landlock (ABI 1 is too old)` + landlockFix,
			`FileRead(Subpath("/srv/in")) needs Landlock (ABI 1 is too old)` + writableFix,
			`FileWrite(Subpath("/srv/out")) needs Landlock (ABI 1 is too old)` + landlockFix}},
		{"a metadata-only file without Landlock", noLandlock, list{literal(meta("/srv/in/a"))}, list{literal(read("/srv/in/a"))}, []string{
			`FileReadMetadata(Literal("/srv/in/a")) needs Landlock (this kernel has none)` + landlockFix}},
		// A read-only mount does not keep a FIFO from being written, nor a directory from holding one.
		{"a directory to be read without Landlock", noLandlock, list{read("/srv/in")}, list{literal(read("/srv/in/a"))}, []string{
			`FileRead(Subpath("/srv/in")) needs Landlock (this kernel has none)` + writableFix}},
		{"a directory to be read with ABI 1, though optional", oldABI, list{optional(read("/srv/in"))}, list{optional(read("/missing")), read("/srv/in"), write("/srv/in")}, []string{
			`FileRead(Optional(Subpath("/srv/in"))) needs Landlock (ABI 1 is too old)` + writableFix}},
		{"a directory behind a link without Landlock", noLandlock, list{read("/to-in")}, list{read("/to-a")}, []string{
			`FileRead(Subpath("/to-in")) needs Landlock (this kernel has none)` + writableFix}},
		{"the root without Landlock", noLandlock, list{system, read("/")}, list{read("/"), write("/")}, []string{
			`FileRead(Subpath("/")) needs Landlock (this kernel has none)` + writableFix}},
		{"a FIFO to be read without Landlock", noLandlock, list{literal(read("/srv/pipe"))}, list{literal(read("/srv/pipe")), literal(write("/srv/pipe"))}, []string{
			`FileRead(Literal("/srv/pipe")) needs Landlock (this kernel has none)` + writableFix}},
		{"a FIFO behind a link with ABI 1", oldABI, list{read("/to-pipe")}, list{read("/to-a"), read("/to-pipe"), write("/srv/pipe")}, []string{
			`FileRead(Subpath("/to-pipe")) needs Landlock (ABI 1 is too old)` + writableFix}},
		{"a directory mapped read-only without Landlock", noLandlock, list{mapRO("/x", "/srv/in")}, list{mapRW("/x", "/srv/in"), mapRO("/y", "/srv/in/a")}, []string{
			`Map("/x", "/srv/in", ReadOnly) needs Landlock (this kernel has none)` + writableFix}},
		{"a FIFO mapped read-only without Landlock", noLandlock, list{mapRO("/x", "/srv/pipe")}, list{mapRW("/x", "/srv/pipe")}, []string{
			`Map("/x", "/srv/pipe", ReadOnly) needs Landlock (this kernel has none)` + writableFix}},
		{"a directory mapped read-only into a writable one", noLandlock, list{read("/srv"), write("/srv"), mapRO("/srv/in", "/opt")}, list{read("/srv"), write("/srv"), mapRW("/srv/in", "/opt")}, []string{
			`Map("/srv/in", "/opt", ReadOnly) needs a mechanism that keeps named pipes below /srv from being written (FileWrite(Subpath("/srv")) allows it, and a read-only mount does not hold for them): a place outside of /srv`}},
		{"a directory below what System brings", noLandlock, list{system, read("/usr/share")}, list{system, outbound}, []string{
			`FileRead(Subpath("/usr/share")) needs Landlock (this kernel has none)` + writableFix}},
		{"write only in a private directory", nothing, list{private("/tmp"), write("/tmp/in")}, list{private("/tmp"), write("/tmp/in"), read("/tmp/in")}, []string{
			`FileWrite(Subpath("/tmp/in")) needs a mechanism that forbids reading below /tmp (Private("/tmp") allows it): FileRead of the same path, or a path elsewhere`}},
		{"execute only in a private directory in a private one", nothing, list{private("/tmp"), private("/tmp/in/q"), execute("/tmp/in/x")}, nil, []string{
			`FileExecute(Subpath("/tmp/in/x")) needs a mechanism that keeps named pipes below /tmp from being written (Private("/tmp") allows it, and a read-only mount does not hold for them): a place outside of /tmp`,
			`FileExecute(Subpath("/tmp/in/x")) needs a mechanism that forbids reading below /tmp (Private("/tmp") allows it): FileRead of the same path, or a path elsewhere`}},
		{"a directory alone", nothing, list{literal(read("/srv")), literal(write("/srv/out"))}, list{read("/srv"), literal(read("/srv/in/a"))}, []string{
			`FileRead(Literal("/srv")) needs a way to open a directory without what is in it: Subpath grants the directory and everything below`,
			`FileWrite(Literal("/srv/out")) needs a way to open a directory without what is in it: Subpath grants the directory and everything below`}},
		{"a link to a directory alone", nothing, list{literal(read("/lib"))}, list{read("/lib")}, []string{
			`FileRead(Literal("/lib")) needs a way to open a directory without what is in it: Subpath grants the directory and everything below`}},
		{"devices", nothing, list{read("/dev/sda"), literal(write("/dev/tty")), read("/srv/in")}, list{literal(read("/dev/null"))}, []string{
			`FileRead(Subpath("/dev/sda")) needs Device (/dev/sda is a device)`, `FileWrite(Literal("/dev/tty")) needs Device (/dev/tty is a device)`}},
		{"everything at once", func(h *Host) { noLandlock(h); noProc(h); noSeccomp(h) }, list{system, meta("/home/me"), literal(read("/srv"))}, nil, []string{
			`FileRead(Literal("/srv")) needs a way to open a directory without what is in it: Subpath grants the directory and everything below`,
			`FileReadMetadata(Subpath("/home/me")) needs Landlock (this kernel has none)` + landlockFix,
			"System() needs seccomp (ENOSYS)", `FileReadMetadata(Subpath("/home/me")) needs seccomp (ENOSYS)`, `FileRead(Literal("/srv")) needs seccomp (ENOSYS)`,
			"System() needs a /proc of its own (proc: EPERM): unmask /proc"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := merged + "/tmp/in/x/\n/tmp/in/q/\n/srv/pipe fifo\n/to-pipe -> srv/pipe\n/to-in -> /srv/in\n/to-a -> srv/in/a"
			h := host(newFS(t, lines))
			c.host(&h)
			p, err := Resolve(of(c.ops...), h)
			var lacks *UnsupportedError
			if !errors.As(err, &lacks) {
				t.Fatalf("%v, %v", p, err)
			}
			var got []string
			for i := range lacks.Operations {
				lacks.Operations[i].Gap = "" // the matrix has these
				got = append(got, lacks.Operations[i].String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if want := "gaol: this host cannot enforce the profile: " + strings.Join(c.want, "; "); err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			if c.twin != nil {
				if _, err := Resolve(of(c.twin...), h); err != nil {
					t.Errorf("the twin: %v", err)
				}
			}
			if c.ops != nil && !slices.ContainsFunc(c.want, func(s string) bool {
				return strings.Contains(s, "needs a mechanism that") || strings.Contains(s, "a way to") || strings.Contains(s, "Device")
			}) {
				if _, err := Resolve(of(c.ops...), host(newFS(t, lines))); err != nil {
					t.Errorf("on a host that lacks nothing: %v", err)
				}
			}
		})
	}
}

// A grant of what encloses more is readable by inheritance, so that what it encloses cannot be less: no rule is needed and none refused.
func TestWriteOnlyInAReadableTreeIsReadable(t *testing.T) {
	ops := list{read("/srv"), write("/srv/out"), meta("/srv/in"), execute("/srv/bin")}
	for _, c := range []struct {
		landlock int
		ops      list
		want     map[string]Rights
	}{
		{6, ops, map[string]Rights{"/srv/out": Read | Write, "/srv/in": Metadata | Read, "/srv/bin": Read | Execute}},
		{0, append(list{write("/srv")}, ops...), map[string]Rights{"/srv/out": Read | Write, "/srv/in": Metadata | Read | Write, "/srv/bin": Read | Write | Execute}},
	} {
		h := host(newFS(t, merged))
		h.Landlock = c.landlock
		p, err := Resolve(of(c.ops...), h)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range c.want {
			if e := p.enclosing(path); e.Path != path || e.Rights != want {
				t.Errorf("Landlock %d: %s: %+v", c.landlock, path, e)
			}
		}
	}
	// without Landlock what is not writable could still be, where a FIFO lies
	h := host(newFS(t, merged))
	h.Landlock = 0
	var lacks *UnsupportedError
	if _, err := Resolve(of(ops...), h); !errors.As(err, &lacks) || len(lacks.Operations) != 3 || strings.Contains(err.Error(), "/srv/out") {
		t.Errorf("Landlock 0: %v", err)
	}
}

// The root may be reached through a link; the host's /proc is no less shown then.
func TestTheRootThroughALinkNeedsAProcOfItsOwn(t *testing.T) {
	h := host(newFS(t, merged, "/l -> /"))
	p, err := Resolve(of(read("/l")), h)
	if err != nil || p.Proc != ProcPids || len(p.Entries) == 0 || p.Entries[0].Path != "/" {
		t.Fatalf("%+v, %v", p, err)
	}
	noProc(&h)
	var lacks *UnsupportedError
	if _, err := Resolve(of(read("/l")), h); !errors.As(err, &lacks) {
		t.Errorf("a host where /proc cannot be mounted: %v", err)
	}
}

// Literal covers the path alone (operation.go); everything in a private directory is what Subpath covers.
func TestExecutingAPrivateDirectoryTakesSubpath(t *testing.T) {
	if p, err := Resolve(of(private("/tmp"), execute("/tmp")), host(newFS(t, merged))); err != nil || p.Entries[0].Rights != Read|Write|Execute {
		t.Errorf("%+v, %v", p.Entries, err)
	}
	var lacks *UnsupportedError
	if p, err := Resolve(of(private("/tmp"), literal(execute("/tmp"))), host(newFS(t, merged))); !errors.As(err, &lacks) {
		t.Errorf("%+v, %v", p.Entries, err)
	}
}

func TestTheChecksOfAHostTellWhatWasFound(t *testing.T) {
	h := host(nil)
	noProc(&h)
	noLandlock(&h)
	want := []NamedCheck{
		{"namespaces", true, "user, mount, pid, ipc, uts, cgroup, net; the init and the exec work", ""},
		{"/proc", false, "proc: EPERM", "unmask /proc"},
		{"Landlock", false, "this kernel has none", "a kernel from 5.19 on with landlock in its lsm= list"},
		{"seccomp", true, "filters work", ""},
		{"cgroup v2", false, "none was found", limitFix},
		{"hardware counter (PMU)", false, "not here", "elsewhere"},
	}
	h.Counter = Check{Reason: "not here", Fix: "elsewhere"}
	if got := h.Checks(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	h.Cgroup, h.Controllers, h.Counter = yes, []string{"memory", "pids"}, yes
	want[4] = NamedCheck{"cgroup v2", true, "delegated, for limits of processor time and of what these controllers hold: memory pids", ""}
	want[5] = NamedCheck{"hardware counter (PMU)", true, "instructions can be counted", ""}
	if got := h.Checks(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
