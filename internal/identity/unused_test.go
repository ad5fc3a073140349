package identity

import (
	"errors"
	"testing"
)

// desk hands out claims.
type desk struct {
	claimed  map[uint32]bool
	released int
}

func (d *desk) claim(id uint32) (func(), error) {
	if d.claimed[id] {
		return nil, ErrTaken
	}
	d.claimed[id] = true
	return func() { delete(d.claimed, id); d.released++ }, nil
}

func nobody(uint32) (bool, error) { return false, nil }

func TestAPickIsFreeMappedAndClaimed(t *testing.T) {
	d := &desk{claimed: map[uint32]bool{}}
	for range 100 {
		id, _, err := Pick(whole, whole, nobody, d.claim)
		if err != nil || id < 0x78000000 || id >= 0x7ffe0000 || !d.claimed[id] {
			t.Fatal(id, err)
		}
	}
	if len(d.claimed) != 100 || d.released != 0 {
		t.Error("two have the same number")
	}
}

func TestWhatSomebodyUsesIsNotPickedAndNotKept(t *testing.T) {
	d := &desk{claimed: map[uint32]bool{}}
	asked := 0
	odd := func(id uint32) (bool, error) {
		asked++
		if !d.claimed[id] {
			t.Error("asked before the claim: it may be taken in between")
		}
		return id%2 == 1, nil
	}
	for range 100 {
		if id, _, err := Pick(whole, whole, odd, d.claim); err != nil || id%2 == 1 {
			t.Fatal(id, err)
		}
	}
	if asked != 100+d.released || len(d.claimed) != 100 {
		t.Error(asked, d.released, len(d.claimed))
	}
}

func TestASmallNamespaceHasTheNumbersOfTheSecondRange(t *testing.T) {
	small := Map{{0, 100000, 65536}}
	d := &desk{claimed: map[uint32]bool{}}
	for range 65520 - 61184 { // all of them
		if id, _, err := Pick(small, small, nobody, d.claim); err != nil || id < 61184 || id > 65519 {
			t.Fatal(id, err)
		}
	}
	if id, _, err := Pick(small, small, nobody, d.claim); err == nil {
		t.Error(id)
	}
	for _, none := range [][2]Map{{whole, {{0, 0, 1000}}}, {{{0, 0, 1}}, whole}, {nil, nil}} {
		if id, _, err := Pick(none[0], none[1], nobody, d.claim); err == nil {
			t.Errorf("%v: %d", none, id)
		}
	}
}

func TestAPickThatCannotTellIsNone(t *testing.T) {
	d := &desk{claimed: map[uint32]bool{}}
	broken := errors.New("broken")
	if _, _, err := Pick(whole, whole, func(uint32) (bool, error) { return false, broken }, d.claim); !errors.Is(err, broken) || len(d.claimed) != 0 {
		t.Error(err, d.claimed)
	}
	if _, _, err := Pick(whole, whole, nobody, func(uint32) (func(), error) { return nil, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}
