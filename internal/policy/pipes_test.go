package policy

// Named pipes in what is not to be written: a read-only mount does not hold for them, so that below anything that carries Write in Landlock's
// sum a promise not to write is not exact. Each case has a twin that is.

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

func TestADirectoryBelowWhatCanBeWrittenIsNotExactlyReadOnly(t *testing.T) {
	own := private("/tmp")
	for _, c := range []struct {
		name      string
		landlock  int
		ops, twin list
		bounds    list // those that are refused
	}{
		{"denied in a writable tree", 6, join(all("/srv", fr, fw), denied(write("/srv/in"))), join(list{read("/srv"), write("/srv/out")}), denied(write("/srv/in"))},
		{"the same without Landlock", 0, join(all("/srv", fr, fw), denied(write("/srv/in"))), join(all("/srv", fr, fw), denied(literal(write("/srv/in/a")))), denied(write("/srv/in"))},
		{"denied in a tree that is only written and executed", 6, join(all("/srv", fw, fx), denied(write("/srv/in"))), list{write("/srv/out"), execute("/srv/in")}, denied(write("/srv/in"))},
		{"denied in what is mapped", 6, join(list{mapRW("/data", "/srv")}, denied(write("/data/in"))), list{mapRO("/data", "/srv")}, denied(write("/data/in"))},
		{"mapped into a private directory", 6, list{own, mapRO("/tmp/in", "/srv/in")}, list{own, mapRO("/in", "/srv/in")}, list{mapRO("/tmp/in", "/srv/in")}},
		{"mapped, writable", 6, list{own, mapRO("/tmp/in", "/srv/in")}, list{own, mapRW("/tmp/in", "/srv/in")}, list{mapRO("/tmp/in", "/srv/in")}},
		{"a mapped file", 6, list{own, mapRO("/tmp/in", "/srv/in")}, list{own, mapRO("/tmp/in", "/srv/in/a")}, list{mapRO("/tmp/in", "/srv/in")}},
		{"granted in a private directory", 6, list{own, read("/tmp/d")}, list{own, literal(read("/tmp/d/f"))}, list{read("/tmp/d")}},
		{"a pipe in a private directory", 6, list{own, literal(read("/tmp/d/pipe"))}, list{own, literal(read("/tmp/d/f"))}, list{literal(read("/tmp/d/pipe"))}},
		{"granted in a private directory without Landlock", 0, list{own, read("/tmp/d")}, list{own, literal(read("/tmp/d/f"))}, list{read("/tmp/d")}},
		{"granted by two", 6, list{own, read("/tmp/d"), execute("/tmp/d")}, list{own, read("/tmp/d"), execute("/tmp/d"), write("/tmp/d")}, list{read("/tmp/d"), execute("/tmp/d")}},
		{"mapped into a writable tree", 6, list{read("/srv"), write("/srv"), mapRO("/srv/in", "/opt")}, list{read("/srv"), mapRO("/srv/in", "/opt")}, list{mapRO("/srv/in", "/opt")}},
		{"mapped into a tree that is read in a private directory", 6, list{own, best(read("/tmp/d")), mapRO("/tmp/d/sub", "/opt")}, list{read("/tmp"), mapRO("/tmp/d/sub", "/opt")}, list{mapRO("/tmp/d/sub", "/opt")}},
		{"shown again in what is denied", 6, join(all("/srv", fr, fw), denied(read("/srv/in"), write("/srv/in")), list{read("/srv/in/sub")}),
			join(all("/srv", fr, fw), denied(read("/srv/in"), write("/srv/in")), all("/srv/in/sub", fr, fw)), list{read("/srv/in/sub")}},
		{"a directory of the system's that is named, too", 6, list{system, private("/usr/share"), read("/usr/share/zoneinfo")}, list{system, private("/usr/share"), read("/usr/lib")}, list{read("/usr/share/zoneinfo")}},
		{"not again for what lies in it", 6, list{own, read("/tmp/d"), read("/tmp/d/sub"), execute("/tmp/d/sub")}, nil, list{read("/tmp/d")}},
		{"what System and the network bring holds none", 6, list{own, read("/tmp/d")}, list{system, outbound, private("/etc")}, list{read("/tmp/d")}},
		{"a file system of the kernel's holds none", 6, list{own, read("/tmp/d")}, list{read("/"), write("/"), read("/sys")}, list{read("/tmp/d")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged, "/tmp/d/f\n/tmp/d/sub/\n/tmp/d/pipe fifo\nmount sysfs /sys"))
			h.Landlock = c.landlock
			_, err := Resolve(of(c.ops...), h)
			var lacks *UnsupportedError
			if !errors.As(err, &lacks) {
				t.Fatalf("not refused: %v", err)
			}
			var got, want []string
			for _, u := range lacks.Operations {
				if u.Gap == pipesGap {
					got = append(got, u.Operation)
				}
			}
			var effort list
			for _, o := range c.ops {
				if slices.Contains(c.bounds, o) {
					want, o = append(want, o.String()), best(o)
				}
				effort = append(effort, o)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v is refused, not %v", got, want)
			}
			p, err := Resolve(of(effort...), h)
			for _, o := range c.bounds {
				if !slices.Contains(p.Gaps, Gap{best(o).String(), pipesGap}) {
					t.Errorf("best effort: %v, gaps %v", err, p.Gaps)
				}
			}
			h.Landlock = 6
			if p, err := Resolve(of(c.twin...), h); err != nil || len(p.Gaps) > 0 {
				t.Errorf("the twin: %v, gaps %v", err, p.Gaps)
			}
		})
	}
}

// The finding belongs to what takes Write, not to another denial of the same path.
func TestTheBestEffortOfOneDenialIsNotThatOfAnother(t *testing.T) {
	for _, p := range []string{"/srv/pipe", "/srv/in"} {
		ops := join(all("/srv", fr, fw, fx), list{best(deny(execute(p))), deny(write(p))})
		_, err := Resolve(of(ops...), host(newFS(t, merged, "/srv/pipe fifo")))
		var lacks *UnsupportedError
		if !errors.As(err, &lacks) || len(lacks.Operations) != 1 || lacks.Operations[0].Operation != deny(write(p)).String() {
			t.Errorf("%s: %v", p, err)
		}
		ops = join(all("/srv", fr, fw, fx), list{deny(execute(p)), best(deny(write(p)))})
		if got, err := Resolve(of(ops...), host(newFS(t, merged, "/srv/pipe fifo"))); err != nil || !slices.Contains(got.Gaps, Gap{best(deny(write(p))).String(), pipesGap}) {
			t.Errorf("%s: %v, %v", p, err, got.Gaps)
		}
	}
}

// A private directory is one, whatever lies there on the host.
func TestWhatIsMissingBelowAPrivateDirectoryCouldBeMade(t *testing.T) {
	for _, lines := range []string{"", "/own -> srv", "/own -> srv/in/a", "/own/"} {
		_, err := Resolve(of(private("/own"), read("/srv"), deny(optional(read("/own/x")))), host(newFS(t, merged, lines)))
		var bad *profile.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "the program could make it") {
			t.Errorf("%q: %v", lines, err)
		}
	}
}
