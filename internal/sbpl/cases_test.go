package sbpl

// The table of cases, tests/cases.json, as a Mac would decide it: each action is what the kernel asks Seatbelt for, and the evaluator must say of
// the compiled profile what the table says came of it on Linux. Where a Mac differs it is listed here, with the reason.

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/gaol-sandbox/gaol/internal/sbpl/sbpltest"
	table "github.com/gaol-sandbox/gaol/tests/cases"
)

// otherwise are the runs that end otherwise on a Mac than on Linux.
var otherwise = map[string]string{
	"executing takes reading where the kernel asks for both: case": "Seatbelt asks for process-exec alone",
	"a file is not linked into a writable directory: twin":         "file-link is never given: a hard link would be another name of what is protected by its path",
	"by rules alone there are no named pipes without it: case":     "no rule tells a named pipe from a file; NamedPipes is partly there",
	"without it there are no named pipes: case":                    "no rule tells a named pipe from a file; NamedPipes is partly there",
	"a port to listen on is not another: case":                     "no rule has the port that is bound; NetworkInbound(TCP) is partly there",
}

// asked is what the kernel asks for an action, all of which must be allowed; none where the action is of Linux alone or asks for nothing.
func asked(tree table.FS, dir string, action []string) (all []sbpltest.Query) {
	at := func(p string, follow bool) string {
		if !path.IsAbs(p) {
			p = dir + "/" + p // not cleaned: the kernel walks it
		}
		return walk(tree, p, follow)
	}
	file := func(p string, operations ...string) {
		for _, op := range operations {
			all = append(all, sbpltest.Query{Operation: op, Path: p})
		}
	}
	ofLinux := func(p string) bool {
		return strings.HasPrefix(p, "/proc/") || strings.HasPrefix(p, "/etc/") || p == "/dev/kmsg"
	}
	if len(action) > 1 && ofLinux(action[1]) {
		return nil
	}
	switch verb := action[0]; verb {
	case "lstat", "readlink":
		file(at(action[1], false), "file-read-metadata")
	case "read", "list", "mapread":
		file(at(action[1], true), "file-read-data")
	case "mapexec":
		file(at(action[1], true), "file-read-data", "file-map-executable")
	case "exec":
		file(at(action[1], true), "process-exec")
	case "open":
		p := at(action[1], true)
		if strings.HasPrefix(p, "/dev/shm/") {
			return []sbpltest.Query{{Operation: "ipc-posix-shm-write-create"}}
		}
		flags := strings.Split(action[2], ",")
		if strings.Contains(flags[0], "r") {
			file(p, "file-read-data")
		}
		if strings.Contains(flags[0], "w") {
			file(p, "file-write-data")
		}
		if _, err := tree.Lstat(p); err != nil && slices.Contains(flags, "create") {
			file(p, "file-write-create")
		}
	case "write", "truncate":
		file(at(action[1], true), "file-write-data")
	case "chmod":
		file(at(action[1], true), "file-write-mode")
		if mode, _ := strconv.ParseUint(action[2], 8, 32); mode&0o6000 != 0 {
			file(at(action[1], true), "file-write-setugid")
		}
	case "unlink":
		file(at(action[1], false), "file-write-unlink")
	case "mkdir":
		file(at(action[1], false), "file-write-create")
	case "mknod":
		file(at(action[1], false), map[string]string{"char": "file-mknod", "fifo": "file-write-create", "file": "file-write-create"}[action[2]])
	case "rename":
		file(at(action[1], false), "file-write-unlink")
		file(at(action[2], false), "file-write-create")
	case "link":
		file(at(action[1], false), "file-link")
		file(at(action[2], false), "file-link", "file-write-create")
	case "copy":
		file(at(action[1], true), "file-read-data")
		file(at(action[2], true), "file-write-create", "file-write-data")
	case "connect", "udpconnect", "bind", "bindudp", "listen":
		operation := map[string]string{"connect": "network-outbound", "udpconnect": "network-outbound", "bind": "network-bind", "bindudp": "network-bind", "listen": "network-inbound"}[verb]
		q := sbpltest.Query{Operation: operation, Protocol: "tcp", Host: "localhost"}
		if strings.Contains(verb, "udp") {
			q.Protocol = "udp"
		}
		switch {
		case len(action) == 1:
		case action[1][0] == '@': // names without a file are of Linux
			return nil
		case action[1][0] == '/':
			q.Protocol, q.Path = "unix-socket", at(action[1], true)
		default:
			_, port, _ := strings.Cut(action[1], ":")
			q.Port, _ = strconv.Atoi(port)
		}
		all = append(all, q)
	case "proc.clone":
		if action[1] == "17" { // SIGCHLD, as fork does
			all = append(all, sbpltest.Query{Operation: "process-fork"})
		}
	case "proc.kill":
		all = append(all, sbpltest.Query{Operation: "signal", Target: "others"})
	case "raise":
		all = append(all, sbpltest.Query{Operation: "signal", Target: "self"})
	case "syscall":
		if action[1] == "shmget" {
			all = append(all, sbpltest.Query{Operation: "ipc-sysv-shm"})
		}
	}
	return all
}

