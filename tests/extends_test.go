//go:build linux && cgo

// These tests are about profile files that narrow others: what a narrowing file names may not lead out of what its base allows, through
// links of the host either. The spelling is checked in internal/profile; here the host has the links.

package tests

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gaol-sandbox/gaol"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// loaded writes the files, each "name: line; line", and compiles the last.
func loaded(files ...string) (*gaol.Sandbox, error) {
	GinkgoHelper()
	dir, last := tempDir(), ""
	for _, f := range files {
		name, lines, _ := strings.Cut(f, ": ")
		last = writeFile("schema = 1\n"+strings.ReplaceAll(lines, "; ", "\n")+"\n", dir, name)
	}
	p, err := gaol.LoadProfile(last)
	Expect(err).NotTo(HaveOccurred(), "by their spelling these are within")
	p, err = p.With(gaol.FileRead(gaol.Literal(victimPath)), gaol.FileExecute(gaol.Literal(victimPath)))
	Expect(err).NotTo(HaveOccurred())
	s, err := gaol.New(p)
	if err == nil {
		DeferCleanup(s.Close)
	}
	return s, err
}

var _ = Describe("A profile file that narrows another", func() {
	var c *canaries
	var in, inside string
	BeforeEach(func() {
		c, in = newCanaries(), tempDir()
		inside = writeFile("inside", makeDir(in, "real"), "file")
		link(c.Secret, in, "out")      // → outside
		link(c.Dir, in, "outdir")      // → outside
		link("real", in, "within")     // → inside
		link("real/file", in, "file")  // → inside
		link("within/file", in, "two") // → inside, by two links
		link("outdir", in, "chain")    // → outside, by two links
	})

	base := func(key, path string) string { return fmt.Sprintf("base.toml: %s = [%q]", key, path) }
	child := func(key, path string) string {
		return fmt.Sprintf("child.toml: extends = \"base.toml\"; %s = [%q]", key, path)
	}

	It("is refused where it names a link that leads out, and the error names both", func() {
		for _, key := range []string{"read", "metadata", "write", "exec"} {
			if key == "write" || key == "metadata" {
				needLandlock(2)
			}
			for path, target := range map[string]string{"/out": c.Secret, "/outdir": c.Dir, "/outdir/secret": c.Secret, "/chain": c.Dir, "/chain/sub": c.Sub, "/outdir/link": c.Secret} {
				_, err := loaded(base(key, in), child(key, in+path))
				var bad *gaol.ProfileError
				Expect(errors.As(err, &bad)).To(BeTrue(), "%s %s: %v", key, path, err)
				Expect(bad.Path).To(Equal(in + path))
				Expect(err).To(MatchError(And(ContainSubstring("leads to "+target+","), ContainSubstring("the extended file does not allow"))))
			}
		}
	})

	It("is refused in the third file, too, and by a link of one that is extended with another", func() {
		for _, files := range [][]string{
			{base("read", in), "mid.toml: extends = \"base.toml\"; read = [\"" + in + "/outdir/sub\"]", "child.toml: extends = \"mid.toml\""},
			{base("read", in), "mid.toml: extends = \"base.toml\"", strings.Replace(child("read", in+"/out"), "base.toml", "mid.toml", 1)},
			{base("read", in), "other.toml: metadata = [\"" + c.Dir + "\"]", "child.toml: extends = [\"base.toml\", \"other.toml\"]; read = [\"" + in + "/out\"]"},
		} {
			_, err := loaded(files...)
			Expect(err).To(BeAssignableToTypeOf(&gaol.ProfileError{}), "%v: %v", files, err)
			Expect(err).To(MatchError(ContainSubstring("the extended file does not allow")))
		}
	})

	It("may name what lies within, by links as well", func() {
		needLandlock(2)
		for path, found := range map[string]string{"/within": "/within/file", "/file": "/file", "/two": "/two", "/real": "/real/file", "/within/file": "/within/file"} {
			s, err := loaded(base("read", in), child("read", in+path))
			Expect(err).NotTo(HaveOccurred(), path)
			try(s, want("ok inside", "read", in+found), want("ok inside", "read", inside), want("ENOENT", "lstat", c.Secret), want("ENOENT", "lstat", in+"/out"))
		}
	})

	It("may name what its base names itself, or allows elsewhere, or what it widens to", func() {
		needLandlock(2)
		for _, files := range [][]string{
			{base("read", in+"/out"), child("read", in+"/out")},
			{"base.toml: read = [\"" + in + "\", \"" + in + "/out\"]", child("read", in+"/out")},
			{"base.toml: read = [\"" + in + "\", \"" + c.Dir + "\"]", child("read", in+"/out")},
			{base("read", in), "child.toml: extends = \"base.toml\"; widen = true; read = [\"" + in + "/out\"]"},
		} {
			s, err := loaded(files...)
			Expect(err).NotTo(HaveOccurred(), "%v", files)
			try(s, want("ok secret", "read", in+"/out"), want("ok secret", "read", c.Secret), want("ENOENT", "lstat", c.Sub+"/none"))
		}
	})

	It("does not get what its base's link leads to by the name of a directory above", func() {
		needLandlock(2)
		_, err := loaded(base("read", in+"/out"), child("read", in+"/out"))
		Expect(err).NotTo(HaveOccurred())
		s, err := loaded(base("read", in), "child.toml: extends = \"base.toml\"")
		Expect(err).NotTo(HaveOccurred())
		try(s, want("ENOENT|EACCES", "read", in+"/out"), want("ok inside", "read", in+"/two"), want("ENOENT|EACCES", "lstat", c.Secret))
	})
})
