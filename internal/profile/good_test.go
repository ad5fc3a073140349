package profile

// What a profile file means: the same profile is written in TOML and in JSON, and files are found and refused by their names.
// These tests must never depend on what the host has outside their own directory.

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var testVars = Vars{Home: "/home/ann", CWD: "/job", Tmp: "/tmp"}

func sub(p string) Pattern     { return Pattern{Path: p, Match: Subpath} }
func literal(p string) Pattern { return Pattern{Path: p, Match: Literal} }
func optional(p Pattern) Pattern {
	p.Optional = true
	return p
}
func file(k Kind, p Pattern) Operation { return Operation{Kind: k, Pattern: p} }
func outbound(a Address) Operation     { return Operation{Kind: NetworkOutbound, Address: a} }
func inbound(a Address) Operation      { return Operation{Kind: NetworkInbound, Address: a} }
func deny(op Operation) Operation {
	op.Deny = true
	return op
}
func effort(op Operation) Operation {
	op.BestEffort = true
	return op
}

// Each profile is written in both languages.
var goodFiles = []struct {
	name, toml, json string
	want             Profile
}{
	{"the least", `schema = 1`, `{"schema": 1}`, Profile{}},
	{"empty lists and false",
		"schema = 1\nread = []\nsystem = false\nextends = []\n[env]",
		`{"schema": 1, "read": [], "system": false, "extends": [], "env": {}}`, Profile{}},
	{"every key",
		`schema = 1
map = ["/in=/srv/a", "/out=/srv/b:rw", "/ro=/srv/c:ro"]
private = ["/tmp"]
process = true
sysinfo = true
listen = ["all"]
connect = ["all"]
exec = ["/usr/bin"]
write = ["/srv/out"]
metadata = ["/srv"]
read = ["/srv/in", "${HOME}/fonts?"]
system = true
dir = "${CWD}/x"
on-denied = "kill"
pass-env = ["LANG", "TERM"]
[env]
PATH = "/usr/bin:${HOME}/bin"
A = "cost: $$5"
[limits]
wall = "30s"
cpu = "1m30s"
memory = "512 MiB"
processes = 64
files = 0x100
file-size = 1_000_000
stack = "8MiB"
core = "1 kB"
output = 4096
disk = "1GiB"
instructions = 1_000_000_000
processors = 1.5
read-rate = "10 MB"
write-rate = "10 MiB"
per-process = true
`, `{"limits": {"wall": "30s", "cpu": "1m30s", "memory": "512 MiB", "processes": 64, "files": 256, "file-size": 1000000, "stack": "8 MiB",
"core": "1 kB", "output": 4096, "disk": "1 GiB", "instructions": 1000000000, "processors": 15e-1, "read-rate": "10 MB", "write-rate": 10485760,
"per-process": true}, "env": {"PATH": "/usr/bin:${HOME}/bin", "A": "cost: $$5"}, "pass-env": ["LANG", "TERM"], "on-denied": "kill",
"dir": "${CWD}/x", "system": true, "read": ["/srv/in", "${HOME}/fonts?"], "metadata": ["/srv"], "write": ["/srv/out"],
"exec": ["/usr/bin"], "connect": ["all"], "listen": ["all"], "sysinfo": true, "process": true, "private": ["/tmp"],
"map": ["/in=/srv/a", "/out=/srv/b:rw", "/ro=/srv/c:ro"], "schema": 1}`,
		Profile{
			Operations: []Operation{
				{Kind: System},
				file(FileRead, sub("/srv/in")), file(FileRead, optional(sub("/home/ann/fonts"))),
				file(FileReadMetadata, sub("/srv")), file(FileWrite, sub("/srv/out")), file(FileExecute, sub("/usr/bin")),
				{Kind: NetworkOutbound, Address: All}, {Kind: NetworkInbound, Address: All},
				{Kind: SystemInfoRead}, {Kind: ProcessCreate}, {Kind: Private, Path: "/tmp"},
				{Kind: Map, Path: "/in", Host: "/srv/a", Mode: ReadOnly},
				{Kind: Map, Path: "/out", Host: "/srv/b", Mode: ReadWrite},
				{Kind: Map, Path: "/ro", Host: "/srv/c", Mode: ReadOnly},
			},
			OnDenied: Kill, Env: []string{"PATH=/usr/bin:/home/ann/bin", "A=cost: $5"},
			PassEnv: []string{"LANG", "TERM"}, Dir: "/job/x",
			Limits: Limits{Wall: 30 * time.Second, CPU: 90 * time.Second, Memory: 512 << 20, Processes: 64, Files: 256, FileSize: 1_000_000,
				Stack: 8 << 20, Core: 1000, Output: 4096, Disk: 1 << 30, Instructions: 1_000_000_000, Processors: 1.5, ReadRate: 10_000_000,
				WriteRate: 10 << 20, PerProcess: true},
		}},
	{"entries as tables",
		`schema = 1
read = [{ literal = "/etc/hosts" }, { subpath = "/a?", optional = true }, { optional = false, literal = "${TMP}/x" }]`,
		`{"schema": 1, "read": [{"literal": "/etc/hosts"}, {"subpath": "/a?", "optional": true},
			{"optional": false, "literal": "${TMP}/x"}]}`,
		Profile{Operations: []Operation{
			file(FileRead, literal("/etc/hosts")), file(FileRead, optional(sub("/a?"))), file(FileRead, literal("/tmp/x")),
		}}},
	{"a list of tables and a dotted key",
		"schema = 1\nenv.A = 'x'\nenv.\"B.C\" = 'y'\n[[write]]\nliteral = '/a'\n[[write]]\nsubpath = '/b'\n",
		`{"schema": 1, "env": {"A": "x", "B.C": "y"}, "write": [{"literal": "/a"}, {"subpath": "/b"}]}`,
		Profile{Operations: []Operation{file(FileWrite, literal("/a")), file(FileWrite, sub("/b"))}, Env: []string{"A=x", "B.C=y"}}},
	{"escapes",
		`schema = 1
read = ["/caf\u00e9/\U0001F600", "/a$$b", "/${0xFF}", "/q${0x3f}", "/??"]
private = ["/p${0x3F}"]
map = ["/a${0x3D}b=/c=d:rw:ro"]`,
		`{"schema": 1, "read": ["/caf\u00e9/\ud83d\ude00", "/a$$b", "/${0xFF}", "/q${0x3f}", "/??"],
			"private": ["/p${0x3F}"], "map": ["/a${0x3D}b=/c=d:rw:ro"]}`,
		Profile{Operations: []Operation{
			file(FileRead, sub("/café/😀")), file(FileRead, sub("/a$b")), file(FileRead, sub("/\xff")),
			file(FileRead, sub("/q?")), file(FileRead, optional(sub("/?"))),
			{Kind: Private, Path: "/p?"}, {Kind: Map, Path: "/a=b", Host: "/c=d:rw", Mode: ReadOnly},
		}}},
	{"every form of an address",
		`schema = 1
connect = ["all", "tcp:443", "udp:53", "unix:/run/x.sock", "api.example.com:443", "10.0.0.0/8:80", "2001:db8::/32:65535", "::/0:1"]
listen = ["loopback:8080", "unix:${TMP}/a$$b:c${0x3F}", "tcp:1", "udp:2"]`,
		`{"schema": 1, "connect": ["all", "tcp:443", "udp:53", "unix:/run/x.sock", "api.example.com:443", "10.0.0.0/8:80",
			"2001:db8::/32:65535", "::/0:1"], "listen": ["loopback:8080", "unix:${TMP}/a$$b:c${0x3F}", "tcp:1", "udp:2"]}`,
		Profile{Operations: []Operation{
			outbound(All), outbound(Address{FormTCP, 443, ""}), outbound(Address{FormUDP, 53, ""}), outbound(Address{FormLocalSocket, 0, "/run/x.sock"}),
			outbound(Address{FormHost, 443, "api.example.com"}), outbound(Address{FormCIDR, 80, "10.0.0.0/8"}),
			outbound(Address{FormCIDR, 65535, "2001:db8::/32"}), outbound(Address{FormCIDR, 1, "::/0"}),
			inbound(Address{FormLoopback, 8080, ""}), inbound(Address{FormLocalSocket, 0, "/tmp/a$b:c?"}), inbound(Address{FormTCP, 1, ""}),
			inbound(Address{FormUDP, 2, ""}),
		}}},
	{"what processes do to each other, devices and system calls",
		`schema = 1
syscall = ["io_uring_setup", "bpf"]
device = ["/dev/kvm", "${TMP}/d${0x3F}"]
ipc = ["posix-queues", "named-pipes", "system-v", "posix-shared-memory"]
trace = true
signal = true`,
		`{"schema": 1, "syscall": ["io_uring_setup", "bpf"], "device": ["/dev/kvm", "${TMP}/d${0x3F}"],
			"ipc": ["posix-queues", "named-pipes", "system-v", "posix-shared-memory"], "trace": true, "signal": true}`,
		Profile{Operations: []Operation{
			{Kind: Signal}, {Kind: Trace}, {Kind: IPC, IPC: POSIXQueues}, {Kind: IPC, IPC: NamedPipes}, {Kind: IPC, IPC: SystemV},
			{Kind: IPC, IPC: POSIXSharedMemory}, {Kind: Device, Pattern: literal("/dev/kvm")}, {Kind: Device, Pattern: literal("/tmp/d?")},
			{Kind: Syscall, Names: "io_uring_setup"}, {Kind: Syscall, Names: "bpf"},
		}}},
	{"deny and best-effort",
		`schema = 1
best-effort = [
	{ write = "${HOME}/out?" }, { system = true }, { deny = { exec = "/srv/x" } }, { connect = "tcp:443" },
	{ map = "/m=/h:rw" }, { ipc = "system-v" }, { read = { literal = "/l" } },
]
deny = [{ read = "/srv/keys" }, { metadata = { literal = "/srv/m", optional = true } }, { write = "/srv/in?" }]
read = ["/srv"]
write = ["/srv"]`,
		`{"schema": 1, "best-effort": [{"write": "${HOME}/out?"}, {"system": true}, {"deny": {"exec": "/srv/x"}}, {"connect": "tcp:443"},
			{"map": "/m=/h:rw"}, {"ipc": "system-v"}, {"read": {"literal": "/l"}}],
			"deny": [{"read": "/srv/keys"}, {"metadata": {"literal": "/srv/m", "optional": true}}, {"write": "/srv/in?"}],
			"read": ["/srv"], "write": ["/srv"]}`,
		Profile{Operations: []Operation{
			effort(Operation{Kind: System}), file(FileRead, sub("/srv")), effort(file(FileRead, literal("/l"))), deny(file(FileRead, sub("/srv/keys"))),
			deny(file(FileReadMetadata, optional(literal("/srv/m")))), file(FileWrite, sub("/srv")), effort(file(FileWrite, optional(sub("/home/ann/out")))),
			deny(file(FileWrite, optional(sub("/srv/in")))), effort(deny(file(FileExecute, sub("/srv/x")))), effort(outbound(Address{FormTCP, 443, ""})),
			effort(Operation{Kind: IPC, IPC: SystemV}), effort(Operation{Kind: Map, Path: "/m", Host: "/h", Mode: ReadWrite}),
		}}},
	{"lists of tables in sections",
		"schema = 1\nread = ['/a']\n[[deny]]\nread = '/a/b'\n[[deny]]\nread.literal = '/a/c'\n[[best-effort]]\ndeny.read = '/a/d'\n",
		`{"schema": 1, "read": ["/a"], "deny": [{"read": "/a/b"}, {"read": {"literal": "/a/c"}}], "best-effort": [{"deny": {"read": "/a/d"}}]}`,
		Profile{Operations: []Operation{
			file(FileRead, sub("/a")), deny(file(FileRead, sub("/a/b"))), deny(file(FileRead, literal("/a/c"))), effort(deny(file(FileRead, sub("/a/d")))),
		}}},
	{"a variable's value is not read again",
		`schema = 1
[env]
A = "${HOME}$${HOME}"`, `{"schema": 1, "env": {"A": "${HOME}$${HOME}"}}`, Profile{Env: []string{"A=/home/ann${HOME}"}}},
}

