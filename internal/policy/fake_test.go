package policy

// A file system in memory for the tests, written as a list of lines, and hosts to resolve for. It is stricter than a real one: being
// asked for a path that leads through a link is a fault of the resolver, since FS promises that this does not happen.

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The properties are cheap: more than rapid's hundred runs of each, unless -rapid.checks says otherwise.
func init() { _ = flag.Set("rapid.checks", "3000") }

type fakeNode struct {
	mode fs.FileMode
	link string
	err  error
	hard bool // it has another name
}

type fakeFS struct {
	t      interface{ Errorf(string, ...any) }
	nodes  map[string]fakeNode
	mounts []Mount
	lookup int
}

// newFS reads lines: "mount TYPE PATH", for what is a mount point of the host; and "/dir/", "/file", "/link -> target", and a path with a word behind it: "char", "block", "fifo", "socket", "hard" (it has another name) or
// "denied" (lstat fails with EACCES). Directories above come by themselves.
func newFS(t interface{ Errorf(string, ...any) }, lines ...string) *fakeFS {
	f := &fakeFS{t: t, nodes: map[string]fakeNode{"/": {mode: fs.ModeDir | 0o755}}}
	for _, text := range lines {
		for _, l := range strings.Split(text, "\n") {
			if l = strings.TrimSpace(l); l != "" {
				f.add(l)
			}
		}
	}
	return f
}

func (f *fakeFS) add(line string) {
	if rest, ok := strings.CutPrefix(line, "mount "); ok {
		kind, p, _ := strings.Cut(rest, " ")
		f.mounts = append(f.mounts, Mount{Path: p, Type: kind})
		return
	}
	p, target, isLink := strings.Cut(line, " -> ")
	p, word, _ := strings.Cut(p, " ")
	n := fakeNode{mode: 0o644}
	switch {
	case isLink:
		n = fakeNode{mode: fs.ModeSymlink | 0o777, link: target}
	case strings.HasSuffix(p, "/"):
		n.mode = fs.ModeDir | 0o755
	}
	switch word {
	case "char":
		n.mode |= fs.ModeDevice | fs.ModeCharDevice
	case "block":
		n.mode |= fs.ModeDevice
	case "fifo":
		n.mode |= fs.ModeNamedPipe
	case "socket":
		n.mode |= fs.ModeSocket
	case "hard":
		n.hard = true
	case "denied":
		n.err = syscall.EACCES
	}
	p = path.Clean(p)
	f.nodes[p] = n
	for d := path.Dir(p); f.nodes[d].mode == 0; d = path.Dir(d) {
		f.nodes[d] = fakeNode{mode: fs.ModeDir | 0o755}
	}
}

func (f *fakeFS) get(op, p string) (fakeNode, error) {
	f.lookup++
	if p == "" || p[0] != '/' || path.Clean(p) != p {
		f.t.Errorf("%s(%q): not a clean path", op, p)
	}
	for d := path.Dir(p); d != "/"; d = path.Dir(d) {
		if f.nodes[d].link != "" {
			f.t.Errorf("%s(%q): leads through the link %s, which FS forbids", op, p, d)
		}
	}
	n, ok := f.nodes[p]
	if !ok {
		n.err = syscall.ENOENT
		for d := path.Dir(p); d != "/"; d = path.Dir(d) {
			if m, there := f.nodes[d]; there && !m.mode.IsDir() {
				n.err = syscall.ENOTDIR
			}
		}
	}
	if n.err != nil {
		return n, &fs.PathError{Op: op, Path: p, Err: n.err}
	}
	return n, nil
}

func (f *fakeFS) Lstat(p string) (fs.FileMode, error) {
	n, err := f.get("lstat", p)
	return n.mode, err
}

func (f *fakeFS) Readlink(p string) (string, error) {
	n, err := f.get("readlink", p)
	if err == nil && n.link == "" {
		f.t.Errorf("readlink(%q): not a link", p)
	}
	return n.link, err
}

func (f *fakeFS) Links(p string) (uint64, error) {
	n, err := f.get("lstat", p)
	if n.hard {
		return 2, err
	}
	return 1, err
}

