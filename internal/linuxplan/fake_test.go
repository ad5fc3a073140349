package linuxplan

// A host in memory, and profiles resolved for it: what the other tests of this package compile. A path of the file system is a
// directory where it ends in "/", a link where " -> " follows, a FIFO or a socket where " fifo" or " socket" does, a device below /dev, else a file.

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The properties are cheap: more than rapid's hundred runs of each, unless -rapid.checks says otherwise.
func init() { _ = flag.Set("rapid.checks", "3000") }

type fakeFS map[string]string // "/": a directory, "": a file, "char": a device, "fifo", "socket", else what a link points to

func newFS(lines string) fakeFS {
	f := fakeFS{"/": "/"}
	for _, l := range strings.Split(lines, "\n") {
		p, target, isLink := strings.Cut(strings.TrimSpace(l), " -> ")
		if p == "" {
			continue
		}
		kind := ""
		p, fifo := strings.CutSuffix(p, " fifo")
		p, socket := strings.CutSuffix(p, " socket")
		switch {
		case fifo:
			kind = "fifo"
		case socket:
			kind = "socket"
		case isLink:
			kind = target
		case strings.HasSuffix(p, "/"):
			kind = "/"
		case strings.HasPrefix(p, "/dev/"):
			kind = "char"
		}
		f[path.Clean(p)] = kind
		for d := path.Dir(path.Clean(p)); d != "/"; d = path.Dir(d) {
			if _, ok := f[d]; !ok {
				f[d] = "/"
			}
		}
	}
	return f
}

func (f fakeFS) dir(p string) bool { return f[p] == "/" }

func (f fakeFS) link(p string) bool {
	kind := f[p]
	return kind != "" && kind != "/" && kind != "char" && kind != "fifo" && kind != "socket"
}

func (f fakeFS) Lstat(p string) (fs.FileMode, error) {
	kind, ok := f[p]
	switch {
	case !ok:
		return 0, &fs.PathError{Op: "lstat", Path: p, Err: fs.ErrNotExist}
	case kind == "/":
		return fs.ModeDir | 0o755, nil
	case kind == "":
		return 0o644, nil
	case kind == "char":
		return fs.ModeDevice | fs.ModeCharDevice, nil
	case kind == "fifo":
		return fs.ModeNamedPipe | 0o644, nil
	case kind == "socket":
		return fs.ModeSocket | 0o755, nil
	}
	return fs.ModeSymlink, nil
}

func (f fakeFS) Readlink(p string) (string, error) { return f[p], nil }

func (f fakeFS) Links(string) (uint64, error) { return 1, nil }

const hostLines = `
	/dev/full
	/dev/null
	/dev/random
	/dev/urandom
	/dev/zero
	/dev/ptmx
	/dev/pts/
	/dev/shm/
	/proc/self/
	/usr/bin/sh
	/usr/lib/
	/bin -> usr/bin
	/lib -> usr/lib
	/etc/ld.so.cache
	/etc/alternatives/
	/etc/localtime -> /usr/share/zone
	/usr/share/zone
	/etc/hosts
	/etc/ssl/certs/
	/etc/resolv.conf -> ../run/resolv.conf
	/run/resolv.conf
	/srv/in/a
	/srv/in/sub/b
	/srv/out/
	/srv/bin/tool
	/tmp/in/x
	/tmp/in/deep/y
	/tmp/f
	/tmp/l -> in/x
	/home/me/key
	/opt/data/x
	/opt/pipe fifo
`

var yes = policy.Check{OK: true}

func host(f policy.FS, landlock int) policy.Host {
	return policy.Host{Namespaces: yes, Proc: yes, Seccomp: yes, Landlock: landlock, LandlockReason: "none", UIDMap: "1000 1000 1", GIDMap: "100 100 1",
		Nofile: [2]uint64{1024, 4096}, Core: 1, FS: f}
}

var filter = []plan.Instruction{{Code: 0x06, K: 0x7fff0000}}

func compile(t interface {
	Helper()
	Fatalf(string, ...any)
}, p policy.Policy, h policy.Host) plan.Plan {
	t.Helper()
	out, err := Compile(p, h)
	if err != nil {
		t.Fatalf("%v", err)
	}
	SetFilter(out, filter)
	SetSelf(out, filter)
	return out
}

func resolve(t *testing.T, h policy.Host, ops ...profile.Operation) policy.Policy {
	t.Helper()
	p, err := policy.Resolve(profile.Profile{Operations: ops}, h)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = "testdata/" + file
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

// The operations, short.
func op(k profile.Kind) profile.Operation { return profile.Operation{Kind: k} }

func at(k profile.Kind, p string) profile.Operation {
	return profile.Operation{Kind: k, Pattern: profile.Pattern{Path: p, Match: profile.Subpath}}
}

func literal(o profile.Operation) profile.Operation {
	o.Pattern.Match = profile.Literal
	return o
}

func read(p string) profile.Operation    { return at(profile.FileRead, p) }
func write(p string) profile.Operation   { return at(profile.FileWrite, p) }
func execute(p string) profile.Operation { return at(profile.FileExecute, p) }
func meta(p string) profile.Operation    { return at(profile.FileReadMetadata, p) }
func private(p string) profile.Operation {
	return profile.Operation{Kind: profile.Private, Path: p}
}
func mapped(inside, host string, mode profile.Mode) profile.Operation {
	return profile.Operation{Kind: profile.Map, Path: inside, Host: host, Mode: mode}
}

var (
	system   = op(profile.System)
	sysinfo  = op(profile.SystemInfoRead)
	outbound = profile.Operation{Kind: profile.NetworkOutbound, Address: profile.All}
	inbound  = profile.Operation{Kind: profile.NetworkInbound, Address: profile.All}
)
