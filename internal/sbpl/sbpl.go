// Package sbpl writes a policy for macOS in the language of its sandbox, a kind of Scheme. It is pure: text and parameters come out, for any
// machine to look at.
//
// In which order rules are looked at, and whether the last of them or the most exact one holds, is written down nowhere, and those who have tried
// disagree. So for each operation what is allowed and what is denied have no path in common: then any order says the same.
package sbpl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gaol-sandbox/gaol/internal/policy"
)

// Profile is a text and the values of its parameters. No path and no name stands in the text itself: whoever escapes a string by hand errs, and
// the compiler takes no long ones.
type Profile struct {
	Text   string
	Params []string // a key, a value, …
}

// maxRules is fewer filters than the system's compiler bears: at some 17,770 it crashes.
const maxRules = 17000

// TooLongError is a policy of more filters than the system's compiler bears.
type TooLongError struct{ Rules int }

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the profile takes %d rules; the compiler of macOS bears %d", e.Rules, maxRules)
}

// String is the text with its parameters, for people.
func (p Profile) String() string {
	var b strings.Builder
	b.WriteString(p.Text)
	for i := 0; i+1 < len(p.Params); i += 2 {
		fmt.Fprintf(&b, "; %s = %q\n", p.Params[i], p.Params[i+1])
	}
	return b.String()
}

// Options are what a text is given besides the policy. The words are letters and digits.
type Options struct {
	// Mark is a service that only this text allows to be looked up, by which the processes of a command are found.
	Mark string
	// Tag stands in the log beside what was denied.
	Tag string
}

// Compile writes the policy.
func Compile(p *policy.Policy, o Options) (Profile, error) {
	for _, w := range []string{o.Mark, o.Tag} {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return Profile{}, fmt.Errorf("%q has more than letters and digits", w)
		}
	}
	w := &writer{policy: p, rules: &p.Seatbelt, tag: o.Tag, named: map[string]string{}, counts: map[byte]int{}}
	w.line("(version 1)")
	w.rule("deny", "default")
	w.base()
	if o.Mark != "" {
		w.rule("allow", "mach-lookup", "(global-name "+w.param('M', o.Mark)+")")
	}
	w.files()
	w.network()
	w.others()
	w.denials()
	if w.filters > maxRules {
		return Profile{}, &TooLongError{w.filters}
	}
	return Profile{w.text.String(), w.params}, nil
}

type writer struct {
	policy  *policy.Policy
	rules   *policy.Seatbelt
	tag     string
	text    strings.Builder
	params  []string
	named   map[string]string // parameters by kind and value
	counts  map[byte]int      // by kind
	filters int
}

func (w *writer) line(s string) { w.text.WriteString(s + "\n") }

// param is a value of which nothing but the name stands in the text.
func (w *writer) param(kind byte, value string) string {
	key := string(kind) + value
	name, ok := w.named[key]
	if !ok {
		name = fmt.Sprint(string(kind), w.counts[kind])
		w.counts[kind]++
		w.named[key] = name
		w.params = append(w.params, name, value)
	}
	return fmt.Sprintf("(param %q)", name)
}

// rule writes one, with each of its filters on a line of its own. Any of them is enough; none means always.
func (w *writer) rule(action, operations string, filters ...string) {
	head := "(" + action + " " + operations
	end := w.end(action)
	w.filters += max(1, len(filters))
	if len(filters) <= 1 {
		w.line(strings.TrimSuffix(head+" "+strings.Join(filters, ""), " ") + end)
		return
	}
	w.line(head)
	for i, f := range filters {
		if i == len(filters)-1 {
			f += end
		}
		w.line("  " + f)
	}
}

// end is a rule's.
func (w *writer) end(action string) string {
	if action == "deny" && w.tag != "" {
		return fmt.Sprintf(" (with message %q))", w.tag)
	}
	return ")"
}

// base is what every program may do. Most of it tells a program what machine it is on.
func (w *writer) base() {
	w.rule("allow", "process-info*", "(target self)")
	if w.rules.Signal && w.policy.Processes { // else there are no others; who has the same compiled profile is another command
		w.rule("allow", "signal", "(target self)", "(target same-sandbox)")
	} else {
		w.rule("allow", "signal", "(target self)")
	}
	var names []string
	add := func(filter string, list []string) {
		for _, n := range list {
			names = append(names, fmt.Sprintf("(%s %q)", filter, n))
		}
	}
	add("sysctl-name", sysctls)
	add("sysctl-name-prefix", prefixes)
	if w.rules.SystemInfo {
		add("sysctl-name", systemSysctls)
		add("sysctl-name-prefix", systemPrefixes)
	}
	w.rule("allow", "sysctl-read", names...)
	if w.policy.Processes {
		w.rule("allow", "process-fork")
	}
}

