package policy

// A link that the program itself could turn elsewhere grants nothing: for the next command it would lead where the program likes. And
// what lies in a writable tree and is mounted on keeps its place, since every directory on the way to it is mounted on too.

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

func TestALinkThatTheProgramCouldTurnIsRefused(t *testing.T) {
	const lines = `
		/w/in/f
		/w/to-opt -> /opt/data
		/w/to-in -> in
		/w/deep/up -> ../../opt
		/w/hop -> to-opt
		/w/dangling -> /nowhere
		/w/loose/
		/to-w-in -> w/in
		/to-w-link -> /w/to-opt
		/to-dots -> w/to-in/../../opt
		/fixed -> opt/data
		/w-2/to-opt -> /opt/data
	`
	refused := func(op, link, by string) string {
		if named := fmt.Sprintf("%q", link); !strings.Contains(op, named) {
			op += ": " + named
		}
		return fmt.Sprintf("%s: is a link that the program could change, by %s: name what it leads to", op, by)
	}
	byWrite, byMap := `FileWrite(Subpath("/w"))`, `Map("/m", "/w", ReadWrite)`
	for _, c := range []struct {
		name      string
		ops, twin list
		want      string
	}{
		{"a link", list{write("/w"), read("/w/to-opt")}, list{write("/w"), read("/opt/data")}, refused(`FileRead(Subpath("/w/to-opt"))`, "/w/to-opt", byWrite)},
		{"the same, the other way round", list{read("/w/to-opt"), write("/w")}, list{read("/w/to-opt"), read("/w")}, refused(`FileRead(Subpath("/w/to-opt"))`, "/w/to-opt", byWrite)},
		{"below a link", list{write("/w"), read("/w/to-opt/x")}, list{write("/w"), read("/opt/data/x")}, refused(`FileRead(Subpath("/w/to-opt/x"))`, "/w/to-opt", byWrite)},
		{"a link that stays in the tree", list{write("/w"), read("/w/to-in/f")}, list{write("/w"), read("/w/in/f")}, refused(`FileRead(Subpath("/w/to-in/f"))`, "/w/to-in", byWrite)},
		{"a link that climbs out", list{write("/w"), execute("/w/deep/up/data")}, list{write("/w"), execute("/opt/data")}, refused(`FileExecute(Subpath("/w/deep/up/data"))`, "/w/deep/up", byWrite)},
		{"for metadata", list{write("/w"), meta("/w/to-opt/x")}, nil, refused(`FileReadMetadata(Subpath("/w/to-opt/x"))`, "/w/to-opt", byWrite)},
		{"for writing", list{write("/w"), write("/w/to-opt/x")}, nil, refused(`FileWrite(Subpath("/w/to-opt/x"))`, "/w/to-opt", byWrite)},
		{"for a file", list{write("/w"), literal(read("/w/to-opt/x"))}, list{literal(write("/w/in/f")), literal(read("/w/to-opt/x"))}, refused(`FileRead(Literal("/w/to-opt/x"))`, "/w/to-opt", byWrite)},
		{"though optional", list{write("/w"), optional(read("/w/to-opt/x"))}, list{write("/w"), optional(read("/w/to-opt-x"))}, refused(`FileRead(Optional(Subpath("/w/to-opt/x")))`, "/w/to-opt", byWrite)},
		{"a link to such a link", list{write("/w"), read("/to-w-link/x")}, list{write("/w"), read("/to-w-in/f")}, refused(`FileRead(Subpath("/to-w-link/x"))`, "/w/to-opt", byWrite)},
		{"the second of two", list{write("/w/in"), write("/w/loose"), read("/w/hop/x")}, nil, ""},
		{"the first of two", list{write("/w"), read("/w/hop/x")}, nil, refused(`FileRead(Subpath("/w/hop/x"))`, "/w/hop", byWrite)},
		{"one that is left again", list{write("/w"), read("/to-dots")}, list{write("/w/in"), read("/to-dots")}, refused(`FileRead(Subpath("/to-dots"))`, "/w/to-in", byWrite)},
		{"a link elsewhere", list{write("/w"), read("/fixed"), read("/w-2/to-opt")}, nil, ""},
		{"the tree itself through a link", list{write("/to-w-in"), read("/to-w-in/f")}, nil, ""},
		{"a link beside a tree that is written through a link", list{write("/to-w-in"), read("/w/to-opt/x")}, nil, ""},

		{"the host's side of a map", list{write("/w"), mapRO("/x", "/w/to-opt")}, list{write("/w"), mapRO("/x", "/opt/data")}, refused(`Map("/x", "/w/to-opt", ReadOnly)`, "/w/to-opt", byWrite)},
		{"the way to the host's side of a map", list{write("/w"), mapRO("/x", "/w/to-opt/x")}, list{write("/w"), mapRO("/x", "/opt/data/x")}, refused(`Map("/x", "/w/to-opt/x", ReadOnly)`, "/w/to-opt", byWrite)},
		{"a link to a link, mapped", list{write("/w"), mapRO("/x", "/to-w-link")}, list{write("/w"), mapRO("/x", "/to-w-in")}, refused(`Map("/x", "/to-w-link", ReadOnly)`, "/w/to-opt", byWrite)},
		{"a link in what is mapped to be written", list{mapRW("/m", "/w"), read("/w/to-opt/x")}, list{mapRO("/m", "/w"), read("/w/to-opt/x")}, refused(`FileRead(Subpath("/w/to-opt/x"))`, "/w/to-opt", byMap)},
		{"the same, by its name inside", list{mapRW("/m", "/w"), read("/m/to-opt/x")}, list{mapRO("/m", "/w"), read("/m/to-opt/x")}, refused(`FileRead(Subpath("/m/to-opt/x"))`, "/w/to-opt", byMap)},
		{"the same, mapped", list{mapRW("/m", "/w"), mapRO("/x", "/w/to-opt/x")}, list{mapRO("/m", "/w"), mapRO("/x", "/w/to-opt/x")}, refused(`Map("/x", "/w/to-opt/x", ReadOnly)`, "/w/to-opt", byMap)},
		{"a tree that is mapped elsewhere and written there", list{mapRO("/m", "/w"), write("/m/deep"), read("/w/deep/up/data")}, list{mapRO("/m", "/w"), write("/m/in"), read("/w/deep/up/data")},
			refused(`FileRead(Subpath("/w/deep/up/data"))`, "/w/deep/up", `FileWrite(Subpath("/m/deep"))`)},
		{"below the root", list{write("/"), read("/fixed/x")}, list{write("/"), read("/opt/data/x")}, refused(`FileRead(Subpath("/fixed/x"))`, "/fixed", `FileWrite(Subpath("/"))`)},
		{"below a root that gives no less", list{read("/"), write("/"), read("/fixed/x"), meta("/w/to-opt")}, list{read("/"), write("/")}, refused(`FileReadMetadata(Subpath("/w/to-opt"))`, "/w/to-opt", `FileRead(Subpath("/"))`)},
		{"below a root that gives as much", list{read("/"), write("/"), read("/fixed/x")}, nil, ""},
		{"below a root that gives less", list{read("/"), write("/"), execute("/fixed/x")}, list{read("/"), write("/"), execute("/"), execute("/fixed/x")}, refused(`FileExecute(Subpath("/fixed/x"))`, "/fixed", `FileRead(Subpath("/"))`)},
		{"of the system, below a root that gives less", list{system, read("/"), write("/")}, nil, refused("System()", "/bin", `FileRead(Subpath("/"))`)},
		{"mapped below a root, which hides something of it", list{read("/"), write("/"), execute("/"), mapRO("/tmp", "/fixed")}, nil, refused(`Map("/tmp", "/fixed", ReadOnly)`, "/fixed", `FileRead(Subpath("/"))`)},
		{"below a root that gives as much, in a tree that does not", list{mapRW("/tmp", "/w"), read("/"), write("/"), read("/w/to-opt")}, nil, refused(`FileRead(Subpath("/w/to-opt"))`, "/w/to-opt", `Map("/tmp", "/w", ReadWrite)`)},
		{"of what the network brings", list{outbound, write("/etc")}, list{outbound, write("/etc/ssl/certs")}, refused("NetworkOutbound(All)", "/etc/resolv.conf", `FileWrite(Subpath("/etc"))`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Resolve(of(c.ops...), host(newFS(t, merged, lines)))
			var bad *profile.Error
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &bad) || err.Error() != c.want):
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if _, err := Resolve(of(c.twin...), host(newFS(t, merged, lines))); err != nil {
				t.Errorf("the twin: %v", err)
			}
		})
	}
}

