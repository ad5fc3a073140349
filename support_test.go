package gaol

import (
	"strings"
	"testing"
)

func TestSupportAnswersForEachEngineThatWorks(t *testing.T) {
	h := Probe()
	for _, e := range h.Engines() {
		if level, mechanism := System().Support(h.Force(e)); level != CanBeAllowed || mechanism == "" {
			t.Errorf("%s: System: %s, %s", e, level, mechanism)
		}
		if level, mechanism := Signal().Support(h.Force(e)); level != AlwaysAllowed || mechanism == "" {
			t.Errorf("%s: Signal: %s, %s", e, level, mechanism)
		}
	}
	if level, why := Syscall("bpf").Support(h); level != NeverAllowed || why == "" {
		t.Errorf("Syscall(bpf): %s, %s", level, why)
	}
	if level, why := FileRead(Subpath("relative")).Support(h); level != NeverAllowed || !strings.Contains(why, "relative") {
		t.Errorf("a relative path: %s, %s", level, why)
	}
}

func TestNothingIsSupportedByAHostThatWasNotProbed(t *testing.T) {
	var none Probed
	if engines := none.Engines(); len(engines) != 0 {
		t.Errorf("%v", engines)
	}
	for _, op := range []Operation{System(), FileRead(Subpath("/")), Map("/a", "/b", ReadOnly), Private("/tmp"), Device("/dev/null"), NetworkOutbound(LocalSocket("/s")), {}} {
		if level, why := op.Support(none); level != NeverAllowed || why == "" {
			t.Errorf("%s: %s, %s", op, level, why)
		}
	}
}
