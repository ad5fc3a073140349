package plan

// What is encoded is decoded as it was, and what cannot be encoded is refused by name. Bytes that nobody wrote must neither panic
// nor be taken for a plan with a step of no known op.

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func encode(t rapid.TB, p Plan) []byte {
	t.Helper()
	b, err := p.Encode()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b
}

func TestAPlanComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan.Draw(t, "plan")
		b := encode(t, p)
		if uintptr(unsafe.Pointer(&b[0]))%8 != 0 {
			t.Fatal("not aligned to 8")
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if want := plain(p); !reflect.DeepEqual(plain(got), want) {
			t.Fatalf("got  %#v\nwant %#v", got, want)
		}
		if again := encode(t, got); !bytes.Equal(again, b) {
			t.Fatal("the second encoding differs from the first")
		}
	})
}

func TestAPlanOfEveryStepComesBack(t *testing.T) {
	p := Plan{Namespaces: 1, Fresh: 2, Steps: everyStep()}
	seen := map[Op]bool{}
	for _, s := range p.Steps {
		seen[s.Op] = true
	}
	for op := IDMap; op < ops; op++ {
		if !seen[op] {
			t.Errorf("%s is not in everyStep", op)
		}
	}
	got, err := Decode(encode(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, plain(p)) {
		t.Errorf("got  %v\nwant %v", got, plain(p))
	}
}

func TestAnEmptyPlanComesBack(t *testing.T) {
	got, err := Decode(encode(t, Plan{}))
	if err != nil || !reflect.DeepEqual(got, Plan{}) {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestAnEmptyFirstTextStaysEmpty(t *testing.T) {
	p := Plan{Steps: []Step{{Op: IDMap, Path: "", Text: "0 0 1"}}}
	got, err := Decode(encode(t, p))
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("got %+v, %v; want %+v: the gid_map was written as the uid_map, too", got.Steps, err, p.Steps)
	}
}

func TestOnlySplitsAPlanIntoItsStages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan.Draw(t, "plan")
		build, rest := p.Only(Build), p.Only(Init, Program, Confine)
		all := append(append([]Step{}, build.Steps...), rest.Steps...)
		if len(all) != len(p.Steps) || build.Namespaces != p.Namespaces || rest.Fresh != p.Fresh {
			t.Fatalf("%d and %d of %d steps", len(build.Steps), len(rest.Steps), len(p.Steps))
		}
		for i, s := range all {
			if !reflect.DeepEqual(s, p.Steps[i]) {
				t.Fatalf("step %d is %s, was %s", i, s, p.Steps[i])
			}
		}
		encode(t, build)
		encode(t, rest)
	})
}

func TestEqualStringsAreStoredOnce(t *testing.T) {
	name := "/" + strings.Repeat("x", 1000)
	one := encode(t, Plan{Steps: []Step{{Op: Bind, Path: name, Text: name}}})
	ten := Plan{}
	for range 10 {
		ten.Steps = append(ten.Steps, Step{Op: Bind, Path: name, Text: name})
	}
	if b := encode(t, ten); len(b) > len(one)+9*stepSize {
		t.Errorf("one step takes %d bytes, ten %d", len(one), len(b))
	}
}

func TestWhatCannotBeEncodedIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		steps      []Step
	}{
		{"a NUL in a path", `step 0: dir: "/a\x00b" contains a NUL byte`, []Step{{Op: Dir, Path: "/a\x00b"}}},
		{"a NUL in a host path", `step 1: bind: "\x00" contains a NUL byte`, []Step{{Op: Detach}, {Op: Bind, Path: "/a", Text: "\x00"}}},
		{"a NUL in a link's target", `step 0: link: "a\x00" contains a NUL byte`, []Step{{Op: Link, Path: "/a", Text: "a\x00"}}},
		{"a NUL in the first of two texts", `step 0: id-map: "\x001" contains a NUL byte`, []Step{{Op: IDMap, Path: "\x001"}}},
		{"a NUL in options", `step 0: root: "a\x00" contains a NUL byte`, []Step{{Op: Root, Text: "a\x00"}}},
		{"no op", "step 0: unknown op 0", []Step{{}}},
		{"an op past the last", fmt.Sprintf("step 0: unknown op %d", ops), []Step{{Op: ops}}},
		{"an op that is no step", "step 0: unknown op 1000", []Step{{Op: CloneBuilder}}},
		{"an op past 16 bits", "step 0: unknown op 65537", []Step{{Op: 1<<16 + 1}}},
		{"build after init", "step 1: dir of stage build comes after stage init", []Step{{Op: Touch, Path: "/a"}, {Op: Dir, Path: "/a"}}},
		{"program after confine", "step 1: drop-capabilities of stage program comes after stage confine", []Step{{Op: LandlockEnforce}, {Op: DropCaps}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Plan{Steps: c.steps}.Encode()
			if err == nil || err.Error() != c.want || b != nil {
				t.Errorf("got %d bytes, %v; want %s", len(b), err, c.want)
			}
		})
	}
}

func TestAPlanThatIsTooLargeIsRefusedAndTheLargestIsNot(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 64 MiB")
	}
	largest := strings.Repeat("x", maxSize-headerSize-stepSize-1)
	if b := encode(t, Plan{Steps: []Step{{Op: Hostname, Text: largest}}}); len(b) != maxSize {
		t.Errorf("got %d bytes", len(b))
	}
	_, err := Plan{Steps: []Step{{Op: Hostname, Text: largest + "x"}}}.Encode()
	if err == nil || !strings.Contains(err.Error(), "at most 67108864 are possible") {
		t.Errorf("got %v", err)
	}
	_, err = Command{Argv: []string{largest}, Candidates: []string{"/a"}, FDs: []int{0, 1, 2}}.Encode()
	if err == nil || !strings.Contains(err.Error(), "at most 67108864 are possible") {
		t.Errorf("got %v", err)
	}
}

func TestBytesThatNobodyWroteNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(encode(t, anyPlan.Draw(t, "plan")))
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			at := rapid.IntRange(0, len(b)/4-1).Draw(t, "word") * 4
			v := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, uint32(len(b))+16), rapid.SampledFrom([]uint32{0, 1, math.MaxUint32, 1 << 31})).Draw(t, "value")
			le.PutUint32(b[at:], v)
		}
		if rapid.Bool().Draw(t, "size kept right") {
			le.PutUint32(b[8:], uint32(len(b)))
			le.PutUint32(b, magic)
		}
		p, err := Decode(b)
		if err != nil {
			return
		}
		for _, s := range p.Steps {
			if !s.Op.valid() {
				t.Fatalf("op %d", s.Op)
			}
		}
		_ = p.String()
	})
}

func TestEveryTruncationIsRefused(t *testing.T) {
	b := encode(t, Plan{Steps: everyStep()})
	for n := range len(b) {
		short := bytes.Clone(b[:n])
		if _, err := Decode(short); err == nil {
			t.Fatalf("%d of %d bytes were taken for a plan", n, len(b))
		}
	}
}
