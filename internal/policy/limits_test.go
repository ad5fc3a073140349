package policy

// Which mechanism holds each limit, by what the host has, and what is refused.

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// limited is a host with a cgroup and these of its controllers; without any there is none.
func cgroupHost(t *testing.T, controllers string, lines ...string) Host {
	h := host(newFS(t, append([]string{merged}, lines...)...))
	h.Cgroup, h.Controllers = Check{Reason: "version 1 is mounted"}, nil
	if controllers != "" {
		h.Cgroup, h.Controllers = yes, strings.Fields(controllers)
	}
	return h
}

func with(l profile.Limits, ops ...profile.Operation) profile.Profile {
	return profile.Profile{Operations: ops, Limits: l}
}

const mib = 1 << 20

func TestMemoryOfOneProcessIsItsAddressSpaceWhereThereIsNoCgroup(t *testing.T) {
	p, err := Resolve(with(profile.Limits{Memory: 64 * mib}, system), cgroupHost(t, ""))
	if err != nil || p.Limits.Cgroup || p.Limits.AddressSpace != 64*mib || p.Unmapped {
		t.Fatalf("%+v, %v", p.Limits, err)
	}
	if p.enclosing(zeroPath) != nil {
		t.Error("/dev/zero is there")
	}
	p, err = Resolve(with(profile.Limits{Memory: 64 * mib}, system), cgroupHost(t, "memory"))
	if err != nil || !p.Limits.Cgroup || p.Limits.AddressSpace != 0 || !p.Unmapped {
		t.Fatalf("%+v, %v", p.Limits, err)
	}
	if p.enclosing(zeroPath) == nil {
		t.Error("/dev/zero is not there")
	}
}

func TestMemoryOutsideOfTheAddressSpaceIsRefused(t *testing.T) {
	device := func(p string) profile.Operation {
		return profile.Operation{Kind: profile.Device, Pattern: profile.Pattern{Path: p, Match: profile.Literal}}
	}
	tmp := "mount ext4 /\nmount tmpfs /srv/out\nmount tmpfs /srv/in/sub"
	for name, c := range map[string]struct {
		op  profile.Operation
		fix string
	}{
		"a private directory without a size": {private("/tmp"), "Limits.Disk, which then counts in; or "},
		"shared memory without a size":       {ipcKind(profile.POSIXSharedMemory), "Limits.Disk, which then counts in; or "},
		"System V":                           {ipcKind(profile.SystemV), "a cgroup v2"},
		"queues":                             {ipcKind(profile.POSIXQueues), "a cgroup v2"},
		"a device of a driver":               {device("/dev/sda"), "a cgroup v2"},
		"/dev/zero":                          {device("/dev/zero"), "a cgroup v2"},
		"/dev/zero by its path":              {literal(read("/dev/zero")), "a cgroup v2"},
		"a tmpfs of the host":                {write("/srv/out"), "a place on a disk; or a cgroup v2"},
		"a directory of it":                  {write("/srv/in/sub/b"), "a place on a disk; or a cgroup v2"},
		"a tree with one in it":              {write("/srv/in"), "a place on a disk; or a cgroup v2"},
		"one that is mapped":                 {mapRW("/x", "/srv/out"), "a place on a disk; or a cgroup v2"},
	} {
		t.Run(name, func(t *testing.T) {
			l := profile.Limits{Memory: 64 * mib}
			_, err := Resolve(with(l, system, c.op), cgroupHost(t, "", tmp))
			var lacks *UnsupportedError
			if !errors.As(err, &lacks) || len(lacks.Operations) != 1 {
				t.Fatal(err)
			}
			u := lacks.Operations[0]
			if u.Operation != "Limits.Memory" || u.Mechanism != "cgroup v2" || !strings.HasPrefix(u.Fix, c.fix) || !strings.Contains(u.Detail, "version 1 is mounted") {
				t.Error(u)
			}
			if _, err := Resolve(with(l, system, c.op), cgroupHost(t, "memory", tmp)); err != nil {
				t.Error("with a cgroup:", err)
			}
			if _, err := Resolve(with(profile.Limits{}, system, c.op), cgroupHost(t, "", tmp)); err != nil {
				t.Error("without a limit:", err)
			}
			l.PerProcess = true
			if p, err := Resolve(with(l, system, process, c.op), cgroupHost(t, "", tmp)); err != nil || !p.Unmapped || p.Limits.AddressSpace != 64*mib {
				t.Error("of each of many processes:", err)
			}
			if _, err := Resolve(with(l, system, c.op), cgroupHost(t, "", tmp)); err == nil {
				t.Error("of the only process nothing is left out")
			}
		})
	}
}

func TestWhatIsNoMemoryIsNotRefused(t *testing.T) {
	tmp := "mount ext4 /\nmount tmpfs /srv/out\nmount tmpfs /srv"
	for _, o := range []profile.Operation{read("/srv/out"), write("/opt/data"), ipcKind(profile.NamedPipes), literal(read("/dev/null")),
		{Kind: profile.Device, Pattern: profile.Pattern{Path: "/dev/tty", Match: profile.Literal}}, private("/dev/pts"), outbound} {
		if _, err := Resolve(with(profile.Limits{Memory: 64 * mib}, system, o), cgroupHost(t, "", tmp)); err != nil {
			t.Errorf("%s: %v", o, err)
		}
	}
}