// What the program makes where an optional path was missing grants no more than what is there: a directory is its own anyway, a link is
// refused.
func TestAMissingPathInAWritableTreeIsNoWayOut(t *testing.T) {
	ops := of(write("/w"), optional(read("/w/new")), optional(execute("/w/dir/new/deeper")))
	resolve := func(made ...string) (Policy, error) {
		return Resolve(ops, host(newFS(t, append(made, merged, "/w/dir/")...)))
	}
	for _, c := range []struct {
		name string
		made []string
		want string
	}{
		{"nothing", nil, ""},
		{"the directory", []string{"/w/new/x"}, ""},
		{"a link that dangles", []string{"/w/new -> /nowhere"}, ""},
		{"a link", []string{"/w/new -> /home/me"}, `"/w/new"))): is a link that the program could change`},
		{"a link on the way", []string{"/w/dir/new -> /opt/data", "/opt/data/deeper"}, `"/w/dir/new": is a link that the program could change`},
		{"a link to itself", []string{"/w/new -> new"}, "too many levels of symbolic links"},
		{"a link to a link", []string{"/w/new -> other", "/w/other -> /home/me"}, `"/w/new"))): is a link that the program could change`},
	} {
		p, err := resolve(c.made...)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, e := range p.Entries {
			if !under(e.Host, "/w") {
				t.Errorf("%s: %+v is granted", c.name, e)
			}
		}
	}
}

