package capsicum

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/plan"
	"github.com/gaol-sandbox/gaol/internal/policy"
)

// Resources (sys/resource.h of FreeBSD).
const (
	RlimitCore   = 4
	RlimitNproc  = 7
	RlimitNofile = 8
	RlimitSbsize = 9
)

// Compile lays out the steps for p on h. Everything is opened in the child, by the user that the program is to be: what that user may not open is
// not to be had by the caller's privilege. The last step leaves it to the exec to enter capability mode, since the program is opened then.
func Compile(p *policy.Policy, h policy.Host) (plan.Plan, error) {
	grants := Open(p)
	if len(grants) > plan.CapMax {
		return plan.Plan{}, fmt.Errorf("%d descriptors are granted; at most %d are possible", len(grants), plan.CapMax)
	}
	out := plan.Plan{Steps: Limits(p, h, p.Capsicum.Sockets)}
	for i := range grants {
		g := &grants[i]
		s := plan.Step{Op: plan.CapOpen, Path: g.Path, Rights: For(g), Why: g.Why}
		switch {
		case g.Dir:
			s.Flags = plan.CapDir
		case g.Rights&policy.Device != 0:
			s.Flags = plan.CapNode
		default:
			s.Flags = plan.CapFile
		}
		for _, f := range []struct {
			right policy.Rights
			flag  uint16
		}{{policy.Read, plan.CapRead}, {policy.Write, plan.CapWrite}} {
			if g.Rights&f.right != 0 && !g.Dir {
				s.Flags |= f.flag
			}
		}
		if p.Capsicum.Loader != "" && g.Path == p.Capsicum.Loader {
			s.Flags |= plan.CapLoader
		}
		out.Steps = append(out.Steps, s)
	}
	out.Steps = append(out.Steps, plan.Step{Op: plan.Limits})
	enter := plan.Step{Op: plan.CapEnter}
	if p.Kill {
		enter.Flags = plan.CapTrap
	}
	out.Steps = append(out.Steps, enter)
	return out, nil
}

// Limits are the resource limits of every program on FreeBSD, a jail's, too, which keep processes and sockets from it that are not granted.
func Limits(p *policy.Policy, h policy.Host, sockets bool) (out []plan.Step) {
	limit := func(resource uint32, soft, hard uint64) {
		out = append(out, plan.Step{Op: plan.Rlimit, N: resource, Limit: plan.Limit{Soft: soft, Hard: hard}})
	}
	limit(RlimitCore, h.Core, h.CoreHard)
	if h.Nofile[1] != 0 {
		limit(RlimitNofile, h.Nofile[0], h.Nofile[1])
	}
	// The count is of the user, and the program is one already. 0 would mean no limit (kern/kern_resource.c, chglimit).
	if !p.Processes {
		limit(RlimitNproc, 1, 1)
	}
	// Each socket reserves buffers, for which this is too little. 0 means different things in different releases.
	if !sockets {
		limit(RlimitSbsize, 1, 1)
	}
	return out
}

// Open lists what becomes a descriptor: the grants, and behind them the directory of the preload library, if none of them is that.
func Open(p *policy.Policy) []policy.CapGrant {
	grants := slices.Clone(p.Capsicum.Grants)
	if lib := p.Capsicum.Preload; lib != "" && place(grants, path.Dir(lib)) < 0 {
		grants = append(grants, policy.CapGrant{Path: path.Dir(lib), Dir: true, Rights: policy.Read | policy.Execute, Library: true, Why: "the preload library"})
	}
	return grants
}

func place(grants []policy.CapGrant, at string) int {
	return slices.IndexFunc(grants, func(g policy.CapGrant) bool { return g.Path == at })
}

// ProgramNumber is the descriptor of the program's executable for a command with so many descriptors of its own; those of the grants follow.
// gaol_cap_program in csrc/plan.h says the same.
func ProgramNumber(fds int) int { return max(fds+1, plan.CapFirst) }

// The variables that gaol sets. The preload library and a cooperating program read the last two.
const (
	libraryFDs = "LD_LIBRARY_PATH_FDS"
	preload    = "LD_PRELOAD"
	TableName  = "GAOL_FDS"
	DirName    = "GAOL_CWD"
)

// Arguments are those of the run-time linker (man 1 rtld: direct execution) and behind them the program's. A program that needs no linker is
// given only its own: the core leaves off the first LinkerArguments.
func Arguments(argv []string, fds int) []string {
	return append([]string{"ld-elf.so.1", "-f", strconv.Itoa(ProgramNumber(fds)), "--"}, argv...)
}

// LinkerArguments is how many Arguments puts before the program's own.
const LinkerArguments = 4

// Environment is env with what the linker and the preload library need, for a command with so many descriptors that starts in dir. Variables of
// these names that env brings itself are left out: a program's linker must not look at other descriptors than those that it was left with.
func Environment(p *policy.Policy, env []string, fds int, dir string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "LD_") || name == TableName || name == DirName
	})
	grants := Open(p)
	number := func(i int) string { return strconv.Itoa(ProgramNumber(fds) + 1 + i) }
	if p.Capsicum.Loader != "" {
		var dirs []string
		for _, lib := range policy.LibraryPaths() {
			if i := place(grants, lib); i >= 0 {
				dirs = append(dirs, number(i))
			}
		}
		if lib := p.Capsicum.Preload; lib != "" {
			dirs = append(dirs, number(place(grants, path.Dir(lib))))
			out = append(out, preload+"="+path.Base(lib))
		}
		out = append(out, libraryFDs+"="+strings.Join(dirs, ":"))
	}
	if p.Capsicum.Program == policy.Static || len(p.Capsicum.Grants) == 0 {
		return out
	}
	var table strings.Builder
	if p.Kill {
		table.WriteString("k") // what is not in the table is asked of the kernel, which ends the program for it
	}
	if i := place(grants, p.Capsicum.Loader); i >= 0 {
		fmt.Fprintf(&table, "l%s,", number(i))
	}
	for _, t := range p.Capsicum.Table() {
		kind := "f"
		if p.Capsicum.Grants[t.Grant].Dir {
			kind = "d"
		}
		fmt.Fprintf(&table, "%s%s,%d:%s", kind, number(t.Grant), len(t.Name), t.Name)
	}
	return append(out, TableName+"="+table.String(), DirName+"="+dir)
}
