package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"time"
)

func macHost(t *testing.T, lines ...string) Host {
	if lines == nil {
		lines = []string{"/srv/in/sub/", "/srv/in/a", "/srv/out/", "/srv/bin/", "/run/server.sock socket", "/dev/tty char", "/dev/null char", "/usr/lib/", "/bin/"}
	}
	yes := Check{OK: true}
	return Host{Platform: Darwin, Seatbelt: yes, Marks: yes, FS: newFS(t, lines...)}
}

// The signs are those of the matrix of Linux, for the same operations.
const seatbeltMatrix = `
System()                                       +
FileRead(Subpath(/srv/in))                     +
FileRead(Literal(/srv/in/a))                   +
FileRead(Literal(/srv/in))                     +
FileReadMetadata(Subpath(/))                   +
FileReadMetadata(Subpath(/srv/in))             +
FileWrite(Subpath(/srv/out))                   +
FileExecute(Subpath(/srv/bin))                 +
Deny(FileRead(Subpath(/srv/in/sub)))           +
Deny(FileWrite(Subpath(/srv/in/sub)))          +
Deny(FileWrite(Literal(/srv/in/a)))            +
Deny(FileReadMetadata(Subpath(/srv/in/sub)))   +
NetworkOutbound(All)                           +
NetworkOutbound(TCP(443))                      +
NetworkOutbound(UDP(53))                       +
NetworkOutbound(LocalSocket(/run/server.sock)) +
NetworkOutbound(Host(example.com, 443))        -
NetworkOutbound(CIDR(10.0.0.0/8, 443))         -
NetworkInbound(All)                            +
NetworkInbound(TCP(80))                        ~
NetworkInbound(UDP(53))                        ~
NetworkInbound(Loopback(80))                   ~
NetworkInbound(LocalSocket(/srv/out/s))        +
SystemInfoRead()                               +
ProcessCreate()                                +
Signal()                                       +
Trace()                                        -
IPC(NamedPipes)                                ~
IPC(SystemV)                                   ~
IPC(POSIXSharedMemory)                         ~
IPC(POSIXQueues)                               -
Device(/dev/tty)                               +
Syscall(personality)                           -
MachLookup(com.apple.trustd)                   +
Private(/tmp)                                  -
Map(/data, /srv/in, ReadOnly)                  -
`

func TestTheLevelsOfMacOS(t *testing.T) {
	want := map[string]Level{}
	for _, line := range strings.Split(strings.TrimSpace(seatbeltMatrix), "\n") {
		want[strings.TrimSpace(line[:46])] = map[string]Level{"+": CanBeAllowed, "~": CannotBeAllowedPrecisely, "-": NeverAllowed}[strings.TrimSpace(line[46:])]
	}
	for _, o := range forms {
		name := strings.ReplaceAll(o.String(), `"`, "")
		level, ok := want[name]
		delete(want, name)
		if got, why := Support(o, macHost(t)); !ok || got != level || why == "" {
			t.Errorf("%s: %s, %s", name, got, why)
		}
	}
	if len(want) > 0 {
		t.Errorf("no operation for %v", want)
	}
}

func TestWithoutSeatbeltNothingIsAllowed(t *testing.T) {
	h := macHost(t)
	h.Seatbelt = Check{Reason: "in a sandbox already", Fix: "leave it"}
	for _, ops := range [][]profile.Operation{nil, {system, read("/srv/in")}} {
		_, err := Resolve(profile.Profile{Operations: ops}, h)
		var lacks *UnsupportedError
		if !errors.As(err, &lacks) || len(lacks.Operations) != max(1, len(ops)) || lacks.Operations[0].Mechanism != SeatbeltMechanism || lacks.Operations[0].Fix != "leave it" {
			t.Errorf("%v", err)
		}
	}
	if e := h.Engines(); len(e) != 0 {
		t.Errorf("engines %v", e)
	}
	if e := macHost(t).Engines(); !slices.Equal(e, []profile.Engine{profile.EngineSeatbelt}) {
		t.Errorf("engines %v", e)
	}
	h = macHost(t)
	h.Marks = Check{Reason: "no sandbox_check"}
	if level, why := Support(process, h); level != CannotBeAllowedPrecisely || !strings.Contains(why, "not ended with it") {
		t.Errorf("%s, %s", level, why)
	}
}