// pinned finds a directory that the program could move although a mount lies below it.
func pinned(p *Policy) error {
	for _, e := range p.Entries {
		if e.Kind == Link || e.Kind == Bind && !e.Mount {
			continue
		}
		for d := path.Dir(e.Path); d != "/"; d = path.Dir(d) {
			if x := p.enclosing(d); x != nil && x.Kind == Bind && x.Rights&Write != 0 && (x.Path != d || !x.Mount) {
				return fmt.Errorf("%s is mounted in %s, where %s can be moved", e.Path, x.Path, d)
			}
		}
	}
	return nil
}

// anchored finds what is shown at one place and could be moved at another, where the program may write around it. A directory that is
// mounted on anywhere in the view cannot be moved by any of its names (fs/namei.c: is_local_mountpoint).
func anchored(p *Policy) error {
	mounted := map[string]bool{}
	for _, e := range p.Entries {
		if x := p.enclosing(path.Dir(e.Path)); x != nil && x.Kind == Bind && (e.Mount || e.Kind == Private || e.Kind == Empty) {
			mounted[path.Join(x.Host, strings.TrimPrefix(e.Path, x.Path))] = true
		}
	}
	for _, e := range p.Entries {
		if e.Kind != Bind && e.Kind != Cover || e.Rights&Device != 0 || mounted[e.Host] {
			continue
		}
		for _, w := range p.Entries {
			if w.Kind != Bind || !w.Dir || w.Rights&Write == 0 || e.Host == w.Host || !under(e.Host, w.Host) {
				continue
			}
			at := path.Join(w.Path, strings.TrimPrefix(e.Host, w.Host))
			x := p.enclosing(at)
			if x.Kind == Bind && x.Rights&Write != 0 && path.Join(x.Host, strings.TrimPrefix(at, x.Path)) == e.Host && (x.Path != at || !x.Mount) {
				return fmt.Errorf("%s shows %s, which can be moved at %s", e.Path, e.Host, at)
			}
		}
	}
	return nil
}

