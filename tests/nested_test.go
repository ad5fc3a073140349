//go:build linux && cgo

// These tests start gaol where it is not the first: inside itself, inside bubblewrap, in what a container is made of, behind filters and
// rules of others. In each place it must take the engine that works, and where a profile cannot be had name what stands in the way and
// what would help - the library, with its template, and the command, without one. Nothing may be left behind.

package tests

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// found is what a place should be found to be.
type found struct {
	engines string              // that work, the first is taken
	checks  map[string][]string // mechanisms that do not work: what is said of each
	refused map[string][]string // profiles that are refused: what is said. All others must run
	by      map[string]string   // which engine runs a profile, where it is not the first
}

const (
	masked     = "unmasked /proc"
	noMetadata = "FileReadMetadata of everything needs namespaces"
)

// expect goes to the place with everything.
func (p place) expect(f found) {
	GinkgoHelper()
	p.try()
	d := p.doctor()
	var engines []string
	for _, e := range d.Engines {
		engines = append(engines, e.Engine)
	}
	Expect(strings.Join(engines, " ")).To(Equal(f.engines))
	forLimits := []string{"cgroup v2", "hardware counter (PMU)"} // no profile here has a limit, and they are the machine's
	for _, c := range d.Checks {
		if slices.Contains(forLimits, c.Mechanism) {
			continue
		}
		words, bad := f.checks[c.Mechanism]
		Expect(c.OK).To(Equal(!bad), "%s: %s", c.Mechanism, c.Detail)
		for _, w := range words {
			Expect(c.Detail+" fix: "+c.Fix).To(ContainSubstring(w), c.Mechanism)
		}
	}
	names := slices.Sorted(maps.Keys(profiles))
	v := p.library(names...)
	Expect(v.Leaked).To(BeEmpty())
	for _, name := range names {
		outcomes := map[string]outcome{"the library": v.Outcomes[name]}
		if name == "system" || name == "everywhere" { // for the others the command asks what the library does
			outcomes["the command"] = p.run(name)
		}
		for by, o := range outcomes {
			what := fmt.Sprintf("%s with the profile %q: %+v", by, name, o)
			words, refused := f.refused[name]
			if refused {
				Expect(o.Type).To(BeElementOf("*gaol.UnsupportedError", "resolve"), what)
				for _, w := range words {
					Expect(o.Error).To(ContainSubstring(w), what)
				}
				continue
			}
			want, _, _ := strings.Cut(f.engines, " ")
			if f.by[name] != "" {
				want = f.by[name]
			}
			Expect(o.Type).To(BeEmpty(), what)
			Expect(o.Said).To(HavePrefix("ok"), what)
			Expect(o.Engine).To(Equal(want), what)
		}
	}
}

// bothEngines is what a place is found to be where nothing stands in the way.
func bothEngines() found {
	if landlockABI() == 0 {
		return found{engines: "namespace", checks: map[string][]string{"Landlock": nil}, refused: map[string][]string{"everywhere": {"needs Landlock"}, "private": {"needs Landlock"}}}
	}
	return found{engines: "namespace landlock"}
}

// rulesOnly is what a place is found to be where there are no namespaces, for that reason.
func rulesOnly(words ...string) found {
	needLandlock(2)
	return found{engines: "landlock", checks: map[string][]string{"namespaces": words, "/proc": words}, refused: map[string][]string{
		"files": append(words, "needs namespaces"), "system": append(words, "needs namespaces"), "private": append(words, "needs namespaces")}}
}

// maskedProc is what a place is found to be where no proc can be mounted.
func maskedProc() found {
	needLandlock(2)
	return found{engines: "namespace landlock", checks: map[string][]string{"/proc": {"proc-base /proc: operation not permitted", masked}},
		refused: map[string][]string{"system": {"needs a /proc of its own", masked, "beside the others"}, "private": {"needs a /proc of its own", masked}},
		by:      map[string]string{"everywhere": "landlock"}}
}