func TestAnEngineOfAnotherSystemIsRefused(t *testing.T) {
	for _, e := range []profile.Engine{profile.EngineNamespace, profile.EngineLandlock, profile.EngineCapsicum, profile.EngineJail} {
		_, err := Resolve(profile.Profile{Engine: e}, macHost(t))
		if lacks := (*UnsupportedError)(nil); !errors.As(err, &lacks) || lacks.Operations[0].Mechanism != "another system" {
			t.Errorf("%s: %v", e, err)
		}
	}
	if _, err := Resolve(profile.Profile{Engine: profile.EngineSeatbelt}, macHost(t)); err != nil {
		t.Error(err)
	}
	_, err := Resolve(profile.Profile{Engine: profile.EngineSeatbelt}, matrixHost(t, true, 9))
	if lacks := (*UnsupportedError)(nil); !errors.As(err, &lacks) || lacks.Operations[0].Operation != "WithEngine(EngineSeatbelt)" {
		t.Errorf("%v", err)
	}
}

func TestPathsOfAMac(t *testing.T) {
	fs := []string{"/tmp -> private/tmp", "/private/tmp/x/", "/private/tmp/l -> ../../srv/in", "/srv/in/a", "/System/Volumes/Data/Users/me/", "/Users/me/", "/loop -> loop", "/link -> /System/Volumes/Data/Users/me"}
	for _, c := range []struct {
		op    profile.Operation
		want  string // grants, in order
		fault string
	}{
		{op: read("/tmp/x"), want: "/ m; /private m; /private/tmp m; /private/tmp/x* mr; /tmp m"},
		{op: read("/tmp/l"), want: "/ m; /private m; /private/tmp m; /private/tmp/l m; /srv m; /srv/in* mr; /tmp m"},
		{op: read("/System/Volumes/Data/Users/me"), want: "/ m; /Users m; /Users/me* mr"},
		{op: read("/link"), want: "/ m; /Users m; /Users/me* mr; /link m"},
		{op: read("/srv/in/a"), want: "/ m; /srv m; /srv/in m; /srv/in/a mr"}, // nothing is below a file
		{op: literal(read("/srv/in")), want: "/ m; /srv m; /srv/in mr"},
		{op: read("/loop"), fault: "too many levels"},
		{op: read("/none"), fault: "no such file"},
		{op: read("/a\nb"), fault: "control character"},
		{op: read("/System/Volumes/Data"), fault: "by another name"},
		{op: profile.Operation{Kind: profile.FileRead, Pattern: profile.Pattern{Path: "/none", Match: profile.Subpath, Optional: true}}, want: ""},
		{op: deny(read("/srv/in")), fault: "nothing above"},
		{op: address(profile.NetworkOutbound, profile.FormLocalSocket, 0, "/srv/in/a"), fault: "not a socket"},
		{op: profile.Operation{Kind: profile.Device, Pattern: profile.Pattern{Path: "/srv/in/a", Match: profile.Literal}}, fault: "not a device"},
	} {
		p, err := Resolve(profile.Profile{Operations: []profile.Operation{c.op}}, macHost(t, fs...))
		var bad *profile.Error
		switch {
		case c.fault != "":
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: %v", c.op, err)
			}
			continue
		case err != nil:
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		var grants []string
		for _, g := range p.Seatbelt.Grants {
			s := g.Path
			if g.Subpath {
				s += "*"
			}
			grants = append(grants, s+" "+strings.NewReplacer("metadata", "m", "read", "r", " ", "").Replace(g.Rights.String()))
		}
		if got := strings.Join(grants, "; "); got != c.want {
			t.Errorf("%s: got %s", c.op, got)
		}
	}
}

// kernel is a file system that the kernel writes the names of: of a volume that takes any case, and of what has no name without the volume's.
type kernel struct{ FS }

func (kernel) Canonical(p string) (string, error) {
	if name, other := map[string]string{"/srv/README": "/srv/Readme", "/System/Volumes/Data/Users/me": "/Users/me", "/srv": ""}[p]; other {
		return name, nil
	}
	return p, nil
}

func TestTheKernelsNameOfAPathIsTheOneThatCounts(t *testing.T) {
	h := macHost(t, "/srv/README", "/System/Volumes/Data/Users/me/", "/System/Volumes/Data/own/secret")
	h.FS = kernel{h.FS}
	if _, err := Resolve(profile.Profile{Operations: []profile.Operation{read("/srv")}}, h); err == nil || !strings.Contains(err.Error(), "not absolute") {
		t.Errorf("a name that is none: %v", err)
	}
	for path, want := range map[string]string{"/srv/README": "/srv/Readme", "/System/Volumes/Data/Users/me": "/Users/me", "/System/Volumes/Data/own/secret": "/System/Volumes/Data/own/secret"} {
		p, err := Resolve(profile.Profile{Operations: []profile.Operation{read(path)}}, h)
		if err != nil || !p.Seatbelt.Allows(Read, want) || want != path && p.Seatbelt.Allows(Read, path) {
			t.Errorf("%s: %v, %+v", path, err, p.Seatbelt.Grants)
		}
		p, err = Resolve(profile.Profile{Operations: []profile.Operation{read("/"), deny(read(path))}}, h)
		if err != nil || p.Seatbelt.Allows(Read, want) || !p.Seatbelt.Allows(Read, "/srv/other") {
			t.Errorf("%s is not denied: %v, %+v", path, err, p.Seatbelt.Grants)
		}
	}
}

