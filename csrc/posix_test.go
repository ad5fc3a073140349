//go:build linux && cgo

package csrc

// The spawn of macOS and FreeBSD, which is nothing but POSIX, and the steps of macOS, with a Seatbelt of the test's own: built from the same
// sources by the test, and run here. What Apple's Seatbelt does with a profile is not in here, and no test on Linux can tell.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gaol-sandbox/gaol/internal/plan"
)

// posixRows are what the check of a plan refuses on those systems.
func posixRows(t *testing.T) []row {
	profile := plan.Step{Op: plan.Seatbelt, Text: "(version 1)", Params: []string{"R0", "/a"}}
	seatbelt := func(change func(b []byte, at int)) func([]byte) []byte {
		return func([]byte) []byte {
			b := encoded(t, plan.Plan{Steps: []plan.Step{profile}})
			change(b, int(ne.Uint32(b[headerSize+8:])))
			return b
		}
	}
	only := func(s ...plan.Step) func([]byte) []byte {
		return func([]byte) []byte { return encoded(t, plan.Plan{Steps: s}) }
	}
	opened := plan.Step{Op: plan.CapOpen, Path: "/srv", Flags: plan.CapDir, Rights: [2]uint64{1, 1}}
	linker := plan.Step{Op: plan.CapOpen, Path: "/libexec/ld-elf.so.1", Flags: plan.CapFile | plan.CapRead | plan.CapLoader}
	enter := plan.Step{Op: plan.CapEnter, Flags: plan.CapTrap}
	root, pool, seal := plan.Step{Op: plan.JailRoot, Text: "1"}, plan.Step{Op: plan.JailPool, Text: "1"}, plan.Step{Op: plan.JailSeal}
	dir, private := plan.Step{Op: plan.JailDir, Path: "/srv", N: 0o755}, plan.Step{Op: plan.JailPrivate, Path: "/tmp"}
	attach, confine := plan.Step{Op: plan.JailAttach, Params: []string{"children.max", "#0"}}, plan.Step{Op: plan.JailConfine}
	return []row{
		{"a profile", "", only(profile)},
		{"a profile without parameters", "", only(plan.Step{Op: plan.Seatbelt, Text: "(version 1)"})},
		{"limits before it", "", only(plan.Step{Op: plan.Rlimit, N: 4}, plan.Step{Op: plan.Limits}, profile)},
		{"two profiles", "a second profile", only(profile, profile)},
		{"a key without a value", "a parameter without a value", seatbelt(func(b []byte, at int) { set(b, at, 1) })},
		{"more parameters than there are bytes", "parameters outside of the plan", seatbelt(func(b []byte, at int) { set(b, at, 1<<31) })},
		{"parameters past the end", "parameters outside of the plan", seatbelt(func(b []byte, _ int) { set(b, headerSize+8, uint32(len(b))) })},
		{"parameters that are not aligned", "parameters outside of the plan", seatbelt(func(b []byte, at int) { set(b, headerSize+8, uint32(at+1)) })},
		{"a value past the end", "a string outside of the plan", seatbelt(func(b []byte, at int) { set(b, at+8, uint32(len(b))) })},
		{"descriptors and capability mode", "", only(opened, linker, plan.Step{Op: plan.Limits}, enter)},
		{"capability mode alone", "", only(enter)},
		{"descriptors without the mode", "descriptors without capability mode", only(opened)},
		{"a descriptor behind the mode", "a step behind capability mode", only(enter, opened)},
		{"the mode twice", "a step behind capability mode", only(enter, enter)},
		{"two linkers", "a second run-time linker", only(linker, linker, enter)},
		{"more descriptors than there may be", "too many descriptors of one plan", only(append(slices.Repeat([]plan.Step{opened}, plan.CapMax+1), enter)...)},
		{"as many as there may be", "", only(append(slices.Repeat([]plan.Step{opened}, plan.CapMax), enter)...)},
		{"a relative path", "a path that is not absolute", only(plan.Step{Op: plan.CapOpen, Path: "srv", Flags: plan.CapDir}, enter)},
		{"bits that are no rights", "rights that are none", only(plan.Step{Op: plan.CapOpen, Path: "/srv", Rights: [2]uint64{1 << 57}}, enter)},
		{"unknown flags of a descriptor", "unknown flags", only(plan.Step{Op: plan.CapOpen, Path: "/srv", Flags: 64}, enter)},
		{"unknown flags of the mode", "unknown flags", only(plan.Step{Op: plan.CapEnter, Flags: 2})},
		{"rights past the end", "rights outside of the plan", func([]byte) []byte {
			b := encoded(t, plan.Plan{Steps: []plan.Step{opened, enter}})
			set(b, headerSize+8, uint32(len(b)))
			return b
		}},
		{"a jail", "", only(root, dir, seal, attach, plan.Step{Op: plan.Rlimit, N: 4}, plan.Step{Op: plan.Limits}, confine)},
		{"a jail with a pool", "", only(root, pool, dir, private, plan.Step{Op: plan.JailEmpty, Path: "/srv"}, seal, attach, confine)},
		{"a view without a root", "a view without a root", only(dir, seal, attach, confine)},
		{"two roots", "a second root", only(root, root, seal, attach, confine)},
		{"a private directory without a pool", "a share without a pool", only(root, private, seal, attach, confine)},
		{"a step behind the seal", "a step behind the seal of the root", only(root, seal, dir, attach, confine)},
		{"a jail without a seal", "a jail without a view of its own", only(root, dir, attach, confine)},
		{"a jail without a view", "a jail without a view of its own", only(attach, confine)},
		{"two jails", "a jail without a view of its own", only(root, seal, attach, attach, confine)},
		{"a view and no jail", "a jail that is not entered", only(root, seal)},
		{"a view and capability mode instead", "a step before the jail", only(root, seal, enter)},
		{"a jail that is not confined", "a jail that is not entered", only(root, seal, attach, plan.Step{Op: plan.Limits})},
		{"a limit before the jail", "a step before the jail", only(root, seal, plan.Step{Op: plan.Rlimit, N: 4}, attach, confine)},
		{"a confinement without a jail", "a jail that is not entered", only(confine)},
		{"a step behind the confinement", "a step behind capability mode", only(root, seal, attach, confine, plan.Step{Op: plan.Limits})},
		{"descriptors in a jail", "descriptors in a jail", only(root, seal, attach, opened, confine)},
		{"a relative place of a mount", "a path that is not absolute", only(root, plan.Step{Op: plan.JailNullfs, Path: "srv", Text: "/srv"}, seal, attach, confine)},
		{"a relative path of the host", "a path that is not absolute", only(root, plan.Step{Op: plan.JailNullfs, Path: "/srv", Text: "srv"}, seal, attach, confine)},
		{"unknown flags of a mount", "unknown flags", only(root, plan.Step{Op: plan.JailNullfs, Path: "/srv", Text: "/srv", Flags: 4}, seal, attach, confine)},
		{"a step of Linux", "a step of another system", only(plan.Step{Op: plan.NoNewPrivs}, profile)},
		{"a filter", "a step of another system", only(plan.Step{Op: plan.Seccomp, Filter: longFilter(1)})},
	}
}

