package profile

// Limits as text and back, what of them means nothing, and what narrows what. A limit that is misread is worse than one that is refused.

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	unitList   = "; the units are B, kB, KiB, MB, MiB, GB, GiB, TB, TiB"
	noSize     = `is not a size; write a whole number of bytes, or one with a unit such as "512 MiB"`
	noUnit     = `needs a unit: write "30s", "1m30s" or "500ms"`
	noTime     = `is not a duration; write "30s", "1m30s" or "500ms"`
	negative   = "is negative; leave it out, or zero in Go, for no limit"
	huge       = "is more than any host has; leave it out for no limit"
	zero       = "is zero, which is no limit; leave it out"
	limitList  = "unknown key; the keys are wall, cpu, memory, processes, files, file-size, stack, core, output, disk, instructions, processors, read-rate, write-rate, per-process"
	tooLittle  = "is too little for any program to start; "
	perProcess = "says how CPU and Memory hold, and neither is given"
)

var sizes = map[string]int64{
	"1": 1, "4096": 4096, "1B": 1, "1 B": 1, "100 kB": 100_000, "100kB": 100_000, "1 KiB": 1024, "10 MB": 10_000_000, "512 MiB": 512 << 20,
	"1GiB": 1 << 30, "2 GB": 2_000_000_000, "3TiB": 3 << 40, "5 TB": 5_000_000_000_000, "007": 7, "4611686018427387904": 1 << 62, "4194304 TiB": 1 << 62,
}

var noSizes = map[string]string{
	"": noSize, " ": noSize, "B": noSize, "MiB": noSize, "1.5 GiB": noSize, "1,5 GiB": noSize, "1e9": noSize, "512  MiB": noSize,
	" 5": noSize, "5 ": noSize, "5 MiB ": noSize, "5\tMiB": `has an unknown unit, "\tMiB"`, "1_000": noSize, "+5": noSize, "0x10": noSize,
	"10 XB": `has an unknown unit, "XB"` + unitList, "10 mib": `has an unknown unit, "mib"` + unitList, "10 M": `has an unknown unit, "M"` + unitList,
	"10 KB": `has an unknown unit, "KB"` + unitList, "10 kiB": `has an unknown unit, "kiB"` + unitList, "5 B B": noSize, "5 PiB": `has an unknown unit, "PiB"`,
	"-1": negative, "-5 MiB": negative, "99999999999999999999": huge, "4611686018427387905": huge, "18446744073709551615": huge, "9223372036854775808 B": huge,
	"4194305 TiB": huge, "16777216 TiB": huge, "18446744073709551615 TiB": huge, "0": zero, "0 MiB": zero, "000": zero, "५": noSize, "5 ＭiB": "has an unknown unit",
}

var durationsOf = map[string]time.Duration{
	"30s": 30 * time.Second, "1m30s": 90 * time.Second, "500ms": 500 * time.Millisecond, "1.5h": 90 * time.Minute, "1ns": 1, "+2s": 2 * time.Second,
}

var noDurations = map[string]string{
	"": noTime, "30": noUnit, "1.5": noUnit, "0": zero, "0s": zero, "0h0m": zero, "-0s": zero, "-5s": "-5s " + negative, "-5": noUnit, "30 s": noTime, "s": noTime, "inf": noTime,
	"NaN": noTime, "1d": noTime, "1m 30s": noTime, "9999999999h": huge, "99999999999999999999s": huge, "2000000h": "2000000h0m0s " + huge, "1e3s": noTime,
}

var counts = map[string]int64{"1": 1, "64": 64, "1000000000": 1_000_000_000}

var noCounts = map[string]string{
	"": "is not a whole number", "1.5": "is not a whole number", "1e9": "is not a whole number", "+1": "is not a whole number", "01": "is not a whole number",
	"64k": "is not a whole number", "0": zero, "-1": "-1 " + negative, "9223372036854775808": huge, "4611686018427387905": huge,
}

var numbers = map[string]float64{"1": 1, "1.5": 1.5, "0.01": 0.01, "65536": 65536, "1e2": 100, ".5": 0.5}

