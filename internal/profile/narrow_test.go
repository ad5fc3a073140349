package profile

// What narrows and what widens, kind by kind, and that nothing that is taken as narrowing allows more at any path.

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const wouldWiden = "; widen = true would allow it"

// Each child is tried on a base of its own; without an error it must be taken.
var narrowings = []struct{ base, child, want string }{
	// addresses
	{`connect = ["all"]`, `connect = ["tcp:443", "udp:53", "example.com:443", "10.0.0.0/8:80", "all"]`, ""},
	{`connect = ["all"]`, `connect = ["unix:/run/x"]`, `connect[0]: "unix:/run/x": beyond 0.toml, which allows "all"`},
	{`connect = ["all"]`, `listen = ["tcp:443"]`, `listen[0]: "tcp:443": beyond 0.toml, which allows none`},
	{`listen = ["all"]`, `listen = ["tcp:80", "udp:80", "loopback:80"]`, ""},
	{`listen = ["all"]`, `listen = ["unix:/run/x"]`, `listen[0]: "unix:/run/x": beyond 0.toml, which allows "all"`},
	{`listen = ["tcp:80"]`, `listen = ["loopback:80"]`, ""},
	{`listen = ["tcp:80"]`, `listen = ["loopback:81"]`, `listen[0]: "loopback:81": beyond 0.toml, which allows "tcp:80"`},
	{`listen = ["udp:80"]`, `listen = ["loopback:80"]`, `listen[0]: "loopback:80": beyond 0.toml, which allows "udp:80"`},
	{`listen = ["loopback:80"]`, `listen = ["tcp:80"]`, `listen[0]: "tcp:80": beyond 0.toml, which allows "loopback:80"`},
	{`connect = ["tcp:443"]`, `connect = ["tcp:443"]`, ""},
	{`connect = ["tcp:443"]`, `connect = []`, ""},
	{`connect = ["tcp:443"]`, `connect = ["all"]`, `connect[0]: beyond 0.toml, which allows "tcp:443"`},
	{`connect = ["tcp:443"]`, `connect = ["udp:443"]`, `connect[0]: "udp:443": beyond 0.toml, which allows "tcp:443"`},
	{`connect = ["tcp:443"]`, `connect = ["example.com:443"]`, `connect[0]: "example.com:443": beyond 0.toml, which allows "tcp:443"`},
	{`connect = ["example.com:443"]`, `connect = ["www.example.com:443"]`, `connect[0]: "www.example.com:443": beyond 0.toml, which allows "example.com:443"`},
	{`connect = ["10.0.0.0/8:80"]`, `connect = ["10.1.0.0/16:80", "10.2.3.4/32:80"]`, ""},
	{`connect = ["10.0.0.0/8:80"]`, `connect = ["10.1.0.0/16:81"]`, `connect[0]: "10.1.0.0/16:81": beyond 0.toml, which allows "10.0.0.0/8:80"`},
	{`connect = ["10.0.0.0/8:80"]`, `connect = ["0.0.0.0/0:80"]`, `connect[0]: "0.0.0.0/0:80": beyond 0.toml, which allows "10.0.0.0/8:80"`},
	{`connect = ["0.0.0.0/0:80"]`, `connect = ["2001:db8::/32:80"]`, `connect[0]: "2001:db8::/32:80": beyond 0.toml, which allows "0.0.0.0/0:80"`},
	{`connect = ["unix:/run"]`, `connect = ["unix:/run/x"]`, `connect[0]: "unix:/run/x": beyond 0.toml, which allows "unix:/run"`},

	// what has no argument, or is one thing by its name
	{`signal = true`, `signal = true`, ""},
	{``, `signal = true`, `signal: beyond 0.toml, where it is false`},
	{`signal = true`, `trace = true`, `trace: beyond 0.toml, where it is false`},
	{`ipc = ["system-v", "named-pipes"]`, `ipc = ["named-pipes"]`, ""},
	{`ipc = ["named-pipes"]`, `ipc = ["system-v"]`, `ipc[0]: "system-v": beyond 0.toml, which allows "named-pipes"`},
	{"read = ['/srv']\nipc = ['posix-shared-memory']", `ipc = []`, ""},
	{"read = ['/']\nipc = ['posix-shared-memory', 'system-v']", `ipc = ["posix-shared-memory"]`, ""},
	{"read = ['/']\nipc = ['posix-shared-memory']", `ipc = []`, `ipc: must list "posix-shared-memory", as 0.toml does: it hides the host's /dev/shm, which a path shows`},
	{"read = ['/dev/shm/x']\nbest-effort = [{ ipc = 'posix-shared-memory' }]", `best-effort = []`, `best-effort: must list "posix-shared-memory", as 0.toml does: it hides the host's /dev/shm, which a path shows`},
	{"read = ['/']\nbest-effort = [{ ipc = 'posix-shared-memory' }]", `ipc = ["posix-shared-memory"]`, ""},
	{`device = ["/dev/kvm"]`, `device = ["/dev/kvm"]`, ""},
	{`device = ["/dev"]`, `device = ["/dev/kvm"]`, `device[0]: "/dev/kvm": beyond 0.toml, which allows "/dev"`},
	{`read = ["/dev"]`, `device = ["/dev/kvm"]`, `device[0]: "/dev/kvm": beyond 0.toml, which allows none`},
	{`syscall = ["bpf", "add_key"]`, `syscall = ["add_key"]`, ""},
	{`syscall = ["bpf"]`, `syscall = ["bpf", "add_key"]`, `syscall[1]: "add_key": beyond 0.toml, which allows "bpf"`},

	// deny takes away, always; what it took stays taken
	{`read = ["/a"]`, `deny = [{ read = "/a/b" }, { write = "/x" }]`, ""},
	{"read = ['/a']\ndeny = [{ read = '/a/b' }]", `deny = []`, ""},
	{"read = ['/a']\ndeny = [{ read = '/a/b' }]", `read = ["/a", "/a/c"]`, ""},
	{"read = ['/a']\ndeny = [{ read = '/a/b' }]", `read = ["/a/b/c"]`, `read[0]: "/a/b/c": 0.toml denies "/a/b"; widen = true would allow what lies below it`},
	{"read = ['/a']\ndeny = [{ read = '/a/b' }]", `read = ["/a/b"]`, `read[0]: "/a/b": 0.toml denies "/a/b"; widen = true would allow what lies below it`},
	{"read = ['/a', '/a/b/c']\ndeny = [{ read = '/a/b' }]", `read = ["/a/b/c/d"]`, ""},
	{"read = ['/a', '/a/b/c']\ndeny = [{ read = '/a/b' }]", `read = ["/a/b/d"]`, `read[0]: "/a/b/d": 0.toml denies "/a/b"; widen = true would allow what lies below it`},
	{"read = ['/a']\ndeny = [{ read = { literal = '/a/b' } }]", `read = ["/a/b", "/a/b/c"]`, ""},
	{"read = ['/a']\ndeny = [{ read = { literal = '/a/b' } }]", `read = [{ literal = "/a/b" }]`, `read[0]: "/a/b": 0.toml denies { literal = "/a/b" }; widen = true would allow what lies below it`},
	{"read = ['/a']\ndeny = [{ metadata = '/a/b' }]", `read = ["/a/b/c"]`, `read[0]: "/a/b/c": 0.toml denies "/a/b"; widen = true would allow what lies below it`},
	{"read = ['/a']\nmetadata = ['/a']\ndeny = [{ read = '/a/b' }]", `metadata = ["/a/b/c"]`, `metadata[0]: "/a/b/c": 0.toml denies "/a/b"; widen = true would allow what lies below it`},
	{"read = ['/a']\nwrite = ['/a']\ndeny = [{ write = '/a/b' }]", `read = ["/a/b/c"]`, ""},
	{"best-effort = [{ deny = { read = '/a/b' } }]\nread = ['/a']", `read = ["/a/b/c"]`, `read[0]: "/a/b/c": 0.toml denies "/a/b"; widen = true would allow what lies below it`},
	{`read = ["/a"]`, `best-effort = [{ deny = { read = "/a/b" } }]`, ""},

	// what a view hides stays hidden
	{"read = ['/']\nprivate = ['/tmp']", `read = ["/", "/srv/in"]`, ""},
	{"read = ['/']\nprivate = ['/tmp']", `read = ["/tmp/in"]`, `read[0]: "/tmp/in": 0.toml hides what lies there behind private = "/tmp"; widen = true would show it`},
	{"read = ['/']\nprivate = ['/tmp']", `read = [{ literal = "/tmp/in" }]`, `read[0]: "/tmp/in": 0.toml hides what lies there behind private = "/tmp"; widen = true would show it`},
	{"read = ['/', '/tmp/in']\nprivate = ['/tmp']", `read = ["/tmp/in", "/tmp/in/x"]`, ""},
	{"exec = ['/']\nprivate = ['/tmp']", `exec = ["/", "/tmp"]`, `exec[1]: "/tmp": 0.toml hides what lies there behind private = "/tmp"; widen = true would show it`},
	{"exec = ['/', '/tmp']\nprivate = ['/tmp']", `exec = ["/", "/tmp"]`, ""},
	{"write = ['/t']\nmap = ['/t/m=/h']", `write = ["/t/m"]`, `write[0]: "/t/m": 0.toml hides what lies there behind map = "/t/m=/h"; widen = true would show it`},
	{"write = ['/t']\nmap = ['/t/m=/h:rw']", `write = ["/t/m/x"]`, ""},
	{"read = ['/t']\nmap = ['/t/m=/h']", `read = ["/t/m/x"]`, ""},
	{"exec = ['/t']\nmap = ['/t/m=/h:rw']", `exec = ["/t/m"]`, `exec[0]: "/t/m": 0.toml hides what lies there behind map = "/t/m=/h:rw"; widen = true would show it`},
	{"read = ['/']\nipc = ['posix-shared-memory']", `read = ["/dev/shm/x"]`, `read[0]: "/dev/shm/x": 0.toml hides what lies there behind ipc = "posix-shared-memory"; widen = true would show it`},
	{"read = ['/']\nipc = ['posix-queues']", `read = ["/dev/mqueue"]`, `read[0]: "/dev/mqueue": 0.toml hides what lies there behind ipc = "posix-queues"; widen = true would show it`},
	{"read = ['/']\nipc = ['posix-queues']", `ipc = []`, `ipc: must list "posix-queues", as 0.toml does: it hides the host's /dev/mqueue, which a path shows`},

	// best effort is taken where the base takes it
	{`system = true`, `best-effort = [{ system = true }]`, `best-effort[0]: 0.toml wants it exact; write it under system, or add widen = true`},
	{`best-effort = [{ system = true }]`, `best-effort = [{ system = true }]`, ""},
	{`best-effort = [{ system = true }]`, `system = true`, ""},
	{`write = ["/a"]`, `best-effort = [{ write = "/a/b" }]`, `best-effort[0]: "/a/b": 0.toml wants it exact; write it under write, or add widen = true`},
	{`best-effort = [{ write = "/a" }]`, `best-effort = [{ write = "/a/b" }]`, ""},
	{`best-effort = [{ write = "/a" }]`, `write = ["/a/b"]`, ""},
	{`best-effort = [{ write = "/a" }]`, `best-effort = [{ write = "/b" }]`, `best-effort[0]: "/b": beyond 0.toml, which allows "/a"` + wouldWiden},
	{`best-effort = [{ connect = "all" }]`, `best-effort = [{ connect = "tcp:443" }]`, ""},
	{`connect = ["all"]`, `best-effort = [{ connect = "tcp:443" }]`, `best-effort[0]: "tcp:443": 0.toml wants it exact; write it under connect, or add widen = true`},
	{"write = ['/a']\nbest-effort = [{ write = '/a/b' }]", `best-effort = [{ write = "/a/b" }]`, `best-effort[0]: "/a/b": 0.toml wants it exact; write it under write, or add widen = true`},
	{`best-effort = [{ private = "/tmp" }]`, `private = ["/tmp"]`, ""},
	{`best-effort = [{ private = "/tmp" }]`, `best-effort = []`, `best-effort: must list all that 0.toml lists, in its order: a view that is dropped or moved may show what it hid`},
	{`private = ["/tmp"]`, `best-effort = [{ private = "/tmp" }]`, `best-effort[0]: "/tmp": 0.toml wants it exact; write it under private, or add widen = true`},
	{`best-effort = [{ map = "/m=/h:rw" }]`, `map = ["/m=/h"]`, ""},
}

