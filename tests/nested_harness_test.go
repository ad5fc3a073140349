//go:build linux && cgo

// This file makes the places in which gaol is started by nested_test.go: namespaces, other sandboxes, and what nested_filters_test.go puts
// around it. A place is a command that starts another; what it has to have, and the host lacks, skips the test by name.

package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/outside"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = helpersAre(map[string]func(string) error{"nested": nested})

var buildCommand sync.Once
var commandPath string

// gaolBinary is the gaol command, readable by all.
func gaolBinary() string {
	GinkgoHelper()
	buildCommand.Do(func() {
		at := filepath.Join(suiteDir, "gaol")
		if built := os.Getenv("GAOL_COMMAND"); built != "" {
			commandPath = copyFile(built, at, 0o755)
			return
		}
		_, here, _, _ := runtime.Caller(0)
		build := exec.Command("go", "build", "-buildvcs=false", "-o", at, "../cmd/gaol")
		build.Dir = filepath.Dir(here)
		if out, err := build.CombinedOutput(); err == nil {
			Expect(os.Chmod(at, 0o755)).To(Succeed())
			commandPath = at
		} else {
			GinkgoWriter.Printf("building the gaol command: %v: %s\n", err, out)
		}
	})
	if commandPath == "" {
		Skip("the gaol command is missing, and it cannot be built here; GAOL_COMMAND can name one")
	}
	return commandPath
}

// ---- places ----

// place starts commands somewhere.
type place struct {
	before  []string // what starts them
	script  string   // what is done first, there; $@ is then the command
	pids    bool     // it has numbers of processes of its own
	others  bool     // another program makes it, which the host may refuse
	missing string   // what stands in the way of the place itself
}

// inside is the command of that argv, in the place.
func (p place) inside(argv ...string) *exec.Cmd {
	GinkgoHelper()
	if p.missing != "" {
		Skip(p.missing + " is missing")
	}
	all := slices.Clone(p.before)
	if p.script != "" {
		all = append(all, "sh", "-c", "("+p.script+") >&2 || exit 77; exec \"$@\"", "sh")
	}
	all = append(all, argv...)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	DeferCleanup(cancel)
	cmd := exec.CommandContext(ctx, all[0], all[1:]...)
	cmd.Dir, cmd.Env = "/", slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, helperVariable+"=") })
	cmd.WaitDelay = time.Second
	return cmd
}

// asHelper is the argv of this test binary as a helper, for the end of another.
func asHelper(order string, argv ...string) []string {
	GinkgoHelper()
	self, err := os.Executable()
	Expect(err).NotTo(HaveOccurred())
	return append([]string{"env", helperVariable + "=" + order, self}, argv...)
}

// then is the place inside of p that starts its commands with argv.
func (p place) then(argv ...string) place {
	if p.script != "" {
		argv = append([]string{"sh", "-c", "(" + p.script + ") >&2 || exit 77; exec \"$@\"", "sh"}, argv...)
	}
	p.before, p.script = append(slices.Clone(p.before), argv...), ""
	return p
}

// filtered is the place behind a filter.
func (p place) filtered(name string) place {
	GinkgoHelper()
	return p.then(asHelper("behind " + name)...)
}

func needing(programs ...string) place {
	for _, program := range programs {
		if _, err := lookPath(program); err != nil {
			return place{missing: program}
		}
	}
	return place{}
}

// unshared is a place with a user and a mount namespace, where a script has mounted.
func unshared(more, script string) place {
	p := needing("unshare", "mount")
	p.others, p.before, p.script = true, []string{"unshare", "-Urm" + more}, script
	return p
}

// wrapped is a place of bubblewrap's, with the host's files.
func wrapped(flags ...string) place {
	p := needing("bwrap")
	p.others = true
	p.before = append(append([]string{"bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"}, flags...), "--")
	return p
}

// caged is a place in a sandbox of gaol's that grants what a gaol inside may ask for.
func caged(flags ...string) place {
	GinkgoHelper()
	self, err := os.Executable()
	Expect(err).NotTo(HaveOccurred())
	p := place{before: append([]string{gaolBinary(), "run", "--read", suiteDir, "--exec", suiteDir, "--read", self, "--exec", self}, flags...)}
	p.before = append(p.before, "--")
	return p
}

// ---- what is done in a place ----

// asked is a profile as the command and the library take it.
type asked struct {
	flags   []string
	profile string // without the line of the schema
}

var profiles = map[string]asked{
	"files":      {nil, ""},
	"system":     {[]string{"--system"}, "system = true"},
	"everywhere": {[]string{"--system", "--metadata", "/"}, "system = true\nmetadata = [\"/\"]"},
	"private":    {[]string{"--system", "--metadata", "/", "--private", "/tmp"}, "system = true\nmetadata = [\"/\"]\nprivate = [\"/tmp\"]"},
}

// outcome is what came of a profile: the engine, or why not.
type outcome struct {
	Engine string
	Said   string // by the program
	Type   string // of the error
	Error  string
}

