package sbpl

// What a profile allows, row by row: by every reading in dispute, and each denied row beside an allowed twin.

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/sbpl/sbpltest"
)

// decisions: a name of cases, then rows of "+" or "-", an operation, and what it is tried on: a path; PROTOCOL HOST PORT; "unix PATH"; a target;
// a name; "domain AF_X N".
const decisions = `
nothing
- file-read-data /etc/passwd
- file-read-data /
- file-read-metadata /
- file-read-data /private/tmp/x
- file-write-data /dev/null
- process-exec /bin/sh
- process-fork
- file-map-executable /usr/lib/dyld
- network-outbound tcp example.com 443
- network-outbound unix /private/var/run/mDNSResponder
- network-bind tcp * 80
- system-socket domain AF_ROUTE 0
- system-socket domain AF_UNIX 0
+ signal self
- signal same-sandbox
- signal others
+ process-info-pidinfo self
- process-info-pidinfo others
+ sysctl-read hw.ncpu
- sysctl-read kern.procargs2
- sysctl-read kern.hostname
- mach-lookup com.apple.trustd
- nvram-get
- nvram-set
- iokit-get-properties
- process-info-listpids
- process-info-codesignature others
+ process-info-codesignature self
- system-privilege
- file-clone /etc/passwd
- file-mount /private/tmp/x
- file-unmount /private/tmp/x
- fs-snapshot-mount
- fs-quota-get
- necp-client-open
- system-necp-client-action
+ file-test-existence /etc/passwd
+ sysctl-read vm.malloc_ranges
+ sysctl-read hw.optional.arm.FEAT_SHA3
- sysctl-read hw.model
- ipc-posix-shm-read-data
- ipc-sysv-shm
system
+ file-read-data /
+ file-read-data /usr/lib/dyld
+ file-map-executable /usr/lib/libSystem.B.dylib
+ file-read-data /System/Volumes/Preboot/Cryptexes/OS/System/Library/dyld/x
+ process-exec /bin/sh
+ process-exec-interpreter /bin/sh
+ file-read-metadata /tmp
+ file-read-metadata /etc
- file-read-data /tmp
+ file-read-metadata /private/var
- file-read-data /private/var
+ file-read-data /private/etc/localtime
- file-read-data /private/etc/passwd
- file-read-data /private/etc/localtimes
- file-read-data /private/etc/localtime/x
- file-read-data /Users
- file-read-metadata /Users
- file-read-data /Users/me/.ssh/id
+ file-read-data /dev/urandom
+ file-write-data /dev/null
- file-write-create /dev/null
- file-write-mode /dev/null
- file-write-unlink /dev/null
+ file-ioctl /dev/dtracehelper
- file-ioctl /dev/ttys000
+ file-read-data /dev/fd/63
+ file-write-data /dev/fd/1
- file-write-create /dev/fd/1
- file-read-data /dev/fdx
+ file-read-metadata /dev/stdin
- file-read-data /dev/stdin
+ file-map-executable /private/var/db/oah/x
+ file-read-metadata /private/var/db/xcode_select_link
- file-read-data /private/var/db/xcode_select_link
- file-read-data /dev/rdisk0
- file-write-data /usr/lib/dyld
- file-write-unlink /usr/bin/true
- process-exec /usr/share/x
- file-map-executable /private/tmp/x
- process-fork
- network-outbound tcp example.com 443
convert
+ file-read-data /Users/me/in
+ file-read-data /Users/me/in/a/b
+ file-read-xattr /Users/me/in/a
- file-read-data /Users/me/input
- file-read-data /Users/me
+ file-read-metadata /Users/me
+ file-read-metadata /Users
- file-read-metadata /Users/you
- file-write-data /Users/me/in/a
- process-exec /Users/me/in/a
+ file-write-create /Users/me/out/x
+ file-write-unlink /Users/me/out/x
+ file-write-times /Users/me/out/x
+ file-write-finderinfo /Users/me/out/x
- file-clone /Users/me/out/x
+ file-read-metadata /Users/me/out/x
- file-read-data /Users/me/out/x
- file-write-unlink /Users/me/out
- file-write-setugid /Users/me/out/x
- file-link /Users/me/out/x
- file-mknod /Users/me/out/x
+ file-write-data /Users/me/log.txt
- file-write-unlink /Users/me/log.txt
- file-write-data /Users/me/log.txt.old
denials
+ file-read-data /srv/x
+ file-write-data /srv/x
+ file-write-unlink /srv/x
- file-read-data /srv/keys
- file-read-data /srv/keys/private
- file-read-metadata /srv/keys/private
- file-test-existence /srv/keys/private
+ file-test-existence /srv/x
- file-clone /srv/keys/private
+ file-read-data /srv/keys/public
+ file-read-data /srv/keys/public/a
+ file-read-data /srv/keyset
- file-read-data /srv/a.txt
- file-read-data /srv/a.txt/..namedfork/rsrc
+ file-read-data /srv/b.txt/..namedfork/rsrc
+ file-read-data /srv/a.txt.bak
+ file-write-data /srv/a.txt
- file-write-unlink /srv/a.txt
- file-write-unlink /srv/keys
- file-write-unlink /srv/keys/private
- file-write-unlink /srv/keys/public/a
+ file-read-data /srv/.git/config
- file-write-data /srv/.git/config
- file-write-create /srv/.git
- file-write-unlink /srv/.git
- file-write-unlink /srv
+ process-exec /srv/bin/x
- process-exec /srv/bin/tools/x
- file-map-executable /srv/bin/tools/x
+ file-map-executable /srv/bin/x
- process-exec /srv/x
held
+ file-read-data /srv/x
- file-read-data /srv/keys/private
+ file-write-data /srv/keys/private
- file-write-create /srv/keys
+ file-write-unlink /srv/x
- file-write-unlink /srv/keys/private
tmp
+ file-read-data /private/tmp/x/a
- file-read-data /tmp/x/a
+ file-read-metadata /tmp
+ file-write-create /private/tmp/x/a
- file-write-create /private/tmp/y
+ file-read-data /private/var/db/y
+ file-read-data /Users/me/a
- file-read-data /System/Volumes/Data/Users/me/a
+ file-read-metadata /private/etc/x
- file-read-data /private/etc/x
everything
+ file-read-data /Users/me/x
+ file-write-create /Users/me/x
- file-clone /Users/me/.ssh/id
- file-read-data /System/Volumes/Data/Users/me/.ssh/id
- file-write-create /System/Volumes/Data/Users/me/.ssh/id
+ file-read-data /System/Volumes/Data/Users/me/x
- file-clone /Users/me/x
- file-test-existence /Users/me/.ssh/id
+ process-exec /Users/me/x
- file-read-data /Users/me/.ssh/id
- file-write-create /Users/me/.ssh/id
- file-write-unlink /Users/me/.ssh
- file-write-unlink /Users/me
- file-write-unlink /Users
+ file-write-unlink /Users/you
- file-read-data /dev/ttys003
- file-write-data /dev/rdisk0
- file-link /Users/me/x
network
+ network-outbound tcp example.com 443
+ network-outbound udp example.com 53
+ network-outbound unix /private/var/run/mDNSResponder
- network-outbound unix /private/var/run/syslog
+ network-bind tcp * 80
+ network-inbound tcp localhost 8080
+ system-socket domain AF_ROUTE 0
+ system-socket domain AF_INET 0
+ necp-client-open
+ system-socket domain AF_SYSTEM 2
- system-socket domain AF_SYSTEM 1
+ file-read-data /private/etc/ssl/cert.pem
listening
+ network-bind tcp * 80
+ network-inbound tcp localhost 8080
- network-bind udp * 53
- network-outbound tcp example.com 443
- network-outbound udp example.com 53
- network-outbound unix /private/var/run/mDNSResponder
ports
+ network-outbound tcp example.com 443
- network-outbound tcp example.com 80
- network-outbound udp example.com 443
+ network-outbound udp example.com 53
+ network-outbound unix /private/var/run/x.sock
- network-outbound unix /private/var/run/y.sock
- network-outbound unix /var/run/x.sock
+ network-bind unix /private/tmp/y.sock
- network-bind unix /private/tmp/x.sock
+ network-bind tcp * 9
- network-bind udp * 53
- network-outbound unix /private/tmp/y.sock
processes
+ process-fork
+ signal same-sandbox
- signal others
- process-info-pidinfo same-sandbox
+ mach-lookup com.apple.trustd.agent
- mach-lookup com.apple.trustd
- mach-lookup com.apple.trustd.agent.x
+ sysctl-read vm.malloc_ranges
+ sysctl-read hw.optional.arm64
+ sysctl-read kern.boottime
- sysctl-read kern.procargs2
- sysctl-read kern.proc.all
+ ipc-sysv-sem
+ ipc-posix-shm-write-create
+ file-ioctl /dev/tty
+ file-write-data /dev/tty
- file-write-mode /dev/tty
- file-ioctl /dev/ttys000
names
+ file-read-data /a"b
- file-read-data /a
- file-read-data /ab
+ file-read-data /c\d/x
- file-read-data /cd
+ file-read-data /e#f
- file-read-data /e
+ file-read-data /g;h
+ file-read-data /i (param "R0")
- file-read-data /i
+ file-read-data /é/日本
- file-read-data /é
- file-read-data /é/日
+ file-read-data /j k
`

