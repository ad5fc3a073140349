package policy

// This file decides what holds each limit: the parent, an rlimit, the size of a tmpfs, a cgroup, a counter of the processor. What the
// host cannot hold is refused; nothing here may hold less than the limit says.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gaol-sandbox/gaol/internal/profile"
)

// Limits are the profile's, with what holds those that more than one mechanism can hold.
type Limits struct {
	profile.Limits
	Platform Platform
	// Cgroup says that each command gets a cgroup of its own.
	Cgroup bool
	// AddressSpace is what RLIMIT_AS is set to, in bytes; zero: it is not set. It is Memory, less what private directories may hold. Without it
	// Memory is held by the cgroup.
	AddressSpace int64
	// Seconds are what RLIMIT_CPU is set to, the next whole second behind CPU; zero: it is not set. Process 1 ends the program at CPU itself, so
	// that this is for what the program makes, and for a process 1 that is stopped. Without it CPU is held by watching the cgroup's time.
	Seconds int64
}

// The names of the two checks that are for limits alone.
const (
	cgroupV2 = "cgroup v2"
	counter  = "hardware counter (PMU)"
)

// limitFix is the way to a cgroup where the probe knows no better.
const limitFix = "a cgroup v2 that is delegated to the caller, with the caller in a child of it"

const counterFix = "a processor, or a virtual machine with the counters of one, and a kernel.perf_event_paranoid of 2 or less"

// limitChecks are the checks of the host for limits, with a reason and a fix where the probe knows none.
func (h Host) limitChecks() (group, count Check) {
	group, count = h.Cgroup, h.Counter
	group.Reason, group.Fix = cmp.Or(group.Reason, "none was found"), cmp.Or(group.Fix, limitFix)
	count.Reason, count.Fix = cmp.Or(count.Reason, "none was found"), cmp.Or(count.Fix, counterFix)
	return group, count
}

// controllers says what the cgroups that can be made are good for, and why for no more.
func (h Host) controllers() string {
	text := "delegated, for limits of processor time and of what these controllers hold: " + cmp.Or(strings.Join(h.Controllers, " "), "none")
	if h.Cgroup.Reason != "" {
		text += " (" + h.Cgroup.Reason + ": " + h.Cgroup.Fix + ")"
	}
	return text
}

// decide chooses the mechanisms. Of the two that hold Memory a cgroup is exact, since it counts what is used and the kernel's part of it;
// RLIMIT_AS counts what is reserved, of one process. CPU of one process is that of its clock, which process 1 watches, and the kernel's.
func (p *Policy) decide(l profile.Limits, processes bool, h Host) {
	p.Limits = Limits{Limits: l}
	alone := !processes || l.PerProcess // each process is the whole, or meant by itself
	if l.CPU != 0 && alone {
		p.Limits.Seconds = int64(l.CPU/time.Second) + 1
	}
	byCgroup := !l.PerProcess && (processes || h.controller("memory") == "")
	if l.Memory != 0 && !byCgroup {
		p.Limits.AddressSpace = l.Memory
	}
	p.Limits.Cgroup = l.Processes != 0 || l.Processors != 0 || l.ReadRate != 0 || l.WriteRate != 0 ||
		l.Memory != 0 && byCgroup || l.CPU != 0 && !alone
	p.Unmapped = !p.Limits.whole(processes)
}

// whole says that RLIMIT_AS has to bound all the memory that there is: that of the one process. Where each process is bounded by itself,
// there can be any number of them, and what is nobody's part of the address space is left alone.
func (l *Limits) whole(processes bool) bool { return l.AddressSpace != 0 && !processes }

// controller says why a cgroup with that controller cannot be had; empty: it can.
func (h Host) controller(name string) string {
	group, _ := h.limitChecks()
	switch {
	case !group.OK:
		return group.Reason
	case name != "" && !slices.Contains(h.Controllers, name):
		return "the controller " + name + " is not delegated"
	}
	return ""
}

