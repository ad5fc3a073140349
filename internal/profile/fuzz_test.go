package profile

// Any bytes end in an *Error or in a valid profile that survives its TOML; and a large file takes milliseconds, never
// a time that grows with the square of its paths.

import (
	"encoding/json"
	"errors"
	"fmt"
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
	for _, c := range goodFiles {
		seeds = append(seeds, c.toml)
	}
	for _, c := range badTOML {
		seeds = append(seeds, c.data)
	}
	fuzzParse(f, "p.toml", seeds)
}

func FuzzProfileJSON(f *testing.F) {
	var seeds []string
	for _, c := range goodFiles {
		seeds = append(seeds, c.json)
	}
	for _, c := range badJSON {
		seeds = append(seeds, c.data)
	}
	fuzzParse(f, "p.json", seeds)
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
