package gaol

import (
	"errors"
	"strings"
	"testing"
)

func TestAProfileIsExplainedForAnotherSystem(t *testing.T) {
	p, err := NewProfile(System(), FileRead(Subpath("/tmp/x")), MachLookup("com.apple.trustd.agent"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := ExplainFor("darwin", p)
	for _, part := range []string{"engine: seatbelt", "\n(version 1)\n(deny default)\n", `= "/private/tmp/x"`, `(mach-lookup`, `= "com.apple.trustd.agent"`} {
		if err != nil || !strings.Contains(strings.ReplaceAll(text, "(allow ", "("), part) {
			t.Errorf("no %q: %v", part, err)
		}
	}
	private, _ := NewProfile(Private("/tmp"))
	if _, err := ExplainFor("darwin", private); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	if _, err := ExplainFor("plan9", p); err == nil || !strings.Contains(err.Error(), "darwin") {
		t.Errorf("got %v", err)
	}
}

func TestAProfileIsExplainedForFreeBSD(t *testing.T) {
	p, err := NewProfile(System(), FileRead(Subpath("/srv/in")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := ExplainFor("freebsd", p)
	for _, part := range []string{"engine: capsicum", "\n  cap-open /srv/in read", "\n  cap-enter\n"} {
		if err != nil || !strings.Contains(text, part) {
			t.Errorf("no %q: %v", part, err)
		}
	}
	for _, option := range []Option{Private("/tmp"), NetworkOutbound(TCP(443)), WithEngine(EngineJail)} {
		refused, _ := NewProfile(option)
		if _, err := ExplainFor("freebsd", refused); !errors.Is(err, ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
}
