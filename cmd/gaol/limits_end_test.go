//go:build unix

package main

// These tests let limits end a program: the status, the one line about it, and what --status-fd says.

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestALimitEndsTheProgramWith124AndIsNamed(t *testing.T) {
	needSandbox(t)
	const forever = "while :; do :; done"
	for _, row := range []struct {
		flags, script   string
		code            int
		stdout, said    string
		end             string
		signal, exitAt0 int
	}{
		{"--wall 200ms", forever, 124, "", "gaol: signal: killed (wall limit 200ms)\n", "wall limit", 9, -1},
		{"--wall 200ms", "exec sleep 60", 124, "", "gaol: signal: killed (wall limit 200ms)\n", "wall limit", 9, -1},
		{"--wall 1m", "exit 3", 3, "", "", "exited", 0, 3},
		{"--cpu 200ms", forever, 124, "", "gaol: signal: killed (CPU limit 200ms)\n", "CPU limit", 9, -1},
		{"--cpu 1m", "echo x", 0, "x\n", "", "exited", 0, 0},
		{"--output 4", "echo abc", 0, "abc\n", "", "exited", 0, 0},
		{"--output 3", "echo abc; " + forever, 124, "abc", "gaol: signal: killed (output limit 3 B)\n", "output limit", 9, -1},
		{"--output 4", "echo abc >&2; echo def >&2; " + forever, 124, "", "abc\ngaol: signal: killed (output limit 4 B)\n", "output limit", 9, -1},
		{"--wall 1m", "kill -9 $$", 137, "", "", "signal", 9, -1},
	} {
		t.Run(row.flags+" "+row.script, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			args := append([]string{"run", "--status-fd", "3", "--system"}, strings.Fields(row.flags)...)
			c := command(append(args, "--", "sh", "-c", row.script)...)
			c.ExtraFiles = []*os.File{w}
			o := finish(t, c)
			_ = w.Close()
			o.mustBe(t, row.code, row.stdout)
			if o.stderr != row.said {
				t.Errorf("said %q", o.stderr)
			}
			var status struct {
				End  string
				Exit struct{ Code, Signal int }
			}
			if err := json.NewDecoder(r).Decode(&status); err != nil {
				t.Fatal(err)
			}
			if status.End != row.end || status.Exit.Signal != row.signal || status.Exit.Code != row.exitAt0 {
				t.Errorf("got %+v", status)
			}
			if o := gaolRun(t, append(append([]string{"-q", "--system"}, strings.Fields(row.flags)...), "--", "sh", "-c", row.script)...); strings.Contains(o.stderr, "gaol") || o.code != row.code {
				t.Errorf("quiet: %d, %q", o.code, o.stderr)
			}
			if o := gaolRun(t, append(append([]string{"--report", "--system"}, strings.Fields(row.flags)...), "--", "sh", "-c", row.script)...); row.code == 124 && !strings.Contains(o.stderr, row.end+" ") {
				t.Errorf("reported: %q", o.stderr)
			}
		})
	}
}

func TestInstructionsAreRefusedWhereNothingCountsThem(t *testing.T) {
	onLinux(t, "perf_event_open counts them")
	needSandbox(t)
	o := gaolRun(t, "--system", "--instructions", "1000000", "true")
	if o.code == 0 {
		t.Skip("this host counts them")
	}
	o.mustBe(t, 125, "")
	mustContain(t, o.stderr, "--instructions 1000000", "counter (PMU)", "perf_event_open")
}