func (w *writer) network() {
	var domains []string
	add := func(d string) {
		if !slices.Contains(domains, d) {
			domains = append(domains, d)
		}
	}
	for _, p := range w.rules.Ports {
		host, port := "*", "*"
		if p.Loopback {
			host = "localhost"
		}
		if p.Port != 0 {
			port = fmt.Sprint(p.Port)
		}
		at := fmt.Sprintf("%s %q)", p.Protocol, host+":"+port)
		// whether these need a rule is told differently; they reach nothing by themselves
		add("(socket-domain AF_INET)")
		add("(socket-domain AF_INET6)")
		if p.Listen {
			w.rule("allow", "network-bind network-inbound", "(local "+at)
			continue
		}
		w.rule("allow", "network-outbound", "(remote "+at)
		// what the system's own network profile opens for the libraries of the network
		add("(require-all (socket-domain AF_SYSTEM) (socket-protocol 2))")
		add("(socket-domain AF_ROUTE)")
	}
	for _, s := range w.rules.Sockets {
		add("(socket-domain AF_UNIX)")
		at := "unix-socket (literal " + w.param('R', s.Path) + "))"
		if s.Listen {
			w.rule("allow", "network-bind network-inbound", "(local "+at)
		} else {
			w.rule("allow", "network-outbound", "(remote "+at)
		}
	}
	if w.rules.Names {
		add("(socket-domain AF_UNIX)")
		w.rule("allow", "network-outbound", "(remote unix-socket (literal "+w.param('R', policy.ResolverSocket)+"))")
	}
	if len(domains) > 0 {
		w.rule("allow", "system-socket", domains...)
	}
}

func (w *writer) others() {
	var services []string
	for _, s := range w.rules.Services {
		services = append(services, "(global-name "+w.param('M', s)+")")
	}
	if services != nil {
		w.rule("allow", "mach-lookup", services...)
	}
	if w.rules.SystemV {
		w.rule("allow", "ipc-sysv-msg ipc-sysv-sem ipc-sysv-shm")
	}
	if w.rules.SharedMemory {
		w.rule("allow", "ipc-posix-shm* ipc-posix-sem*")
	}
}

// sysctls are what the C library and the run-time systems of languages read when they start.
var sysctls = []string{
	"hw.activecpu", "hw.busfrequency_compat", "hw.byteorder", "hw.cacheconfig", "hw.cachelinesize", "hw.cachelinesize_compat", "hw.cachesize",
	"hw.cpufamily", "hw.cpufrequency_compat", "hw.cpusubfamily", "hw.cputype", "hw.l1dcachesize", "hw.l1dcachesize_compat", "hw.l1icachesize",
	"hw.l1icachesize_compat", "hw.l2cachesize", "hw.l2cachesize_compat", "hw.l3cachesize", "hw.l3cachesize_compat", "hw.logicalcpu",
	"hw.logicalcpu_max", "hw.machine", "hw.memsize", "hw.ncpu", "hw.nperflevels", "hw.packages", "hw.pagesize", "hw.pagesize_compat",
	"hw.physicalcpu", "hw.physicalcpu_max", "hw.tbfrequency", "hw.tbfrequency_compat", "hw.vectorunit", "kern.argmax", "kern.hv_vmm_present",
	"kern.maxfilesperproc", "kern.ngroups", "kern.osproductversion", "kern.osrelease", "kern.ostype", "kern.osvariant_status", "kern.osversion",
	"kern.secure_kernel", "kern.usrstack64", "kern.version", "sysctl.name2oid", "sysctl.proc_cputype", "sysctl.proc_translated", "vm.loadavg",
	"vm.malloc_ranges",
}

// prefixes tell what the processor can do: what does not see it takes the slow way.
var prefixes = []string{"hw.optional.", "hw.perflevel"}

// What SystemInfoRead adds. Of kern. there are names alone: some show other processes. kern.procargs2, which shows their arguments and environments,
// no rule holds back: see docs/SECURITY.md.
var (
	systemSysctls = []string{"kern.boottime", "kern.clockrate", "kern.hostname", "kern.maxfiles", "kern.maxproc", "kern.maxprocperuid",
		"kern.num_files", "kern.num_tasks", "kern.num_threads", "kern.num_vnodes", "kern.posix1version", "kern.uuid"}
	systemPrefixes = []string{"hw.", "machdep.cpu.", "vm."}
)