// sortedPaths lists what there is.
func (f *fakeFS) sortedPaths() []string {
	var out []string
	for p := range f.nodes {
		out = append(out, p)
	}
	slices.SortFunc(out, ByPath)
	return out
}

// devNodes is a small /dev and /proc, as every host has it.
const devNodes = `
	/dev/full char
	/dev/null char
	/dev/random char
	/dev/urandom char
	/dev/zero char
	/dev/tty char
	/dev/ptmx char
	/dev/sda block
	/dev/log socket
	/dev/pts/
	/dev/shm/
	/dev/mqueue/
	/dev/fd -> /proc/self/fd
	/dev/stdin -> /proc/self/fd/0
	/dev/stdout -> /proc/self/fd/1
	/dev/stderr -> /proc/self/fd/2
	/proc/self -> 1
	/proc/1/fd/
	/proc/1/root -> /
	/proc/meminfo
	/sys/
	/tmp/
`

// merged is a host with a merged /usr (Debian 12, Fedora).
const merged = devNodes + `
	/usr/bin/sh
	/usr/sbin/
	/usr/lib/
	/usr/lib64/
	/usr/share/zoneinfo/Europe/Berlin
	/usr/lib/os-release
	/bin -> usr/bin
	/sbin -> usr/sbin
	/lib -> usr/lib
	/lib64 -> usr/lib64
	/etc/ld.so.cache
	/etc/alternatives/
	/etc/nsswitch.conf
	/etc/passwd
	/etc/localtime -> /usr/share/zoneinfo/Europe/Berlin
	/etc/os-release -> ../usr/lib/os-release
	/etc/resolv.conf -> ../run/systemd/resolve/stub-resolv.conf
	/run/systemd/resolve/stub-resolv.conf
	/etc/hosts
	/etc/ssl/certs/
	/etc/ssl/openssl.cnf
	/srv/in/a
	/srv/in/sub/b
	/srv/out/
	/srv/bin/tool
	/home/me/key
	/opt/data/x
`

// unmerged is one without (Alpine, old distributions).
const unmerged = devNodes + `
	/usr/bin/
	/usr/lib/
	/bin/sh
	/sbin/
	/lib/libc.so
	/etc/hosts
	/etc/resolv.conf
`

var yes = Check{OK: true}

func host(f FS) Host {
	var mounts []Mount
	if f, ok := f.(*fakeFS); ok {
		mounts = f.mounts
	}
	return Host{Mounts: mounts, Core: 1, System: "Linux test", Namespaces: yes, Proc: yes, Seccomp: yes, Landlock: 6, UIDMap: "0 0 1", GIDMap: "0 0 1",
		Nofile: [2]uint64{1024, 4096}, FS: f}
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

func optional(o profile.Operation) profile.Operation {
	o.Pattern.Optional = true
	return o
}

func read(p string) profile.Operation    { return at(profile.FileRead, p) }
func write(p string) profile.Operation   { return at(profile.FileWrite, p) }
func execute(p string) profile.Operation { return at(profile.FileExecute, p) }
func meta(p string) profile.Operation    { return at(profile.FileReadMetadata, p) }

func private(p string) profile.Operation {
	return profile.Operation{Kind: profile.Private, Path: p}
}

func mapRO(inside, host string) profile.Operation {
	return profile.Operation{Kind: profile.Map, Path: inside, Host: host, Mode: profile.ReadOnly}
}

func mapRW(inside, host string) profile.Operation {
	return profile.Operation{Kind: profile.Map, Path: inside, Host: host, Mode: profile.ReadWrite}
}

var (
	system   = op(profile.System)
	sysinfo  = op(profile.SystemInfoRead)
	process  = op(profile.ProcessCreate)
	outbound = profile.Operation{Kind: profile.NetworkOutbound, Address: profile.All}
	inbound  = profile.Operation{Kind: profile.NetworkInbound, Address: profile.All}
)

func of(ops ...profile.Operation) profile.Profile { return profile.Profile{Operations: ops} }

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