var noNumbers = map[string]string{
	"": "is not a number", "NaN": "is not a number", "inf": "is not a number", "-Inf": "is not a number", "1e400": "is not a number", "0x1p4": "is not a number",
	"1,5": "is not a number", "0": zero, "-1": "-1 " + negative, "0.009": "0.009 is too little to start with; 0.01 is the least", "1e-300": "too little", "65537": huge, "1_0": "is not a number",
}

// taken reads one kind of limit and compares.
func taken[V comparable](t *testing.T, key string, field func(*Limits) V, good map[string]V, bad map[string]string) {
	for text, want := range good {
		var l Limits
		if err := l.ParseLimit(key, text); err != nil || field(&l) != want {
			t.Errorf("%s %q: %v, %v, want %v", key, text, field(&l), err, want)
		}
	}
	for text, want := range bad {
		var l Limits
		var at *Error
		if err := l.ParseLimit(key, text); !errors.As(err, &at) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %q: %v, want %s", key, text, err, want)
		}
	}
}

func TestALimitIsReadAsItIsWrittenOrRefused(t *testing.T) {
	taken(t, "disk", func(l *Limits) int64 { return l.Disk }, sizes, noSizes)
	taken(t, "wall", func(l *Limits) time.Duration { return l.Wall }, durationsOf, noDurations)
	taken(t, "processes", func(l *Limits) int64 { return l.Processes }, counts, noCounts)
	taken(t, "processors", func(l *Limits) float64 { return l.Processors }, numbers, noNumbers)
	var l Limits
	if err := l.ParseLimit("memry", "1"); err == nil {
		t.Error("a limit that there is not is taken")
	}
}

func TestEachLimitHasItsFieldAndItsKey(t *testing.T) {
	var l Limits
	at := reflect.ValueOf(&l).Elem()
	seen := map[string]bool{}
	for _, f := range limitForms {
		seen[f.name] = true
		text := map[bool]string{true: "3h", false: "3000000"}[f.time != nil]
		if f.number != nil {
			text = "3.5"
		}
		var one Limits
		if err := one.ParseLimit(f.key, text); err != nil || reflect.ValueOf(one).FieldByName(f.name).IsZero() {
			t.Errorf("%s is not %s: %+v, %v", f.key, f.name, one, err)
		}
		f.copy(&l, &one)
	}
	for i := range at.NumField() {
		if name := at.Type().Field(i).Name; name != "PerProcess" && (!seen[name] || at.Field(i).IsZero()) {
			t.Errorf("%s has no key", name)
		}
	}
}

