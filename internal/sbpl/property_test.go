package sbpl

// For random operations on paths of odd names: what is granted is exactly what the profile names, by every reading in dispute. The oracle looks at
// the operations alone, not at the policy.

import (
	"errors"
	"flag"
	"io/fs"
	"path"
	"strings"
	"testing"
	"unicode"

	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/gaol-sandbox/gaol/internal/sbpl/sbpltest"
	"pgregory.net/rapid"
)

func init() { _ = flag.Set("rapid.checks", "1500") }

// tree is a file system of directories, with the links of a Mac.
type tree struct{}

var links = map[string]string{"/tmp": "private/tmp", "/var": "private/var", "/etc": "private/etc"}

func (tree) Lstat(p string) (fs.FileMode, error) {
	if links[p] != "" {
		return fs.ModeSymlink, nil
	}
	return fs.ModeDir, nil
}
func (tree) Readlink(p string) (string, error) { return links[p], nil }
func (tree) Links(string) (uint64, error)      { return 1, nil }

// real is where a path leads, said a second time.
func real(p string) string {
	for l := range links {
		if p == l || strings.HasPrefix(p, l+"/") {
			p = "/private" + p
		}
	}
	if rest, ok := strings.CutPrefix(p, "/System/Volumes/Data/"); ok {
		return "/" + rest
	}
	return p
}

var oddNames = []string{"a", "b", "a b", `q"q`, `\`, `\"`, "#", ";", "(", ")", `(param "R0")`, "'", "`", "é", "e\u0301", "日本", "\u202e", "*", "?", "%s", "tmp", "var", "..."}

var oddPath = rapid.Custom(func(t *rapid.T) string {
	start := rapid.SampledFrom([]string{"", "", "/tmp", "/var", "/private/tmp", "/System/Volumes/Data/x"}).Draw(t, "start")
	names := rapid.SliceOfN(rapid.SampledFrom(oddNames), 0, 3).Draw(t, "names")
	p := path.Clean("/" + start + "/" + strings.Join(names, "/"))
	if p == "/" {
		return "/a"
	}
	return p
})

var fileKinds = []profile.Kind{profile.FileRead, profile.FileReadMetadata, profile.FileWrite, profile.FileExecute}

// anyOps lie in each other more often than not: that is where mistakes are made.
var anyOps = rapid.Custom(func(t *rapid.T) (ops []profile.Operation) {
	names := []string{rapid.SampledFrom(oddNames).Draw(t, "one name"), rapid.SampledFrom(oddNames).Draw(t, "another")}
	at := []string{oddPath.Draw(t, "root")}
	kinds := []profile.Kind{rapid.SampledFrom(fileKinds).Draw(t, "kind"), rapid.SampledFrom(fileKinds).Draw(t, "other kind")}
	for i := range rapid.IntRange(1, 7).Draw(t, "operations") {
		p := at[0]
		if i > 0 {
			p = rapid.SampledFrom(at).Draw(t, "from")
			for range rapid.IntRange(0, 2).Draw(t, "below") {
				p += "/" + rapid.SampledFrom(names).Draw(t, "name")
			}
		}
		at = append(at, p)
		op := profile.Operation{Kind: rapid.SampledFrom(kinds).Draw(t, "its kind")}
		op.Pattern = profile.Pattern{Path: p, Match: rapid.SampledFrom([]profile.Match{profile.Subpath, profile.Subpath, profile.Subpath, profile.Literal}).Draw(t, "match")}
		op.Deny = i > 0 && granted(ops, op.Kind, real(p)) && rapid.Bool().Draw(t, "deny")
		op.BestEffort = op.Kind == profile.FileWrite && !op.Deny && rapid.Bool().Draw(t, "effort")
		ops = append(ops, op)
	}
	return ops
})

func named(op profile.Operation, p string) bool {
	at := real(op.Pattern.Path)
	return p == at || op.Pattern.Match == profile.Subpath && strings.HasPrefix(p, strings.TrimSuffix(at, "/")+"/")
}

// granted is what the operations of a kind say of a path: the most exact path decides, and denial at a tie.
func granted(ops []profile.Operation, kind profile.Kind, p string) bool {
	depth, yes := -1, false
	for _, op := range ops {
		if op.Kind != kind || !named(op, p) {
			continue
		}
		if d := len(real(op.Pattern.Path)); d > depth || d == depth && op.Deny {
			depth, yes = d, !op.Deny
		}
	}
	return yes
}

func parsed(t interface{ Fatal(...any) }, out Profile) *sbpltest.Profile {
	p, err := sbpltest.Parse(out.Text, out.Params)
	if err != nil {
		t.Fatal(err, out)
	}
	return p
}

// around are the paths that a mistake would show at.
func around(ops []profile.Operation) []string {
	seen := map[string]bool{}
	var out []string
	add := func(p string) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, op := range ops {
		p := real(op.Pattern.Path)
		add(p)
		add(op.Pattern.Path)
		for _, n := range []string{"x", `"`, "a", "b"} {
			add(p + "/" + n)
			add(p + "/" + n + "/c")
		}
		add(p + "x")
		add(p[:len(p)-1])
		for d := path.Dir(p); d != "/"; d = path.Dir(d) {
			add(d)
			add(d + "/sibling")
		}
	}
	add("/")
	return out
}

func TestWhatIsGrantedIsWhatTheProfileNames(t *testing.T) {
	resolved, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		ops := anyOps.Draw(t, "operations")
		p, err := policy.Resolve(profile.Profile{Operations: ops}, mac(tree{}))
		if err != nil {
			var bad *profile.Error
			var lacks *policy.UnsupportedError
			if !errors.As(err, &bad) && !errors.As(err, &lacks) {
				t.Fatal(err)
			}
			refused++
			return
		}
		resolved++
		out, err := Compile(&p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := parsed(t, out)
		ask := func(operation, p string) bool {
			yes, err := s.Allows(sbpltest.Query{Operation: operation, Path: p})
			if err != nil {
				t.Fatal(err, out)
			}
			return yes
		}
		paths := around(ops)
		var removable, readable []string // where something may be taken from; where it may be put, and read
		for _, at := range paths {
			for operation, kind := range map[string]profile.Kind{"file-read-data": profile.FileRead, "file-read-xattr": profile.FileRead,
				"file-write-data": profile.FileWrite, "file-write-create": profile.FileWrite, "process-exec": profile.FileExecute, "file-map-executable": profile.FileExecute} {
				if got, want := ask(operation, at), granted(ops, kind, at); got != want {
					t.Fatalf("%s of %q: %v\n%s", operation, at, got, out)
				}
			}
			if ask("file-write-unlink", at) {
				if !granted(ops, profile.FileWrite, at) {
					t.Fatalf("%q can be removed, and not written\n%s", at, out)
				}
				removable = append(removable, at)
			}
			if ask("file-write-create", at) && ask("file-read-data", at) {
				readable = append(readable, at)
			}
			for _, never := range []string{"file-link", "file-mknod", "file-write-setugid", "file-ioctl", "network-outbound", "nvram-get"} {
				if ask(never, at) {
					t.Fatalf("%s of %q", never, at)
				}
			}
			if metadata := ask("file-read-metadata", at); metadata {
				for _, op := range ops { // nothing that a denial covers, unless something more exact grants it
					if op.Deny && op.Kind == profile.FileRead && named(op, at) && !anyGrant(ops, at, len(real(op.Pattern.Path))) {
						t.Fatalf("%q can be asked for\n%s", at, out)
					}
				}
			} else if ask("file-read-data", at) {
				t.Logf("%q can be read, and not be asked for", at)
			}
		}
		for _, from := range removable {
			for _, to := range readable {
				if !ask("file-read-data", from) && len(p.Gaps) == 0 {
					t.Fatalf("%q, which cannot be read, can be moved to %q\n%s", from, to, out)
				}
			}
			for _, op := range ops { // what an operation names stays where it is
				if at := real(op.Pattern.Path); at == from || strings.HasPrefix(at, from+"/") {
					t.Fatalf("%q can be moved away, and %s with it\n%s", from, op, out)
				}
			}
		}
	})
	t.Logf("%d profiles, and %d that were refused", resolved, refused)
	if resolved < refused {
		t.Errorf("%d profiles, %d refused: the test has not tested", resolved, refused)
	}
}