func TestEachKindNarrowsInItsOwnWay(t *testing.T) {
	for _, c := range narrowings {
		if strings.Contains(c.want, ": beyond ") && !strings.HasSuffix(c.want, wouldWiden) {
			c.want += wouldWiden
		}
		narrows(t, c.base, c.child, c.want)
	}
}

// narrows wants of a child that it is taken, or else refused with that text unless it widens.
func narrows(t *testing.T, base, child, want string) {
	t.Helper()
	write(t, map[string]string{"0.toml": schemaLine + base, "1.toml": schemaLine + "extends = '0.toml'\n" + child})
	_, err := Load("1.toml", Vars{})
	if want == "" {
		if err != nil {
			t.Errorf("%s\non %s: %v", child, base, err)
		}
		return
	}
	checkError(t, "1.toml", child, err, "1.toml:3: "+want)
	write(t, map[string]string{"0.toml": schemaLine + base, "1.toml": schemaLine + "extends = '0.toml'\nwiden = true\n" + child})
	if _, err := Load("1.toml", Vars{}); err != nil {
		t.Errorf("%s with widen: %v", child, err)
	}
}

// entriesOf writes the operations of a profile, each as its key and its entry.
func entriesOf(p Profile) string {
	var list []string
	for _, op := range p.Operations {
		key, item := formatOperation(op)
		list = append(list, key+" "+item)
	}
	return strings.Join(list, "; ")
}