// posix builds the driver.
func posix(t *testing.T, flags ...string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is missing")
	}
	driver := filepath.Join(t.TempDir(), "driver")
	args := append([]string{"-std=gnu11", "-DGAOL_POSIX", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-rdynamic", "-I.", "-o", driver}, flags...)
	args = append(args, "testdata/posix_driver.c", "spawn_posix.c", "step_darwin.c", "plan.c", "-ldl", "-lpthread")
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return driver
}

func written(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestThePlanCheckRefusesOnOtherSystems(t *testing.T) {
	driver := posix(t)
	check := func(b []byte) error {
		out, err := exec.Command(driver, "check", written(t, "plan", b)).Output()
		if err != nil {
			return err
		}
		if len(out) > 0 {
			return fmt.Errorf("%s", out)
		}
		return nil
	}
	tryRows(t, func() []byte { return nil }, check, posixRows(t))
}

const seatbeltText = "(version 1)(deny default)"

// filed are the files of a plan and of a command, whose output goes to standard error.
func filed(t *testing.T, p plan.Plan, c plan.Command) (steps, command string) {
	t.Helper()
	if c.Dir == "" {
		c.Dir = "/"
	}
	if c.FDs == nil {
		c.FDs = []int{0, 2, 2}
	}
	c.TTY = -1
	a, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return written(t, "plan", a), written(t, "command", b)
}

// spawnPosix runs a command with the driver: what it says, and what the program and the Seatbelt wrote.
func spawnPosix(t *testing.T, driver, text string, c plan.Command, steps ...plan.Step) (said, out string) {
	t.Helper()
	steps = append(steps, plan.Step{Op: plan.Seatbelt, Text: text, Params: []string{"R0", "/a b", "R1", "/c"}})
	p, command := filed(t, plan.Plan{Steps: steps}, c)
	var stderr strings.Builder
	cmd := exec.Command(driver, "run", p, command, "leave", "300")
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, b, stderr.String())
	}
	return strings.TrimSpace(string(b)), stderr.String()
}