// anyGrant says that something longer than depth grants anything at a path, or is below it.
func anyGrant(ops []profile.Operation, p string, depth int) bool {
	for _, op := range ops {
		if !op.Deny && named(op, p) && len(real(op.Pattern.Path)) > depth {
			return true
		}
	}
	return false
}

func TestNamesThatNoFileOfMacOSHasAreRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bad := rapid.SampledFrom([]string{"\n", "\r", "\t", "\x01", "\x1b[31m", "\x7f", "\u0085", "\xff", "a\x80"}).Draw(t, "bad")
		p := oddPath.Draw(t, "path") + "/" + rapid.SampledFrom(oddNames).Draw(t, "name") + bad
		_, err := policy.Resolve(profile.Profile{Operations: []profile.Operation{{Kind: profile.FileRead, Pattern: profile.Pattern{Path: p, Match: profile.Subpath}}}}, mac(tree{}))
		var e *profile.Error
		if !errors.As(err, &e) || e.Path != p {
			t.Fatalf("%q: %v", p, err)
		}
	})
	for _, p := range []string{"/" + strings.Repeat("x", 1023), "/System/Volumes/Data"} {
		_, err := policy.Resolve(profile.Profile{Operations: []profile.Operation{{Kind: profile.FileRead, Pattern: profile.Pattern{Path: p, Match: profile.Subpath}}}}, mac(tree{}))
		if e := (*profile.Error)(nil); !errors.As(err, &e) {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestEveryParameterCanBeWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := anyOps.Draw(t, "operations")
		p, err := policy.Resolve(profile.Profile{Operations: ops}, mac(tree{}))
		if err != nil {
			return
		}
		out, err := Compile(&p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range out.Text {
			if r != '\n' && (r > '~' || unicode.IsControl(r)) {
				t.Fatalf("%q is in the text", r)
			}
		}
		if strings.ContainsAny(out.Text, `\'#;`) {
			t.Fatalf("the text holds something of a path: %s", out.Text)
		}
	})
}
