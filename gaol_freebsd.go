//go:build cgo

package gaol

// This file is FreeBSD: what the host can enforce, capability mode as a plan, and what a command needs to be started in it. It builds and links
// from Linux; nothing in it has been run on FreeBSD by this project's tests.

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/capsicum"
	"github.com/gaol-sandbox/gaol/internal/jail"
	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
	"golang.org/x/sys/unix"
)

const maxRSSUnit = 1024 // of ru_maxrss (man 2 getrusage): KiB

// preloadPaths are where CMake installs the preload library. It confines nothing, so that whoever may write there can lead no program astray
// that could not do so itself.
var preloadPaths = []string{"/usr/local/lib/gaol/libgaolpaths.so", "/usr/lib/gaol/libgaolpaths.so"}

var probe = sync.OnceValues(func() (h policy.Host, sure bool) {
	h = policy.Host{System: "FreeBSD", Platform: policy.FreeBSD, FS: hostFS{}}
	if release, err := unix.Sysctl("kern.osrelease"); err == nil {
		h.System += " " + release
	}
	h.Capsicum = capabilityMode()
	h.Preload = policy.Check{Reason: "it is not in " + filepath.Dir(preloadPaths[0]), Fix: "make install of gaol"}
	for _, at := range preloadPaths {
		real, err := filepath.EvalSymlinks(at)
		if err != nil {
			continue
		}
		if f, err := elf.Open(real); err == nil && f.Type == elf.ET_DYN {
			h.Preload, h.PreloadPath = policy.Check{OK: true}, real
			_ = f.Close()
			break
		}
	}
	core, files := held(rlimitCore), held(rlimitFiles)
	h.CoreHard, h.Nofile = core.Hard, [2]uint64{files.Soft, files.Hard}
	probeJail(&h)
	return h, true
})

func capabilityMode() policy.Check {
	switch errno := csrc.TryCapsicum(); errno {
	case 0:
		return policy.Check{OK: true}
	case syscall.ENOSYS:
		return policy.Check{Reason: "this kernel has no capability mode", Fix: "a kernel with options CAPABILITY_MODE and CAPABILITIES, as GENERIC has them"}
	default:
		return policy.Check{Reason: "capability mode: " + errno.Error()}
	}
}

func compile(p *policy.Policy, h policy.Host, _ string, _ bool) (plan.Plan, error) {
	if p.Processes {
		if errno := csrc.Reaper(); errno != 0 {
			return plan.Plan{}, &SetupError{Step: "become the reaper of descendants", Err: errno}
		}
	}
	if p.Engine == policy.JailEngine {
		return jail.Compile(p, h), nil
	}
	return capsicum.Compile(p, h)
}

func marked(*policy.Policy) bool { return false }

// adapt gives the command the run-time linker's arguments and the table of descriptors, and refuses a program that the profile does not fit.
func adapt(s *Sandbox, c *plan.Command) (func(), string, error) {
	if s.policy.Engine == policy.JailEngine {
		// Root is nobody in a jail, and still owns what it makes: a program of mode 4755 would be root's for whoever finds it outside.
		if p := &s.policy; c.User == nil && slices.ContainsFunc(p.Entries, func(e policy.Entry) bool { return e.Kind == policy.Bind && e.Rights&policy.Write != 0 }) {
			return nil, "", &UnsupportedError{[]Unsupported{{Operation: "a program that runs as root and writes to directories of the host", Mechanism: "another user",
				Detail: "it could leave a set-user-ID program of root's there", Fix: "Cmd.Credential"}}}
		}
		release, err := adaptJail(c)
		return release, "", err
	}
	// Root may raise the limits that keep processes and sockets from it.
	if os.Geteuid() == 0 && c.User == nil {
		return nil, "", &UnsupportedError{[]Unsupported{{Operation: "a program that runs as root", Mechanism: "another user",
			Detail: "root raises the resource limits that hold it", Fix: "Cmd.Credential, or EngineJail"}}}
	}
	if c.TTY >= 0 {
		return nil, "", &SetupError{Step: plan.TTY.String(), Err: syscall.ENOTSUP, Hint: "in capability mode a program has no controlling terminal"}
	}
	kind, err := programKind(c)
	if err != nil {
		return nil, "", err
	}
	p := s.policy
	if declared := p.Capsicum.Program; declared == policy.Cooperating {
		kind = declared
	} else if kind != declared {
		narrowed := s.profile
		narrowed.p.Program = kind
		if p, err = resolve(narrowed, s.host); err != nil {
			return nil, "", err
		}
		p.Capsicum.Grants = s.policy.Capsicum.Grants // the numbers are those of the plan
	}
	c.Env = capsicum.Environment(&p, c.Env, len(c.FDs), c.Dir)
	c.Argv = capsicum.Arguments(c.Argv, len(c.FDs))
	return func() {}, kind.String(), nil
}

