// Package cases reads the table of cases, tests/cases.json, for whoever runs it or holds a back end to it: what each part means is said at the top
// of that. It must never run anything, nor look at the host, so that the same table is judged for every system on any.
package cases

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Table is the table.
type Table struct {
	About      []string
	Tree       []map[string]string
	Always     map[string]any
	Operations []string
	Cases      []Case
}

// Case is one of them.
type Case struct {
	Name, Operation string
	Level           map[string]string // by Systems; a profile that is none has no levels
	Needs           []string
	Profile         map[string]any
	Action          []string
	Expect          Outcomes
	Twin            *struct {
		Profile map[string]any // nil: the case's
		Action  []string       // nil: the case's
		Expect  Outcomes       // empty: "ok"
	}
}

// Outcomes is what is expected of each engine that a case is for: a word for both, or an object.
type Outcomes map[string]string

// Engines are those of Linux, which run the table.
var Engines = []string{"namespace", "landlock"}

// Systems are those that the table has a level for.
var Systems = []string{"linux", "darwin", "freebsd"}

// UnmarshalJSON reads either form.
func (o *Outcomes) UnmarshalJSON(b []byte) error {
	var both string
	if json.Unmarshal(b, &both) == nil {
		*o = Outcomes{}
		for _, e := range Engines {
			(*o)[e] = both
		}
		return nil
	}
	each := map[string]string{}
	err := json.Unmarshal(b, &each)
	*o = each
	return err
}

// Read reads the table. What it does not know is an error: a misspelt key must not become a case that tries less.
func Read(b []byte) (t Table, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return t, d.Decode(&t)
}

// Part is one run of a case in an engine: the case itself, or its twin.
type Part struct {
	Name, Want string
	Profile    map[string]any
	Action     []string
}

// Parts is what is to be run in an engine. A twin with a single expectation is for the engines of its case.
func (c Case) Parts(engine string) (all []Part) {
	want, ok := c.Expect[engine]
	if ok {
		all = append(all, Part{"case", want, c.Profile, c.Action})
	}
	if c.Twin == nil {
		return all
	}
	twin := Part{"twin", "ok", c.Twin.Profile, c.Twin.Action}
	if twin.Profile == nil {
		twin.Profile = c.Profile
	}
	if twin.Action == nil {
		twin.Action = c.Action
	}
	both := ok
	if c.Twin.Expect != nil {
		twin.Want, both = c.Twin.Expect[engine]
	}
	if ok && both {
		all = append(all, twin)
	}
	return all
}

// Profile is the text of a profile file of a part: what is always there and the part's own. Lists are put together, of the rest the part's is taken.
func (t Table) Profile(own map[string]any) []byte {
	all := maps.Clone(t.Always)
	for key, value := range own {
		first, ok := all[key].([]any)
		second, both := value.([]any)
		if ok && both {
			value = slices.Concat(first, second)
		}
		all[key] = value
	}
	b, err := json.Marshal(all)
	if err != nil { // it was read as JSON
		panic(err)
	}
	return b
}

// Where the imagined tree is, and the victim.
const (
	Root   = "/srv/t"
	Victim = "/srv/victim"
)

// Imagined has the words ${…} of a text replaced, for a tree that is imagined.
var Imagined = strings.NewReplacer("${T}", Root, "${VICTIM}", Victim, "${TCP}", "4001", "${TCP2}", "4002", "${UDP}", "4003", "${FREE}", "4004",
	"${ABSTRACT}", "@gaol-cases", "${PID}", "4005")

// FS is what a policy asks of a host.
type FS interface {
	Lstat(path string) (fs.FileMode, error)
	Readlink(path string) (string, error)
	Links(path string) (uint64, error)
}

// On is the table's tree on a host that has all else.
func (t Table) On(host FS) FS {
	f := tree{FS: host, nodes: map[string]node{Root: {mode: fs.ModeDir | 0o755}, path.Dir(Root): {mode: fs.ModeDir | 0o755}, Victim: {mode: 0o755}}}
	for _, e := range t.Tree {
		for kind, mode := range map[string]fs.FileMode{"dir": fs.ModeDir | 0o755, "file": 0o644, "link": fs.ModeSymlink | 0o777, "victim": 0o755, "socket": fs.ModeSocket | 0o755} {
			if e[kind] != "" {
				f.nodes[path.Join(Root, e[kind])] = node{mode, e["to"]}
			}
		}
	}
	return f
}

type node struct {
	mode fs.FileMode
	to   string
}

type tree struct {
	FS
	nodes map[string]node
}

func (f tree) Lstat(p string) (fs.FileMode, error) {
	if n, ok := f.nodes[p]; ok {
		return n.mode, nil
	}
	if strings.HasPrefix(p, Root+"/") {
		return 0, &fs.PathError{Op: "lstat", Path: p, Err: syscall.ENOENT}
	}
	return f.FS.Lstat(p)
}

func (f tree) Readlink(p string) (string, error) {
	if n, ok := f.nodes[p]; ok {
		return n.to, nil
	}
	return f.FS.Readlink(p)
}

func (f tree) Links(p string) (uint64, error) {
	if _, ok := f.nodes[p]; ok {
		return 1, nil
	}
	return f.FS.Links(p)
}