func TestADenialHoldsByTheNameOfTheDataVolumeToo(t *testing.T) {
	h := macHost(t, "/Users/me/keys/", "/Users/me/other/", "/System/")
	for _, above := range []string{"/", "/System"} {
		ops := []profile.Operation{read(above), read("/Users"), deny(read("/Users/me/keys"))}
		p, err := Resolve(profile.Profile{Operations: ops}, h)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]bool{"/Users/me/keys/a": false, "/System/Volumes/Data/Users/me/keys/a": false, "/Users/me/other/a": true, "/System/Volumes/Data/Users/me/other/a": true} {
			if got := p.Seatbelt.Allows(Read, path); got != want {
				t.Errorf("%s above: %s: %v", above, path, got)
			}
		}
	}
	p, err := Resolve(profile.Profile{Operations: []profile.Operation{read("/Users"), deny(read("/Users/me/keys"))}}, h)
	if err != nil || strings.Contains(fmt.Sprint(p.Seatbelt.Grants), dataVolume) {
		t.Errorf("%v: a rule for nothing: %+v", err, p.Seatbelt.Grants)
	}
}

func TestAWriterThatMayNotReadCannotMoveToWhereItMay(t *testing.T) {
	h := macHost(t, "/in/", "/out/", "/both/")
	both := []profile.Operation{read("/both"), write("/both")}
	resolves := func(ops ...profile.Operation) error {
		_, err := Resolve(profile.Profile{Operations: ops}, h)
		return err
	}
	var lacks *UnsupportedError
	if err := resolves(append(both, write("/out"))...); !errors.As(err, &lacks) || lacks.Operations[0].Gap != "what is below /out can be moved to /both, where it can be read" {
		t.Errorf("%v", err)
	}
	for _, ops := range [][]profile.Operation{append(slices.Clone(both), best(write("/out"))), append(slices.Clone(both), write("/out"), read("/out")), {write("/out"), read("/in")}} {
		if err := resolves(ops...); err != nil {
			t.Errorf("%v: %v", ops, err)
		}
	}
}

func TestLimitsOfMacOS(t *testing.T) {
	h := macHost(t)
	resolves := func(l profile.Limits, ops ...profile.Operation) (Policy, error) {
		return Resolve(profile.Profile{Operations: ops, Limits: l}, h)
	}
	p, err := resolves(profile.Limits{Wall: time.Minute, CPU: 1500 * time.Millisecond, Files: 10, FileSize: 1 << 20, Stack: 1 << 20, Output: 100})
	if err != nil || p.Limits.Seconds != 2 || len(p.Limits.held()) != 6 {
		t.Fatalf("%v, %+v", err, p.Limits)
	}
	for _, f := range p.Limits.held() {
		if f.by == "" {
			t.Errorf("nothing holds %s", f.Name)
		}
	}
	if q, err := p.WithLimits(profile.Limits{CPU: time.Second}, h); err != nil || q.Limits.Seconds != 2 || q.Limits.CPU != time.Second || q.Limits.Files != 10 {
		t.Errorf("%v, %+v", err, q.Limits)
	}
	for name, l := range map[string]profile.Limits{"Memory": {Memory: 1 << 30}, "Processes": {Processes: 9}, "Core": {Core: 1 << 20}, "Disk": {Disk: 1 << 20},
		"Instructions": {Instructions: 1e9}, "Processors": {Processors: 1}, "ReadRate": {ReadRate: 1 << 20}, "WriteRate": {WriteRate: 1 << 20}} {
		var lacks *UnsupportedError
		if _, err := resolves(l); !errors.As(err, &lacks) || len(lacks.Operations) != 1 || lacks.Operations[0].Operation != "Limits."+name || lacks.Operations[0].Mechanism == "" {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := p.WithLimits(l, h); !errors.As(err, &lacks) {
			t.Errorf("%s of a command: %v", name, err)
		}
	}
	if _, err := resolves(profile.Limits{CPU: time.Second}, process); err == nil || !strings.Contains(err.Error(), "Limits.CPU") {
		t.Errorf("%v", err)
	}
	if _, err := Resolve(profile.Profile{OnDenied: profile.Kill}, h); err == nil || !strings.Contains(err.Error(), "OnDenied(Kill)") {
		t.Errorf("%v", err)
	}
}