// visit is what a helper does in a place.
type visit struct {
	Victim   string
	Profiles []string // names
}

// visited is what a helper saw.
type visited struct {
	Outcomes map[string]outcome
	Leaked   []string
}

// nested goes through New and a command with each profile, twice, and looks what is held more the second time.
func nested(text string) error {
	var v visit
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	var before outside.Holdings
	saw := visited{Outcomes: map[string]outcome{}}
	for round := range 2 {
		for _, name := range v.Profiles {
			saw.Outcomes[name] = libraryOutcome(v.Victim, profiles[name].profile)
		}
		settled()
		if now := outside.Holding(); round == 0 {
			before = now
		} else if !slices.Equal(now.FDs, before.FDs) || !slices.Equal(now.Children, before.Children) || !slices.Equal(now.Mounts, before.Mounts) {
			saw.Leaked = append(append(saw.Leaked, now.FDs...), now.Children...)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(saw)
}

func libraryOutcome(victim, text string) (o outcome) {
	p, err := gaol.ParseProfile("p.toml", []byte("schema = 1\n"+text))
	if err == nil {
		p, err = p.With(gaol.FileRead(gaol.Literal(victim)), gaol.FileExecute(gaol.Literal(victim)))
	}
	var s *gaol.Sandbox
	if err == nil {
		s, err = gaol.New(p)
	}
	if err == nil {
		defer s.Close()
		c := s.Command(nil, victim, "getpid")
		c.Dir = "/"
		var out []byte
		out, err = c.Output()
		o.Said, o.Engine = string(out), c.Report().Engine
	}
	if err != nil {
		o.Type, o.Error = fmt.Sprintf("%T", err), err.Error()
	}
	return o
}

// try goes to the place once, and skips the test where the host does not let anybody.
func (p place) try() {
	GinkgoHelper()
	out, err := p.inside("true").CombinedOutput()
	if text := string(out); err != nil && p.others && !strings.Contains(text, "helper: ") && !strings.Contains(text, "gaol: ") {
		Skip(fmt.Sprintf("a way to %s is missing: %v: %s", strings.Join(p.before[:min(len(p.before), 4)], " "), err, bytes.TrimSpace(out)))
	}
	Expect(err).NotTo(HaveOccurred(), "%s", out)
}

// library visits the place with this test binary.
func (p place) library(names ...string) visited {
	GinkgoHelper()
	text, err := json.Marshal(visit{victimPath, names})
	Expect(err).NotTo(HaveOccurred())
	cmd := p.inside(asHelper("nested " + string(text))...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), "%s%s", out, &stderr)
	var v visited
	Expect(json.Unmarshal(out, &v)).To(Succeed(), "%s", out)
	return v
}

// diagnosis is what gaol doctor --json says.
type diagnosis struct {
	Checks []struct {
		Mechanism, Detail, Fix string
		OK                     bool
	}
	Engines []struct{ Engine string }
}

func (p place) doctor() (d diagnosis) {
	GinkgoHelper()
	cmd := p.inside(gaolBinary(), "doctor", "--json")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		Fail(fmt.Sprintf("gaol doctor: %v: %s%s", err, out, &stderr))
	}
	Expect(json.Unmarshal(out, &d)).To(Succeed(), "%s%s", out, &stderr)
	return d
}

// run is gaol run with a profile, in the place.
func (p place) run(name string) (o outcome) {
	GinkgoHelper()
	// descriptor 3 is made there: another sandbox would not pass it on
	argv := []string{"sh", "-c", "exec \"$@\" 3>&1", "sh", gaolBinary(), "run", "--status-fd", "3", "--read", victimPath, "--exec", victimPath}
	cmd := p.inside(append(append(argv, profiles[name].flags...), "--", victimPath, "getpid")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	said, text, _ := strings.Cut(string(out), "{")
	var record struct {
		Engine string
		PID    int
		Error  *struct{ Step string }
		Exit   *struct{ Code int }
	}
	Expect(json.Unmarshal([]byte("{"+text), &record)).To(Succeed(), "%s%s%v", out, &stderr, err)
	o = outcome{Engine: record.Engine, Said: said, Error: stderr.String()}
	if record.Error != nil {
		o.Type = record.Error.Step
		var exit *exec.ExitError
		Expect(errors.As(err, &exit) && exit.ExitCode() == 125).To(BeTrue(), "%v: %s", err, &stderr)
	} else {
		Expect(err).NotTo(HaveOccurred(), "%s", &stderr)
		if !p.pids {
			Eventually(func() string { return state(record.PID) }).WithTimeout(patience).Should(BeEmpty(), "the init is left")
		}
	}
	Eventually(func() []int { return having(victimPath) }).WithTimeout(patience).Should(BeEmpty(), "processes are left")
	return o
}

// saysOf is what a program says, to both streams.
func saysOf(name string, arg ...string) string {
	out, _ := exec.Command(name, arg...).CombinedOutput()
	return string(out)
}
