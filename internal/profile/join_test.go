package profile

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTwoProfilesTogetherAllowWhatEitherAllowsAndNoLimitIsLost(t *testing.T) {
	read := Operation{Kind: FileRead, Pattern: Pattern{Path: "/a", Match: Subpath}}
	hole := Operation{Kind: FileRead, Pattern: Pattern{Path: "/a/b", Match: Subpath}, Deny: true}
	a := Profile{Operations: []Operation{read, {Kind: System}}, OnDenied: Kill, Env: []string{"A=1", "B=1"}, PassEnv: []string{"P"}, Dir: "/a",
		Limits: Limits{Wall: time.Second, Memory: 1 << 20}, Engine: EngineLandlock}
	b := Profile{Operations: []Operation{hole, read}, Env: []string{"B=2"}, PassEnv: []string{"P", "Q"}, Limits: Limits{Wall: time.Minute, Memory: 1 << 10}}
	got, err := a.Join(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Operations) != 3 || got.Operations[0] != read || got.Operations[1].Kind != System || got.Operations[2] != hole {
		t.Error(got.Operations)
	}
	if got.OnDenied != Kill || got.Dir != "/a" || got.Engine != EngineLandlock || got.Limits.Wall != time.Second || got.Limits.Memory != 1<<10 {
		t.Errorf("%+v", got)
	}
	if strings.Join(got.Env, " ") != "A=1 B=2" || strings.Join(got.PassEnv, " ") != "P Q" {
		t.Error(got.Env, got.PassEnv)
	}
	if back, err := b.Join(a); err != nil || back.OnDenied != Kill || back.Limits != got.Limits || strings.Join(back.Env, " ") != "B=1 A=1" {
		t.Error(back, err)
	}
	b.Engine = EngineNamespace
	if _, err := a.Join(b); err == nil || err.Error() != "WithEngine(EngineNamespace): EngineLandlock is forced already; a profile has one engine" {
		t.Error(err)
	}
}

func TestAProfileWithItselfIsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := anyProfile.Draw(t, "profile").Join(Profile{}) // has each operation once
		if err != nil {
			t.Fatal(err)
		}
		twice, err := p.Join(p)
		if err != nil || twice.TOML() != p.TOML() || twice.Validate() != nil {
			t.Fatalf("%v\n%s\n%s", err, twice.TOML(), p.TOML())
		}
	})
}
