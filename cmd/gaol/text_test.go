//go:build unix

package main

// These tests read what gaol prints about itself: help, examples, the manual page, doctor and explain.

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/include"
)

func TestTheExamplesWork(t *testing.T) {
	onLinux(t, "they have directories of the command's own")
	needSandbox(t)
	d := t.TempDir()
	write(t, d+"/README.md", "main\n", 0o644)
	write(t, d+"/Makefile", "made:\n\techo made > made\n", 0o644)
	description := regexp.MustCompile(` {3,}.*`)
	n := 0
	for _, c := range append(newRoot(nil).Commands(), newRoot(nil)) {
		if c.Name() == "completion" {
			continue
		}
		for _, line := range strings.Split(c.Example, "\n") {
			line = description.ReplaceAllString(strings.TrimSpace(line), "")
			if line == "" {
				continue
			}
			n++
			sh := exec.Command("sh", "-c", line)
			sh.Dir = d
			if o := finish(t, sh); o.code != 0 {
				t.Errorf("%s: %+v", line, o)
			}
		}
	}
	if n < 9 {
		t.Fatalf("only %d examples", n)
	}
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	for _, args := range []string{"--help", "run --help", "help run", "explain -h", "doctor --help"} {
		o := finish(t, command(strings.Fields(args)...))
		if o.code != 0 || o.stderr != "" || !strings.Contains(o.stdout, "Usage:") {
			t.Errorf("gaol %s: %+v", args, o)
		}
	}
}

func TestTheManualPageRendersWithoutWarnings(t *testing.T) {
	page := finish(t, command("man"))
	if page.code != 0 || page.stderr != "" {
		t.Fatal(page)
	}
	for _, flag := range append([]string{"status-fd", "profile"}, flagNames()...) {
		mustContain(t, page.stdout, `\-\-`+strings.ReplaceAll(flag, "-", `\-`))
	}
	for i, r := range page.stdout {
		if r > 126 {
			t.Fatalf("not ASCII at %d: %q", i, r)
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is missing")
	}
	c := exec.Command(groff, "-man", "-Tascii", "-ww", "-rCHECKSTYLE=3")
	c.Stdin = strings.NewReader(page.stdout)
	if o := finish(t, c); o.code != 0 || o.stderr != "" {
		t.Fatal(o.stderr)
	}
}

func flagNames() (names []string) {
	for _, row := range profileFlagTable {
		names = append(names, row.name)
	}
	return names
}

func TestDoctorTellsWhatTheHostEnforces(t *testing.T) {
	onLinux(t, "its mechanisms are named")
	o := finish(t, command("doctor"))
	mustContain(t, o.stdout, "Linux", "seccomp", "Landlock", "namespaces")
	j := finish(t, command("doctor", "--json"))
	var d diagnosis
	if err := json.Unmarshal([]byte(j.stdout), &d); err != nil || len(d.Checks) < 4 || o.code != j.code || d.Enforceable != (j.code == 0) {
		t.Fatal(j, err)
	}
}

func TestExplainPrintsThePolicyAndThePlan(t *testing.T) {
	onLinux(t, "its engine is named")
	needSandbox(t)
	o := finish(t, command("explain", "--system", "--read", "/etc/hostname?"))
	if o.code != 0 {
		t.Fatal(o)
	}
	mustContain(t, o.stdout, "engine: namespace", "seccomp", "/usr: read execute")
}

func TestCompletionScriptsAreShellPrograms(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		o := finish(t, command("completion", shell))
		if o.code != 0 || !strings.Contains(o.stdout, "gaol") {
			t.Errorf("%s: %+v", shell, o)
		}
		if shell == "bash" {
			c := exec.Command("bash", "-n")
			c.Stdin = strings.NewReader(o.stdout)
			if o := finish(t, c); o.code != 0 {
				t.Error(o.stderr)
			}
		}
	}
	o := finish(t, command("__complete", "run", "--on-denied", ""))
	mustContain(t, o.stdout, "errno\nkill\n")
	for _, row := range []struct{ flag, typed, want string }{
		{"--deny", "", "read=\nmetadata=\nwrite=\nexec=\n:6\n"}, {"--deny", "read=", ":0\n"}, {"--best-effort", "sys", "system\nsysinfo\nsyscall=\n"},
		{"--connect", "t", "tcp:\n:6\n"}, {"--listen", "", "all\ntcp:\nudp:\nloopback:\nunix:\n"}, {"--ipc", "posix-s", "posix-shared-memory\n:4\n"},
	} {
		o = finish(t, command("__complete", "run", row.flag, row.typed))
		mustContain(t, o.stdout, row.want)
	}
	o = finish(t, command("version"))
	if o.code != 0 || !strings.HasPrefix(o.stdout, "gaol "+include.Version()+" (go") {
		t.Fatal(o)
	}
}
