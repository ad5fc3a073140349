package profile

// Any bytes end in an *Error or in a valid profile that survives its TOML; and a large file takes milliseconds, never
// a time that grows with the square of its paths.

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
)

func fuzzParse(f *testing.F, name string, seeds []string) {
	for _, s := range seeds {
		if len(s) < 4096 {
			f.Add([]byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(name, data, testVars)
		if err != nil {
			var at *Error
			if !errors.As(err, &at) || at.File == "" || at.Line < 0 || at.Line > strings.Count(string(data), "\n")+1 || err.Error() == "" {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again.toml", []byte(p.TOML()), Vars{})
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%v\n got %#v\nwant %#v\n%s", err, again, p, p.TOML())
		}
	})
}

func FuzzProfileTOML(f *testing.F) {
	seeds := []string{baseFile}
	for _, c := range narrowings {
		seeds = append(seeds, schemaLine+c.base, schemaLine+c.child)
	}
	for _, c := range goodFiles {
		seeds = append(seeds, c.toml)
	}
	for _, c := range badTOML {
		seeds = append(seeds, c.data)
	}
	for _, c := range badLimits {
		seeds = append(seeds, schemaLine+c.data)
	}
	for _, c := range limitNarrowings {
		seeds = append(seeds, schemaLine+c.base, schemaLine+c.child)
	}
	fuzzParse(f, "p.toml", seeds)
}

func FuzzProfileJSON(f *testing.F) {
	var seeds []string
	for _, c := range goodFiles {
		seeds = append(seeds, c.json)
	}
	for _, c := range append(badJSON, badLimitsJSON...) {
		seeds = append(seeds, c.data)
	}
	fuzzParse(f, "p.json", seeds)
}

// FuzzAddress: what is taken as an address is written as one, and means the same read again.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"all", "tcp:443", "udp:1", "unix:/a", "unix:/a:b?", "loopback:80", "example.com:443", "10.0.0.0/8:80", "[::1]:80", "2001:db8::/32:80", "::ffff:1.2.3.4/100:1",
		"127.1:80", "tcp:", "unix:", "a.:1", "0x1:1", "*:1", "http://a:1", "::/0:65535", "a_b:1", "\xff:1", "all:1", "xn--a:1", "fe80::1%a:1",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, out bool) {
		kind := NetworkInbound
		if out {
			kind = NetworkOutbound
		}
		op, err := ParseAddress(kind, s)
		if err != nil {
			var at *Error
			if !errors.As(err, &at) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		if err := op.validate(); err != nil || op.Address.Word() != s {
			t.Fatalf("%q is %v, %q: %v", s, op, op.Address.Word(), err)
		}
		p, err := Parse("p.toml", []byte(Profile{Operations: []Operation{op}}.TOML()), Vars{})
		if err != nil || len(p.Operations) != 1 || p.Operations[0] != op {
			t.Fatalf("%v became %v: %v", op, p.Operations, err)
		}
		if a := op.Address; a.Form == FormHost && net.ParseIP(a.Name) != nil {
			t.Fatalf("%v is no name", a)
		}
	})
}

// large has 10,000 paths in each of two keys, as a file and as one that narrows it.
func large() (base, child Profile) {
	for i := range 10_000 {
		p := fmt.Sprintf("/srv/some/where/tree-%05d", i)
		base.Operations = append(base.Operations, file(FileRead, sub(p)), file(FileWrite, literal(p)))
		child.Operations = append(child.Operations, file(FileRead, sub(p+"/below")), file(FileWrite, literal(p)))
	}
	return base, child
}

func BenchmarkParseTOML(b *testing.B) {
	base, _ := large()
	data := []byte(base.TOML())
	for b.Loop() {
		if _, err := Parse("p.toml", data, Vars{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseJSON(b *testing.B) {
	base, _ := large()
	file := map[string]any{"schema": 1}
	var paths []string
	for _, op := range base.Operations {
		paths = append(paths, op.Pattern.Path)
	}
	file["read"] = paths
	data, err := json.MarshalIndent(file, "", " ")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Parse("p.json", data, Vars{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckWithin(b *testing.B) {
	base, child := large()
	d, err := readDocument("child.toml", []byte(child.TOML()), Vars{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := d.checkWithin(base, []string{"base.toml"}); err != nil {
			b.Fatal(err)
		}
	}
}
