package policy

// What a denial makes of the view, as text, and each way in which one means nothing or cannot be exact, with a twin that can.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// holes prints what denials made of a policy: the path, what is left of the rights, and "pin" for a mount that only holds the way.
func holes(p Policy) string {
	var out []string
	for _, e := range p.Entries {
		switch {
		case e.Kind == Cover:
			out = append(out, e.Path+" closed")
		case e.Hole:
			out = append(out, fmt.Sprintf("%s %s", e.Path, e.Rights))
		case e.Mount && strings.HasPrefix(e.Why, "Deny"):
			out = append(out, e.Path+" pin")
		}
	}
	return strings.Join(out, ", ")
}

func all(p string, kinds ...profile.Kind) (ops list) {
	for _, k := range kinds {
		ops = append(ops, at(k, p))
	}
	return ops
}

func denied(ops ...profile.Operation) list {
	out := make(list, len(ops))
	for i, o := range ops {
		out[i] = deny(o)
	}
	return out
}

func join(lists ...list) (ops list) {
	for _, l := range lists {
		ops = append(ops, l...)
	}
	return ops
}

const (
	fr, fw, fx = profile.FileRead, profile.FileWrite, profile.FileExecute
	deep       = "/srv/a/b/c/d/\n/srv/a/b/c/e"
)

func TestADenialTakesWhatItNames(t *testing.T) {
	for _, c := range []struct {
		name string
		ops  list
		want string
	}{
		{"all of a directory", join(all("/srv", fr), denied(read("/srv/in"))), "/srv/in closed"},
		{"all of a file", join(all("/srv", fr), denied(literal(read("/srv/in/a")))), "/srv/in/a closed"},
		{"writing alone, of a file", join(all("/srv", fr, fw), denied(literal(write("/srv/in/a")))), "/srv/in pin, /srv/in/a read"},
		{"executing alone", join(all("/srv", fr, fw, fx), denied(execute("/srv/in"))), "/srv/in read write"},
		{"two of three", join(all("/srv", fr, fw, fx), denied(literal(write("/srv/in/a")), literal(execute("/srv/in/a")))), "/srv/in pin, /srv/in/a read"},
		{"all three, and the way to it is held", join(all("/srv", fr, fw, fx), denied(all("/srv/a/b/c", fr, fw, fx)...)), "/srv/a pin, /srv/a/b pin, /srv/a/b/c closed"},
		{"the only right", join(all("/srv", fw), denied(write("/srv/in"))), "/srv/in closed"},
		{"writing, where metadata is allowed by name", join(all("/srv", fw, profile.FileReadMetadata), denied(literal(write("/srv/in/a")))), "/srv/in pin, /srv/in/a metadata"},
		{"reading, and metadata go with it", join(all("/srv", fr, profile.FileReadMetadata), denied(read("/srv/in"))), "/srv/in closed"},
		{"again further down", join(all("/srv", fr), denied(read("/srv/a"), read("/srv/a/b"))), "/srv/a closed"},
		{"again further down, of writing", join(all("/srv", fr, fw), list{best(deny(write("/srv/a")))}, denied(write("/srv/a/b"))), "/srv/a read"},
		{"less, and further down the rest", join(all("/srv", fr, fw), list{best(deny(write("/srv/a")))}, denied(read("/srv/a/b"))), "/srv/a read, /srv/a/b closed"},
		{"what is given back below", join(all("/srv", fr), denied(read("/srv/a")), list{read("/srv/a/b/c")}), "/srv/a closed"},
		{"what is given back below, and taken again", join(all("/srv", fr), denied(read("/srv/a")), list{read("/srv/a/b")}, denied(read("/srv/a/b/c"))), "/srv/a closed, /srv/a/b/c closed"},
		{"a tie with what it takes", join(all("/srv", fr), list{read("/srv/in")}, denied(read("/srv/in"))), "/srv/in closed"},
		{"a program of the system's", join(list{system}, denied(execute("/usr/bin/sh"))), "/usr/bin/sh read"},
		{"what a link leads to", join(all("/srv", fr), denied(read("/l"))), "/srv/in closed"},
		{"in a mapped tree", join(list{mapRW("/data", "/srv")}, denied(read("/data/in"), write("/data/in"))), "/data/in closed"},
		{"below the root", join(all("/", fr), denied(read("/home/me"))), "/home/me closed"},
		{"what is missing and cannot come", join(all("/srv", fr), denied(optional(read("/srv/none")))), ""},
		{"what is missing where nothing is allowed", denied(optional(read("/none/x"))), ""},
		{"a fifo's reading", join(all("/srv", fr, fw), denied(literal(read("/srv/pipe")), literal(write("/srv/pipe")))), "/srv/pipe closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Resolve(of(c.ops...), host(newFS(t, merged, deep, "/l -> srv/in\n/srv/pipe fifo")))
			if err != nil {
				t.Fatal(err)
			}
			if got := holes(p); got != c.want {
				t.Errorf("got  %s\nwant %s\n%s", got, c.want, &p)
			}
			if slices.ContainsFunc(p.Gaps, func(g Gap) bool { return g.Operation != best(deny(write("/srv/a"))).String() }) {
				t.Errorf("gaps: %v", p.Gaps)
			}
		})
	}
}

func TestADenialThatMeansNothingIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		ops, twin  list
	}{
		{"nothing above it", `Deny(FileRead(Subpath("/srv/in"))): nothing above this path allows it`, denied(read("/srv/in")), join(all("/srv", fr), denied(read("/srv/in")))},
		{"another right above it", `Deny(FileWrite(Subpath("/srv/in"))): nothing above this path allows it`, join(all("/srv", fr), denied(write("/srv/in"))), join(all("/srv", fr, fw), denied(literal(write("/srv/in/a"))))},
		{"only what it takes", `Deny(FileRead(Subpath("/srv"))): contradicts FileRead(Subpath("/srv"))`, join(all("/srv", fr), denied(read("/srv"))), join(all("/", fr), denied(read("/srv")))},
		{"a mapped tree as a whole", `Deny(FileRead(Subpath("/data"))): contradicts Map("/data"`, join(list{mapRO("/data", "/srv")}, denied(read("/data"))), join(list{mapRO("/data", "/srv")}, denied(read("/data/in")))},
		{"a missing path", `Deny(FileRead(Subpath("/srv/none"))): no such file or directory: what does not exist cannot be covered`, join(all("/srv", fr), denied(read("/srv/none"))), join(all("/srv", fr), denied(optional(read("/srv/none"))))},
		{"a missing path that can be made", `Deny(FileRead(Optional(Subpath("/srv/none/x")))): does not exist, and the program could make it, by FileWrite(Subpath("/srv"))`, join(list{write("/srv"), read("/srv")}, denied(optional(read("/srv/none/x")))), join(all("/srv", fr), denied(optional(read("/srv/none/x"))))},
		{"a missing path behind a link that can be made", `Deny(FileRead(Optional(Subpath("/l/none")))): does not exist, and the program could make it, by FileWrite(Subpath("/srv"))`, join(list{write("/srv"), read("/srv")}, denied(optional(read("/l/none")))), nil},
		{"a link that leads nowhere", `Deny(FileRead(Optional(Subpath("/srv/dangling")))): is a link that leads nowhere`, join(all("/srv", fr), denied(optional(read("/srv/dangling")))), nil},
		{"a link that the program could turn", `is a link that the program could change, by FileRead(Subpath("/srv"))`, join(all("/srv", fr, fw), denied(read("/srv/turn"), write("/srv/turn"))), join(all("/srv", fr, fw), denied(read("/l"), write("/l")))},
		{"/proc", `Deny(FileRead(Subpath("/proc/meminfo"))): cannot be denied`, join(list{system}, denied(read("/proc/meminfo"))), nil},
		{"a device", `Deny(FileRead(Literal("/dev/null"))): cannot be denied`, join(list{system}, denied(literal(read("/dev/null")))), nil},
		{"a socket", `Deny(FileRead(Subpath("/srv/socket"))): is a socket`, join(all("/srv", fr), denied(read("/srv/socket"))), nil},
		{"what is private", `Deny(FileRead(Subpath("/srv/in"))): Private("/srv/in") has taken this place`, join(all("/srv", fr), list{private("/srv/in")}, denied(read("/srv/in"))), join(all("/srv", fr), list{private("/srv/in/sub")}, denied(read("/srv/in")))},
		{"what is shown elsewhere, too", `Deny(FileRead(Subpath("/srv/in"))): is shown at /data/in, too, by Map("/data", "/srv", ReadOnly): deny it there as well`, join(all("/srv", fr), list{mapRO("/data", "/srv")}, denied(read("/srv/in"))), join(all("/srv", fr), list{mapRO("/data", "/srv")}, denied(read("/srv/in"), read("/data/in")))},
		{"what is mapped itself", `Deny(FileRead(Subpath("/srv/in"))): is shown at /data, too, by Map("/data", "/srv/in", ReadOnly)`, join(all("/srv", fr), list{mapRO("/data", "/srv/in")}, denied(read("/srv/in"))), join(all("/srv", fr), list{mapRO("/data", "/srv/in/sub")}, denied(read("/srv/in")))},
		{"a place below a closed file", `lies below /srv/in/a, which is a file`, join(all("/srv", fr), denied(read("/srv/in/a")), list{private("/srv/in/a/x")}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged, "/l -> srv/in\n/srv/dangling -> none\n/srv/turn -> in\n/srv/socket socket"))
			_, err := Resolve(of(c.ops...), h)
			var bad *profile.Error
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if _, err := Resolve(of(c.twin...), h); err != nil {
				t.Errorf("the twin: %v", err)
			}
		})
	}
}