func shell(script string) plan.Command {
	return plan.Command{Argv: []string{"sh", "-c", script}, Env: []string{"A=1"}, Candidates: []string{"/nowhere/sh", "/bin/sh"}}
}

const applied = "param R0=/a b\nparam R1=/c\napplied " + seatbeltText + "\n"

func TestTheSpawnOfOtherSystems(t *testing.T) {
	driver := posix(t, "-fsanitize=undefined", "-fno-sanitize-recover=all")
	plain := written(t, "plain", []byte("no program"))
	fine := "status 0 await 0 leader 1 live 0"
	for _, r := range []struct {
		name, script, text, said, out string
		change                        func(*plan.Command)
		steps                         []plan.Step
	}{
		{name: "runs the program under the profile", script: "echo $A; pwd; exit 7", said: "status 1792 await 0 leader 1 live 0", out: applied + "1\n/\n"},
		{name: "waits for one that has stopped itself", script: "(sleep .3; kill -CONT $$) & kill -STOP $$; exit 3", said: "status 768 await 0 leader 1 live 0", out: applied},
		{name: "a warning is no error", text: seatbeltText + "warn", script: ":", said: fine, out: "param R0=/a b\nparam R1=/c\napplied " + seatbeltText + "warn\n"},
		{name: "the directory", script: "pwd", said: fine, out: applied + "/usr\n", change: func(c *plan.Command) { c.Dir = "/usr" }},
		{name: "no other descriptor is open", script: "for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done; :", said: fine, out: applied + "0\n1\n2\n"},
		// glibc keeps signals 32 and 33 for itself, so that here, not on those systems, they stay as they were
		{name: "signals are neither blocked nor ignored", script: "for s in Blk Ign; do printf '%x\\n' $((0x$(sed -n \"s/^Sig$s:[[:space:]]*//p\" /proc/$$/status) & ~0x180000000)); done", said: fine, out: applied + "0\n0\n"},
		{name: "a session of its own", script: "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && [ $6 = $$ ] && [ $7 = 0 ] && echo yes", said: fine, out: applied + "yes\n"},
		{name: "the plan's limit", script: "ulimit -c", said: fine, out: applied + "0\n", steps: []plan.Step{{Op: plan.Rlimit, N: syscall.RLIMIT_CORE}}},
		{name: "the command's limits", script: "ulimit -n; ulimit -Hn", said: fine, out: applied + "100\n200\n", steps: []plan.Step{{Op: plan.Limits}},
			change: func(c *plan.Command) {
				c.Limits = []plan.ResourceLimit{{Resource: syscall.RLIMIT_NOFILE, Limit: plan.Limit{Soft: 100, Hard: 200}}}
			}},
		{name: "a limit that cannot be", steps: []plan.Step{{Op: plan.Rlimit, N: syscall.RLIMIT_NOFILE, Limit: plan.Limit{Soft: 2, Hard: 1}}},
			said: failed(plan.Rlimit, 0, syscall.EINVAL), out: "param R0=/a b\nparam R1=/c\n"},
		{name: "nothing at any candidate", change: func(c *plan.Command) { c.Candidates = []string{"/nowhere", "/bin/sh/x"} },
			said: failed(plan.Exec, 1, syscall.ENOTDIR), out: applied},
		{name: "a candidate that may not be executed", change: func(c *plan.Command) { c.Candidates = []string{plain, "/nowhere"} },
			said: failed(plan.Exec, 0, syscall.EACCES), out: applied},
		{name: "no such directory", change: func(c *plan.Command) { c.Dir = "/nowhere" }, said: failed(plan.Chdir, 0, syscall.ENOENT), out: "param R0=/a b\nparam R1=/c\n"},
		{name: "a descriptor that is closed", change: func(c *plan.Command) { c.FDs = []int{0, 2, 999} }, said: failed(plan.FD, 2, syscall.EBADF), out: "param R0=/a b\nparam R1=/c\n"},
		{name: "in a sandbox already", text: "nested", said: failed(plan.Seatbelt, 0, syscall.EPERM), out: "param R0=/a b\nparam R1=/c\n"},
		{name: "refused without a reason", text: "silent", said: failed(plan.Seatbelt, 0, syscall.EINVAL), out: "param R0=/a b\nparam R1=/c\n"},
		{name: "does not compile", text: "wrong", said: "prepare 22 profile: unbound variable: wrong live 0", out: "param R0=/a b\nparam R1=/c\n"},
	} {
		t.Run(r.name, func(t *testing.T) {
			c := shell(r.script)
			if r.change != nil {
				r.change(&c)
			}
			if r.text == "" {
				r.text = seatbeltText
			}
			said, out := spawnPosix(t, driver, r.text, c, r.steps...)
			if said != r.said || out != r.out {
				t.Errorf("said %q, want %q; wrote %q, want %q", said, r.said, out, r.out)
			}
		})
	}
}

