package policy

// This file is what operations bring along on macOS, as tables, and what holds the limits there.

import (
	"time"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// bringing is a path that an operation grants besides what it names. One that the host lacks is left out.
type bringing struct {
	path    string
	subpath bool
	rights  Rights
}

// systemPaths are the system's programs and libraries. No user's data is in here, and no accounts.
var systemPaths = []bringing{
	{"/", false, Read}, // without it the loader of macOS 26 aborts
	{"/bin", true, Read | Execute},
	{"/sbin", true, Read | Execute},
	{"/usr/bin", true, Read | Execute},
	{"/usr/sbin", true, Read | Execute},
	{"/usr/lib", true, Read | Execute},
	{"/usr/libexec", true, Read | Execute},
	{"/usr/share", true, Read},
	{"/System/Library", true, Read | Execute},
	{"/System/Cryptexes", true, Read | Execute},                 // the loader's shared cache, from macOS 13 on
	{"/System/Volumes/Preboot/Cryptexes", true, Read | Execute}, // where that leads
	{"/Library/Apple", true, Read | Execute},
	{"/Library/Developer/CommandLineTools", true, Read | Execute},
	{"/private/etc/localtime", false, Read},
	{"/private/var/db/timezone", true, Read},
	{"/private/var/db/dyld", true, Read | Execute},
	{"/private/var/db/oah", true, Read | Execute},          // what Rosetta has translated
	{"/private/var/db/xcode_select_link", false, Metadata}, // a link, by which git, make and the like find themselves
	{"/private/var/select", true, Read},                    // which shell sh is
}

// systemDevices hold no data and reach nothing that the program has not; dtracehelper is asked for by every program that starts.
var systemDevices = []bringing{
	{"/dev/null", false, Read | Device},
	{"/dev/zero", false, Read | Device},
	{"/dev/random", false, Read | Device},
	{"/dev/urandom", false, Read | Device},
	{"/dev/dtracehelper", false, Read | Device | Ioctl},
	{"/dev/fd", true, Read | Device}, // the program's own descriptors: opening one is dup(2)
	{"/dev/stdin", false, Metadata},  // links to them
	{"/dev/stdout", false, Metadata},
	{"/dev/stderr", false, Metadata},
}

// networkPaths are what looking up names and checking certificates reads.
var networkPaths = []bringing{
	{"/private/etc/hosts", false, Read},
	{"/private/etc/resolv.conf", false, Read},
	{"/private/var/run/resolv.conf", false, Read},
	{"/private/etc/services", false, Read},
	{"/private/etc/protocols", false, Read},
	{"/private/etc/ssl", true, Read},
}

// ResolverSocket is where programs ask for addresses of names.
const ResolverSocket = "/private/var/run/mDNSResponder"

func (r *belt) system(op profile.Operation) error {
	r.rootLinks(op)
	if err := r.bring(op, systemPaths); err != nil {
		return err
	}
	return r.bring(op, systemDevices)
}

// bring grants what lies at these paths itself: where one of them is a link, what it leads to is in the table.
func (r *belt) bring(op profile.Operation, list []bringing) error {
	for _, b := range list {
		if _, err := r.paths.lstat(b.path); missing(err) {
			continue
		} else if err != nil {
			return problem(op, b.path, bare(err))
		}
		r.grant(Grant{b.path, b.subpath, b.rights | Metadata, false, op.String()})
	}
	return nil
}

// rootLinks are the links in the root of every Mac, by which programs name what lies behind them.
func (r *belt) rootLinks(op profile.Operation) {
	for _, l := range []string{"/etc", "/tmp", "/var"} {
		r.grant(Grant{Path: l, Rights: Metadata, Why: op.String()})
	}
}

// seatbeltLimits: the kernel of macOS holds few limits, and none of all processes of a sandbox together.
func seatbeltLimits(p *Policy, l profile.Limits, h Host) (lacks []Unsupported) {
	p.Limits = Limits{Limits: l, Platform: Darwin}
	lack := func(name, mechanism, detail, fix string) {
		lacks = append(lacks, Unsupported{Operation: limitPrefix + name, Mechanism: mechanism, Detail: detail, Fix: fix})
	}
	if l.CPU != 0 && p.Processes {
		lack("CPU", "a count of the processor time of a tree", "macOS has none, and RLIMIT_CPU sends a signal that a process can ignore", "a profile without ProcessCreate, or Wall")
	} else if l.CPU != 0 {
		p.Limits.Seconds = int64(l.CPU/time.Second) + 1
	}
	for _, f := range []struct {
		set                     bool
		name, mechanism, detail string
	}{
		{l.Memory != 0, "Memory", "a limit of memory", "macOS holds a process to none"},
		{l.Processes != 0, "Processes", "a count of the processes of a sandbox", "macOS counts those of a user"},
		{l.Core != 0, "Core", "cores that are files of the program", "macOS writes them to /cores"},
		{l.Disk != 0, "Disk", "Private directories", "macOS has none"},
		{l.Instructions != 0, "Instructions", "a counter of retired instructions", "gaol reads none on macOS"},
		{l.Processors != 0, "Processors", "a bound of processors", "macOS has none"},
		{l.ReadRate != 0, "ReadRate", "a bound of disk traffic", "macOS has none"},
		{l.WriteRate != 0, "WriteRate", "a bound of disk traffic", "macOS has none"},
	} {
		if f.set {
			lack(f.name, f.mechanism, f.detail, "")
		}
	}
	return lacks
}

func seatbeltHeld(*Limits) map[string]string {
	return map[string]string{"Wall": "gaol's timer", "Output": "gaol's pipes", "Files": "RLIMIT_NOFILE", "FileSize": "RLIMIT_FSIZE", "Stack": "RLIMIT_STACK",
		"CPU": "gaol's watch of the program's time, and RLIMIT_CPU"}
}