func TestADenialThatCannotBeExactIsUnsupportedOrAGap(t *testing.T) {
	for _, c := range []struct {
		name, want, gap, left string // left: what best effort makes of it
		allow                 list
		deny                  profile.Operation
	}{
		{"reading, and writing stays", `a mechanism that forbids to read and allows to write below a readable directory: Deny(FileWrite(Subpath("/srv/in"))) too`, "to write is denied, too", "/srv/in closed", all("/srv", fr, fw), read("/srv/in")},
		{"reading, and both stay", `Deny(FileWrite(Subpath("/srv/in"))) and Deny(FileExecute(Subpath("/srv/in"))) too`, "to write execute is denied, too", "/srv/in closed", all("/srv", fr, fw, fx), read("/srv/in")},
		{"metadata, and reading stays", `Deny(FileRead(Subpath("/srv/in"))) too`, "to read is denied, too", "/srv/in closed", all("/srv", fr), meta("/srv/in")},
		{"a name", `a mechanism that hides a name (what is covered keeps its place in its directory)`, "it can be seen that the path exists", "/srv/in closed", all("/srv", profile.FileReadMetadata), meta("/srv/in")},
		{"a file with another name", `a way to find every name of a file (/srv/twice has 2 hard links)`, "the file is not closed by its other names", "/srv/twice closed", all("/srv", fr), literal(read("/srv/twice"))},
		{"a fifo's writing", `needs a mechanism that keeps named pipes below /srv from being written (FileWrite(Subpath("/srv")) allows it`, "a named pipe there can be written", "/srv/pipe read", all("/srv", fr, fw), literal(write("/srv/pipe"))},
		{"the writing of a directory, with its fifos", `FileWrite of what lies beside it, instead of /srv`, "a named pipe there can be written", "/srv/in read", all("/srv", fr, fw), write("/srv/in")},
		{"the writing of a directory that is only executed", `keeps named pipes below /srv`, "a named pipe there can be written", "/srv/in execute", all("/srv", fw, fx), write("/srv/in")},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged, "/srv/twice hard\n/srv/pipe fifo"))
			_, err := Resolve(of(join(c.allow, denied(c.deny))...), h)
			var lacks *UnsupportedError
			if !errors.As(err, &lacks) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			p, err := Resolve(of(join(c.allow, list{best(deny(c.deny))})...), h)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Gaps) == 0 || !strings.Contains(fmt.Sprint(p.Gaps), c.gap) || holes(p) != c.left {
				t.Errorf("best effort: %v, %s", p.Gaps, holes(p))
			}
		})
	}
	var lacks *UnsupportedError
	if _, err := Resolve(of(join(all("/srv", fr), denied(literal(read("/srv/in"))))...), host(newFS(t, merged))); !errors.As(err, &lacks) {
		t.Errorf("a directory without what is in it: %v", err)
	}
}

