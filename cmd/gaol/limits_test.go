//go:build unix

package main

// These tests read the flags of limits, and what is said of those that mean nothing, are beyond the file's, or cannot be held here.

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

func TestEachLimitIsAFlag(t *testing.T) {
	var names []string
	for _, row := range limitFlags {
		names = append(names, row.name)
	}
	if !slices.Equal(names, profile.LimitKeys()) {
		t.Errorf("%s", names)
	}
}

func TestLimitsAreReadAsAFileHasThem(t *testing.T) {
	o := finish(t, command("explain", "--toml", "--system", "--wall", "90s", "--memory", "512MiB", "--memory", "1 GiB", "--processors", "1.5", "--files", "256",
		"--instructions", "1000000", "--per-process", "--read-rate=10MB"))
	o.mustBe(t, 0, "schema = 1\nsystem = true\n\n[limits]\nwall = \"1m30s\"\nmemory = \"512 MiB\"\nfiles = 256\ninstructions = 1000000\nprocessors = 1.5\nread-rate = \"10 MB\"\nper-process = true\n")
	file := filepath.Join(t.TempDir(), "p.toml")
	write(t, file, o.stdout, 0o644)
	finish(t, command("explain", "--toml", "-p", file)).mustBe(t, 0, o.stdout)
	o = finish(t, command("explain", "--toml", "-p", file, "--wall", "1m", "--disk", "1GB"))
	mustContain(t, o.stdout, "wall = \"1m0s\"", "memory = \"512 MiB\"", "disk = \"1 GB\"", "per-process = true")
}

func TestABadLimitIsAUsageError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.toml")
	write(t, file, "schema = 1\nsystem = true\nlimits.memory = '1 GiB'\nlimits.wall = '1m'\n", 0o644)
	for _, c := range []struct{ args, want string }{
		{"--memory 10XB", `"10XB" has an unknown unit, "XB"; the units are B, kB, KiB, MB, MiB, GB, GiB, TB, TiB`},
		{"--memory 1KiB", "1 KiB is too little for any program to start; 1 MiB is the least"},
		{"--memory -1", "is negative; leave it out"},
		{"--memory 0", "is zero, which is no limit; leave it out"},
		{"--memory 99999999999TiB", "is more than any host has"},
		{"--wall 30", `needs a unit: write "30s"`},
		{"--wall 0s", "is zero, which is no limit"},
		{"--cpu -1s", "-1s is negative"},
		{"--processors NaN", "is not a number such as 1.5"},
		{"--processes 1e3", "is not a whole number"},
		{"--files 2", "3 is the least"},
		{"--per-process", "--per-process says how --cpu and --memory hold, and neither is given"},
		{"--per-process=false --memory 1GiB", "it takes no value; leave it out"},
		{"-p " + file + " --memory 2GiB", "--memory 2GiB is beyond " + file + ", which allows 1 GiB"},
		{"-p " + file + " --wall 61s", "--wall 61s is beyond " + file + ", which allows 1m0s"},
		{"-p " + file + " --cpu 1s --per-process", "--per-process: beyond " + file + ", where CPU and memory are those of all processes together"},
	} {
		o := gaolRun(t, append(append([]string{"--system"}, strings.Fields(c.args)...), "true")...)
		if o.code != 125 || o.stdout != "" || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%s: %+v, want %s", c.args, o, c.want)
		}
	}
}

func TestALimitThatCannotBeHeldIsRefusedInTheWordsOfTheCommandLine(t *testing.T) {
	onLinux(t, "cgroups hold what rlimits cannot")
	needSandbox(t)
	lacks := map[string]bool{}
	for _, c := range gaol.Probe().Checks() {
		lacks[c.Mechanism] = !c.OK
	}
	if !lacks["cgroup v2"] {
		t.Skip("nothing is refused where there is a delegated cgroup v2")
	}
	for _, c := range []struct{ args, want string }{
		{"--memory 64MiB --private /tmp", "--memory 64MiB needs cgroup v2"},
		{"--memory 64MiB --private /tmp", "--disk, which then counts in"},
		{"--memory 64MiB --process", "--per-process, to hold for each process by itself"},
		{"--cpu 1s --process", "--cpu 1s needs cgroup v2"},
		{"--processes 5", "--processes 5 needs cgroup v2"},
	} {
		o := gaolRun(t, append(append([]string{"--system"}, strings.Fields(c.args)...), "true")...)
		if o.code != 125 || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%s: %+v, want %s", c.args, o, c.want)
		}
	}
	mustContain(t, finish(t, command("explain", "--system", "--memory", "64MiB", "--private", "/tmp", "--disk", "16MiB")).stdout,
		"limit: memory 64 MiB  (RLIMIT_AS of 50331648 bytes)", "limit: disk 16 MiB  (the size of their tmpfs)")
}

// The page that tells what limits mean must have each of them, and the files in it must be ones.
func TestThePageOfLimitsIsAboutEachOfThem(t *testing.T) {
	page, err := os.ReadFile("../../docs/LIMITS.md")
	if err != nil {
		t.Skip("the source is not here")
	}
	for _, key := range profile.LimitKeys() {
		mustContain(t, string(page), "`"+key+"`")
	}
	for i, m := range regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		file := filepath.Join(t.TempDir(), "p.toml")
		write(t, file, m[1], 0o644)
		if o := finish(t, command("explain", "--toml", "-p", file)); o.code != 0 {
			t.Errorf("file %d: %+v", i, o)
		}
	}
	if doctor := finish(t, command("doctor", "--json")); json.Valid([]byte(doctor.stdout)) {
		mustContain(t, doctor.stdout, `"cgroup v2"`, `"hardware counter (PMU)"`)
	}
}

func TestLimitsCompleteWithoutFiles(t *testing.T) {
	mustContain(t, finish(t, command("__complete", "run", "--memory", "")).stdout, ":4\n")
	mustContain(t, finish(t, command("__complete", "run", "--per")).stdout, "--per-process")
}
