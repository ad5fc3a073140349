//go:build linux && cgo

// This file is what must hold for the table that Go, C and Python share. It must never run anything: that is cases_test.go's, whose twins are tests/abi/cases.c and bindings/python/tests/test_cases.py.

package tests

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/tests/cases"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

//go:embed cases.json
var casesJSON []byte

// ofTable reads it.
func ofTable() cases.Table {
	t, err := cases.Read(casesJSON)
	if err != nil {
		panic(fmt.Errorf("cases.json: %w", err))
	}
	return t
}

var table = ofTable()

var _ = Describe("The table of cases", Label(withoutNamespaces), func() {
	It("has every operation, at least sixty cases, and no name twice", func() {
		var operations, names []string
		for _, c := range table.Cases {
			operations, names = append(operations, c.Operation), append(names, c.Name)
		}
		slices.Sort(operations)
		Expect(slices.Compact(operations)).To(ConsistOf(table.Operations))
		slices.Sort(names)
		Expect(len(names)).To(BeNumerically(">=", 60))
		Expect(slices.Compact(names)).To(HaveLen(len(names)))
	})

	It("has an allowed twin beside each case that is denied", func() {
		for _, c := range table.Cases {
			Expect(c.Expect).NotTo(BeEmpty(), c.Name)
			Expect(cases.Engines).To(ContainElements(slices.Collect(maps.Keys(c.Expect))), c.Name)
			for engine, want := range c.Expect {
				denied := !strings.HasPrefix(want, "ok") && !strings.HasPrefix(want, "profile ") && !strings.HasPrefix(want, "unsupported ")
				parts := c.Parts(engine)
				Expect(parts).To(Or(HaveLen(2), Satisfy(func([]cases.Part) bool { return !denied })), "%s: no twin", c.Name)
				if len(parts) == 2 {
					Expect(parts[1].Want).To(HavePrefix("ok"), c.Name)
				}
			}
		}
	})
})
