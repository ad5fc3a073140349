package policy

// What the landlock engine refuses, with the reasons, beside what it accepts; and what it leaves to the filter.

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

const rulesLines = merged + `
	/run/server.sock socket
	/proc/sys/
	/srv/w/sub/f
	/srv/w/l -> /srv/in
	/srv/pipe fifo
	/srv/cell/proc/1/
	/srv/cell/sys/
	/srv/cell/dev/net/
	/dev/net/tun char
	/data/x
	mount proc /proc
	mount sysfs /sys
	mount devtmpfs /dev
	mount proc /srv/cell/proc
	mount sysfs /srv/cell/sys
	mount devtmpfs /srv/cell/dev
`

func rulesHost(t *testing.T, abi int) Host {
	h := host(newFS(t, rulesLines))
	h.Namespaces, h.Landlock = Check{Reason: "clone: EPERM", Fix: "sysctl"}, abi
	return h
}

func TestWhatRulesCannotSayIsRefused(t *testing.T) {
	rx := func(p string) list { return list{read(p), execute(p)} }
	for _, c := range []struct {
		name      string
		abi       int
		ops, twin list
		want      []string // the operation and what is missing
		gap       string   // with best effort; empty: it is refused even so
	}{
		{"a view that says nothing about metadata", 11, list{system}, list{system, meta("/")},
			[]string{"a profile without FileReadMetadata of everything needs namespaces (clone: EPERM; Landlock has no right for metadata)"}, ""},
		{"the metadata of a part", 11, list{meta("/srv")}, list{meta("/srv"), meta("/")}, []string{`FileReadMetadata(Subpath("/srv")) needs namespaces`}, "the metadata of every path"},
		{"the metadata of a part, beside best effort of another", 11, list{meta("/srv"), best(meta("/data"))}, list{best(meta("/srv")), best(meta("/data"))}, []string{`FileReadMetadata(Subpath("/srv")) needs namespaces`}, "the metadata of every path"},
		{"a tree of device nodes", 11, append(rx("/dev/net"), meta("/")), list{literal(read("/dev/null")), meta("/")}, []string{`FileRead(Subpath("/dev/net")) needs namespaces (a devtmpfs of the host is mounted at /dev`}, "the devices at /dev work"},
		{"a writable tree of them", 11, list{best(write("/srv/cell/dev/net")), read("/srv/cell/dev/net"), execute("/srv/cell/dev/net"), meta("/")}, nil, []string{`FileRead(Subpath("/srv/cell/dev/net")) needs namespaces (a devtmpfs`}, "the devices at /srv/cell/dev work"},
		{"reading alone", 11, list{read("/srv/in"), meta("/")}, append(rx("/srv/in"), meta("/")), []string{`FileRead(Subpath("/srv/in")) needs a noexec mount`}, "can be executed"},
		{"reading, with execution of a part", 11, list{read("/srv/in"), execute("/srv/in/sub"), meta("/")}, list{read("/srv/in/sub"), execute("/srv/in"), meta("/")},
			[]string{`FileRead(Subpath("/srv/in")) needs a noexec mount`}, "can be executed"},
		{"a directory alone", 11, list{literal(execute("/srv/in")), meta("/")}, list{literal(execute("/srv/bin/tool")), meta("/")},
			[]string{`FileExecute(Literal("/srv/in")) needs a way to open a directory without what is in it`}, "what is in the directory is granted"},
		{"writing", 3, list{write("/srv/out"), meta("/")}, nil, []string{`FileWrite(Subpath("/srv/out")) needs namespaces (Landlock does not bound chmod, chown, utime and setxattr; clone: EPERM)`}, "extended attributes cannot be changed"},
		{"writing before ABI 3", 2, list{write("/srv/out"), meta("/")}, nil, []string{"nor truncate before ABI 3"}, "nor can a file be truncated"},
		{"everything", 11, append(rx("/"), write("/")), nil, []string{`FileRead(Subpath("/")) needs namespaces`, `FileWrite(Subpath("/")) needs namespaces`}, "the host's /proc, /sys and /dev"},
		{"a proc in a tree", 11, append(rx("/srv/cell"), meta("/")), append(rx("/srv/in"), meta("/")),
			[]string{"a proc of the host is mounted at /srv/cell/proc", "a devtmpfs of the host is mounted at /srv/cell/dev"}, ""},
		{"what the program could move away", 11, append(rx("/srv/w/sub"), best(write("/srv/w")), meta("/")), append(rx("/srv/w"), append(rx("/srv/w/sub"), best(write("/srv/w")), meta("/"))...),
			[]string{`FileRead(Subpath("/srv/w/sub")) needs a mount that pins it (BestEffort(FileWrite(Subpath("/srv/w"))) lets the program put something else in its place)`,
				`FileExecute(Subpath("/srv/w/sub")) needs a mount that pins it`}, "for the next sandbox"},
		{"processes before ABI 6", 5, list{process, meta("/")}, list{meta("/")}, []string{"ProcessCreate() needs Landlock ABI 6, whose scope"}, ""},
		{"the /proc of processes", 6, list{system, process, meta("/")}, list{best(system), process, meta("/")}, []string{"System() needs namespaces (a rule names one process's /proc/self"}, ""},
		{"a view of its own", 11, list{private("/tmp"), mapRO("/x", "/srv/in"), deny(read("/srv/in")), ipcKind(profile.SystemV), meta("/")}, list{ipcKind(profile.NamedPipes), meta("/")},
			[]string{`Private("/tmp") needs namespaces (clone: EPERM): sysctl`, `Map("/x"`, `Deny(FileRead(Subpath("/srv/in")))`, "IPC(SystemV)"}, ""},
		{"a socket before ABI 6", 5, list{address(profile.NetworkOutbound, profile.FormLocalSocket, 0, "/run/server.sock"), meta("/")}, nil, []string{"needs Landlock ABI 6, whose scope"}, ""},
		{"a device that is not harmless", 11, list{literal(read("/dev/sda")), meta("/")}, list{literal(read("/dev/null")), meta("/")}, []string{"needs Device"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := rulesHost(t, c.abi)
			_, err := Resolve(of(c.ops...), h)
			var lacks *UnsupportedError
			if !errors.As(err, &lacks) {
				t.Fatalf("%v", err)
			}
			for _, want := range c.want {
				if !slices.ContainsFunc(lacks.Operations, func(u Unsupported) bool { return strings.Contains(u.String(), want) }) {
					t.Errorf("no %q in\n%s", want, err)
				}
			}
			if c.twin != nil {
				if p, err := Resolve(of(c.twin...), h); err != nil {
					t.Errorf("the twin: %v", err)
				} else if p.Engine != LandlockEngine {
					t.Errorf("the twin is enforced by the %s engine", p.Engine)
				}
			}
			if c.gap == "" {
				return
			}
			var accepting list
			for _, o := range c.ops {
				accepting = append(accepting, best(o))
			}
			p, err := Resolve(of(accepting...), h)
			if err != nil || !slices.ContainsFunc(p.Gaps, func(g Gap) bool { return strings.Contains(g.Detail, c.gap) }) {
				t.Errorf("with best effort: %v, %v", err, p.Gaps)
			}
		})
	}
}