// The same directory of the host lies at two places, or a part of it does.
func TestADenialOfWhatTheHostMountsElsewhereIsRefused(t *testing.T) {
	mounts := func(more ...Mount) []Mount {
		return append([]Mount{{"/", "ext4", "8:1", "/"}, {"/proc", "proc", "0:5", "/"}, {"/home", "ext4", "8:2", "/"}}, more...)
	}
	for _, c := range []struct {
		name  string
		mount Mount
		ops   list
		bad   bool
	}{
		{"the tree around it", Mount{"/opt/data", "ext4", "8:1", "/srv"}, join(all("/", fr), denied(read("/srv/in"))), true},
		{"itself", Mount{"/opt/data", "ext4", "8:1", "/srv/in"}, join(all("/", fr), denied(read("/srv/in"))), true},
		{"a part of it", Mount{"/opt/data", "ext4", "8:1", "/srv/in/sub"}, join(all("/", fr), denied(read("/srv/in"))), true},
		{"denied there, too", Mount{"/opt/data", "ext4", "8:1", "/srv/in"}, join(all("/", fr), denied(read("/srv/in"), read("/opt/data"))), false},
		{"where nothing is allowed", Mount{"/opt/data", "ext4", "8:1", "/srv/in"}, join(all("/srv", fr), denied(read("/srv/in"))), false},
		{"another right", Mount{"/opt/data", "ext4", "8:1", "/srv/in"}, join(all("/srv", fr, fx), list{read("/opt")}, denied(execute("/srv/in"))), false},
		{"another file system", Mount{"/opt/data", "ext4", "8:2", "/srv/in"}, join(all("/", fr), denied(read("/srv/in"))), false},
		{"a sibling", Mount{"/opt/data", "ext4", "8:1", "/srv/in-2"}, join(all("/", fr), denied(read("/srv/in"))), false},
		{"below itself", Mount{"/srv/in/sub", "ext4", "8:1", "/srv/in"}, join(all("/", fr), denied(read("/srv/in"))), false},
		{"what the mount at its place shows elsewhere", Mount{"/opt/data", "ext4", "8:2", "/me"}, join(all("/", fr), denied(read("/home/me"))), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host(newFS(t, merged))
			h.Mounts = mounts(c.mount)
			p, err := Resolve(of(c.ops...), h)
			var bad *profile.Error
			if c.bad != errors.As(err, &bad) || !c.bad && err != nil || c.bad && !strings.Contains(err.Error(), "is shown at /opt/data") {
				t.Errorf("%v\n%s", err, &p)
			}
		})
	}
}

func TestEveryOperationOfADenialIsListedAtOnce(t *testing.T) {
	_, err := Resolve(of(join(all("/srv", fr, fw), denied(read("/srv/in"), read("/srv/out"), literal(read("/srv/twice"))))...), host(newFS(t, merged, "/srv/twice hard")))
	var lacks *UnsupportedError
	if !errors.As(err, &lacks) || len(lacks.Operations) != 4 { // the file is inexact twice
		t.Errorf("%v", err)
	}
}
