//go:build linux && cgo

package gaol

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

// facts is what costs nothing to find out; that an engine works is assumed until a probe has found otherwise. New builds the sandbox that
// is asked for and tries it, which is a better probe than any other; only where that fails does probe find out what the host lacks.
func facts() (policy.Host, error) {
	mounts, err := mountTable()
	if err != nil {
		return policy.Host{}, &SetupError{Step: "read the mount table", Path: mountinfo, Err: err}
	}
	ok := policy.Check{OK: true}
	h := policy.Host{System: system(), FS: hostFS{}, Nofile: csrc.Nofile(), CPULimited: limited(unix.RLIMIT_CPU), Mounts: mounts, Cores: coresCheck(), Namespaces: ok, Proc: ok, Seccomp: ok}
	h.CoreHard = hardLimit(unix.RLIMIT_CORE)
	h.Core = min(1, h.CoreHard)
	h.UIDMap, h.GIDMap = idMap(os.Geteuid()), idMap(os.Getegid())
	if k := probed.host.Load(); k != nil {
		h.Namespaces, h.Proc, h.Seccomp, h.Landlock, h.LandlockReason, h.LandlockFix = k.Namespaces, k.Proc, k.Seccomp, k.Landlock, k.LandlockReason, k.LandlockFix
	} else {
		h.Landlock, h.LandlockReason, h.LandlockFix = landlock()
	}
	return h, nil
}

// probed keeps what was found out, for the life of the process: but for a passing shortage, what a host lacks it lacks until somebody
// changes a setting of it.
var probed struct {
	sync.Mutex
	host atomic.Pointer[policy.Host]
}

// probe finds out what this host enforces by doing it: with each engine a sandbox is built and a command started in it, up to the exec of
// a program that is not there. Versions say nothing about containers, security modules and settings. What it says of a host is not sure
// where it ran out of something itself.
func probe() (h policy.Host, sure bool) {
	probed.Lock()
	defer probed.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	h, err := facts()
	if err != nil {
		h = policy.Host{System: system(), FS: hostFS{}, Seccomp: seccompCheck()}
	}
	h.Counter, h.Barred = counterCheck(), bar(err)
	if no := (policy.Check{Reason: h.Barred.Detail, Fix: h.Barred.Fix}); h.Barred.Mechanism != "" {
		h.Namespaces, h.Proc, h.Landlock, h.LandlockReason, h.LandlockFix = no, no, 0, no.Reason, no.Fix
		return h, true // not kept: it costs next to nothing to find out again
	}
	if err != nil {
		no := policy.Check{Reason: reason(err)}
		h.Namespaces, h.Proc, h.LandlockReason = no, no, no.Reason
		return h, !short(err)
	}
	groupFacts(&h)
	if probed.host.Load() != nil {
		return h, true
	}
	found := find(&h)
	found = max(found, tryGroup(&h))
	if found == lasts {
		kept := h
		probed.host.Store(&kept)
	}
	return h, found != ranOut
}

// found says how far a trial can be believed.
type found int

const (
	lasts  found = iota
	passes       // another may find otherwise
	ranOut       // it shows nothing
)

// one is an entry, for the calls that entries take.
var one = []policy.Entry{{Path: os.DevNull, Kind: policy.Bind, Host: os.DevNull, Rights: policy.Read | policy.Write | policy.Device, Why: "a trial"}}

// find tries the engines on h, and says how far what it found can be believed.
func find(h *policy.Host) (all found) {
	if h.Seccomp = seccompCheck(); !h.Seccomp.OK {
		h.Namespaces = h.Seccomp
		return lasts
	}
	if h.Landlock > 0 {
		if c, one := try(*h, policy.Policy{Engine: policy.LandlockEngine, Landlock: true, Entries: one}); !c.OK {
			h.Landlock, h.LandlockReason, h.LandlockFix, all = 0, c.Reason, c.Fix, one
		}
	}
	view, once := try(*h, policy.Policy{Engine: policy.NamespaceEngine, Proc: policy.ProcPids, Entries: one})
	h.Namespaces, h.Proc, all = view, view, max(all, once)
	if view.OK {
		return all
	}
	// which of the two was it?
	if h.Namespaces, once = try(*h, policy.Policy{Engine: policy.NamespaceEngine, Entries: one}); h.Namespaces.OK {
		h.Proc.Fix = "in a container, an unmasked /proc (docker: --security-opt systempaths=unconfined)"
	}
	return max(all, once)
}

