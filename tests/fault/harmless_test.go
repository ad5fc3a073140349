//go:build linux && cgo && gaolfault

package fault

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/csrc"
	"github.com/gaol-sandbox/gaol/internal/plan"
)

// steps are the names that an error may have: those of plan.
var steps = map[string]bool{}

func init() {
	for op := range plan.Op(2000) {
		if op.String() != fmt.Sprintf("op %d", op) {
			steps[op.String()] = true
		}
	}
}

// harmless lists, by the function of the core and the call, the failures after which a program may run all the same, with why. None of
// them takes something away from the program; each confinement is looked at by the victim, too.
var harmless = map[string]struct {
	errnos []syscall.Errno // those that it is so for; nil: all
	why    string
	held   bool // only in the landlock engine, for a caller without CAP_SETPCAP; another call of the function's may matter
}{
	"reap: wait4":           {why: "interrupted, it is made again"},
	"await_program: futex":  {why: "interrupted, it is made again"},
	"await_plan: futex":     {why: "interrupted, it is made again"},
	"await: futex":          {why: "interrupted, it is made again"},
	"await_net: futex":      {why: "interrupted, it is made again"},
	"await_end: waitid":     {why: "interrupted, it is made again"},
	"build: futex":          {why: "interrupted, it is made again"},
	"build: wait4":          {why: "interrupted, it is made again"},
	"await_program: waitid": {why: "WNOHANG: it cannot be interrupted"},
	"gaol_map_ids: ppoll":   {errnos: []syscall.Errno{syscall.EINTR}, why: "interrupted, it is made again"},
	"gaol_prepare: clone":   {why: "the process 1 that is made ahead is made by the spawn instead, and that tells what fails"},
	"hold_net: unshare":     {why: "process 1 makes the net namespace itself, and tells what fails"},
	"hold_net: ppoll":       {why: "it sleeps until it is killed, again"},
	"scope: kill":           {errnos: []syscall.Errno{syscall.EPERM}, why: "it is the answer that is hoped for: the scope is enforced, and this was to try it"},
	"drop_caps: prctl": {errnos: []syscall.Errno{syscall.EPERM}, held: true,
		why: "such a caller is refused it always; no_new_privs, which is looked at, keeps an exec from giving what the other sets have lost"},
	"open_told: prctl": {why: "taken for another's filter: nobody is told of what is denied, and the kernel ends the program by itself"},
	"build: setns":     {why: "process 1 makes another net namespace, its own"},
}

// harmlessly says why the call's failure does not matter; empty if it does.
func (v variant) harmlessly(c csrc.FaultCall, errno syscall.Errno) string {
	h := harmless[name(c)]
	if name(c) == "gaol_prepare: clone" && !v.once {
		return "" // nothing is made ahead: it is the spawn that makes it
	}
	if h.held && (v.engine != gaol.EngineLandlock || os.Geteuid() == 0) || h.errnos != nil && !slices.Contains(h.errnos, errno) {
		return ""
	}
	return h.why
}
