//go:build linux && cgo

// This file runs the table of cases through Go. The runners in C and Python do the same with the same words, line by line: what is
// changed here is changed there, and tests/agree compares what they have seen.

package tests

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gaol-sandbox/gaol"
	"github.com/gaol-sandbox/gaol/tests/cases"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// caseResults is what was seen: of each case a block of lines.
var caseResults = make([]string, len(table.Cases))

var _ = AfterSuite(func() {
	if dir := os.Getenv("GAOL_CASES_RESULTS"); dir != "" {
		Expect(os.WriteFile(filepath.Join(dir, "go"), []byte(strings.Join(caseResults, "")), 0o644)).To(Succeed())
	}
})

var _ = Describe("Case", Label(withoutNamespaces), func() {
	for i, c := range table.Cases {
		It(c.Operation+": "+c.Name, func() {
			var wrong []string
			ran, skipped := 0, ""
			for _, engine := range cases.Engines {
				for _, p := range c.Parts(engine) {
					saw := lacks(engine, c.Needs)
					if saw == "" {
						saw = runPart(engine, p)
					}
					met := attempt{want: p.Want}.met(saw)
					if mechanism, ok := strings.CutPrefix(saw, "unsupported "); ok && !met && absent(mechanism) {
						saw = "skipped: " + mechanism + " is missing"
					}
					caseResults[i] += strings.Join([]string{c.Name, engine, p.Name, saw}, "\t") + "\n"
					switch {
					case strings.HasPrefix(saw, "skipped: "):
						skipped = strings.TrimPrefix(saw, "skipped: ")
					case !met:
						wrong = append(wrong, fmt.Sprintf("%s, %s engine: %s, want %s", p.Name, engine, saw, p.Want))
						fallthrough
					default:
						ran++
					}
				}
			}
			Expect(wrong).To(BeEmpty())
			if ran == 0 {
				Skip(skipped)
			}
		})
	}
})

// lacks says what an engine or a case needs and this host has not, or has; it is empty if nothing is in the way.
func lacks(engine string, needs []string) string {
	for _, need := range append([]string{map[string]string{"namespace": "namespaces", "landlock": "Landlock 2"}[engine]}, needs...) {
		name, not := strings.CutPrefix(need, "no ")
		least := 0
		if version, ok := strings.CutPrefix(name, "Landlock "); ok {
			name = "Landlock"
			least, _ = strconv.Atoi(version)
		}
		has := slices.ContainsFunc(gaol.Probe().Checks(), func(c gaol.Check) bool {
			abi, _ := strconv.Atoi(strings.TrimPrefix(c.Detail, "ABI "))
			return c.Mechanism == name && c.OK && abi >= least
		})
		switch {
		case has && not:
			return "skipped: " + need[len("no "):] + " is there"
		case !has && !not:
			return "skipped: " + need + " is missing"
		}
	}
	return ""
}

// absent is whether this host lacks a mechanism as a whole.
func absent(mechanism string) bool {
	return slices.ContainsFunc(gaol.Probe().Checks(), func(c gaol.Check) bool { return c.Mechanism == mechanism && !c.OK })
}

