//go:build linux && cgo

package seccomp

// The second filter of the landlock engine, on paper: which calls it denies, and that it allows every other.

import (
	"runtime"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

func TestSelfBoundsSignalsToTheProcessItself(t *testing.T) {
	const pid, other = 4711, 4712
	for _, c := range []struct {
		call             string
		args             [6]uint64
		alone, processes bool // denied
	}{
		{"kill", [6]uint64{pid, 9}, false, false},
		{"kill", [6]uint64{other, 9}, true, false},
		{"kill", [6]uint64{0, 9}, true, false},
		{"kill", [6]uint64{^uint64(0), 9}, true, false},
		{"kill", [6]uint64{^uint64(pid - 1), 9}, true, false},
		{"kill", [6]uint64{1<<32 | pid, 9}, false, false}, // the kernel, too, looks at the low half
		{"kill", [6]uint64{1<<32 | other, 9}, true, false},
		{"tgkill", [6]uint64{pid, other, 6}, false, false},
		{"tgkill", [6]uint64{other, other, 6}, true, false},
		{"rt_sigqueueinfo", [6]uint64{other, 9}, true, false},
		{"rt_tgsigqueueinfo", [6]uint64{other, other, 9}, true, false},
		{"rt_tgsigqueueinfo", [6]uint64{pid, other, 9}, false, false},
		{"tkill", [6]uint64{pid, 9}, true, false},
		{"pidfd_open", [6]uint64{pid}, false, false},
		{"pidfd_open", [6]uint64{other}, true, false},
		{"pidfd_send_signal", [6]uint64{3, 9}, true, false},
		{"fcntl", [6]uint64{0, 8, other}, true, false},
		{"fcntl", [6]uint64{0, 15}, true, false},
		{"fcntl", [6]uint64{0, 4, 0x800}, false, false},
		{"fcntl", [6]uint64{0, 4, 0x2800}, true, true},
		{"fcntl", [6]uint64{0, 10, 9}, true, true},
		{"fcntl", [6]uint64{0, 3, 0x2000}, false, false},
		{"ioctl", [6]uint64{0, 0x5452}, true, true},
		{"open", [6]uint64{0, 3}, true, true},
		{"open", [6]uint64{0, 0x80003}, true, true},
		{"open", [6]uint64{0, 2}, false, false},
		{"openat", [6]uint64{0, 3, 1}, false, false},
		{"openat", [6]uint64{0, 0, 3}, true, true},
		{"openat", [6]uint64{0, 0, 0x241}, false, false},
		{"ioctl", [6]uint64{0, 0x8901}, true, false},
		{"ioctl", [6]uint64{0, 0x8902}, true, false},
		{"ioctl", [6]uint64{0, 0x5410}, true, false},
		{"ioctl", [6]uint64{0, 0x5401}, false, false},
		{"prctl", [6]uint64{1, 0}, true, true},
		{"prctl", [6]uint64{15, 0}, false, false},
		{"getpid", [6]uint64{other, 9}, false, false},
		{"openat", [6]uint64{other, 8, 8}, false, false},
	} {
		nr, ok := number(c.call)
		if !ok { // not every architecture has each
			if runtime.GOARCH == "amd64" {
				t.Fatal(c.call)
			}
			continue
		}
		for _, processes := range []bool{false, true} {
			for _, kill := range []bool{false, true} {
				f := Self(true, processes, kill)
				if len(f) > 64 {
					t.Fatalf("%d instructions; the core takes 64", len(f))
				}
				for i := range f { // as the core does
					if f[i].K == plan.SelfPID {
						f[i].K = pid
					}
				}
				got, err := Simulate(f, Call{Arch: native(t).audit, Nr: int32(nr), Args: c.args})
				want := Allow
				if processes && c.processes || !processes && c.alone {
					want = Grants{Kill: kill}.deny()
				}
				if err != nil || got != want {
					t.Errorf("%s%v, processes %v, kill %v: %#x, %v; want %#x", c.call, c.args, processes, kill, got, err, want)
				}
			}
		}
	}
}

// With namespaces of its own a program has but the terminal's job to spare.
func TestSelfOfNamespacesIsAboutTheTerminal(t *testing.T) {
	f := Self(false, false, false)
	for _, c := range []struct {
		call   string
		args   [6]uint64
		denied bool
	}{
		{"fcntl", [6]uint64{0, 4, 0x2000}, true}, {"fcntl", [6]uint64{0, 10, 9}, true}, {"fcntl", [6]uint64{0, 4, 0x800}, false},
		{"fcntl", [6]uint64{0, 8, 5}, false}, {"ioctl", [6]uint64{0, 0x5452}, true}, {"ioctl", [6]uint64{0, 0x5410}, false},
		{"kill", [6]uint64{5, 9}, false}, {"prctl", [6]uint64{1, 0}, false}, {"open", [6]uint64{0, 3}, false},
	} {
		nr, _ := number(c.call)
		want := Allow
		if c.denied {
			want = DenyEPERM
		}
		if got, err := Simulate(f, Call{Nr: int32(nr), Args: c.args}); err != nil || got != want {
			t.Errorf("%s%v: %#x, %v; want %#x", c.call, c.args, got, err, want)
		}
	}
}

// Whatever call it is not about, it leaves to the first filter.
func TestSelfAllowsTheRest(t *testing.T) {
	about := map[int]bool{}
	for _, name := range []string{"prctl", "kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tkill", "pidfd_open", "pidfd_send_signal", "fcntl", "ioctl", "open", "openat"} {
		nr, _ := number(name)
		about[int(nr)] = true
	}
	f := Self(true, false, true)
	for nr := range 600 {
		if about[nr] {
			continue
		}
		if v, err := Simulate(f, Call{Nr: int32(nr), Args: [6]uint64{1, 8, 0x8901}}); err != nil || v != Allow {
			t.Errorf("call %d: %#x, %v", nr, v, err)
		}
	}
}