func query(t *testing.T, fields []string) sbpltest.Query {
	q := sbpltest.Query{Operation: fields[0]}
	if len(fields) == 1 {
		return q
	}
	switch what := fields[1]; {
	case strings.HasPrefix(what, "/"):
		q.Path = strings.Join(fields[1:], " ")
	case what == "tcp", what == "udp":
		q.Protocol, q.Host = what, fields[2]
		q.Port, _ = strconv.Atoi(fields[3])
	case what == "unix":
		q.Protocol, q.Path = "unix-socket", fields[2]
	case what == "domain":
		q.Domain = fields[2]
		q.Socket, _ = strconv.Atoi(fields[3])
	case what == "self", what == "same-sandbox", what == "others":
		q.Target = what
	default:
		q.Name = what
	}
	return q
}

func TestTheDecisions(t *testing.T) {
	var p *sbpltest.Profile
	rows, name := 0, ""
	for _, line := range strings.Split(strings.TrimSpace(decisions), "\n") {
		sign, rest, row := strings.Cut(line, " ")
		if !row {
			name = line
			for _, c := range cases {
				if c.name == name {
					p = parsed(t, compiled(t, c.toml, Options{}))
				}
			}
			continue
		}
		rows++
		got, err := p.Allows(query(t, strings.Split(rest, " ")))
		if want := sign == "+"; err != nil || got != want {
			t.Errorf("%s: %s: %v, %v", name, line, got, err)
		}
	}
	if rows < 100 {
		t.Errorf("only %d rows", rows)
	}
}

