//go:build linux

package main

// These tests run gaol verify as a user does. What it attacks is tested in tests/escape; here it is the command: what it picks, what it
// prints, how it ends, and that it leaves nothing.

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	escapes "github.com/gaol-sandbox/gaol/internal/escape"
)

func needEngine(t *testing.T) escapes.Engine {
	t.Helper()
	engines := escapes.Engines()
	if len(engines) == 0 {
		t.Skip("this host has no engine: there is nothing to attack")
	}
	return engines[0]
}

func TestVerifyPrintsALineForEachAttackAndLeavesNothing(t *testing.T) {
	engine := needEngine(t)
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o755); err != nil {
		t.Fatal(err)
	}
	c := command("verify", "--engine", string(engine), "file-read-all", "bpf", "unshare", "unshare")
	c.Env = append(os.Environ(), "TMPDIR="+tmp)
	o := finish(t, c)
	if o.code != 0 || o.stderr != "" {
		t.Fatal(o)
	}
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	if len(lines) != 5 || !strings.HasSuffix(lines[0], "result") || !strings.HasPrefix(lines[1], "file-read-all ") || !strings.HasPrefix(lines[2], "bpf ") && !strings.HasPrefix(lines[3], "bpf ") || !strings.Contains(lines[4], "3 attacks in ") ||
		!strings.HasSuffix(lines[4], "3 held, 0 escaped") {
		t.Errorf("%q", lines)
	}
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
}

func TestVerifyPrintsJSON(t *testing.T) {
	engine := needEngine(t)
	o := finish(t, command("verify", "--json", "bpf"))
	var v verification
	if err := json.Unmarshal([]byte(o.stdout), &v); err != nil || o.code != 0 {
		t.Fatal(o, err)
	}
	r := v.Results[0]
	if !v.OK || len(v.Results) != len(v.Engines) || r.Name != "bpf" || r.Engine != engine || r.Seen != "EPERM" || r.Twin != "ok" || r.Verdict != escapes.Held {
		t.Errorf("%+v", v)
	}
}

func TestVerifyListsTheAttacks(t *testing.T) {
	o := finish(t, command("verify", "--list"))
	if o.code != 0 || strings.Count(o.stdout, "\n") != len(escapes.All()) {
		t.Fatal(o)
	}
	mustContain(t, o.stdout, "forbidden-syscalls ", "makes every system call")
	if !slices.Contains(strings.Split(finish(t, command("__complete", "verify", "")).stdout, "\n"), "x32") {
		t.Error("x32 is not completed")
	}
}

func TestVerifyRefusesWhatMeansNothing(t *testing.T) {
	for args, want := range map[string]string{
		"nothing-like-it":   "no attack is called nothing-like-it",
		"[":                 "syntax error in pattern",
		"--engine magic":    `there is no engine "magic"`,
		"--json=maybe":      "invalid",
		"--no-such-flag":    "unknown flag",
		"bpf --engine= oh*": "no attack is called oh*",
	} {
		o := finish(t, command(append([]string{"verify"}, strings.Fields(args)...)...))
		if o.code != statusFailed || o.stdout != "" || !strings.Contains(o.stderr, want) {
			t.Errorf("gaol verify %s: %+v", args, o)
		}
	}
}
