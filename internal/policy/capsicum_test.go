package policy

// Profiles for FreeBSD's capability mode, resolved on a host in memory: the level of every operation for each kind of program, golden policies,
// and beside each thing that is refused its allowed twin.

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// freebsd is a host as its base system lays it out.
const freebsd = `
	/libexec/ld-elf.so.1
	/lib/libc.so.7
	/usr/lib/libm.so.5
	/usr/local/lib/python/
	/bin/sh
	/usr/bin/env
	/usr/share/locale/
	/etc/localtime
	/etc/nsswitch.conf
	/dev/null char
	/dev/zero char
	/dev/random char
	/dev/urandom -> random
	/dev/ada0 block
	/dev/cuau0 char
	/home -> usr/home
	/usr/home/ann/notes
	/usr/home/ann/out/
	/srv/in/a.png
	/srv/in/keys/id
	/srv/out/
	/var/run/log.sock socket
	/proc/
`

func bsdHost(t *testing.T, more ...string) Host {
	return Host{System: "FreeBSD 14.2", Platform: FreeBSD, FS: newFS(t, append([]string{freebsd}, more...)...), Capsicum: Check{OK: true},
		Preload: Check{OK: true}, PreloadPath: "/usr/local/lib/gaol/libgaolpaths.so", Jail: Check{Reason: "there are none here"}}
}

func treeAt(p string) profile.Pattern          { return profile.Pattern{Path: p, Match: profile.Subpath} }
func fileAt(p string) profile.Pattern          { return profile.Pattern{Path: p, Match: profile.Literal} }
func plainly(k profile.Kind) profile.Operation { return profile.Operation{Kind: k} }
func on(k profile.Kind, p profile.Pattern) profile.Operation {
	return profile.Operation{Kind: k, Pattern: p}
}
func socket(k profile.Kind, p string) profile.Operation {
	return profile.Operation{Kind: k, Address: profile.Address{Form: profile.FormLocalSocket, Name: p}}
}

// refusal is what New would say; empty: nothing.
func refusal(t *testing.T, h Host, ops ...profile.Operation) (Policy, string) {
	t.Helper()
	p, err := Resolve(profile.Profile{Operations: ops}, h)
	if err != nil {
		return p, err.Error()
	}
	return p, ""
}

func TestWhatADescriptorCannotSayIsRefused(t *testing.T) {
	read, write, exec := profile.FileRead, profile.FileWrite, profile.FileExecute
	rows := []struct {
		name    string
		refused []profile.Operation
		says    string
		twin    []profile.Operation
	}{
		{"a hole in a directory", []profile.Operation{on(read, treeAt("/srv/in")), deny(on(read, treeAt("/srv/in/keys")))}, "a descriptor with a hole",
			[]profile.Operation{on(read, treeAt("/srv/in")), deny(on(read, treeAt("/srv/out")))}},
		{"a hole in what is written", []profile.Operation{on(write, treeAt("/srv")), deny(on(write, treeAt("/srv/in")))}, "a descriptor with a hole",
			[]profile.Operation{on(read, treeAt("/srv")), deny(on(write, treeAt("/srv/in")))}},
		{"more rights in what can be replaced", []profile.Operation{on(write, treeAt("/srv")), on(read, treeAt("/srv/in"))}, "a mount that pins it",
			[]profile.Operation{on(read, treeAt("/srv")), on(write, treeAt("/srv/out"))}},
		{"a way from written to read", []profile.Operation{on(write, treeAt("/srv/in")), on(read, treeAt("/srv/out")), on(write, treeAt("/srv/out"))}, "rights on a move by its target",
			[]profile.Operation{on(write, treeAt("/srv/in")), on(read, treeAt("/srv/out"))}},
		{"a link that can be changed", []profile.Operation{on(write, treeAt("/srv/out")), on(read, treeAt("/srv/out/link"))}, "is a link that the program could change",
			[]profile.Operation{on(write, treeAt("/srv/out")), on(read, treeAt("/srv/in"))}},
		{"the same directory by two names, in the other order", []profile.Operation{{Kind: profile.Map, Path: "/data", Host: "/srv/in", Mode: profile.ReadOnly}, on(write, treeAt("/srv/in"))}, "two descriptors",
			[]profile.Operation{{Kind: profile.Map, Path: "/data", Host: "/srv/in", Mode: profile.ReadOnly}, on(write, treeAt("/srv/out"))}},
		{"the same directory by two names", []profile.Operation{on(read, treeAt("/srv/in")), {Kind: profile.Map, Path: "/data", Host: "/srv/in", Mode: profile.ReadWrite}}, "two descriptors",
			[]profile.Operation{on(exec, treeAt("/usr/bin")), {Kind: profile.Map, Path: "/data", Host: "/srv/in", Mode: profile.ReadWrite}}},
	}
	for _, r := range rows {
		h := bsdHost(t, "/srv/out/link -> ../in")
		if _, says := refusal(t, h, r.refused...); !strings.Contains(says, r.says) {
			t.Errorf("%s: %q, want %q", r.name, says, r.says)
		}
		if _, says := refusal(t, h, r.twin...); says != "" {
			t.Errorf("%s: the twin: %s", r.name, says)
		}
	}
}