func TestWhatMeansNothingToRulesIsAProblem(t *testing.T) {
	for _, c := range []struct {
		ops  list
		want string
	}{
		{list{read("/missing")}, "no such file"},
		{list{read("/proc/1")}, "paths of /proc cannot be granted"},
		{list{read("/dev")}, "cannot be granted"},
		{list{read("/srv/cell/proc")}, "lies on the host's proc"},
		{list{read("/run/server.sock")}, "is a socket"},
		{list{best(write("/srv/w")), read("/srv/w/l")}, "is a link that the program could change, by BestEffort(FileWrite"},
		{list{{Kind: profile.Device, Pattern: profile.Pattern{Path: "/srv/in", Match: profile.Literal}}}, "is not a device"},
		{list{{Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/ptmx", Match: profile.Literal}}}, "is a terminal of the host's"},
		{list{address(profile.NetworkOutbound, profile.FormLocalSocket, 0, "/srv/in/a")}, "is not a socket"},
		{list{address(profile.NetworkInbound, profile.FormLocalSocket, 0, "/srv/out/s")}, "no operation lets the program make it"},
	} {
		var bad *profile.Error
		if _, err := Resolve(of(append(c.ops, meta("/"))...), rulesHost(t, 11)); !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.ops, err, c.want)
		}
	}
}

func TestTheFilterGetsWhatRulesLeaveToIt(t *testing.T) {
	for _, c := range []struct {
		abi  int
		ops  list
		want Policy
	}{
		{2, list{meta("/")}, Policy{Self: true}},
		{3, list{meta("/")}, Policy{Self: true, Calls: Calls{Truncate: true}}},
		{6, list{meta("/"), process, op(profile.Trace), ipcKind(profile.NamedPipes)}, Policy{Processes: true, Calls: Calls{Truncate: true, Trace: true, Pipes: true}}},
		{2, list{best(write("/")), best(read("/"))}, Policy{Self: true, Watch: true, Calls: Calls{Truncate: true, Attributes: true}}},
		{9, list{meta("/"), address(profile.NetworkOutbound, profile.FormLocalSocket, 0, "/run/server.sock"), {Kind: profile.Syscall, Names: "personality"}},
			Policy{Calls: Calls{Truncate: true, Local: true, Names: "personality"}}},
	} {
		p, err := Resolve(of(c.ops...), rulesHost(t, c.abi))
		if err != nil {
			t.Errorf("%v: %v", c.ops, err)
		}
		c.want.Unmapped = true // there is no limit
		if p.Self != c.want.Self || p.Watch != c.want.Watch || p.Processes != c.want.Processes || p.Calls != c.want.Calls || p.Peers || !p.Landlock {
			t.Errorf("ABI %d, %v: %+v", c.abi, c.ops, p)
		}
	}
}

func TestTheEngineIsTheBestThatWorks(t *testing.T) {
	namespaces, rules, proc := without(func(h *Host) { h.Namespaces.OK = false }), without(func(h *Host) { h.Landlock = 1 }), without(func(h *Host) { h.Proc.OK = false })
	for _, c := range []struct {
		name  string
		lacks []func(*Host)
		ops   list
		force profile.Engine
		want  string // the engine, or the mechanism that is missing
	}{
		{"all", nil, list{system, meta("/")}, 0, NamespaceEngine},
		{"no namespaces", []func(*Host){namespaces}, list{system, meta("/")}, 0, LandlockEngine},
		{"no Landlock", []func(*Host){rules}, list{system}, 0, NamespaceEngine},
		{"neither", []func(*Host){namespaces, rules}, list{system}, 0, "System() needs namespaces"},
		{"no seccomp", []func(*Host){noSeccomp}, list{system}, 0, "System() needs seccomp"},
		{"no /proc", []func(*Host){proc}, list{system, meta("/")}, 0, LandlockEngine},
		{"no /proc, and none needed", []func(*Host){proc}, list{read("/srv")}, 0, NamespaceEngine},
		{"no /proc, and a profile that rules cannot say", []func(*Host){proc}, list{system}, 0, "System() needs a /proc of its own"},
		{"forced rules", nil, list{system, meta("/")}, profile.EngineLandlock, LandlockEngine},
		{"forced namespaces", nil, list{system}, profile.EngineNamespace, NamespaceEngine},
		{"forced rules without Landlock", []func(*Host){rules}, list{system, meta("/")}, profile.EngineLandlock, "WithEngine(EngineLandlock) needs Landlock"},
		{"forced namespaces without them", []func(*Host){namespaces}, list{system, meta("/")}, profile.EngineNamespace, "WithEngine(EngineNamespace) needs namespaces"},
		{"forced rules without seccomp", []func(*Host){noSeccomp}, list{meta("/")}, profile.EngineLandlock, "WithEngine(EngineLandlock) needs seccomp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := rulesHost(t, 6)
			h.Namespaces = yes
			for _, lack := range c.lacks {
				lack(&h)
			}
			in := of(c.ops...)
			in.Engine = c.force
			p, err := Resolve(in, h)
			var lacks *UnsupportedError
			switch {
			case errors.As(err, &lacks) && strings.HasPrefix(lacks.Operations[0].String(), c.want):
			case err != nil || p.Engine != c.want:
				t.Errorf("%q, %v; want %s", p.Engine, err, c.want)
			}
			h.Force = c.force // of the host as of the profile
			in.Engine = profile.AnyEngine
			if q, again := Resolve(in, h); q.Engine != p.Engine || (again == nil) != (err == nil) {
				t.Errorf("forced by the host: %q, %v", q.Engine, again)
			}
		})
	}
}

// Every path is there on the host's view, whether it can be opened or not.
func TestRulesShowTheHost(t *testing.T) {
	p, err := Resolve(of(execute("/srv/bin"), meta("/")), rulesHost(t, 6))
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := p.HostPath("/etc/passwd"); !ok || at != "/etc/passwd" || !p.Shows("/home/me") {
		t.Errorf("%s, %v", at, ok)
	}
	if text := p.String(); !strings.Contains(text, "engine: landlock\n") || !strings.Contains(text, "view: the host's, with rules:\n  /srv/bin: execute") {
		t.Error(text)
	}
}

func TestALimitOfProcessorTimeEndsTheInitToo(t *testing.T) {
	h := rulesHost(t, 6)
	h.CPULimited = true
	if got := refusals(t, h, of(meta("/"), process)); len(got) != 1 || !strings.Contains(got[0], "ulimit -t") {
		t.Error(got)
	}
	h.CPULimited = false
	if _, err := Resolve(of(meta("/"), process), h); err != nil {
		t.Error(err)
	}
}
