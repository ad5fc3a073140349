//go:build linux && cgo

package gaol

// How the mount table is read: the kernel writes blanks and backslashes of a path as \ooo (man 5 proc), and nothing else of it may be
// taken for that.

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/policy"
)

func TestAMountPointIsUnescaped(t *testing.T) {
	for in, want := range map[string]string{
		"":                    "",
		"/":                   "/",
		"/srv/in":             "/srv/in",
		`/srv/a\040b`:         "/srv/a b",
		`/\040`:               "/ ",
		`\040\040`:            "  ",
		`/tab\011line\012end`: "/tab\tline\nend",
		`/back\134slash`:      `/back\slash`,
		`/\134040`:            `/\040`, // a backslash and three digits, not a blank
		`/hash\043`:           "/hash#",
		`/\377\376`:           "/\xff\xfe",
		`/\400`:               `/\400`, // past a byte
		`/\777`:               `/\777`,
		`/\08`:                `/\08`,
		`/\089`:               `/\089`,
		`/\04`:                `/\04`,
		`/\`:                  `/\`,
		`/\\040`:              `/\ `,
		`/\+12`:               `/\+12`,
		`/\0_1`:               `/\0_1`,
		`/\0x1`:               `/\0x1`,
		`/é\040é`:             "/é é",
	} {
		if got := unescape(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// mangle is what the kernel does (fs/seq_file.c: mangle_path), with the bytes that it escapes in a mount table.
func mangle(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if strings.IndexByte(" \t\n\\#", path[i]) >= 0 {
			fmt.Fprintf(&b, `\%03o`, path[i])
		} else {
			b.WriteByte(path[i])
		}
	}
	return b.String()
}

func FuzzAMountPointComesBackAsItWas(f *testing.F) {
	for _, p := range []string{"/", "/a b", `/\040`, "/\\\\", "/\t\n#", "/\xff\x00"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if got := unescape(mangle(p)); got != p {
			t.Errorf("%q comes back as %q", p, got)
		}
		_ = unescape(p) // whatever it is
	})
}

func TestTheMountTableOfThisHostIsRead(t *testing.T) {
	table, err := mountTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range table {
		if !strings.HasPrefix(m.Path, "/") || m.Type == "" || m.Root == "" || m.Device == "" {
			t.Errorf("%+v", m)
		}
	}
	if !slices.ContainsFunc(table, func(m policy.Mount) bool {
		return m.Path == "/proc" && m.Type == "proc" && m.Root == "/" && strings.HasPrefix(m.Device, "0:")
	}) {
		t.Errorf("no /proc among %d mounts", len(table))
	}
}

func TestTheCoreLimitIsOneOrWhatIsLeft(t *testing.T) {
	h, err := facts()
	if err != nil {
		t.Fatal(err)
	}
	if h.Core > 1 || h.Core > h.CoreHard {
		t.Errorf("%d of %d: a helper that core_pattern names would be given the program's memory", h.Core, h.CoreHard)
	}
}