func TestLimitsThatMeanNothingAreRefused(t *testing.T) {
	for want, l := range map[string]Limits{
		"Limits.Wall: -1s " + negative:                          {Wall: -time.Second},
		"Limits.CPU: 2562047h47m16.854775807s " + huge:          {CPU: math.MaxInt64},
		"Limits.Memory: -1 " + negative:                         {Memory: -1},
		"Limits.Memory: 1048575 " + tooLittle + "1 MiB":         {Memory: MinMemory - 1},
		"Limits.Memory: 9223372036854775807 " + huge:            {Memory: math.MaxInt64},
		"Limits.Files: 2 " + tooLittle + "3 is the least":       {Files: 2},
		"Limits.Stack: 4 KiB " + tooLittle + "64 KiB is the":    {Stack: 4096},
		"Limits.Processors: NaN is not a number":                {Processors: math.NaN()},
		"Limits.Processors: +Inf is not a number":               {Processors: math.Inf(1)},
		"Limits.Processors: -0.5 " + negative:                   {Processors: -0.5},
		"Limits.Processors: 1e-320 is too little to start with": {Processors: 1e-320},
		"Limits.Instructions: -9223372036854775808 " + negative: {Instructions: math.MinInt64},
		"Limits.ReadRate: -1 " + negative:                       {ReadRate: -1},
		"Limits.PerProcess: " + perProcess:                      {PerProcess: true},
		"Limits.Output: 4611686018427387905 " + huge:            {Output: maxLimit + 1},
		"Limits.Core: -1 KiB " + negative:                       {Core: -1024},
	} {
		var at *Error
		if err := l.Validate(); !errors.As(err, &at) || !strings.HasPrefix(err.Error(), want) || !strings.HasPrefix(want, at.Operation+": ") {
			t.Errorf("%+v: %v, want %s", l, err, want)
		}
		if err := (Profile{Limits: l}).Validate(); err == nil {
			t.Errorf("%+v in a profile is taken", l)
		}
		if _, err := Parse("p.toml", []byte(Profile{Limits: l}.TOML()), Vars{}); err == nil {
			t.Errorf("%s is taken", Profile{Limits: l}.TOML())
		}
	}
	for _, l := range []Limits{{}, {Memory: MinMemory, Files: 3, Stack: minStack, Processors: minCPUs}, {CPU: 1, PerProcess: true}, {Disk: maxLimit, Wall: maxLimit}} {
		if err := l.Validate(); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

var badLimits = []struct{ data, want string }{
	{"limits = 1", `p.toml:2: limits: a table of limits is needed, not an integer`},
	{"[[limits]]\nwall = '1s'", `p.toml:2: limits: a table of limits is needed, not a list`},
	{"[limits]\nmemory = '1 GiB'\nmemry = 1", `p.toml:4: limits.memry: ` + limitList},
	{"[limits]\n\"a b\" = 1", `p.toml:3: limits."a b": ` + limitList},
	{"[limits]\nmemory = '10 XB'", `p.toml:3: limits.memory: "10 XB" has an unknown unit, "XB"` + unitList},
	{"[limits]\n\nmemory = 1", `p.toml:4: limits.memory: 1 ` + tooLittle + `1 MiB is the least`},
	{"[limits]\nmemory = 0", `p.toml:3: limits.memory: "0" ` + zero},
	{"[limits]\nmemory = -5", `p.toml:3: limits.memory: "-5" ` + negative},
	{"[limits]\nmemory = 1.5", `p.toml:3: limits.memory: a size such as "512 MiB", or a number of bytes, is needed, not a float`},
	{"[limits]\nmemory = true", `p.toml:3: limits.memory: a size such as "512 MiB", or a number of bytes, is needed, not true or false`},
	{"[limits]\nmemory = 9223372036854775807", `p.toml:3: limits.memory: "9223372036854775807" ` + huge},
	{"[limits]\nwall = 30", `p.toml:3: limits.wall: "30" ` + noUnit},
	{"[limits]\nwall = 1.5", `p.toml:3: limits.wall: "1.5" ` + noUnit},
	{"[limits]\nwall = '30'", `p.toml:3: limits.wall: "30" ` + noUnit},
	{"[limits]\nwall = '0s'", `p.toml:3: limits.wall: "0s" ` + zero},
	{"[limits]\ncpu = '-1s'", `p.toml:3: limits.cpu: -1s ` + negative},
	{"[limits]\ncpu = 00:00:01", `p.toml:3: limits.cpu: a duration such as "30s" is needed, not a date or time`},
	{"[limits]\ncpu = '9999999999h'", `p.toml:3: limits.cpu: "9999999999h" ` + huge},
	{"[limits]\nprocesses = '64'", `p.toml:3: limits.processes: an integer is needed, not a string`},
	{"[limits]\ninstructions = 1e9", `p.toml:3: limits.instructions: an integer is needed, not a float`},
	{"[limits]\nprocessors = nan", `p.toml:3: limits.processors: "nan" is not a number such as 1.5`},
	{"[limits]\nprocessors = -inf", `p.toml:3: limits.processors: "-inf" is not a number such as 1.5`},
	{"[limits]\nprocessors = '1.5'", `p.toml:3: limits.processors: a number is needed, not a string`},
	{"[limits]\nfiles = 2", `p.toml:3: limits.files: 2 ` + tooLittle + `3 is the least`},
	{"[limits]\nstack = '1 KiB'", `p.toml:3: limits.stack: 1 KiB ` + tooLittle + `64 KiB is the least`},
	{"[limits]\nper-process = 1", `p.toml:3: limits.per-process: true or false is needed, not an integer`},
	{"[limits]\nwall = '1s'\nper-process = true", `p.toml:4: limits.per-process: ` + perProcess},
	{"[limits]\nwall = '1s'\nwall = '2s'", `p.toml:4: key wall is already defined`},
	{"limits.wall.x = 1", `p.toml:2: limits.wall: a duration such as "30s" is needed, not a table`},
}

var badLimitsJSON = []struct{ data, want string }{
	{"{\"schema\": 1,\n\"limits\": []}", `p.json:2: limits: a table of limits is needed, not a list`},
	{"{\"schema\": 1,\n\"limits\": {\"wall\": \"1s\",\n\"wall\": \"2s\"}}", `p.json:3: limits.wall: this key is there twice`},
	{"{\"schema\": 1, \"limits\": {\"files\": 1e400}}", `p.json:1: limits.files: an integer is needed, not a float`},
	{"{\"schema\": 1, \"limits\": {\"files\": 123456789012345678901234567890}}", `p.json:1: limits.files: 123456789012345678901234567890 ` + huge},
	{"{\"schema\": 1, \"limits\": {\"processors\": 1e400}}", `p.json:1: limits.processors: "1e400" is not a number such as 1.5`},
	{"{\"schema\": 1, \"limits\": {\"memory\": null}}", `p.json:1: limits.memory: a size such as "512 MiB", or a number of bytes, is needed, not null`},
	{"{\"schema\": 1, \"limits\": {\"Memory\": \"1 GiB\"}}", `p.json:1: limits.Memory: ` + limitList},
}

func TestABadLimitIsRefusedWithItsLineAndKey(t *testing.T) {
	for _, c := range badLimits {
		_, err := Parse("p.toml", []byte(schemaLine+c.data), Vars{})
		checkError(t, "p.toml", c.data, err, c.want)
	}
	for _, c := range badLimitsJSON {
		_, err := Parse("p.json", []byte(c.data), Vars{})
		checkError(t, "p.json", c.data, err, c.want)
	}
}

// anyLimits are some that mean something.
var anyLimits = rapid.Custom(func(t *rapid.T) (l Limits) {
	for _, f := range limitForms {
		if rapid.IntRange(0, 2).Draw(t, f.key) != 0 {
			continue
		}
		switch {
		case f.time != nil:
			*f.time(&l) = time.Duration(rapid.Int64Range(1, maxLimit).Draw(t, "time"))
		case f.number != nil:
			*f.number(&l) = rapid.Float64Range(minCPUs, maxCPUs).Draw(t, "number")
		default:
			n := rapid.Int64Range(1, maxLimit).Draw(t, "number")
			if u := rapid.SampledFrom(units).Draw(t, "unit").bytes; n > u {
				n -= n % u
			}
			*f.whole()(&l) = max(n, f.least)
		}
	}
	l.PerProcess = (l.CPU != 0 || l.Memory != 0) && rapid.Bool().Draw(t, "per process")
	return l
})

func TestALimitSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLimits.Draw(t, "limits")
		again := Limits{PerProcess: l.PerProcess}
		for _, f := range l.Fields() {
			if !f.Set {
				continue
			}
			if err := again.ParseLimit(f.Key, f.Text); err != nil {
				t.Fatal(err)
			}
		}
		if again != l {
			t.Fatalf("got %+v, want %+v", again, l)
		}
	})
}

