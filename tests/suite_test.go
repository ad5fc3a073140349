//go:build linux && cgo

// Package tests is the live tier: the victim tries operations in real sandboxes of this host, and each test asserts what came out.
// This file starts the suite and builds the victim; it must work as root and as any other user, from a compiled test binary, and on a
// machine without Go if GAOL_VICTIM names a victim that was built before.
package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
)

func TestLive(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "gaol, live")
}

// A skip must be seen: it is a promise that was not tested on this host.
var _ = ReportAfterSuite("skips", func(r Report) {
	for _, spec := range r.SpecReports {
		if spec.State.Is(types.SpecStateSkipped) && spec.Failure.Message != "" {
			fmt.Printf("\nskipped: %s: %s\n", spec.FullText(), spec.Failure.Message)
		}
	}
})

// suiteDir holds the victim and all temporary directories; victimPath is the victim, readable by all.
var suiteDir, victimPath string

// withoutNamespaces is the label of what is tried with the landlock engine: it needs no namespaces.
const withoutNamespaces = "landlock engine"

// barred says what keeps the namespace engine from working here; empty if nothing does.
var barred string

var _ = BeforeEach(func() {
	if barred != "" && !slices.Contains(CurrentSpecReport().Labels(), withoutNamespaces) {
		Skip("the namespace engine is missing: " + barred)
	}
})

var _ = BeforeSuite(func() {
	for _, c := range gaol.Probe().Checks() {
		if c.Mechanism == "namespaces" && !c.OK {
			barred = c.Detail
		}
	}
	var err error
	suiteDir, err = os.MkdirTemp(base(), "gaol-live-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, suiteDir)
	Expect(os.Chmod(suiteDir, 0o755)).To(Succeed())
	suiteDir, err = filepath.EvalSymlinks(suiteDir)
	Expect(err).NotTo(HaveOccurred())

	victimPath = filepath.Join(suiteDir, "victim")
	if built := os.Getenv("GAOL_VICTIM"); built != "" {
		copyFile(built, victimPath, 0o755)
		return
	}
	_, here, _, _ := runtime.Caller(0)
	build := exec.Command("go", "build", "-buildvcs=false", "-o", victimPath, "./victim")
	build.Dir = filepath.Dir(here)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "building the victim (GAOL_VICTIM can name one that was built before): %s", out)
	Expect(os.Chmod(victimPath, 0o755)).To(Succeed())
})

// base is where temporary directories go: not /tmp, if there is another place, because tests make /tmp private.
func base() string {
	for _, dir := range []string{os.Getenv("TMPDIR"), "/var/tmp"} {
		if dir == "" {
			continue
		}
		if probe, err := os.MkdirTemp(dir, "gaol-live-"); err == nil {
			_ = os.Remove(probe)
			return dir
		}
	}
	return os.TempDir()
}
