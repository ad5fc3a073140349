package profile

// What a file that extends others may say. Beside each attempt to widen stands its twin that says widen = true and may.

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const baseFile = `schema = 1
system = true
sysinfo = true
read = ["/srv/in", { literal = "/etc/hosts" }, "/opt?", "/a", "/a/b", "/a-b"]
metadata = ["/srv"]
write = ["/srv/out"]
exec = ["/usr/bin"]
connect = ["all"]
private = ["/tmp", "/var/tmp"]
map = ["/in=/srv/a", "/out=/srv/b:rw"]
pass-env = ["LANG", "TERM"]
dir = "/srv"
[env]
A = "base"
B = "base"
`

func TestAFileThatExtendsNarrows(t *testing.T) {
	base, err := Parse("base.toml", []byte(baseFile), Vars{})
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*Profile)) Profile {
		p := base
		p.Operations = append([]Operation(nil), base.Operations...)
		f(&p)
		return p
	}
	replace := func(kind Kind, ops ...Operation) Profile {
		return change(func(p *Profile) {
			var kept []Operation
			for _, op := range p.Operations {
				if op.Kind != kind {
					kept = append(kept, op)
				}
			}
			p.Operations = canonical(append(kept, ops...))
		})
	}
	for _, c := range []struct {
		child string
		want  Profile
	}{
		{``, base},
		{`system = true`, base},
		{`system = false`, replace(System)},
		{`process = false`, base},
		{`read = []`, replace(FileRead)},
		{`read = ["/srv/in/x", "/srv/in", "/opt/y", "/a/b/c", "/a-b/c"]`, replace(FileRead, file(FileRead, sub("/srv/in/x")),
			file(FileRead, sub("/srv/in")), file(FileRead, sub("/opt/y")), file(FileRead, sub("/a/b/c")), file(FileRead, sub("/a-b/c")))},
		{`read = [{ literal = "/etc/hosts", optional = true }, { literal = "/srv/in" }]`, replace(FileRead,
			file(FileRead, optional(literal("/etc/hosts"))), file(FileRead, literal("/srv/in")))},
		{`connect = []`, replace(NetworkOutbound)},
		{`connect = ["all"]`, base},
		{`private = ["/tmp", "/var/tmp"]`, base},
		{`map = ["/in=/srv/a", "/out=/srv/b:ro"]`, replace(Map, Operation{Kind: Map, Path: "/in", Host: "/srv/a", Mode: ReadOnly},
			Operation{Kind: Map, Path: "/out", Host: "/srv/b", Mode: ReadOnly})},
		{`pass-env = ["TERM"]`, change(func(p *Profile) { p.PassEnv = []string{"TERM"} })},
		{`dir = "/elsewhere"`, change(func(p *Profile) { p.Dir = "/elsewhere" })},
		{`on-denied = "kill"`, change(func(p *Profile) { p.OnDenied = Kill })},
		{"[env]\nB = 'child'\nC = 'child'", change(func(p *Profile) { p.Env = []string{"B=child", "C=child"} })},

		{"widen = true\nprocess = true", change(func(p *Profile) { p.Operations = canonical(append(p.Operations, Operation{Kind: ProcessCreate})) })},
		{"widen = true\nsystem = false\nread = ['/srv/in']\non-denied = 'errno'", base},
		{"widen = true\nwrite = ['/x']", change(func(p *Profile) { p.Operations = canonical(append(p.Operations, file(FileWrite, sub("/x")))) })},
		{"widen = true\nprivate = ['/x']", change(func(p *Profile) { p.Operations = canonical(append(p.Operations, Operation{Kind: Private, Path: "/x"})) })},
		{"widen = true\npass-env = ['TERM', 'X']", change(func(p *Profile) { p.PassEnv = []string{"LANG", "TERM", "X"} })},
		{"widen = true\nenv = { B = 'child', C = 'child' }", change(func(p *Profile) { p.Env = []string{"A=base", "B=child", "C=child"} })},
	} {
		write(t, map[string]string{"dir/base.toml": baseFile, "dir/child.toml": "schema = 1\nextends = 'base.toml'\n" + c.child})
		got, err := Load("dir/child.toml", Vars{})
		if err != nil {
			t.Errorf("%s: %v", c.child, err)
		} else if got := unbound(got); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.child, got, c.want)
		}
	}
}

