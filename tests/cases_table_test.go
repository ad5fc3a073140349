//go:build linux && cgo

// This file is the table that Go, C and Python share: how it is read, and what must hold for it. It must never run anything: that is
// cases_test.go's, whose twins are tests/abi/cases.c and bindings/python/tests/test_cases.py.

package tests

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

//go:embed cases.json
var casesJSON []byte

// casesTable is cases.json; what each part means is said at the top of that.
type casesTable struct {
	About      []string
	Tree       []map[string]string
	Always     map[string]any
	Operations []string
	Cases      []tableCase
}

type tableCase struct {
	Name, Operation string
	Needs           []string
	Profile         map[string]any
	Action          []string
	Expect          outcomes
	Twin            *struct {
		Profile map[string]any // nil: the case's
		Action  []string       // nil: the case's
		Expect  outcomes       // empty: "ok"
	}
}

// outcomes is what is expected of each engine that a case is for: a word for both, or an object.
type outcomes map[string]string

var caseEngines = []string{"namespace", "landlock"}

func (o *outcomes) UnmarshalJSON(b []byte) error {
	var both string
	if json.Unmarshal(b, &both) == nil {
		*o = outcomes{}
		for _, e := range caseEngines {
			(*o)[e] = both
		}
		return nil
	}
	each := map[string]string{}
	err := json.Unmarshal(b, &each)
	*o = each
	return err
}

// part is one run of a case in an engine: the case itself, or its twin.
type part struct {
	name, want string
	profile    map[string]any
	action     []string
}

// parts is what is to be run in an engine. A twin with a single expectation is for the engines of its case.
func (c tableCase) parts(engine string) (all []part) {
	want, ok := c.Expect[engine]
	if ok {
		all = append(all, part{"case", want, c.Profile, c.Action})
	}
	if c.Twin == nil {
		return all
	}
	twin := part{"twin", "ok", c.Twin.Profile, c.Twin.Action}
	if twin.profile == nil {
		twin.profile = c.Profile
	}
	if twin.action == nil {
		twin.action = c.Action
	}
	both := ok
	if c.Twin.Expect != nil {
		twin.want, both = c.Twin.Expect[engine]
	}
	if ok && both {
		all = append(all, twin)
	}
	return all
}

// ofTable reads the table. What it does not know is an error: a misspelt key must not become a case that tries less.
func ofTable() casesTable {
	var t casesTable
	d := json.NewDecoder(bytes.NewReader(casesJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		panic(fmt.Errorf("cases.json: %w", err))
	}
	return t
}

var cases = ofTable()

var _ = Describe("The table of cases", Label(withoutNamespaces), func() {
	It("has every operation, at least sixty cases, and no name twice", func() {
		var operations, names []string
		for _, c := range cases.Cases {
			operations, names = append(operations, c.Operation), append(names, c.Name)
		}
		slices.Sort(operations)
		Expect(slices.Compact(operations)).To(ConsistOf(cases.Operations))
		slices.Sort(names)
		Expect(len(names)).To(BeNumerically(">=", 60))
		Expect(slices.Compact(names)).To(HaveLen(len(names)))
	})

	It("has an allowed twin beside each case that is denied", func() {
		for _, c := range cases.Cases {
			Expect(c.Expect).NotTo(BeEmpty(), c.Name)
			Expect(caseEngines).To(ContainElements(slices.Collect(maps.Keys(c.Expect))), c.Name)
			for engine, want := range c.Expect {
				denied := !strings.HasPrefix(want, "ok") && !strings.HasPrefix(want, "profile ") && !strings.HasPrefix(want, "unsupported ")
				parts := c.parts(engine)
				Expect(parts).To(Or(HaveLen(2), Satisfy(func([]part) bool { return !denied })), "%s: no twin", c.Name)
				if len(parts) == 2 {
					Expect(parts[1].want).To(HavePrefix("ok"), c.Name)
				}
			}
		}
	})
})
