//go:build linux && cgo

// This file holds what Judge says against all the calls that there are, and the filter with names against the one without.

package seccomp

import (
	"slices"
	"strings"
	"testing"
)

func TestEachCallOfLinuxIsJudged(t *testing.T) {
	native(t)
	for nr := range 1024 {
		name := SyscallName(nr)
		if strings.HasPrefix(name, "system call") {
			continue
		}
		standing, why := Judge(name)
		if standing == Unknown {
			t.Errorf("%s is not judged", name)
		}
		if why == "" {
			t.Errorf("%s: no reason", name)
		}
	}
}

func TestCallsStandAsTheirReasonSays(t *testing.T) {
	for _, c := range []struct {
		name string
		want Standing
		why  string
	}{
		{"read", Always, "every program has it"},
		{"mbind", Always, "every program has it"},
		{"getpriority", Always, "every program has it"},
		{"personality", Addable, "own memory"},
		{"io_submit", Addable, "databases"},
		{"move_pages", Addable, "own pages"},
		{"ptrace", ByOperation, "only with Trace"},
		{"kcmp", ByOperation, "only with Trace"},
		{"shmget", ByOperation, "only with IPC(SystemV)"},
		{"mq_open", ByOperation, "only with IPC(POSIXQueues)"},
		{"mknod", ByOperation, "beyond that only with IPC(NamedPipes)"},
		{"fork", ByOperation, "only with ProcessCreate"},
		{"clone", ByOperation, "beyond that only with ProcessCreate"},
		{"bind", ByOperation, "only with NetworkInbound or NetworkInbound(LocalSocket)"},
		{"connect", ByOperation, "NetworkOutbound(All) or NetworkOutbound(TCP)"},
		{"chmod", ByOperation, "only with FileWrite"},
		{"truncate", ByOperation, "only with FileWrite"},
		{"setpriority", ByOperation, "a pid namespace"},
		{"memfd_create", Never, "only ever allowed where flags have MFD_NOEXEC_SEAL"},
		{"ioctl", Never, "only ever allowed where the command is none of those"},
		{"prctl", Never, "only ever allowed where"},
		{"clone3", Never, "as if the kernel did not have it"},
		{"cachestat", Never, "as if the kernel did not have it"},
		{"io_uring_setup", Never, "always forbidden"},
		{"bpf", Never, "always forbidden"},
		{"userfaultfd", Never, "always forbidden"},
		{"keyctl", Never, "always forbidden"},
		{"perf_event_open", Never, "always forbidden"},
		{"mount", Never, "always forbidden"},
		{"unshare", Never, "always forbidden"},
		{"reboot", Never, "superuser"},
		{"vmsplice", Never, "CVE-2020-29374"},
		{"file_setattr", Never, "newer"},
		{"", Unknown, "no system call"},
		{"readd", Unknown, "no system call"},
		{"READ", Unknown, "no system call"},
		{"read write", Unknown, "no system call"},
		{"socketcall", Unknown, "no system call"},
	} {
		if got, why := Judge(c.name); got != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%q stands as %d: %s", c.name, got, why)
		}
	}
}

func TestEachListNamesACallOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Groups() {
		for _, name := range g.Calls {
			seen[name] = true
		}
	}
	var forbid []string
	for _, f := range forbidden {
		forbid = append(forbid, strings.Fields(f.names)...)
		if f.why == "" {
			t.Errorf("%s: no reason", f.names)
		}
	}
	for i, name := range forbid {
		if seen[name] || slices.Contains(forbid[:i], name) {
			t.Errorf("%s is forbidden and elsewhere", name)
		}
	}
	var add []string
	for _, a := range additions {
		add = append(add, strings.Fields(a.names)...)
		if a.why == "" || (a.any != nil) != (a.condition != "") {
			t.Errorf("%s: the reason or the condition is missing", a.names)
		}
	}
	for i, name := range add {
		if slices.Contains(forbid, name) || slices.Contains(add[:i], name) {
			t.Errorf("%s can be added and is elsewhere", name)
		}
	}
	// what can be added is what these grants have, and nobody else
	if want := strings.Fields("personality modify_ldt remap_file_pages move_pages migrate_pages process_madvise io_setup io_destroy io_getevents " +
		"io_submit io_cancel io_pgetevents name_to_handle_at adjtimex clock_adjtime"); !slices.Equal(add, want) {
		t.Errorf("%s can be added", add)
	}
}

func TestANameAddsItsCallAndNoOther(t *testing.T) {
	m := native(t)
	for _, base := range []Grants{strict, none, {Kill: true}} {
		before := answers(t, compile(t, base), m.audit)
		for _, a := range additions {
			for _, name := range strings.Fields(a.names) {
				g := base
				g.Names = name
				after := answers(t, compile(t, g), m.audit)
				for nr := range after {
					if SyscallName(nr) != name {
						if !slices.Equal(before[nr], after[nr]) {
							t.Errorf("%s changes %s", name, SyscallName(nr))
						}
						continue
					}
					if slices.Equal(before[nr], after[nr]) {
						t.Errorf("%s changes nothing", name)
					}
					if denied := slices.Contains(after[nr], base.deny()); denied != (a.any != nil) {
						t.Errorf("%s: %x", name, after[nr])
					}
				}
			}
		}
	}
}

func TestNamesAreOneSetHoweverTheyAreWritten(t *testing.T) {
	native(t)
	f := compile(t, Grants{Names: "personality io_submit"})
	for _, names := range []string{"io_submit personality", " io_submit\tpersonality  io_submit\n", "personality read io_submit"} {
		if Text(compile(t, Grants{Names: names})) != Text(f) {
			t.Errorf("%q gives another filter", names)
		}
	}
	if Text(compile(t, Grants{Names: "read getpid"})) != Text(compile(t, strict)) {
		t.Error("calls that every filter allows change one")
	}
}

func TestNamesThatMayNotBeAddedAreAnError(t *testing.T) {
	for names, want := range map[string]string{
		"bpf":                   `system call "bpf" cannot be added: always forbidden`,
		"ptrace":                `system call "ptrace" cannot be added: only with Trace`,
		"personality ptrace":    `"ptrace"`,
		"clone3":                `as if the kernel did not have it`,
		"memfd_create":          `only ever allowed where`,
		"frobnicate":            `no system call that gaol knows`,
		"personality,modify":    `no system call that gaol knows`,
		"personality\x00ptrace": `no system call that gaol knows`,
	} {
		f, err := Filter(Grants{Names: names})
		if err == nil || !strings.Contains(err.Error(), want) || f != nil {
			t.Errorf("%q: %v", names, err)
		}
	}
}