// within says that whatever keeps to l keeps to m.
func within(l, m Limits) error {
	for _, f := range limitForms {
		if f.set(&m) && (!f.set(&l) || f.more(&l, &m)) {
			return fmt.Errorf("%s is %s and was %s", f.key, f.text(&l), f.text(&m))
		}
	}
	if m.together() && l.PerProcess {
		return errors.New("it holds for each process and held for all")
	}
	return nil
}

func TestNarrowedLimitsAreWithinBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyLimits.Draw(t, "a"), anyLimits.Draw(t, "b")
		n := a.Narrow(b)
		if err := errors.Join(within(n, a), within(n, b), n.Validate()); err != nil {
			t.Fatal(err)
		}
		if n != b.Narrow(a) || a.Narrow(a) != a || a.Narrow(Limits{}) != a {
			t.Fatalf("%+v", n)
		}
	})
}

func TestAFileThatExtendsNarrowsTheLimits(t *testing.T) {
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		base, child := Profile{Limits: anyLimits.Draw(t, "base")}, Profile{Limits: anyLimits.Draw(t, "child")}
		d, err := readDocument("child.toml", []byte(child.TOML()), Vars{})
		if err != nil {
			t.Fatal(err)
		}
		exceeds := within(base.Limits.Narrow(child.Limits), base.Limits)
		if exceeds != nil {
			t.Fatal(exceeds)
		}
		if d.checkWithin(base, []string{"base.toml"}) == nil {
			taken++
			if err := within(d.over(base).Limits, base.Limits); err != nil {
				t.Fatal(err)
			}
		}
		d.widen = true
		wide := d.over(base).Limits
		for _, f := range limitForms {
			want := &base.Limits
			if f.set(&child.Limits) {
				want = &child.Limits
			}
			if f.set(&wide) != f.set(want) || f.set(want) && (f.more(&wide, want) || f.more(want, &wide)) {
				t.Fatalf("%s with widen: %+v", f.key, wide)
			}
		}
	})
	if taken == 0 {
		t.Error("no child was taken")
	}
}

