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
	// the same in a jail, which has Private directories and no preload library
	jailed, err := p.With(WithEngine(EngineJail), Private("/tmp"))
	if err != nil {
		t.Fatal(err)
	}
	text, err = ExplainFor("freebsd", jailed)
	for _, part := range []string{"engine: jail", "\n  jail-nullfs /srv/in from /srv/in read-only noexec\n", "\n  jail-private /tmp", "allow.nosuser", "\n  jail-confine\n"} {
		if err != nil || !strings.Contains(text, part) {
			t.Errorf("no %q: %v", part, err)
		}
	}
	cooperating, _ := NewProfile(FileRead(Subpath("/srv/in")), WithProgram(CooperatingProgram))
	if text, err = ExplainFor("freebsd", cooperating); err != nil || !strings.Contains(text, "program: cooperating") || strings.Contains(text, "preload") {
		t.Errorf("%v: %s", err, text)
	}
	static, _ := NewProfile(FileRead(Subpath("/srv/in")), WithProgram(StaticProgram))
	if _, err = ExplainFor("freebsd", static); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	inJail, _ := static.With(WithEngine(EngineJail)) // which does not ask
	if _, err = ExplainFor("freebsd", inJail); err != nil {
		t.Error(err)
	}
	if _, err = NewProfile(WithProgram(9)); err == nil {
		t.Error("an unknown kind is accepted")
	}
	for _, option := range []Option{Private("/tmp"), NetworkOutbound(TCP(443))} {
		refused, _ := NewProfile(option)
		if _, err := ExplainFor("freebsd", refused); !errors.Is(err, ErrUnsupported) {
			t.Errorf("got %v", err)
		}
	}
}