// unbound drops what the operations are bound by: see TestWhatAFileNarrowsIsBound.
func unbound(p Profile) Profile {
	p.Operations = append([]Operation(nil), p.Operations...)
	for i := range p.Operations {
		p.Operations[i].Bound = nil
	}
	return p
}

// bounds writes what each operation of a profile is bound by, over all files: "pattern < (pattern < (...) pattern)".
func bounds(p Profile) string {
	var of func(b *Bound) string
	of = func(b *Bound) string {
		if b == nil {
			return ""
		}
		var list []string
		for _, op := range b.Operations {
			list = append(list, op.Kind.Key()+" "+op.Pattern.Path+of(op.Bound))
		}
		return " < (" + strings.Join(list, ", ") + ")"
	}
	var list []string
	for _, op := range p.Operations {
		if op.Bound != nil {
			list = append(list, op.Kind.Key()+" "+op.Pattern.Path+of(op.Bound))
		}
	}
	return strings.Join(list, "; ")
}

// Only resolving sees where links lead, so what a narrowing file names takes along what the files above allow. What a base names itself
// is bound by no more than it was there.
func TestWhatAFileNarrowsIsBound(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  string
	}{
		{[]string{"read = ['/a', '/b']"}, ""},
		{[]string{"read = ['/a', '/b']", ""}, ""},
		{[]string{"read = ['/a', '/b']", "read = ['/b']"}, ""},
		{[]string{"read = ['/a', '/b']", "read = ['/b?']"}, ""},
		{[]string{"read = ['/a?', '/b']", "read = ['/a']"}, ""},
		{[]string{"read = ['/a', '/b']\nwrite = ['/w']", "read = ['/b/c', '/a']"}, "read /b/c < (read /a, read /b)"},
		{[]string{"read = ['/a']\nwrite = ['/w']", "read = ['/a/b']\nwrite = ['/w/x', '/w']"}, "read /a/b < (read /a); write /w/x < (write /w)"},
		{[]string{"read = ['/a']", "read = [{ literal = '/a' }]"}, "read /a < (read /a)"}, // not the same: a link may be one of a directory
		{[]string{"exec = ['/a']\nmetadata = ['/a']", "exec = ['/a/x']\nmetadata = ['/a/y']"}, "metadata /a/y < (metadata /a); exec /a/x < (exec /a)"},
		{[]string{"read = ['/a']", "read = ['/a/b']", "read = ['/a/b/c']"}, "read /a/b/c < (read /a/b < (read /a))"},
		{[]string{"read = ['/a']", "read = ['/a/b']", ""}, "read /a/b < (read /a)"},
		{[]string{"read = ['/a']", "read = ['/a/b']", "read = ['/a/b?']"}, "read /a/b < (read /a)"},
		{[]string{"read = ['/a']", "", "read = ['/a/b']"}, "read /a/b < (read /a)"},
		{[]string{"read = ['/a']", "read = ['/a/b', '/a']", "read = ['/a/b/c', '/a']"}, "read /a/b/c < (read /a/b < (read /a), read /a)"},
		{[]string{"read = ['/a']", "widen = true\nread = ['/b']"}, ""},
		{[]string{"read = ['/a']", "widen = true\nread = ['/b']", "read = ['/b/c']"}, "read /b/c < (read /a, read /b)"},
		{[]string{"read = ['/a']", "read = ['/a/b']", "widen = true\nread = ['/b']"}, "read /a/b < (read /a)"},
		{[]string{"private = ['/p']\nmap = ['/m=/h:rw']\nsystem = true\nconnect = ['all']", "private = ['/p']\nmap = ['/m=/h']\nsystem = true\nconnect = ['all']"}, ""},
	} {
		files := map[string]string{}
		for i, text := range c.files {
			files[fmt.Sprintf("%d.toml", i)] = "schema = 1\n" + text
			if i > 0 {
				files[fmt.Sprintf("%d.toml", i)] = fmt.Sprintf("schema = 1\nextends = '%d.toml'\n%s", i-1, text)
			}
		}
		write(t, files)
		p, err := Load(fmt.Sprintf("%d.toml", len(c.files)-1), Vars{})
		if got := bounds(p); err != nil || got != c.want {
			t.Errorf("%q:\n got %s, %v\nwant %s", c.files, got, err, c.want)
		}
	}

	write(t, map[string]string{
		"a.toml": "schema = 1\nread = ['/a']", "b.json": `{"schema": 1, "extends": "a.toml", "read": ["/a/b"]}`, "c.toml": "schema = 1\nread = ['/c']",
		"p.json": `{"schema": 1, "extends": ["b.json", "c.toml"], "read": ["/a/b", "/a/b/x", "/c/y"]}`,
	})
	p, err := Load("p.json", Vars{})
	const both = " < (read /a/b < (read /a), read /c)"
	if got, want := bounds(p), "read /a/b < (read /a); read /a/b/x"+both+"; read /c/y"+both; err != nil || got != want {
		t.Errorf("several bases:\n got %s, %v\nwant %s", got, err, want)
	}
}