func TestADenialOfTheSamePathTakesTheRight(t *testing.T) {
	p, says := refusal(t, bsdHost(t), on(profile.FileRead, treeAt("/srv/out")), on(profile.FileWrite, treeAt("/srv/out")), deny(on(profile.FileWrite, treeAt("/srv/out"))))
	if says != "" || len(p.Capsicum.Grants) != 1 || p.Capsicum.Grants[0].Rights != Read|Metadata {
		t.Errorf("%s: %+v", says, p.Capsicum.Grants)
	}
}

func TestBestEffortReportsWhatStaysOpen(t *testing.T) {
	p, says := refusal(t, bsdHost(t), best(on(profile.FileWrite, treeAt("/srv/in"))), on(profile.FileRead, treeAt("/srv/out")), on(profile.FileWrite, treeAt("/srv/out")),
		best(socket(profile.NetworkOutbound, "/var/run/log.sock")))
	if says != "" || len(p.Gaps) != 2 || !p.Capsicum.Sockets {
		t.Fatalf("%s: %+v", says, p)
	}
	for _, g := range p.Capsicum.Grants {
		if g.Fixed != (g.Path == "/srv/in") {
			t.Errorf("%s: fixed %v", g.Path, g.Fixed)
		}
	}
}

func TestWithoutThePreloadLibraryNoPathIsPromised(t *testing.T) {
	h := bsdHost(t)
	h.Preload = Check{Reason: "it is not installed", Fix: "install it"}
	if _, says := refusal(t, h, on(profile.FileRead, treeAt("/srv/in"))); !strings.Contains(says, "needs the preload library (it is not installed): install it") {
		t.Error(says)
	}
	if p, says := refusal(t, h, best(plainly(profile.System))); says != "" || p.Capsicum.Preload != "" || p.Capsicum.Loader == "" {
		t.Errorf("%s: %+v", says, p.Capsicum)
	}
	h.Program = Cooperating
	if _, says := refusal(t, h, on(profile.FileRead, treeAt("/srv/in"))); says != "" {
		t.Error(says)
	}
}

func TestAnEngineThatIsNotThereSaysWhy(t *testing.T) {
	var lacks *UnsupportedError
	_, err := Resolve(profile.Profile{Engine: profile.EngineJail}, bsdHost(t))
	if !errors.As(err, &lacks) || lacks.Operations[0].Detail != "there are none here" {
		t.Error(err)
	}
	_, err = Resolve(profile.Profile{}, Host{Platform: FreeBSD, FS: newFS(t), Capsicum: Check{Reason: "no capabilities in this kernel"}})
	if !errors.As(err, &lacks) || lacks.Operations[0].Detail != "no capabilities in this kernel" {
		t.Error(err)
	}
	if _, err = Resolve(profile.Profile{}, bsdHost(t)); err != nil {
		t.Error(err)
	}
}

func TestLimitsOfFreeBSDAreHeldOrRefused(t *testing.T) {
	limits := func(ops []profile.Operation, l profile.Limits) error {
		_, err := Resolve(profile.Profile{Operations: ops, Limits: l}, bsdHost(t))
		return err
	}
	process := []profile.Operation{plainly(profile.ProcessCreate)}
	for _, held := range []profile.Limits{{CPU: 1e9}, {Wall: 1e9}, {Files: 67}, {FileSize: 1 << 20}, {Stack: 8 << 20}, {Output: 1 << 20}} {
		if err := limits(nil, held); err != nil {
			t.Errorf("%+v: %v", held, err)
		}
	}
	for _, not := range []profile.Limits{{Memory: 1 << 30}, {Processes: 9}, {Disk: 1 << 20}, {Instructions: 1 << 30}, {Processors: 1}, {Files: 66}} {
		if err := limits(nil, not); err == nil {
			t.Errorf("%+v is accepted", not)
		}
	}
	if err := limits(process, profile.Limits{CPU: 1e9}); err == nil {
		t.Error("CPU of a tree is accepted")
	}
	if err := limits(process, profile.Limits{CPU: 1e9, PerProcess: true}); err != nil {
		t.Error(err)
	}
}

func TestGoldenPoliciesOfCapabilityMode(t *testing.T) {
	rows := map[string][]profile.Operation{
		"capsicum-nothing": nil,
		"capsicum-convert": {plainly(profile.System), on(profile.FileRead, treeAt("/srv/in")), on(profile.FileWrite, treeAt("/srv/out")), plainly(profile.ProcessCreate)},
		"capsicum-links":   {on(profile.FileRead, treeAt("/home/ann")), on(profile.FileWrite, treeAt("/home/ann/out")), {Kind: profile.Map, Path: "/data", Host: "/srv/in", Mode: profile.ReadWrite}},
		"capsicum-sockets": {best(socket(profile.NetworkOutbound, "/var/run/log.sock")), best(socket(profile.NetworkInbound, "/srv/out/s")), best(plainly(profile.Signal))},
	}
	for name, ops := range rows {
		p, err := Resolve(profile.Profile{Operations: ops}, bsdHost(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		file := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(p.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || string(want) != p.String() {
			t.Errorf("%s: %v\n%s", name, err, p)
		}
	}
}
