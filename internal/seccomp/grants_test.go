//go:build linux && cgo

// This file says, grant by grant, which calls each adds to the strictest filter, and that two together are what either is. The lists
// are written down by hand, so that the table is not its own judge.

package seccomp

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// manyProbes are probes and what the optimizer's check tries.
var manyProbes = func() (out []words) {
	for _, args := range probes {
		out = append(out, Call{Args: args}.words())
	}
	for _, args := range [][6]uint64{
		{0x5412, 0x40086602, oTrunc, oTrunc}, // FS_IOC_SETFLAGS, opens that empty a file
		{0, oTrunc | oAccmode, oTrunc | oAccmode},
		{0, oTrunc | oWronly, oTrunc | oWronly},
		{0, 0x50009417},
		{0, sIFIFO | 0o600, sIFIFO | 0o600},
		{afUnix, sockDgram},
		{afUnix, sockStream},
		{afInet6, sockStream, 262},
		{afInet, sockDgram, 1},
		{1, 77}, {0, 77}, {2, 0}, // of others, for setpriority and ioprio_set
	} {
		out = append(out, Call{Args: args}.words())
	}
	return append(out, patterns()...)
}()

// answers are those to manyProbes of each number below 512.
func answers(t testing.TB, f []plan.Instruction, audit uint32) [512][]uint32 {
	t.Helper()
	var out [512][]uint32
	for nr := range out {
		for _, d := range manyProbes {
			d[offNr/4], d[offArch/4] = uint32(nr), audit
			v, looked, err := run(f, &d)
			if err != nil {
				t.Fatal(err)
			}
			if out[nr] = append(out[nr], v); looked < 0 {
				out[nr] = slices.Repeat([]uint32{v}, len(manyProbes))
				break
			}
		}
	}
	return out
}

var adds = map[Need]string{
	NeedProcesses:   "clone fork vfork",
	NeedInternet:    "socket connect sendto sendmsg sendmmsg",
	NeedListen:      "socket bind listen",
	NeedWatch:       "inotify_add_watch",
	NeedTCP:         "socket connect",
	NeedUDP:         "socket connect",
	NeedLocal:       "socket socketpair connect",
	NeedLocalListen: "socket bind listen",
	NeedTrace:       "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp",
	NeedPipes:       "mknod mknodat",
	NeedSystemV:     "shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl",
	NeedQueues:      "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr",
	NeedAttributes: "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat setxattr lsetxattr " +
		"fsetxattr removexattr lremovexattr fremovexattr removexattrat ioctl",
	NeedTruncate: "truncate open openat",
	NeedUnmapped: "memfd_create mmap clone close_range",
	NeedPeers:    "sched_setaffinity sched_setparam sched_setscheduler sched_setattr setpriority ioprio_set",
}

func TestEachGrantAddsItsCallsAndNoOther(t *testing.T) {
	m := native(t)
	base := answers(t, compile(t, strict), m.audit)
	for i, n := range needs {
		need := Need(1) << i
		got := answers(t, compile(t, strict.with(need)), m.audit)
		var changed []string
		for nr := range got {
			if slices.Equal(got[nr], base[nr]) {
				continue
			}
			changed = append(changed, SyscallName(nr))
			for j := range got[nr] {
				if got[nr][j] != base[nr][j] && (base[nr][j] != DenyEPERM || got[nr][j] != Allow) {
					t.Errorf("%s: %s is %s and was %s", n.name, SyscallName(nr), verdictName(got[nr][j]), verdictName(base[nr][j]))
				}
			}
		}
		var want []string
		for _, name := range strings.Fields(adds[need]) {
			if _, ok := number(name); ok { // not every architecture has each
				want = append(want, name)
			}
		}
		slices.Sort(changed)
		slices.Sort(want)
		if !slices.Equal(changed, want) {
			t.Errorf("%s adds\n%s, want\n%s", n.name, changed, want)
		}
	}
}

