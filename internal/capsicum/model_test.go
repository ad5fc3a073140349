package capsicum

// A model of capability mode: which rights a call needs on the descriptor that it is given, as rights(4) and open(2) of FreeBSD say it, and which
// calls there are none for. What a plan leaves a program with is asked of it.

import (
	"fmt"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// needs are the rights of calls on a descriptor: of a directory and a name below it, or of a file.
var needs = map[string]Rights{
	"openat O_RDONLY":         Or(Lookup, Read),
	"openat O_WRONLY":         Or(Lookup, Write, Seek),
	"openat O_RDWR":           Or(Lookup, Read, Write, Seek),
	"openat O_WRONLY O_CREAT": Or(Lookup, Write, Seek, Create),
	"openat O_WRONLY O_TRUNC": Or(Lookup, Write, Seek, Ftruncate),
	"openat O_EXEC":           Or(Lookup, Fexecve),
	"openat O_PATH":           Lookup,
	"fstatat":                 Or(Lookup, Fstat),
	"faccessat":               Or(Lookup, Fstat),
	"readlinkat":              Lookup,
	"unlinkat":                Unlinkat,
	"mkdirat":                 Mkdirat,
	"mkfifoat":                Mkfifoat,
	"symlinkat":               Symlinkat,
	"fchmodat":                Or(Lookup, Fchmod),
	"fchownat":                Or(Lookup, Fchown),
	"utimensat":               Or(Lookup, Futimes),
	"connectat":               Connectat,
	"bindat":                  Bindat,
	"read":                    Read,
	"getdirentries":           Read,
	"write":                   Write,
	"lseek":                   Seek,
	"pread":                   Or(Seek, Read),
	"ftruncate":               Ftruncate,
	"fstat":                   Fstat,
	"mmap PROT_READ":          MmapR,
	"mmap PROT_WRITE":         MmapW,
	"mmap PROT_EXEC":          MmapX,
	"fexecve":                 Fexecve,
	"ioctl":                   Ioctl,
	"fchdir":                  {1 << 11},
	"fchroot":                 {1 << 43},
	"acl_set_fd":              {0, 1 << 19},
	"extattr_set_fd":          {0, 1 << 15},
	"mac_set_fd":              {0, 1 << 1},
}

// moves need rights of two descriptors.
var moves = map[string][2]Rights{
	"renameat": {RenameatSource, RenameatTarget},
	"linkat":   {LinkatSource, LinkatTarget},
}

// by are the calls that each right of a policy is for, on a directory's descriptor; dirMeta are there with every grant.
var by = map[policy.Rights][]string{
	policy.Metadata: {"openat O_PATH", "fstatat", "faccessat", "readlinkat", "fstat"},
	policy.Read:     {"openat O_RDONLY", "read", "getdirentries", "lseek", "pread", "mmap PROT_READ"},
	policy.Write: {"openat O_WRONLY", "openat O_WRONLY O_CREAT", "openat O_WRONLY O_TRUNC", "unlinkat", "mkdirat", "mkfifoat", "symlinkat", "fchmodat",
		"fchownat", "utimensat", "write", "lseek", "ftruncate", "mmap PROT_WRITE"},
	policy.Execute: {"openat O_EXEC", "fexecve", "mmap PROT_EXEC", "lseek"},
	policy.Connect: {"connectat"},
	policy.Ioctl:   {"ioctl"},
}

func TestAGrantOfADirectoryIsForItsCallsAndNoOthers(t *testing.T) {
	for bits := policy.Rights(0); bits < 1<<7; bits++ {
		if bits&policy.Device != 0 {
			continue
		}
		g := policy.CapGrant{Path: "/d", Dir: true, Rights: bits | policy.Metadata}
		have := For(&g)
		want := map[string]bool{}
		for right, calls := range by {
			for _, c := range calls {
				want[c] = want[c] || g.Rights&right != 0
			}
		}
		want["openat O_RDWR"] = g.Rights&policy.Read != 0 && g.Rights&policy.Write != 0
		for call, need := range needs {
			if got := have.Has(need); got != want[call] {
				t.Errorf("%s: %s is allowed: %v, want %v (%s)", g.Rights, call, got, want[call], have)
			}
		}
	}
}

func TestAMoveNeedsBothDirectories(t *testing.T) {
	grant := func(r policy.Rights, fixed bool) Rights {
		return For(&policy.CapGrant{Dir: true, Rights: r | policy.Metadata, Fixed: fixed})
	}
	read, write, both := grant(policy.Read, false), grant(policy.Write, false), grant(policy.Read|policy.Write, false)
	for call, n := range moves {
		for _, r := range []struct {
			from, to Rights
			want     bool
		}{
			{read, write, false}, {read, both, false}, {write, read, false}, {both, both, true}, {write, write, true},
			{grant(policy.Write, true), both, false}, {both, grant(policy.Write, true), true},
		} {
			if got := r.from.Has(n[0]) && r.to.Has(n[1]); got != r.want {
				t.Errorf("%s from %s to %s: %v", call, r.from, r.to, got)
			}
		}
	}
}

func TestAGrantOfAFileReachesNothingBeside(t *testing.T) {
	for bits := policy.Rights(0); bits < 1<<7; bits++ {
		have := For(&policy.CapGrant{Path: "/f", Rights: bits &^ policy.Connect})
		if have.Has(Lookup) {
			t.Errorf("%s has lookup: %s", bits, have)
		}
	}
}

func TestALibraryIsMappedAndNotExecuted(t *testing.T) {
	g := policy.CapGrant{Path: "/lib", Dir: true, Rights: policy.Read | policy.Execute | policy.Metadata, Library: true}
	if have := For(&g); have.Has(Fexecve) || !have.Has(Or(MmapX, MmapR, Lookup, Fstat, Fstatfs, Fcntl)) {
		t.Error(have)
	}
	g.Library = false
	if have := For(&g); !have.Has(Fexecve) {
		t.Error(have)
	}
	// what was found to be enough for the run-time linker and for a program
	if !Program.Has(Or(Read, MmapR, MmapX, Fexecve, Fstat, Seek, Fstatfs, Lookup, Fcntl)) || Program.Has(Write) {
		t.Error(Program)
	}
}

// mode is what capability mode says to a call without a descriptor of the plan: the kernel's list (sys/kern/capabilities.conf), and what those
// that are on it refuse by themselves.
var mode = map[string]string{
	"open": "ECAPMODE", "stat": "ECAPMODE", "openat AT_FDCWD": "ECAPMODE", "execve": "ECAPMODE", "chdir": "ECAPMODE", "fchdir": "ECAPMODE", "getcwd": "ECAPMODE",
	"connect": "ECAPMODE", "bind": "ECAPMODE", "sendto an address": "ECAPMODE", "kill another": "ECAPMODE", "shm_open a name": "ECAPMODE", "wait4": "ECAPMODE",
	"ptrace": "ECAPMODE", "mount": "ECAPMODE", "socket": "", "socketpair": "", "listen": "", "fork": "", "pdfork": "", "pdkill": "", "poll": "", "kill itself": "",
	"shm_open SHM_ANON": "", "sysctl of the list": "", "cap_enter": "", "thr_new": "", "setrlimit": "",
}

// limited are calls that the mode allows and a resource limit of the plan does not, and the limit.
var limited = map[string]uint32{"fork": RlimitNproc, "pdfork": RlimitNproc, "socket": RlimitSbsize, "socketpair": RlimitSbsize}

// verdict asks the model for a plan.
func verdict(p plan.Plan, call string) string {
	says, known := mode[call]
	if !known {
		return fmt.Sprint("no such call: ", call)
	}
	if says != "" {
		return says
	}
	for _, s := range p.Steps {
		if s.Op == plan.Rlimit && limited[call] == s.N && s.Limit.Hard == 1 {
			return "a limit"
		}
	}
	if call == "listen" { // there is nothing to listen with
		return verdict(p, "socket")
	}
	return ""
}

func TestWhatThePlanLeavesOfTheCallsOfCapabilityMode(t *testing.T) {
	compile := func(p policy.Policy) plan.Plan {
		out, err := Compile(&p, policy.Host{})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	nothing := compile(policy.Policy{})
	processes := compile(policy.Policy{Processes: true})
	sockets := compile(policy.Policy{Capsicum: policy.Capsicum{Sockets: true}})
	for call, says := range mode {
		for name, p := range map[string]plan.Plan{"nothing": nothing, "processes": processes, "sockets": sockets} {
			want := says
			switch {
			case call == "fork" || call == "pdfork":
				want = map[string]string{"processes": ""}[name]
				if name != "processes" {
					want = "a limit"
				}
			case call == "socket" || call == "socketpair" || call == "listen":
				if name != "sockets" {
					want = "a limit"
				}
			}
			if got := verdict(p, call); got != want {
				t.Errorf("%s with %s: %q, want %q", call, name, got, want)
			}
		}
	}
	for _, p := range []plan.Plan{nothing, processes, sockets} {
		if last := p.Steps[len(p.Steps)-1]; last.Op != plan.CapEnter {
			t.Errorf("the last step is %s", last)
		}
	}
}