// walk is where a path leads. The kernel matches that.
func walk(tree table.FS, p string, follow bool) string {
	at := "/"
	parts := strings.Split(strings.Trim(p, "/"), "/")
	for i := 0; i < len(parts); i++ {
		switch parts[i] {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, parts[i])
		mode, err := tree.Lstat(next)
		if err != nil || mode&fs.ModeSymlink == 0 || i == len(parts)-1 && !follow {
			at = next
			continue
		}
		to, _ := tree.Readlink(next)
		if path.IsAbs(to) {
			at = "/"
		}
		parts = slices.Concat(strings.Split(strings.Trim(to, "/"), "/"), parts[i+1:])
		i = -1
	}
	return at
}

func TestTheTableOfCasesIsDecidedAsOnLinux(t *testing.T) {
	text, err := os.ReadFile("../../tests/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	all, err := table.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	tree := all.On(policy.Mac{})
	seen := map[string]bool{}
	rows, denied := 0, 0
	for _, c := range all.Cases {
		engine := "namespace"
		if c.Expect[engine] == "" {
			engine = "landlock"
		}
		for _, part := range c.Parts(engine) {
			name := c.Name + ": " + part.Name
			compiled := onMac(t, name, all, tree, part)
			if compiled == nil {
				continue
			}
			dir, _ := part.Profile["dir"].(string)
			wants := strings.Split(part.Want, "; ")
			for i, action := range split(part.Action) {
				if i >= len(wants) {
					t.Fatalf("%s: more actions than outcomes", name)
				}
				for j := range action {
					action[j] = table.Imagined.Replace(action[j])
				}
				queries := asked(tree, table.Imagined.Replace(dir), action)
				if queries == nil || !tried(wants[i]) {
					continue
				}
				want := strings.HasPrefix(wants[i], "ok")
				if otherwise[name] != "" {
					seen[name], want = true, !want
				}
				rows++
				if !want {
					denied++
				}
				got := true
				for _, q := range queries {
					one, err := compiled.Allows(q)
					if err != nil {
						t.Errorf("%s: %v: %v", name, action, err)
					}
					got = got && one
				}
				if got != want {
					t.Errorf("%s: %v is %v, want %v: %+v", name, action, got, want, queries)
				}
			}
		}
	}
	for name := range otherwise {
		if !seen[name] {
			t.Errorf("%s: there is no such row any more", name)
		}
	}
	t.Logf("%d rows, %d of them denied", rows, denied)
	if rows < 100 || denied < 50 {
		t.Errorf("only %d rows, %d of them denied", rows, denied)
	}
}

// tried says that the action was tried: it came to an end that Linux gives it, rather than to a profile that cannot be had there.
func tried(want string) bool {
	for _, never := range []string{"unsupported", "profile", "setup", "signal", "denied"} {
		if strings.HasPrefix(want, never) {
			return false
		}
	}
	return true
}

// onMac is the compiled profile of a part; nil where a Mac refuses it, with best effort, too.
func onMac(t *testing.T, name string, all table.Table, tree table.FS, part table.Part) *sbpltest.Profile {
	t.Helper()
	p, err := profile.Parse("case.json", []byte(table.Imagined.Replace(string(all.Profile(part.Profile)))), profile.Vars{})
	if err != nil {
		return nil
	}
	for i := range p.Operations {
		p.Operations[i].BestEffort = true
	}
	r, err := policy.Resolve(p, mac(tree))
	if err != nil {
		return nil // which of them are refused the table's levels say
	}
	out, err := Compile(&r, Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return parsed(t, out)
}

// split is the actions of a run, which "--" stands between.
func split(action []string) (all [][]string) {
	for {
		i := slices.Index(action, "--")
		if i < 0 {
			return append(all, slices.Clone(action))
		}
		all, action = append(all, slices.Clone(action[:i])), action[i+1:]
	}
}
