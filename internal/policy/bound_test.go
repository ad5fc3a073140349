package policy

// A profile file that extends others may only narrow. Spelling was checked when it was read; here it is what the links of the host make
// of it: a pattern may not lead out of what the files above allow, over any number of them.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
	"pgregory.net/rapid"
)

// chain writes files that each extend the one before, and reads the last.
func chain(t *testing.T, files ...string) profile.Profile {
	t.Helper()
	dir := t.TempDir()
	for i, text := range files {
		head := "schema = 1\n"
		if i > 0 && !strings.Contains(text, "extends") {
			head += fmt.Sprintf("extends = '%d.toml'\n", i-1)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.toml", i)), []byte(head+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := profile.Load(filepath.Join(dir, fmt.Sprintf("%d.toml", len(files)-1)), profile.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const boundLines = `
	/d/in/f
	/d/in/sub/g
	/d/in-2/f
	/d/out -> /home/me
	/d/back -> in/sub
	/d/in/out -> /opt/data
	/d/in/up -> ..
	/d/in/key -> /home/me/key
	/d/in/null -> /dev/null
	/d/in/hop -> ../../l
	/d/in/via-opt -> /opt/back
	/opt/back -> /d/in/sub
	/l -> /d/in
	/data -> /d
`

func TestANarrowingFileLeadsNowhereElse(t *testing.T) {
	leads := func(op, to string) string {
		return op + ": leads to " + to + ", which the extended file does not allow"
	}
	type files = []string
	for _, c := range []struct {
		name        string
		files, twin files
		want        string
	}{
		{"a link out of the tree", files{"read = ['/d']", "read = ['/d/out']"}, files{"read = ['/d']", "read = ['/d/back']"}, leads(`FileRead(Subpath("/d/out"))`, "/home/me")},
		{"below a link out of the tree", files{"read = ['/d']", "read = ['/d/out/key']"}, files{"read = ['/d']", "read = ['/d/back/g']"}, leads(`FileRead(Subpath("/d/out/key"))`, "/home/me/key")},
		{"a file by a link", files{"read = ['/d/in']", "read = [{ literal = '/d/in/key' }]"}, files{"read = ['/d/in']", "read = [{ literal = '/d/in/f' }]"}, leads(`FileRead(Literal("/d/in/key"))`, "/home/me/key")},
		{"above the tree", files{"read = ['/d/in']", "read = ['/d/in/up']"}, files{"read = ['/d']", "read = ['/d/in/up']"}, leads(`FileRead(Subpath("/d/in/up"))`, "/d")},
		{"beside the tree", files{"read = ['/d/in']", "read = ['/d/in/up/in-2']"}, files{"read = ['/d/in']", "read = ['/d/in/up/in/sub']"}, leads(`FileRead(Subpath("/d/in/up/in-2"))`, "/d/in-2")},
		{"though optional", files{"read = ['/d']", "read = ['/d/out?']"}, files{"read = ['/d']", "read = ['/d/out/missing?']"}, leads(`FileRead(Optional(Subpath("/d/out")))`, "/home/me")},
		{"to be written", files{"write = ['/d/in']\nread = ['/opt']", "write = ['/d/in/sub', '/d/in/out']"}, files{"write = ['/d/in']\nread = ['/opt']", "write = ['/d/in/sub']"}, leads(`FileWrite(Subpath("/d/in/out"))`, "/opt/data")},
		{"to be executed, where the target may be read", files{"read = ['/opt']\nexec = ['/d']", "exec = ['/d/in/out']"}, files{"exec = ['/opt', '/d']", "exec = ['/d/in/out']"}, leads(`FileExecute(Subpath("/d/in/out"))`, "/opt/data")},
		{"metadata", files{"metadata = ['/d']", "metadata = ['/d/out']"}, files{"metadata = ['/d']", "metadata = ['/d/in']"}, leads(`FileReadMetadata(Subpath("/d/out"))`, "/home/me")},
		{"into another tree that is allowed", nil, files{"read = ['/d', '/opt']", "read = ['/d/in/out']"}, ""},
		{"out and in again", nil, files{"read = ['/d/in']", "read = ['/d/in/via-opt/g']"}, ""},
		{"the base's own link", nil, files{"read = ['/d/out']", "read = ['/d/out']"}, ""},
		{"the base's own link, narrowed", nil, files{"read = ['/d/out']", "read = ['/d/out/key']"}, ""},
		{"the base's own link, now optional", nil, files{"read = ['/d/out']", "read = ['/d/out?']"}, ""},
		{"the base's own link, named and not named", nil, files{"read = ['/d/out']", "system = false"}, ""},
		{"the base's own file", nil, files{"read = [{ literal = '/d/in/key' }]", "read = [{ literal = '/d/in/key', optional = true }]"}, ""},
		{"through a link to the tree", nil, files{"read = ['/l']", "read = ['/l/hop/sub']"}, ""},
		{"through a link to the tree, out of it", files{"read = ['/l']", "read = ['/l/out']"}, nil, leads(`FileRead(Subpath("/l/out"))`, "/opt/data")},
		{"a missing base beside one that holds it", nil, files{"read = ['/missing?', '/d']", "read = ['/d/in', '/missing/x?']"}, ""},
		{"a base that dangles", files{"read = ['/missing?', '/d']", "read = ['/d/out']"}, nil, leads(`FileRead(Subpath("/d/out"))`, "/home/me")},

		{"a file in between that does not narrow", files{"read = ['/d']", "", "read = ['/d/out']"}, files{"read = ['/d']", "", "read = ['/d/back']"}, leads(`FileRead(Subpath("/d/out"))`, "/home/me")},
		{"a file in between that leads out itself", files{"read = ['/d']", "read = ['/d/out']", "read = ['/d/out/key']"}, files{"read = ['/d']", "read = ['/d/back']", "read = ['/d/back/g']"}, leads(`FileRead(Subpath("/d/out/key"))`, "/home/me/key")},
		{"the same pattern again", files{"read = ['/d']", "read = ['/d/out']", "read = ['/d/out']"}, files{"read = ['/d']", "read = ['/d/back']", "read = ['/d/back']"}, leads(`FileRead(Subpath("/d/out"))`, "/home/me")},
		{"narrower twice, out of the second", files{"read = ['/d', '/opt']", "read = ['/d/in']", "read = ['/d/in/out']"}, files{"read = ['/d', '/opt']", "read = ['/d/in', '/opt/data']", "read = ['/d/in/out']"}, leads(`FileRead(Subpath("/d/in/out"))`, "/opt/data")},
		{"narrower five times", files{"read = ['/data']", "read = ['/data/in']", "read = ['/data/in/sub', '/data/in/up']", "read = ['/data/in/up/in']", "read = ['/data/in/up/in/key']"},
			files{"read = ['/data']", "read = ['/data/in']", "read = ['/data/in/sub', '/data/in/hop']", "read = ['/data/in/hop/sub']", "read = ['/data/in/hop/sub/g']"}, leads(`FileRead(Subpath("/data/in/up/in/key"))`, "/home/me/key")},
		{"a link that the first file allows and the second does not", files{"read = ['/d', '/home']", "read = ['/d']", "read = ['/d/out']"}, files{"read = ['/d', '/home']", "read = ['/d/out']", "read = ['/d/out']"}, leads(`FileRead(Subpath("/d/out"))`, "/home/me")},

		{"widened", nil, files{"read = ['/d']", "widen = true\nread = ['/d/out']"}, ""},
		{"widened, then narrowed", nil, files{"read = ['/d']", "widen = true\nread = ['/d/out']", "read = ['/d/out/key']"}, ""},
		{"widened, then out of both", files{"read = ['/d']", "widen = true\nread = ['/d/out']", "read = ['/d/in/out']"}, nil, leads(`FileRead(Subpath("/d/in/out"))`, "/opt/data")},
		{"narrowed, then widened", files{"read = ['/d']", "read = ['/d/out']", "widen = true\nwrite = ['/d/in']"}, files{"read = ['/d']", "read = ['/d/back']", "widen = true\nread = ['/d/out']"}, leads(`FileRead(Subpath("/d/out"))`, "/home/me")},
		{"several bases together", files{"read = ['/d']", "read = ['/d/in']\nextends = []", "extends = ['0.toml', '1.toml']\nread = ['/d/in/out']"},
			files{"read = ['/d']", "read = ['/opt/data']\nextends = []", "extends = ['0.toml', '1.toml']\nread = ['/d/in/out']"}, leads(`FileRead(Subpath("/d/in/out"))`, "/opt/data")},

		{"in what the base maps", files{"map = ['/m=/d']\nread = ['/m/in']", "read = ['/m/in/up/in-2']"}, files{"map = ['/m=/d']\nread = ['/m/in']", "read = ['/m/in/sub']"}, leads(`FileRead(Subpath("/m/in/up/in-2"))`, "/m/in-2")},
		{"out of what the base maps", files{"map = ['/m=/d']\nread = ['/m']", "read = ['/m/in/out']"}, nil, leads(`FileRead(Subpath("/m/in/out"))`, "/opt/data")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if len(c.files) > 0 {
				p, err := Resolve(chain(t, c.files...), host(newFS(t, merged, boundLines)))
				var bad *profile.Error
				if !errors.As(err, &bad) || err.Error() != c.want {
					t.Errorf("got  %v\nwant %s\n%s", err, c.want, p)
				}
			}
			if c.twin != nil {
				if _, err := Resolve(chain(t, c.twin...), host(newFS(t, merged, boundLines))); err != nil {
					t.Errorf("the twin: %v", err)
				}
			}
		})
	}
}

// What System and the network bring is bound by nothing but the flag.
func TestWhatAnOperationBringsIsNotBoundByPatterns(t *testing.T) {
	p := chain(t, "system = true\nread = ['/srv']\nconnect = ['all']", "read = ['/srv/in']")
	if _, err := Resolve(p, host(newFS(t, merged))); err != nil {
		t.Error(err)
	}
}

// allows says, by the oracle alone, whether a bound holds a path, over all that it is bound by itself.
func (o *oracle) allows(b *profile.Bound, to string) bool {
	if b == nil {
		return true
	}
	for _, op := range b.Operations {
		base, _, err := o.real(op.Pattern.Path, 0)
		if err == nil && (to == base || op.Pattern.Match == profile.Subpath && under(to, base)) && o.allows(op.Bound, base) {
			return true
		}
	}
	return false
}

func TestARandomChainOfFilesGrantsWhatAllOfThemAllow(t *testing.T) {
	var within, without int
	rapid.Check(t, func(t *rapid.T) {
		f := anyTree(t)
		f.mounts = nil
		o := newOracle(f, nil)
		var bound *profile.Bound
		for range rapid.IntRange(1, 4).Draw(t, "files") {
			var b profile.Bound
			for range rapid.IntRange(1, 3).Draw(t, "operations") {
				op := read(anyPlace(t, f, "pattern"))
				if rapid.IntRange(0, 4).Draw(t, "literal") == 0 {
					op = literal(op)
				}
				if rapid.IntRange(0, 4).Draw(t, "the same as above") > 0 {
					op.Bound = bound
				}
				b.Operations = append(b.Operations, op)
			}
			bound = &b
		}
		op := read(anyPlace(t, f, "the last pattern"))
		op.Bound = bound
		to, _, err := o.real(op.Pattern.Path, 0)
		if err != nil {
			return
		}
		p, err := Resolve(of(op), host(f))
		if got, want := err == nil, o.allows(bound, to); got != want {
			t.Fatalf("%s leads to %s: allowed %v, %v\n%+v\n%s", op, to, want, err, bound, p)
		}
		if err == nil {
			within++
			return
		}
		without++
		var bad *profile.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "leads to "+to+", which the extended file does not allow") {
			t.Fatal(err)
		}
	})
	if within < 200 || without < 200 {
		t.Errorf("%d within, %d without", within, without)
	}
}
