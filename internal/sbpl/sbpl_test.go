package sbpl

// Golden files: a profile, what it comes to on a Mac, and the text for Seatbelt. A diff of them is what a change has to be judged by.

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
	"github.com/gaol-sandbox/gaol/internal/sbpl/sbpltest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mac is a Mac where everything works.
func mac(fs policy.FS) policy.Host {
	return policy.Host{Platform: policy.Darwin, Seatbelt: policy.Check{OK: true}, Marks: policy.Check{OK: true}, FS: fs}
}

// cases are profiles as files have them.
var cases = []struct{ name, toml string }{
	{"nothing", ``},
	{"system", `system = true`},
	{"convert", "system = true\nread = ['/Users/me/in']\nwrite = ['/Users/me/out', { literal = '/Users/me/log.txt' }]\nlimits = { cpu = '10s', wall = '1m', files = 64 }"},
	{"denials", "system = true\nread = ['/srv', '/srv/keys/public']\nwrite = ['/srv']\nexec = ['/srv/bin']\n" +
		"deny = [{ read = '/srv/keys' }, { write = '/srv/.git' }, { exec = '/srv/bin/tools' }, { read = { literal = '/srv/a.txt' } }]"},
	{"held", "read = ['/srv']\nwrite = ['/srv']\ndeny = [{ read = '/srv/keys' }, { write = { literal = '/srv/keys' } }]"},
	{"tmp", "read = ['/tmp/x', '/var/db/y', '/System/Volumes/Data/Users/me']\nwrite = ['/tmp/x']\nmetadata = ['/etc']"},
	{"everything", "read = ['/']\nwrite = ['/']\nexec = ['/']\ndeny = [{ read = '/Users/me/.ssh' }, { write = '/Users/me/.ssh' }]"},
	{"network", "system = true\nconnect = ['all']\nlisten = ['all']"},
	{"listening", "listen = ['all']"},
	{"ports", "connect = ['tcp:443', 'udp:53', 'unix:/var/run/x.sock']\nlisten = ['unix:/tmp/y.sock']\nbest-effort = [{ listen = 'tcp:8080' }, { listen = 'loopback:8081' }]"},
	{"processes", "system = true\nprocess = true\nsignal = true\nsysinfo = true\nmach-lookup = ['com.apple.trustd.agent', 'com.apple.dnssd.service']\n" +
		"device = ['/dev/tty']\nbest-effort = [{ ipc = 'named-pipes' }, { ipc = 'system-v' }, { ipc = 'posix-shared-memory' }]"},
	{"names", "read = ['/a\"b', '/c\\d', '/e#f', '/g;h', '/i (param \"R0\")', '/é/日本', '/j k']"},
}

func resolved(t testing.TB, toml string) policy.Policy {
	t.Helper()
	p, err := profile.Parse("p.toml", []byte("schema = 1\n"+toml), profile.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := policy.Resolve(p, mac(policy.Mac{}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func compiled(t testing.TB, toml string, o Options) Profile {
	t.Helper()
	p := resolved(t, toml)
	out, err := Compile(&p, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestProfilesComeToTheGoldenText(t *testing.T) {
	for _, c := range cases {
		p := resolved(t, c.toml)
		out, err := Compile(&p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%s\n\n%s\n%s", c.toml, p, out)
		file := filepath.Join("testdata", c.name+".txt")
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
}

func TestTheTextNamesNoPathAndNoService(t *testing.T) {
	out := compiled(t, cases[len(cases)-1].toml+"\nmach-lookup = ['com.apple.x']", Options{Mark: "gaolMARK", Tag: "TAG"})
	for _, secret := range []string{"a\"b", "c\\d", "e#f", "g;h", "日本", "j k", "com.apple.x", "MARK"} {
		if strings.Contains(out.Text, secret) {
			t.Errorf("%q is in the text", secret)
		}
		if !strings.Contains(strings.Join(out.Params, "\n"), secret) {
			t.Errorf("%q is in no parameter", secret)
		}
	}
	if n := strings.Count(out.Text, "(deny "); n < 5 || strings.Count(out.Text, `(with message "TAG")`) != n {
		t.Errorf("%d denials, not all of them with a tag: %s", n, out.Text)
	}
}

func TestAMarkIsWhatTheProcessesOfACommandMayLookUp(t *testing.T) {
	out := compiled(t, "process = true", Options{Mark: "gaolX"})
	p, err := sbpltest.Parse(out.Text, out.Params)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"gaolX": true, "not.gaolX": false, "gaolY": false, "com.apple.trustd": false} {
		if got, err := p.Allows(sbpltest.Query{Operation: "mach-lookup", Name: name}); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, bad := range []string{`a"b`, "a b", "a)"} {
		q := resolved(t, "")
		if _, err := Compile(&q, Options{Tag: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
		if _, err := Compile(&q, Options{Mark: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestTooManyRulesAreRefused(t *testing.T) {
	p := policy.Policy{Platform: policy.Darwin, Engine: policy.SeatbeltEngine}
	fill := func(n int) {
		p.Seatbelt.Grants = nil
		for i := range n {
			p.Seatbelt.Grants = append(p.Seatbelt.Grants, policy.Grant{Path: fmt.Sprint("/", i), Rights: policy.Ioctl})
		}
	}
	var long *TooLongError
	fill(17000)
	if _, err := Compile(&p, Options{}); !errors.As(err, &long) || long.Rules < 17000 {
		t.Errorf("got %v", err)
	}
	fill(16900)
	if _, err := Compile(&p, Options{}); err != nil {
		t.Errorf("got %v", err)
	}
}