func TestAFileMeansTheSameInBothLanguages(t *testing.T) {
	for _, c := range goodFiles {
		t.Run(c.name, func(t *testing.T) {
			for name, data := range map[string]string{"p.toml": c.toml, "p.json": c.json} {
				got, err := Parse(name, []byte(data), testVars)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
				}
			}
		})
	}
}

func TestAHomeAtTheRootGivesCleanPaths(t *testing.T) {
	got, err := Parse("p.toml", []byte("schema = 1\nread = ['${HOME}/x', '${HOME}']"), Vars{Home: "/"})
	want := []Operation{file(FileRead, sub("/x")), file(FileRead, sub("/"))}
	if err != nil || !reflect.DeepEqual(got.Operations, want) {
		t.Errorf("got %v, %v", got.Operations, err)
	}
}

// write puts files into a new directory, which it makes the current one so that errors carry short names.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, data := range files {
		if dir := filepath.Dir(name); dir != "." {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadReadsAFile(t *testing.T) {
	write(t, map[string]string{"p.toml": "schema = 1\nprocess = true"})
	for _, name := range []string{"p.toml", mustAbs(t, "p.toml")} {
		got, err := Load(name, Vars{})
		if want := (Profile{Operations: []Operation{{Kind: ProcessCreate}}}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func mustAbs(t *testing.T, name string) string {
	t.Helper()
	abs, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func TestAMissingFileIsErrNotExist(t *testing.T) {
	write(t, map[string]string{"p.toml": "schema = 1\nextends = ['gone.toml']"})
	_, err := Load("none.toml", Vars{})
	var at *Error
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &at) || at.File != "none.toml" {
		t.Errorf("Load of a missing file: %v", err)
	}
	_, err = Load("p.toml", Vars{})
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &at) || at.File != "p.toml" || at.Line != 2 || at.Key != "extends[0]" || at.Path != "gone.toml" {
		t.Errorf("Load with a missing base: %v", err)
	}
}

func TestWhatIsNoProfileFileIsRefused(t *testing.T) {
	write(t, map[string]string{
		"p.yaml": "schema: 1", "large.toml": "schema = 1\n" + strings.Repeat("#", maxFile), "d.toml/x": "", "p.toml": "schema = 1",
	})
	for name, want := range map[string]string{
		"p.yaml":       "p.yaml: the name of a profile file ends in .toml or .json",
		"":             "the name of a profile file ends in .toml or .json",
		"large.toml":   "large.toml: the file is larger than 1048576 bytes",
		"d.toml":       "d.toml: not a regular file",
		"\x00/p.toml":  "\x00/p.toml: contains a NUL byte",
		"p.toml/.json": "",
	} {
		_, err := Load(name, Vars{})
		if err == nil || (want != "" && err.Error() != want) {
			t.Errorf("Load(%q): %v, want %s", name, err, want)
		}
	}
	if _, err := Parse("p.json", make([]byte, maxFile+1), Vars{}); !errors.Is(err, errLargeFile) {
		t.Errorf("Parse of too much: %v", err)
	}
}
