//go:build linux

// Package escape holds attacks on sandboxes: what a program inside may try to reach what its profile does not grant, each with the
// outcome that it must have, and beside it a twin, the same code with the right granted or the harmless operation next to it, which
// must succeed. The tests and `gaol verify` run them in live sandboxes. A program that takes part is executed anew inside a sandbox
// and answers to Word as its first argument; nothing in here may harm the machine even where an attack succeeds.
package escape

import (
	"slices"
	"strings"
)

// Attack is one row of the table.
type Attack struct {
	Name  string // kebab-case; it stays when the attack changes
	About string // what the program inside tries, in a line
	// Prepare sets up what is outside, and grants; it may be nil. It is called for the attack and for the twin, each with its own World.
	Prepare func(w *World)
	// Inside is the code that runs in the sandbox.
	Inside func(in *In)
	// Want lists the outcomes that the attack may have, with "|" between: an errno, a signal, or a word that Inside said.
	Want string
	// OnLandlock is what is different on the landlock engine; empty: Want.
	OnLandlock string
	// WantTwin is what the twin may come to; empty: "ok".
	WantTwin string
}

// Expected is the outcomes that the attack may have on the engine.
func (a *Attack) Expected(e Engine) string {
	if e == Landlock && a.OnLandlock != "" {
		return a.OnLandlock
	}
	return a.Want
}

func (a *Attack) expectedTwin() string {
	if a.WantTwin != "" {
		return a.WantTwin
	}
	return "ok"
}

// Outcome is what came of one try: the name of an errno or a signal, "ok", or a word; and what was tried.
type Outcome struct{ Word, What string }

func (o Outcome) String() string {
	if o.What == "" {
		return o.Word
	}
	return o.Word + " (" + o.What + ")"
}

// touched is the outcome that no attack may expect: something outside is not as it was.
const touched = "touched"

// wrong are the outcomes that are not among the wanted. No outcome at all is wrong, too.
func wrong(seen []Outcome, want string) []Outcome {
	words := strings.Split(want, "|")
	if len(seen) == 0 {
		return []Outcome{{"nothing", "the program said nothing"}}
	}
	return slices.DeleteFunc(slices.Clone(seen), func(o Outcome) bool { return slices.Contains(words, o.Word) })
}

// Verdict is what an attack came to.
type Verdict string

const (
	Held    Verdict = "held"
	Refused Verdict = "refused" // gaol.New does not take the profile on this engine: there is nothing to attack
	Skipped Verdict = "skipped" // the machine lacks what the attack needs
	Escaped Verdict = "ESCAPED"
	Broken  Verdict = "BROKEN" // an outcome that proves nothing, or a twin that failed
)

// Good says whether the verdict is none to worry about.
func (v Verdict) Good() bool { return v == Held || v == Refused || v == Skipped }

// Result is one attack on one engine.
type Result struct {
	Name    string  `json:"attack"`
	About   string  `json:"about"`
	Engine  Engine  `json:"engine"`
	Want    string  `json:"expected"`
	Seen    string  `json:"seen"`
	Twin    string  `json:"twin"` // what the twin came to
	Verdict Verdict `json:"result"`
	Reason  string  `json:"reason,omitempty"` // of a verdict that is not Held
	Seconds float64 `json:"seconds"`
}

// judge compares both sides of an attack with what they should have come to.
func judge(a *Attack, e Engine, attack, twin side) Result {
	r := Result{Name: a.Name, About: a.About, Engine: e, Want: a.Expected(e), Seen: attack.String(), Twin: twin.String(), Verdict: Held}
	bad := wrong(attack.outcomes, r.Want)
	switch {
	case attack.skip != "":
		r.Verdict, r.Reason = Skipped, attack.skip
	case attack.refused != "":
		r.Verdict, r.Reason = Refused, attack.refused
	case attack.broken != "":
		r.Verdict, r.Reason = Broken, attack.broken
	case len(bad) > 0:
		r.Verdict = Broken
		var list []string
		for _, o := range bad {
			if !isErrno(o.Word) && o.Word != "nothing" && o.Word != "timeout" {
				r.Verdict = Escaped
			}
			list = append(list, o.String())
		}
		r.Reason = strings.Join(list, ", ")
	case twin.skip != "":
		r.Verdict, r.Reason = Skipped, twin.skip
	case twin.refused != "":
		r.Reason = "the twin is refused: " + twin.refused
	case twin.broken != "":
		r.Verdict, r.Reason = Broken, "the twin: "+twin.broken
	default:
		if bad := wrong(twin.outcomes, a.expectedTwin()); len(bad) > 0 {
			r.Verdict, r.Reason = Broken, "the twin, which must succeed: "+bad[0].String()
		}
	}
	return r
}

// side is what an attack, or its twin, came to.
type side struct {
	outcomes              []Outcome
	skip, refused, broken string
}

// String is the different outcomes, in the order in which they came.
func (s side) String() string {
	switch {
	case s.skip != "":
		return "-"
	case s.refused != "":
		return "refused"
	case s.broken != "":
		return "?"
	}
	var words []string
	for _, o := range s.outcomes {
		if !slices.Contains(words, o.Word) {
			words = append(words, o.Word)
		}
	}
	return strings.Join(words, "|")
}

// All is the table.
func All() []Attack {
	return slices.Concat(servo(), files(), links(), held(), paths(), procs(), processes(), memories(), namespaces(), sockets(), families(), code(),
		kernel(), descriptors(), grants(), leases(), round())
}

// Names lists the attacks' names.
func Names() (names []string) {
	for _, a := range All() {
		names = append(names, a.Name)
	}
	return names
}

func find(name string) *Attack {
	for _, a := range All() {
		if a.Name == name {
			return &a
		}
	}
	return nil
}