// failed is what the driver says of a child that ended with a record; there is none left of it, and nothing of the profile.
func failed(op plan.Op, step int, errno syscall.Errno) string {
	return fmt.Sprintf("failed op %d step %d errno %d  left -1 live 0", uint32(op), step, int(errno))
}

func TestDescriptorsAreMovedToTheirNumbersWhateverLiesThere(t *testing.T) {
	driver := posix(t)
	for _, fds := range [][]int{{0, 2, 2}, {2, 0, 2}, {0, 2, 2, 0, 2, 0}, {5, 2, 2, 7}, {0, 2, 2, 2, 2, 2, 2, 2, 2, 2}} {
		c := shell("for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/} >&2; done")
		c.FDs = fds
		want := applied
		for i := range fds {
			want += fmt.Sprintln(i)
		}
		if _, out := spawnPosix(t, driver, seatbeltText, c); out != want {
			t.Errorf("%v: got %q", fds, out)
		}
	}
}

func TestWithoutACompilerTheChildInitialises(t *testing.T) {
	driver := posix(t, "-DNO_COMPILE")
	said, out := spawnPosix(t, driver, seatbeltText, shell("echo in"))
	if said != "status 0 await 0 leader 1 live 0" || out != "initialised "+seatbeltText+" flags 0 R0 /a b R1 /c\nin\n" {
		t.Errorf("said %q, wrote %q", said, out)
	}
	said, _ = spawnPosix(t, driver, "wrong", shell(":"))
	if want := fmt.Sprintf("failed op %d step 0 errno 22 profile: unbound variable: wrong left -1 live 0", plan.Seatbelt); said != want {
		t.Errorf("said %q", said)
	}
}

func TestAnotherUserOfOtherSystems(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root is missing, who alone may choose another user")
	}
	driver := posix(t)
	c := shell("id -u; id -g; id -G")
	c.User = &plan.User{Uid: 54321, Gid: 54322, Groups: []uint32{54323, 54324}}
	if _, out := spawnPosix(t, driver, seatbeltText, c); out != applied+"54321\n54322\n54322 54323 54324\n" {
		t.Errorf("wrote %q", out)
	}
}

