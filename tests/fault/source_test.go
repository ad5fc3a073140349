//go:build linux && cgo && gaolfault

package fault

// What was recorded is compared with the source: a call that no variant makes has not been made to fail, and must be listed with the reason.

import (
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/gaol-sandbox/gaol/csrc"
	seccomp "github.com/seccomp/libseccomp-golang"
)

// recorded are the calls of all variants, by function and call; the test that lets them fail comes first.
var recorded = map[string]bool{}

// ran counts the variants that were.
var ran int

func record(calls []csrc.FaultCall) {
	for _, c := range calls {
		recorded[name(c)] = true
	}
}

// unreached are calls that the variants need not make, by function and call, with why.
var unreached = map[string]string{
	"build: futex":          "only where the net namespace is made later than all the rest; a wait, and interrupted it is made again",
	"program: unshare":      "only with a cgroup of its own, which takes a delegated cgroup v2: there is a variant for hosts that have one",
	"await: futex":          "only where process 1 execs after the program does; a wait, and interrupted it is made again",
	"await_net: futex":      "only where the net namespace is made later than all the rest; a wait, and interrupted it is made again",
	"build: waitid":         "only where it takes 20 ms longer, to see whether its process is still there; it does not wait",
	"await_program: waitid": "only where nothing has come of a spawn for 20 ms, to see who is still there; it does not wait",
}

var (
	function = regexp.MustCompile(`^[a-z_][a-zA-Z_0-9 ]* \*?([a-z_0-9]+)\([^;]*$`)
	system   = regexp.MustCompile(`\bsys\(SYS_([a-z_0-9]+)`)
	clone    = regexp.MustCompile(`= gaol_clone\(`)
	library  = regexp.MustCompile(`\b(mmap|malloc|socketpair|recvmsg|pipe2|memfd_create|pwrite|fchmod|fcntl|openat|open|write|read|poll)\(`)
)

func TestEachCallOfTheSourceWasMadeToFail(t *testing.T) {
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), "../../csrc/*.c"))
	if err != nil || len(files) == 0 {
		t.Skipf("the source is missing: %v", err)
	}
	if all := len(variants()) - 1; ran < all { // but for the one with a cgroup
		t.Skipf("only %d of %d variants ran: an engine or a terminal is missing, or they were left out", ran, all)
	}
	found := 0
	for _, file := range files {
		if here, err := build.Default.MatchFile(filepath.Split(file)); err != nil || !here {
			continue // another system's
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in := ""
		for n, line := range strings.Split(string(text), "\n") {
			if m := function.FindStringSubmatch(line); m != nil {
				in = m[1]
			}
			if strings.HasPrefix(line, "INLINE") || strings.HasPrefix(line, "RESIDENT") {
				in = "" // process 1 after its exec
			}
			var calls []string
			if strings.Contains(line, "FUTEX_WAKE") {
				continue // cannot fail
			}
			for _, m := range system.FindAllStringSubmatch(line, -1) {
				calls = append(calls, m[1])
			}
			if clone.MatchString(line) {
				calls = append(calls, "clone")
			}
			for _, m := range library.FindAllStringSubmatch(line, -1) {
				calls = append(calls, strings.NewReplacer("malloc", "brk", "pwrite", "pwrite64", "openat", "openat", "open", "openat", "poll", "ppoll").Replace(m[1]))
			}
			for _, call := range calls {
				key := in + ": " + call
				nr, err := seccomp.GetSyscallFromName(call)
				if in == "" || err != nil || csrc.FaultNever(int(nr)) || strings.HasPrefix(filepath.Base(file), "fault") {
					continue
				}
				found++
				if !recorded[key] && unreached[key] == "" {
					t.Errorf("%s:%d: %s is not reached by any variant", filepath.Base(file), n+1, key)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d calls were found in the source", found)
	}
	t.Logf("%d calls in the source", found)
}