// try builds and starts a sandbox, and says at which step the host refused.
func try(h policy.Host, p policy.Policy) (c policy.Check, f found) {
	s := Sandbox{policy: p}
	err := s.template.build(p, h)
	defer s.template.close()
	if err == nil {
		err = s.try()
	}
	var e *SetupError
	switch {
	case err == nil:
		return policy.Check{OK: true}, lasts
	case errors.As(err, &e):
		c = policy.Check{Reason: reason(e), Fix: fix(e, p.Engine)}
	default:
		c.Reason = err.Error()
	}
	switch {
	case short(err):
		f = ranOut
	case errors.Is(err, unix.ENOSPC) && sysctl("/proc/sys/user/max_user_namespaces") != "0":
		f = passes
	}
	return c, f
}

// try goes through all of a spawn but the exec of a program.
func (s *Sandbox) try() error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	fd := int(null.Fd())
	c, err := s.start(plan.Command{Argv: []string{"try"}, Candidates: []string{"/dev/null/none"}, FDs: []int{fd, fd, fd}, Dir: "/", TTY: -1}, s.policy.Limits)
	if c != nil { // nothing can be executed there
		_ = c.signal(unix.SIGKILL)
		_, _ = c.wait(nil)
		return errors.New("gaol: a file that is none was executed")
	}
	var e *SetupError
	if errors.As(err, &e) && e.Step == stepExecute {
		return nil
	}
	return err
}

func seccompCheck() policy.Check {
	var action uint32 = unix.SECCOMP_RET_KILL_PROCESS
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action))); errno != 0 {
		return policy.Check{Reason: "seccomp: " + errno.Error(), Fix: "a kernel from 4.14 on with CONFIG_SECCOMP_FILTER"}
	}
	return policy.Check{OK: true}
}

// idMap keeps the caller's number what it is. Only one can be mapped from within the new namespace (man 7 user_namespaces), even by
// a root caller; what others own is shown as owned by nobody.
func idMap(id int) string { return fmt.Sprintf("%d %d 1", id, id) }

func system() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "Linux"
	}
	return "Linux " + unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
}

func limited(resource int) bool {
	var l unix.Rlimit
	return unix.Getrlimit(resource, &l) != nil || l.Max != unix.RLIM_INFINITY
}

// hardLimit is the calling process's; 0 if it cannot be read.
func hardLimit(resource int) uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		return 0
	}
	return l.Max
}

// coresCheck says whether a core is a file, which the program's own rights and limit bound, and not given to somebody outside (man 5 core;
// the sockets are of Linux 6.16).
func coresCheck() policy.Check {
	switch pattern := sysctl("/proc/sys/kernel/core_pattern"); {
	case pattern == "":
		return policy.Check{Reason: "/proc/sys/kernel/core_pattern cannot be read"}
	case pattern[0] == '|' || pattern[0] == '@':
		return policy.Check{Reason: "core_pattern hands cores to " + pattern, Fix: "sysctl -w kernel.core_pattern=core, for the whole machine"}
	}
	return policy.Check{OK: true}
}

const mountinfo = "/proc/thread-self/mountinfo" // a thread can have mounts of its own

var errNoRoot = errors.New("it has no root")

// mountTable reads the mounts of this process (man 5 proc). Without the table, or with one that something covers, what lies below the
// granted trees cannot be told.
func mountTable() ([]policy.Mount, error) {
	b, err := os.ReadFile(mountinfo)
	if err != nil {
		return nil, err
	}
	root := false
	var out []policy.Mount
	for line := range strings.Lines(string(b)) {
		head, tail, ok := strings.Cut(line, " - ")
		f := strings.Split(head, " ") // the kernel escapes this blank, and no other than tabs and line ends
		if !ok || len(f) < 5 {
			continue
		}
		kind, _, _ := strings.Cut(tail, " ")
		root = root || f[4] == "/"
		out = append(out, policy.Mount{Path: unescape(f[4]), Type: kind, Device: f[2], Root: unescape(f[3])})
	}
	if !root {
		return nil, errNoRoot
	}
	return out, nil
}

// unescape reads \ooo, as which the kernel writes blanks and backslashes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