// A file says nothing of bounds, and a profile that was put together in Go has none.
func TestWhatExtendsNothingIsBoundByNothing(t *testing.T) {
	p, err := Parse("p.toml", []byte(baseFile), Vars{})
	if err != nil || bounds(p) != "" {
		t.Errorf("%s, %v", bounds(p), err)
	}
	if a, b := file(FileRead, sub("/a")), file(FileRead, sub("/a")); a != b || a.String() != func() string { b.Bound = &Bound{}; return b.String() }() {
		t.Errorf("%s is not %s", a, b)
	}
}

func TestAFileThatExtendsCannotWidenUnasked(t *testing.T) {
	const would = "; widen = true would allow it"
	const reads = `beyond base.toml, which allows "/srv/in", { literal = "/etc/hosts" }, "/opt?" and 3 more` + would
	const views = "must list all that base.toml lists, in its order: a view that is dropped or moved may show what it hid"
	for _, c := range []struct{ child, want string }{
		{"process = true", `process: beyond base.toml, where it is false` + would},
		{"read = ['/srv/in',\n'/srv/input']", `read[1]: "/srv/input": ` + reads},
		{"read = ['/srv']", `read[0]: "/srv": ` + reads},
		{"read = ['/']", `read[0]: "/": ` + reads},
		{"read = ['/etc/hosts']", `read[0]: "/etc/hosts": ` + reads},
		{"read = ['/etc/hosts/x']", `read[0]: "/etc/hosts/x": ` + reads},
		{"read = ['/usr/bin']", `read[0]: "/usr/bin": ` + reads},
		{"metadata = ['/srv/in', '/usr']", `metadata[1]: "/usr": beyond base.toml, which allows "/srv"` + would},
		{"write = ['/srv/in']", `write[0]: "/srv/in": beyond base.toml, which allows "/srv/out"` + would},
		{"exec = [{ literal = '/usr/sbin/x' }]", `exec[0]: "/usr/sbin/x": beyond base.toml, which allows "/usr/bin"` + would},
		{"listen = ['all']", `listen[0]: beyond base.toml, which allows none` + would},
		{"private = ['/tmp', '/var/tmp', '/x']", `private[2]: "/x": beyond base.toml, which allows "/tmp", "/var/tmp"` + would},
		{"private = ['/tmp/x']", `private[0]: "/tmp/x": beyond base.toml, which allows "/tmp", "/var/tmp"` + would},
		{"private = ['/tmp']", `private: ` + views},
		{"private = []", `private: ` + views},
		{"private = ['/var/tmp', '/tmp']", `private: ` + views},
		{"map = ['/in=/srv/a:rw']", `map[0]: "/in": beyond base.toml, which allows "/in=/srv/a", "/out=/srv/b:rw"` + would},
		{"map = ['/in=/srv/x']", `map[0]: "/in": beyond base.toml, which allows "/in=/srv/a", "/out=/srv/b:rw"` + would},
		{"map = ['/in=/srv/a']", `map: ` + views},
		{"pass-env = ['LANG', 'AWS_SECRET']", `pass-env[1]: "AWS_SECRET": beyond base.toml, which passes LANG, TERM` + would},
	} {
		line := 3 + strings.Count(c.child, "\n")
		write(t, map[string]string{"base.toml": baseFile, "child.toml": "schema = 1\nextends = 'base.toml'\n" + c.child})
		_, err := Load("child.toml", Vars{})
		checkError(t, "child.toml", c.child, err, fmt.Sprintf("child.toml:%d: %s", line, c.want))

		write(t, map[string]string{"base.toml": baseFile, "child.toml": "schema = 1\nextends = 'base.toml'\nwiden = true\n" + c.child})
		if _, err := Load("child.toml", Vars{}); err != nil && !strings.Contains(err.Error(), "has taken this place") {
			t.Errorf("%s with widen: %v", c.child, err)
		}
	}

	write(t, map[string]string{
		"a.toml":      "schema = 1\non-denied = 'kill'",
		"b.json":      `{"schema": 1, "sysinfo": true}`,
		"c.toml":      "schema = 1\nextends = ['a.toml', 'b.json']\nprocess = true",
		"child.toml":  "schema = 1\nextends = 'a.toml'\non-denied = 'errno'",
		"system.toml": "schema = 1\nextends = 'b.json'\nsystem = true",
	})
	for name, want := range map[string]string{
		"child.toml":  `child.toml:3: on-denied: "errno" is weaker than the "kill" of a.toml`,
		"c.toml":      `c.toml:3: process: beyond a.toml and b.json, where it is false` + would,
		"system.toml": `system.toml:3: system: beyond b.json, where it is false` + would,
	} {
		_, err := Load(name, Vars{})
		checkError(t, name, name, err, want)
	}
}

