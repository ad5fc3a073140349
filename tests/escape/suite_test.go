//go:build linux && cgo

// Package escape runs every attack of internal/escape and its twin, on each engine that this host has, and each test of Servo's gaol by
// its name. It must work as root and as any other user, from a compiled test binary, and on a machine without Go if GAOL_ESCAPE names a
// gaol that was built before: the program inside, which is best built without cgo.
package escape

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	attacks "github.com/gaol-sandbox/gaol/internal/escape"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
)

func TestEscape(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "gaol, attacked")
}

// A skip must be seen: it is an attack that was not made on this host.
var _ = ReportAfterSuite("skips", func(r Report) {
	for _, spec := range r.SpecReports {
		if spec.State.Is(types.SpecStateSkipped) && spec.Failure.Message != "" {
			fmt.Printf("\nskipped: %s: %s\n", spec.FullText(), spec.Failure.Message)
		}
		for _, e := range spec.ReportEntries {
			fmt.Printf("\n%s: %s: %s\n", e.Name, spec.FullText(), e.StringRepresentation())
		}
	}
})

var (
	runner  *attacks.Runner
	program string
)

var _ = BeforeSuite(func() {
	dir, err := os.MkdirTemp("", "gaol-escape-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	program = os.Getenv("GAOL_ESCAPE")
	if program == "" {
		program = filepath.Join(dir, "gaol")
		_, here, _, _ := runtime.Caller(0)
		build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../../cmd/gaol")
		build.Dir = filepath.Dir(here)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := build.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "building gaol (GAOL_ESCAPE can name one that was built before): %s", out)
	}
	runner, err = attacks.NewRunner(program)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(runner.Close)
})

var _ = Describe("The table", func() {
	It("has at least 60 attacks with a name of its own, a description and a code", func() {
		Expect(len(attacks.All())).To(BeNumerically(">=", 60))
		seen := map[string]bool{}
		for _, a := range attacks.All() {
			Expect(a.Name).To(MatchRegexp(`^[a-z0-9]+(-[a-z0-9]+)*$`))
			Expect(seen[a.Name]).To(BeFalse(), a.Name)
			Expect(a.About).NotTo(BeEmpty(), a.Name)
			Expect(a.Want).NotTo(BeEmpty(), a.Name)
			Expect(a.Inside).NotTo(BeNil(), a.Name)
			seen[a.Name] = true
		}
	})

	It("has every test of Servo's gaol", func() {
		Expect(attacks.Names()).To(ContainElements("file-read-all", "file-read-metadata", "forbidden-syscalls", "network-outbound", "system-info-read"))
	})
})

var _ = Describe("The program inside", func() {
	It("attacks nothing outside of a sandbox", func() {
		out, err := exec.Command(program, attacks.Word, "kill-everything", "attack", "namespace", "0").CombinedOutput()
		Expect(err).To(MatchError("exit status 125"), "%s", out)
		Expect(string(out)).To(Equal("gaol: this is no sandbox\n"))
	})
})

var _ = Describe("An attack", func() {
	for _, e := range attacks.Engines() {
		for _, a := range attacks.All() {
			It("by "+a.Name+" comes to nothing, and its twin succeeds, on the engine "+string(e), func() {
				r := runner.Run(context.Background(), a, e)
				switch r.Verdict {
				case attacks.Skipped:
					Skip(r.Reason)
				case attacks.Refused:
					AddReportEntry("refused", r.Reason)
				}
				Expect(r.Verdict).To(Or(Equal(attacks.Held), Equal(attacks.Refused)), "%s: seen %s, want %s; the twin %s: %s", a.About, r.Seen, r.Want, r.Twin, r.Reason)
			})
		}
	}

	It("needs an engine", func() {
		if len(attacks.Engines()) == 0 {
			Skip("this host has no engine: there is nothing to attack")
		}
	})
})