var limitNarrowings = []struct{ base, child, want string }{
	{`limits.memory = "1 GiB"`, `limits.memory = "512 MiB"`, ""},
	{`limits.memory = "1 GiB"`, `limits.memory = 1073741824`, ""},
	{`limits.memory = "1 GiB"`, `limits.memory = "2 GiB"`, `limits.memory: 2 GiB is beyond 0.toml, which allows 1 GiB` + wouldWiden},
	{`limits.wall = "1m"`, `limits.wall = "61s"`, `limits.wall: 1m1s is beyond 0.toml, which allows 1m0s` + wouldWiden},
	{`limits.processors = 1.5`, `limits.processors = 2`, `limits.processors: 2 is beyond 0.toml, which allows 1.5` + wouldWiden},
	{`limits.core = "1 MiB"`, `limits.core = "2 MiB"`, `limits.core: 2 MiB is beyond 0.toml, which allows 1 MiB` + wouldWiden},
	{``, `limits.memory = "2 GiB"`, ""},
	{``, `limits = { memory = "2 GiB", per-process = true }`, ""},
	{`limits.memory = "1 GiB"`, `limits.per-process = true`, `limits.per-process: beyond 0.toml, where CPU and memory are those of all processes together` + wouldWiden},
	{`limits.memory = "1 GiB"`, `limits = { cpu = "1s", per-process = true }`, `limits.per-process: beyond 0.toml, where CPU and memory are those of all processes together` + wouldWiden},
	{`limits = { memory = "1 GiB", per-process = true }`, `limits.per-process = false`, ""},
	{`limits = { memory = "1 GiB", per-process = true }`, `limits = { memory = "1 MiB", per-process = true }`, ""},
	{`limits = { memory = "1 GiB", per-process = true }`, `limits.per-process = true`, ""},
}

func TestALimitNarrowsAndWidensAsTheOthersDo(t *testing.T) {
	for _, c := range limitNarrowings {
		t.Run(c.child, func(t *testing.T) { narrows(t, c.base, c.child, c.want) })
	}
}

// Of several files that are extended the smaller limit holds, so that one can be there for nothing but limits.
func TestOfTwoExtendedFilesTheSmallerLimitHolds(t *testing.T) {
	write(t, map[string]string{
		"a.toml": schemaLine + "limits.memory = '1 GiB'", "b.toml": schemaLine + "limits = { memory = '2 GiB', wall = '3s', per-process = true }",
		"c.toml": schemaLine + "extends = ['a.toml', 'b.toml']",
	})
	p, err := Load("c.toml", Vars{})
	if want := (Limits{Memory: 1 << 30, Wall: 3 * time.Second}); err != nil || p.Limits != want {
		t.Errorf("%+v, %v", p.Limits, err)
	}
}

func FuzzLimit(f *testing.F) {
	for _, list := range []map[string]string{noSizes, noDurations, noCounts, noNumbers} {
		for text := range list {
			for _, key := range LimitKeys() {
				f.Add(key, text)
			}
		}
	}
	for text := range sizes {
		f.Add("memory", text)
	}
	f.Fuzz(func(t *testing.T, key, text string) {
		var l Limits
		if l.ParseLimit(key, text) != nil {
			return
		}
		if err := l.Validate(); err != nil {
			t.Fatal(err)
		}
		again, err := Parse("p.toml", []byte(Profile{Limits: l}.TOML()), Vars{})
		if err != nil || again.Limits != l {
			t.Fatalf("%s %q: %+v became %+v: %v", key, text, l, again.Limits, err)
		}
	})
}
