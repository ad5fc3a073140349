package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

func TestInstructionsAreNotCountedWhereAFileThatCannotBeReadCanBeMade(t *testing.T) {
	execute := func(p string) profile.Operation {
		return profile.Operation{Kind: profile.FileExecute, Pattern: profile.Pattern{Path: p, Match: profile.Subpath}}
	}
	for _, c := range []struct {
		name string
		ops  []profile.Operation
		want string
	}{
		{"the system alone", []profile.Operation{system}, ""},
		{"a tree to write, another to execute", []profile.Operation{system, write("/srv/out"), execute("/srv/in")}, ""},
		{"a tree for both", []profile.Operation{read("/srv/out"), write("/srv/out"), execute("/srv/out")}, "/srv/out is written, and /srv/out executed"},
		{"a private directory for files", []profile.Operation{system, private("/tmp")}, ""},
		{"a private directory for programs", []profile.Operation{system, private("/tmp"), execute("/tmp")}, "/tmp is written, and /tmp executed"},
		{"a tree that is shown twice", []profile.Operation{write("/srv/out"), profile.Operation{Kind: profile.Map, Path: "/x", Host: "/srv/out", Mode: profile.ReadOnly}, execute("/x")}, "/srv/out is written, and /x executed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := cgroupHost(t, "")
			h.Counter = Check{OK: true}
			_, err := Resolve(with(profile.Limits{Instructions: 1e9}, c.ops...), h)
			var refused *UnsupportedError
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &refused) || len(refused.Operations) != 1 || refused.Operations[0].Operation != "Limits.Instructions" || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v", err)
			}
			if _, err := Resolve(with(profile.Limits{Wall: 1}, c.ops...), h); err != nil {
				t.Errorf("the twin: %v", err)
			}
		})
	}
}