func TestSeveralBasesAreTheBoundTogether(t *testing.T) {
	write(t, map[string]string{
		"a.toml":    "schema = 1\nread = ['/a', '/c']\non-denied = 'kill'\ndir = '/a'\npass-env = ['A']\nenv = { X = 'a', Y = 'a' }",
		"b.json":    `{"schema": 1, "extends": "up/c.toml", "read": ["/c"], "env": {"X": "b"}}`,
		"up/c.toml": "schema = 1\nextends = 'd.toml'\nwiden = true\nread = ['/c']\npass-env = ['C']",
		"up/d.toml": "schema = 1\nsystem = true",
		"p.toml":    "schema = 1\nextends = ['a.toml', 'b.json']",
	})
	got, err := Load("p.toml", Vars{})
	want := Profile{
		Operations: []Operation{{Kind: System}, file(FileRead, sub("/a")), file(FileRead, sub("/c"))},
		OnDenied:   Kill, Dir: "/a", PassEnv: []string{"A", "C"}, Env: []string{"X=b", "Y=a"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestExtendsIsBoundedAndWithoutCycles(t *testing.T) {
	files := map[string]string{
		"self.toml": "schema = 1\nextends = 'self.toml'",
		"a.toml":    "schema = 1\nextends = 'sub/b.toml'", "sub/b.toml": "schema = 1\n\nextends = ['../c.json']",
		"c.json":     `{"schema": 1, "extends": "./a.toml"}`,
		"start.toml": "schema = 1\nextends = 'a.toml'",
		"twice.toml": "schema = 1\nextends = ['9.toml', './9.toml']",
		"bad.toml":   "schema = 1\nextends = 'worse.toml'", "worse.toml": "schema = 1\n\nread = ['x']",
		"9.toml": "schema = 1",
	}
	for i := range 9 {
		files[fmt.Sprintf("%d.toml", i)] = fmt.Sprintf("schema = 1\nextends = '%d.toml'", i+1)
	}
	// The same depth, met second by a file that is known already.
	files["known.toml"] = "schema = 1\nextends = ['4.toml', 'one.toml']"
	files["one.toml"], files["two.toml"] = "schema = 1\nextends = 'two.toml'", "schema = 1\nextends = '4.toml'"
	var all []string
	for i := range maxFiles + 1 {
		name := fmt.Sprintf("f%d.toml", i)
		files[name] = "schema = 1"
		all = append(all, fmt.Sprintf("%q", name))
	}
	files["many.toml"] = "schema = 1\nextends = [" + strings.Join(all, ", ") + "]"
	files["enough.toml"] = "schema = 1\nextends = [" + strings.Join(all[1:], ", ") + "]"
	write(t, files)
	for name, want := range map[string]string{
		"self.toml":  `self.toml:2: extends: "self.toml": a cycle: self.toml -> self.toml`,
		"a.toml":     `c.json:1: extends: "./a.toml": a cycle: a.toml -> sub/b.toml -> c.json -> a.toml`,
		"start.toml": `c.json:1: extends: "./a.toml": a cycle: a.toml -> sub/b.toml -> c.json -> a.toml`,
		"twice.toml": `twice.toml:2: extends[1]: "./9.toml": named twice`,
		"0.toml":     `8.toml:2: extends: "9.toml": more than 8 files deep`,
		"1.toml":     ``, "known.toml": ``, "enough.toml": ``,
		"many.toml": `many.toml:2: extends[64]: "f64.toml": more than 64 files in one profile`,
		"bad.toml":  `worse.toml:3: read[0]: "x": the path is relative; an absolute one is needed`,
	} {
		_, err := Load(name, Vars{})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want != "" && (err == nil || err.Error() != want):
			t.Errorf("%s:\n got %v\nwant %s", name, err, want)
		}
	}
	write(t, map[string]string{
		"top.toml": "schema = 1\nextends = ['k1.toml', 'm1.toml']", "m1.toml": "schema = 1\nextends = 'm2.toml'",
		"m2.toml": "schema = 1\nextends = 'k1.toml'", "k7.toml": "schema = 1",
		"k1.toml": "schema = 1\nextends = 'k2.toml'", "k2.toml": "schema = 1\nextends = 'k3.toml'",
		"k3.toml": "schema = 1\nextends = 'k4.toml'", "k4.toml": "schema = 1\nextends = 'k5.toml'",
		"k5.toml": "schema = 1\nextends = 'k6.toml'", "k6.toml": "schema = 1\nextends = 'k7.toml'",
	})
	_, err := Load("top.toml", Vars{})
	checkError(t, "m2.toml", "top.toml", err, `m2.toml:2: extends: "k1.toml": more than 8 files deep`)
}

func TestTreesCompareWholeComponents(t *testing.T) {
	tr := newTrees([]string{"/b/c", "/a-b", "/a", "/a/x", "/b"})
	if len(tr) != 3 {
		t.Errorf("%q are not disjoint", tr)
	}
	for path, want := range map[string]bool{
		"/a": true, "/a/x": true, "/a/z/z": true, "/a-b/c": true, "/b/c/d": true, "/": false, "/a.b": false, "/ab": false, "/c": false,
	} {
		if tr.cover(path) != want {
			t.Errorf("cover(%q) is %v", path, !want)
		}
	}
	if !newTrees([]string{"/", "/x"}).cover("/a/b") || !newTrees([]string{"/"}).cover("/") || newTrees(nil).cover("/") {
		t.Error("the root's tree is wrong")
	}
}