func TestDiskCountsAsMemory(t *testing.T) {
	ops := []profile.Operation{system, private("/tmp"), ipcKind(profile.POSIXSharedMemory)}
	p, err := Resolve(with(profile.Limits{Memory: 64 * mib, Disk: 8 * mib}, ops...), cgroupHost(t, ""))
	if err != nil || p.Limits.AddressSpace != 56*mib {
		t.Errorf("%+v, %v", p.Limits, err)
	}
	for _, disk := range []int64{64*mib - 1, 64 * mib, 1 << 62} {
		var lacks *UnsupportedError
		if _, err := Resolve(with(profile.Limits{Memory: 64 * mib, Disk: disk}, ops...), cgroupHost(t, "")); !errors.As(err, &lacks) ||
			!strings.Contains(err.Error(), "leaves no memory") {
			t.Errorf("%d: %v", disk, err)
		}
	}
}

func TestACommandNarrowsThePolicy(t *testing.T) {
	h := cgroupHost(t, "")
	p, err := Resolve(with(profile.Limits{Memory: 64 * mib, Wall: time.Hour}, system), h)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.WithLimits(profile.Limits{Memory: 32 * mib, Wall: 2 * time.Hour, CPU: 1500 * time.Millisecond, Files: 9}, h)
	if err != nil || q.Limits.AddressSpace != 32*mib || q.Limits.Wall != time.Hour || q.Limits.Seconds != 2 || q.Limits.Files != 9 {
		t.Errorf("%+v, %v", q.Limits, err)
	}
	if p.Limits.AddressSpace != 64*mib || len(p.Enforced) != 3 || len(q.Enforced) != 5 {
		t.Errorf("%v, %v", p.Enforced, q.Enforced)
	}
	if q, err = p.WithLimits(profile.Limits{Memory: 128 * mib, PerProcess: true}, h); err != nil || q.Limits.Memory != 64*mib || q.Limits.PerProcess {
		t.Errorf("widened: %+v, %v", q.Limits, err)
	}
	var bad *profile.Error
	if _, err := p.WithLimits(profile.Limits{Wall: -1}, h); !errors.As(err, &bad) || bad.Operation != "Limits.Wall" {
		t.Errorf("%v", err)
	}
	var lacks *UnsupportedError
	if _, err := p.WithLimits(profile.Limits{Processes: 3}, h); !errors.As(err, &lacks) || lacks.Operations[0].Operation != "Limits.Processes" {
		t.Errorf("%v", err)
	}
}

// The filter is compiled for the sandbox, and what it allows is memory that RLIMIT_AS does not see.
func TestACommandCannotAddALimitThatTheFilterIsNotMadeFor(t *testing.T) {
	h := cgroupHost(t, "")
	p, err := Resolve(of(system), h)
	if err != nil {
		t.Fatal(err)
	}
	var lacks *UnsupportedError
	if _, err := p.WithLimits(profile.Limits{Memory: 64 * mib}, h); !errors.As(err, &lacks) || !strings.HasPrefix(lacks.Operations[0].Fix, "Limits.Memory in the profile; or ") {
		t.Errorf("%v", err)
	}
	if q, err := p.WithLimits(profile.Limits{Memory: 64 * mib}, cgroupHost(t, "memory")); err != nil || !q.Limits.Cgroup {
		t.Errorf("%v", err)
	}
}

// Rules hide nothing: what a grant of the root shows is every device, of which /dev/zero maps memory.
func TestRulesLeaveNoDeviceThatIsMemory(t *testing.T) {
	for _, c := range []struct {
		ops  list
		want string
	}{
		{list{system, meta("/")}, ""},
		{list{system, meta("/"), best(read("/srv"))}, ""},
		{list{meta("/"), best(read("/"))}, "Limits.Memory"},
		{list{meta("/"), best(write("/"))}, "Limits.Memory"},
		{list{meta("/"), literal(read("/dev/zero"))}, "Limits.Memory"},
		{list{meta("/"), best(write("/srv/out"))}, "Limits.Memory"},
		{list{meta("/"), best(write("/opt/data"))}, ""},
	} {
		h := cgroupHost(t, "", "mount ext4 /\nmount tmpfs /srv/out")
		h.Landlock, h.Force = 10, profile.EngineLandlock
		p, err := Resolve(with(profile.Limits{Memory: 64 * mib}, c.ops...), h)
		var lacks *UnsupportedError
		switch {
		case c.want == "" && (err != nil || p.Unmapped || p.enclosing(zeroPath) != nil):
			t.Errorf("%v: %+v, %v", c.ops, p.Calls, err)
		case c.want != "" && (!errors.As(err, &lacks) || lacks.Operations[0].Operation != c.want):
			t.Errorf("%v: %v", c.ops, err)
		}
	}
}