func TestTwoGrantsTogetherAreWhatEitherIs(t *testing.T) {
	m := native(t)
	alone := make([][512][]uint32, len(needs))
	for i := range needs {
		alone[i] = answers(t, compile(t, strict.with(1<<i)), m.audit)
	}
	for i := range needs {
		for j := range i {
			both := answers(t, compile(t, strict.with(1<<i|1<<j)), m.audit)
			for nr := range both {
				for p := range both[nr] {
					a, b := alone[i][nr][p], alone[j][nr][p]
					want := a
					if b == Allow {
						want = b
					}
					if both[nr][p] != want {
						t.Errorf("%s and %s: %s of %#x is %s, alone %s and %s", needs[i].name, needs[j].name, SyscallName(nr), manyProbes[p],
							verdictName(both[nr][p]), verdictName(a), verdictName(b))
					}
				}
			}
		}
	}
}

// libseccomp 2.5.4 does not come to an end with some conditions. All sets of grants that meet in one call are tried.
func TestEverySetOfGrantsCompiles(t *testing.T) {
	native(t)
	if testing.Short() {
		t.Skip("compiles a thousand filters")
	}
	sockets := []Need{NeedInternet, NeedListen, NeedTCP, NeedUDP, NeedLocal, NeedLocalListen}
	others := []Need{NeedPipes, NeedUnmapped, NeedAttributes, NeedTruncate, NeedPeers, NeedProcesses | NeedTrace | NeedSystemV | NeedQueues | NeedWatch}
	of := func(list []Need, set int) (n Need) {
		for i, need := range list {
			if set>>i&1 != 0 {
				n |= need
			}
		}
		return n
	}
	for s := range 1 << len(sockets) {
		for o := range 1 << len(others) {
			if o != s%32 && o != 31-s%32 && s != 0 && s != 63 {
				continue // no call depends on both sets
			}
			g := Grants{Kill: s%2 != o%2}.with(of(sockets, s) | of(others, o))
			if f := compileNow(t, g); len(f) > 300 {
				t.Errorf("%s: %d instructions", g.name(), len(f))
			}
		}
	}
}

// The counterpart of Servo gaol's test of that name.
func TestForbiddenSyscalls(t *testing.T) {
	m := native(t)
	list := append(everyGrants(), strict, Grants{Kill: true}, none.with(needEnd-1), Grants{Names: "modify_ldt io_submit"})
	for i := range needs {
		list = append(list, strict.with(1<<i))
	}
	for _, g := range list {
		f := compile(t, g)
		newest := original(t, g).newest
		granted, absent := map[uint32]bool{}, map[uint32]bool{}
		for _, group := range g.groups() {
			for _, name := range group.Calls {
				nr, ok := number(name)
				if ok && g.meets(group.Need) {
					granted[uint32(nr)] = !group.Absent
					absent[uint32(nr)] = group.Absent
				}
			}
		}
		got := answers(t, f, m.audit)
		for nr := range uint32(512) {
			want := g.deny()
			if absent[nr] || nr > newest {
				want = Absent
			}
			allowed := false
			for p, v := range got[nr] {
				allowed = allowed || v == Allow
				if v != want && (v != Allow || !granted[nr]) {
					t.Errorf("%s: %s of %#x is %s", g.name(), SyscallName(int(nr)), manyProbes[p], verdictName(v))
				}
			}
			if granted[nr] && !allowed {
				t.Errorf("%s: %s is granted and never allowed", g.name(), SyscallName(int(nr)))
			}
			if !m.x32 {
				continue
			}
			for _, d := range manyProbes {
				d[offNr/4], d[offArch/4] = nr|x32Bit, m.audit
				if v, _, err := run(f, &d); err != nil || v != KillProcess {
					t.Fatalf("%s: %d of x32 is %s, %v", g.name(), nr, verdictName(v), err)
				}
			}
		}
	}
}

func TestGrantsAreListedOnceAndInOrder(t *testing.T) {
	if Need(1)<<len(needs) != needEnd {
		t.Fatalf("%d needs in the table, the last is %b", len(needs), needEnd>>1)
	}
	if fmt.Sprint(strict.with(NeedTCP)) != fmt.Sprint(Grants{TCP: true}) || strict.with(NeedPeers) != (Grants{Peers: true}) ||
		strict.with(NeedQueues|NeedListen) != (Grants{Queues: true, Listen: true}) {
		t.Error("a need is not the grant of its name")
	}
	for i, n := range needs {
		if got := strict.with(1 << i).has(); got != 1<<i {
			t.Errorf("%s is %s", n.name, got)
		}
	}
}
