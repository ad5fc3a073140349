package identity

import (
	"errors"
	"os"
	"testing"
)

func TestSubordinateNumbersAreThoseOfTheRanges(t *testing.T) {
	text := "alice:100000:65536\n# a comment\nbob:524288:10\nbroken:x:10\n"
	for id, want := range map[uint32]bool{99999: false, 100000: true, 165535: true, 165536: false, 524297: true, 524298: false, 0: false} {
		if got := Subordinate(text, id); got != want {
			t.Errorf("%d: %v", id, got)
		}
	}
}

func TestAProcessHoldsItsUsersAndGroups(t *testing.T) {
	status := "Name:\tUid 7\nPid:\t8\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t5\t5\nGroups:\t10 20 \n"
	for id, want := range map[uint32]bool{1: true, 4: true, 6: true, 20: true, 7: false, 8: false, 2000: false} {
		if got := Holds(status, id); got != want {
			t.Errorf("%d: %v", id, got)
		}
	}
}

func TestTheNumbersOfThisProcessAreUsed(t *testing.T) {
	for _, id := range []int{os.Getuid(), os.Getgid()} {
		if used, err := Used(uint32(id)); err != nil || !used {
			t.Error(id, used, err)
		}
	}
	if used, err := Used(0x7abcdef1); err != nil || used {
		t.Error(used, err)
	}
}

func TestAClaimIsOneAtATime(t *testing.T) {
	const id = 0x7abcdef2
	release, err := Claim(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(id); !errors.Is(err, ErrTaken) {
		t.Error(err)
	}
	release()
	if release, err = Claim(id); err != nil {
		t.Fatal(err)
	}
	release()
}