// programKind looks at the first candidate that is there. A script becomes its interpreter, with the script's path as an argument: in capability
// mode the kernel would look that up by its path. Whether the program can read the script then is the profile's affair.
func programKind(c *plan.Command) (policy.ProgramKind, error) {
	for depth := 0; ; depth++ {
		var head []byte
		var at string
		for _, at = range c.Candidates {
			b, err := headOf(at)
			if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, os.ErrPermission) {
				continue
			}
			if err != nil {
				return 0, &SetupError{Step: plan.Exec.String(), Path: at, Err: err}
			}
			head = b
			break
		}
		line, script := bytes.CutPrefix(head, []byte("#!"))
		if !script || depth == 4 {
			return kindOf(at)
		}
		line, _, _ = bytes.Cut(line, []byte("\n"))
		with, argument, more := strings.Cut(strings.TrimSpace(string(line)), " ")
		argv := []string{with}
		if more {
			argv = append(argv, strings.TrimSpace(argument))
		}
		c.Argv = append(append(argv, at), c.Argv[1:]...)
		c.Candidates = []string{with}
	}
}

func headOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, 256)
	n, _ := f.Read(b)
	return b[:n], nil
}

// kindOf tells how a program is linked. What is no program the exec refuses.
func kindOf(path string) (policy.ProgramKind, error) {
	f, err := elf.Open(path)
	if err != nil {
		return policy.Dynamic, nil
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return policy.Dynamic, nil
		}
	}
	return policy.Static, nil
}

func (c *Cmd) systemGuards() []guard {
	if c.policy().Kill {
		return []guard{trapped{}}
	}
	return nil
}

// trapped tells that capability mode has ended the program: PROC_TRAPCAP_CTL turns the first call that it denies into SIGTRAP. A program that
// raises SIGTRAP itself looks the same, and which call it was nobody keeps. Of a process that the program has made its parent alone is told.
type trapped struct{}

func (trapped) ended(s *ProcessState) {
	if s.sig == syscall.SIGTRAP {
		s.denied, s.end, s.call.advice = true, EndDenied, firstViolation
	}
}

const firstViolation = "the first call that capability mode denied: one that takes a path, an address or another process (ECAPMODE), or a right that the descriptor does " +
	"not have (ENOTCAPABLE); ktrace -t p names it outside of gaol; " + goOn

// others are the processes that descend from the program, as the kernel keeps count of them for a reaper, wherever they have gone.
func (c *child) others() []int {
	list := csrc.Descendants(c.pid)
	if len(list) > 0 {
		csrc.KillDescendants(c.pid) // all at once: a list is old by the time that it is read
	}
	return list
}

// advice is what an errno of the child does not say.
func advice(f *plan.Failure) string {
	switch {
	case f.Op == plan.Exec && f.Errno == syscall.ENOEXEC:
		return "it is dynamically linked, and the profile grants no run-time linker, which System() brings; or it is no program of this machine"
	case f.Op == plan.CapOpen && f.Errno == syscall.ESTALE:
		return "something else lies there since the profile was compiled"
	case f.Op == plan.CapOpen && f.Errno == syscall.EBADF:
		return "the limit of open files leaves no number for it"
	}
	return ""
}
