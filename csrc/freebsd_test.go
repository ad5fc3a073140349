//go:build linux && cgo

package csrc

// The steps of FreeBSD, run on Linux with calls of the test's own in place of the system's (testdata/freebsd): which calls are made, in which order,
// with what, and that whichever of them fails, nothing is executed and nothing stays. What FreeBSD's kernel does with those calls is not in here.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

var bsdDriver = sync.OnceValues(func() ([]byte, error) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gaol-bsd-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	driver := filepath.Join(dir, "driver")
	out, err := exec.Command(gcc, "-std=gnu11", "-DGAOL_POSIX", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=all",
		"-I", "testdata/freebsd", "-I.", "-o", driver, "testdata/freebsd/driver.c", "testdata/freebsd/calls.c", "spawn_posix.c", "step_freebsd.c", "jail_freebsd.c", "jail_view_freebsd.c", "jail_end_freebsd.c",
		"plan.c", "-lpthread").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(driver)
})

// bsd is the driver, which is built once.
func bsd(t *testing.T) string {
	t.Helper()
	b, err := bsdDriver()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("gcc is missing")
	} else if err != nil {
		t.Fatal(err)
	}
	at := written(t, "driver", b)
	if err := os.Chmod(at, 0o755); err != nil {
		t.Fatal(err)
	}
	return at
}

// bsdRun is one spawn of the driver.
type bsdRun struct {
	said, out string   // what the driver says, and what the program writes
	calls     []string // by all processes, in order
}

func runBSD(t *testing.T, driver string, p plan.Plan, c plan.Command, env []string, how ...string) bsdRun {
	t.Helper()
	steps, command := filed(t, p, c)
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(driver, append([]string{steps, command}, how...)...)
	cmd.Env = append(append(os.Environ(), "GAOL_LOG="+log), env...)
	if c.Place != "" {
		cmd.Env = append(cmd.Env, "GAOL_PLACE="+c.Place)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if cmd.ProcessState.ExitCode() == 77 {
		t.Skip("namespaces of the driver's own are missing: ", stderr.String())
	}
	if err != nil {
		t.Fatalf("%v: %s%s", err, said, stderr.String())
	}
	lines, _ := os.ReadFile(log)
	return bsdRun{strings.TrimSpace(string(said)), stderr.String(), strings.Split(strings.TrimSpace(string(lines)), "\n")}
}

// only are the calls of these names.
func (r bsdRun) only(names ...string) (out []string) {
	for _, c := range r.calls {
		if name, _, _ := strings.Cut(c, " "); slices.Contains(names, name) {
			out = append(out, strings.TrimSpace(c))
		}
	}
	return out
}

// capsicumCase is a directory, a file, the linker and the mode.
func capsicumCase(t *testing.T) (plan.Plan, plan.Command) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	read := [2]uint64{1 << 0, 1 << 5}
	return plan.Plan{Steps: []plan.Step{
			{Op: plan.Rlimit, N: uint32(syscall.RLIMIT_CORE)},
			{Op: plan.CapOpen, Path: dir, Flags: plan.CapDir, Rights: read},
			{Op: plan.CapOpen, Path: file, Flags: plan.CapFile | plan.CapRead, Rights: read},
			{Op: plan.CapOpen, Path: "/usr/bin/env", Flags: plan.CapFile | plan.CapRead | plan.CapLoader, Rights: read},
			{Op: plan.Limits},
			{Op: plan.CapEnter, Flags: plan.CapTrap},
		}}, plan.Command{Argv: []string{"ld-elf.so.1", "-f", "64", "--", "sh", "-c", "for f in /proc/self/fd/*; do [ -e $f ] && printf ' %s' ${f##*/}; done; read x </proc/self/fd/66; echo $x"},
			Env: []string{"A=1"}, Candidates: []string{"/nowhere/sh", "/bin/sh"}}
}

