package policy

// Where a path inside lies on the host, and what a policy shows; and that resolving stays linear in the number of rules.

import (
	"fmt"
	"testing"
	"time"
)

func TestAPathInsideIsFoundOnTheHost(t *testing.T) {
	p, err := Resolve(of(system, read("/srv"), mapRO("/data", "/opt/data"), private("/tmp"), read("/l/x")),
		host(newFS(t, merged, "/l -> srv/in\n/srv/in/x\n/loop -> loop")))
	if err != nil {
		t.Fatal(err)
	}
	p.Entries = append(p.Entries, Entry{Path: "/loop", Kind: Link, Host: "loop"})
	for _, c := range []struct {
		inside, want string
		ok, shown    bool
	}{
		{"/srv", "/srv", true, true},
		{"/srv/in/a", "/srv/in/a", true, true},
		{"/srvx", "", false, false},
		{"/bin/sh", "/usr/bin/sh", true, false}, // Shows follows no link
		{"/bin", "/usr/bin", true, true},
		{"/l", "/srv/in", true, true},
		{"/l/x", "/srv/in/x", true, false},
		{"/data/x", "/opt/data/x", true, false}, // as far as the policy alone can tell
		{"/data", "/opt/data", true, true},
		{"/tmp", "", false, true},
		{"/tmp/x", "", false, false},
		{"/etc", "", false, true}, // on the way to what is granted
		{"/etc/passwd", "", false, false},
		{"/home/me/key", "", false, false},
		{"/", "", false, true},
		{"/loop", "", false, true},
		{"/loop/x", "", false, false},
	} {
		if got, ok := p.HostPath(c.inside); got != c.want || ok != c.ok {
			t.Errorf("HostPath(%s): %q, %v", c.inside, got, ok)
		}
		if got := p.Shows(c.inside); got != c.shown {
			t.Errorf("Shows(%s): %v", c.inside, got)
		}
	}
}

// linear compares one profile of 16n rules with sixteen of n: linear work takes about as long and asks the file system as often, quadratic
// takes sixteen times as long. Both take alike long to measure, so that a busy machine slows both; the shortest of several runs counts.
func linear(t *testing.T, what string, rules func(n int) (list, *fakeFS)) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a while")
	}
	const n, times, room, rounds = 625, 16, 8, 10
	run := func(n, repeat int) func() (time.Duration, int) {
		ops, f := rules(n)
		return func() (time.Duration, int) {
			f.lookup = 0
			start := time.Now()
			for range repeat {
				if _, err := Resolve(of(ops...), host(f)); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(start), f.lookup
		}
	}
	few, many := run(n, times), run(times*n, 1)
	least, most := time.Hour, time.Hour
	for round := 1; ; round++ {
		d, asked := few()
		least = min(least, d)
		d, askedMany := many()
		most = min(most, d)
		if askedMany > asked {
			t.Errorf("%s: %d times %d rules ask the file system %d times, %d rules %d times", what, times, n, asked, times*n, askedMany)
			return
		}
		if most < room*least {
			t.Logf("%s: %d times %d in %v, %d in %v", what, times, n, least, times*n, most)
			return
		}
		if round == rounds {
			t.Errorf("%s: %d times %d rules take %v, %d take %v", what, times, n, least, times*n, most)
			return
		}
	}
}

func TestTenThousandRulesAreResolvedInLinearTime(t *testing.T) {
	name := func(i int) string { return fmt.Sprintf("/d%d/e%d/f%d", i%10, i/10%100, i) }
	linear(t, "files", func(n int) (ops list, f *fakeFS) {
		f = newFS(t)
		for i := range n {
			f.add(name(i))
			ops = append(ops, literal(read(name(i))))
		}
		return ops, f
	})
	linear(t, "directories in a readable one, writable", func(n int) (ops list, f *fakeFS) {
		f = newFS(t)
		ops = list{read("/d0")}
		for i := range n {
			p := fmt.Sprintf("/d0/e%d", i)
			f.add(p + "/")
			ops = append(ops, write(p))
		}
		return ops, f
	})
	linear(t, "links", func(n int) (ops list, f *fakeFS) {
		f = newFS(t)
		for i := range n {
			f.add(name(i))
			f.add(fmt.Sprintf("/l%d -> %s", i, name(i)))
			ops = append(ops, read(fmt.Sprintf("/l%d", i)))
		}
		return ops, f
	})
}