func TestWhatIsReplacedAndWhatStays(t *testing.T) {
	for _, c := range []struct{ base, child, want string }{
		{"read = ['/a']\ndeny = [{ read = '/a/b' }]", "read = ['/a/c']", `read "/a/c"; deny { read = "/a/b" }`},
		{"read = ['/a']\ndeny = [{ read = '/a/b' }]", "deny = []", `read "/a"; deny { read = "/a/b" }`},
		{"read = ['/a']\ndeny = [{ read = '/a/b' }]", "deny = [{ read = '/a/c' }, { read = '/a/b' }]", `read "/a"; deny { read = "/a/b" }; deny { read = "/a/c" }`},
		{"read = ['/a']", "read = []\ndeny = [{ read = '/a/c' }]", `deny { read = "/a/c" }`},
		{"best-effort = [{ deny = { read = '/a/b' } }]\nread = ['/a']", "best-effort = []", `read "/a"; best-effort { deny = { read = "/a/b" } }`},
		{"write = ['/a']\nbest-effort = [{ write = '/b' }]", "write = []", ``},
		{"write = ['/a']\nbest-effort = [{ write = '/b' }]", "write = ['/b']", `write "/b"`},
		{"write = ['/a']\nbest-effort = [{ write = '/b' }, { system = true }]", "best-effort = [{ system = true }]", `best-effort { system = true }; write "/a"`},
		{"best-effort = [{ system = true }]", "system = true", `system true`},
		{"best-effort = [{ system = true }]", "system = false", ``},
		{"system = true", "widen = true\nbest-effort = [{ system = true }]", `system true; best-effort { system = true }`},
		{"read = ['/a']\ndeny = [{ read = '/a/b' }]", "widen = true\nread = ['/a/b/c']", `read "/a"; read "/a/b/c"; deny { read = "/a/b" }`},
	} {
		write(t, map[string]string{"0.toml": schemaLine + c.base, "1.toml": schemaLine + "extends = '0.toml'\n" + c.child})
		p, err := Load("1.toml", Vars{})
		if got := entriesOf(p); err != nil || got != c.want {
			t.Errorf("%s\non %s:\n got %s, %v\nwant %s", c.child, c.base, got, err, c.want)
		}
	}
}