// limits refuses what nothing holds.
func (f *findings) limits(p *Policy, h Host) {
	l := &p.Limits
	lack := func(name, mechanism, detail, fix string) {
		f.unsupported = append(f.unsupported, Unsupported{Operation: "Limits." + name, Mechanism: mechanism, Detail: detail, Fix: fix})
	}
	group, count := h.limitChecks()
	fix := group.Fix
	cgroup := func(name, controller, or string) {
		if why := h.controller(controller); why != "" {
			lack(name, cgroupV2, why, or+fix)
		}
	}
	const orEach = "PerProcess, to hold for each process by itself; or "
	if l.Memory != 0 && l.AddressSpace == 0 {
		cgroup("Memory", "memory", orEach)
	}
	if l.CPU != 0 && l.Seconds == 0 {
		cgroup("CPU", "", orEach) // cpu.stat is there without the controller
	}
	for _, c := range []struct {
		set              bool
		name, controller string
	}{
		{l.Processes != 0, "Processes", "pids"},
		{l.Processors != 0, "Processors", "cpu"},
		{l.ReadRate != 0, "ReadRate", "io"},
		{l.WriteRate != 0, "WriteRate", "io"},
	} {
		if c.set {
			cgroup(c.name, c.controller, "")
		}
	}
	f.undoing(p, h)
	f.unaccounted(p, h)
	if l.Instructions != 0 {
		if at := p.uncounted(); !count.OK {
			lack("Instructions", counter, count.Reason, count.Fix)
		} else if at != "" {
			lack("Instructions", counter, "a process that executes what it may not read is not counted, and the program could make such a file: "+at, "a directory that is either written or executed")
		}
	}
	if l.Core > 1 && !h.Cores.OK {
		lack("Core", "cores that are files", h.Cores.Reason, h.Cores.Fix)
	}
	if l.whole(p.Processes) {
		for _, o := range outside(p, h) {
			lack("Memory", cgroupV2, o.what+" is memory that RLIMIT_AS does not bound, and no cgroup does: "+h.controller("memory"), o.or+fix)
		}
	}
}

// memory is what lies outside of the address space, and what to do about it other than with a cgroup.
type memory struct{ what, or string }

// inMemory are the file systems that are nothing but memory.
var inMemory = []string{"tmpfs", "ramfs", "devtmpfs", "hugetlbfs"}

const zeroPath = "/dev/zero" // mapped shared, it is memory that stays whole while a page of it is mapped, as with mmap (see package seccomp)

// outside lists what the program can hold beside its address space, and counts in what is bounded by itself.
func outside(p *Policy, h Host) (out []memory) {
	l := &p.Limits
	if p.Unmapped {
		return []memory{{"what the sandbox's filter, which was made without such a limit, allows", "Limits.Memory in the profile; or "}}
	}
	l.AddressSpace = l.Memory
	for _, e := range p.Entries {
		switch {
		case e.Kind == Private && l.Disk == 0:
			out = append(out, memory{e.Why, "Limits.Disk, which then counts in; or "})
		case e.Kind == Private:
			l.AddressSpace = l.Memory - min(l.Disk, l.Memory) // it is that of all together
		case e.Kind != Bind:
		case e.Rights&Device != 0 && e.Path != zeroPath && (isDevice(e.Path) || e.Path == "/dev/tty"):
		case e.Rights&Device != 0, p.Engine == LandlockEngine && e.Dir && e.Rights&(Read|Write) != 0 && below(zeroPath, e.Path):
			out = append(out, memory{e.Why + ", by a device,", ""})
		case e.Rights&Write != 0 && h.inMemory(e.Host):
			out = append(out, memory{e.Why + ", in a file system that is memory,", "a place on a disk; or "})
		}
	}
	if l.AddressSpace < profile.MinMemory && len(out) == 0 {
		out = append(out, memory{"Limits.Disk, which leaves no memory for the program,", "a smaller Limits.Disk; or "})
	}
	if p.SystemV {
		out = append(out, memory{"IPC(SystemV)", ""})
	}
	if p.Queues {
		out = append(out, memory{"IPC(POSIXQueues)", ""})
	}
	return out
}

