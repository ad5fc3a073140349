package policy

// Where a command has a cgroup, its files are not the program's to write, by whatever grant and whichever engine; beside each refusal is the
// same grant without the limit, or the same limit without the grant.

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

func TestWhatCouldUndoTheLimitsOfACgroupIsRefused(t *testing.T) {
	tree := newFS(t, merged, `
		/sys/fs/cgroup/user/cgroup.procs
		/sys/fs/cgroup/elsewhere/x
		/srv/groups/cgroup.procs
		/srv/out/
		mount sysfs /sys
		mount cgroup2 /sys/fs/cgroup
		mount tmpfs /sys/fs/cgroup/elsewhere
		mount cgroup2 /srv/groups`)
	h := host(tree)
	h.Cgroup, h.Controllers = yes, []string{"memory", "pids", "cpu", "io"}
	everything := meta("/") // which the landlock engine wants
	for _, c := range []struct {
		name string
		op   profile.Operation
		view bool // refused by the namespace engine
		rule bool // by the landlock engine
	}{
		{"the mount", write("/sys/fs/cgroup"), true, true},
		{"a cgroup", write("/sys/fs/cgroup/user"), true, true},
		{"one file", literal(write("/sys/fs/cgroup/user/cgroup.procs")), true, true},
		{"another mount of it", write("/srv/groups"), true, true},
		{"a directory with such a mount", write("/srv"), false, true},
		{"all", write("/"), false, true},
		{"another file system in there", write("/sys/fs/cgroup/elsewhere"), false, false},
		{"another directory", write("/srv/out"), false, false},
		{"reading", read("/sys/fs/cgroup"), false, false},
	} {
		for _, engine := range []profile.Engine{profile.EngineNamespace, profile.EngineLandlock} {
			refused := c.view
			ops := []profile.Operation{c.op}
			if engine == profile.EngineLandlock {
				refused = c.rule
				ops[0].BestEffort = true // which it wants for other reasons
				ops = append(ops, everything)
			}
			for _, l := range []profile.Limits{{}, {Processes: 8}, {Processes: 8, Wall: 1}} {
				p := of(ops...)
				p.Engine, p.Limits = engine, l
				_, err := Resolve(p, h)
				var u *UnsupportedError
				want := refused && l.Processes != 0
				if got := errors.As(err, &u) && strings.Contains(err.Error(), "the files of its cgroup") && u.Operations[0].Operation == ops[0].String(); got != want || err != nil && !want {
					t.Errorf("%s, engine %v, %+v: %v", c.name, engine, l, err)
				}
			}
		}
	}
	inside := of(mapRW("/mnt", "/sys/fs/cgroup/user"))
	inside.Limits.Processes = 8
	if _, err := Resolve(inside, h); !errors.As(err, new(*UnsupportedError)) {
		t.Errorf("mapped: %v", err)
	}
	// a command's own limit comes after the profile
	p, err := Resolve(of(write("/sys/fs/cgroup")), h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.WithLimits(profile.Limits{Processes: 8}, h); !errors.As(err, new(*UnsupportedError)) {
		t.Errorf("a command's: %v", err)
	}
	if _, err := p.WithLimits(profile.Limits{Files: 8}, h); err != nil {
		t.Errorf("a command's that takes no cgroup: %v", err)
	}
}

func TestARateOfWritingIsHeldWhereLateWritesAreAccountedFor(t *testing.T) {
	tree := newFS(t, merged, `
		/srv/out/
		/mnt/stick/
		/mnt/fast/
		mount ext4 /
		mount proc /proc
		mount vfat /mnt/stick
		mount tmpfs /mnt/fast`)
	h := host(tree)
	h.Cgroup, h.Controllers = yes, []string{"memory", "pids", "cpu", "io"}
	for _, c := range []struct {
		op      profile.Operation
		refused bool
	}{{write("/srv/out"), false}, {write("/mnt/fast"), false}, {read("/mnt/stick"), false}, {write("/mnt/stick"), true}, {write("/mnt"), true}, {write("/"), true}} {
		for _, l := range []profile.Limits{{WriteRate: 1 << 20}, {ReadRate: 1 << 20}} {
			p := of(c.op)
			p.Limits = l
			_, err := Resolve(p, h)
			var u *UnsupportedError
			want := c.refused && l.WriteRate != 0
			if got := errors.As(err, &u) && u.Operations[0].Operation == "Limits.WriteRate" && strings.Contains(err.Error(), "the vfat at /mnt/stick"); got != want || err != nil && !want {
				t.Errorf("%s, %+v: %v", c.op, l, err)
			}
		}
	}
}