// runPart runs the victim in a tree of its own, and says in a line what came of it.
func runPart(engine string, p cases.Part) string {
	GinkgoHelper()
	names := growTree()
	profile, err := gaol.ParseProfile("case.json", []byte(names.Replace(string(table.Profile(p.Profile)))))
	if err == nil {
		profile, err = profile.With(gaol.WithEngine(map[string]gaol.Engine{"namespace": gaol.EngineNamespace, "landlock": gaol.EngineLandlock}[engine]))
	}
	var s *gaol.Sandbox
	if err == nil {
		s, err = gaol.New(profile)
	}
	if err != nil {
		return neverRan(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stdout bytes.Buffer
	var action []string
	for _, a := range p.Action {
		action = append(action, names.Replace(a))
	}
	cmd := s.Command(ctx, victimPath, action...)
	cmd.Stdout, cmd.Stderr = &stdout, io.Discard // a limit of output counts what comes through gaol
	if p.Profile["dir"] == nil {
		cmd.Dir = "/"
	}
	err = cmd.Run()
	Expect(ctx.Err()).NotTo(HaveOccurred(), "the victim hangs: %v", action)
	if cmd.ProcessState == nil {
		return neverRan(err)
	}
	saw := strings.ReplaceAll(strings.TrimSuffix(names.Restore(stdout.String()), "\n"), "\n", "; ")
	switch state := cmd.ProcessState; state.End() {
	case gaol.EndExited:
		if state.ExitCode() != 0 {
			return fmt.Sprintf("exit %d", state.ExitCode())
		}
		return saw
	case gaol.EndSignaled:
		return fmt.Sprintf("signal %d", int(state.Signal()))
	case gaol.EndDenied:
		name, _, _ := state.Syscall()
		return "denied " + name
	default:
		return state.End().String()
	}
}

// neverRan is the word for an error of what never ran: "profile" with the key or errno, "unsupported" with the mechanism that is missing
// first, or "setup" with the step and the errno.
func neverRan(err error) string {
	var profile *gaol.ProfileError
	var unsupported *gaol.UnsupportedError
	var setup *gaol.SetupError
	errno := syscall.EINVAL
	errors.As(err, &errno)
	switch {
	case errors.As(err, &profile) && profile.Key != "":
		return "profile " + profile.Key
	case errors.As(err, &profile):
		return "profile " + unix.ErrnoName(errno)
	case errors.As(err, &unsupported):
		return "unsupported " + unsupported.Operations[0].Mechanism
	case errors.As(err, &setup):
		return "setup " + setup.Step + " " + unix.ErrnoName(errno)
	}
	return "error " + fmt.Sprint(err)
}

// tableNames are the words ${…} of the table, and what they stand for here.
type tableNames [][2]string

func (n tableNames) Replace(text string) string {
	for _, name := range n {
		text = strings.ReplaceAll(text, name[0], name[1])
	}
	return text
}

// Restore makes of what the victim said what is the same in each run; ports and numbers might be anything.
func (n tableNames) Restore(text string) string { return strings.ReplaceAll(text, n[0][1], n[0][0]) }

// growTree makes the tree of the table, its sockets included, and the services; all end with the test.
func growTree() tableNames {
	GinkgoHelper()
	dir := tempDir()
	for _, entry := range table.Tree {
		switch {
		case entry["dir"] != "":
			makeDir(dir, entry["dir"])
		case entry["file"] != "":
			writeFile(entry["text"], dir, entry["file"])
		case entry["link"] != "":
			link(entry["to"], dir, entry["link"])
		case entry["victim"] != "":
			copyFile(victimPath, filepath.Join(dir, entry["victim"]), 0o755)
		case entry["socket"] != "":
			serveCase("unix", filepath.Join(dir, entry["socket"]))
		default:
			Fail(fmt.Sprintf("what is %v?", entry))
		}
	}
	abstract := "@gaol-cases-" + filepath.Base(dir)
	serveCase("unix", abstract)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(udp.Close)
	return tableNames{{"${T}", dir}, {"${VICTIM}", victimPath}, {"${TCP}", serveCase("tcp", "127.0.0.1:0")}, {"${TCP2}", serveCase("tcp", "127.0.0.1:0")},
		{"${UDP}", strconv.Itoa(portOf(udp.LocalAddr().String()))}, {"${FREE}", strconv.Itoa(freePort())}, {"${ABSTRACT}", abstract}, {"${PID}", strconv.Itoa(os.Getpid())}}
}

// serveCase listens, and leaves who comes to the kernel's queue. It returns the port, if there is one.
func serveCase(network, address string) string {
	GinkgoHelper()
	l, err := net.Listen(network, address)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(l.Close)
	if network == "unix" {
		return ""
	}
	return strconv.Itoa(portOf(l.Addr().String()))
}

func init() {
	if err := os.Setenv("GAOL_CASES_WORD", "passed"); err != nil {
		panic(err)
	}
}