// What a narrower file no longer allows needs no hole, but only New can tell, for a link may lead to it.
func TestADenialOfAnExtendedFileMayTakeNothing(t *testing.T) {
	write(t, map[string]string{
		"0.toml": schemaLine + "read = ['/a']\ndeny = [{ read = '/a/b' }]",
		"1.toml": schemaLine + "extends = '0.toml'\nread = ['/a/c']\ndeny = [{ read = '/a/c/d' }, { read = '/a/b' }]",
		"2.toml": schemaLine + "extends = '1.toml'\nwiden = true\nread = ['/e']\ndeny = [{ read = '/e/f' }]",
	})
	for name, want := range map[string]string{"0.toml": "/a/b false", "1.toml": "/a/b true /a/c/d false", "2.toml": "/a/b true /a/c/d false /e/f false"} {
		p, err := Load(name, Vars{})
		var list []string
		for _, op := range p.Operations {
			if op.Deny {
				list = append(list, fmt.Sprint(op.Pattern.Path, " ", op.Inherited))
			} else if op.Inherited {
				t.Errorf("%s: %v is inherited", name, op)
			}
		}
		if got := strings.Join(list, " "); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
}

// A link may lead into a hole, so what binds a pattern has the holes, too.
func TestABoundHasTheHoles(t *testing.T) {
	write(t, map[string]string{
		"0.toml": schemaLine + "read = ['/a']\nwrite = ['/a']\ndeny = [{ read = '/a/b' }, { metadata = '/a/c' }, { write = '/a/d' }]",
		"1.toml": schemaLine + "extends = '0.toml'\nread = ['/a/x']\nwrite = ['/a']",
	})
	p, err := Load("1.toml", Vars{})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range p.Operations {
		switch b := op.Bound; {
		case op.Kind == FileRead && !op.Deny:
			if got := entriesOf(Profile{Operations: slices.Concat(b.Operations, b.Denied)}); got != `read "/a"; deny { read = "/a/b" }; deny { metadata = "/a/c" }` {
				t.Errorf("%v is bound by %s", op, got)
			}
		case b != nil:
			t.Errorf("%v is bound by %v", op, b)
		}
	}
}

// granted tells what a profile lets be done with a path: the deepest word about it, and of two as deep the denial.
func granted(p Profile, right Kind, path string) bool {
	depth, allowed := -1, false
	for _, op := range p.Operations {
		speaks := op.Kind == right || op.Kind == FileRead && right == FileReadMetadata
		if !speaks || op.Pattern.Match == Literal && op.Pattern.Path != path || !slowlyCovers(op, file(op.Kind, sub(path))) && op.Pattern.Path != path {
			continue
		}
		if d := len(op.Pattern.Path); d > depth || d == depth && op.Deny {
			depth, allowed = d, !op.Deny
		}
	}
	return allowed
}

func TestNarrowingAllowsNoPathThatTheBaseDoesNot(t *testing.T) {
	paths := []string{"/", "/a", "/a/b", "/a/b/c", "/a/b/c/d", "/a/e", "/f"}
	operations := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Operation {
		return Operation{
			Kind:    rapid.SampledFrom([]Kind{FileRead, FileReadMetadata, FileWrite}).Draw(t, "kind"),
			Pattern: Pattern{Path: rapid.SampledFrom(paths).Draw(t, "path"), Match: rapid.SampledFrom([]Match{Literal, Subpath, Subpath}).Draw(t, "match")},
			Deny:    rapid.IntRange(0, 2).Draw(t, "deny") == 0, BestEffort: rapid.IntRange(0, 3).Draw(t, "effort") == 0,
		}
	}), 1, 6)
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		base := Profile{Operations: canonical(operations.Draw(t, "base"))}
		child := Profile{Operations: operations.Draw(t, "child")}
		d, err := readDocument("child.toml", []byte(child.TOML()), Vars{})
		if err != nil {
			t.Fatal(err)
		}
		if d.checkWithin(base, []string{"base.toml"}) != nil {
			return
		}
		taken++
		all := d.over(base)
		for _, right := range []Kind{FileRead, FileReadMetadata, FileWrite} {
			for _, path := range paths {
				if granted(all, right, path) && !granted(base, right, path) {
					t.Fatalf("%s at %s\nbase  %s\nchild %s\nboth  %s", right, path, entriesOf(base), entriesOf(child), entriesOf(all))
				}
			}
		}
	})
	if taken == 0 {
		t.Error("no child was taken")
	}
}

func TestManyAddressesAreComparedQuickly(t *testing.T) {
	var base, child strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&base, "'10.%d.%d.0/24:80',\n", i/256, i%256)
		fmt.Fprintf(&child, "'10.%d.%d.7/32:80',\n", i/256, i%256)
	}
	write(t, map[string]string{
		"0.toml": schemaLine + "connect = [\n" + base.String() + "]", "1.toml": schemaLine + "extends = '0.toml'\nconnect = [\n" + child.String() + "]",
	})
	p, err := Load("1.toml", Vars{})
	if err != nil || len(p.Operations) != 20_000 {
		t.Errorf("%d operations, %v", len(p.Operations), err)
	}
}
