package policy

// This file holds the README's table of systems to what Support says of a good host of each: a Linux of the newest kind, a Mac, and a FreeBSD with
// the preload library. It says what gaol enforces by design; what was run where docs/PORTING.md has. -update writes it anew.

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

const systemsBegin, systemsEnd = "<!-- made by go test ./internal/policy -run EachSystem -update -->\n", "<!-- end of the systems -->\n"

func TestTheREADMESaysWhatEachSystemEnforces(t *testing.T) {
	const readme = "../../README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), systemsBegin)
	old, after, ok2 := strings.Cut(rest, systemsEnd)
	if !ok || !ok2 {
		t.Fatal("the README has no marks")
	}
	table := systemsTable(t)
	if table == old {
		return
	}
	if !*update {
		t.Fatalf("the README has another table than this, which -update writes there:\n%s", table)
	}
	if err := os.WriteFile(readme, []byte(before+systemsBegin+table+systemsEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goodSystem is a good host, as the README's table and tests/cases.json name it.
type goodSystem struct {
	title, word string
	h           Host
}

func goodSystems(t *testing.T) []goodSystem {
	bsd := Host{Platform: FreeBSD, Capsicum: yes, Preload: yes, PreloadPath: "/usr/local/lib/gaol/libgaolpaths.so", FS: peopled{BSD{}}}
	static := bsd
	static.Program = Static
	return []goodSystem{
		{"Linux", "linux", matrixHost(t, true, abis[len(abis)-1])},
		{"macOS", "darwin", Host{Platform: Darwin, Seatbelt: yes, Marks: yes, FS: peopled{Mac{}}}},
		{"FreeBSD, dynamically linked", "freebsd", bsd},
		{"FreeBSD, other programs", "", static},
	}
}

// levelWords are those of both tables.
var levelWords = map[Level]string{AlwaysAllowed: "always", CanBeAllowed: "yes", CannotBeAllowedPrecisely: "partly", NeverAllowed: "no"}

func systemsTable(t *testing.T) string {
	systems := goodSystems(t)
	var b strings.Builder
	b.WriteString("| |")
	for _, s := range systems {
		fmt.Fprintf(&b, " %s |", s.title)
	}
	b.WriteString("\n|---" + strings.Repeat("|---", len(systems)) + "|\n")
	last := ""
	for _, op := range forms {
		name := plainName(op)
		if name == last { // the next is the same of a directory, where it was of a file
			continue
		}
		last = name
		fmt.Fprintf(&b, "| %s |", name)
		for _, s := range systems {
			level, _ := Support(op, s.h)
			fmt.Fprintf(&b, " %s |", levelWords[level])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// peopled is a system that has what the forms name; BSD and Mac, which know the system's own paths, take all others for directories.
type peopled struct{ FS }

func (p peopled) Lstat(at string) (fs.FileMode, error) {
	switch at {
	case "/srv/in/a":
		return 0o644, nil
	case "/run/server.sock":
		return fs.ModeSocket | 0o755, nil
	}
	return p.FS.Lstat(at)
}

var arguments = regexp.MustCompile(`\((?:"[^"()]{2,}"[^()]*|[0-9][^()]*)\)`)

// plainName is an operation without its paths and numbers, but for the root.
func plainName(op profile.Operation) string { return arguments.ReplaceAllString(op.String(), "") }