// Commands of one Sandbox have the same compiled profile: where each is one process, none is told apart from the others by it.
func TestSignalReachesOthersOnlyWhereTheCommandCanHaveThem(t *testing.T) {
	for toml, want := range map[string]bool{"signal = true": false, "signal = true\nprocess = true": true, "process = true": false} {
		p := parsed(t, compiled(t, toml, Options{}))
		if got, err := p.Allows(query(t, []string{"signal", "same-sandbox"})); err != nil || got != want {
			t.Errorf("%q: %v, %v", toml, got, err)
		}
		if self, err := p.Allows(query(t, []string{"signal", "self"})); err != nil || !self {
			t.Errorf("%q: itself: %v, %v", toml, self, err)
		}
	}
}

// The evaluator itself: rules on which the readings disagree must not get an answer.
func TestTheEvaluatorSeesWhereReadingsDisagree(t *testing.T) {
	const start = "(version 1)(deny default)"
	params := []string{"A", "/a", "B", "/a/b"}
	file := func(action, kind, name string) string {
		return fmt.Sprintf(`(%s file-read-data (%s (param %q)))`, action, kind, name)
	}
	for _, c := range []struct {
		text, path string
		want, fail bool
	}{
		{file("allow", "subpath", "A") + file("deny", "subpath", "B"), "/a/x", true, false},
		{file("allow", "subpath", "A") + file("deny", "subpath", "B"), "/a/b", false, true},
		{file("deny", "subpath", "B") + file("allow", "subpath", "A"), "/a/b", false, true},
		{file("deny", "subpath", "A") + file("allow", "literal", "B"), "/a/b", false, true},
		{file("deny", "subpath", "A") + file("deny", "literal", "B"), "/a/b", false, false},
		{file("allow", "subpath", "A") + file("allow", "literal", "B"), "/a/b", true, false},
		{`(allow file-read-data (require-all (subpath (param "A")) (require-not (subpath (param "B")))))` + file("deny", "subpath", "B"), "/a/b/c", false, false},
		{`(allow file-read-data (require-any (literal (param "A")) (literal (param "B"))))`, "/a/b", true, false},
		{`(allow file-read-data (require-any (literal (param "A")) (literal (param "B"))))`, "/a/c", false, false},
	} {
		p, err := sbpltest.Parse(start+c.text, params)
		if err != nil && !strings.Contains(err.Error(), "not used") {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(c.text, err)
		}
		got, err := p.Allows(sbpltest.Query{Operation: "file-read-data", Path: c.path})
		if got != c.want || (err != nil) != c.fail {
			t.Errorf("%s for %s: %v, %v", c.text, c.path, got, err)
		}
	}
	for _, bad := range []string{"", "(version 1)", "(version 1)(allow default)", "(version 2)(deny default)", start + "(deny default)", start + "(allow file-read-dat)",
		start + `(allow file-read-data (subpath "/a"))`, start + `(allow file-read-data (subpath (param "C")))`, start + `(allow file-read-data (regex "a"))`,
		start + "(allow", start + `(allow file-read-data (literal (param "A)))`, start + ")", start + "(allow file-read-data)", start + `(allow network-outbound (remote ip "10.0.0.1:80"))`,
		start + `(allow file-read-data "a\"b")`, start + `(deny nvram* (literal (param "A")))`, start + `(allow signal (global-name (param "A")))`,
		start + `(allow file-read-data (require-not (target self)))`, start + "(deny fs-quota*)", start + "(if (defined? (quote nvram*)) (deny nvram*))",
		start + "(if (defined? (quote fs-quota*)) (deny necp-client-open))", start + "(if (defined? fs-quota*) (deny fs-quota*))"} {
		if _, err := sbpltest.Parse(bad, []string{"A", "/a"}); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