// call runs the driver with a plan and a command that says "in"; env is added to its environment.
func call(t *testing.T, driver, env string, steps ...plan.Step) (said, out string) {
	t.Helper()
	p, err := plan.Plan{Steps: steps}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c := shell("echo in >&2")
	c.Dir, c.FDs, c.TTY = "/", []int{0, 2, 2}, -1
	encoded, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd := exec.Command(driver, "run", written(t, "plan", p), written(t, "command", encoded))
	cmd.Env, cmd.Stderr = append(os.Environ(), env), &stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, b, stderr.String())
	}
	return strings.TrimSpace(string(b)), stderr.String()
}

// What is called in the child of a process with threads is one function that was looked up before; what was made is freed by who has made it.
func TestTheCallsOfSeatbeltAreInOrder(t *testing.T) {
	profile := plan.Step{Op: plan.Seatbelt, Text: seatbeltText, Params: []string{"R0", "/a b"}}
	_, out := call(t, posix(t), "TRACE=1", profile)
	if want := "caller: create_params\nparam R0=/a b\ncaller: compile_string\ncaller: free_params\nchild: apply\napplied " + seatbeltText + "\ncaller: free_profile\n"; strings.Replace(out, "in\n", "", 1) != want { // the program says so when it gets to

		t.Errorf("got %q", out)
	}
	profile.Text = "wrong"
	said, out := call(t, posix(t), "TRACE=1", profile)
	if want := "caller: create_params\nparam R0=/a b\ncaller: compile_string\ncaller: free_params\ncaller: free_error\n"; out != want || !strings.HasPrefix(said, "prepare 22 profile: unbound") {
		t.Errorf("said %q, got %q", said, out)
	}
	profile.Text = seatbeltText
	_, out = call(t, posix(t, "-DNO_COMPILE"), "TRACE=1", profile)
	if want := "child: init_with_parameters\ninitialised " + seatbeltText + " flags 0 R0 /a b\nin\n"; out != want {
		t.Errorf("got %q", out)
	}
}

func TestNothingRunsWithoutAWholeProfile(t *testing.T) {
	driver := posix(t)
	for _, c := range []struct {
		name, said string
		steps      []plan.Step
	}{
		{"no profile", "prepare 22  live 0", []plan.Step{{Op: plan.Limits}}},
		{"a parameter that is refused", "prepare 12  live 0", []plan.Step{{Op: plan.Seatbelt, Text: seatbeltText, Params: []string{"R0", "refused"}}}},
		{"no profile comes out, and no word", "prepare 22  live 0", []plan.Step{{Op: plan.Seatbelt, Text: "mute"}}},
	} {
		if said, out := call(t, driver, "", c.steps...); said != c.said || strings.Contains(out, "in\n") {
			t.Errorf("%s: said %q, wrote %q", c.name, said, out)
		}
	}
}

func TestProfilesAreCompiledOneAtATime(t *testing.T) {
	p, err := plan.Plan{Steps: []plan.Step{{Op: plan.Seatbelt, Text: seatbeltText}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(posix(t), "threads", written(t, "plan", p)).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAProfileThatHoldsNothingIsNoSeatbelt(t *testing.T) {
	for _, flags := range [][]string{nil, {"-DNO_COMPILE"}} {
		cmd := exec.Command(posix(t, flags...), "try")
		cmd.Env = append(os.Environ(), "TOOTHLESS=1")
		if out, err := cmd.Output(); err != nil || !strings.HasPrefix(string(out), fmt.Sprint(int(syscall.ENOTSUP), " it was applied, and denies nothing ")) {
			t.Errorf("%q, %v", out, err)
		}
	}
}

func TestSeatbeltIsTriedInAChild(t *testing.T) {
	driver := posix(t)
	cmd := exec.Command(driver, "try")
	if out, err := cmd.Output(); err != nil || string(out) != "0  inside 0 symbols 7 lookup 0 live 0\n" {
		t.Errorf("%q, %v", out, err)
	}
	cmd = exec.Command(posix(t, "-DNO_COMPILE"), "try")
	cmd.Env = append(os.Environ(), "INSIDE=1")
	if out, err := cmd.Output(); err != nil || string(out) != "0  inside 1 symbols 6 lookup 1 live 0\n" {
		t.Errorf("%q, %v", out, err)
	}
}
