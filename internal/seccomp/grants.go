// Package seccomp compiles the system call filter of a program: an allowlist that grows with what the profile grants. It compiles
// and explains filters; it must never install one, and never decide about paths, addresses or processes - the view, Landlock and
// the pid namespace do. What the table does not name is denied.
package seccomp

import "strings"

// Grants is what of a policy the filter depends on. The zero value is the strictest filter.
type Grants struct {
	Processes bool // fork, vfork, clone without CLONE_THREAD
	Internet  bool // socket(AF_INET/AF_INET6, SOCK_STREAM|SOCK_DGRAM)
	Listen    bool // socket(AF_INET/AF_INET6, SOCK_STREAM), bind, listen
	Watch     bool // inotify_add_watch, which shows the names in a directory to who may not list it
	Kill      bool // a denied call ends the program (SECCOMP_RET_KILL_PROCESS) instead of EPERM
}

// Need is a set of grants of which any one adds a group of calls; the empty set is a group that every filter has.
type Need uint8

// The grants that add calls.
const (
	NeedProcesses Need = 1 << iota
	NeedInternet
	NeedListen
	NeedWatch
)

// String is the need in words.
func (n Need) String() string {
	if n == 0 {
		return "always"
	}
	var out []string
	for i, name := range []string{"Processes", "Internet", "Listen", "Watch"} {
		if n>>i&1 != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, " or ")
}

func (g Grants) meets(n Need) bool {
	var have Need
	if g.Processes {
		have |= NeedProcesses
	}
	if g.Internet {
		have |= NeedInternet
	}
	if g.Listen {
		have |= NeedListen
	}
	if g.Watch {
		have |= NeedWatch
	}
	return n == 0 || have&n != 0
}

// What a filter answers (linux/seccomp.h). The errnos are those of every architecture of Linux.
const (
	Allow       uint32 = 0x7fff0000
	DenyEPERM   uint32 = 0x00050000 | 1
	Absent      uint32 = 0x00050000 | 38
	KillProcess uint32 = 0x80000000
)

// deny is the answer to what the policy does not grant.
func (g Grants) deny() uint32 {
	if g.Kill {
		return KillProcess
	}
	return DenyEPERM
}