// A mount table of a host with many containers. The pins and what covers the mounts are entries, too.
func TestFiveThousandMountsAreResolvedInLinearTime(t *testing.T) {
	kinds := []string{"ext4", "proc", "overlay", "sysfs", "tmpfs"}
	mounts := func(f *fakeFS, n int, under string) {
		for i := range n {
			p := fmt.Sprintf("%s/c%d/r%d/m%d", under, i%50, i/50, i)
			f.add(p + "/")
			f.mounts = append(f.mounts, Mount{Path: p, Type: kinds[i%len(kinds)]})
		}
	}
	linear(t, "mounts in a writable tree, and grants in it", func(n int) (ops list, f *fakeFS) {
		f = newFS(t)
		mounts(f, n/2, "/w")
		ops = list{read("/w"), write("/w")}
		for i := range n {
			p := fmt.Sprintf("/w/d%d/e%d", i%100, i)
			f.add(p + "/")
			ops = append(ops, execute(p))
		}
		return ops, f
	})
	linear(t, "mounts in a readable root, and grants in it", func(n int) (ops list, f *fakeFS) {
		f = newFS(t, "/proc/1/")
		mounts(f, n/2, "/var/lib")
		ops = list{read("/")}
		for i := range n {
			p := fmt.Sprintf("/d%d/e%d", i%100, i)
			f.add(p)
			ops = append(ops, literal(write(p)))
		}
		return ops, f
	})
	linear(t, "mounts elsewhere, and links", func(n int) (ops list, f *fakeFS) {
		f = newFS(t)
		mounts(f, n/2, "/var/lib")
		f.add("/w/")
		ops = list{write("/w")}
		for i := range n {
			f.add(fmt.Sprintf("/t/d%d/", i))
			f.add(fmt.Sprintf("/l%d -> /t/d%d", i, i))
			ops = append(ops, read(fmt.Sprintf("/l%d", i)))
		}
		return ops, f
	})
}

// What does not lie below a granted tree is not even looked at.
func TestMountsElsewhereAreNotLookedUp(t *testing.T) {
	asked := func(mounts int) int {
		f := newFS(t, "/srv/in/a")
		for i := range mounts {
			p := fmt.Sprintf("/var/lib/c%d/proc", i)
			f.add(p + "/")
			f.mounts = append(f.mounts, Mount{Path: p, Type: "proc"})
		}
		if _, err := Resolve(of(read("/srv"), write("/srv/in")), host(f)); err != nil {
			t.Fatal(err)
		}
		return f.lookup
	}
	if none, many := asked(0), asked(5000); many != none {
		t.Errorf("%d lookups with 5000 mounts, %d without", many, none)
	}
}

func TestTenThousandMapsAreResolvedInLinearTime(t *testing.T) {
	linear(t, "maps out of a writable tree, which are pinned there, too", func(n int) (ops list, f *fakeFS) {
		f = newFS(t)
		ops = list{write("/h")}
		for i := range n {
			p := fmt.Sprintf("/h/d%d/e%d", i%100, i)
			f.add(p + "/")
			ops = append(ops, mapRO(fmt.Sprintf("/m/%d", i), p))
		}
		return ops, f
	})
	linear(t, "maps and a grant in each", func(n int) (ops list, f *fakeFS) {
		f = newFS(t, "/m/")
		for i := range n / 2 {
			p := fmt.Sprintf("/h/d%d", i)
			f.add(p + "/x")
			ops = append(ops, mapRO(fmt.Sprintf("/m/%d", i), p), execute(fmt.Sprintf("/m/%d/x", i)))
		}
		return ops, f
	})
}
