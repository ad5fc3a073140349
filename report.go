package gaol

import (
	"os"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/environ"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Enforcement pairs an operation of the profile with the mechanism that holds it on this host.
type Enforcement struct {
	Operation string `json:"operation"`
	Mechanism string `json:"mechanism"`
}

// Gap is something that an operation with best effort left open.
type Gap struct {
	Operation string `json:"operation"`
	Detail    string `json:"detail"`
}

// Denial is something that the program tried and was not allowed, as far as the mechanisms tell.
type Denial struct {
	Operation  string `json:"operation"`
	Path       string `json:"path,omitempty"`
	Syscall    string `json:"syscall,omitempty"`    // of a system call: its name, and
	Number     int    `json:"number,omitempty"`     // its number
	Suggestion string `json:"suggestion,omitempty"` // what in a profile would allow it, or why nothing would
}

// Report says what was enforced and by what, what was denied, and how the program ended. It is a value.
type Report struct {
	Engine string `json:"engine"`
	// Program is the kind of program that it is, where the engine asks: in capability mode. See [ProgramKind].
	Program    string        `json:"program,omitempty"`
	Mechanisms []string      `json:"mechanisms"`
	Enforced   []Enforcement `json:"enforced"`
	Gaps       []Gap         `json:"gaps"`
	Denials    []Denial      `json:"denials"`
	// State is nil until the program has ended, and when it never ran.
	State *ProcessState `json:"-"`
	// Killed counts the processes that were still there when the program ended; none of them is left.
	Killed int   `json:"killed"`
	Usage  Usage `json:"usage"`
}

func report(p *policy.Policy) Report {
	r := Report{Engine: p.Engine, Mechanisms: slices.Clone(p.Mechanisms), Gaps: []Gap{}, Denials: []Denial{}}
	if p.Engine == policy.CapsicumEngine {
		r.Program = p.Capsicum.Program.String()
	}
	for _, e := range p.Enforced {
		r.Enforced = append(r.Enforced, Enforcement(e))
	}
	for _, g := range p.Gaps {
		r.Gaps = append(r.Gaps, Gap(g))
	}
	return r
}

func fileVars() (v profile.Vars) {
	v.CWD, _ = os.Getwd()
	v.Home, _ = environ.Lookup("HOME")
	v.Tmp = "/tmp"
	if tmp, _ := environ.Lookup("TMPDIR"); tmp != "" {
		v.Tmp = strings.TrimSuffix(tmp, "/")
	}
	return v
}

// clone is a copy that shares nothing with r.
func (r *Report) clone() Report {
	n := *r
	n.Mechanisms, n.Enforced = slices.Clone(r.Mechanisms), slices.Clone(r.Enforced)
	n.Gaps, n.Denials = slices.Clone(r.Gaps), slices.Clone(r.Denials)
	return n
}

// end fills in what the program's end tells.
func (r *Report) end(s *ProcessState) {
	if s == nil {
		return
	}
	r.State, r.Killed, r.Usage = s, s.killed, s.usage
	if s.denied {
		r.Denials = append(r.Denials, s.call.denial())
	}
}