func TestCapabilityModeIsEnteredWithWhatIsGranted(t *testing.T) {
	p, c := capsicumCase(t)
	r := runBSD(t, bsd(t), p, c, nil, "leave", "300")
	if want := "status 0 release 0 left -1 open 0"; r.said != want || r.out != " 0 1 2 64 65 66 67text\n" {
		t.Errorf("said %q, wrote %q", r.said, r.out)
	}
	want := []string{"pdfork", "closefrom 4",
		"cap_rights_limit 65 1 20", "cap_rights_limit 66 1 20", "cap_rights_limit 67 1 20", "procctl pid self 1901",
		"cap_rights_limit 64 1ff 0", "procctl pid self 901", "cap_enter", "cap_getmode",
		"fexecve 67: ld-elf.so.1 -f 64 -- sh -c"}
	got := r.only("pdfork", "closefrom", "cap_rights_limit", "procctl", "cap_enter", "cap_getmode", "fexecve", "execve")
	for i := range got {
		if i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("calls %q", got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("calls %q", got)
	}
	for _, line := range r.only("open") {
		if strings.Contains(line, "/nowhere") || strings.Contains(line, "/bin/sh") || strings.Contains(line, "/usr/bin/env") || strings.Contains(line, "/001") {
			continue
		}
		t.Errorf("opened by path: %s", line)
	}
}

var count = regexp.MustCompile(`^\w+`)

// failEach makes each call of the reference run fail, one at a time, and hands the run and the call to look.
func failEach(t *testing.T, driver string, make func() (plan.Plan, plan.Command), env []string, pid func(string) bool, look func(t *testing.T, name string, nth int, r bsdRun, c plan.Command)) {
	t.Helper()
	p, c := make()
	reference := runBSD(t, driver, p, c, env)
	seen := map[string]int{}
	for _, call := range reference.calls {
		name := count.FindString(call)
		if !pid(call) {
			continue
		}
		seen[name]++
		p, c := make()
		r := runBSD(t, driver, p, c, append(slices.Clone(env), fmt.Sprintf("GAOL_FAIL=%s %d %d", name, seen[name], syscall.EDOM)))
		look(t, name, seen[name], r, c)
	}
	if len(seen) < 5 {
		t.Errorf("only %v were tried", seen)
	}
}

func TestWhicheverCallFailsNothingIsExecuted(t *testing.T) {
	driver := bsd(t)
	failEach(t, driver, func() (plan.Plan, plan.Command) { return capsicumCase(t) }, nil,
		func(call string) bool {
			return !strings.HasPrefix(call, "pdfork") && !strings.HasPrefix(call, "closefrom")
		},
		func(t *testing.T, name string, nth int, r bsdRun, _ plan.Command) {
			if !strings.HasPrefix(r.said, "failed ") || !strings.HasSuffix(r.said, " left -1 open 0") || r.out != "" {
				t.Errorf("%s %d: said %q, wrote %q", name, nth, r.said, r.out)
				return
			}
			if got := r.only("fexecve"); name != "fexecve" && len(got) > 0 {
				t.Errorf("%s %d: %q", name, nth, got)
			}
			errno := fmt.Sprintf("errno %d ", syscall.EDOM)
			if name == "cap_getmode" { // which only tells whether the mode is there
				errno = fmt.Sprintf("errno %d ", syscall.ENOTSUP)
			}
			if !strings.Contains(r.said, errno) {
				t.Errorf("%s %d: said %q", name, nth, r.said)
			}
		})
}

func TestAModeThatIsNotThereIsAFailure(t *testing.T) {
	p, c := capsicumCase(t)
	r := runBSD(t, bsd(t), p, c, []string{"GAOL_NO_MODE=1"})
	if !strings.Contains(r.said, fmt.Sprintf("failed op %d step 1 errno %d", plan.Exec, syscall.ENOTSUP)) || len(r.only("fexecve")) > 0 {
		t.Errorf("said %q", r.said)
	}
}

func TestAPdforkThatFailsIsNamed(t *testing.T) {
	p, c := capsicumCase(t)
	r := runBSD(t, bsd(t), p, c, []string{fmt.Sprintf("GAOL_FAIL=pdfork 1 %d", syscall.EAGAIN)})
	if want := fmt.Sprintf("failed op %d step 0 errno %d  left -1 open 0", plan.CloneProgram, syscall.EAGAIN); r.said != want {
		t.Errorf("said %q, want %q", r.said, want)
	}
}

func TestWhatIsNoProgramAndWhatHasNoLinker(t *testing.T) {
	driver := bsd(t)
	p, c := capsicumCase(t)
	noLinker := p
	noLinker.Steps = slices.Clone(p.Steps)
	noLinker.Steps[3].Flags &^= plan.CapLoader
	if r := runBSD(t, driver, noLinker, c, nil); !strings.Contains(r.said, fmt.Sprintf("errno %d ", syscall.ENOEXEC)) || len(r.only("cap_enter", "fexecve")) > 0 {
		t.Errorf("without a linker: %q", r.said)
	}
	c.Candidates = []string{p.Steps[2].Path}
	if err := os.Chmod(p.Steps[2].Path, 0o755); err != nil {
		t.Fatal(err)
	}
	if r := runBSD(t, driver, p, c, nil); !strings.Contains(r.said, fmt.Sprintf("errno %d ", syscall.ENOEXEC)) {
		t.Errorf("no program: %q", r.said)
	}
	gone := p
	gone.Steps = slices.Clone(p.Steps)
	gone.Steps[1].Flags = plan.CapFile
	if r := runBSD(t, driver, gone, c, nil); !strings.Contains(r.said, fmt.Sprintf("failed op %d step 1 errno %d", plan.CapOpen, syscall.ESTALE)) {
		t.Errorf("something else at the path: %q", r.said)
	}
}

// ---- the jail ----

// jailCase is a view of the system's programs, a directory that is read, one that is written, a copy, one that is private, one that is denied.
func jailCase(t *testing.T) (plan.Plan, plan.Command, string) {
	base := t.TempDir()
	for _, d := range []string{"place", "in/keys", "out", "secret"} {
		if err := os.MkdirAll(filepath.Join(base, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"in/a", "in/keys/id", "secret/s", "one"} {
		if err := os.WriteFile(filepath.Join(base, f), []byte(f+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	steps := []plan.Step{
		{Op: plan.JailRoot, Text: "4194304"},
		{Op: plan.JailPool, Text: "8388608"},
		{Op: plan.JailDir, Path: "/usr", N: 0o755},
		{Op: plan.JailNullfs, Path: "/usr", Text: "/usr", Flags: plan.ReadOnly},
		{Op: plan.JailLink, Path: "/bin", Text: "usr/bin"},
		{Op: plan.JailLink, Path: "/lib", Text: "usr/lib"},
		{Op: plan.JailLink, Path: "/lib64", Text: "usr/lib64"},
		{Op: plan.JailDir, Path: "/in", N: 0o755},
		{Op: plan.JailNullfs, Path: "/in", Text: filepath.Join(base, "in"), Flags: plan.ReadOnly | plan.NoExec},
		{Op: plan.JailEmpty, Path: "/in/keys"},
		{Op: plan.JailDir, Path: "/out", N: 0o755},
		{Op: plan.JailNullfs, Path: "/out", Text: filepath.Join(base, "out"), Flags: plan.NoExec},
		{Op: plan.JailDir, Path: "/tmp", N: 0o755},
		{Op: plan.JailPrivate, Path: "/tmp", Flags: plan.NoExec},
		{Op: plan.JailCopy, Path: "/one", Text: filepath.Join(base, "one")},
		{Op: plan.JailDir, Path: "/dev", N: 0o755},
		{Op: plan.JailDevfs, Path: "/dev"},
		{Op: plan.JailSeal},
		{Op: plan.JailAttach, Params: []string{"children.max", "#0", "host.hostname", "$gaol", "allow.nosuser", ""}, Others: []string{"allow.suser", ""}},
		{Op: plan.Rlimit, N: uint32(syscall.RLIMIT_CORE)},
		{Op: plan.Limits},
		{Op: plan.JailConfine},
	}
	c := plan.Command{Argv: []string{"sh", "-c", jailScript}, Env: []string{"PATH=/usr/bin"}, Candidates: []string{"/nowhere/sh", "/bin/sh"}, Place: filepath.Join(base, "place")}
	return plan.Plan{Steps: steps}, c, base
}

const jailScript = `cat /in/a /one; echo new >/out/new; echo mine >/tmp/mine && cat /tmp/mine; ls /in/keys; ls /; ls /dev | tr '\n' ' '; echo
{ echo x >/in/b; echo x >/root; mkdir /more; cat ` + "$BASE" + `/secret/s; } 2>&1 | sed 's/.*: //'`

const jailWrote = "in/a\none\nmine\nbin\ndev\nin\nlib\nlib64\none\nout\ntmp\nusr\nnull random urandom zero \nRead-only file system\nRead-only file system\nRead-only file system\nNo such file or directory\n"

func TestAJailShowsWhatIsGrantedAndIsTakenAway(t *testing.T) {
	driver := bsd(t)
	p, c, base := jailCase(t)
	c.Env = append(c.Env, "BASE="+base)
	r := runBSD(t, driver, p, c, nil, "leave", "300")
	if r.said != "status 0 release 0 left -1 open 0" {
		t.Errorf("said %q", r.said)
	}
	if os.Geteuid() == 0 || strings.Contains(r.out, "Permission denied") {
		r.out = strings.ReplaceAll(r.out, "ls: cannot open directory '/in/keys': Permission denied\n", "")
	}
	if r.out != jailWrote {
		t.Errorf("wrote %q, want %q", r.out, jailWrote)
	}
	if text, err := os.ReadFile(filepath.Join(base, "out/new")); err != nil || string(text) != "new\n" {
		t.Errorf("what was written is %q, %v", text, err)
	}
	cleared(t, c.Place)
	order := r.only("pdfork", "nmount", "jail_set", "sysctlbyname", "procctl", "execve", "jail_get", "jail_remove", "unmount")
	want := []string{
		"pdfork daemon",
		"nmount tmpfs on /root size 4194304 flags noexec nosuid",
		"nmount tmpfs on /pool size 8388608 flags noexec nosuid",
		"nmount nullfs on . from /usr flags ro nosuid",
		"nmount nullfs on . from " + base + "/in flags ro noexec nosuid",
		"nmount nullfs on . from /pool/empty flags ro noexec nosuid",
		"nmount nullfs on . from " + base + "/out flags noexec nosuid",
		"nmount nullfs on . from /pool/0 flags noexec nosuid",
		"nmount devfs on . flags noexec nosuid",
		"nmount tmpfs on /root flags ro noexec nosuid update",
		"pdfork",
		"jail_set 5 path=/root name=gaol-* children.max=0 host.hostname=gaol allow.nosuser",
		"sysctlbyname security.jail.jailed",
		"procctl pid self 1901",
		"execve /nowhere/sh: sh -c",
		"execve /bin/sh: sh -c",
		"jail_get", "jail_remove 17", "jail_get",
		"unmount /root/dev", "unmount /root/tmp", "unmount /root/out", "unmount /root/in/keys", "unmount /root/in", "unmount /root/usr", "unmount /pool", "unmount /root",
	}
	for i := range max(len(order), len(want)) {
		if i >= len(order) || i >= len(want) || !strings.HasPrefix(order[i], want[i]) {
			t.Fatalf("call %d of %q", i, order)
		}
	}
}

// cleared fails where something is left of a place.
func cleared(t *testing.T, place string) {
	t.Helper()
	for _, at := range []string{place, place + ".jail"} {
		if _, err := os.Lstat(at); err == nil {
			t.Errorf("%s is left", at)
		}
	}
}

func TestWhicheverCallOfAJailFailsNothingIsExecutedAndNothingStays(t *testing.T) {
	driver := bsd(t)
	var ending bool // behind the program's exec: what fails there is told, and tried again
	failEach(t, driver, func() (plan.Plan, plan.Command) {
		p, c, _ := jailCase(t)
		c.Argv = []string{"sh", "-c", "echo ran"}
		return p, c
	}, nil, func(call string) bool {
		ending = ending || strings.HasPrefix(call, "execve /bin/sh")
		return !ending && !strings.HasPrefix(call, "closefrom") && !strings.HasPrefix(call, "execve") && !strings.HasPrefix(call, "ioctl next 500")
	}, func(t *testing.T, name string, nth int, r bsdRun, c plan.Command) {
		if strings.HasPrefix(r.said, "status ") && r.out == "ran\n" && len(r.calls) > 0 && !failed1(r) {
			return // the count is of each process: this one makes fewer
		}
		if !strings.HasPrefix(r.said, "failed ") || !strings.HasSuffix(r.said, " left -1 open 0") || r.out != "" || len(r.only("execve")) > 0 {
			t.Errorf("%s %d: said %q, wrote %q", name, nth, r.said, r.out)
		}
		if !strings.Contains(r.said, fmt.Sprintf("errno %d ", syscall.EDOM)) {
			t.Errorf("%s %d: said %q", name, nth, r.said)
		}
		// where taking away is what fails, the next command in a jail tries again
		if name != "getfsstat" && name != "jail_get" && name != "pdfork" { // without a keeper, the place is its maker's
			if _, err := os.Lstat(c.Place); err == nil {
				t.Errorf("%s %d: said %q, and the place is left", name, nth, r.said)
			}
		}
	})
}

// failed1 says that a call was made to fail.
func failed1(r bsdRun) bool {
	return slices.ContainsFunc(r.calls, func(c string) bool { return strings.HasSuffix(c, " FAILS") })
}

func TestTheSystemsWordsForARefusedJailComeBack(t *testing.T) {
	p, c, _ := jailCase(t)
	r := runBSD(t, bsd(t), p, c, []string{fmt.Sprintf("GAOL_FAIL=jail_set 1 %d", syscall.EINVAL)})
	if want := fmt.Sprintf("failed op %d step 18 errno %d unknown parameter: allow.nosuser left -1 open 0", plan.JailAttach, syscall.EINVAL); r.said != want {
		t.Errorf("said %q, want %q", r.said, want)
	}
	cleared(t, c.Place)
}

func TestWhatIsNotAsItShouldBeEndsTheJail(t *testing.T) {
	driver := bsd(t)
	for name, row := range map[string]struct {
		env  []string
		step plan.Op
		err  syscall.Errno
		fds  func(base string) *os.File
	}{
		"no jail":                  {env: []string{"GAOL_NO_JAIL=1"}, step: plan.JailAttach, err: syscall.ENOTSUP},
		"devices beside":           {env: []string{"GAOL_NO_RULES=1"}, step: plan.JailDevfs, err: syscall.EPERM},
		"a mount that is written":  {env: []string{"GAOL_FORGETS=nullfs"}, step: plan.JailNullfs, err: syscall.EPERM},
		"a root that is written":   {env: []string{"GAOL_FORGETS=tmpfs"}, step: plan.JailSeal, err: syscall.EPERM},
		"somebody's ruleset":       {env: []string{"GAOL_OTHER_RULES=1"}, step: plan.JailDevfs, err: syscall.EEXIST},
		"a directory's descriptor": {step: plan.JailAttach, err: syscall.EISDIR, fds: func(base string) *os.File { f, _ := os.Open(base); return f }},
	} {
		p, c, base := jailCase(t)
		if row.fds != nil {
			c.FDs = []int{0, 2, 2, 10}
			c.Argv = []string{"sh", "-c", ":"}
			// the driver opens nothing at 10: the shell does
			steps, command := filed(t, p, c)
			log := filepath.Join(t.TempDir(), "log")
			cmd := exec.Command("/bin/bash", "-c", `exec 10<"$1"; shift; exec "$@"`, "sh", base, driver, steps, command)
			cmd.Env = append(os.Environ(), "GAOL_LOG="+log, "GAOL_PLACE="+c.Place)
			out, err := cmd.Output()
			if cmd.ProcessState.ExitCode() == 77 {
				t.Skip("namespaces of the driver's own are missing")
			}
			if err != nil || !strings.Contains(string(out), fmt.Sprintf("failed op %d step 18 errno %d", row.step, row.err)) {
				t.Errorf("%s: %q %v", name, out, err)
			}
			cleared(t, c.Place)
			continue
		}
		r := runBSD(t, driver, p, c, row.env)
		if !strings.Contains(r.said, fmt.Sprintf("failed op %d ", row.step)) || !strings.Contains(r.said, fmt.Sprintf("errno %d ", row.err)) || r.out != "" {
			t.Errorf("%s: %q", name, r.said)
		}
		cleared(t, c.Place)
	}
}

func TestWhatCannotBeUnmountedIsToldAndNotTriedForEver(t *testing.T) {
	t.Parallel() // it is tried for five seconds
	p, c, _ := jailCase(t)
	if r := runBSD(t, bsd(t), p, c, []string{"GAOL_FORGETS=unmount"}); !strings.Contains(r.said, fmt.Sprintf("release %d ", -int(syscall.EINVAL))) {
		t.Errorf("%q", r.said)
	}
}

func TestADirectoryThatIsTurnedElsewhereIsNotMounted(t *testing.T) {
	driver := bsd(t)
	p, c, base := jailCase(t)
	// between the look and the mount
	r := runBSD(t, driver, p, c, []string{"GAOL_SWAP=" + filepath.Join(base, "secret"), "GAOL_SWAPPED=" + filepath.Join(base, "in")})
	if want := fmt.Sprintf("failed op %d step 8 errno %d", plan.JailNullfs, syscall.ESTALE); !strings.HasPrefix(r.said, want) {
		t.Errorf("said %q, want %q", r.said, want)
	}
	cleared(t, c.Place)
	// links on the way, by then
	for _, turned := range []string{"in", "."} {
		p, c, base = jailCase(t)
		at := filepath.Join(base, turned)
		if turned == "." {
			at = filepath.Join(base, "in/keys")
			p.Steps[8].Text = at
		}
		if err := os.Rename(at, at+".old"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(base, "secret"), at); err != nil {
			t.Fatal(err)
		}
		r = runBSD(t, driver, p, c, nil)
		if !strings.HasPrefix(r.said, fmt.Sprintf("failed op %d step 8 errno ", plan.JailNullfs)) {
			t.Errorf("a link: %q", r.said)
		}
		cleared(t, c.Place)
	}
	// a file for a directory, a directory for a file, a device
	for _, row := range []struct {
		step int
		path string
		op   plan.Op
	}{{8, "/in/a", plan.JailNullfs}, {14, "/in", plan.JailCopy}, {14, "", plan.JailCopy}} {
		p, c, base = jailCase(t)
		p.Steps[row.step].Text = base + row.path
		if row.path == "" {
			p.Steps[row.step].Text = "/dev/null"
		}
		if r = runBSD(t, driver, p, c, nil); !strings.HasPrefix(r.said, fmt.Sprintf("failed op %d step %d ", row.op, row.step)) {
			t.Errorf("%s: %q", p.Steps[row.step].Text, r.said)
		}
		cleared(t, c.Place)
	}
	// what is mounted is the host's, and gets no directory
	p, c, _ = jailCase(t)
	p.Steps = slices.Insert(slices.Clone(p.Steps), 9, plan.Step{Op: plan.JailDir, Path: "/in/more", N: 0o755})
	if r = runBSD(t, driver, p, c, nil); !strings.HasPrefix(r.said, fmt.Sprintf("failed op %d step 9 errno %d", plan.JailDir, syscall.EXDEV)) {
		t.Errorf("said %q", r.said)
	}
	cleared(t, c.Place)
}

func TestAJailEndsWithItsCaller(t *testing.T) {
	driver := bsd(t)
	p, c, _ := jailCase(t)
	c.Argv = []string{"sh", "-c", "setsid sleep 1000 & sleep 1000"}
	r := runBSD(t, driver, p, c, nil, "abandon")
	pids := strings.Fields(r.said)
	if len(pids) != 2 {
		t.Fatal(r.said)
	}
	until := time.Now().Add(20 * time.Second)
	for _, pid := range pids {
		n, _ := strconv.Atoi(pid)
		for !goneProcess(n) && time.Now().Before(until) {
			time.Sleep(10 * time.Millisecond)
		}
		if !goneProcess(n) {
			t.Errorf("%s lives", pid)
		}
	}
	cleared(t, c.Place)
}

// goneProcess says that a process is gone, or a zombie that nobody here waits for.
func goneProcess(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	return err != nil || strings.HasPrefix(rest, "Z")
}

func TestWithoutItsKeeperTheCallerTakesAJailAway(t *testing.T) {
	driver := bsd(t)
	p, c, _ := jailCase(t)
	c.Argv = []string{"sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & :"}
	r := runBSD(t, driver, p, c, nil, "orphan")
	if r.said != "status 0 release 0 left -1 open 0" {
		t.Errorf("said %q", r.said)
	}
	cleared(t, c.Place)
}

func TestWhatTwoThatWereKilledHaveLeftIsFoundAndTakenAway(t *testing.T) {
	driver := bsd(t)
	p, c, _ := jailCase(t)
	c.Argv = []string{"sh", "-c", "sleep 1000"}
	r := runBSD(t, driver, p, c, nil, "sweep")
	if want := fmt.Sprintf("abandoned 0 1 cleared 0, then %d; again 0; status 9", -int(syscall.ENOENT)); r.said != want {
		t.Errorf("said %q, want %q", r.said, want)
	}
	cleared(t, c.Place)
}

func TestPrivateDirectoriesAreTheProgramsAndAsLargeAsTheCommandSays(t *testing.T) {
	driver := bsd(t)
	p, c, _ := jailCase(t)
	c.Disk = ",size=1048576,nr_inodes=320"
	c.Argv = []string{"sh", "-c", "stat -c %a /tmp; head -c 2000000 /dev/zero >/tmp/big 2>/dev/null || stat -c %s /tmp/big"}
	r := runBSD(t, driver, p, c, nil)
	if got := r.only("nmount"); len(got) < 2 || !strings.Contains(got[1], "/pool size 1048576") {
		t.Errorf("%q", got)
	}
	if !strings.HasPrefix(r.out, "700\n") {
		t.Errorf("wrote %q", r.out)
	}
	p, c, _ = jailCase(t)
	c.Disk = ",nr_inodes=320"
	if r = runBSD(t, driver, p, c, nil); !strings.HasPrefix(r.said, fmt.Sprintf("failed op %d step 1 errno %d ", plan.JailPool, syscall.EINVAL)) {
		t.Errorf("said %q", r.said)
	}
	cleared(t, c.Place)
}

// Flags of procctl(2): valid, child, reaper, zombie.
const (
	reapValid  = 1
	reapChild  = 2
	reapReaper = 4
	reapZombie = 8
)

func TestDescendantsAreThoseOfTheOneCommand(t *testing.T) {
	reap := func(env ...string) (string, []string) {
		log := filepath.Join(t.TempDir(), "log")
		cmd := exec.Command(bsd(t), "reaper", "10")
		cmd.Env = append(append(os.Environ(), "GAOL_LOG="+log), env...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines, _ := os.ReadFile(log)
		return strings.TrimSpace(string(out)), strings.Split(string(lines), "\n")
	}
	list := fmt.Sprint("GAOL_REAPS=", strings.Join([]string{
		fmt.Sprint(10, " ", 10, " ", reapValid|reapChild|reapZombie),            // the program, which its waiter takes in
		fmt.Sprint(11, " ", 10, " ", reapValid),                                 // in a session of its own, or not
		fmt.Sprint(12, " ", 10, " ", reapValid|reapReaper),                      // one that hides what is below it
		fmt.Sprint(13, " ", 10, " ", reapValid|reapZombie),                      // of a parent that lives
		fmt.Sprint(1<<22+1, " ", 10, " ", reapValid|reapChild|reapZombie),       // an orphan that has ended
		fmt.Sprint(14, " ", 14, " ", reapValid|reapChild),                       // another command's program
		fmt.Sprint(15, " ", 14, " ", reapValid),                                 // and what it has made
		fmt.Sprint(16, " ", 10, " ", reapValid|reapChild), "17 10 0", "18 10 1", // behind the last that is valid
	}, " "))
	out, calls := reap(list)
	if out != "reaper 0 list 11 12 16 killed 3 try 0" {
		t.Error(out)
	}
	if !slices.Contains(calls, "reap signal 9 flags 2 subtree 10") {
		t.Errorf("%q", calls)
	}
	for _, c := range calls {
		if strings.HasPrefix(c, "procctl") && !strings.HasPrefix(c, "procctl pid self") {
			t.Error(c)
		}
	}
	out, _ = reap(fmt.Sprintf("GAOL_FAIL=procctl 2 %d", syscall.EDOM))
	if out != fmt.Sprintf("reaper 0 list %d killed 3 try 0", -int(syscall.EDOM)) {
		t.Error(out)
	}
	// a mode that does not deny is none
	if out, _ = reap("GAOL_NO_MODE=1"); !strings.HasSuffix(out, fmt.Sprint(" try ", int(syscall.ENOTSUP))) {
		t.Error(out)
	}
	for call, want := range map[string]syscall.Errno{"cap_enter 1 38": syscall.ENOSYS, "pdfork 1 11": syscall.EAGAIN} {
		if out, _ = reap("GAOL_FAIL=" + call); !strings.HasSuffix(out, fmt.Sprint(" try ", int(want))) {
			t.Errorf("%s: %s", call, out)
		}
	}
}
