package identity

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var whole = Map{{0, 0, math.MaxUint32}}

func TestAMapIsRead(t *testing.T) {
	m, err := ParseMap("         0     100000      65536\n     70000          5          1\n")
	if err != nil || !slices.Equal(m, Map{{0, 100000, 65536}, {70000, 5, 1}}) {
		t.Fatal(m, err)
	}
	for id, want := range map[uint32]bool{0: true, 65535: true, 65536: false, 69999: false, 70000: true, 70001: false, math.MaxUint32: false} {
		if m.Has(id) != want {
			t.Errorf("%d: %v", id, !want)
		}
	}
	if whole.Has(math.MaxUint32) || !whole.Has(math.MaxUint32-1) {
		t.Error("the last number is no user's")
	}
	for _, bad := range []string{"0 0\n", "0 0 x\n", "0 -1 1\n", "\n", "0 0 4294967296\n"} {
		if m, err := ParseMap(bad); err == nil {
			t.Errorf("%q is %v", bad, m)
		}
	}
}

func TestWhatIsSharedIsTheNumbersAndNoMore(t *testing.T) {
	for _, c := range []struct {
		m    Map
		ids  []uint32
		want string
	}{
		{whole, []uint32{0, 1000}, "0 0 1\n1000 1000 1\n"},
		{whole, []uint32{1000, 0, 1000}, "0 0 1\n1000 1000 1\n"},
		{whole, []uint32{3, 0, 1, 2, 5}, "0 0 4\n5 5 1\n"},
		{whole, []uint32{math.MaxUint32 - 1}, "4294967294 4294967294 1\n"},
		{Map{{0, 100000, 2}, {2, 7, 5}}, []uint32{0, 1, 2, 3}, "0 0 2\n2 2 2\n"}, // a line of a map may not span two of the other's
	} {
		if got, err := c.m.Share(c.ids...); err != nil || got != c.want {
			t.Errorf("%v of %v: %q, %v", c.ids, c.m, got, err)
		}
	}
}

// What the kernel asks of a map: lines in numbers that do not overlap, each within one line of the map above, 340 of them, a page in all.
func TestAMapStaysWithinWhatTheKernelTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := whole
		if rapid.Bool().Draw(t, "parts") {
			m = Map{{0, 0, 1 << 16}, {1 << 20, 1 << 21, 1 << 16}, {1 << 31, 7, 1 << 30}}
		}
		ids := rapid.SliceOfN(rapid.Uint32Range(0, math.MaxUint32-1).Filter(m.Has), 1, 600).Draw(t, "ids")
		text, err := m.Share(ids...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseMap(text)
		if err != nil || len(got) > 340 || len(text) >= 4096 || strings.Count(text, "\n") != len(got) {
			t.Fatalf("%d lines, %d bytes, %v", len(got), len(text), err)
		}
		for i, r := range got {
			if r.First != r.Outside || r.Count == 0 || i > 0 && r.First-got[i-1].First < got[i-1].Count {
				t.Fatalf("line %d: %v", i, r)
			}
			if m.at(r.First) < 0 || m.at(r.First) != m.at(r.First+r.Count-1) {
				t.Fatalf("%v is not within a line", r)
			}
			if !slices.Contains(ids, r.First) || !slices.Contains(ids, r.First+r.Count-1) {
				t.Fatalf("%v starts or ends beside the numbers", r)
			}
		}
		for _, id := range ids {
			if !got.Has(id) {
				t.Fatalf("%d is left out", id)
			}
		}
	})
}

func TestMoreGroupsThanAMapHasLinesShareTheSmallGaps(t *testing.T) {
	var ids []uint32
	for i := range uint32(maxLines + 1) {
		ids = append(ids, i*1000)
	}
	ids[50]-- // makes one gap smaller than the others
	text, err := whole.Share(ids...)
	if err != nil || strings.Count(text, "\n") != maxLines || !strings.Contains(text, "\n49000 49000 1000\n") {
		t.Error(text, err)
	}
	apart := Map{}
	for _, id := range ids {
		apart = append(apart, Range{id, id, 1})
	}
	if text, err := apart.Share(ids...); err == nil {
		t.Error(text)
	}
}