// neither is what a place is found to be where no engine works: that mechanism is missing.
func neither(mechanism string, words ...string) found {
	f := found{checks: map[string][]string{"namespaces": words, "/proc": words, "Landlock": words}, refused: map[string][]string{}}
	for name := range profiles {
		f.refused[name] = append(slices.Clone(words), "needs "+mechanism)
	}
	return f
}

var _ = Describe("gaol where it is not the first", func() {
	Describe("inside gaol", func() {
		BeforeEach(func() { needLandlock(2) }) // the outer one grants directories
		barred := neither("executable memfds", "memfd_create: operation not permitted", "gaol does not work inside gaol")
		It("says that it cannot be, by the namespace engine", func() {
			p := caged("--system", "--sysinfo", "--process", "--private", "/tmp")
			p.pids = true
			p.expect(barred)
		})
		It("says that it cannot be, by the namespace engine with all of the host's files", func() {
			p := caged("--system", "--sysinfo", "--process", "--metadata", "/", "--read", "/", "--exec", "/")
			p.pids = true
			p.expect(barred)
		})
		It("says that it cannot be, by the landlock engine", func() {
			needLandlock(6)
			p := unshared("", "echo 0 >/proc/sys/user/max_user_namespaces")
			cage := caged("--metadata", "/", "--process", "--best-effort", "system")
			p.then(cage.before...).expect(barred)
		})
	})

	Describe("inside bubblewrap", func() {
		It("uses namespaces, without a namespace of users", func() {
			if !root() {
				Skip("a bubblewrap without a user namespace is missing: it takes root")
			}
			wrapped().expect(bothEngines())
		})
		It("uses namespaces, with a namespace of users", func() { wrapped("--unshare-user").expect(bothEngines()) })
		It("uses namespaces, with all namespaces and a proc", func() {
			p := wrapped("--unshare-all", "--proc", "/proc")
			p.pids = true
			p.expect(bothEngines())
		})
		It("uses rules where user namespaces are disabled", func() {
			p := wrapped("--unshare-user", "--disable-userns")
			if p.missing == "" && !strings.Contains(saysOf("bwrap", "--help"), "--disable-userns") {
				p.missing = "bwrap --disable-userns"
			}
			p.expect(rulesOnly("create namespaces: no space left on device", "a higher limit of namespaces"))
		})
		It("says what is missing without a proc", func() {
			wrapped("--unshare-user", "--tmpfs", "/proc").expect(neither("a mount table", "mountinfo: no such file or directory", "a /proc that this process may read"))
		})
	})

	Describe("in what a container is made of", func() {
		It("does without a proc where the host's is masked", func() {
			unshared("", "mount -t tmpfs -o ro none /proc/fs && mount --bind /dev/null /proc/timer_list").expect(maskedProc())
		})
		It("does without a proc where its own pid namespace's is masked", func() {
			p := unshared("pf", "mount -t proc proc /proc && mount -t tmpfs -o ro none /proc/fs")
			p.pids = true
			p.expect(maskedProc())
		})
		It("uses rules where there may be no user namespaces", func() {
			unshared("", "echo 0 >/proc/sys/user/max_user_namespaces").expect(rulesOnly("create namespaces: no space left on device", "sysctl user.max_user_namespaces=10000"))
		})
		It("uses rules where there may be no mount namespaces", func() {
			unshared("", "echo 0 >/proc/sys/user/max_mnt_namespaces").expect(rulesOnly("create namespaces: no space left on device", "sysctl user.max_mnt_namespaces=10000"))
		})
		It("uses rules in a chroot", func() {
			dir := tempDir()
			p := unshared("", "mount --rbind / "+dir)
			p = p.then("chroot", dir)
			p.expect(rulesOnly("create namespaces: operation not permitted", "outside of a chroot"))
		})
		It("says what is missing in a chroot that no mount is", func() {
			dir := tempDir()
			script := "cd " + dir
			for _, top := range []string{"bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "tmp", "usr", "var"} {
				script += fmt.Sprintf(" && if [ -d /%[1]s ]; then mkdir -p %[1]s && mount --rbind /%[1]s %[1]s; fi", top)
			}
			p := unshared("", script).then("chroot", dir)
			p.expect(neither("a mount table", "it has no root", "mount --rbind DIR DIR"))
		})
		It("uses rules behind a filter like Docker's", func() {
			place{}.filtered("docker").expect(rulesOnly("create namespaces: operation not permitted", "a seccomp profile that allows clone with namespaces"))
		})
		It("uses rules behind a filter like Docker's and a masked proc", func() {
			p := unshared("", "mount -t tmpfs -o ro none /proc/fs").filtered("docker")
			p.expect(rulesOnly("create namespaces: operation not permitted", "a seccomp profile that allows clone with namespaces"))
		})
		It("says what is missing behind a filter like Docker's that forbids Landlock", func() {
			f := neither("namespaces", "create namespaces: operation not permitted", "a seccomp profile that allows clone with namespaces")
			f.checks["Landlock"] = []string{"landlock_create_ruleset: operation not permitted", "a seccomp profile that allows openat2"}
			place{}.filtered("docker+landlock-eperm").expect(f)
		})
		It("says what is missing behind a filter like Docker's that hides Landlock", func() {
			f := neither("namespaces", "create namespaces: operation not permitted", "a seccomp profile that allows clone with namespaces")
			f.checks["Landlock"] = []string{"this kernel has none, or a seccomp filter hides it", "landlock_create_ruleset"}
			place{}.filtered("docker+landlock-enosys").expect(f)
		})
	})

	Describe("behind a filter", func() {
		It("that forbids Landlock, uses namespaces alone", func() {
			needLandlock(2)
			for _, filter := range []string{"landlock-eperm", "landlock-enosys", "rules-eperm"} {
				place{}.filtered(filter).expect(found{engines: "namespace", checks: map[string][]string{"Landlock": {"landlock_add_rule"}},
					refused: map[string][]string{"everywhere": {"needs Landlock", "landlock_add_rule"}, "private": {"needs Landlock", "landlock_add_rule"}}})
			}
		})
		It("that lets user namespaces be made without what they give, uses rules", func() {
			place{}.filtered("mounts-eacces").expect(rulesOnly("permission denied", "a seccomp profile that allows clone with namespaces, mount"))
			place{}.filtered("mounts-eperm").expect(rulesOnly("operation not permitted", "a seccomp profile that allows clone with namespaces, mount"))
		})
		It("that does not know the newer calls for mounts, uses rules", func() {
			place{}.filtered("new-mounts").expect(rulesOnly("function not implemented", "a seccomp profile that allows"))
		})
		It("that does not know openat2, says so", func() {
			needLandlock(2)
			f := neither("namespaces", "function not implemented")
			f.checks["Landlock"] = []string{"function not implemented", "a seccomp profile that allows openat2"}
			place{}.filtered("openat2").expect(f)
		})
		It("that forbids an init in memory, says so", func() {
			place{}.filtered("memfd").expect(neither("executable memfds", "memfd_create: operation not permitted", "outside of a seccomp filter"))
			place{}.filtered("memfd-noexec").expect(neither("executable memfds", "memfd_create: permission denied", "sysctl vm.memfd_noexec=0 or 1"))
			place{}.filtered("pidfd").expect(neither("pidfds", "pidfd_open: function not implemented", "a seccomp profile that allows pidfd_open"))
		})
	})

	It("uses rules as a root who may not map itself, and names the capability", func() {
		needRoot()
		needLandlock(2)
		place{}.then("setpriv", "--bounding-set=-setfcap").expect(rulesOnly("id-map", "CAP_SETFCAP"))
	})

	Describe("inside rules of Landlock", func() {
		BeforeEach(func() { needLandlock(2) })
		It("adds its own, since they forbid mounts", func() {
			place{}.then(asHelper("stacked 12")...).expect(rulesOnly("operation not permitted", "outside of rules of Landlock"))
		})
		It("says so where no more can be added", func() {
			f := neither("namespaces", "operation not permitted", "outside of rules of Landlock")
			f.checks["Landlock"] = []string{"argument list too long", "16 can be stacked"}
			place{}.then(asHelper("stacked 0")...).expect(f)
		})
	})
})
