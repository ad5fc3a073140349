package policy

// Inside another sandbox or a container something stands in the way of both engines, or of one: the error must name that and nothing
// else, and what it offers must help.

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

func refusals(t *testing.T, h Host, p profile.Profile) []string {
	t.Helper()
	var lacks *UnsupportedError
	if _, err := Resolve(p, h); !errors.As(err, &lacks) {
		t.Fatal(err)
	}
	var out []string
	for _, u := range lacks.Operations {
		out = append(out, u.String())
	}
	return out
}

func TestWhatBarsEveryEngineIsSaidOncePerOperation(t *testing.T) {
	h := host(newFS(t, merged))
	h.Barred = Unsupported{Mechanism: "executable memfds", Detail: "EPERM", Fix: "outside"}
	h.Namespaces, h.Landlock, h.LandlockReason = Check{Reason: "EPERM"}, 0, "EPERM"
	got := strings.Join(refusals(t, h, of(system, meta("/"), process)), "\n")
	want := "System() needs executable memfds (EPERM): outside\n" + `FileReadMetadata(Subpath("/")) needs executable memfds (EPERM): outside` +
		"\nProcessCreate() needs executable memfds (EPERM): outside"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := refusals(t, h, of()); len(got) != 1 || got[0] != "an empty profile needs executable memfds (EPERM): outside" {
		t.Error(got)
	}
	for e, name := range map[profile.Engine]string{profile.EngineNamespace: "EngineNamespace", profile.EngineLandlock: "EngineLandlock"} {
		p := of(system)
		p.Engine = e
		if got := refusals(t, h, p); len(got) != 1 || got[0] != "WithEngine("+name+") needs executable memfds (EPERM): outside" {
			t.Error(got)
		}
	}
	if engines := h.Engines(); len(engines) != 0 {
		t.Error(engines)
	}
}

func TestAKernelIsNotOfferedWhereAFilterHidesLandlock(t *testing.T) {
	h := host(newFS(t, merged))
	h.Landlock, h.LandlockReason, h.LandlockFix = 0, "EPERM", "a filter that allows it"
	got := refusals(t, h, of(meta("/home/me")))
	if len(got) != 1 || !strings.Contains(got[0], "needs Landlock (EPERM): a filter that allows it, or FileRead of the same path") {
		t.Error(got)
	}
	for _, c := range h.Checks() {
		if c.Name == "Landlock" && c.Fix != "a filter that allows it" {
			t.Error(c)
		}
	}
}

func TestTheOtherEngineIsOfferedWhereItHelps(t *testing.T) {
	const offer = `: unmask /proc; or FileReadMetadata(Subpath("/")) beside the others`
	h := host(newFS(t, merged))
	noProc(&h)
	if got := refusals(t, h, of(system)); len(got) != 1 || !strings.HasSuffix(got[0], offer) {
		t.Error(got)
	}
	if p, err := Resolve(of(system, meta("/")), h); err != nil || p.Engine != LandlockEngine {
		t.Errorf("%v, %v", p.Engine, err)
	}
	if got := refusals(t, h, of(system, private("/tmp"))); len(got) != 1 || strings.Contains(got[0], "beside") {
		t.Errorf("it cannot do that either: %q", got)
	}
	h.Landlock, h.LandlockReason = 0, "none"
	if got := refusals(t, h, of(system)); len(got) != 1 || strings.Contains(got[0], "beside") {
		t.Errorf("there is none: %q", got)
	}
}