// inMemory says that a tree of the host is, or has in it, a file system that is memory.
func (h Host) inMemory(at string) bool {
	deepest := 0
	for _, m := range h.Mounts {
		if below(at, m.Path) {
			deepest = max(deepest, len(m.Path))
		}
	}
	return slices.ContainsFunc(h.Mounts, func(m Mount) bool {
		return slices.Contains(inMemory, m.Type) && (below(m.Path, at) || below(at, m.Path) && len(m.Path) == deepest)
	})
}

// devices are those that System brings.
func (p *Policy) devices() []string {
	if p.Unmapped {
		return devices
	}
	return slices.DeleteFunc(slices.Clone(devices), func(d string) bool { return d == zeroPath })
}

func has(ops []profile.Operation, kind profile.Kind) bool {
	return slices.ContainsFunc(ops, func(op profile.Operation) bool { return op.Kind == kind && !op.Deny })
}

const limitPrefix = "Limits."

// limited says by what each limit is held.
func (p *Policy) limited() {
	p.Enforced = slices.DeleteFunc(slices.Clone(p.Enforced), func(e Enforcement) bool { return strings.HasPrefix(e.Operation, limitPrefix) })
	for _, f := range p.Limits.held() {
		p.Enforced = append(p.Enforced, Enforcement{limitPrefix + f.Name, f.by})
	}
}

type held struct {
	profile.LimitField
	by string
}

// held lists the limits that there are, with their mechanisms.
func (l *Limits) held() (out []held) {
	either := func(rlimit bool, name, cgroup string) string {
		switch {
		case !rlimit:
			return cgroupV2 + ", " + cgroup
		case l.PerProcess:
			return name + " of each process"
		}
		return name
	}
	by := map[string]string{
		"Wall": "gaol's timer", "Output": "gaol's pipes", "Disk": "the size of their tmpfs", "Instructions": counter,
		"Files": "RLIMIT_NOFILE", "FileSize": "RLIMIT_FSIZE", "Stack": "RLIMIT_STACK", "Core": "RLIMIT_CORE",
		"Processes": cgroupV2 + ", pids.max", "Processors": cgroupV2 + ", cpu.max", "ReadRate": cgroupV2 + ", io.max", "WriteRate": cgroupV2 + ", io.max",
		"CPU":    either(l.Seconds != 0, fmt.Sprintf("process 1 and RLIMIT_CPU of %d s", l.Seconds), "cpu.stat"),
		"Memory": either(l.AddressSpace != 0, fmt.Sprintf("RLIMIT_AS of %d bytes", l.AddressSpace), "memory.max"),
	}
	if other := platforms[l.Platform].held; other != nil {
		by = other(l)
	}
	for _, f := range l.Fields() {
		if f.Set {
			out = append(out, held{f, by[f.Name]})
		}
	}
	return out
}

// WithLimits narrows the policy by the limits of one command. A limit that means nothing is a *profile.Error; one that the host cannot
// hold, or this policy as it was resolved, an *UnsupportedError. What it returns differs from p in Limits and Enforced alone.
func (p Policy) WithLimits(l profile.Limits, h Host) (Policy, error) {
	if err := l.Validate(); err != nil {
		return Policy{}, err
	}
	if limits := platforms[h.Platform].limits; limits != nil {
		if lacks := limits(&p, p.Limits.Narrow(l), h); len(lacks) > 0 {
			return Policy{}, &UnsupportedError{lacks}
		}
		p.limited()
		return p, nil
	}
	calls := p.Calls
	p.decide(p.Limits.Narrow(l), p.Processes, h)
	p.Calls = calls // the filter is made
	var f findings
	f.limits(&p, h)
	if len(f.unsupported) > 0 {
		return Policy{}, &UnsupportedError{f.unsupported}
	}
	p.limited()
	return p, nil
}