func TestTheWayToWhatLiesInAWritableTreeIsPinned(t *testing.T) {
	const lines = "/w/a/b/c/d/e/\n/w/a/b/f\n/w/a-b/x/\n/w/g/h/i/\n/w/s/sys/\n/w/s/proc/\nmount sysfs /w/s/sys\nmount proc /w/s/proc\n/m/\n/q/r/s/"
	for _, c := range []struct {
		ops  list
		want string // whatever is mounted; no more than is needed
	}{
		{list{write("/w")}, "/w /w/s /w/s/proc /w/s/sys"},
		{list{write("/w/a"), read("/w/a/b")}, "/w/a /w/a/b"},
		{list{write("/w/a"), read("/w/a/b/c")}, "/w/a /w/a/b /w/a/b/c"},
		{list{write("/w/a"), read("/w/a/b/c/d/e"), literal(read("/w/a/b/f")), execute("/w/a")}, "/w/a /w/a/b /w/a/b/c /w/a/b/c/d /w/a/b/c/d/e /w/a/b/f"},
		{list{write("/w"), read("/w/a/b/c"), meta("/w/a-b/x"), execute("/w/a/b/c/d/e")}, "/w /w/a /w/a/b /w/a/b/c /w/a/b/c/d /w/a/b/c/d/e /w/a-b /w/a-b/x /w/s /w/s/proc /w/s/sys"},
		{list{write("/w/a"), private("/w/a/b/c"), mapRW("/w/a/b/c/new/place", "/opt")}, "/w/a /w/a/b /w/a/b/c /w/a/b/c/new/place"},
		{list{write("/w/g"), write("/w/a"), private("/w/a/b"), best(read("/w/a/b/c/d")), private("/w/g/h")}, "/w/a /w/a/b /w/a/b/c/d /w/g /w/g/h"},
		{list{write("/w/g"), mapRW("/w/g/h", "/w/a"), read("/w/g/h/b/c")}, "/w/g /w/g/h /w/g/h/b /w/g/h/b/c"},
		{list{write("/w/g"), best(mapRO("/w/g/h", "/w/a")), read("/w/g/h/b/c")}, "/w/g /w/g/h"},
		{list{mapRW("/m/n", "/w"), private("/m/n/g/h/i")}, "/m/n /m/n/g /m/n/g/h /m/n/g/h/i /m/n/s /m/n/s/proc /m/n/s/sys"},
		{list{write("/"), private("/q/r/s"), mapRO("/w/a/b/f", "/opt/data/x")}, "/ /opt /opt/data /opt/data/x /q /q/r /q/r/s /w /w/a /w/a/b /w/a/b/f /w/s /w/s/proc /w/s/sys"},
		// what is shown elsewhere keeps its place where it comes from, too
		{list{write("/w/a"), mapRO("/x", "/w/a/b/c")}, "/w/a /w/a/b /w/a/b/c /x"},
		{list{write("/w/a"), mapRO("/x", "/w/a/b/f")}, "/w/a /w/a/b /w/a/b/f /x"},
		{list{write("/w/a"), mapRW("/x", "/w/a/b/c"), private("/x/d/e")}, "/w/a /w/a/b /w/a/b/c /x /x/d /x/d/e"},
		{list{mapRW("/x", "/w/a"), read("/w/a/b/c")}, "/w/a/b/c /x /x/b /x/b/c"},
		{list{mapRW("/x", "/w/a"), mapRW("/y", "/w/a"), read("/x/b/c")}, "/x /x/b /x/b/c /y /y/b /y/b/c"},
		{list{write("/w/a"), mapRO("/x", "/w/a")}, "/w/a /x"}, // the tree itself: nothing is in it that could be moved
		{list{write("/w/g"), mapRO("/x", "/w/a/b")}, "/w/g /x"},
		{list{read("/w/a"), mapRO("/x", "/w/a/b")}, "/w/a /x"},
		{list{write("/w/a"), private("/w/a/b"), mapRO("/x", "/w/a/b/c")}, "/w/a /w/a/b /x"}, // it cannot be reached there
		{list{write("/w/a"), best(mapRO("/w/a/b", "/opt")), mapRO("/x", "/w/a/b/c")}, "/w/a /w/a/b /x"},
		{list{read("/w"), private("/w/g/h")}, "/w /w/g/h /w/s/proc"}, // nothing can be moved there
		{list{read("/w"), write("/w/a/b"), private("/w/a/b/c/d")}, "/w /w/a/b /w/a/b/c /w/a/b/c/d /w/s/proc"},
		{list{literal(write("/w/a/b/f")), private("/w/g/h/i")}, "/w/a/b/f /w/g/h/i"},
	} {
		p, err := Resolve(of(c.ops...), host(newFS(t, merged, lines)))
		if err != nil {
			t.Errorf("%v: %v", c.ops, err)
			continue
		}
		if err := errors.Join(pinned(&p), anchored(&p)); err != nil {
			t.Errorf("%v: %v\n%s", c.ops, err, p)
		}
		var got []string
		for _, e := range p.Entries {
			if e.Mount || e.Kind == Private || e.Kind == Empty {
				got = append(got, e.Path)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v:\ngot  %s\nwant %s", c.ops, strings.Join(got, " "), c.want)
		}
	}
}

// Each directory is pinned once, however much lies in it.
func TestManyPinsShareTheirDirectories(t *testing.T) {
	f := newFS(t, "/w/a/b/")
	ops := list{write("/w")}
	for i := range 300 {
		p := fmt.Sprintf("/w/a/b/d%d/e", i%30) + fmt.Sprint(i)
		f.add(p + "/")
		ops = append(ops, []func(string) profile.Operation{read, private, execute}[i%3](p))
	}
	p, err := Resolve(of(ops...), host(f))
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 2 + 30 + 300; len(p.Entries) != want {
		t.Errorf("%d entries, not %d", len(p.Entries), want)
	}
	if err := pinned(&p); err != nil {
		t.Error(err)
	}
	for i := 1; i < len(p.Entries); i++ {
		if ByPath(p.Entries[i-1].Path, p.Entries[i].Path) >= 0 {
			t.Fatalf("%s comes after %s", p.Entries[i].Path, p.Entries[i-1].Path)
		}
	}
}
